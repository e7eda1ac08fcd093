//! Packs: the procedures of the programme, checked, signed, and handed to stations.
//!
//! In: a folder of TOML files. Out: signed bundles, and the checked set they make. Owns: the folder `trust/packs/`.
//! Never: signs a pack that does not pass the checker; forgets an old version (packets sealed under it still come).

use std::{collections::BTreeMap, path::Path};

use qayd_crypto::{PublicKey, SigningKey};
use qayd_model::{Sha256Digest, pack::PackSet};
use qayd_protocol::trust::{CodeTableFile, PackBundle, Trusted, sign};
use qayd_world::World;

use super::{Layout, TrustError, keys};

/// Station kinds are data beside the packs; they stay at the centre.
const STATION_KINDS: &str = "station-kinds.toml";

/// The packs of a programme.
#[derive(Debug, Clone, Default)]
pub struct Packs {
    set: PackSet,
    newest: BTreeMap<String, (u32, Vec<u8>)>,
    known: BTreeMap<(String, u32), Sha256Digest>,
}

impl Packs {
    /// The newest version of each, checked, with code tables and station kinds.
    pub fn set(&self) -> &PackSet {
        &self.set
    }

    /// The signed bundles of these packs' newest versions; ids without a pack are left out.
    pub fn bundles(&self, ids: &[String]) -> Vec<Vec<u8>> {
        ids.iter()
            .filter_map(|id| self.newest.get(id))
            .map(|(_, signed)| signed.clone())
            .collect()
    }

    /// Whether this version of a pack was published with this digest.
    pub fn published(&self, id: &str, version: u32, digest: Sha256Digest) -> bool {
        self.known.get(&(id.to_owned(), version)) == Some(&digest)
    }

    /// Reads what was published, under the centre's key.
    pub(super) fn read(
        world: &World,
        layout: &Layout,
        centre: &PublicKey,
    ) -> Result<Self, TrustError> {
        let mut packs = Self::default();
        let mut newest: BTreeMap<String, Trusted<PackBundle>> = BTreeMap::new();
        for path in world.files.list(&layout.packs())? {
            if path.extension().is_none_or(|extension| extension != "cose") {
                continue;
            }
            let bytes = world.files.read(&path, 4 << 20)?;
            let bundle = Trusted::<PackBundle>::verify(&bytes, centre)
                .map_err(|_| TrustError::Damaged("a signed pack"))?;
            packs.known.insert(
                (bundle.id.clone(), bundle.version),
                qayd_crypto::sha256(bundle.pack.as_bytes()),
            );
            let older = newest
                .get(&bundle.id)
                .is_some_and(|other| other.version > bundle.version);
            if !older {
                newest.insert(bundle.id.clone(), bundle);
            }
        }
        let kinds = keys::read_text(world, &layout.packs().join(STATION_KINDS), STATION_KINDS)?;
        let mut files = BTreeMap::from([(STATION_KINDS.to_owned(), kinds)]);
        for bundle in newest.values() {
            files.insert(format!("{}.toml", bundle.id), bundle.pack.clone());
            for table in &bundle.tables {
                files.insert(format!("codes/{}.toml", table.name), table.table.clone());
            }
        }
        packs.set = PackSet::load(
            files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        )
        .map_err(|_| TrustError::Damaged("the signed packs"))?;
        for (id, bundle) in newest {
            packs
                .newest
                .insert(id, (bundle.version, bundle.signed_bytes().to_vec()));
        }
        Ok(packs)
    }
}

/// Checks a folder of packs and publishes each, signed by the centre. Returns id and version of each.
pub(super) fn publish(
    world: &World,
    layout: &Layout,
    folder: &Path,
    centre: &SigningKey,
) -> Result<Vec<(String, u32)>, TrustError> {
    let files = read_folder(world, folder)?;
    let set = PackSet::load(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    )
    .map_err(|problems| TrustError::Pack {
        name: folder.display().to_string(),
        reason: problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    })?;
    let mut tables: Vec<CodeTableFile> = files
        .iter()
        .filter_map(|(name, text)| {
            let name = name.strip_prefix("codes/")?.strip_suffix(".toml")?;
            Some(CodeTableFile {
                name: name.to_owned(),
                table: text.clone(),
            })
        })
        .collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    world.files.create_dir(&layout.packs())?;
    let mut published = Vec::new();
    for (id, pack) in &set.packs {
        let text = files
            .get(&format!("{id}.toml"))
            .ok_or(TrustError::Damaged("the packs folder"))?;
        let bundle = PackBundle {
            id: id.clone(),
            version: pack.version,
            pack: text.clone(),
            tables: tables.clone(),
        };
        let path = layout.packs().join(format!("{id}-{}.cose", pack.version));
        world.files.write_durably(&path, &sign(&bundle, centre))?;
        published.push((id.clone(), pack.version));
    }
    let kinds = files
        .get(STATION_KINDS)
        .ok_or(TrustError::Missing("station-kinds.toml"))?;
    world
        .files
        .write_durably(&layout.packs().join(STATION_KINDS), kinds.as_bytes())?;
    Ok(published)
}

fn read_folder(world: &World, folder: &Path) -> Result<BTreeMap<String, String>, TrustError> {
    let mut files = BTreeMap::new();
    for (dir, prefix) in [(folder.to_owned(), ""), (folder.join("codes"), "codes/")] {
        for path in world.files.list(&dir)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if name.ends_with(".toml") {
                let text = keys::read_text(world, &path, "a pack file")?;
                files.insert(format!("{prefix}{name}"), text);
            }
        }
    }
    Ok(files)
}
