//! Upload: the station's client as a state machine, without I/O.
//!
//! In: what the centre answered, what the link did, time gone by. Out: one thing to do next.
//! Never: skips a byte that the centre did not say it holds; goes back below what the centre acknowledged, unless the
//! centre itself says it stands lower; waits for ever on a link that works.
//!
//! The driver: `loop { match upload.next(random) { … do it …; upload.take(input) } }` until [`Output::Done`] or
//! [`Output::Stopped`]. Each output is answered by exactly one `take`, except `Stuck`, `Done` and `Stopped`, which ask for
//! none; [`Input::Progress`] may come at any time besides.
//!
//!   SendOffer ─► plan ─► Patch ─► Patch ─► … ─► FetchReceipts ─► Done
//!       ▲                 │ link lost
//!       │ upload gone     ▼
//!       └───────────── Wait ─► Head ─► Patch from where the centre stands

mod backoff;

use std::collections::{BTreeMap, VecDeque};

use qayd_model::{PacketId, UploadId};

use crate::{Offer, OfferAnswer, PlannedSend, RefusalReason, SyncError, WantedState};

pub use backoff::{Backoff, WAIT_MS_MAX, WAIT_MS_MIN};

/// How often one packet may lose its upload, be left out of an answer, or be set back, before it needs a human.
pub const SETBACKS_MAX: u32 = 8;
/// How often receipts that should be there are asked for in one contact.
pub const RECEIPT_ROUNDS_MAX: u32 = 5;

/// A packet that waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedPacket {
    /// Which.
    pub packet: PacketId,
    /// Length of its file; not 0.
    pub length: u64,
}

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Offer these packets' manifests, in this order.
    SendOffer {
        /// At most [`Upload::with_offer_size`] of them.
        packets: Vec<PacketId>,
    },
    /// Ask where the centre stands.
    Head {
        /// Which packet.
        packet: PacketId,
        /// Its upload.
        upload: UploadId,
    },
    /// Send bytes `from` to `until`, exclusive, of the packet's file.
    Patch {
        /// Which packet.
        packet: PacketId,
        /// Its upload.
        upload: UploadId,
        /// Where to begin.
        from: u64,
        /// Where to end; more than `from`.
        until: u64,
    },
    /// Wait; ended early by news that the link is back. Answer with [`Input::Waited`].
    Wait {
        /// For how long.
        ms: u64,
    },
    /// Ask for receipts, and for the inbox too.
    FetchReceipts,
    /// This packet needs a human; everything else goes on.
    Stuck {
        /// Which packet.
        packet: PacketId,
        /// Why.
        reason: StuckReason,
    },
    /// Nothing is left to do in this contact.
    Done {
        /// All bytes are at the centre, but the receipt was not there yet.
        unconfirmed: Vec<PacketId>,
    },
    /// No packet can be sent until somebody acts; the error said why.
    Stopped,
}

/// Why a packet needs a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StuckReason {
    /// The centre will never take it as it is.
    #[error("the centre refused it: {0}")]
    Refused(RefusalReason),
    /// The centre speaks of another length than the file has.
    #[error("the centre expects another length")]
    LengthDiffers,
    /// Its upload was lost or set back again and again, or it was left out of the centre's answers.
    #[error("the centre did not keep its bytes")]
    NotKept,
    /// The centre will not take so long a packet.
    #[error("longer than the centre takes")]
    TooLarge,
    /// The station's own file cannot be read.
    #[error("the station's own file cannot be read")]
    OwnFile,
}

impl StuckReason {
    /// Stable code: `UPL-01` to `UPL-05`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused(_) => "UPL-01",
            Self::LengthDiffers => "UPL-02",
            Self::NotKept => "UPL-03",
            Self::TooLarge => "UPL-04",
            Self::OwnFile => "UPL-05",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The centre answered the offer.
    OfferAnswered(OfferAnswer),
    /// The centre stands here: the answer to a `Head` or a `Patch`, or to a `Patch` that began elsewhere.
    OffsetLearnt {
        /// How many bytes it holds.
        offset: u64,
    },
    /// The link acknowledged some bytes of the running call: it works. May come at any time and asks for nothing.
    Progress,
    /// The call failed for now: no connection, silence, a broken connection, a centre that fails.
    LinkLost,
    /// The centre asks for time.
    Busy {
        /// How long it asks for.
        retry_after_ms: Option<u64>,
    },
    /// The centre knows no such upload.
    UploadGone,
    /// This packet cannot go on.
    PacketStuck(StuckReason),
    /// Nothing can go on.
    Halted,
    /// The wait is over.
    Waited,
    /// Receipts came, verified and kept by the driver.
    ReceiptsFetched {
        /// The packets that have one now.
        packets: Vec<PacketId>,
    },
}

