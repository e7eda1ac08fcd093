//! Who is held and who is not, and what a comparison rests on.

use qayd_model::PartialDate;

use super::names::spelling;
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
    assert!(compare(&delivery(birth("", None)), &delivery(birth("", None))).score >= HOLD_SCORE);
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
