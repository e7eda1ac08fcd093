use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use qayd_crypto::{SigningKey, sha256};
use qayd_model::{
    ByteCount, Decision, FingerPosition, PacketId, Return, Sha256Digest, Source, StationId, UnixMs,
    UploadId,
};
use qayd_packet::SignedManifest;
use qayd_protocol::trust::sign;
use qayd_protocol::{
    AuditBatch, DecisionMessage, Hello, InboxBody, InboxItem, Offer, OfferAnswer, Outcome,
    PacketState, PlannedSend, Policy, ProvisionAnswer, ProvisionRequest, Receipt, RefusalReason,
    SignedTime, SyncApi, SyncError, UploadBody, WantedState, inbox as wire, receipt,
};

use super::*;
use crate::enrolment::SealedPacket;
use crate::inbox;
use crate::outbox::{self, OutboxState, StuckReason};
use crate::testing::{NOON, TestCentre, TestStation, overwrite, sample};

/// A centre of one desk, in memory, on a link that can be cut.
struct Desk {
    centre: TestCentre,
    station: StationId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    offline: bool,
    /// Each upload call in turn takes so many bytes, then the link breaks.
    cuts: VecDeque<usize>,
    /// The link does not come back after a cut.
    dies: bool,
    refuses: Option<RefusalReason>,
    level: u8,
    /// Signs receipts with a key that is not the centre's.
    forges: bool,
    uploads: BTreeMap<UploadId, Upload>,
    receipts: Vec<Vec<u8>>,
    inbox: Vec<Vec<u8>>,
    offers: usize,
    audit: u64,
}

struct Upload {
    packet: PacketId,
    manifest: Sha256Digest,
    bytes: Vec<u8>,
    length: usize,
}

impl Desk {
    fn of(bench: &TestStation) -> Self {
        let state = State {
            level: 1,
            ..State::default()
        };
        Self {
            centre: TestCentre::default(),
            station: bench.station.identity().station,
            state: Mutex::new(state),
        }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    fn tell(&self, body: InboxBody) {
        self.set(|state| {
            let item = InboxItem {
                number: state.inbox.len() as u64 + 1,
                station: self.station,
                previous: state.inbox.last().map(|bytes| sha256(bytes)),
                time: NOON,
                body,
            };
            state.inbox.push(wire::make(&item, &self.centre.centre));
        });
    }

    fn decide(&self, sealed: &SealedPacket, decision: Decision) {
        self.tell(InboxBody::Decision(DecisionMessage {
            packet: sealed.packet,
            enrolment: sealed.enrolment,
            version: sealed.version,
            decision,
            decided_by: qayd_model::StaffId::from_bytes([6; 16]),
            held: None,
        }));
    }

    fn policy(&self, version: u32, change: impl FnOnce(&mut Policy)) {
        let argon = qayd_crypto::ArgonParams::TEST;
        let mut policy = Policy {
            argon,
            free_bytes_min: 0,
            ..Policy::standard(version, NOON)
        };
        change(&mut policy);
        self.tell(InboxBody::Policy(sign(&policy, &self.centre.centre).into()));
    }

    fn receipt(&self, state: &mut State, packet: PacketId, manifest: Sha256Digest, bytes: &[u8]) {
        let outcome = match state.refuses {
            Some(reason) => Outcome::Refused { reason },
            None => Outcome::Stored { level: state.level },
        };
        let receipt = Receipt {
            number: state.receipts.len() as u64 + 1,
            station: self.station,
            packet,
            manifest_sha256: manifest,
            refused_sha256: state.refuses.map(|_| sha256(bytes)),
            outcome,
            node: "desk".to_owned(),
            previous: state.receipts.last().map(|bytes| sha256(bytes)),
            time: NOON,
        };
        let forger = SigningKey::make(&[77; 32]);
        let key = if state.forges {
            &forger
        } else {
            &self.centre.centre
        };
        state.receipts.push(receipt::make(&receipt, key));
    }
}

fn gone() -> SyncError {
    SyncError::Unreachable {
        source: "no route".into(),
    }
}

impl SyncApi for Desk {
    fn hello(&self) -> Result<Hello, SyncError> {
        if self.state.lock().unwrap().offline {
            return Err(gone());
        }
        Ok(Hello {
            versions: vec![qayd_protocol::PROTOCOL_VERSION],
            programme: "test programme".to_owned(),
            nonce: "n".to_owned(),
            time: sign(
                &SignedTime {
                    time: UnixMs(NOON.0 + 5_000),
                },
                &self.centre.centre,
            )
            .into(),
            keyring_epoch: 1,
            upload_bytes_max: ByteCount(1 << 24),
        })
    }

