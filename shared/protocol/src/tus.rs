//! tus 1.0.0 headers, read and written the same way at both ends.
//!
//! In: header values. Out: numbers, metadata, checksums, dates.
//! Never: forgives a number with a sign, a space or a leading zero; two readings of one offset would lose bytes.

use base64::{Engine, prelude::BASE64_STANDARD};
use qayd_crypto::{Sha1Stream, Sha256Stream};
use qayd_model::UnixMs;
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem,
    macros::format_description,
};

/// The version, in `Tus-Resumable` and `Tus-Version`.
pub const VERSION: &str = "1.0.0";
/// Value of `Tus-Extension`.
pub const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
/// Value of `Tus-Checksum-Algorithm`.
pub const CHECKSUM_ALGORITHMS: &str = "sha256,sha1";
/// Media type of a `PATCH`, and of a `POST` that brings bytes along.
pub const OFFSET_MEDIA_TYPE: &str = "application/offset+octet-stream";
/// Status of a checksum that does not hold (tus 1.0.0, checksum extension).
pub const STATUS_CHECKSUM_MISMATCH: u16 = 460;
/// Header names.
#[allow(missing_docs, reason = "the names say it")]
pub mod header {
    pub const RESUMABLE: &str = "Tus-Resumable";
    pub const VERSION: &str = "Tus-Version";
    pub const EXTENSION: &str = "Tus-Extension";
    pub const MAX_SIZE: &str = "Tus-Max-Size";
    pub const CHECKSUM_ALGORITHM: &str = "Tus-Checksum-Algorithm";
    pub const LENGTH: &str = "Upload-Length";
    pub const OFFSET: &str = "Upload-Offset";
    pub const METADATA: &str = "Upload-Metadata";
    pub const CHECKSUM: &str = "Upload-Checksum";
    pub const EXPIRES: &str = "Upload-Expires";
    pub const DEFER_LENGTH: &str = "Upload-Defer-Length";
}
/// The most bytes of an `Upload-Metadata` header.
pub const METADATA_BYTES_MAX: usize = 4096;

/// Why a header was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TusError {
    /// Not a number in its one form, or above 2⁶³−1.
    #[error("not a number")]
    Number,
    /// Not pairs of a key and base64.
    #[error("not upload metadata")]
    Metadata,
    /// Not an algorithm that we know and a digest of its length.
    #[error("not a checksum that we know")]
    Checksum,
    /// Not a date in the form of RFC 9110.
    #[error("not a date")]
    Date,
    /// Not tus 1.0.0.
    #[error("another version of tus")]
    Version,
}

impl TusError {
    /// Stable code: `TUS-01` to `TUS-05`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number => "TUS-01",
            Self::Metadata => "TUS-02",
            Self::Checksum => "TUS-03",
            Self::Date => "TUS-04",
            Self::Version => "TUS-05",
        }
    }

    /// The HTTP status of the answer: 412 for another version, else 400.
    pub const fn status(self) -> u16 {
        match self {
            Self::Version => 412,
            _ => 400,
        }
    }
}

/// `Tus-Resumable` says 1.0.0.
///
/// # Errors
/// [`TusError::Version`].
pub fn check_version(value: Option<&str>) -> Result<(), TusError> {
    if value == Some(VERSION) {
        Ok(())
    } else {
        Err(TusError::Version)
    }
}

/// An offset or a length: decimal digits, no sign, no spaces, no leading zero, at most 2⁶³−1.
///
/// # Errors
/// [`TusError::Number`].
pub fn parse_number(text: &str) -> Result<u64, TusError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(TusError::Number);
    }
    text.parse::<i64>()
        .map_err(|_| TusError::Number)?
        .try_into()
        .map_err(|_| TusError::Number)
}

/// What a client says of an upload. Keys are unique; the order is the client's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(pub Vec<(String, Vec<u8>)>);

