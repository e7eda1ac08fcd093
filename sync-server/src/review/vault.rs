//! Vault: personal data of the review role inside the register.
//!
//! In: facts, names, templates. Out: sealed bytes, and search keys that say nothing without the index key.
//! Owns: the index key, derived of the opening keys; it exists only where packets can be opened.
//! Never: leaves a name, a number or a template readable in the register's file.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use qayd_crypto::{SecretKey, cbor, keyed_digest, open_at_rest, seal_at_rest};
use qayd_world::{Randomness, random_array};

use crate::{store::RegisterError, trust::OpeningKeyHolder};

/// No sealed value is longer, in bytes.
const VALUE_BYTES_MAX: usize = 256 * 1024;

/// Seals and opens the review role's personal data. Clones share the key.
#[derive(Clone)]
pub struct Vault {
    key: SecretKey,
    search: SecretKey,
    random: Arc<dyn Randomness>,
}

impl Vault {
    /// The vault of whoever holds the opening keys.
    pub fn of(holder: &dyn OpeningKeyHolder, random: Arc<dyn Randomness>) -> Self {
        Self {
            key: holder.derive_key("review-vault"),
            search: holder.derive_key("review-search"),
            random,
        }
    }

    /// Seals `value` for one place; `context` names table and row.
    pub fn seal<T: Encode<()>>(&self, context: &[u8], value: &T) -> Vec<u8> {
        seal_at_rest(
            &self.key,
            random_array(&*self.random),
            context,
            &cbor::encode(value),
        )
    }

    /// Opens what [`Vault::seal`] sealed for the same place.
    pub fn open<T>(&self, context: &[u8], bytes: &[u8]) -> Result<T, RegisterError>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        let plain = open_at_rest(&self.key, context, bytes)
            .map_err(|_| RegisterError::Damaged("a sealed value"))?;
        cbor::decode_strict(&plain, VALUE_BYTES_MAX)
            .map_err(|_| RegisterError::Damaged("a sealed value"))
    }

    /// Seals raw bytes for one place.
    pub fn seal_bytes(&self, context: &[u8], bytes: &[u8]) -> Vec<u8> {
        seal_at_rest(&self.key, random_array(&*self.random), context, bytes)
    }

    /// Opens what [`Vault::seal_bytes`] sealed for the same place.
    pub fn open_bytes(&self, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, RegisterError> {
        open_at_rest(&self.key, context, bytes)
            .map(|plain| plain.to_vec())
            .map_err(|_| RegisterError::Damaged("a sealed value"))
    }

    /// The search key of `parts` under `label`: equal exactly where label and parts are equal.
    pub fn search_key(&self, label: &str, parts: &[&str]) -> [u8; 32] {
        let mut bytes = label.as_bytes().to_vec();
        for part in parts {
            bytes.push(0);
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        keyed_digest(&self.search, &bytes).0
    }
}

/// The context of one row of one table.
pub fn context(table: &str, row: &[u8]) -> Vec<u8> {
    let mut bytes = table.as_bytes().to_vec();
    bytes.push(0);
    bytes.extend_from_slice(row);
    bytes
}
