use super::*;

#[test]
fn a_sealed_enrolment_is_a_packet_in_the_outbox_and_no_draft() {
    let at = TestStation::new();
    let sealed = at.sealed();
    assert!(!is_draft(&at.station, sealed.enrolment));
    assert_eq!((sealed.sequence, sealed.version, sealed.number), (1, 1, 1));
    let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    assert_eq!(content.fields.len(), 5);
    assert_eq!(content.samples.len(), 11);
    assert_eq!(content.home_office, "DEMO-01");
    let portrait = at
        .centre
        .open_sample(&bytes, &at.station, &content, &SampleKind::Portrait);
    assert_eq!(portrait, sample(SampleKind::Portrait, 20_000).bytes);
    let item = at
        .station
        .store()
        .read(|c| outbox::get(c, sealed.packet))
        .unwrap()
        .unwrap();
    assert_eq!(item.digest, sealed.packet_sha256);
    assert!(matches!(
        at.station.resume(&at.session, sealed.enrolment),
        Err(EnrolmentError::NoSuchDraft)
    ));
}

#[test]
fn packets_are_numbered_without_gaps_and_each_names_the_one_before() {
    let at = TestStation::new();
    let (one, two) = (at.sealed(), at.sealed());
    let at = at.reopened();
    let three = at.sealed();
    let previous = |s: &SealedPacket| s.manifest.manifest().previous;
    assert_eq!([one.sequence, two.sequence, three.sequence], [1, 2, 3]);
    assert_eq!(previous(&one), None);
    assert_eq!(previous(&two), Some(one.manifest.digest()));
    assert_eq!(previous(&three), Some(two.manifest.digest()));
    assert_eq!([one.number, two.number, three.number], [1, 2, 3]);
}

#[test]
fn an_exception_needs_another_person_who_is_a_supervisor() {
    let at = TestStation::new();
    let mut draft = at.complete_draft();
    draft
        .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
        .unwrap();
    draft
        .add_exception(&exception(
            FingerPosition::LeftRing,
            ExceptionReason::Amputated,
        ))
        .unwrap();
    let finalised = draft.finalise().unwrap();
    assert!(finalised.needs_approval());
    assert!(matches!(
        at.station.seal(&at.session, finalised, None),
        Err(EnrolmentError::ApprovalNeeded)
    ));
    let approval = at.approval();
    let sealed = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), Some(&approval))
        .unwrap();
    let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    assert_eq!(content.supervisor, Some(approval.supervisor()));
    assert_eq!(
        content.exceptions[0].supervisor,
        Some(approval.supervisor())
    );
}

#[test]
fn an_approval_serves_for_one_packet() {
    let at = TestStation::new();
    let approval = at.approval();
    let excepted = || {
        let mut draft = at.complete_draft();
        draft
            .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
            .unwrap();
        draft
            .add_exception(&exception(
                FingerPosition::LeftRing,
                ExceptionReason::Amputated,
            ))
            .unwrap();
        draft.finalise().unwrap()
    };
    at.station
        .seal(&at.session, excepted(), Some(&approval))
        .unwrap();
    let again = at.station.seal(&at.session, excepted(), Some(&approval));
    assert!(matches!(again, Err(EnrolmentError::ApprovalNeeded)));
    at.station
        .seal(&at.session, excepted(), Some(&at.approval()))
        .unwrap();
}

#[test]
fn nobody_approves_their_own_work() {
    let at = TestStation::new();
    let (login, passphrase) = crate::testing::SUPERVISOR;
    let supervisor = at
        .station
        .sign_in_again(login, &qayd_crypto::Passphrase::new(passphrase))
        .unwrap();
    let mut draft = at.station.begin(&supervisor, PACK_ID).unwrap();
    fill(&mut draft);
    draft
        .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
        .unwrap();
    draft
        .add_exception(&exception(
            FingerPosition::LeftRing,
            ExceptionReason::Amputated,
        ))
        .unwrap();
    let sealed = at
        .station
        .seal(&supervisor, draft.finalise().unwrap(), Some(&at.approval()));
    assert!(matches!(
        sealed,
        Err(EnrolmentError::Session(SessionError::OwnApproval))
    ));
}

#[test]
fn what_changed_after_it_was_finalised_is_not_sealed() {
    let at = TestStation::new();
    let mut draft = at.complete_draft();
    let finalised = draft.finalise().unwrap();
    draft
        .set("remark", &"later".into(), Source::Statement)
        .unwrap();
    assert!(matches!(
        at.station.seal(&at.session, finalised, None),
        Err(EnrolmentError::ChangedSince)
    ));
    assert!(is_draft(&at.station, draft.id()));
    let stale = draft.finalise().unwrap();
    at.station
        .seal(&at.session, draft.finalise().unwrap(), None)
        .unwrap();
    assert!(at.station.seal(&at.session, stale, None).is_err(), "twice");
}

