//! Everything a programme publishes as data: packs, code tables, station kinds.
//!
//! In: names and texts of the files of `packs/`. Out: [`PackSet`], in which everything refers to something that exists.
//! Never: reads a folder; station and centre do, and give the texts.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Problems, Reader};
use super::{Node, Pack, PackFault, PackProblem, Words, check::check_file};
use crate::codes::{CodeTable, CodeTables, file_stem};

/// The version of the station-kinds file that this code reads.
pub const STATION_KINDS_FORMAT: i64 = 1;

/// Checked packs, tables and station kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackSet {
    /// By id.
    pub packs: BTreeMap<String, Pack>,
    /// By id.
    pub codes: CodeTables,
    /// By id.
    pub station_kinds: BTreeMap<String, StationKind>,
}

/// A kind of station, such as `camp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationKind {
    /// Snake-case.
    pub id: String,
    /// Its name.
    pub title: Words,
    /// Ids of the packs it offers, the usual one first.
    pub packs: Vec<String>,
    /// What stations of this kind start with.
    pub defaults: StationDefaults,
}

/// Settings a station of some kind starts with; each can be changed at the station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationDefaults {
    /// Language of the screens: `ar`, `ckb`, `en`.
    pub language: String,
    /// Offset of the civil date from UTC, in minutes.
    pub utc_offset_minutes: i16,
    /// Seconds without a touch after which the screen locks.
    pub lock_after_s: u32,
    /// Scan every paper, or only what the pack expects.
    pub scan_documents: bool,
}

impl PackSet {
    /// Loads all data files. A name is `<pack>.toml`, `codes/<table>.toml` or `station-kinds.toml`, with `/` between.
    /// Every problem of every file is reported; a set is given only when there is none.
    pub fn load<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<PackProblem>> {
        let files: Vec<_> = files.into_iter().collect();
        let mut set = Self::default();
        let mut all = Vec::new();
        let is_table = |name: &str| {
            name.strip_prefix("codes/")
                .is_some_and(|rest| !rest.contains('/') && rest.ends_with(".toml"))
        };
        for (name, text) in files.iter().filter(|(name, _)| is_table(name)) {
            match CodeTable::check(name, text) {
                Ok(table) => set.codes.insert(table),
                Err(problems) => all.extend(problems),
            }
        }
        // A table that could not be read must not show up again as unknown codes of every pack.
        let tables_fine = all.is_empty();
        for (name, text) in files
            .iter()
            .filter(|(name, _)| !is_table(name) && *name != KINDS_FILE)
        {
            if name.contains('/') || !name.ends_with(".toml") {
                all.push(PackProblem {
                    file: (*name).to_owned(),
                    line: 1,
                    path: String::new(),
                    fault: PackFault::UnknownFile,
                });
                continue;
            }
            match check_file(name, text, tables_fine.then_some(&set.codes)) {
                Ok(pack) => {
                    set.packs.insert(pack.id.clone(), pack);
                }
                Err(problems) => all.extend(problems),
            }
        }
        let named: BTreeSet<&str> = files.iter().map(|(name, _)| file_stem(name)).collect();
        for (name, text) in files.iter().filter(|(name, _)| *name == KINDS_FILE) {
            match station_kinds(name, text, &set.packs, &named) {
                Ok(kinds) => set.station_kinds = kinds,
                Err(problems) => all.extend(problems),
            }
        }
        // Without the kinds file there is nothing to compare with: a single pack can still be looked at.
        if !set.station_kinds.is_empty() {
            all.extend(set.packs.values().flat_map(|pack| set.unknown_kinds(pack)));
        }
        if all.is_empty() { Ok(set) } else { Err(all) }
    }

    /// The packs a station kind offers, in its order.
    pub fn offered(&self, station_kind: &str) -> Vec<&Pack> {
        let kind = self.station_kinds.get(station_kind);
        kind.into_iter()
            .flat_map(|kind| &kind.packs)
            .filter_map(|id| self.packs.get(id))
            .collect()
    }

    fn unknown_kinds(&self, pack: &Pack) -> Vec<PackProblem> {
        let unknown = pack
            .station_kinds
            .iter()
            .filter(|kind| !self.station_kinds.contains_key(*kind));
        unknown
            .map(|kind| PackProblem {
                file: format!("{}.toml", pack.id),
                line: 1,
                path: "station_kinds".to_owned(),
                fault: PackFault::UnknownStationKind { kind: kind.clone() },
            })
            .collect()
    }
}

const KINDS_FILE: &str = "station-kinds.toml";

fn station_kinds(
    name: &str,
    text: &str,
    packs: &BTreeMap<String, Pack>,
    named: &BTreeSet<&str>,
) -> Result<BTreeMap<String, StationKind>, Vec<PackProblem>> {
    let (node, problems) = Problems::parse(name, text)?;
    let kinds = read_kinds(&node, packs, named, &problems).unwrap_or_default();
    if problems.is_empty() {
        Ok(kinds)
    } else {
        Err(problems.into_list())
    }
}

fn read_kinds(
    node: &Node,
    packs: &BTreeMap<String, Pack>,
    named: &BTreeSet<&str>,
    problems: &Problems,
) -> Option<BTreeMap<String, StationKind>> {
    let top = Reader::new(node, "", problems)?;
    if top.integer("format", 1..=i64::MAX) != STATION_KINDS_FORMAT {
        top.problem(
            "format",
            PackFault::UnknownFormat {
                known: STATION_KINDS_FORMAT,
            },
        );
    }
    let mut kinds = BTreeMap::new();
    for table in top.tables("kind") {
        let id = table.id("id", '_');
        let kind = StationKind {
            id: id.clone(),
            title: table.words("title"),
            packs: table.texts("packs"),
            defaults: defaults(&table),
        };
        if kind.packs.is_empty() {
            table.problem("packs", PackFault::Empty);
        }
        for pack in &kind.packs {
            match packs.get(pack) {
                None if named.contains(pack.as_str()) => {} // it has problems of its own
                None => table.problem("packs", PackFault::UnknownPack { pack: pack.clone() }),
                Some(pack) if !pack.station_kinds.contains(&id) => {
                    table.problem("packs", PackFault::KindNotInPack { kind: id.clone() });
                }
                Some(_) => {}
            }
        }
        if kinds.insert(id.clone(), kind).is_some() {
            table.problem("id", PackFault::DuplicateId { id });
        }
    }
    if kinds.is_empty() {
        top.problem("kind", PackFault::Empty);
    }
    Some(kinds)
}

fn defaults(table: &Reader<'_>) -> StationDefaults {
    let Some(defaults) = table.child("defaults") else {
        return StationDefaults {
            language: String::new(),
            utc_offset_minutes: 0,
            lock_after_s: 60,
            scan_documents: true,
        };
    };
    let language = defaults.text("language");
    if !language.is_empty() && super::Language::from_code(&language).is_none() {
        defaults.problem(
            "language",
            PackFault::UnknownName {
                found: crate::fault::printable_key(&language),
            },
        );
    }
    StationDefaults {
        language,
        utc_offset_minutes: i16::try_from(defaults.integer("utc_offset_minutes", -840..=840))
            .unwrap_or(0),
        lock_after_s: u32::try_from(defaults.integer("lock_after_s", 10..=3600)).unwrap_or(60),
        scan_documents: defaults.flag("scan_documents").unwrap_or(true),
    }
}
