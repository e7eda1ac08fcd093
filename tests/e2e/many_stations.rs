//! Many stations at once. The same with 300 stations is `./x task bench-stations`.

use std::{sync::Arc, thread};

use qayd_sync_server::testing::Sizes;
use qayd_tests::{LightStation, Programme};

#[test]
fn twenty_stations_at_once_lose_nothing_and_get_one_receipt_for_each_packet() {
    const STATIONS: usize = 20;
    const PACKETS: usize = 5;
    let programme = Programme::start();
    let authority = std::fs::read_to_string(programme.folder().join("tls/ca.pem"))
        .map(Arc::<str>::from)
        .expect("the authority");
    let running: Vec<_> = (0..STATIONS)
        .map(|_| {
            let (world, url) = (programme.world().clone(), programme.url());
            let (authority, invitation) = (authority.clone(), programme.invitation("camp"));
            thread::spawn(move || {
                let mut station = LightStation::provision(&world, &url, &authority, &invitation);
                station.seal(PACKETS, Sizes::SMALL);
                let sent: Vec<_> = station
                    .packets
                    .iter()
                    .map(|packet| packet.manifest.manifest().packet)
                    .collect();
                (station.sync(), sent)
            })
        })
        .collect();
    let mut all = std::collections::BTreeSet::new();
    for one in running {
        let (confirmed, sent) = one.join().expect("a station gave up");
        assert_eq!(confirmed, PACKETS);
        all.extend(sent);
    }
    let register = programme.centre().register();
    let held = register
        .read(|connection| {
            let mut held = 0;
            for packet in &all {
                held += usize::from(
                    qayd_sync_server::intake::packet_in(connection, *packet)?.is_some(),
                );
            }
            Ok::<_, qayd_sync_server::RegisterError>(held)
        })
        .expect("the register answers");
    assert_eq!((all.len(), held), (STATIONS * PACKETS, STATIONS * PACKETS));
}
