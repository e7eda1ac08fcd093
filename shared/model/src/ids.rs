//! Typed identifiers: one registry of everything in Qayd that has an identity.
//!
//! In: a time and ten random bytes, as arguments. Out: a UUIDv7 (RFC 9562 §5.7) of one kind.
//! Never: reads a clock or a random source; an id of one kind never passes for another.

use core::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not a UUID in its 36-character form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an identifier: 36 characters of a UUID are expected")]
pub struct InvalidId;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a fresh id from milliseconds since the Unix epoch and ten random bytes.
            /// Ids made later sort later, as far as the clock was right.
            pub fn make(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }

            /// The id whose 16 bytes these are, in network order.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes in network order.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if text.len() != 36 {
                    return Err(InvalidId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(self.0.as_bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let bytes = d.bytes()?;
                Uuid::from_slice(bytes)
                    .map(Self)
                    .map_err(|_| minicbor::decode::Error::message("an id has 16 bytes"))
            }
        }
    )*};
}

typed_ids! {
    /// One enrolment of one person for one procedure; the same through all its versions.
    EnrolmentId;
    /// One sealed version of one enrolment.
    PacketId;
    /// One provisioned station.
    StationId;
    /// A person who works at a station: officer, clerk, supervisor, technician.
    OperatorId;
    /// A person who works at the centre: reviewer, senior reviewer, custodian, auditor.
    StaffId;
    /// One chosen sample or scanned page inside an enrolment.
    SampleId;
    /// One transfer of one packet's bytes (a tus upload resource).
    UploadId;
    /// One invitation to provision a station.
    InvitationId;
    /// One person as the centre knows them, after duplicates were joined.
    PersonId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_reads_back_and_anything_else_is_refused() {
        let id = PacketId::make(1_700_000_000_000, [7; 10]);
        assert_eq!(id.to_string().parse::<PacketId>(), Ok(id));
        for bad in [
            "",
            "x",
            &id.to_string()[1..],
            &id.to_string().replace('-', ""),
        ] {
            assert_eq!(bad.parse::<PacketId>(), Err(InvalidId));
        }
    }

    #[test]
    fn later_ids_sort_later() {
        assert!(PacketId::make(1, [255; 10]) < PacketId::make(2, [0; 10]));
    }
}
