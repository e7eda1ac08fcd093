//! Demographic comparison: do two enrolments tell of one person, and why.
//!
//! In: the folded facts of two enrolments. Out: a score from 0 to 100 and the reasons that make it up, each with its
//! points, so that a reviewer can follow the sum.
//! Never: lets an unknown equal an unknown; decides anything: a person does.
//!
//! Points are weights in the manner of Fellegi and Sunter, rounded to what a reviewer can add up. Agreement on what
//! families share (register page, household papers, father and grandfather) weighs little, because brothers agree on
//! it; disagreement on the given name or on the birth date takes points away.

use minicbor::{Decode, Encode};
use qayd_model::PartialDate;

/// From this score on an enrolment is held as a possible duplicate.
pub const HOLD_SCORE: u8 = 60;
/// From this score on a resemblance is shown to the reviewer.
pub const SHOW_SCORE: u8 = 40;
/// Days between two births of one mother below which the second is suspect (FIELD.md §2.3).
const BIRTH_SPACING_DAYS: u32 = 270;

/// One part of a name, folded for comparison: every spelling known for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NameKey {
    /// Folded Arabic and Sorani spellings, without repetition.
    #[n(1)]
    pub arabic: Vec<String>,
    /// Folded Latin spelling.
    #[n(2)]
    pub latin: Option<String>,
}

/// How two parts of a name compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// One spelling is the same.
    Same,
    /// One letter or the long vowels differ.
    Similar,
    /// Both known, and different.
    Different,
    /// At least one is not known. It says nothing.
    Unknown,
}

impl NameKey {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.arabic.is_empty() && self.latin.is_none()
    }

    /// Compares two parts; Latin counts only where one side has no Arabic spelling.
    pub fn compare(&self, other: &Self) -> Agreement {
        if !self.arabic.is_empty() && !other.arabic.is_empty() {
            return best(
                self.arabic
                    .iter()
                    .flat_map(|a| other.arabic.iter().map(move |b| spelling(a, b))),
            );
        }
        match (&self.latin, &other.latin) {
            (Some(a), Some(b)) => spelling(a, b),
            _ => Agreement::Unknown,
        }
    }

    /// The spelling that blocking keys are made of, if any: the first Arabic one, else Latin.
    pub fn key(&self) -> Option<&str> {
        self.arabic
            .first()
            .or(self.latin.as_ref())
            .map(String::as_str)
    }
}

fn best(agreements: impl Iterator<Item = Agreement>) -> Agreement {
    let mut found = Agreement::Different;
    for agreement in agreements {
        match agreement {
            Agreement::Same => return Agreement::Same,
            Agreement::Similar => found = Agreement::Similar,
            _ => {}
        }
    }
    found
}

fn spelling(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Same;
    }
    let (skeleton_a, skeleton_b) = (skeleton(a), skeleton(b));
    if skeleton_a.chars().count() >= 3 && skeleton_a == skeleton_b {
        return Agreement::Similar;
    }
    if a.chars().count().min(b.chars().count()) >= 4 && within_one_edit(a, b) {
        Agreement::Similar
    } else {
        Agreement::Different
    }
}

/// The consonants of a folded name: long vowels and short Latin vowels vary most between spellings.
pub fn skeleton(folded: &str) -> String {
    folded
        .chars()
        .filter(|c| {
            !matches!(
                c,
                'ا' | 'و' | 'ي' | 'ه' | 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | ' ' | '\'' | '-'
            )
        })
        .collect()
}

/// Whether one letter added, dropped, replaced or swapped with its neighbour turns `a` into `b`.
fn within_one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same_start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    if same_start == 0 {
        return false; // Ahmad and Muhammad are one letter apart, and two people.
    }
    let (a, b) = (&a[same_start..], &b[same_start..]);
    match (a, b) {
        ([], _) | (_, []) => true,
        ([x0, x1, xs @ ..], [y0, y1, ys @ ..]) if x0 == y1 && x1 == y0 && xs == ys => true,
        _ => a[1..] == b[1..] || a[1..] == *b || *a == b[1..],
    }
}

