//! Watch: did this person come to this station before?
//!
//! In: a finalised draft's [`Probe`]. Out: [`Suspicion`]s with reasons and scores, for the officer to look at.
//! Owns: tables `watch` and `watch_word`. Never: blocks; decides; knows anybody whom this station did not enrol;
//! keeps an image; remembers longer than policy's `watch_days`, and nothing at all when those are 0.
//!
//! ```text
//!   finalised ─► Probe ─► look ─► suspicions ─► officer goes on, or does not
//!                   └──── remember, in the seal's transaction ──► forgotten after watch_days
//! ```
//!
//! The centre searches everyone; this only saves the person the second queue. Nothing that is unknown ever equals
//! anything (other systems flag all records without a mother as duplicates of each other).

mod compare;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use qayd_crypto::cbor;
use qayd_fingerprint::{Gallery, SAME_FINGER_IN_SESSION, Template, search};
use qayd_model::pack::{Pack, Role};
use qayd_model::value::PartialDate;
use qayd_model::{EnrolmentId, FingerPosition, NamePart, PersonalBytes, UnixMs, Value};
use qayd_packet::{FieldEntry, SampleEntry};
use qayd_protocol::Policy;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use crate::audit::{AuditEvent, Subject};
use crate::capture::{CaptureLimits, FingerCapture};
use crate::station::Station;
use crate::store::StoreError;

pub use compare::{WatchReason, likeness};

const DAY_MS: u64 = 86_400_000;
/// One record: folded names and ten templates.
const RECORD_BYTES_MAX: usize = 256 * 1024;
/// Likeness of words and dates from which a suspicion is told, 0 to 100.
const LIKE_ENOUGH: u8 = 70;
/// At most so many suspicions; more help nobody at a queue.
const SUSPICIONS_MAX: usize = 5;

/// What two enrolments are compared by. Names are folded, fingers are templates.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Probe {
    /// Folded forms of the given name.
    #[n(1)]
    pub(super) given: Vec<String>,
    #[n(2)]
    pub(super) father: Vec<String>,
    #[n(3)]
    pub(super) grandfather: Vec<String>,
    #[n(4)]
    pub(super) mother: Vec<String>,
    #[n(5)]
    pub(super) birth: Option<PartialDate>,
    #[n(6)]
    pub(super) national_number: Option<String>,
    #[n(7)]
    fingers: Vec<FingerRecord>,
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct FingerRecord {
    #[n(1)]
    position: FingerPosition,
    #[n(2)]
    template: ByteVec,
}

impl core::fmt::Debug for Probe {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Probe({} fingers)", self.fingers.len())
    }
}

/// Somebody of this station who may be the same person. Advice, never a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suspicion {
    /// Whose enrolment.
    pub enrolment: EnrolmentId,
    /// When it was sealed here.
    pub made: UnixMs,
    /// What speaks for it.
    pub reasons: Vec<WatchReason>,
    /// How alike names, dates and numbers are, 0 to 100.
    pub likeness: u8,
    /// Fingers, fused: 100 × −log₁₀ of the rate at which two different persons score as high; `None` when no finger
    /// could be compared.
    pub fingers: Option<u16>,
}

impl Probe {
    /// What this person is compared by; nothing when the watch is off. `note` is what the capture kept with the draft:
    /// fingers it does not know are judged again from their pictures, and those that cannot be are left out.
    pub(crate) fn of(
        policy: &Policy,
        pack: &Pack,
        fields: &[FieldEntry],
        note: Option<&[u8]>,
        samples: &[(SampleEntry, Option<PersonalBytes>)],
    ) -> Self {
        if policy.watch_days == 0 {
            return Self::default();
        }
        let answers: BTreeMap<u32, &Value> = fields.iter().map(|f| (f.number, &f.value)).collect();
        let mut probe = Self::of_answers(pack, &answers);
        let limits = CaptureLimits::of(policy, pack.biometrics.fingers.as_ref());
        let entries: Vec<SampleEntry> = samples.iter().map(|(entry, _)| entry.clone()).collect();
        let Ok(capture) =
            FingerCapture::restored::<Infallible>(limits, Vec::new(), note, &entries, |id| {
                let held = samples.iter().find(|(entry, _)| entry.id == id);
                Ok(held.and_then(|(_, bytes)| bytes.clone()))
            });
        probe.fingers = capture
            .templates()
            .into_iter()
            .map(|(position, template)| FingerRecord {
                position,
                template: template.to_bytes().into(),
            })
            .collect();
        probe
    }