impl Input {
    /// What a failed call means for the upload.
    pub fn of_error(error: &SyncError) -> Self {
        match error {
            SyncError::Unreachable { .. }
            | SyncError::TimedOut
            | SyncError::Interrupted { .. }
            | SyncError::CentreFailed { .. } => Self::LinkLost,
            SyncError::Busy { retry_after_ms } => Self::Busy {
                retry_after_ms: *retry_after_ms,
            },
            SyncError::OffsetMismatch { server, .. } => Self::OffsetLearnt { offset: server.0 },
            SyncError::UnknownUpload => Self::UploadGone,
            SyncError::Refused { reason } if is_about_the_station(*reason) => Self::Halted,
            SyncError::Refused { reason } => Self::PacketStuck(StuckReason::Refused(*reason)),
            SyncError::TooLarge => Self::PacketStuck(StuckReason::TooLarge),
            SyncError::Storage { .. } => Self::PacketStuck(StuckReason::OwnFile),
            SyncError::VersionUnsupported
            | SyncError::Unauthenticated
            | SyncError::Untrusted { .. }
            | SyncError::PeerMisbehaved { .. }
            | SyncError::Message(_) => Self::Halted,
        }
    }
}

const fn is_about_the_station(reason: RefusalReason) -> bool {
    matches!(
        reason,
        RefusalReason::UnknownStation
            | RefusalReason::RevokedStation
            | RefusalReason::ExpiredStation
    )
}

/// Where one packet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not offered yet, or its upload was lost.
    Waiting,
    /// The centre wants it, and holds `offset` bytes.
    Wanted { upload: UploadId, offset: u64 },
    /// All bytes are there; its receipt is not.
    Delivered,
    /// Its receipt is here.
    Confirmed,
    /// It needs a human.
    Stuck,
}

#[derive(Debug, Clone, Copy)]
struct Tracked {
    length: u64,
    stage: Stage,
    setbacks: u32,
}

/// A step of the centre's plan. The centre plans each offer by itself; the first steps of all packets, of whichever
/// offer, go before their second steps.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// How many steps of the same packet come before it in the same plan.
    round: usize,
    send: PlannedSend,
}

/// The call that the driver is making.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Running {
    Nothing,
    Offer(Vec<PacketId>),
    Head(PacketId),
    Patch { packet: PacketId, from: u64 },
    Receipts,
    Wait,
}

/// One contact with the centre, from the first offer to the last receipt.
#[derive(Debug)]
pub struct Upload {
    order: Vec<PacketId>,
    packets: BTreeMap<PacketId, Tracked>,
    plan: VecDeque<Step>,
    running: Running,
    backoff: Backoff,
    /// A wait that comes before anything else.
    wait_first: Option<u64>,
    waiting_for_link: bool,
    /// The upload whose offset is in doubt since the link broke.
    in_doubt: Option<PacketId>,
    newly_stuck: VecDeque<(PacketId, StuckReason)>,
    offer_size: usize,
    /// Delivered since receipts were last fetched.
    fresh_deliveries: usize,
    receipt_rounds: u32,
    receipts_wait: bool,
    stopped: bool,
}

