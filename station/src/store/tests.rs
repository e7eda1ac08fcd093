use qayd_crypto::SecretKey;
use rusqlite::Connection;

use super::*;
use crate::testing::empty_store;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes([byte; 32])
}

fn put(store: &Store, name: &str) -> Result<(), StoreError> {
    store.write(|tx| crate::settings::put(tx, name, b"x"))
}

#[test]
fn one_process_at_a_time() {
    let (dir, store) = empty_store();
    assert!(matches!(
        FolderLock::take(dir.path()),
        Err(StoreError::InUse)
    ));
    drop(store);
    let lock = FolderLock::take(dir.path()).unwrap();
    drop(Store::open(lock, &key(7)).unwrap());
}

#[test]
fn what_was_written_is_there_after_opening_again_and_under_its_key_only() {
    let (dir, store) = empty_store();
    put(&store, "canary").unwrap();
    drop(store);
    let lock = || FolderLock::take(dir.path()).unwrap();
    assert!(matches!(
        Store::open(lock(), &key(8)),
        Err(StoreError::WrongKey)
    ));
    assert!(matches!(
        Store::create(lock(), &key(7)),
        Err(StoreError::AlreadyExists)
    ));
    let store = Store::open(lock(), &key(7)).unwrap();
    let found = store.read(|c| crate::settings::get(c, "canary")).unwrap();
    assert_eq!(found.as_deref(), Some(&b"x"[..]));
}

#[test]
fn the_pragmas_are_the_ones_promised() {
    let (_dir, store) = empty_store();
    let read = |c: &Connection, name: &str| -> String {
        c.pragma_query_value(None, name, |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            })
        })
        .unwrap()
    };
    let check = |c: &Connection| {
        for (name, expected) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("secure_delete", "1"),
            ("temp_store", "2"),
            ("foreign_keys", "1"),
            ("cipher_memory_security", "1"),
        ] {
            assert_eq!(read(c, name), expected, "{name}");
        }
        Ok::<_, StoreError>(())
    };
    store.write(|tx| check(tx)).unwrap();
    store.read(check).unwrap();
    assert!(rusqlite::version_number() >= SQLITE_AT_LEAST);
}

#[test]
fn a_reader_cannot_write_and_a_failed_write_leaves_nothing() {
    let (_dir, store) = empty_store();
    let refused = store.read(|c| {
        c.execute("INSERT INTO setting (name, value) VALUES ('a', x'00')", [])?;
        Ok::<_, StoreError>(())
    });
    assert!(refused.is_err());
    let failed: Result<(), StoreError> = store.write(|tx| {
        crate::settings::put(tx, "half", b"x")?;
        Err(StoreError::NotThere)
    });
    assert!(failed.is_err());
    assert_eq!(
        store.read(|c| crate::settings::get(c, "half")).unwrap(),
        None
    );
}

#[test]
fn a_panic_inside_a_write_rolls_back_and_the_store_goes_on() {
    let (_dir, store) = empty_store();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|tx| -> Result<(), StoreError> {
            crate::settings::put(tx, "half", b"x")?;
            panic!("as tests do");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(
        store.read(|c| crate::settings::get(c, "half")).unwrap(),
        None
    );
    put(&store, "whole").unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (dir, store) = empty_store();
    store
        .write(|tx| Ok::<_, StoreError>(tx.pragma_update(None, "user_version", 999)?))
        .unwrap();
    drop(store);
    let opened = Store::open(FolderLock::take(dir.path()).unwrap(), &key(7));
    assert!(matches!(
        opened,
        Err(StoreError::NewerSchema { found: 999, .. })
    ));
}

#[test]
fn a_flipped_bit_is_noticed() {
    let (dir, store) = empty_store();
    put(&store, "canary").unwrap();
    store.close().unwrap();
    let path = dir.path().join(DATABASE_NAME);
    let good = std::fs::read(&path).unwrap();
    for at in [17, 5000, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        crate::testing::overwrite(&path, &bad);
        let noticed = match Store::open(FolderLock::take(dir.path()).unwrap(), &key(7)) {
            Err(_) => true,
            Ok(store) => store
                .read(|c| {
                    let all: String =
                        c.query_row("PRAGMA cipher_integrity_check", [], |r| r.get(0))?;
                    Ok::<_, StoreError>(all)
                })
                .is_ok(),
        };
        assert!(noticed, "byte {at}");
    }
}

#[test]
fn every_error_has_a_code_of_its_own() {
    let errors = [
        StoreError::InUse,
        StoreError::NotThere,
        StoreError::AlreadyExists,
        StoreError::WrongKey,
        StoreError::NewerSchema { found: 2, known: 1 },
        StoreError::SqliteTooOld { found: 1 },
        StoreError::NoWal {
            mode: "delete".to_owned(),
        },
        StoreError::Damaged {
            table: "x",
            what: "y",
        },
    ];
    let codes: std::collections::BTreeSet<&str> = errors.iter().map(StoreError::code).collect();
    assert_eq!(codes.len(), errors.len());
}
