//! Index of persons: who may be the same, found without reading everyone.
//!
//! In: the facts of one enrolment. Out: the enrolments that share a search key with it, with their facts.
//! Owns: tables `person_index`, `person_key`, `sample_key`. Never: holds two versions of one enrolment.

use qayd_model::{EnrolmentId, PacketId, SampleId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    demographic::{Facts, NameKey, skeleton},
    vault::{Vault, context},
};
use crate::store::RegisterError;

/// Candidates compared for one enrolment at most; a search key shared by more people than this tells little.
const CANDIDATES_MAX: usize = 500;

/// One enrolment that shares a search key.
pub struct Candidate {
    /// Which.
    pub enrolment: EnrolmentId,
    /// Its procedure pack.
    pub pack_id: String,
    /// Its facts.
    pub facts: Facts,
}

/// Every search key of one enrolment. Two enrolments are compared when they share one.
pub fn search_keys(vault: &Vault, facts: &Facts) -> Vec<[u8; 32]> {
    let mut keys = Vec::new();
    let mut add = |label: &str, parts: &[&str]| keys.push(vault.search_key(label, parts));
    let each = |name: &NameKey| -> Vec<String> {
        let mut all = name.arabic.clone();
        all.extend(name.latin.clone());
        all
    };
    // Names under every spelling, whole and by consonants, so that one wrong vowel does not hide a person.
    for given in each(&facts.given) {
        for father in each(&facts.father) {
            for grandfather in each(&facts.grandfather) {
                add("name", &[&given, &father, &grandfather]);
                add(
                    "consonants",
                    &[
                        &skeleton(&given),
                        &skeleton(&father),
                        &skeleton(&grandfather),
                    ],
                );
            }
            if let Some(birth) = facts.birth {
                add("name-year", &[&given, &father, &birth.year.to_string()]);
                add(
                    "consonants-year",
                    &[
                        &skeleton(&given),
                        &skeleton(&father),
                        &birth.year.to_string(),
                    ],
                );
            }
        }
    }
    for mother in each(&facts.mother) {
        for mother_father in each(&facts.mother_father) {
            if let Some(birth) = facts.birth {
                add(
                    "mother-year",
                    &[&mother, &mother_father, &birth.year.to_string()],
                );
            }
            if facts.newborn {
                add("mother", &[&mother, &mother_father]);
            }
        }
    }
    if let Some(number) = &facts.national_number {
        add("national-number", &[number]);
    }
    if let Some(number) = &facts.mother_national_number {
        add("mother-number", &[number]);
    }
    if let Some(delivery) = &facts.delivery {
        add("delivery", &[delivery]);
    }
    for document in &facts.documents {
        add("document", &[&document.document, &document.number]);
    }
    for given in each(&facts.given) {
        if let Some(register) = &facts.register {
            add("register", &[register, &skeleton(&given)]);
        }
        if let Some(family) = &facts.family_number {
            add("family", &[family, &skeleton(&given)]);
        }
        for member in &facts.family {
            if let Some(number) = &member.national_number {
                add("relative-number", &[number, &skeleton(&given)]);
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Puts one enrolment into the index in the place of its earlier version, if any. An older version than the one held
/// changes nothing; `false` says so.
pub fn put_in(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
    packet: PacketId,
    version: u32,
    pack_id: &str,
    facts: &Facts,
) -> Result<bool, RegisterError> {
    let held: Option<u32> = connection
        .prepare_cached("SELECT version FROM person_index WHERE enrolment = ?1")?
        .query_row([enrolment.to_bytes()], |row| row.get(0))
        .optional()?;
    if held.is_some_and(|held| held > version) {
        return Ok(false);
    }
    let sealed = vault.seal(&context("person_index", &enrolment.to_bytes()), facts);
    connection
        .prepare_cached(
            "INSERT INTO person_index (enrolment, packet, version, pack_id, facts) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (enrolment) DO UPDATE SET packet = ?2, version = ?3, pack_id = ?4, facts = ?5",
        )?
        .execute(params![enrolment.to_bytes(), packet.to_bytes(), version, pack_id, sealed])?;
    connection
        .prepare_cached("DELETE FROM person_key WHERE enrolment = ?1")?
        .execute([enrolment.to_bytes()])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO person_key (key, enrolment) VALUES (?1, ?2)")?;
    for key in search_keys(vault, facts) {
        insert.execute(params![key, enrolment.to_bytes()])?;
    }
    Ok(true)
}

/// Everyone else who shares a search key with `facts`.
pub fn candidates_in(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
    facts: &Facts,
) -> Result<Vec<Candidate>, RegisterError> {
    let mut by_key = connection.prepare_cached(
        "SELECT enrolment FROM person_key WHERE key = ?1 AND enrolment <> ?2 LIMIT ?3",
    )?;
    let mut found = Vec::new();
    for key in search_keys(vault, facts) {
        let mut rows = by_key.query(params![key, enrolment.to_bytes(), CANDIDATES_MAX as u64])?;
        while let Some(row) = rows.next()? {
            found.push(EnrolmentId::from_bytes(row.get(0)?));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(CANDIDATES_MAX);
    let mut candidates = Vec::with_capacity(found.len());
    for other in found {
        if let Some(candidate) = candidate_in(connection, vault, other)? {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// One enrolment of the index.
pub fn candidate_in(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
) -> Result<Option<Candidate>, RegisterError> {
    let row: Option<(String, Vec<u8>)> = connection
        .prepare_cached("SELECT pack_id, facts FROM person_index WHERE enrolment = ?1")?
        .query_row([enrolment.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((pack_id, sealed)) = row else {
        return Ok(None);
    };
    let facts = vault.open(&context("person_index", &enrolment.to_bytes()), &sealed)?;
    Ok(Some(Candidate {
        enrolment,
        pack_id,
        facts,
    }))
}

/// One sample seen before, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reuse {
    /// The enrolment that had it.
    pub enrolment: EnrolmentId,
    /// What it was there.
    pub kind: String,
}

/// Remembers a sample and tells who else had the very same bytes. `kind` is a label such as `finger-right_index`.
/// The same sample of an earlier version of the same enrolment is no reuse; the same bytes as two samples of one
/// packet are.
pub fn remember_sample_in(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
    packet: PacketId,
    sample: SampleId,
    kind: &str,
    digest_hex: &str,
) -> Result<Vec<Reuse>, RegisterError> {
    let key = vault.search_key("sample", &[digest_hex]);
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT enrolment, kind FROM sample_key
         WHERE key = ?1 AND (enrolment <> ?2 OR (packet = ?3 AND sample <> ?4)) LIMIT 20",
    )?;
    let reuses = statement
        .query_map(
            params![
                key,
                enrolment.to_bytes(),
                packet.to_bytes(),
                sample.to_bytes()
            ],
            |row| {
                Ok(Reuse {
                    enrolment: EnrolmentId::from_bytes(row.get(0)?),
                    kind: row.get(1)?,
                })
            },
        )?
        .collect::<Result<Vec<_>, _>>()?;
    connection
        .prepare_cached(
            "INSERT INTO sample_key (key, packet, sample, enrolment, kind) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![key, packet.to_bytes(), sample.to_bytes(), enrolment.to_bytes(), kind])?;
    Ok(reuses)
}
