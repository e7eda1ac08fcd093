//! Cells: what a person said or gave, sealed under the draft's own key before it reaches SQLite.
//!
//! In: a draft's key, which row it is. Out: sealed bytes, and back.
//! Never: opens in another row or another draft than it was sealed for.

use minicbor::{Decode, Encode};
use qayd_crypto::{SecretKey, Zeroizing, cbor, open_at_rest, seal_at_rest};
use qayd_model::EnrolmentId;
use qayd_world::{Randomness, random_array};
use rusqlite::{Connection, OptionalExtension};

use crate::store::StoreError;

/// The largest cell: one image, with room.
const CELL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which row a cell stands in. It is part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Field(u32),
    SampleEntry(&'a [u8; 16]),
    SampleBytes(&'a [u8; 16]),
    Exception(u8),
    Note(&'a str),
}

impl Place<'_> {
    fn context(self, enrolment: EnrolmentId) -> Vec<u8> {
        let mut out = b"qayd-draft-v1:".to_vec();
        out.extend_from_slice(&enrolment.to_bytes());
        match self {
            Self::Field(number) => {
                out.push(b'f');
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::SampleEntry(sample) => {
                out.push(b'e');
                out.extend_from_slice(sample);
            }
            Self::SampleBytes(sample) => {
                out.push(b'b');
                out.extend_from_slice(sample);
            }
            Self::Exception(position) => out.extend_from_slice(&[b'x', position]),
            Self::Note(name) => {
                out.push(b'n');
                out.extend_from_slice(name.as_bytes());
            }
        }
        out
    }
}

/// The key of one draft.
pub(super) struct DraftKey {
    enrolment: EnrolmentId,
    key: SecretKey,
}

impl DraftKey {
    pub fn make(enrolment: EnrolmentId, random: &dyn Randomness) -> Self {
        Self {
            enrolment,
            key: SecretKey::from_bytes(random_array(random)),
        }
    }

    /// The key of a draft; `None` when there is no such draft, or it was erased.
    pub fn load(
        connection: &Connection,
        enrolment: EnrolmentId,
    ) -> Result<Option<Self>, StoreError> {
        let key: Option<[u8; 32]> = connection
            .prepare_cached("SELECT key FROM draft_key WHERE enrolment = ?1")?
            .query_row([enrolment.to_bytes()], |row| row.get(0))
            .optional()?;
        Ok(key.map(|bytes| Self {
            enrolment,
            key: SecretKey::from_bytes(bytes),
        }))
    }

    pub fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        connection.execute(
            "INSERT INTO draft_key (enrolment, key) VALUES (?1, ?2)",
            (self.enrolment.to_bytes(), self.key.expose().as_slice()),
        )?;
        Ok(())
    }

    pub fn seal(&self, random: &dyn Randomness, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        seal_at_rest(
            &self.key,
            random_array(random),
            &place.context(self.enrolment),
            plain,
        )
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        open_at_rest(&self.key, &place.context(self.enrolment), sealed).map_err(|_| {
            StoreError::Damaged {
                table: "draft",
                what: "a cell does not open",
            }
        })
    }

    pub fn seal_value<T: Encode<()>>(
        &self,
        random: &dyn Randomness,
        place: Place<'_>,
        value: &T,
    ) -> Vec<u8> {
        self.seal(random, place, &Zeroizing::new(cbor::encode(value)))
    }

    pub fn open_value<T>(&self, place: Place<'_>, sealed: &[u8]) -> Result<T, StoreError>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        cbor::decode_strict(&self.open(place, sealed)?, CELL_BYTES_MAX).map_err(|_| {
            StoreError::Damaged {
                table: "draft",
                what: "a cell is not of its type",
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use qayd_world::testing::SeededRandom;

    use super::*;

    #[test]
    fn a_cell_opens_in_its_own_row_of_its_own_draft_only() {
        let random = SeededRandom::new(1);
        let one = DraftKey::make(EnrolmentId::from_bytes([1; 16]), &random);
        let sealed = one.seal(&random, Place::Field(7), b"Zahra");
        assert_eq!(*one.open(Place::Field(7), &sealed).unwrap(), b"Zahra");
        assert!(one.open(Place::Field(8), &sealed).is_err());
        assert!(one.open(Place::Exception(7), &sealed).is_err());
        let moved = DraftKey {
            enrolment: EnrolmentId::from_bytes([2; 16]),
            key: one.key.clone(),
        };
        assert!(moved.open(Place::Field(7), &sealed).is_err());
    }
}