impl Upload {
    /// A contact that sends these packets, in this order where the centre has no wish.
    pub fn new(queue: impl IntoIterator<Item = QueuedPacket>) -> Self {
        let mut order = Vec::new();
        let mut packets = BTreeMap::new();
        for QueuedPacket { packet, length } in queue {
            let tracked = Tracked {
                length,
                stage: Stage::Waiting,
                setbacks: 0,
            };
            if packets.insert(packet, tracked).is_none() {
                order.push(packet);
            }
        }
        Self {
            order,
            packets,
            plan: VecDeque::new(),
            running: Running::Nothing,
            backoff: Backoff::default(),
            wait_first: None,
            waiting_for_link: false,
            in_doubt: None,
            newly_stuck: VecDeque::new(),
            offer_size: 100,
            fresh_deliveries: 0,
            receipt_rounds: 0,
            receipts_wait: false,
            stopped: false,
        }
    }

    /// How many manifests one offer holds, 1 to 500; 100 unless told. Few on slow links: a manifest has about 1 kB.
    #[must_use]
    pub fn with_offer_size(mut self, manifests: usize) -> Self {
        self.offer_size = manifests.clamp(1, Offer::MANIFESTS_MAX);
        self
    }

    /// What to do next; asked once after each input. `random` is fresh randomness, for the jitter of waits alone.
    pub fn next(&mut self, random: u64) -> Output {
        if let Some((packet, reason)) = self.newly_stuck.pop_front() {
            return Output::Stuck { packet, reason };
        }
        if self.stopped {
            return Output::Stopped;
        }
        if self.waiting_for_link {
            self.waiting_for_link = false;
            let asked = self.wait_first.take().unwrap_or(0);
            self.running = Running::Wait;
            return Output::Wait {
                ms: self.backoff.next_ms(random).max(asked),
            };
        }
        if let Some(packet) = self.in_doubt {
            if let Some((upload, _)) = self.wanted(packet) {
                self.running = Running::Head(packet);
                return Output::Head { packet, upload };
            }
            self.in_doubt = None;
        }
        if self.fresh_deliveries >= RECEIPTS_EVERY {
            self.running = Running::Receipts;
            return Output::FetchReceipts;
        }
        let waiting: Vec<_> = self
            .order
            .iter()
            .copied()
            .filter(|packet| self.stage(*packet) == Some(Stage::Waiting))
            .take(self.offer_size)
            .collect();
        // What is needed most of every packet goes before the rest of any: all are offered before second steps.
        self.drop_reached_steps();
        let first_step = self.plan.front().is_some_and(|step| step.round == 0);
        if !waiting.is_empty() && !first_step {
            self.running = Running::Offer(waiting.clone());
            return Output::SendOffer { packets: waiting };
        }
        if let Some(patch) = self.next_patch(waiting.is_empty()) {
            return patch;
        }
        // Once in every contact, for receipts of an earlier one may be there.
        let unconfirmed = self.unconfirmed();
        if self.receipt_rounds == 0
            || (!unconfirmed.is_empty() && self.receipt_rounds < RECEIPT_ROUNDS_MAX)
        {
            if self.receipts_wait {
                self.receipts_wait = false;
                self.running = Running::Wait;
                return Output::Wait {
                    ms: self.backoff.next_ms(random),
                };
            }
            self.running = Running::Receipts;
            return Output::FetchReceipts;
        }
        self.running = Running::Nothing;
        Output::Done { unconfirmed }
    }

    /// Takes in what happened to the call that [`Self::next`] asked for.
    pub fn take(&mut self, input: Input) {
        if input == Input::Progress {
            self.backoff.reset();
            return;
        }
        let running = core::mem::replace(&mut self.running, Running::Nothing);
        match (input, running) {
            (Input::Halted, _) => self.stopped = true,
            (Input::Waited, _) => {}
            (Input::OfferAnswered(answer), Running::Offer(offered)) => {
                self.offered(&offered, answer)
            }
            (Input::OffsetLearnt { offset }, Running::Head(packet)) => {
                self.in_doubt = None;
                self.stands_at(packet, offset, None);
            }
            (Input::OffsetLearnt { offset }, Running::Patch { packet, from }) => {
                self.stands_at(packet, offset, Some(from));
            }
            (Input::LinkLost, call) => {
                self.doubt(&call);
                self.waiting_for_link = true;
            }
            (Input::Busy { retry_after_ms }, call) => {
                self.doubt(&call);
                self.waiting_for_link = true;
                // An hour is more than any honest centre asks for.
                self.wait_first = retry_after_ms.map(|ms| ms.min(3_600_000));
            }
            (Input::UploadGone, Running::Head(packet) | Running::Patch { packet, .. }) => {
                self.in_doubt = None;
                self.set_stage(packet, Stage::Waiting);
                self.set_back(packet);
            }
            (Input::PacketStuck(reason), Running::Head(packet) | Running::Patch { packet, .. }) => {
                self.stick(packet, reason);
            }
            (Input::PacketStuck(reason), Running::Offer(offered)) => self.narrow(&offered, reason),
            (Input::ReceiptsFetched { packets }, Running::Receipts) => self.receipts(&packets),
            // Our own storage fails, or a refusal that is about no packet: nothing that follows would do better.
            (Input::PacketStuck(_), _) => self.stopped = true,
            // An answer that fits no call. The call is made again, but not at once.
            _ => self.waiting_for_link = true,
        }
    }