    fn provision(&self, _: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        Err(gone())
    }

    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        let mut state = self.state.lock().unwrap();
        state.offers += 1;
        let (mut packets, mut early, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for bytes in &offer.manifests {
            let manifest = SignedManifest::parse_unverified(bytes).unwrap();
            let packet = manifest.manifest().packet;
            let upload = UploadId::from_bytes(packet.to_bytes());
            let length = manifest.packet_length();
            let held = state.uploads.entry(upload).or_insert_with(|| Upload {
                packet,
                manifest: manifest.digest(),
                bytes: Vec::new(),
                length: length as usize,
            });
            let offset = held.bytes.len() as u64;
            let answer = if offset == length {
                WantedState::Held
            } else {
                early.push(PlannedSend {
                    packet,
                    upload,
                    until: manifest.part_range(0).unwrap().end,
                });
                late.push(PlannedSend {
                    packet,
                    upload,
                    until: length,
                });
                WantedState::Wanted {
                    upload,
                    offset,
                    length,
                }
            };
            packets.push(PacketState {
                packet,
                state: answer,
            });
        }
        early.extend(late);
        Ok(OfferAnswer {
            packets,
            plan: early,
            nonce: "n".to_owned(),
        })
    }

    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        let state = self.state.lock().unwrap();
        if state.offline {
            return Err(gone());
        }
        state
            .uploads
            .get(&upload)
            .map(|u| u.bytes.len() as u64)
            .ok_or(SyncError::UnknownUpload)
    }

    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        let mut state = self.state.lock().unwrap();
        let cut = state.cuts.pop_front();
        let held = state
            .uploads
            .get_mut(&upload)
            .ok_or(SyncError::UnknownUpload)?;
        assert_eq!(
            offset,
            held.bytes.len() as u64,
            "the station sends from where the centre stands"
        );
        let UploadBody::Stream { length, reader } = body else {
            panic!("packets are streamed")
        };
        let mut taken = Vec::new();
        let take = cut.map_or(length, |cut| length.min(cut as u64));
        reader
            .take(take)
            .read_to_end(&mut taken)
            .map_err(|source| SyncError::Interrupted {
                source: source.into(),
            })?;
        held.bytes.extend_from_slice(&taken);
        let stands = held.bytes.len();
        if stands == held.length {
            let (packet, manifest, bytes) = (held.packet, held.manifest, held.bytes.clone());
            self.receipt(&mut state, packet, manifest, &bytes);
        }
        if cut.is_some() {
            state.offline = state.dies;
            return Err(SyncError::Interrupted {
                source: "cut".into(),
            });
        }
        Ok(stands as u64)
    }

    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        Ok(self
            .state
            .lock()
            .unwrap()
            .receipts
            .iter()
            .skip(after as usize)
            .cloned()
            .collect())
    }

    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        Ok(self
            .state
            .lock()
            .unwrap()
            .inbox
            .iter()
            .skip(after as usize)
            .cloned()
            .collect())
    }

    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        let mut state = self.state.lock().unwrap();
        assert_eq!(
            batch.first,
            state.audit + 1,
            "no entry is left out or repeated"
        );
        state.audit += batch.entries.len() as u64;
        Ok(state.audit)
    }
}

fn contact(bench: &TestStation, desk: &Desk) -> Result<SendReport, UploadError> {
    send(
        &bench.station,
        desk,
        &Arc::new(AtomicBool::new(false)),
        &SendOptions::default(),
    )
}