impl Metadata {
    /// Reads `Upload-Metadata`. An empty header is empty metadata: tuspy sends it.
    ///
    /// # Errors
    /// [`TusError::Metadata`].
    pub fn parse(header: &str) -> Result<Self, TusError> {
        if header.len() > METADATA_BYTES_MAX {
            return Err(TusError::Metadata);
        }
        let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
        if header.trim().is_empty() {
            return Ok(Self(pairs));
        }
        for pair in header.split(',') {
            // Clients differ in the space after the comma; tus 1.0.0 asks for none but forbids nothing.
            let pair = pair.trim_start();
            let (key, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
            let known = pairs.iter().any(|(held, _)| held == key);
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) || known {
                return Err(TusError::Metadata);
            }
            let value = BASE64_STANDARD
                .decode(encoded)
                .map_err(|_| TusError::Metadata)?;
            pairs.push((key.to_owned(), value));
        }
        Ok(Self(pairs))
    }

    /// Writes `Upload-Metadata`.
    pub fn format(&self) -> String {
        let pairs = self.0.iter().map(|(key, value)| match value.as_slice() {
            [] => key.clone(),
            value => format!("{key} {}", BASE64_STANDARD.encode(value)),
        });
        pairs.collect::<Vec<_>>().join(",")
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(held, _)| held == key)
            .map(|(_, value)| value.as_slice())
    }
}

/// What the bytes of one request have to hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// Of other clients. Against accidents, never against people.
    Sha1([u8; 20]),
    /// Ours.
    Sha256([u8; 32]),
}

impl Checksum {
    /// Reads `Upload-Checksum`: an algorithm, one space, base64.
    ///
    /// # Errors
    /// [`TusError::Checksum`]; the answer's status is 400.
    pub fn parse(header: &str) -> Result<Self, TusError> {
        let (algorithm, encoded) = header.split_once(' ').ok_or(TusError::Checksum)?;
        let digest = BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| TusError::Checksum)?;
        let checksum = match algorithm {
            "sha1" => digest.try_into().ok().map(Self::Sha1),
            "sha256" => digest.try_into().ok().map(Self::Sha256),
            _ => None,
        };
        checksum.ok_or(TusError::Checksum)
    }

    /// Writes `Upload-Checksum`.
    pub fn format(&self) -> String {
        match self {
            Self::Sha1(digest) => format!("sha1 {}", BASE64_STANDARD.encode(digest)),
            Self::Sha256(digest) => format!("sha256 {}", BASE64_STANDARD.encode(digest)),
        }
    }

    /// Begins to hash bytes that should come to this.
    pub fn hasher(self) -> ChecksumHasher {
        let state = match self {
            Self::Sha1(_) => HashState::Sha1(Sha1Stream::default()),
            Self::Sha256(_) => HashState::Sha256(Sha256Stream::default()),
        };
        ChecksumHasher {
            expected: self,
            state,
        }
    }
}

/// Hashes bytes as they pass.
pub struct ChecksumHasher {
    expected: Checksum,
    state: HashState,
}

enum HashState {
    Sha1(Sha1Stream),
    Sha256(Sha256Stream),
}

impl ChecksumHasher {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            HashState::Sha1(hash) => hash.update(bytes),
            HashState::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Whether the pieces came to what was expected; if not, the answer's status is [`STATUS_CHECKSUM_MISMATCH`] and none
    /// of the bytes is kept.
    pub fn holds(self) -> bool {
        let reached = match self.state {
            HashState::Sha1(hash) => Checksum::Sha1(hash.finish()),
            HashState::Sha256(hash) => Checksum::Sha256(hash.finish().0),
        };
        reached == self.expected
    }
}

/// IMF-fixdate of RFC 9110 §5.6.7.
const IMF_FIXDATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// Writes `Upload-Expires`, in whole seconds: `Sun, 22 Nov 2026 18:00:00 GMT`. Times after the year 9999 are cut to it.
pub fn format_date(time: UnixMs) -> String {
    const LAST_SECOND: i64 = 253_402_300_799;
    let seconds = i64::try_from(time.0 / 1000)
        .unwrap_or(LAST_SECOND)
        .min(LAST_SECOND);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(IMF_FIXDATE).ok())
        .unwrap_or_default()
}

