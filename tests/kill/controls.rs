//! Controls: the checker reports what is broken, and a command that is not to die does not.

use std::io::{Seek, SeekFrom, Write};

use qayd_tests::Programme;
use tempfile::TempDir;

use crate::{
    SHORT, invitation,
    promises::{Entered, Ledger, Promise, look, violations},
    qayd::{Qayd, copy, files_in},
    release_at_once,
};

fn promises(found: &[crate::promises::Violation]) -> Vec<Promise> {
    let mut names: Vec<Promise> = found.iter().map(|v| v.promise).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn the_checker_reports_every_kind_of_damage_and_nothing_on_a_whole_folder() {
    let programme = Programme::start();
    let scratch = TempDir::new().unwrap();
    let qayd = Qayd::at(scratch.path().join("station"));
    let made = qayd.provision(&invitation(&programme, scratch.path(), "invitation"));
    let station = made["station"].as_str().unwrap().parse().unwrap();
    let mut ledger = Ledger::default();
    let mut seal = |seed: &str| {
        let sealed = qayd.ok(&["enrol", "--pack", SHORT, "--simulated", seed]);
        let text = |key: &str| sealed[key].as_str().unwrap().to_owned();
        ledger.packets.insert(text("packet"), text("packet_sha256"));
    };

    // Nothing dies that was not told to: a point that does not exist, and a passage that does not come.
    for point in ["no-such-point", "after-attempt-counted:2"] {
        let ended = qayd.with("QAYD_CRASH_AT", point).run(&["draft", "list"]);
        assert_eq!((ended.status, ended.signal), (Some(0), None), "{point}");
    }

    release_at_once(&programme, station);
    seal("1");
    qayd.ok(&["outbox", "send", "--patience", "5"]);
    seal("2");
    let old = scratch.path().join("old");
    copy(&qayd.data, &old);
    seal("3");
    let begun = ["enrol", "--pack", SHORT, "--simulated", "4"];
    qayd.dies_at("before-seal-file", &begun);

    let whole = look(&qayd, &programme, station);
    ledger.drafts = whole.drafts.clone();
    ledger.audit = whole.audit.unwrap();
    assert_eq!(promises(&violations(&whole, &ledger)), []);
    assert_eq!(
        (
            whole.rows.len(),
            whole.files.len(),
            whole.held.len(),
            whole.drafts.len()
        ),
        (3, 2, 1, 1)
    );

    // Folders that were really damaged.
    let damaged = |name: &str, damage: &dyn Fn(&Qayd)| {
        let copied = Qayd::at(scratch.path().join(name));
        copy(&qayd.data, &copied.data);
        damage(&copied);
        promises(&violations(&look(&copied, &programme, station), &ledger))
    };
    let first_packet = |at: &Qayd| files_in(&at.data.join("outbox")).swap_remove(0);
    let found = damaged("untouched", &|_| {});
    assert_eq!(found, [], "a copy is as good as the folder");
    let found = damaged("truncated", &|at| {
        let path = first_packet(at);
        let length = std::fs::metadata(&path).unwrap().len();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(length - 1).unwrap();
    });
    assert!(found.contains(&Promise::NoHalfPacket), "{found:?}");
    let found = damaged("altered", &|at| {
        let mut file = std::fs::File::options()
            .write(true)
            .open(first_packet(at))
            .unwrap();
        file.seek(SeekFrom::End(-100)).unwrap();
        file.write_all(&[0; 8]).unwrap();
    });
    assert!(found.contains(&Promise::NoHalfPacket), "{found:?}");
    let found = damaged("deleted", &|at| {
        std::fs::remove_file(first_packet(at)).unwrap();
    });
    assert_eq!(
        found,
        [
            Promise::NothingDeletedWithoutReceipt,
            Promise::ChainWithoutGap
        ]
    );
    let found = damaged("stray", &|at| {
        std::fs::File::create(at.data.join("outbox/left.part")).unwrap();
    });
    assert_eq!(found, [Promise::NoHalfPacket]);
    let found = damaged("database", &|at| {
        let path = at.data.join("station.db");
        let length = std::fs::metadata(&path).unwrap().len();
        let mut file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(length / 2).unwrap();
        file.write_all(&[0; 64]).unwrap();
    });
    assert!(
        found.contains(&Promise::NothingAcknowledgedIsLost),
        "{found:?}"
    );
    let earlier = look(&Qayd::at(&old), &programme, station);
    let found = promises(&violations(&earlier, &ledger));
    assert_eq!(
        found,
        [Promise::NothingAcknowledgedIsLost, Promise::ChainWithoutGap],
        "a folder of yesterday lacks a packet, a draft and audit entries"
    );

    // What no folder can be made to show, shown to the checker.
    let claimed = |change: &dyn Fn(&mut crate::promises::Seen)| {
        let mut seen = whole.clone();
        change(&mut seen);
        promises(&violations(&seen, &ledger))
    };
    let gap = claimed(&|seen| seen.rows[2].sequence = 4);
    assert_eq!(gap, [Promise::ChainWithoutGap]);
    let unlinked = claimed(&|seen| seen.files[1].previous = None);
    assert_eq!(unlinked, [Promise::ChainWithoutGap]);
    let reused = claimed(&|seen| seen.files[1].sequence = 2);
    assert_eq!(reused, [Promise::ChainWithoutGap]);
    let trail = claimed(&|seen| seen.audit = None);
    assert_eq!(trail, [Promise::ChainWithoutGap]);
    let never_arrived = claimed(&|seen| seen.held.clear());
    assert!(never_arrived.contains(&Promise::NothingDeletedWithoutReceipt));
    let other_bytes = claimed(&|seen| seen.held[0].sha256.replace_range(..2, "zz"));
    assert_eq!(other_bytes, [Promise::NothingDeletedWithoutReceipt]);
    let twice = claimed(&|seen| seen.held.push(seen.held[0].clone()));
    assert_eq!(twice, [Promise::NothingTwice]);
    let both = claimed(&|seen| {
        let enrolment = seen.rows[0].enrolment.clone();
        seen.drafts.insert(enrolment, Entered::default());
    });
    assert_eq!(both, [Promise::NothingTwice]);
    let field = claimed(&|seen| {
        for draft in seen.drafts.values_mut() {
            draft.fields.pop_last();
        }
    });
    assert_eq!(field, [Promise::NothingAcknowledgedIsLost]);
    let sample = claimed(&|seen| {
        for draft in seen.drafts.values_mut() {
            draft.samples -= 1;
        }
    });
    assert_eq!(sample, [Promise::NothingAcknowledgedIsLost]);
}