    /// All bytes are at the centre and the receipt is not here.
    pub fn unconfirmed(&self) -> Vec<PacketId> {
        let delivered = |packet: &PacketId| self.stage(*packet) == Some(Stage::Delivered);
        self.order.iter().copied().filter(delivered).collect()
    }

    /// How many bytes of a packet the centre said that it holds.
    pub fn acknowledged(&self, packet: PacketId) -> Option<u64> {
        let tracked = self.packets.get(&packet)?;
        Some(match tracked.stage {
            Stage::Wanted { offset, .. } => offset,
            Stage::Delivered | Stage::Confirmed => tracked.length,
            Stage::Waiting | Stage::Stuck => 0,
        })
    }

    fn stage(&self, packet: PacketId) -> Option<Stage> {
        self.packets.get(&packet).map(|tracked| tracked.stage)
    }

    fn wanted(&self, packet: PacketId) -> Option<(UploadId, u64)> {
        match self.stage(packet) {
            Some(Stage::Wanted { upload, offset }) => Some((upload, offset)),
            _ => None,
        }
    }

    fn set_stage(&mut self, packet: PacketId, stage: Stage) {
        if let Some(tracked) = self.packets.get_mut(&packet) {
            tracked.stage = stage;
        }
    }

    fn stick(&mut self, packet: PacketId, reason: StuckReason) {
        if self.in_doubt == Some(packet) {
            self.in_doubt = None;
        }
        if !matches!(self.stage(packet), None | Some(Stage::Stuck)) {
            self.set_stage(packet, Stage::Stuck);
            self.newly_stuck.push_back((packet, reason));
        }
    }

    /// One more thing went wrong with this packet alone. Waits before the next try; too many need a human.
    fn set_back(&mut self, packet: PacketId) {
        let Some(tracked) = self.packets.get_mut(&packet) else {
            return;
        };
        tracked.setbacks += 1;
        if tracked.setbacks > SETBACKS_MAX {
            self.stick(packet, StuckReason::NotKept);
        } else {
            self.waiting_for_link = true;
        }
    }

    /// After a broken call the centre's offset is unknown.
    fn doubt(&mut self, call: &Running) {
        if let Running::Head(packet) | Running::Patch { packet, .. } = call {
            self.in_doubt = Some(*packet);
        }
    }

    /// The offer as a whole was refused: each manifest is offered alone, until the one that is meant is found.
    fn narrow(&mut self, offered: &[PacketId], reason: StuckReason) {
        match offered {
            [packet] => self.stick(*packet, reason),
            _ => self.offer_size = (offered.len() / 2).max(1),
        }
    }

    fn offered(&mut self, offered: &[PacketId], answer: OfferAnswer) {
        self.backoff.reset();
        for state in &answer.packets {
            if !offered.contains(&state.packet) {
                continue;
            }
            match (state.state, self.packets.get(&state.packet)) {
                (WantedState::Held, _) => self.delivered(state.packet),
                (WantedState::Refused(reason), _) => {
                    self.stick(state.packet, StuckReason::Refused(reason));
                }
                (
                    WantedState::Wanted {
                        upload,
                        offset,
                        length,
                    },
                    Some(tracked),
                ) if length == tracked.length => {
                    self.set_stage(state.packet, Stage::Wanted { upload, offset: 0 });
                    self.stands_at(state.packet, offset, None);
                }
                (WantedState::Wanted { .. }, _) => {
                    self.stick(state.packet, StuckReason::LengthDiffers);
                }
            }
        }
        for packet in offered {
            if self.stage(*packet) == Some(Stage::Waiting) {
                self.set_back(*packet);
            }
        }
        let mut rounds = BTreeMap::new();
        for send in answer.plan {
            let next = rounds.entry(send.packet).or_insert(0_usize);
            self.plan.push_back(Step { round: *next, send });
            *next += 1;
        }
        self.plan.make_contiguous().sort_by_key(|step| step.round);
    }