/// Reads `Upload-Expires`.
///
/// # Errors
/// [`TusError::Date`]; also for dates before 1970.
pub fn parse_date(text: &str) -> Result<UnixMs, TusError> {
    let date = PrimitiveDateTime::parse(text, IMF_FIXDATE).map_err(|_| TusError::Date)?;
    let seconds = u64::try_from(date.assume_utc().unix_timestamp()).map_err(|_| TusError::Date)?;
    Ok(UnixMs(seconds * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for (text, number) in [("0", 0), ("7", 7), ("9223372036854775807", i64::MAX as u64)] {
            assert_eq!(parse_number(text), Ok(number));
        }
        for bad in [
            "",
            " 7",
            "7 ",
            "+7",
            "-7",
            "07",
            "00",
            "7.0",
            "0x7",
            "٧",
            "9223372036854775808",
            "1,7",
        ] {
            assert_eq!(parse_number(bad), Err(TusError::Number), "{bad:?}");
        }
    }

    #[test]
    fn metadata_reads_back_and_an_empty_header_is_no_error() {
        let metadata = Metadata(vec![
            ("packet".to_owned(), b"018f".to_vec()),
            ("is_confidential".to_owned(), Vec::new()),
        ]);
        assert_eq!(metadata.format(), "packet MDE4Zg==,is_confidential");
        assert_eq!(Metadata::parse(&metadata.format()), Ok(metadata.clone()));
        assert_eq!(
            Metadata::parse("packet MDE4Zg==, is_confidential "),
            Ok(metadata.clone())
        );
        assert_eq!(metadata.get("packet"), Some(&b"018f"[..]));
        assert_eq!(Metadata::parse(""), Ok(Metadata::default()));
        for bad in [
            ",",
            "a b",
            "a =",
            "a MDE4Zg==,a MDE4Zg==",
            "a MDE4Zg",
            " MDE4Zg==,",
            "ä",
        ] {
            assert_eq!(Metadata::parse(bad), Err(TusError::Metadata), "{bad:?}");
        }
        assert!(Metadata::parse(&"a".repeat(METADATA_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_checksum_holds_for_its_own_bytes_alone() {
        // tus 1.0.0, checksum extension: "hello world" as sha1.
        let sha1 = Checksum::parse("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap();
        let sha256 =
            Checksum::parse("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=").unwrap();
        for checksum in [sha1, sha256] {
            assert_eq!(Checksum::parse(&checksum.format()), Ok(checksum));
            for (pieces, holds) in [(["hello ", "world"], true), (["hello", "world"], false)] {
                let mut hasher = checksum.hasher();
                pieces
                    .iter()
                    .for_each(|piece| hasher.update(piece.as_bytes()));
                assert_eq!(hasher.holds(), holds);
            }
        }
        for bad in [
            "",
            "sha1",
            "sha1 ",
            "sha1 AAAA",
            "md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        ] {
            assert_eq!(Checksum::parse(bad), Err(TusError::Checksum), "{bad:?}");
        }
    }

    #[test]
    fn a_date_reads_back_to_the_second() {
        // RFC 9110 §5.6.7
        assert_eq!(
            parse_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Ok(UnixMs(784_111_777_000))
        );
        assert_eq!(
            format_date(UnixMs(784_111_777_999)),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert!(format_date(UnixMs(u64::MAX)).contains("9999"));
        for bad in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1894 08:49:37 GMT",
        ] {
            assert_eq!(parse_date(bad), Err(TusError::Date), "{bad:?}");
        }
    }

    #[test]
    fn another_version_is_answered_412() {
        assert_eq!(check_version(Some("1.0.0")), Ok(()));
        for bad in [None, Some("0.2.2"), Some("1.0.0 ")] {
            assert_eq!(check_version(bad).unwrap_err().status(), 412);
        }
    }
}
