//! Two packets of 1.5 MB from the real `qayd` to the real `qayd-server` over a satellite link that comes and goes.

use qayd_tests::slow_link::{Shape, SlowLink, cross};

use crate::figures::{Spread, folder, print_load};

const REACH_S: f64 = 115.0;
const REACH_AGAIN: u64 = 256_000;
const SHAPE: Shape = Shape {
    kbit: 512,
    rtt_ms: 600,
    up_s: 20.0,
    down_s: 10.0,
    queue_bytes: 64_000,
};

pub fn run(runs: usize) -> bool {
    let mut link = match SlowLink::lay() {
        Ok(link) => link,
        Err(why) => {
            println!("needs root, or `unshare -Urnm`: {why}");
            return false;
        }
    };
    let (mut seconds, mut again) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let folder = folder();
        let crossed = cross(&mut link, folder.path(), SHAPE, 2, 1_490_000);
        println!("{crossed:?}");
        assert_eq!(crossed.delivered, 2, "a packet did not arrive");
        seconds.push(crossed.seconds);
        again.push(crossed.again_a_cut() as f64);
    }
    println!("2 packets of 1.5 MB, 512 kbit/s, 600 ms, 20 s up and 10 s down");
    let (seconds, again) = (Spread::of(seconds), Spread::of(again));
    seconds.print("  from the first call to the last receipt", "s");
    again.print("  bytes on the wire beyond the packets'", "a cut");
    print_load();
    seconds.median <= REACH_S && again.max <= REACH_AGAIN as f64
}
