use std::sync::Arc;

use super::*;

fn register() -> (tempfile::TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(&folder.path().join("register.db")).unwrap();
    register
        .write(|connection| {
            connection.execute_batch("CREATE TABLE t (x INTEGER UNIQUE)")?;
            Ok::<_, RegisterError>(())
        })
        .unwrap();
    (folder, register)
}

fn insert(register: &Register, x: i64) -> Result<(), RegisterError> {
    register.write(move |connection| {
        connection.execute("INSERT INTO t VALUES (?1)", [x])?;
        Ok(())
    })
}

fn rows(register: &Register) -> i64 {
    register
        .read(|connection| {
            Ok::<_, RegisterError>(
                connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?,
            )
        })
        .unwrap()
}

#[test]
fn the_register_runs_in_wal_with_every_commit_synced() {
    let (_folder, register) = register();
    let (journal, synchronous): (String, i64) = register
        .write(|connection| {
            Ok::<_, RegisterError>((
                connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
                connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?,
            ))
        })
        .unwrap();
    assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    assert!(rusqlite::version_number() >= SQLITE_MINIMUM);
}

#[test]
fn one_jobs_failure_undoes_that_job_alone() {
    let (_folder, register) = register();
    let register = Arc::new(register);
    let threads: Vec<_> = (0..8_i64)
        .map(|thread| {
            let register = register.clone();
            std::thread::spawn(move || {
                for i in 0..50 {
                    // Every second job inserts a row and then breaks on the one that thread 0 has inserted.
                    let outcome: Result<(), RegisterError> = register.write(move |connection| {
                        connection.execute("INSERT INTO t VALUES (?1)", [1000 * thread + i])?;
                        if i % 2 == 1 {
                            connection.execute("INSERT INTO t VALUES (?1)", [1000 * thread + i])?;
                        }
                        Ok(())
                    });
                    assert_eq!(outcome.is_ok(), i % 2 == 0);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(rows(&register), 8 * 25);
}

#[test]
fn a_job_that_panics_is_an_error_and_the_writer_lives_on() {
    let (_folder, register) = register();
    let outcome: Result<(), RegisterError> = register.write(|connection| {
        connection.execute("INSERT INTO t VALUES (1)", [])?;
        panic!("on purpose");
    });
    assert!(matches!(outcome, Err(RegisterError::Panicked)));
    assert_eq!(rows(&register), 0);
    insert(&register, 1).unwrap();
    assert_eq!(rows(&register), 1);
}

#[test]
fn a_reader_cannot_write_and_sees_what_was_answered() {
    let (_folder, register) = register();
    let refused: Result<usize, RegisterError> =
        register.read(|connection| Ok(connection.execute("INSERT INTO t VALUES (1)", [])?));
    assert!(refused.is_err());
    for x in 0..20 {
        insert(&register, x).unwrap();
        assert_eq!(rows(&register), x + 1);
    }
}

#[test]
fn what_was_written_is_there_after_reopening_and_foreign_migrations_are_refused() {
    let (folder, register) = register();
    insert(&register, 7).unwrap();
    drop(register);
    let path = folder.path().join("register.db");
    let register = Register::open(&path).unwrap();
    assert_eq!(rows(&register), 1);
    register
        .write(|connection| {
            connection.execute("UPDATE migration SET sql = sql || ' ' WHERE number = 2", [])?;
            Ok::<_, RegisterError>(())
        })
        .unwrap();
    drop(register);
    let refused = Register::open(&path).err();
    assert!(matches!(
        refused,
        Some(RegisterError::ForeignMigration { number: 2 })
    ));
}
