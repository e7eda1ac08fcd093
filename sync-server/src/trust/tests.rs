use qayd_crypto::Passphrase;
use rusqlite::params;

use super::*;
use crate::{
    centre::{Centre, CentreError, CentreOptions, Role},
    testing,
};

fn open(
    folder: &std::path::Path,
    role: Role,
    centre: &str,
    opening: Option<&str>,
) -> Result<Centre, CentreError> {
    let opening = opening.map(Passphrase::new);
    Centre::open(CentreOptions {
        folder,
        world: qayd_world::World::os(),
        role,
        centre_passphrase: &Passphrase::new(centre),
        opening_passphrase: opening.as_ref(),
    })
}

#[test]
fn intake_runs_without_opening_keys_and_without_the_root() {
    let folder = tempfile::tempdir().unwrap();
    drop(testing::centre(folder.path()));
    // What a thief of the intake's machine finds: neither opening keys nor root are there.
    std::fs::remove_dir_all(folder.path().join("root")).unwrap();
    std::fs::remove_file(folder.path().join("keys/opening-review.key")).unwrap();
    std::fs::remove_file(folder.path().join("keys/opening-biometric.key")).unwrap();
    let centre = open(folder.path(), Role::Intake, testing::PASSPHRASE, None).unwrap();
    assert!(centre.opening().is_none());
    assert!(
        open(
            folder.path(),
            Role::Review,
            testing::PASSPHRASE,
            Some(testing::PASSPHRASE)
        )
        .is_err()
    );
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(testing::centre(folder.path()));
    assert!(open(folder.path(), Role::Intake, "another passphrase", None).is_err());
    assert!(
        open(
            folder.path(),
            Role::All,
            testing::PASSPHRASE,
            Some("another passphrase")
        )
        .is_err()
    );
    assert!(open(folder.path(), Role::All, testing::PASSPHRASE, None).is_err());
    assert!(
        open(
            folder.path(),
            Role::All,
            testing::PASSPHRASE,
            Some(testing::PASSPHRASE)
        )
        .is_ok()
    );
}

#[test]
fn one_key_file_does_not_pass_for_another() {
    let folder = tempfile::tempdir().unwrap();
    drop(testing::centre(folder.path()));
    let keys = folder.path().join("keys");
    std::fs::copy(
        keys.join("opening-biometric.key"),
        keys.join("opening-review.key"),
    )
    .unwrap();
    assert!(
        open(
            folder.path(),
            Role::All,
            testing::PASSPHRASE,
            Some(testing::PASSPHRASE)
        )
        .is_err()
    );
}

#[test]
fn an_altered_keyring_policy_or_pack_is_noticed_when_the_centre_opens() {
    let folder = tempfile::tempdir().unwrap();
    drop(testing::centre(folder.path()));
    let trust = folder.path().join("trust");
    let packs: Vec<_> = std::fs::read_dir(trust.join("packs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let pack = packs
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "cose"))
        .unwrap();
    for path in [
        trust.join("keyring.cose"),
        trust.join("policy.cose"),
        trust.join("root.pub"),
        pack,
    ] {
        let right = std::fs::read(&path).unwrap();
        let mut wrong = right.clone();
        let last = wrong.len() - 1;
        wrong[last] ^= 1;
        let files = qayd_world::World::os().files;
        files.write_durably(&path, &wrong).unwrap();
        assert!(
            open(folder.path(), Role::Intake, testing::PASSPHRASE, None).is_err(),
            "{path:?}"
        );
        files.write_durably(&path, &right).unwrap();
    }
    assert!(open(folder.path(), Role::Intake, testing::PASSPHRASE, None).is_ok());
}

#[test]
fn a_programme_is_not_made_over_another_nor_with_a_short_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    drop(testing::centre(folder.path()));
    let world = qayd_world::World::os();
    let (long, short) = (
        Passphrase::new("a long enough one"),
        Passphrase::new("short"),
    );
    let packs = testing::packs_folder();
    let request = |opening| InitRequest {
        programme: "P",
        centre_url: "https://localhost",
        names: &[],
        node: "n",
        packs: &packs,
        root_passphrase: &long,
        centre_passphrase: &long,
        opening_passphrase: opening,
        argon: qayd_crypto::ArgonParams::TEST,
    };
    assert!(matches!(
        init(&world, folder.path(), &request(&long)),
        Err(TrustError::AlreadyInitialised)
    ));
    let fresh = folder.path().join("fresh");
    assert!(matches!(
        init(&world, &fresh, &request(&short)),
        Err(TrustError::PassphraseTooShort { .. })
    ));
    assert!(init(&world, &fresh, &request(&long)).is_ok());
}

#[test]
fn no_secret_lies_in_the_folder_unwrapped() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _) = testing::centre(folder.path());
    let text = testing::invitation(&centre, "A");
    let (invitation, _) = qayd_protocol::Invitation::open(&text).unwrap();
    let secrets = [
        centre.keys().centre_key().seed().to_vec(),
        centre.keys().issuer_key().seed().to_vec(),
        invitation.secret.expose().to_vec(),
    ];
    let (mut files, mut dirs, mut seen) = (0, vec![folder.path().to_owned()], Vec::new());
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in &secrets {
                assert!(
                    !bytes.windows(32).any(|window| window == secret.as_slice()),
                    "{path:?}"
                );
            }
            seen.extend(bytes);
        }
    }
    assert!(files > 10);
    // Control: the search finds what does lie there.
    let root = centre.keys().keyring().centre_key.to_bytes();
    assert!(seen.windows(32).any(|window| window == root));
}

#[test]
fn an_altered_or_missing_journal_entry_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _) = testing::centre(folder.path());
    let register = centre.register();
    for subject in ["a", "b", "c"] {
        register
            .write(move |connection| {
                journal::append_in(connection, testing::START, "x", "y", subject, "")
            })
            .unwrap();
    }
    let verify = || register.read(journal::verify).unwrap();
    assert_eq!(verify(), Ok(3));
    let run = |sql: &'static str| {
        register
            .write(move |connection| {
                Ok::<_, crate::RegisterError>(connection.execute(sql, params![])?)
            })
            .unwrap()
    };
    run("UPDATE journal SET subject = 'B' WHERE number = 2");
    assert_eq!(verify(), Err(2));
    run("UPDATE journal SET subject = 'b' WHERE number = 2");
    assert_eq!(verify(), Ok(3));
    run("DELETE FROM journal WHERE number = 1");
    assert_eq!(verify(), Err(1));
}
