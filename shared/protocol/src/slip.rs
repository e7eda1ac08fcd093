//! Slip: the code on the paper in the person's hand. It says which case the paper belongs to, and that this station said
//! so; whoever has the station's certificate checks it without a network.
//!
//! In: what was sealed, the station's key; the text that a reader of codes gives. Out: the text of the code;
//! [`SlipStatement`] once its signature held. Never: a name, a number of a document, anything about the person.
//!
//! The text is `QAYD:2:` and the signed bytes in capital hexadecimal digits: all of it is in the alphanumeric mode of a QR
//! code (ISO/IEC 18004), and a reader that types it needs no letter that a keyboard of another language lacks.

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, PublicKey, SigningKey};
use qayd_model::{EnrolmentId, Sha256Digest, StationId, UnixMs};

use crate::MessageError;
use crate::messages::{Message, SignedMessage, limit};
use crate::trust::{TrustError, Trusted, sign};

/// What the text begins with.
pub const PREFIX: &str = "QAYD:2:";
/// The longest text that is read.
const TEXT_BYTES_MAX: usize = 1_024;

/// What a slip says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SlipStatement {
    /// The station that gave it out.
    #[n(1)]
    pub station: StationId,
    /// The case.
    #[n(2)]
    pub enrolment: EnrolmentId,
    /// Which version of the case; 1 is the first.
    #[n(3)]
    pub version: u32,
    /// The station's running number of the case.
    #[n(4)]
    pub number: u64,
    /// SHA-256 of the signed manifest: what was sealed cannot be another later.
    #[n(5)]
    pub manifest_sha256: Sha256Digest,
    /// When it was sealed, by the station's clock.
    #[n(6)]
    pub made: UnixMs,
}

impl Message for SlipStatement {
    const NAME: &'static str = "slip";
    const LIMIT: usize = 256;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("version", self.version > 0)?;
        limit::<Self>("number", self.number > 0)
    }
}

impl SignedMessage for SlipStatement {
    const NAMESPACE: Namespace = Namespace::Slip;
}

/// Why a text is no slip of this programme.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlipError {
    /// Not the text of a slip's code.
    #[error("not the code of a slip")]
    Form,
    /// The signature does not hold, or it is another station's.
    #[error("a slip that this station did not sign")]
    Trust(#[from] TrustError),
}

impl SlipError {
    /// Stable code: `SLI-01`, `SLI-02`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "SLI-01",
            Self::Trust(_) => "SLI-02",
        }
    }
}

/// The text of the code, signed with the key of the station.
pub fn make(statement: &SlipStatement, key: &SigningKey) -> String {
    format!("{PREFIX}{}", hex::encode_upper(sign(statement, key)))
}

/// Whether a text that was scanned or typed means to be a slip's code.
pub fn looks_like_one(text: &str) -> bool {
    text.trim()
        .get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Reads the text of a code and checks it under the key of the station that it names.
///
/// # Errors
/// [`SlipError`].
pub fn verify(text: &str, station: StationId, key: &PublicKey) -> Result<SlipStatement, SlipError> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX || !looks_like_one(text) {
        return Err(SlipError::Form);
    }
    let bytes = hex::decode(&text[PREFIX.len()..]).map_err(|_| SlipError::Form)?;
    let statement = Trusted::<SlipStatement>::verify(&bytes, key)?.into_value();
    if statement.station != station {
        return Err(TrustError::OtherStation.into());
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> SlipStatement {
        SlipStatement {
            station: StationId::from_bytes([7; 16]),
            enrolment: EnrolmentId::from_bytes([8; 16]),
            version: 1,
            number: 14,
            manifest_sha256: Sha256Digest([9; 32]),
            made: UnixMs(1_764_000_000_000),
        }
    }

    #[test]
    fn a_slip_is_believed_by_whoever_has_the_key_of_its_station_and_by_nobody_else() {
        let key = SigningKey::make(&[1; 32]);
        let text = make(&statement(), &key);
        let station = statement().station;
        assert_eq!(verify(&text, station, &key.public()).unwrap(), statement());
        // A reader may type small letters and end with a line.
        let typed = format!("{}\n", text.to_lowercase());
        assert_eq!(verify(&typed, station, &key.public()).unwrap(), statement());
        let other = SigningKey::make(&[2; 32]).public();
        assert!(matches!(
            verify(&text, station, &other),
            Err(SlipError::Trust(_))
        ));
        let elsewhere = StationId::from_bytes([6; 16]);
        assert!(matches!(
            verify(&text, elsewhere, &key.public()),
            Err(SlipError::Trust(_))
        ));
    }

    #[test]
    fn a_slip_with_one_altered_digit_is_refused_wherever_the_digit_stands() {
        let key = SigningKey::make(&[1; 32]);
        let text = make(&statement(), &key);
        let station = statement().station;
        for at in PREFIX.len()..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(
                verify(&altered, station, &key.public()).is_err(),
                "digit {at}"
            );
        }
        for end in 0..text.len() {
            assert!(verify(&text[..end], station, &key.public()).is_err());
        }
        assert!(matches!(
            verify("QAYD:2:زهراء", station, &key.public()),
            Err(SlipError::Form)
        ));
    }

    #[test]
    fn the_code_is_small_enough_to_be_read_from_paper_and_names_nobody() {
        let text = make(&statement(), &SigningKey::make(&[1; 32]));
        // Version 13 of a QR code at level M holds 483 alphanumeric characters (ISO/IEC 18004:2015, table 7).
        assert!(text.len() <= 483, "{}", text.len());
        assert!(
            text.chars()
                .all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == ':')
        );
    }
}