/// What is compared of one enrolment. Text is folded; nothing here is shown to anybody.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Facts {
    /// The person's given name.
    #[n(1)]
    pub given: NameKey,
    /// The father's.
    #[n(2)]
    pub father: NameKey,
    /// The paternal grandfather's.
    #[n(3)]
    pub grandfather: NameKey,
    /// Surname or tribe.
    #[n(4)]
    pub laqab: NameKey,
    /// The mother's given name.
    #[n(5)]
    pub mother: NameKey,
    /// The mother's father.
    #[n(6)]
    pub mother_father: NameKey,
    /// Birth date of the person.
    #[n(7)]
    pub birth: Option<PartialDate>,
    /// Code of the sex.
    #[n(8)]
    pub sex: Option<String>,
    /// Twelve digits.
    #[n(9)]
    pub national_number: Option<String>,
    /// Register entry, in one line.
    #[n(10)]
    pub register: Option<String>,
    /// Numbers of papers.
    #[n(11)]
    pub documents: Vec<DocumentKey>,
    /// Family number.
    #[n(12)]
    pub family_number: Option<String>,
    /// Relatives named.
    #[n(13)]
    pub family: Vec<MemberKey>,
    /// Whether a newborn is meant (birth notification).
    #[n(14)]
    pub newborn: bool,
    /// National number of the mother, for newborns.
    #[n(15)]
    pub mother_national_number: Option<String>,
    /// Facility and its own delivery number, for newborns.
    #[n(16)]
    pub delivery: Option<String>,
    /// One of several children of one birth.
    #[n(17)]
    pub multiple: bool,
}

impl core::fmt::Debug for Facts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Facts(…)")
    }
}

/// The number of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DocumentKey {
    /// Code of the table `documents`.
    #[n(1)]
    pub document: String,
    /// Folded number.
    #[n(2)]
    pub number: String,
}

/// One relative.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberKey {
    /// Code of the relation.
    #[n(1)]
    pub relation: String,
    /// Given name.
    #[n(2)]
    pub given: NameKey,
    /// Birth date.
    #[n(3)]
    pub birth: Option<PartialDate>,
    /// National number.
    #[n(4)]
    pub national_number: Option<String>,
}

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

/// Two birth notifications (FIELD.md §2.3, after OpenCRVS): the same delivery; the same mother within 270 days where
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dates {
    /// Known to the day, and the same day.
    Same,
    /// Not contradicting each other, at least one not known to the day.
    Overlap,
    /// Not the same, but as far apart as a guess may be, or with day and month exchanged.
    Near,
    Differ,
    Unknown,
}

fn dates(a: Option<PartialDate>, b: Option<PartialDate>) -> Dates {
    let (Some(a), Some(b)) = (a, b) else {
        return Dates::Unknown;
    };
    let part = |x: Option<u8>, y: Option<u8>| match (x, y) {
        (Some(x), Some(y)) => Some(x == y),
        _ => None,
    };
    if a.year == b.year {
        match (part(a.month, b.month), part(a.day, b.day)) {
            (Some(true), Some(true)) => {
                return if a.estimated || b.estimated {
                    Dates::Overlap
                } else {
                    Dates::Same
                };
            }
            (Some(true) | None, None) | (None, Some(_)) => return Dates::Overlap,
            _ => {}
        }
        let exchanged =
            a.month.is_some() && a.day.is_some() && a.month == b.day && a.day == b.month;
        if exchanged {
            return Dates::Near;
        }
    }
    // Ages told as a guess are rarely off by more than two years (FIELD.md §2.1: precision "estimated").
    if (a.estimated || b.estimated) && a.year.abs_diff(b.year) <= 2 {
        Dates::Near
    } else {
        Dates::Differ
    }
}

