//! Tails: packets that were accepted and are still on their way to the disk, by station.
//!
//! In: a packet accepted, a packet done. Out: leave to answer early, and the moment when nothing of a station is on its way.
//! Never: more than a few of one station, so that a fast link waits for a slow disk after all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use qayd_model::StationId;
use tokio::{sync::Notify, time::timeout};

/// Packets of one station that may be on their way at the same time.
const TAILS_PER_STATION: usize = 4;

/// Clones share everything.
#[derive(Clone, Default)]
pub(super) struct Tails {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    running: Mutex<HashMap<StationId, usize>>,
    one_ended: Notify,
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, HashMap<StationId, usize>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One packet on its way; it has arrived, or failed, when this is dropped.
pub(super) struct Tail {
    inner: Arc<Inner>,
    station: StationId,
}

impl Tails {
    /// Leave for one packet more; `None` when enough of this station are on their way.
    pub(super) fn begin(&self, station: StationId) -> Option<Tail> {
        let mut running = self.inner.running();
        let count = running.entry(station).or_default();
        if *count >= TAILS_PER_STATION {
            return None;
        }
        *count += 1;
        Some(Tail {
            inner: self.inner.clone(),
            station,
        })
    }

    /// Waits until nothing of a station is on its way, and no longer than `at_most`.
    pub(super) async fn settled(&self, station: StationId, at_most: Duration) {
        let settled = async {
            loop {
                // Asked for before looking, so that an end between the two is not missed.
                let ended = self.inner.one_ended.notified();
                if !self.inner.running().contains_key(&station) {
                    return;
                }
                ended.await;
            }
        };
        // Whoever waited too long is told what there is.
        let _ = timeout(at_most, settled).await;
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let mut running = self.inner.running();
        if let Some(count) = running.get_mut(&self.station) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.station);
            }
        }
        drop(running);
        self.inner.one_ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    fn station(byte: u8) -> StationId {
        StationId::from_bytes([byte; 16])
    }

    #[tokio::test]
    async fn whoever_waits_waits_for_their_own_station_and_for_all_of_it() {
        let tails = Tails::default();
        let at_once = |byte| timeout(SOON, tails.settled(station(byte), LONG));
        at_once(1).await.expect("there is nothing to wait for");
        let (first, second) = (tails.begin(station(1)), tails.begin(station(1)));
        at_once(2).await.expect("there is nothing of this station");
        assert!(at_once(1).await.is_err(), "two are on their way");
        let waiting = tokio::spawn({
            let tails = tails.clone();
            async move { tails.settled(station(1), LONG).await }
        });
        drop(first);
        tokio::time::sleep(SOON).await;
        assert!(!waiting.is_finished(), "one is still on its way");
        drop(second);
        waiting.await.unwrap();
        let _third = tails.begin(station(1));
        let short = tails.settled(station(1), SOON);
        timeout(LONG, short).await.expect("the wait has an end");
    }

    #[test]
    fn a_station_has_only_a_few_on_their_way() {
        let tails = Tails::default();
        let mut held: Vec<_> = (0..TAILS_PER_STATION)
            .map(|_| tails.begin(station(1)).unwrap())
            .collect();
        assert!(tails.begin(station(1)).is_none());
        assert!(tails.begin(station(2)).is_some());
        held.pop();
        assert!(tails.begin(station(1)).is_some());
    }
}