/// A crash between the file and its rows: here the rows alone are undone.
#[test]
fn a_seal_that_was_cut_short_is_completed_at_the_next_start() {
    let at = TestStation::new();
    let first = at.sealed();
    let draft = at.complete_draft();
    let (id, finalised) = (draft.id(), draft.finalise().unwrap());
    let before = snapshot(&at);
    let second = at.station.seal(&at.session, finalised, None).unwrap();
    let at = put_back(at, &before);
    assert_eq!(at.station.rolled_back(), None);
    assert!(!is_draft(&at.station, id));
    let items = at
        .station
        .store()
        .read(|c| outbox::list(c, None, 0, 10))
        .unwrap();
    assert_eq!(
        items.iter().map(|i| i.packet).collect::<Vec<_>>(),
        [first.packet, second.packet]
    );
    assert_eq!(items[1].digest, second.packet_sha256);
    assert_eq!(at.station.enrolments(1).unwrap()[0].slip, second.slip);
    let third = at.sealed();
    assert_eq!(
        third.manifest.manifest().previous,
        Some(second.manifest.digest())
    );
}

#[test]
fn a_number_that_lies_in_the_outbox_is_never_given_to_another_packet() {
    let at = TestStation::new();
    at.sealed();
    let before = snapshot(&at);
    at.sealed();
    at.sealed();
    // An older database is put back under a newer outbox.
    let at = put_back(at, &before);
    assert_eq!(at.station.rolled_back(), Some(3));
    let draft = at.complete_draft();
    let refused = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), None);
    assert!(matches!(
        refused,
        Err(EnrolmentError::RolledBack { sequence: 3 })
    ));
    assert!(is_draft(&at.station, draft.id()));
}

fn snapshot(at: &TestStation) -> Vec<u8> {
    at.station.store().checkpoint().unwrap();
    std::fs::read(at.data.join(crate::store::DATABASE_NAME)).unwrap()
}

fn put_back(at: TestStation, database: &[u8]) -> TestStation {
    let TestStation {
        dir,
        data,
        world,
        clock,
        station,
        session,
        centre,
    } = at;
    drop((station, session));
    for name in ["station.db-wal", "station.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    crate::testing::overwrite(&data.join(crate::store::DATABASE_NAME), database);
    let (station, session) = crate::testing::sign_in(&world, &data, crate::testing::OFFICER);
    TestStation {
        dir,
        data,
        world,
        clock,
        station,
        session,
        centre,
    }
}

/// The disk fails at each step of a seal in turn: the packet is sealed whole, or the draft is as it was; never both,
/// never neither; and the numbers stay without gaps.
#[test]
fn a_disk_that_fails_at_any_step_of_a_seal_loses_and_doubles_nothing() {
    use qayd_world::testing::{Fault, FaultyFiles};
    for fault in [Fault::Eio, Fault::PowerCut] {
        for step in 0.. {
            let at = TestStation::seeded(step);
            at.sealed();
            let id = at.complete_draft().id();
            let TestStation {
                dir,
                data,
                world,
                clock,
                station,
                session,
                centre,
            } = at;
            drop((station, session));
            let faulty = FaultyFiles::default();
            let broken = qayd_world::World {
                files: faulty.files(),
                ..world.clone()
            };
            let (station, session) =
                crate::testing::sign_in(&broken, &data, crate::testing::OFFICER);
            let finalised = station.resume(&session, id).unwrap().finalise().unwrap();
            faulty.fail_after(step as usize, fault);
            let outcome = station.seal(&session, finalised, None);
            faulty.heal();
            drop((station, session));
            let (station, session) =
                crate::testing::sign_in(&world, &data, crate::testing::OFFICER);
            let at = TestStation {
                dir,
                data,
                world,
                clock,
                station,
                session,
                centre,
            };
            let items = at
                .station
                .store()
                .read(|c| outbox::list(c, None, 0, 10))
                .unwrap();
            let sealed = items.iter().any(|i| i.enrolment == id);
            assert_ne!(
                sealed,
                is_draft(&at.station, id),
                "{fault:?} at step {step}"
            );
            if outcome.is_ok() {
                assert!(sealed);
            }
            if !sealed {
                let draft = at.station.resume(&at.session, id).unwrap();
                at.station
                    .seal(&at.session, draft.finalise().unwrap(), None)
                    .unwrap();
            }
            let items = at
                .station
                .store()
                .read(|c| outbox::list(c, None, 0, 10))
                .unwrap();
            assert_eq!(
                items.iter().map(|i| i.sequence).collect::<Vec<_>>(),
                [1, 2],
                "{fault:?} at step {step}"
            );
            at.station.audit_verify().unwrap();
            if outcome.is_ok() {
                assert!(step > 3, "the faults were met");
                break;
            }
        }
    }
}