/// Days since year 0 of a date known to the day, in the proleptic Gregorian calendar.
fn day_number(date: PartialDate) -> Option<u32> {
    let month = time::Month::try_from(date.month?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(date.year), month, date.day?).ok()?;
    u32::try_from(date.to_julian_day()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NameKey {
        NameKey {
            arabic: vec![text.to_owned()],
            latin: None,
        }
    }

    fn day(year: u16, month: u8, day: u8) -> Option<PartialDate> {
        Some(PartialDate {
            year,
            month: Some(month),
            day: Some(day),
            estimated: false,
        })
    }

    fn year(year: u16) -> Option<PartialDate> {
        Some(PartialDate {
            year,
            month: None,
            day: None,
            estimated: false,
        })
    }

    fn person() -> Facts {
        Facts {
            given: name("زينب"),
            father: name("كاظم"),
            grandfather: name("عبدالحسين"),
            mother: name("فاطمه"),
            mother_father: name("جاسم"),
            birth: day(1990, 5, 17),
            sex: Some("female".into()),
            ..Facts::default()
        }
    }

    #[test]
    fn the_same_person_is_held() {
        let found = compare(&person(), &person());
        assert!(found.score >= HOLD_SCORE, "{found:?}");
        let vague = Facts {
            birth: year(1990),
            ..person()
        };
        assert!(compare(&person(), &vague).score >= HOLD_SCORE);
        let misspelt = Facts {
            given: name("زينه"),
            father: name("كاضم"),
            ..person()
        };
        assert!(
            compare(&person(), &misspelt).score >= HOLD_SCORE,
            "{:?}",
            compare(&person(), &misspelt)
        );
    }

    #[test]
    fn brothers_sisters_and_twins_are_not_held() {
        let sister = Facts {
            given: name("مريم"),
            birth: day(1992, 1, 3),
            ..person()
        };
        let twin = Facts {
            given: name("مريم"),
            ..person()
        };
        let family = Facts {
            register: Some("1|2|3".into()),
            family_number: Some("F1".into()),
            documents: vec![DocumentKey {
                document: "ration_card".into(),
                number: "77".into(),
            }],
            ..person()
        };
        let twin_with_papers = Facts {
            given: name("مريم"),
            ..family.clone()
        };
        for (a, b) in [
            (person(), sister),
            (person(), twin),
            (family, twin_with_papers),
        ] {
            let found = compare(&a, &b);
            assert!(found.score < HOLD_SCORE, "{found:?}");
        }
    }

    #[test]
    fn a_common_name_alone_is_not_held() {
        let a = Facts {
            given: name("محمد"),
            father: name("علي"),
            grandfather: name("حسين"),
            ..Facts::default()
        };
        assert!(compare(&a, &a).score < HOLD_SCORE);
        let b = Facts {
            birth: day(1990, 1, 1),
            ..a.clone()
        };
        let c = Facts {
            birth: day(1970, 1, 1),
            ..a.clone()
        };
        assert!(compare(&b, &c).score < SHOW_SCORE);
    }

    #[test]
    fn unknown_never_equals_unknown() {
        let nothing = Facts::default();
        let found = compare(&nothing, &nothing);
        assert_eq!((found.score, found.reasons.len()), (0, 0));
        let no_mother = Facts {
            mother: NameKey::default(),
            mother_father: NameKey::default(),
            ..person()
        };
        assert!(
            !compare(&no_mother, &no_mother)
                .reasons
                .iter()
                .any(|r| r.kind == ReasonKind::MotherSame)
        );
    }

    #[test]
    fn one_number_of_one_person_is_enough_and_every_point_is_explained() {
        let with = |n: &str| Facts {
            national_number: Some(n.into()),
            ..Facts::default()
        };
        assert!(compare(&with("199012345678"), &with("199012345678")).score >= HOLD_SCORE);
        assert!(compare(&with("199012345678"), &with("199012345679")).score == 0);
        let found = compare(&person(), &person());
        assert_eq!(
            i32::from(found.score),
            found
                .reasons
                .iter()
                .map(|r| i32::from(r.points))
                .sum::<i32>()
                .clamp(0, 100)
        );
    }

    #[test]
    fn births_follow_the_rules_of_the_field() {
        let birth = |given: &str, d: Option<PartialDate>| Facts {
            newborn: true,
            given: if given.is_empty() {
                NameKey::default()
            } else {
                name(given)
            },
            birth: d,
            ..person()
        };
        let first = birth("", day(2026, 3, 1));
        assert!(compare(&first, &birth("", day(2026, 3, 1))).score >= SHOW_SCORE);
        assert!(
            compare(&first, &birth("", day(2026, 8, 1))).score >= HOLD_SCORE,
            "no mother bears twice in five months"
        );
        assert!(
            compare(&first, &birth("", day(2027, 9, 1))).score < HOLD_SCORE,
            "a brother a year later"
        );
        let twins = (
            Facts {
                multiple: true,
                ..birth("علي", day(2026, 3, 1))
            },
            Facts {
                multiple: true,
                ..birth("حسن", day(2026, 3, 1))
            },
        );
        assert!(compare(&twins.0, &twins.1).score < HOLD_SCORE);
        let delivery = |f: Facts| Facts {
            delivery: Some("H1|55".into()),
            ..f
        };
        assert!(
            compare(&delivery(birth("", None)), &delivery(birth("", None))).score >= HOLD_SCORE
        );
    }

    #[test]
    fn dates_compare_as_far_as_they_are_known() {
        assert_eq!(dates(day(1990, 5, 17), day(1990, 5, 17)), Dates::Same);
        assert_eq!(dates(day(1990, 5, 17), year(1990)), Dates::Overlap);
        assert_eq!(dates(day(1990, 5, 7), day(1990, 7, 5)), Dates::Near);
        assert_eq!(dates(day(1990, 5, 7), day(1991, 5, 7)), Dates::Differ);
        let guess = PartialDate {
            year: 1991,
            month: None,
            day: None,
            estimated: true,
        };
        assert_eq!(dates(day(1990, 5, 7), Some(guess)), Dates::Near);
        assert_eq!(dates(None, None), Dates::Unknown);
    }

    #[test]
    fn one_edit_is_similar_and_two_are_not() {
        for (a, b) in [("كاظم", "كاضم"), ("محمود", "محمد"), ("سلمان", "سلامن")]
        {
            assert_ne!(spelling(a, b), Agreement::Different, "{a} {b}");
        }
        for (a, b) in [("علي", "حسن"), ("محمد", "احمد"), ("مريم", "زينب")] {
            assert_eq!(spelling(a, b), Agreement::Different, "{a} {b}");
        }
    }
}
