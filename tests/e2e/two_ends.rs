//! What happens to people: returned and corrected, found twice, without papers, without a finger.

use qayd_model::{Decision, FingerPosition, Return, ReturnedField};
use qayd_station::enrolment::FieldInput;
use qayd_sync_server::review::case::CaseState;
use qayd_tests::{Applicant, Programme};

fn returned(field: &str) -> Decision {
    Decision::Returned(Return {
        fields: vec![ReturnedField {
            field: field.into(),
            reason: "incomplete".into(),
            note: None,
        }],
        ..Return::default()
    })
}

#[test]
fn a_returned_case_is_corrected_offline_and_accepted_in_its_second_version() {
    let mut programme = Programme::start();
    let mut kit = programme.station("camp");
    let first = kit.enrol(&Applicant::adult(10));
    kit.send();
    programme.examine_all();
    programme.decide(first.enrolment, returned("birth_date"));
    let report = kit.send();
    assert_eq!(report.decisions, 1);

    programme.stop();
    kit.restart();
    let mut draft = kit.open_returned(first.enrolment);
    assert_eq!(draft.version(), 2);
    assert!(
        !draft.fields().unwrap().is_empty(),
        "what was entered came back"
    );
    let corrected = FieldInput::Line("1985-03-21".into());
    draft
        .set(
            "birth_date",
            &corrected,
            qayd_model::value::Source::Document,
        )
        .unwrap();
    let second = kit.seal(&draft);
    assert_eq!(
        (second.enrolment, second.version, second.sequence),
        (first.enrolment, 2, 2)
    );
    assert!(
        second.length.0 < first.length.0 / 4,
        "images that stay are not sent again"
    );

    programme.start_again();
    kit.send();
    programme.examine_all();
    let case = programme.case(first.enrolment);
    assert_eq!(
        (case.version, case.duplicates),
        (2, 0),
        "a version is not its own duplicate"
    );
    programme.decide(first.enrolment, Decision::Accepted);
    kit.send();
    assert_eq!(kit.outbox_state(&second), "settled");
}

#[test]
fn one_person_enrolled_at_two_stations_is_found_by_fingers_under_another_name() {
    let mut programme = Programme::start();
    let camp = programme.station("camp");
    let province = programme.station("provincial_site");
    let first = camp.enrol(&Applicant::adult(20));
    camp.send();
    programme.examine_all();
    let stranger = province.enrol(&Applicant::adult(21));
    let again = province.enrol(&Applicant::adult(20).named("كريم", "عباس", "لطيف"));
    province.send();
    programme.examine_all();
    assert_eq!(
        programme.case(stranger.enrolment).duplicates,
        0,
        "another person is nobody's duplicate"
    );
    let case = programme.case(again.enrolment);
    assert_eq!(case.state, CaseState::DuplicateHold);
    assert_eq!(case.duplicates, 1);
    programme.decide(
        again.enrolment,
        Decision::SamePerson {
            as_enrolment: first.enrolment,
        },
    );
    province.send();
    assert_eq!(province.outbox_state(&again), "settled");
}

#[test]
fn one_person_without_fingers_is_found_by_name_and_birth_date() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let all = |mut applicant: Applicant| {
        for position in FingerPosition::ALL {
            applicant = applicant.missing(position, "bandaged");
        }
        applicant
    };
    let first = kit.enrol(&all(Applicant::adult(30)));
    let again = kit.enrol(&all(Applicant::adult(30)));
    kit.send();
    programme.examine_all();
    let held = [first.enrolment, again.enrolment].map(|id| programme.case(id).duplicates);
    assert!(held.iter().any(|n| *n > 0), "{held:?}");
}

#[test]
fn somebody_without_any_paper_is_enrolled_with_reasons_and_nobody_without_reasons() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let applicant = Applicant::adult(40);
    let silent = applicant.clone().without("evidence");
    let draft = kit.begin(&silent);
    let refused = draft.finalise();
    assert!(refused.is_err(), "a missing paper needs a word about it");
    let id = draft.id();
    drop(draft);
    kit.station().discard(kit.session(), id).unwrap();
    let packet = kit.enrol(&applicant);
    kit.send();
    programme.examine_all();
    assert_eq!(programme.case(packet.enrolment).checks_failed, 0);
}

#[test]
fn an_exception_is_sealed_with_the_supervisor_and_not_without() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let applicant = Applicant::adult(50).missing(FingerPosition::LeftIndex, "amputated");
    let mut draft = kit.begin(&applicant);
    kit.capture(&applicant, &mut draft);
    let finalised = draft.finalise().unwrap();
    assert!(finalised.needs_approval());
    assert!(
        kit.station().seal(kit.session(), finalised, None).is_err(),
        "nobody approved"
    );
    let packet = kit.seal(&draft);
    kit.send();
    programme.examine_all();
    assert_eq!(programme.case(packet.enrolment).checks_failed, 0);
}

#[test]
fn a_hospital_a_province_and_an_embassy_run_on_packs_alone() {
    let mut programme = Programme::start();
    for (kind, pack) in [
        ("hospital", "birth-notification"),
        ("provincial_site", "residence-card"),
        ("embassy", "consular-enrolment"),
    ] {
        let kit = programme.station(kind);
        let packet = kit.enrol(&Applicant::example(pack, 60));
        kit.send();
        programme.examine_all();
        let case = programme.case(packet.enrolment);
        assert_eq!(
            (case.pack_id.as_str(), case.checks_failed),
            (pack, 0),
            "{kind}"
        );
    }
}
