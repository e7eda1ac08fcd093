//! Strict deterministic CBOR (RFC 8949 §4.2.1), through `minicbor`.
//!
//! In: a value with derived `Encode`/`Decode`. Out: its one form as bytes, and back.
//! Never: accepts a second form of the same value. A decoded value is encoded again and compared, so that
//! unknown keys, duplicate keys, other orders, longer heads and trailing bytes are all refused by one rule.

use minicbor::{Decode, Encode};

/// The bytes are not the one form of a value of this type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// More bytes than this type may have.
    #[error("{length} bytes where at most {limit} are allowed")]
    TooLong {
        /// What came.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Not CBOR, or not of this type.
    #[error("not a value of the expected type")]
    Malformed(#[source] minicbor::decode::Error),
    /// A value of this type, in another form than the deterministic one, or with unknown or repeated keys.
    #[error(
        "not the deterministic form: unknown or repeated keys, another order or trailing bytes"
    )]
    NotCanonical,
}

/// The deterministic form of `value`.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    // A Vec never refuses bytes, and derived encoders have no error of their own.
    let done = minicbor::encode(value, &mut out);
    debug_assert!(done.is_ok());
    out
}

/// Reads the deterministic form of a `T` of at most `limit` bytes.
///
/// # Errors
/// [`CborError`]; nothing larger than the input is allocated before it is refused.
pub fn decode_strict<'b, T>(bytes: &'b [u8], limit: usize) -> Result<T, CborError>
where
    T: Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > limit {
        return Err(CborError::TooLong {
            length: bytes.len(),
            limit,
        });
    }
    let value: T = minicbor::decode(bytes).map_err(CborError::Malformed)?;
    if encode(&value) != bytes {
        return Err(CborError::NotCanonical);
    }
    Ok(value)
}

/// The length of the first CBOR item of `bytes`, for cutting a CBOR sequence (RFC 8742) into its items.
///
/// # Errors
/// [`CborError::Malformed`] when there is no whole item.
pub fn item_length(bytes: &[u8]) -> Result<usize, CborError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.skip().map_err(CborError::Malformed)?;
    Ok(decoder.position())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Pair {
        #[n(1)]
        a: u32,
        #[n(2)]
        b: Option<String>,
    }

    #[test]
    fn the_one_form_reads_back_and_every_other_form_is_refused() {
        let pair = Pair {
            a: 1,
            b: Some("x".into()),
        };
        let good = encode(&pair);
        assert_eq!(good, [0xa2, 1, 1, 2, 0x61, b'x']);
        assert_eq!(decode_strict::<Pair>(&good, 64).unwrap(), pair);

        let not_canonical: [&[u8]; 6] = [
            &[0xa2, 2, 0x61, b'x', 1, 1],       // other order
            &[0xa3, 1, 1, 2, 0x61, b'x', 3, 0], // unknown key
            &[0xa3, 1, 1, 1, 1, 2, 0x61, b'x'], // repeated key
            &[0xa2, 1, 0x18, 1, 2, 0x61, b'x'], // longer head
            &[0xbf, 1, 1, 2, 0x61, b'x', 0xff], // indefinite length
            &[0xa2, 1, 1, 2, 0x61, b'x', 0],    // trailing byte
        ];
        for bytes in not_canonical {
            assert!(
                matches!(
                    decode_strict::<Pair>(bytes, 64),
                    Err(CborError::NotCanonical)
                ),
                "{bytes:x?}"
            );
        }
        for cut in 0..good.len() {
            assert!(decode_strict::<Pair>(&good[..cut], 64).is_err());
        }
        assert!(matches!(
            decode_strict::<Pair>(&good, 5),
            Err(CborError::TooLong { .. })
        ));
        assert!(matches!(
            decode_strict::<Pair>(&[0xa1, 1, 0x61, b'x'], 64),
            Err(CborError::Malformed(_))
        ));
    }
}
