use qayd_fingerprint::extract;
use qayd_fingerprint::synthetic::SyntheticPerson;

use super::*;
use crate::testing::TestStation;

fn date(year: u16, month: Option<u8>, day: Option<u8>) -> PartialDate {
    PartialDate {
        year,
        month,
        day,
        estimated: false,
    }
}

fn named(given: &str, father: &str, birth: Option<PartialDate>) -> Probe {
    Probe {
        given: vec![given.into()],
        father: vec![father.into()],
        birth,
        ..Probe::default()
    }
}

fn with_fingers(mut probe: Probe, seed: u64, impression: u64) -> Probe {
    let person = SyntheticPerson::make(seed);
    for position in [
        FingerPosition::RightIndex,
        FingerPosition::LeftIndex,
        FingerPosition::RightThumb,
    ] {
        let template = extract(&person.impression(position, impression))
            .unwrap()
            .template;
        probe.fingers.push(FingerRecord {
            position,
            template: template.to_bytes().into(),
        });
    }
    probe
}

fn keep(bench: &TestStation, enrolment: EnrolmentId, probe: &Probe) {
    let station = &bench.station;
    let kept = station.store().write(|tx| {
        let at = station.clock().stamp(tx)?.recorded;
        remember(station, tx, enrolment, probe, at)
    });
    kept.unwrap();
}

#[test]
fn nothing_that_is_unknown_equals_anything() {
    assert_eq!(
        likeness(&Probe::default(), &Probe::default()),
        (0, Vec::new())
    );
    let nameless = Probe {
        birth: Some(date(1990, None, None)),
        ..Probe::default()
    };
    assert!(likeness(&nameless, &nameless).0 < LIKE_ENOUGH);
    let fatherless = Probe {
        given: vec!["zhra".into()],
        ..Probe::default()
    };
    assert_eq!(likeness(&fatherless, &fatherless).0, 0);
}

#[test]
fn a_name_with_a_date_that_may_be_one_is_like_enough_and_another_date_is_not() {
    let known = named("zhra", "krym", Some(date(1990, Some(5), Some(17))));
    let partly = named("zhra", "krym", Some(date(1990, None, None)));
    let other = named("zhra", "krym", Some(date(1991, Some(5), Some(17))));
    assert!(likeness(&known, &known).0 >= LIKE_ENOUGH);
    assert!(likeness(&known, &partly).0 >= LIKE_ENOUGH);
    assert_eq!(likeness(&known, &other).0, 0);
}

#[test]
fn the_same_person_is_found_by_fingers_under_another_name_and_a_stranger_is_not() {
    let bench = TestStation::new();
    let (first, second) = (
        EnrolmentId::from_bytes([1; 16]),
        EnrolmentId::from_bytes([2; 16]),
    );
    let before = with_fingers(named("zhra", "krym", None), 31, 1);
    keep(&bench, first, &before);
    let again = with_fingers(named("maryam", "hasan", None), 31, 2);
    let found = look(&bench.station, second, &again).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].enrolment, &found[0].reasons[..]),
        (first, &[WatchReason::Fingers][..])
    );
    let stranger = with_fingers(named("maryam", "hasan", None), 32, 1);
    assert!(look(&bench.station, second, &stranger).unwrap().is_empty());
    assert!(
        look(&bench.station, first, &again).unwrap().is_empty(),
        "an enrolment is not its own duplicate"
    );
}

#[test]
fn what_is_older_than_policy_allows_is_forgotten() {
    let bench = TestStation::new();
    let (first, second) = (
        EnrolmentId::from_bytes([1; 16]),
        EnrolmentId::from_bytes([2; 16]),
    );
    let probe = named("zhra", "krym", Some(date(1990, Some(5), Some(17))));
    keep(&bench, first, &probe);
    assert_eq!(look(&bench.station, second, &probe).unwrap().len(), 1);
    let days = u64::from(bench.station.policy().unwrap().watch_days);
    bench.clock.advance_ms((days + 1) * DAY_MS);
    assert!(look(&bench.station, second, &probe).unwrap().is_empty());
    assert_eq!(sweep(&bench.station).unwrap(), 1);
    assert_eq!(sweep(&bench.station).unwrap(), 0);
}
