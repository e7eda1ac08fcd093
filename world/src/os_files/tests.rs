use super::*;

const OLD: &[u8] = b"the old bytes";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn written_bytes_are_read_back_and_no_temporary_name_stays() {
    let dir = folder();
    let path = dir.path().join("packet.qpk");
    let files = OsFiles::default();
    let big = vec![7; 700_001];
    for bytes in [&big[..], b"", OLD] {
        files.write_durably(&path, bytes).unwrap();
        assert_eq!(files.read(&path, 1 << 20).unwrap(), bytes);
        assert_eq!(names(dir.path()), ["packet.qpk"]);
    }
    assert_eq!(files.length(&path).unwrap(), Some(OLD.len() as u64));
}

#[cfg(unix)]
#[test]
fn files_and_folders_are_open_to_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let files = OsFiles::default();
    let inner = dir.path().join("a/b");
    files.create_dir(&inner).unwrap();
    files.create_dir(&inner).unwrap();
    files.write_durably(&inner.join("x"), OLD).unwrap();
    files.append(&inner.join("y"), 0, OLD).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&inner.join("x")), 0o600);
    assert_eq!(mode(&inner.join("y")), 0o600);
}

#[test]
fn longer_than_the_limit_is_refused_and_the_limit_itself_is_not() {
    let dir = folder();
    let path = dir.path().join("x");
    let files = OsFiles::default();
    files.write_durably(&path, OLD).unwrap();
    assert!(matches!(
        files.read(&path, OLD.len() as u64 - 1),
        Err(FilesError::TooLarge {
            length: 13,
            limit: 12
        })
    ));
    assert_eq!(files.read(&path, OLD.len() as u64).unwrap(), OLD);
}

#[test]
fn appending_leaves_no_holes() {
    let dir = folder();
    let path = dir.path().join("x");
    let files = OsFiles::default();
    files.append(&path, 0, b"abcdef").unwrap();
    files.append(&path, 3, b"XYZ").unwrap();
    assert!(matches!(
        files.append(&path, 7, b"!"),
        Err(FilesError::TooShort {
            length: 6,
            wanted: 7
        })
    ));
    files.sync(&path).unwrap();
    assert_eq!(files.read(&path, 100).unwrap(), b"abcXYZ");
    assert_eq!(files.read_at(&path, 2, 3).unwrap(), b"cXY");
    assert!(matches!(
        files.read_at(&path, 4, 3),
        Err(FilesError::TooShort { .. })
    ));
    assert!(matches!(
        files.truncate(&path, 7),
        Err(FilesError::TooShort { .. })
    ));
    files.truncate(&path, 2).unwrap();
    assert_eq!(files.read(&path, 100).unwrap(), b"ab");
}

#[test]
fn what_is_missing_says_so_and_may_be_removed_twice() {
    let dir = folder();
    let path = dir.path().join("x");
    let files = OsFiles::default();
    assert!(matches!(files.read(&path, 1), Err(FilesError::NotFound)));
    assert!(matches!(files.open_read(&path), Err(FilesError::NotFound)));
    assert_eq!(files.length(&path).unwrap(), None);
    files.write_durably(&path, OLD).unwrap();
    files.remove_durably(&path).unwrap();
    files.remove_durably(&path).unwrap();
    assert!(names(dir.path()).is_empty());
}

#[test]
fn renaming_replaces_what_was_there() {
    let dir = folder();
    let files = OsFiles::default();
    files.create_dir(&dir.path().join("in")).unwrap();
    let (from, to) = (dir.path().join("in/x"), dir.path().join("y"));
    files.write_durably(&from, b"new").unwrap();
    files.write_durably(&to, OLD).unwrap();
    files.rename_durably(&from, &to).unwrap();
    assert_eq!(files.read(&to, 100).unwrap(), b"new");
    assert_eq!(files.length(&from).unwrap(), None);
}

#[test]
fn a_file_held_open_is_written_on_and_renamed_into_another_folder() {
    let dir = folder();
    let files = OsFiles::default();
    files.create_dir(&dir.path().join("in")).unwrap();
    let (from, to) = (dir.path().join("in/x"), dir.path().join("y"));
    files.append(&from, 0, b"abc").unwrap();
    let mut open = files.appender(&from, 2).unwrap();
    open.write(b"CD").unwrap();
    open.begin_writeback();
    open.write(b"EF").unwrap();
    files.write_durably(&to, OLD).unwrap();
    open.sync().unwrap();
    files.rename_into(&from, &to).unwrap();
    assert_eq!(files.read(&to, 100).unwrap(), b"abCDEF");
    assert_eq!(files.length(&from).unwrap(), None);
    assert!(matches!(
        files.rename_into(&from, &to),
        Err(FilesError::NotFound)
    ));
    assert_eq!(files.read(&to, 100).unwrap(), b"abCDEF");
}

#[test]
fn leftovers_are_hidden_from_lists_and_swept() {
    let dir = folder();
    let files = OsFiles::default();
    let path = dir.path().join("x");
    files.write_durably(&path, OLD).unwrap();
    fs::write(temporary_name(&path), b"half").unwrap();
    assert_eq!(files.list(dir.path()).unwrap(), std::slice::from_ref(&path));
    assert_eq!(files.sweep_temporary(dir.path()).unwrap(), 1);
    assert_eq!(files.sweep_temporary(dir.path()).unwrap(), 0);
    assert_eq!(names(dir.path()), ["x"]);
}

#[test]
fn free_space_is_more_than_nothing() {
    assert!(OsFiles::default().free_bytes(folder().path()).unwrap() > 0);
}