fn state(bench: &TestStation, packet: PacketId) -> OutboxState {
    bench
        .station
        .store()
        .read(|c| outbox::get(c, packet))
        .unwrap()
        .unwrap()
        .state
}

fn enrolment_state(bench: &TestStation, packet: PacketId) -> String {
    let all = bench.station.enrolments(100).unwrap();
    all.into_iter().find(|e| e.packet == packet).unwrap().state
}

#[test]
fn what_waits_is_delivered_once_and_the_file_stays_for_its_time_of_grace() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let (first, second) = (bench.sealed(), bench.sealed());
    let report = contact(&bench, &desk).unwrap();
    assert_eq!(
        (report.delivered, report.waiting, report.ended),
        (2, 0, Ended::Done)
    );
    assert_eq!(
        report.bytes_sent,
        ByteCount(first.length.0 + second.length.0)
    );
    for sealed in [&first, &second] {
        assert_eq!(state(&bench, sealed.packet), OutboxState::Delivered);
        assert_eq!(enrolment_state(&bench, sealed.packet), "delivered");
        assert!(sealed.path.exists(), "policy keeps it for some days");
    }
    let again = contact(&bench, &desk).unwrap();
    assert_eq!((again.delivered, again.bytes_sent), (0, ByteCount(0)));
    bench.clock.advance_ms(73 * 3_600_000);
    assert_eq!(contact(&bench, &desk).unwrap().released, 2);
    assert!(!first.path.exists() && !second.path.exists());
    let item = bench
        .station
        .store()
        .read(|c| outbox::get(c, first.packet))
        .unwrap()
        .unwrap();
    assert!(item.released.is_some());
    assert!(bench.station.audit_verify().unwrap() > 0);
}

#[test]
fn a_cut_upload_goes_on_at_the_byte() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    desk.set(|state| state.cuts = VecDeque::from([1_000, 0, 20_000, 1]));
    let report = contact(&bench, &desk).unwrap();
    assert_eq!((report.delivered, report.ended), (1, Ended::Done));
    assert_eq!(state(&bench, sealed.packet), OutboxState::Delivered);
    assert_eq!(
        report.bytes_sent.0, sealed.length.0,
        "no byte was sent twice"
    );
}

#[test]
fn being_offline_is_an_answer_and_changes_nothing() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    desk.set(|state| state.offline = true);
    let report = contact(&bench, &desk).unwrap();
    assert_eq!(report.ended, Ended::Offline { code: "SYN-01" });
    assert_eq!((report.waiting, report.delivered), (1, 0));
    assert_eq!(state(&bench, sealed.packet), OutboxState::Queued);
    // Control: the same packet when the link is there.
    desk.set(|state| state.offline = false);
    assert_eq!(contact(&bench, &desk).unwrap().delivered, 1);
}

#[test]
fn a_link_that_stays_away_ends_the_contact_and_keeps_the_bytes() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    desk.set(|state| (state.cuts, state.dies) = (VecDeque::from([5_000]), true));
    let report = contact(&bench, &desk).unwrap();
    assert_eq!(report.ended, Ended::Offline { code: "SYN-01" });
    let item = bench
        .station
        .store()
        .read(|c| outbox::get(c, sealed.packet))
        .unwrap()
        .unwrap();
    // What was not acknowledged does not count, though the centre has it.
    assert_eq!(
        (item.state, item.acknowledged),
        (OutboxState::Queued, ByteCount(0))
    );
    assert_eq!(item.error.unwrap().code, "SYN-01");
    desk.set(|state| state.offline = false);
    let report = contact(&bench, &desk).unwrap();
    assert_eq!(
        (report.delivered, report.bytes_sent),
        (1, ByteCount(sealed.length.0 - 5_000))
    );
}

