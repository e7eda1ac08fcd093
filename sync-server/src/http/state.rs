//! What every request of the stations' side shares.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{authentication::Slots, limits::Limits, nonces::Nonces, tails::Tails};
use crate::centre::Centre;

/// Clones share everything.
#[derive(Clone)]
pub(super) struct Edge {
    pub centre: Centre,
    pub nonces: Arc<Nonces>,
    pub limits: Arc<Limits>,
    pub slots: Slots,
    /// Bodies of uploads in progress.
    pub uploads: Arc<Semaphore>,
    /// Packets on their way to the disk whose senders were answered.
    pub tails: Tails,
}

impl Edge {
    pub(super) fn new(centre: Centre, limits: Arc<Limits>) -> Self {
        Self {
            nonces: Arc::new(Nonces::new(centre.world())),
            uploads: Arc::new(Semaphore::new(limits.uploads)),
            slots: Slots::default(),
            tails: Tails::default(),
            centre,
            limits,
        }
    }
}
