//! The slow link in short: an outage in the middle of every packet, the real commands at both ends.

#![allow(clippy::print_stderr, reason = "a skipped test says why")]

use qayd_tests::slow_link::{Shape, SlowLink, cross};

#[test]
fn a_link_that_comes_and_goes_costs_neither_a_packet_nor_many_bytes() {
    let mut link = match SlowLink::lay() {
        Ok(link) => link,
        Err(why) => {
            eprintln!("skipped: two network namespaces need root, or `unshare -Urnm`: {why}");
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let shape = Shape {
        kbit: 512,
        rtt_ms: 200,
        up_s: 4.0,
        down_s: 2.0,
        queue_bytes: 64_000,
    };
    let crossed = cross(&mut link, folder.path(), shape, 2, 150_000);
    assert_eq!(crossed.delivered, 2, "{crossed:?}");
    assert!(crossed.outages > 0, "the link never went away: {crossed:?}");
    assert!(
        crossed.offered_bytes >= crossed.packet_bytes,
        "the bytes went another way: {crossed:?}"
    );
    assert!(crossed.again_a_cut() <= 256_000, "{crossed:?}");
    assert!(crossed.seconds <= 60.0, "{crossed:?}");
}