#[test]
fn a_refused_packet_is_stuck_with_its_file_and_the_others_go_on() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let refused = bench.sealed();
    desk.set(|state| state.refuses = Some(RefusalReason::ChainFork));
    let report = contact(&bench, &desk).unwrap();
    assert_eq!(report.stuck, vec![(refused.packet, "refused".to_owned())]);
    let reason = StuckReason::Refused {
        reason: "chain_fork".to_owned(),
    };
    assert_eq!(state(&bench, refused.packet), OutboxState::Stuck(reason));
    desk.set(|state| state.refuses = None);
    let other = bench.sealed();
    assert_eq!(contact(&bench, &desk).unwrap().delivered, 1);
    assert_eq!(state(&bench, other.packet), OutboxState::Delivered);
    bench.clock.advance_ms(1_000 * 3_600_000);
    contact(&bench, &desk).unwrap();
    assert!(refused.path.exists() && !other.path.exists());
    let bench = bench.reopened();
    assert!(matches!(
        state(&bench, refused.packet),
        OutboxState::Stuck(_)
    ));
}

#[test]
fn a_forged_receipt_deletes_nothing_and_leaves_a_trace() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    desk.policy(2, |policy| policy.retention_hours = 0);
    desk.set(|state| state.forges = true);
    let before = bench.station.audit_verify().unwrap();
    let error = contact(&bench, &desk).unwrap_err();
    assert!(matches!(error, UploadError::Receipt { .. }), "{error:?}");
    assert!(sealed.path.exists());
    assert_ne!(state(&bench, sealed.packet), OutboxState::Delivered);
    assert!(bench.station.audit_verify().unwrap() > before);
    // Control: the true receipt of the same bytes.
    desk.set(|state| {
        state.forges = false;
        state.receipts.clear();
        let upload = state.uploads.values().next().unwrap();
        let (packet, manifest, bytes) = (upload.packet, upload.manifest, upload.bytes.clone());
        desk.receipt(state, packet, manifest, &bytes);
    });
    let report = contact(&bench, &desk).unwrap();
    assert_eq!((report.delivered, report.released), (1, 1));
    assert!(!sealed.path.exists());
}

#[test]
fn a_receipt_below_the_level_of_the_policy_deletes_nothing() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    desk.policy(2, |policy| {
        (policy.retention_hours, policy.receipt_level_required) = (0, 2)
    });
    assert_eq!(contact(&bench, &desk).unwrap().released, 0);
    assert!(sealed.path.exists());
    // The centre replicates it later and says so.
    desk.set(|state| {
        state.level = 2;
        let upload = state.uploads.values().next().unwrap();
        let (packet, manifest, bytes) = (upload.packet, upload.manifest, upload.bytes.clone());
        desk.receipt(state, packet, manifest, &bytes);
    });
    assert_eq!(contact(&bench, &desk).unwrap().released, 1);
    assert!(!sealed.path.exists());
}

#[test]
fn a_receipt_of_other_bytes_makes_the_packet_stuck() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    let other = sha256(b"another manifest");
    desk.set(|state| desk.receipt(state, sealed.packet, other, b"other bytes"));
    contact(&bench, &desk).unwrap();
    assert_eq!(
        state(&bench, sealed.packet),
        OutboxState::Stuck(StuckReason::ReceiptDiffers)
    );
    assert!(sealed.path.exists());
}

#[test]
fn a_damaged_file_is_not_sent_and_the_others_are() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let (damaged, whole) = (bench.sealed(), bench.sealed());
    let mut bytes = std::fs::read(&damaged.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    overwrite(&damaged.path, &bytes);
    let report = contact(&bench, &desk).unwrap();
    assert_eq!((report.delivered, report.stuck.len()), (1, 1));
    assert_eq!(
        state(&bench, damaged.packet),
        OutboxState::Stuck(StuckReason::FileDamaged)
    );
    assert_eq!(state(&bench, whole.packet), OutboxState::Delivered);
}

#[test]
fn stopping_in_the_middle_leaves_everything_queued() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = cancel.clone();
    let told: Arc<dyn Fn(&Progress) + Send + Sync> = Arc::new(move |what| {
        if matches!(what, Progress::Sending { .. }) {
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    });
    let options = SendOptions {
        told,
        ..SendOptions::default()
    };
    let report = send(&bench.station, &desk, &cancel, &options).unwrap();
    assert_eq!(report.ended, Ended::Cancelled);
    assert_eq!(state(&bench, sealed.packet), OutboxState::Queued);
    assert_eq!(contact(&bench, &desk).unwrap().delivered, 1);
}

