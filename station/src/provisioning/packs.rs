//! Packs: what this station offers, as the centre signed it.
//!
//! In: signed bundles of a pack with its code tables. Out: [`KnownPack`], checked and shared.
//! Owns: table `pack`.
//! Never: replaces a version; an open draft goes on with the one it began with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use qayd_crypto::sha256;
use qayd_model::codes::CodeTables;
use qayd_model::pack::{Pack, PackProblem, PackSet};
use qayd_model::{Sha256Digest, UnixMs};
use qayd_protocol::trust::{PackBundle, Trusted};
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::store::StoreError;

/// One pack in one version, ready for use.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownPack {
    /// The schema.
    pub pack: Pack,
    /// The tables it refers to.
    pub codes: CodeTables,
    /// SHA-256 of the pack file's bytes; the manifest names it.
    pub digest: Sha256Digest,
}

impl KnownPack {
    /// Reads and checks what a bundle holds.
    ///
    /// # Errors
    /// Every problem of the pack or its tables.
    pub fn parse(bundle: &PackBundle) -> Result<Self, Vec<PackProblem>> {
        let pack_name = format!("{}.toml", bundle.id);
        let tables: Vec<(String, &str)> = bundle
            .tables
            .iter()
            .map(|t| (format!("codes/{}.toml", t.name), t.table.as_str()))
            .collect();
        let files = tables
            .iter()
            .map(|(name, text)| (name.as_str(), *text))
            .chain([(pack_name.as_str(), bundle.pack.as_str())]);
        let mut set = PackSet::load(files)?;
        let pack = set
            .packs
            .remove(&bundle.id)
            .filter(|pack| pack.version == bundle.version);
        let Some(pack) = pack else {
            return Err(Vec::new());
        };
        Ok(Self {
            pack,
            codes: set.codes,
            digest: sha256(bundle.pack.as_bytes()),
        })
    }
}

/// One line of the list of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackSummary {
    /// Its id.
    pub id: String,
    /// Its newest version here.
    pub version: u32,
    /// When that came.
    pub received: UnixMs,
}

/// The packs of one opened station. Parsed once, then shared.
#[derive(Default)]
pub struct Packs {
    parsed: Mutex<HashMap<(String, u32), Arc<KnownPack>>>,
}

impl Packs {
    /// The newest version of a pack; `None` when the station does not have it.
    pub fn newest(
        &self,
        connection: &Connection,
        id: &str,
    ) -> Result<Option<Arc<KnownPack>>, StoreError> {
        let version: Option<u32> =
            connection.query_row("SELECT max(version) FROM pack WHERE id = ?1", [id], |row| {
                row.get(0)
            })?;
        version.map_or(Ok(None), |version| self.of_version(connection, id, version))
    }

    /// One version of a pack.
    pub fn of_version(
        &self,
        connection: &Connection,
        id: &str,
        version: u32,
    ) -> Result<Option<Arc<KnownPack>>, StoreError> {
        let at = (id.to_owned(), version);
        if let Some(known) = self
            .parsed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&at)
        {
            return Ok(Some(known.clone()));
        }
        let signed: Option<Vec<u8>> = connection
            .query_row(
                "SELECT signed FROM pack WHERE id = ?1 AND version = ?2",
                (id, version),
                |row| row.get(0),
            )
            .optional()?;
        let Some(signed) = signed else {
            return Ok(None);
        };
        let damaged = |what| StoreError::Damaged {
            table: "pack",
            what,
        };
        // Verified before it was kept, under the keyring of that day; the store is authenticated since.
        let peeked = qayd_crypto::peek1(&signed).map_err(|_| damaged("not signed"))?;
        let bundle = <PackBundle as qayd_protocol::Message>::from_bytes(&peeked.payload)
            .map_err(|_| damaged("not a bundle"))?;
        let known = Arc::new(KnownPack::parse(&bundle).map_err(|_| damaged("not a pack"))?);
        self.parsed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(at, known.clone());
        Ok(Some(known))
    }
}

/// Keeps a bundle whose signature held; `false` when this version is here already.
///
/// # Errors
/// [`StoreError`]. The caller has parsed it with [`KnownPack::parse`] before.
pub fn keep(
    tx: &Transaction<'_>,
    bundle: &Trusted<PackBundle>,
    at: UnixMs,
) -> Result<bool, StoreError> {
    Ok(tx.execute(
        "INSERT INTO pack (id, version, signed, received) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        (&bundle.id, bundle.version, bundle.signed_bytes(), at.0),
    )? > 0)
}

/// The newest version of each pack.
pub fn list(connection: &Connection) -> Result<Vec<PackSummary>, StoreError> {
    let mut statement = connection
        .prepare("SELECT id, max(version), received FROM pack GROUP BY id ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(PackSummary {
            id: row.get(0)?,
            version: row.get(1)?,
            received: UnixMs(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
