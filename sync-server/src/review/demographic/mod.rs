//! Demographic comparison: do two enrolments tell of one person, and why.
//!
//! In: the folded facts of two enrolments. Out: a score from 0 to 100 and the reasons that make it up, each with its
//! points, so that a reviewer can follow the sum.
//! Never: lets an unknown equal an unknown; decides anything: a person does.
//!
//! Points are weights in the manner of Fellegi and Sunter, rounded to what a reviewer can add up. Agreement on what
//! families share (register page, household papers, father and grandfather) weighs little, because brothers agree on
//! it; disagreement on the given name or on the birth date takes points away.

mod dates;
mod folded;
mod names;
#[cfg(test)]
mod tests;

use dates::{Dates, dates, day_number};

pub use folded::{DocumentKey, Facts, MemberKey};
pub use names::{Agreement, NameKey, skeleton};

/// From this score on an enrolment is held as a possible duplicate.
pub const HOLD_SCORE: u8 = 60;
/// From this score on a resemblance is shown to the reviewer.
pub const SHOW_SCORE: u8 = 40;
/// Days between two births of one mother below which the second is suspect.
const BIRTH_SPACING_DAYS: u32 = 270;

/// Papers that a household shares: their number does not tell brothers apart.
const HOUSEHOLD_PAPERS: [&str; 10] = [
    "ration_card",
    "residence_card",
    "marriage_contract",
    "mukhtar_letter",
    "title_deed",
    "rental_contract",
    "transfer_letter",
    "power_of_attorney",
    "guardianship_order",
    "police_report",
];

/// Why two enrolments resemble each other, or do not. The code names the sentence in the catalogues (`reason-…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ReasonKind {
    NationalNumberSame,
    NationalNumberDiffers,
    FullNameSame,
    FullNameSimilar,
    GivenAndFatherSame,
    GivenDiffers,
    FatherDiffers,
    GrandfatherDiffers,
    LaqabSame,
    BirthDateSame,
    BirthDateOverlaps,
    BirthDateNear,
    BirthDateDiffers,
    SexDiffers,
    MotherSame,
    MotherDiffers,
    RegisterSame,
    PersonalDocumentSame,
    HouseholdDocumentSame,
    FamilyNumberSame,
    RelativesSame,
    DeliverySame,
    BirthsTooClose,
}

impl ReasonKind {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::NationalNumberSame,
        Self::NationalNumberDiffers,
        Self::FullNameSame,
        Self::FullNameSimilar,
        Self::GivenAndFatherSame,
        Self::GivenDiffers,
        Self::FatherDiffers,
        Self::GrandfatherDiffers,
        Self::LaqabSame,
        Self::BirthDateSame,
        Self::BirthDateOverlaps,
        Self::BirthDateNear,
        Self::BirthDateDiffers,
        Self::SexDiffers,
        Self::MotherSame,
        Self::MotherDiffers,
        Self::RegisterSame,
        Self::PersonalDocumentSame,
        Self::HouseholdDocumentSame,
        Self::FamilyNumberSame,
        Self::RelativesSame,
        Self::DeliverySame,
        Self::BirthsTooClose,
    ];

    /// The stable code, such as `national_number_same`.
    pub fn code(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// One reason with its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// Which.
    pub kind: ReasonKind,
    /// Added to the score; negative where it speaks against.
    pub points: i16,
}

/// The outcome of one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// 0 to 100: the sum of the points, cut at both ends.
    pub score: u8,
    /// In the order in which a reviewer reads them.
    pub reasons: Vec<Reason>,
}

/// Compares two enrolments.
pub fn compare(a: &Facts, b: &Facts) -> Comparison {
    let mut reasons = Vec::new();
    let mut add = |kind, points| reasons.push(Reason { kind, points });
    numbers(a, b, &mut add);
    if a.newborn && b.newborn {
        births(a, b, &mut add);
    } else {
        names_and_dates(a, b, &mut add);
    }
    household(a, b, &mut add);
    let sum: i32 = reasons.iter().map(|r| i32::from(r.points)).sum();
    Comparison {
        score: sum.clamp(0, 100) as u8,
        reasons,
    }
}

fn numbers(a: &Facts, b: &Facts, add: &mut impl FnMut(ReasonKind, i16)) {
    match (&a.national_number, &b.national_number) {
        (Some(x), Some(y)) if x == y => add(ReasonKind::NationalNumberSame, 90),
        (Some(_), Some(_)) => add(ReasonKind::NationalNumberDiffers, -40),
        _ => {}
    }
    let shared = |household: bool| {
        a.documents.iter().any(|d| {
            b.documents.contains(d) && HOUSEHOLD_PAPERS.contains(&d.document.as_str()) == household
        })
    };
    // The papers of a birth notification are the parents', and their next child has them too.
    if shared(false) && !a.newborn {
        add(ReasonKind::PersonalDocumentSame, 60);
    }
    if shared(true) {
        add(ReasonKind::HouseholdDocumentSame, 5);
    }
}