    /// The centre says where it stands. `from` is where our own bytes began, when there were any.
    fn stands_at(&mut self, packet: PacketId, offset: u64, from: Option<u64>) {
        let Some(tracked) = self.packets.get(&packet) else {
            return;
        };
        let (
            length,
            Stage::Wanted {
                upload,
                offset: before,
            },
        ) = (tracked.length, tracked.stage)
        else {
            return;
        };
        if offset > length {
            self.stick(packet, StuckReason::LengthDiffers);
            return;
        }
        if offset > before {
            self.backoff.reset();
        }
        self.set_stage(packet, Stage::Wanted { upload, offset });
        // It lost bytes, or took none of those that were sent: allowed, but not for ever.
        if offset < before || from.is_some_and(|from| offset <= from) {
            self.set_back(packet);
        } else if offset == length {
            self.delivered(packet);
        }
    }

    fn delivered(&mut self, packet: PacketId) {
        if !matches!(
            self.stage(packet),
            None | Some(Stage::Confirmed | Stage::Delivered)
        ) {
            self.set_stage(packet, Stage::Delivered);
            self.fresh_deliveries += 1;
        }
    }

    fn receipts(&mut self, packets: &[PacketId]) {
        self.fresh_deliveries = 0;
        for packet in packets {
            if !matches!(self.stage(*packet), None | Some(Stage::Confirmed)) {
                self.set_stage(*packet, Stage::Confirmed);
                self.backoff.reset();
            }
        }
        let all_sent = !self
            .packets
            .values()
            .any(|tracked| matches!(tracked.stage, Stage::Waiting | Stage::Wanted { .. }));
        if all_sent {
            self.receipt_rounds += 1;
            self.receipts_wait = true;
        }
    }

    /// Forgets the steps at the head of the plan that are reached, or that lead nowhere.
    fn drop_reached_steps(&mut self) {
        while let Some(Step { send, .. }) = self.plan.front() {
            match self.wanted(send.packet) {
                Some((upload, offset)) if upload == send.upload && send.until > offset => return,
                _ => self.plan.pop_front(),
            };
        }
    }

    /// The next bytes to send: the plan's next step, with the steps of the same packet that follow it at once; then, packet
    /// by packet, what the plan left out.
    fn next_patch(&mut self, all_offered: bool) -> Option<Output> {
        if let Some(Step { round, send }) = self.plan.front().copied() {
            let (upload, offset) = self.wanted(send.packet)?;
            let follows = |step: &&Step| {
                step.send.packet == send.packet && (all_offered || step.round == round)
            };
            let adjacent = self.plan.iter().take_while(follows);
            let until = adjacent
                .map(|step| step.send.until)
                .max()
                .unwrap_or(send.until);
            return Some(self.patch(send.packet, upload, offset, until));
        }
        let packet = self
            .order
            .iter()
            .copied()
            .find(|packet| self.wanted(*packet).is_some())?;
        let (upload, offset) = self.wanted(packet)?;
        Some(self.patch(packet, upload, offset, u64::MAX))
    }

    fn patch(&mut self, packet: PacketId, upload: UploadId, from: u64, until: u64) -> Output {
        let length = self
            .packets
            .get(&packet)
            .map_or(0, |tracked| tracked.length);
        self.running = Running::Patch { packet, from };
        Output::Patch {
            packet,
            upload,
            from,
            until: until.min(length),
        }
    }
}

/// After so many deliveries receipts are fetched without waiting for the rest.
const RECEIPTS_EVERY: usize = 16;

#[cfg(test)]
mod tests;
