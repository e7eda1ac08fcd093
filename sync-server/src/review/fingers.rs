//! Fingers: templates made here of the images, and the search over everyone.
//!
//! In: images of one person's fingers. Out: who else has them, with false-match rates.
//! Owns: table `finger_template`, and everyone's templates in memory while the review role runs.
//! Never: trusts a template or a quality that a station sent.

use std::collections::HashMap;

use qayd_fingerprint::{Gallery, GreyImage, SAME_FINGER, Template, extract, search};
use qayd_model::{EnrolmentId, FingerPosition, Ppi};
use rusqlite::{Connection, params};

use super::vault::{Vault, context};
use crate::store::RegisterError;

/// Most people one search names.
const PEOPLE_MAX: usize = 10;
/// A likeness that one pair of different people in 10,000 shows is never held for less, however few people there are.
const HOLD_SCORE_MIN: f64 = 400.0;
/// Held, when a search among this many people would give one false alarm in a hundred searches.
const HOLD_ALARMS: f64 = 200.0;
/// Shown, when it would give one false alarm in ten searches.
const SHOW_ALARMS: f64 = 100.0;

/// What an image of a finger gave.
pub struct Taken {
    /// Minutiae.
    pub template: Template,
    /// Quality 0 to 100, measured here.
    pub quality: u8,
}

/// Decodes and extracts one finger. `Err` is the code of what was wrong.
pub fn take(bytes: &[u8], ppi: Option<u16>) -> Result<Taken, &'static str> {
    let image = match GreyImage::decode(bytes, ppi.map(Ppi)) {
        Ok(image) => image,
        // The file does not say: plain finger scanners work at 500 ppi.
        Err(error) if ppi.is_none() => {
            GreyImage::decode(bytes, Some(Ppi(500))).map_err(|_| error.code())?
        }
        Err(error) => return Err(error.code()),
    };
    let extraction = extract(&image).map_err(|error| error.code())?;
    Ok(Taken {
        template: extraction.template,
        quality: extraction.quality.score.value,
    })
}

/// Somebody with the same fingers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// Who.
    pub enrolment: EnrolmentId,
    /// All fingers together, 100 × −log₁₀ of the false-match rate.
    pub fused: u16,
    /// Each finger that both have.
    pub fingers: Vec<(FingerPosition, u16)>,
    /// Enough to hold the case.
    pub holds: bool,
}

/// Everyone's templates.
#[derive(Default)]
pub struct Everyone {
    gallery: Gallery,
    keys: HashMap<EnrolmentId, u64>,
    enrolments: Vec<EnrolmentId>,
    loaded_to: u64,
}

impl Everyone {
    /// Loads what was indexed since the last call, by any process.
    pub fn refresh(&mut self, connection: &Connection, vault: &Vault) -> Result<(), RegisterError> {
        let mut statement = connection
            .prepare_cached("SELECT id, enrolment, position, template FROM finger_template WHERE id > ?1 ORDER BY id")?;
        let mut rows = statement.query([self.loaded_to])?;
        while let Some(row) = rows.next()? {
            let (id, enrolment, position): (u64, [u8; 16], u8) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let sealed: Vec<u8> = row.get(3)?;
            let enrolment = EnrolmentId::from_bytes(enrolment);
            let position = FingerPosition::from_code(position)
                .ok_or(RegisterError::Damaged("finger_template.position"))?;
            let bytes = vault.open_bytes(&place(enrolment, position), &sealed)?;
            let template = Template::from_bytes(&bytes)
                .map_err(|_| RegisterError::Damaged("finger_template.template"))?;
            let key = self.key(enrolment);
            self.gallery.insert(key, [(position, template)]);
            self.loaded_to = id;
        }
        Ok(())
    }

    /// Puts one person's fingers in the place of those of their earlier version.
    pub fn replace(&mut self, enrolment: EnrolmentId, fingers: &[(FingerPosition, Template)]) {
        let key = self.key(enrolment);
        self.gallery.remove(key);
        if !fingers.is_empty() {
            self.gallery.insert(key, fingers.iter().cloned());
        }
    }

    /// How many people.
    pub fn len(&self) -> usize {
        self.gallery.len()
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.gallery.is_empty()
    }

    /// Everybody else whose fingers may be these, the likeliest first.
    pub fn alike(
        &self,
        enrolment: EnrolmentId,
        fingers: &[(FingerPosition, Template)],
    ) -> Vec<Alike> {
        let own = self.keys.get(&enrolment);
        let others = (self.gallery.len()
            - usize::from(own.is_some_and(|key| self.gallery.contains(*key))))
        .max(1);
        let crowd = 100.0 * (others as f64).log10();
        search(&self.gallery, fingers, PEOPLE_MAX + 1)
            .into_iter()
            .filter(|candidate| own != Some(&candidate.key))
            .filter(|candidate| {
                f64::from(candidate.score.value())
                    >= (SHOW_ALARMS + crowd).max(f64::from(SAME_FINGER.value()))
            })
            .take(PEOPLE_MAX)
            .filter_map(|candidate| {
                let fused = candidate.score.value();
                Some(Alike {
                    enrolment: *self.enrolments.get(usize::try_from(candidate.key).ok()?)?,
                    fused,
                    fingers: candidate
                        .fingers
                        .iter()
                        .map(|(position, score)| (*position, score.value()))
                        .collect(),
                    holds: f64::from(fused) >= (HOLD_ALARMS + crowd).max(HOLD_SCORE_MIN),
                })
            })
            .collect()
    }

    fn key(&mut self, enrolment: EnrolmentId) -> u64 {
        let enrolments = &mut self.enrolments;
        *self.keys.entry(enrolment).or_insert_with(|| {
            enrolments.push(enrolment);
            enrolments.len() as u64 - 1
        })
    }
}

/// Stores one person's templates in the place of those of their earlier version.
pub fn put_in(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
    fingers: &[(FingerPosition, Template)],
) -> Result<(), RegisterError> {
    connection
        .prepare_cached("DELETE FROM finger_template WHERE enrolment = ?1")?
        .execute([enrolment.to_bytes()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO finger_template (enrolment, position, template) VALUES (?1, ?2, ?3)",
    )?;
    for (position, template) in fingers {
        let sealed = vault.seal_bytes(&place(enrolment, *position), &template.to_bytes());
        insert.execute(params![enrolment.to_bytes(), position.code(), sealed])?;
    }
    Ok(())
}

/// Words for a false-match rate: 1 in 10 to this power, rounded down, of which the console makes a sentence.
pub const fn one_in_ten_to(score: u16) -> u16 {
    score / 100
}

fn place(enrolment: EnrolmentId, position: FingerPosition) -> Vec<u8> {
    let mut row = enrolment.to_bytes().to_vec();
    row.push(position.code());
    context("finger_template", &row)
}
