//! The centre's CPU for one packet with ten fingers: taken in, verified, opened, extracted, compared, indexed.

use std::{thread, time::Duration};

use qayd_tests::{
    CentreProcess,
    process::{binary, with_passphrases},
};

use crate::figures::{Spread, folder, print_load};

const REACH_S: f64 = 0.5;
/// An idle process of the centre uses less than this in the same time: the examination has ended.
const IDLE: f64 = 0.02;

pub fn run(packets: usize) -> bool {
    let folder = folder();
    let mut centre = CentreProcess::make(&folder.path().join("centre"), "127.0.0.1");
    let invitation = folder.path().join("camp.qayd-invitation");
    let text = centre.invitations("camp", 1).remove(0);
    std::fs::File::create(&invitation)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .expect("the invitation");
    centre.serve("all", &[]);
    let data = folder.path().join("station");
    let qayd = |operator: &str, words: &[&str]| {
        let mut command = std::process::Command::new(binary("qayd"));
        command
            .args(["--json", "--operator", operator, "--supervisor", "samira"])
            .arg("--data")
            .arg(&data)
            .args(words);
        with_passphrases(&mut command);
        let output = command.output().expect("qayd runs");
        assert!(
            output.status.success(),
            "qayd {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let invitation = invitation.to_string_lossy().into_owned();
    qayd(
        "samira",
        &["station", "provision", "--invitation", &invitation],
    );
    qayd("samira", &["operator", "add", "karim"]);
    let mut used = Vec::new();
    for seed in 0..packets {
        let seed = (seed + 1).to_string();
        let pack = "national-card-first-issue";
        qayd("karim", &["enrol", "--pack", pack, "--simulated", &seed]);
        let before = centre.cpu_seconds();
        qayd("karim", &["outbox", "send"]);
        used.push(settled(&centre) - before);
    }
    let (held, bytes) = centre.packets();
    assert_eq!(held, packets, "packets are missing");
    println!("{held} packets of {} bytes on average", bytes / held as u64);
    let spread = Spread::of(used);
    spread.print("  the centre's CPU", "s a packet");
    print_load();
    spread.median <= REACH_S
}

/// CPU seconds once the process has come to rest.
fn settled(centre: &CentreProcess) -> f64 {
    let mut before = centre.cpu_seconds();
    loop {
        thread::sleep(Duration::from_millis(1_500));
        let now = centre.cpu_seconds();
        if now - before <= IDLE {
            return now;
        }
        before = now;
    }
}