#[test]
fn a_returned_enrolment_is_opened_corrected_and_sent_again() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    contact(&bench, &desk).unwrap();
    let asked = Return {
        fingers: vec![FingerPosition::RightIndex],
        ..Return::default()
    };
    let message = bench.centre.return_of(&bench.station, &sealed, asked);
    desk.tell(InboxBody::Decision(message));
    let report = contact(&bench, &desk).unwrap();
    assert_eq!((report.inbox, report.decisions), (1, 1));
    assert_eq!(enrolment_state(&bench, sealed.packet), "returned");
    assert_eq!(state(&bench, sealed.packet), OutboxState::Settled);

    let id = inbox::open(&bench.station, &bench.session, sealed.enrolment).unwrap();
    assert_eq!(id, sealed.enrolment);
    assert_eq!(
        inbox::open(&bench.station, &bench.session, id).unwrap(),
        id,
        "opening it twice is harmless"
    );
    let mut draft = bench.station.resume(&bench.session, id).unwrap();
    assert!(draft.finalise().is_err(), "the finger is asked for again");
    draft
        .add_sample(sample(
            qayd_model::SampleKind::Finger(FingerPosition::RightIndex),
            6_000,
        ))
        .unwrap();
    draft
        .set("birth_date", &"1990-05-18".into(), Source::Statement)
        .unwrap();
    let finalised = draft.finalise().unwrap();
    let second = bench.station.seal(&bench.session, finalised, None).unwrap();
    assert_eq!((second.enrolment, second.version), (sealed.enrolment, 2));
    assert_eq!(contact(&bench, &desk).unwrap().delivered, 1);
    desk.decide(&second, Decision::Accepted);
    contact(&bench, &desk).unwrap();
    assert_eq!(enrolment_state(&bench, second.packet), "accepted");
    assert!(
        bench
            .station
            .store()
            .read(inbox::returned)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_inbox_item_of_somebody_else_or_out_of_order_is_refused() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    contact(&bench, &desk).unwrap();
    desk.decide(&sealed, Decision::Accepted);
    desk.decide(&sealed, Decision::Accepted);
    let items = desk.state.lock().unwrap().inbox.clone();
    let gap = inbox::take(&bench.station, &items[1..]).unwrap_err();
    assert!(matches!(gap, UploadError::Inbox { .. }));
    let mut altered = items[0].clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    assert!(inbox::take(&bench.station, &[altered]).is_err());
    assert_eq!(state(&bench, sealed.packet), OutboxState::Delivered);
    // Control: as the centre sent them; and once more, which changes nothing.
    assert_eq!(inbox::take(&bench.station, &items).unwrap().items, 2);
    assert_eq!(inbox::take(&bench.station, &items).unwrap().items, 0);
    assert_eq!(state(&bench, sealed.packet), OutboxState::Settled);
}

#[test]
fn a_decision_about_an_unknown_packet_is_kept_with_its_problem_and_stops_nothing() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    let sealed = bench.sealed();
    let mut stranger = sealed.clone();
    stranger.packet = PacketId::from_bytes([200; 16]);
    contact(&bench, &desk).unwrap();
    desk.decide(&stranger, Decision::Accepted);
    desk.decide(&sealed, Decision::Accepted);
    assert_eq!(contact(&bench, &desk).unwrap().decisions, 2);
    let entries = bench
        .station
        .store()
        .read(|c| inbox::list(c, 0, 10))
        .unwrap();
    assert_eq!(entries[0].problem.as_deref(), Some("INB-02"));
    assert_eq!(
        (entries[1].problem.as_deref(), entries[1].applied.is_some()),
        (None, true)
    );
    assert_eq!(state(&bench, sealed.packet), OutboxState::Settled);
}

#[test]
fn the_audit_trail_reaches_the_centre_without_a_gap() {
    let bench = TestStation::new();
    let desk = Desk::of(&bench);
    bench.sealed();
    let first = contact(&bench, &desk).unwrap();
    assert!(first.audit_held > 0);
    bench.sealed();
    assert!(contact(&bench, &desk).unwrap().audit_held > first.audit_held);
}
