//! Settings: facts the station was told or keeps about itself, one row each.
//!
//! In: signed messages that `provisioning` or `inbox` have verified. Out: the typed fact.
//! Owns: table `setting`; the names of its rows.
//! Never: verifies; a fact is verified before it is put here, and the store is authenticated.

mod identity;

use minicbor::{Decode, Encode};
use qayd_crypto::cbor;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::store::StoreError;

pub use identity::StationIdentity;
pub(crate) use identity::{Centre, StationKeys};

/// The largest fact.
const SETTING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Names of rows.
pub(crate) mod name {
    /// The station's seeds: signing and receiving.
    pub const KEYS: &str = "keys";
    /// Its certificate, signed by the issuer.
    pub const CERTIFICATE: &str = "certificate";
    /// The programme's root key, from the invitation.
    pub const ROOT: &str = "root";
    /// The keyring, signed by the root.
    pub const KEYRING: &str = "keyring";
    /// The policy, signed by the centre.
    pub const POLICY: &str = "policy";
    /// Where the centre is and how its TLS certificate is checked.
    pub const CENTRE: &str = "centre";
    /// Boot counter and identity.
    pub const BOOT: &str = "boot";
    /// The latest time of any record.
    pub const LATEST: &str = "latest";
    /// The last signed time of the centre.
    pub const CENTRE_TIME: &str = "centre-time";
    /// Number and digest of the last audit entry.
    pub const AUDIT_HEAD: &str = "audit-head";
    /// Sequence and manifest digest of the last sealed packet.
    pub const SEAL_HEAD: &str = "seal-head";
    /// Minutes by which the civil date is ahead of UTC.
    pub const UTC_OFFSET: &str = "utc-offset";
    /// What a supervisor added to the policy's limits.
    pub const EXTENSION: &str = "extension";
    /// How long the station has been without the centre.
    pub const APART: &str = "apart";
    /// Why this station may no longer enrol.
    pub const REVOKED: &str = "revoked";
}

/// The bytes of a fact.
pub fn get(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Puts or replaces a fact.
pub fn put(tx: &Transaction<'_>, name: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute((name, value))?;
    Ok(())
}

/// A fact kept as CBOR.
///
/// # Errors
/// [`StoreError::Damaged`] when the row is not a `T`.
pub fn get_cbor<T>(connection: &Connection, name: &str) -> Result<Option<T>, StoreError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    let Some(bytes) = get(connection, name)? else {
        return Ok(None);
    };
    cbor::decode_strict(&bytes, SETTING_BYTES_MAX)
        .map(Some)
        .map_err(|_| StoreError::Damaged {
            table: "setting",
            what: "not of its type",
        })
}

/// Puts a fact as CBOR.
pub fn put_cbor<T: Encode<()>>(
    tx: &Transaction<'_>,
    name: &str,
    value: &T,
) -> Result<(), StoreError> {
    put(tx, name, &cbor::encode(value))
}
