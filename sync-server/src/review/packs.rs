//! Packs: what the programme published, as far as this centre holds it.
//!
//! In: the signed bundles in `trust/packs/`. Out: packs by id, version and digest; words of codes.
//! Never: uses a bundle the centre key did not sign, or a pack that does not pass its own checks.

use std::{collections::BTreeMap, sync::Arc};

use qayd_model::{
    Sha256Digest,
    codes::CodeTables,
    pack::{Language, Pack, PackSet},
};
use qayd_protocol::TrustChain;

use super::ReviewError;
use crate::centre::Centre;

/// No bundle's file is longer, in bytes.
const BUNDLE_BYTES_MAX: u64 = 4 << 20;

/// One published pack.
pub struct Published {
    /// The pack.
    pub pack: Pack,
    /// The tables it names.
    pub codes: CodeTables,
    /// SHA-256 of the pack file, which manifests name.
    pub digest: Sha256Digest,
}

/// Every pack the centre holds. Clones share them.
#[derive(Clone, Default)]
pub struct Packs {
    by_version: Arc<BTreeMap<(String, u32), Published>>,
    codes: Arc<CodeTables>,
}

impl Packs {
    /// Reads and verifies every bundle of the centre's folder.
    pub fn load(centre: &Centre, chain: &TrustChain) -> Result<Self, ReviewError> {
        let folder = crate::trust::Layout::new(centre.folder()).packs();
        let files = &centre.world().files;
        let mut bundles = Vec::new();
        for path in files.list(&folder)? {
            if path.extension().is_some_and(|end| end == "cose") {
                bundles.push(files.read(&path, BUNDLE_BYTES_MAX)?);
            }
        }
        Self::of_bundles(chain, bundles.iter().map(Vec::as_slice))
    }

    /// The packs of these signed bundles.
    pub fn of_bundles<'b>(
        chain: &TrustChain,
        bundles: impl IntoIterator<Item = &'b [u8]>,
    ) -> Result<Self, ReviewError> {
        let (mut by_version, mut all_codes) = (BTreeMap::new(), CodeTables::default());
        for bytes in bundles {
            let bundle = chain.pack(bytes)?;
            let digest = qayd_crypto::sha256(bundle.pack.as_bytes());
            let names: Vec<(String, &str)> = bundle
                .tables
                .iter()
                .map(|table| (format!("codes/{}.toml", table.name), table.table.as_str()))
                .chain([(format!("{}.toml", bundle.id), bundle.pack.as_str())])
                .collect();
            let set = PackSet::load(names.iter().map(|(name, text)| (name.as_str(), *text)))
                .map_err(|_| ReviewError::BadPack(bundle.id.clone()))?;
            for table in set.codes.iter() {
                all_codes.insert(table.clone());
            }
            for (id, pack) in set.packs {
                by_version.insert(
                    (id, pack.version),
                    Published {
                        pack,
                        codes: set.codes.clone(),
                        digest,
                    },
                );
            }
        }
        Ok(Self {
            by_version: Arc::new(by_version),
            codes: Arc::new(all_codes),
        })
    }

    /// One version of a pack.
    pub fn get(&self, id: &str, version: u32) -> Option<&Published> {
        self.by_version.get(&(id.to_owned(), version))
    }

    /// The newest version of a pack.
    pub fn latest(&self, id: &str) -> Option<&Pack> {
        self.by_version
            .range((id.to_owned(), 0)..=(id.to_owned(), u32::MAX))
            .next_back()
            .map(|(_, published)| &published.pack)
    }

    /// Tables of all packs together, the newest of each.
    pub fn codes(&self) -> &CodeTables {
        &self.codes
    }

    /// The words of a code.
    pub fn label<'a>(&'a self, table: &str, code: &'a str, language: Language) -> &'a str {
        self.codes.label(table, code, language)
    }

    /// Whether a code is a reason of a table.
    pub fn is_reason(&self, table: &str, code: &str) -> bool {
        self.codes.has(table, code)
    }

    /// The codes of a table, in its order.
    pub fn codes_of(&self, table: &str) -> Vec<&str> {
        self.codes
            .table(table)
            .map(|table| {
                table
                    .entries
                    .iter()
                    .map(|entry| entry.code.as_str())
                    .collect()
            })
            .unwrap_or_default()
    }
}
