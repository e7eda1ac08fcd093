//! Many stations at once against one centre: does it complete, is anything lost, what does the centre hold in memory.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use qayd_sync_server::testing::Sizes;
use qayd_tests::{CentreProcess, LightStation};
use qayd_world::World;

use crate::figures::{Spread, folder, print_load, timed};

const MEMORY_KB: u64 = 1_000_000;

pub fn run(stations: usize, packets: usize) -> bool {
    let folder = folder();
    let mut centre = CentreProcess::make(&folder.path().join("centre"), "127.0.0.1");
    let invitations = centre.invitations("camp", stations);
    centre.serve("intake", &[]);
    let (url, authority) = (centre.url().to_owned(), centre.authority());
    let together = Arc::new(Barrier::new(stations + 1));
    let running: Vec<_> = invitations
        .into_iter()
        .map(|text| {
            // One after another: only the sending is meant to be a crowd.
            let mut station = LightStation::provision(&World::os(), &url, &authority, &text);
            let together = together.clone();
            thread::spawn(move || {
                station.seal(packets, Sizes::SMALL);
                together.wait();
                timed(|| station.sync())
            })
        })
        .collect();
    together.wait();
    let (ended, seconds) = timed(|| {
        running
            .into_iter()
            .map(|one| one.join().expect("a station gave up"))
            .collect::<Vec<_>>()
    });
    let confirmed: usize = ended.iter().map(|(confirmed, _)| confirmed).sum();
    let (held, bytes) = centre.packets();
    let memory_kb = centre.memory_peak_kb();
    println!("{stations} stations, {packets} packets each, all at once");
    println!(
        "  packets confirmed by verified receipts     {confirmed} of {}",
        stations * packets
    );
    println!("  packets in the centre's folder             {held}, {bytes} bytes");
    println!("  from the start of all to the end of all    {seconds:.1} s");
    Spread::of(ended.iter().map(|(_, seconds)| *seconds).collect()).print("  one station", "s");
    println!("  the centre's memory at its peak (VmHWM)    {memory_kb} kB");
    println!(
        "  the centre's CPU                           {:.1} s",
        centre.cpu_seconds()
    );
    print_load();
    confirmed == stations * packets && held == confirmed && memory_kb <= MEMORY_KB
}