#[cfg(feature = "test-util")]
mod faults {
    use super::*;
    use crate::testing::{Fault, FaultyFiles};

    const NEW: &[u8] = b"new bytes, longer than the old ones";

    /// How many steps one durable write has.
    fn steps_of_a_write() -> usize {
        let dir = folder();
        let faulty = FaultyFiles::default();
        faulty
            .files()
            .write_durably(&dir.path().join("x"), NEW)
            .unwrap();
        faulty.steps().len()
    }

    #[test]
    fn a_durable_write_syncs_before_it_renames_and_the_folder_after() {
        let dir = folder();
        let faulty = FaultyFiles::default();
        faulty
            .files()
            .write_durably(&dir.path().join("x"), NEW)
            .unwrap();
        let steps: Vec<_> = faulty.steps().into_iter().map(|(step, _)| step).collect();
        use Step::*;
        assert_eq!(
            steps,
            [
                Create, Write, SyncFile, Read, Rename, SyncFolder, Look, Read
            ]
        );
    }

    #[test]
    fn a_rename_into_another_folder_syncs_that_folder_after_it() {
        let dir = folder();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let steps = [Step::Rename, Step::SyncFolder];
        for failing in 0..=steps.len() {
            let faulty = FaultyFiles::default();
            fs::write(&from, NEW).unwrap();
            fs::write(&to, OLD).unwrap();
            faulty.fail_after(failing, Fault::Eio);
            let renamed = faulty.files().rename_into(&from, &to);
            let taken: Vec<_> = faulty.steps().into_iter().map(|(step, _)| step).collect();
            assert_eq!(taken, steps[..steps.len().min(failing + 1)]);
            assert_eq!(renamed.is_ok(), failing == steps.len());
            let expected = if failing == 0 { OLD } else { NEW };
            assert_eq!(fs::read(&to).unwrap(), expected);
        }
    }

    #[test]
    fn a_failed_sync_of_an_open_file_is_told_as_one() {
        let dir = folder();
        let faulty = FaultyFiles::default();
        let mut open = faulty.files().appender(&dir.path().join("x"), 0).unwrap();
        open.write(NEW).unwrap();
        faulty.fail_after(0, Fault::Eio);
        assert!(matches!(open.sync(), Err(FilesError::SyncFailed { .. })));
    }

    #[test]
    fn whichever_step_fails_the_name_holds_all_of_the_old_or_all_of_the_new() {
        let faults = [
            Fault::Eio,
            Fault::NoSpace,
            Fault::Quota,
            Fault::ReadOnly,
            Fault::Torn(5),
            Fault::PowerCut,
        ];
        for fault in faults {
            for n in 0..steps_of_a_write() {
                let dir = folder();
                let path = dir.path().join("x");
                let faulty = FaultyFiles::default();
                faulty.files().write_durably(&path, OLD).unwrap();
                faulty.fail_after(n, fault);
                faulty.files().write_durably(&path, NEW).unwrap_err();
                let held = fs::read(&path).unwrap();
                assert!(held == OLD || held == NEW, "{fault:?} at step {n}");
                // Until the rename is done the old bytes stand.
                assert_eq!(held == OLD, n <= 4, "{fault:?} at step {n}");
                faulty.heal();
                let left = faulty.files().sweep_temporary(dir.path()).unwrap();
                assert_eq!(
                    left,
                    usize::from(fault == Fault::PowerCut && (1..=4).contains(&n))
                );
                assert_eq!(names(dir.path()), ["x"]);
            }
        }
    }

    #[test]
    fn control_plain_writing_does_leave_a_partial_file() {
        let dir = folder();
        let path = dir.path().join("x");
        let faulty = FaultyFiles::default();
        fs::write(&path, OLD).unwrap();
        faulty.fail_after(1, Fault::Torn(5));
        faulty.files().append(&path, 0, NEW).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"new bld bytes");
    }

    #[test]
    fn a_failed_fsync_is_final_and_never_tried_again() {
        let dir = folder();
        let path = dir.path().join("x");
        let faulty = FaultyFiles::default();
        faulty.files().append(&path, 0, NEW).unwrap();
        let before = faulty.steps().len();
        faulty.fail_after(1, Fault::Eio);
        let error = faulty.files().sync(&path).unwrap_err();
        assert!(matches!(error, FilesError::SyncFailed { .. }));
        assert_eq!(error.code(), "FIL-07");
        let syncs = faulty.steps()[before..]
            .iter()
            .filter(|(step, _)| *step == Step::SyncFile)
            .count();
        assert_eq!(syncs, 1);
    }

    #[test]
    fn a_full_or_locked_disk_is_named_so() {
        let dir = folder();
        let path = dir.path().join("x");
        for (fault, code) in [
            (Fault::NoSpace, "FIL-02"),
            (Fault::Quota, "FIL-02"),
            (Fault::ReadOnly, "FIL-03"),
            (Fault::Eio, "FIL-08"),
        ] {
            let faulty = FaultyFiles::default();
            faulty.fail_after(1, fault);
            assert_eq!(
                faulty.files().write_durably(&path, NEW).unwrap_err().code(),
                code
            );
        }
    }

    #[test]
    fn bytes_that_come_back_different_are_damage() {
        let dir = folder();
        let path = dir.path().join("x");
        fs::write(&path, b"one thing").unwrap();
        let files = OsFiles::default();
        let mut file = File::open(&path).unwrap();
        files.compare(&mut file, &path, b"one thing").unwrap();
        for other in [&b"one thinG"[..], b"one thin", b"one things", b""] {
            let compared = files.compare(&mut file, &path, other);
            assert!(matches!(compared, Err(FilesError::Damaged)));
        }
    }
}
