//! Slip: what the paper in the person's hand says, whole, in the person's language.
//!
//! In: a pack with its words, the answers. Out: [`Slip`]: title, labelled lines, what to do with it.
//! Never: shows a sensitive answer, or a number the pack masks; leaves out a line because a language lacks it (a pack is
//! refused that lacks words).

use minicbor::{Decode, Encode};
use qayd_crypto::sha256;
use qayd_model::pack::{FieldKind, Language, Role};
use qayd_model::{Answers, EnrolmentId, PersonalText, Value};
use qayd_protocol::slip::{self, SlipError, SlipStatement};

use super::record;
use crate::provisioning::KnownPack;
use crate::station::Station;
use crate::store::StoreError;

/// Characters of a masked value that stay readable.
const MASK_LEAVES: usize = 3;

/// What the paper in the person's hand says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Slip {
    /// The station's running number of the enrolment; the same in all its versions.
    #[n(1)]
    pub number: u64,
    /// Fields of the pack's slip, in its order, masked where it says so.
    #[n(2)]
    pub lines: Vec<SlipLine>,
    /// `ar`, `ckb` or `en`: the language of everything here.
    #[n(3)]
    pub language: String,
    /// What it is a slip of.
    #[n(4)]
    pub title: String,
    /// What the person does with it.
    #[n(5)]
    pub footer: Option<String>,
}

/// One line of a slip.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SlipLine {
    /// Field id of the pack.
    #[n(1)]
    pub field: String,
    /// What is printed.
    #[n(2)]
    pub text: PersonalText,
    /// What stands before it.
    #[n(3)]
    pub label: String,
}

/// The text of the code on the slip of an enrolment that was sealed here, signed by the station; `None` where there is
/// no such enrolment.
///
/// # Errors
/// [`StoreError`].
pub fn slip_code(station: &Station, enrolment: EnrolmentId) -> Result<Option<String>, StoreError> {
    let found = station.store().read(|c| {
        let Some(latest) = record::latest(c, enrolment)? else {
            return Ok(None);
        };
        let manifest = record::manifest(c, latest.packet)?;
        Ok::<_, StoreError>(manifest.map(|manifest| (latest, manifest)))
    })?;
    Ok(found.map(|(latest, manifest)| {
        let statement = SlipStatement {
            station: station.identity().station,
            enrolment,
            version: latest.version,
            number: latest.number,
            manifest_sha256: sha256(&manifest),
            made: latest.sealed,
        };
        slip::make(&statement, station.signing_key())
    }))
}

/// Checks the text of a slip's code that was given out here; no network is needed.
///
/// # Errors
/// [`SlipError`].
pub fn verify_slip(station: &Station, text: &str) -> Result<SlipStatement, SlipError> {
    slip::verify(
        text,
        station.identity().station,
        &station.signing_key().public(),
    )
}

/// The language of somebody's slip: the one they prefer, else the one in which they were told what is done with their
/// answers, else Arabic. Only a language in which every pack has its words.
fn language_of(pack: &KnownPack, answers: &Answers) -> Language {
    let preferred = match pack.pack.answer(Role::PreferredLanguage, answers) {
        Some(Value::Code(code)) => Language::from_code(code),
        _ => None,
    };
    let told = || match pack.pack.answer(Role::Consent, answers) {
        Some(Value::Consent(consent)) => Language::from_code(&consent.language),
        _ => None,
    };
    preferred.or_else(told).unwrap_or(Language::Arabic)
}

/// The slip of these answers, without its number.
pub(super) fn slip_of(pack: &KnownPack, answers: &Answers) -> Slip {
    let language = language_of(pack, answers);
    let words = &pack.pack.slip;
    Slip {
        number: 0,
        lines: lines(pack, answers, language),
        language: language.code().to_owned(),
        title: words.title.in_language(language).to_owned(),
        footer: words
            .footer
            .as_ref()
            .map(|footer| footer.in_language(language).to_owned()),
    }
}

fn lines(pack: &KnownPack, answers: &Answers, language: Language) -> Vec<SlipLine> {
    pack.pack
        .slip
        .fields
        .iter()
        .filter_map(|id| {
            let field = pack.pack.field(id).filter(|field| !field.sensitive)?;
            let value = answers.answered(field.number)?;
            if matches!(
                field.kind,
                FieldKind::Evidence | FieldKind::Attestors | FieldKind::Family { .. }
            ) {
                return None;
            }
            let text = value.one_line(field, language, &pack.codes);
            let text = if field.masked_on_slip {
                masked(&text)
            } else {
                text
            };
            Some(SlipLine {
                field: id.clone(),
                text,
                label: field.label.in_language(language).to_owned(),
            })
        })
        .collect()
}

/// All but the last characters as dots. A short text shows nothing.
fn masked(text: &PersonalText) -> PersonalText {
    let count = text.expose().chars().count();
    let shown = if count > 2 * MASK_LEAVES {
        MASK_LEAVES
    } else {
        0
    };
    let out: String = text
        .expose()
        .chars()
        .enumerate()
        .map(|(index, c)| if index + shown >= count { c } else { '•' })
        .collect();
    PersonalText::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_three_characters_of_a_long_text_and_none_of_a_short_one() {
        assert_eq!(masked(&"199012345678".into()).expose(), "•••••••••678");
        assert_eq!(masked(&"12345".into()).expose(), "•••••");
    }
}