    fn of_answers(pack: &Pack, answers: &BTreeMap<u32, &Value>) -> Self {
        let answer = |role| {
            pack.field_with(role)
                .and_then(|field| answers.get(&field.number).copied())
        };
        let mut probe = Self::default();
        if let Some(Value::Name(name)) = answer(Role::HolderName) {
            probe.given = folded(name.given.as_ref());
            probe.father = folded(name.father.as_ref());
            probe.grandfather = folded(name.grandfather.as_ref());
        }
        if let Some(Value::Name(name)) = answer(Role::MotherName) {
            probe.mother = folded(name.given.as_ref());
        }
        if let Some(Value::Date(date)) = answer(Role::BirthDate) {
            probe.birth = Some(*date);
        }
        if let Some(Value::NationalNumber(number)) = answer(Role::NationalNumber) {
            probe.national_number = Some(number.expose().to_owned());
        }
        probe
    }

    fn templates(&self) -> Vec<(FingerPosition, Template)> {
        self.fingers
            .iter()
            .filter_map(|f| Some((f.position, Template::from_bytes(&f.template).ok()?)))
            .collect()
    }

    /// Words under which the record is found again.
    fn words(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self
            .given
            .iter()
            .chain(&self.national_number)
            .map(String::as_str)
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    fn says_nothing(&self) -> bool {
        self.given.is_empty() && self.national_number.is_none() && self.fingers.is_empty()
    }
}

fn folded(part: Option<&NamePart>) -> Vec<String> {
    part.map(NamePart::keys)
        .unwrap_or_default()
        .into_iter()
        .map(|key| key.expose().to_owned())
        .collect()
}

/// Who of this station's own recent enrolments may be the same person, the most suspicious first. Empty when the watch
/// is off. `enrolment` itself, in an earlier version, is left out.
///
/// # Errors
/// [`StoreError`].
pub fn look(
    station: &Station,
    enrolment: EnrolmentId,
    probe: &Probe,
) -> Result<Vec<Suspicion>, StoreError> {
    let days = u64::from(station.policy()?.watch_days);
    if days == 0 || probe.says_nothing() {
        return Ok(Vec::new());
    }
    let since = UnixMs(station.now()?.0.saturating_sub(days * DAY_MS));
    let records = station.store().read(|c| {
        let by_words = found_by_words(c, probe)?;
        let mut records = all_since(c, since)?;
        records.retain(|(id, _, record)| {
            *id != enrolment && (by_words.contains(id) || !record.fingers.is_empty())
        });
        Ok::<_, StoreError>(records)
    })?;
    let mut suspicions = compare_all(probe, &records);
    suspicions.sort_by_key(|s| {
        (
            core::cmp::Reverse((s.fingers.unwrap_or(0), s.likeness)),
            s.enrolment,
        )
    });
    suspicions.truncate(SUSPICIONS_MAX);
    if !suspicions.is_empty() {
        station.store().write(|tx| {
            let subjects = [
                Subject::Enrolment(enrolment),
                Subject::Count(suspicions.len() as u64),
            ];
            station
                .record(tx, None, AuditEvent::DuplicateWarned, &subjects)
                .map(|_| ())
        })?;
    }
    Ok(suspicions)
}

fn compare_all(probe: &Probe, records: &[(EnrolmentId, UnixMs, Probe)]) -> Vec<Suspicion> {
    let mut gallery = Gallery::new();
    for (key, (_, _, record)) in records.iter().enumerate() {
        if !record.fingers.is_empty() {
            gallery.insert(key as u64, record.templates());
        }
    }
    let templates = probe.templates();
    let found: BTreeMap<u64, u16> = search(&gallery, &templates, gallery.len())
        .into_iter()
        .map(|candidate| (candidate.key, candidate.score.value()))
        .collect();
    records
        .iter()
        .enumerate()
        .filter_map(|(key, (enrolment, made, record))| {
            let (likeness, mut reasons) = likeness(probe, record);
            // A search names the likeliest only; whoever is alike in words is compared all the same.
            let fingers = found.get(&(key as u64)).copied().or_else(|| {
                (likeness >= LIKE_ENOUGH)
                    .then(|| gallery.compare(key as u64, &templates))?
                    .map(|candidate| candidate.score.value())
            });
            let same_fingers = fingers.is_some_and(|score| score >= SAME_FINGER_IN_SESSION.value());
            if same_fingers {
                reasons.insert(0, WatchReason::Fingers);
            }
            (same_fingers || likeness >= LIKE_ENOUGH).then_some(Suspicion {
                enrolment: *enrolment,
                made: *made,
                reasons,
                likeness,
                fingers,
            })
        })
        .collect()
}

fn found_by_words(connection: &Connection, probe: &Probe) -> Result<Vec<EnrolmentId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT enrolment FROM watch_word WHERE word = ?1")?;
    let mut found = Vec::new();
    for word in probe.words() {
        let rows = statement.query_map([word], |row| Ok(EnrolmentId::from_bytes(row.get(0)?)))?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

fn all_since(
    connection: &Connection,
    since: UnixMs,
) -> Result<Vec<(EnrolmentId, UnixMs, Probe)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT enrolment, made, record FROM watch WHERE made >= ?1")?;
    let rows = statement.query_map([since.0], |row| {
        Ok((
            EnrolmentId::from_bytes(row.get(0)?),
            UnixMs(row.get(1)?),
            row.get::<_, Vec<u8>>(2)?,
        ))
    })?;
    rows.map(|row| {
        let (enrolment, made, record) = row?;
        let probe =
            cbor::decode_strict(&record, RECORD_BYTES_MAX).map_err(|_| StoreError::Damaged {
                table: "watch",
                what: "not a record",
            })?;
        Ok((enrolment, made, probe))
    })
    .collect()
}

/// Remembers an enrolment for the days of the policy, in the place of its earlier version. In the transaction that
/// seals it: whoever is sealed is remembered, whatever happens to the process a moment later.
///
/// # Errors
/// [`StoreError`]; the transaction is rolled back by the caller.
pub(crate) fn remember(
    station: &Station,
    tx: &Transaction<'_>,
    enrolment: EnrolmentId,
    probe: &Probe,
    at: UnixMs,
) -> Result<(), StoreError> {
    let days = station.policy_in(tx)?.watch_days;
    forget(tx, at, days)?;
    if days == 0 || probe.says_nothing() {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM watch WHERE enrolment = ?1",
        [enrolment.to_bytes()],
    )?;
    tx.execute(
        "INSERT INTO watch (enrolment, made, record) VALUES (?1, ?2, ?3)",
        params![enrolment.to_bytes(), at.0, cbor::encode(probe)],
    )?;
    for word in probe.words() {
        tx.execute(
            "INSERT INTO watch_word (word, enrolment) VALUES (?1, ?2)",
            params![word, enrolment.to_bytes()],
        )?;
    }
    Ok(())
}

/// How many enrolments the watch remembers.
///
/// # Errors
/// [`StoreError`].
pub fn count(station: &Station) -> Result<u64, StoreError> {
    station
        .store()
        .read(|c| Ok(c.query_row("SELECT count(*) FROM watch", [], |row| row.get(0))?))
}

/// Forgets what is older than policy allows; everything when the watch is off. Returns how many.
///
/// # Errors
/// [`StoreError`].
pub fn sweep(station: &Station) -> Result<usize, StoreError> {
    let days = station.policy()?.watch_days;
    station.store().write(|tx| {
        let now = station.clock().stamp(tx)?.recorded;
        forget(tx, now, days)
    })
}

fn forget(tx: &Transaction<'_>, now: UnixMs, days: u16) -> Result<usize, StoreError> {
    let before = match days {
        0 => u64::MAX >> 1,
        days => now.0.saturating_sub(u64::from(days) * DAY_MS),
    };
    Ok(tx.execute("DELETE FROM watch WHERE made < ?1", [before])?)
}