fn names_and_dates(a: &Facts, b: &Facts, add: &mut impl FnMut(ReasonKind, i16)) {
    use Agreement::{Different, Same, Similar, Unknown};
    let (given, father, grandfather) = (
        a.given.compare(&b.given),
        a.father.compare(&b.father),
        a.grandfather.compare(&b.grandfather),
    );
    match (given, father, grandfather) {
        (Same, Same, Same) => add(ReasonKind::FullNameSame, 40),
        (Same | Similar, Same | Similar, Same | Similar) => add(ReasonKind::FullNameSimilar, 30),
        (Same | Similar, Same | Similar, Unknown) => add(ReasonKind::GivenAndFatherSame, 20),
        _ => {
            if given == Different {
                add(ReasonKind::GivenDiffers, -45);
            }
            if father == Different {
                add(ReasonKind::FatherDiffers, -25);
            }
            if grandfather == Different {
                add(ReasonKind::GrandfatherDiffers, -15);
            }
        }
    }
    if given != Different && a.laqab.compare(&b.laqab) == Same {
        add(ReasonKind::LaqabSame, 5);
    }
    match dates(a.birth, b.birth) {
        Dates::Same => add(ReasonKind::BirthDateSame, 35),
        Dates::Overlap => add(ReasonKind::BirthDateOverlaps, 12),
        Dates::Near => add(ReasonKind::BirthDateNear, 8),
        Dates::Differ => add(ReasonKind::BirthDateDiffers, -40),
        Dates::Unknown => {}
    }
    if let (Some(x), Some(y)) = (&a.sex, &b.sex)
        && x != y
    {
        add(ReasonKind::SexDiffers, -30);
    }
    match (
        a.mother.compare(&b.mother),
        a.mother_father.compare(&b.mother_father),
    ) {
        (Same, Same) => add(ReasonKind::MotherSame, 25),
        (Same | Similar, Same | Similar) => add(ReasonKind::MotherSame, 18),
        (Same, Unknown) => add(ReasonKind::MotherSame, 15),
        (Different, _) => add(ReasonKind::MotherDiffers, -20),
        _ => {}
    }
}

/// Two birth notifications (the rule is after OpenCRVS): the same delivery; the same mother within 270 days where
/// neither is a multiple birth; similar child and mother within five days; the same child within three years.
fn births(a: &Facts, b: &Facts, add: &mut impl FnMut(ReasonKind, i16)) {
    use Agreement::{Different, Same, Similar};
    let mother_number = matches!((&a.mother_national_number, &b.mother_national_number), (Some(x), Some(y)) if x == y);
    let mother_name = (
        a.mother.compare(&b.mother),
        a.mother_father.compare(&b.mother_father),
    );
    let mother = mother_number || matches!(mother_name, (Same | Similar, Same | Similar));
    let child = a.given.compare(&b.given);
    let multiple = a.multiple || b.multiple;
    if matches!((&a.delivery, &b.delivery), (Some(x), Some(y)) if x == y)
        && !(multiple && child == Different)
    {
        add(ReasonKind::DeliverySame, 70);
    }
    if mother {
        add(ReasonKind::MotherSame, if mother_number { 40 } else { 30 });
    } else if mother_name.0 == Different {
        add(ReasonKind::MotherDiffers, -40);
    }
    match (child, a.father.compare(&b.father)) {
        (Same, Same) => add(ReasonKind::FullNameSame, 25),
        (Same | Similar, Same | Similar) => add(ReasonKind::GivenAndFatherSame, 15),
        (Different, _) => add(ReasonKind::GivenDiffers, if multiple { -45 } else { -10 }),
        _ => {}
    }
    let apart = match (a.birth.and_then(day_number), b.birth.and_then(day_number)) {
        (Some(x), Some(y)) => Some(x.abs_diff(y)),
        _ => None,
    };
    match apart {
        Some(0..=5) => add(ReasonKind::BirthDateSame, 25),
        Some(days) if days < BIRTH_SPACING_DAYS && mother && !multiple => {
            add(ReasonKind::BirthsTooClose, 30)
        }
        Some(days) if days > 3 * 365 => add(ReasonKind::BirthDateDiffers, -40),
        Some(_) => {}
        None => match dates(a.birth, b.birth) {
            Dates::Overlap | Dates::Same => add(ReasonKind::BirthDateOverlaps, 12),
            Dates::Differ => add(ReasonKind::BirthDateDiffers, -40),
            _ => {}
        },
    }
    if let (Some(x), Some(y)) = (&a.sex, &b.sex)
        && x != y
    {
        add(ReasonKind::SexDiffers, -30);
    }
}

fn household(a: &Facts, b: &Facts, add: &mut impl FnMut(ReasonKind, i16)) {
    let both =
        |x: &Option<String>, y: &Option<String>| matches!((x, y), (Some(x), Some(y)) if x == y);
    if both(&a.register, &b.register) {
        add(ReasonKind::RegisterSame, 10);
    }
    if both(&a.family_number, &b.family_number) {
        add(ReasonKind::FamilyNumberSame, 8);
    }
    let relatives = a
        .family
        .iter()
        .filter(|x| b.family.iter().any(|y| same_relative(x, y)))
        .count();
    if relatives > 0 {
        add(
            ReasonKind::RelativesSame,
            if relatives == 1 { 8 } else { 12 },
        );
    }
}

fn same_relative(a: &MemberKey, b: &MemberKey) -> bool {
    if let (Some(x), Some(y)) = (&a.national_number, &b.national_number) {
        return x == y;
    }
    a.relation == b.relation
        && a.given.compare(&b.given) == Agreement::Same
        && dates(a.birth, b.birth) != Dates::Differ
}
