use qayd_crypto::Passphrase;
use qayd_world::testing::{Fault, FaultyFiles};

use super::*;
use crate::station::Station;
use crate::testing::{OFFICER, SUPERVISOR, TestCentre, operator, sign_in, test_world};

fn attempt(
    world: &World,
    data: &Path,
    text: &str,
    cheats: bool,
) -> Result<Provisioned, ProvisioningError> {
    let connect = move |_: &Invitation| {
        Ok(Box::new(TestCentre {
            cheats,
            ..TestCentre::default()
        }) as Box<dyn SyncApi>)
    };
    provision(
        world,
        data,
        text,
        &connect,
        &operator(SUPERVISOR, qayd_protocol::Role::Supervisor),
    )
}

#[test]
fn an_empty_folder_becomes_a_station_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let (world, _) = test_world(1);
    let text = TestCentre::default().invitation_text();
    let made = attempt(&world, &data, &text, false).unwrap();
    assert_eq!(made.packs, ["test-service"]);
    assert!(made.root_fingerprint.len() > 20);
    assert!(matches!(
        attempt(&world, &data, &text, false),
        Err(ProvisioningError::AlreadyProvisioned)
    ));
    let (station, session) = sign_in(&world, &data, SUPERVISOR);
    assert_eq!(station.identity().station, made.station);
    assert_eq!(session.operator(), made.supervisor);
    assert_eq!(station.list_packs().unwrap().len(), 1);
    assert!(
        station.time_estimate().unwrap().is_some(),
        "the answer's signed time is known"
    );
    assert_eq!(station.audit_verify().unwrap(), 2);
}

#[test]
fn a_changed_invitation_a_foreign_certificate_or_no_centre_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let (world, _) = test_world(1);
    let text = TestCentre::default().invitation_text();
    let changed = text.replace("camp-1", "camp-2");
    assert_ne!(changed, text);
    assert!(matches!(
        attempt(&world, &data, &changed, false),
        Err(ProvisioningError::Invitation(_))
    ));
    assert!(matches!(
        attempt(&world, &data, &text, true),
        Err(ProvisioningError::Certificate { .. })
    ));
    let silent = |_: &Invitation| Err(SyncError::TimedOut);
    let new = operator(SUPERVISOR, qayd_protocol::Role::Supervisor);
    assert!(matches!(
        provision(&world, &data, &text, &silent, &new),
        Err(ProvisioningError::Centre(SyncError::TimedOut))
    ));
    let officer = operator(OFFICER, qayd_protocol::Role::Officer);
    assert!(matches!(
        provision(&world, &data, &text, &silent, &officer),
        Err(ProvisioningError::NotSupervisor)
    ));
    assert!(!Station::is_provisioned(&data));
    attempt(&world, &data, &text, false).unwrap();
}

/// The disk fails at every step of provisioning in turn: there is a whole station, or none and the next attempt works.
#[test]
fn a_disk_that_fails_at_any_step_leaves_a_station_or_nothing() {
    let text = TestCentre::default().invitation_text();
    for step in 0..400 {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("station");
        let (whole, _) = test_world(step as u64);
        let faulty = FaultyFiles::default();
        faulty.fail_after(step, Fault::PowerCut);
        let world = World {
            files: faulty.files(),
            ..whole.clone()
        };
        let outcome = attempt(&world, &data, &text, false);
        if Station::is_provisioned(&data) {
            sign_in(&whole, &data, SUPERVISOR);
        } else {
            assert!(outcome.is_err());
            let refused = Station::sign_in(
                whole.clone(),
                &data,
                SUPERVISOR.0,
                &Passphrase::new(SUPERVISOR.1),
            );
            assert!(refused.is_err());
            attempt(&whole, &data, &text, false).unwrap();
            sign_in(&whole, &data, SUPERVISOR);
        }
        if outcome.is_ok() {
            assert!(step > 5, "the faults were met");
            return;
        }
    }
    panic!("provisioning never succeeded");
}

#[test]
fn newer_keyrings_policies_and_packs_are_taken_over_and_older_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let (world, _) = test_world(1);
    crate::testing::provision(&world, &data);
    let (station, _) = sign_in(&world, &data, SUPERVISOR);
    let centre = TestCentre::default();
    let stranger = TestCentre {
        centre: qayd_crypto::SigningKey::make(&[77; 32]),
        root: qayd_crypto::SigningKey::make(&[78; 32]),
        ..TestCentre::default()
    };
    let store = station.store();
    assert!(
        store
            .write(|tx| station.keep_policy(tx, &centre.policy(2)))
            .unwrap()
    );
    assert!(
        !store
            .write(|tx| station.keep_policy(tx, &centre.policy(2)))
            .unwrap()
    );
    assert!(
        store
            .write(|tx| station.keep_policy(tx, &stranger.policy(3)))
            .is_err()
    );
    assert_eq!(station.policy().unwrap().version, 2);
    assert!(
        store
            .write(|tx| station.keep_pack(tx, &centre.pack(2)))
            .unwrap()
    );
    assert!(
        !store
            .write(|tx| station.keep_pack(tx, &centre.pack(2)))
            .unwrap()
    );
    assert!(
        store
            .write(|tx| station.keep_pack(tx, &stranger.pack(3)))
            .is_err()
    );
    assert_eq!(station.list_packs().unwrap()[0].version, 2);
    assert!(
        store
            .write(|tx| station.keep_keyring(tx, &centre.keyring(2)))
            .unwrap()
    );
    assert!(
        store
            .write(|tx| station.keep_keyring(tx, &centre.keyring(1)))
            .is_err()
    );
    assert!(
        store
            .write(|tx| station.keep_keyring(tx, &stranger.keyring(3)))
            .is_err()
    );
    let keyring = store.read(|c| station.keyring(c)).unwrap();
    assert_eq!(keyring.epoch, 2);
}
