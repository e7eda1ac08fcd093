//! Intake beside a plain writer of the same bytes, in the same run: 2 MB packets, 1 and 64 connections.
//!
//! The intake's time goes from the first offer to the last verified receipt over HTTPS, with client and server sharing
//! the machine. The plain writer makes a file for each packet, writes it and fsyncs it, from as many threads.

use std::{fs::File, io::Write, path::Path, thread};

use qayd_sync_server::testing::Sizes;
use qayd_tests::{CentreProcess, LightStation, own_cpu_seconds};
use qayd_world::World;

use crate::figures::{Spread, folder, print_load, timed};

const REACH: f64 = 0.6;
/// With the manifest and what sealing adds: 2 MB.
const TWO_MB: Sizes = Sizes {
    portrait: 180_000,
    fingers: 900_000,
    document: 900_000,
};

pub fn run(rounds: usize) -> bool {
    let folder = folder();
    let world = World::os();
    let mut centre = CentreProcess::make(&folder.path().join("centre"), "127.0.0.1");
    let invitations = centre.invitations("camp", 64);
    centre.serve("intake", &[]);
    let mut stations: Vec<_> = invitations
        .iter()
        .map(|text| LightStation::provision(&world, centre.url(), &centre.authority(), text))
        .collect();
    let plain = folder.path().join("plain");
    std::fs::create_dir(&plain).expect("a folder");
    let mut reached = true;
    for (connections, packets) in [(1, 48), (64, 4)] {
        let stations = &mut stations[..connections];
        let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cpu, mut client_cpu) = (Vec::new(), Vec::new());
        // The first round warms up: connections, page tables, the disk's own cache.
        for round in 0..=rounds {
            for station in stations.iter_mut() {
                station.packets.clear();
                station.seal(packets, TWO_MB);
            }
            let count = (connections * packets) as f64;
            // Who goes first changes, so that neither always meets the other's dirty pages.
            let (written, (taken, used, client)) = if round % 2 == 0 {
                let written = write_plain(&plain, stations);
                (written, take_in(&centre, stations))
            } else {
                let taken = take_in(&centre, stations);
                (write_plain(&plain, stations), taken)
            };
            if round > 0 {
                ratios.push(written / taken);
                ours.push(count / taken);
                theirs.push(count / written);
                cpu.push(used * 1_000.0 / count);
                client_cpu.push(client * 1_000.0 / count);
            }
        }
        let ratio = Spread::of(ratios);
        println!("{connections} connection(s), {packets} packets of 2 MB each a round");
        Spread::of(theirs).print("  plain write and fsync", "packets/s");
        Spread::of(ours).print("  intake, durable, receipted", "packets/s");
        Spread::of(cpu).print("  the centre's CPU", "ms a packet");
        Spread::of(client_cpu).print("  the client's CPU", "ms a packet");
        ratio.print("  intake / plain", "");
        print_load();
        reached &= ratio.median >= REACH;
    }
    reached
}

fn take_in(centre: &CentreProcess, stations: &mut [LightStation]) -> (f64, f64, f64) {
    let cpu = (centre.cpu_seconds(), own_cpu_seconds());
    let (confirmed, seconds) = timed(|| {
        thread::scope(|scope| {
            let running: Vec<_> = stations
                .iter_mut()
                .map(|station| scope.spawn(move || station.send_whole()))
                .collect();
            let confirmed = running.into_iter().map(|one| one.join().expect("it ends"));
            confirmed.sum::<usize>()
        })
    });
    let sent: usize = stations.iter().map(|station| station.packets.len()).sum();
    assert_eq!(confirmed, sent, "packets without a receipt");
    (
        seconds,
        centre.cpu_seconds() - cpu.0,
        own_cpu_seconds() - cpu.1,
    )
}

fn write_plain(folder: &Path, stations: &[LightStation]) -> f64 {
    let ((), seconds) = timed(|| {
        thread::scope(|scope| {
            for (number, station) in stations.iter().enumerate() {
                scope.spawn(move || {
                    for (place, packet) in station.packets.iter().enumerate() {
                        let path = folder.join(format!("{number}-{place}"));
                        let mut file = File::create_new(path).expect("a file");
                        file.write_all(&packet.bytes).expect("written");
                        file.sync_all().expect("synced");
                    }
                });
            }
        });
    });
    for entry in std::fs::read_dir(folder).expect("the folder") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("removed");
    }
    seconds
}
