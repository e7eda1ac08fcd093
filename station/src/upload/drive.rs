//! Drive: does what the upload's state machine asks for.
//!
//! In: [`Output`]s of the machine. Out: calls to the centre, facts in the store, [`Input`]s back.
//! Never: goes on before the fact is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use qayd_model::{ByteCount, PacketId, UnixMs, UploadId};
use qayd_protocol::upload_state::{self, Input, Output, QueuedPacket, Upload};
use qayd_protocol::{
    AuditBatch, Hello, Invitation, Offer, PROTOCOL_VERSION, SyncApi, SyncError, UploadBody,
    WantedState,
};
use qayd_world::{World, random_array};

use super::http_client::Watched;
use super::receipts::{self, stick};
use super::{
    Ended, HttpSyncClient, Progress, ReqwestNetwork, SendOptions, SendReport, UploadError,
};
use crate::audit::{AuditEvent, Subject};
use crate::inbox;
use crate::outbox::{self, StuckReason};
use crate::settings;
use crate::station::Station;
use crate::store::StoreError;

/// Progress inside an upload is told after so many bytes.
const TOLD_EVERY: u64 = 32 * 1024;
/// A wait is looked at so often, so that stopping is prompt.
const WAIT_SLICE_MS: u64 = 100;
/// Rounds of receipts or inbox in one go: each brings up to a thousand.
const ROUNDS_MAX: usize = 64;
/// Audit entries sent at once, and batches in one contact.
const AUDIT_BATCH: usize = 500;
const AUDIT_BATCHES_MAX: usize = 20;
/// Setting: the last audit entry that the centre said it holds.
const AUDIT_SENT: &str = "audit-sent";
/// Errors kept beside packets that were in the middle.
const CODE_CANCELLED: &str = "UPL-10";
const CODE_UNCONFIRMED: &str = "UPL-11";

/// The centre of this station over HTTPS, by what its invitation pinned.
///
/// # Errors
/// [`UploadError::Setup`].
pub fn connect(station: &Station) -> Result<HttpSyncClient, UploadError> {
    let identity = station.identity();
    let world = station.world();
    let signed_time = station.store().read(|c| station.clock().last_signed(c))?;
    let network = ReqwestNetwork::new(&identity.tls_ca_pem, world.clock.clone(), signed_time)?;
    let signer = (identity.station, station.signing_key());
    Ok(HttpSyncClient::new(
        Arc::new(network),
        world.clone(),
        &identity.centre_url,
        Some(signer),
    ))
}

/// The centre that an invitation names, for a folder that is to become a station. Nothing else is reached.
///
/// # Errors
/// [`SyncError::Storage`]: the certificate that the invitation pins is none.
pub fn connect_invited(
    world: &World,
    invitation: &Invitation,
) -> Result<Box<dyn SyncApi>, SyncError> {
    let network = ReqwestNetwork::new(&invitation.tls_ca_pem, world.clock.clone(), None).map_err(
        |source| SyncError::Storage {
            source: source.into(),
        },
    )?;
    Ok(Box::new(HttpSyncClient::new(
        Arc::new(network),
        world.clone(),
        &invitation.centre_url,
        None,
    )))
}

/// One contact with the centre: sends what waits, takes what came back. May be repeated at any time; setting `cancel`
/// ends it within a moment.
///
/// # Errors
/// [`UploadError`] when the station's own side failed or a signed message was not the centre's. Being offline, busy or
/// refused is in the report.
pub fn send(
    station: &Station,
    api: &dyn SyncApi,
    cancel: &Arc<AtomicBool>,
    options: &SendOptions,
) -> Result<SendReport, UploadError> {
    let before = station.store().read(outbox::summary)?;
    let mut contact = Contact {
        station,
        api,
        cancel,
        options,
        bytes_sent: Arc::new(AtomicU64::new(0)),
        checked: BTreeSet::new(),
        lengths: BTreeMap::new(),
        last_error: None,
        last_alive_ms: station.world().clock.monotonic_ms(),
        report: SendReport {
            waiting_before: before.waiting(),
            delivered: 0,
            stuck: Vec::new(),
            released: 0,
            inbox: 0,
            decisions: 0,
            unconfirmed: 0,
            bytes_sent: ByteCount(0),
            audit_held: 0,
            waiting: before.waiting(),
            ended: Ended::Done,
        },
    };
    let done = contact.run();
    if let Err(error) = &done {
        contact.interrupted(error.code())?;
    }
    contact.report.ended = done?;
    contact.report.bytes_sent = ByteCount(contact.bytes_sent.load(Ordering::SeqCst));
    contact.report.waiting = station.store().read(outbox::summary)?.waiting();
    let report = contact.report;
    tracing::info!(
        delivered = report.delivered,
        waiting = report.waiting,
        bytes = report.bytes_sent.0,
        ended = ?report.ended,
        "contact with the centre"
    );
    Ok(report)
}

struct Contact<'a> {
    station: &'a Station,
    api: &'a dyn SyncApi,
    cancel: &'a Arc<AtomicBool>,
    options: &'a SendOptions,
    bytes_sent: Arc<AtomicU64>,
    /// Packets whose file was compared with its digest in this contact.
    checked: BTreeSet<PacketId>,
    lengths: BTreeMap<PacketId, u64>,
    last_error: Option<(&'static str, qayd_model::Remedy)>,
    last_alive_ms: u64,
    report: SendReport,
}

impl Contact<'_> {
    fn run(&mut self) -> Result<Ended, UploadError> {
        self.tell(&Progress::Calling);
        if let Err(error) = self.hello()? {
            return self.ended_by(&error);
        }
        // What an earlier contact could not fetch any more comes first: receipts free packets of this offer.
        if let Err(error) = self.fetch()? {
            return self.ended_by(&error);
        }
        let ended = self.upload()?;
        self.report.released += receipts::release_due(self.station)?;
        if ended == Ended::Done {
            self.send_audit()?;
        }
        Ok(ended)
    }

    fn tell(&self, progress: &Progress) {
        (self.options.told)(progress);
    }

    fn now(&self) -> Result<UnixMs, StoreError> {
        self.station
            .store()
            .write(|tx| Ok(self.station.clock().stamp(tx)?.recorded))
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::SeqCst)
    }

    fn alive(&mut self) {
        self.last_alive_ms = self.station.world().clock.monotonic_ms();
    }

    /// What an error before or after the uploads means for the contact.
    fn ended_by(&mut self, error: &SyncError) -> Result<Ended, UploadError> {
        self.noted(error);
        self.interrupted(error.code())?;
        Ok(if error.is_passing() {
            Ended::Offline { code: error.code() }
        } else {
            Ended::Stopped {
                code: error.code(),
                remedy: error.remedy(),
            }
        })
    }

    fn noted(&mut self, error: &SyncError) {
        tracing::info!(code = error.code(), "a call to the centre failed");
        self.last_error = Some((error.code(), error.remedy()));
    }

    fn interrupted(&self, code: &str) -> Result<(), StoreError> {
        let at = self.now()?;
        self.station
            .store()
            .write(|tx| outbox::interrupted(tx, code, at))
    }

    fn hello(&mut self) -> Result<Result<Hello, SyncError>, UploadError> {
        let clock = &self.station.world().clock;
        let asked = clock.monotonic_ms();
        let hello = match self.api.hello() {
            Ok(hello) => hello,
            Err(error) => return Ok(Err(error)),
        };
        let round_trip_ms = clock.monotonic_ms().saturating_sub(asked);
        self.alive();
        if !hello.versions.contains(&PROTOCOL_VERSION) {
            return Ok(Err(SyncError::VersionUnsupported));
        }
        // A keyring that is newer than ours may have signed the time; it is in the inbox, and the time comes next time.
        let learnt = self
            .station
            .store()
            .write(|tx| self.station.keep_time(tx, &hello.time, round_trip_ms));
        if let Err(error) = learnt {
            tracing::info!(code = error.code(), "the centre's time was not taken over");
        }
        Ok(Ok(hello))
    }

    /// Inbox and receipts, until neither has more. Returns the packets with a receipt.
    fn fetch(&mut self) -> Result<Result<Vec<PacketId>, SyncError>, UploadError> {
        self.tell(&Progress::Fetching);
        for _ in 0..ROUNDS_MAX {
            let after = self.station.store().read(inbox::head)?.number;
            let items = match self.api.inbox(after) {
                Ok(items) => items,
                Err(error) => return Ok(Err(error)),
            };
            let taken = inbox::take(self.station, &items)?;
            self.report.inbox += taken.items;
            self.report.decisions += taken.decisions;
            if taken.items == 0 {
                break;
            }
            self.alive();
        }
        let mut packets = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let after = self.station.store().read(receipts::head)?.number;
            let signed = match self.api.receipts(after) {
                Ok(signed) => signed,
                Err(error) => return Ok(Err(error)),
            };
            let taken = receipts::take(self.station, &signed)?;
            self.report.delivered += taken.delivered;
            self.report.stuck.extend(
                taken
                    .stuck
                    .iter()
                    .map(|(p, reason)| (*p, reason.name().to_owned())),
            );
            packets.extend(taken.packets);
            if taken.count == 0 {
                break;
            }
            // Only what came counts: a centre that answers everything but receipts must not hold a contact for ever.
            self.alive();
        }
        if !packets.is_empty() {
            fail::fail_point!("after-receipt-before-release");
            self.report.released += receipts::release_due(self.station)?;
            fail::fail_point!("after-release");
        }
        Ok(Ok(packets))
    }

    fn upload(&mut self) -> Result<Ended, UploadError> {
        let queue = self
            .station
            .store()
            .read(|c| outbox::to_send(c, 0, self.options.packets_max))?;
        self.lengths = queue
            .iter()
            .map(|item| (item.packet, item.length.0))
            .collect();
        let queued = queue.iter().map(|item| QueuedPacket {
            packet: item.packet,
            length: item.length.0,
        });
        let mut machine = Upload::new(queued);
        if queue.is_empty() {
            return Ok(Ended::Done);
        }
        let mut lost = false;
        loop {
            if self.cancelled() {
                self.interrupted(CODE_CANCELLED)?;
                return Ok(Ended::Cancelled);
            }
            let random = u64::from_le_bytes(random_array(&*self.station.world().random));
            let input = match machine.next(random) {
                Output::SendOffer { packets } => self.offer(&packets)?,
                Output::Head { upload, packet } => match self.api.upload_offset(upload) {
                    Ok(offset) => self.stands_at(packet, offset)?,
                    Err(error) => self.failed(&error),
                },
                Output::Patch {
                    packet,
                    upload,
                    from,
                    until,
                } => self.patch(packet, upload, from, until)?,
                Output::Wait { ms } => {
                    let silent_ms = self
                        .station
                        .world()
                        .clock
                        .monotonic_ms()
                        .saturating_sub(self.last_alive_ms);
                    if lost && silent_ms > self.options.patience_ms {
                        let code = self.last_error.map_or("SYN-01", |(code, _)| code);
                        self.interrupted(code)?;
                        return Ok(Ended::Offline { code });
                    }
                    self.wait(ms);
                    Input::Waited
                }
                Output::FetchReceipts => match self.fetch()? {
                    Ok(packets) => Input::ReceiptsFetched { packets },
                    Err(error) => self.failed(&error),
                },
                Output::Stuck { packet, reason } => {
                    self.stuck(packet, reason)?;
                    continue;
                }
                Output::Done { unconfirmed } => {
                    self.report.unconfirmed = unconfirmed.len();
                    self.interrupted(CODE_UNCONFIRMED)?;
                    return Ok(Ended::Done);
                }
                Output::Stopped => {
                    let (code, remedy) = self
                        .last_error
                        .unwrap_or(("SYN-13", qayd_model::Remedy::ReportBug));
                    self.interrupted(code)?;
                    return Ok(Ended::Stopped { code, remedy });
                }
            };
            if input != Input::Waited {
                lost = input == Input::LinkLost;
            }
            machine.take(input);
        }
    }

    fn failed(&mut self, error: &SyncError) -> Input {
        self.noted(error);
        Input::of_error(error)
    }

    fn wait(&self, ms: u64) {
        self.tell(&Progress::Waiting { ms });
        let clock = &self.station.world().clock;
        let mut left = ms;
        while left > 0 && !self.cancelled() {
            let slice = left.min(WAIT_SLICE_MS);
            clock.sleep_ms(slice);
            left -= slice;
        }
    }

    fn offer(&mut self, packets: &[PacketId]) -> Result<Input, UploadError> {
        self.tell(&Progress::Offering {
            packets: packets.len(),
        });
        let manifests = self.station.store().read(|c| {
            let mut manifests = Vec::with_capacity(packets.len());
            for packet in packets {
                let manifest =
                    crate::enrolment::manifest(c, *packet)?.ok_or(StoreError::Damaged {
                        table: "enrolment_version",
                        what: "no manifest",
                    })?;
                manifests.push(manifest);
            }
            Ok::<_, StoreError>(manifests)
        })?;
        fail::fail_point!("before-offer");
        let answer = match self.api.offer(&Offer::of(manifests)) {
            Ok(answer) => answer,
            Err(error) => return Ok(self.failed(&error)),
        };
        self.alive();
        self.station.store().write(|tx| {
            for state in &answer.packets {
                if let WantedState::Wanted { upload, offset, .. } = state.state {
                    outbox::begin(tx, state.packet, upload, ByteCount(offset))?;
                }
            }
            let count = [Subject::Count(packets.len() as u64)];
            self.station.record(tx, None, AuditEvent::Offered, &count)
        })?;
        Ok(Input::OfferAnswered(answer))
    }

    fn stands_at(&mut self, packet: PacketId, offset: u64) -> Result<Input, UploadError> {
        self.alive();
        self.station
            .store()
            .write(|tx| outbox::acknowledge(tx, packet, ByteCount(offset)))?;
        Ok(Input::OffsetLearnt { offset })
    }

    fn patch(
        &mut self,
        packet: PacketId,
        upload: UploadId,
        from: u64,
        until: u64,
    ) -> Result<Input, UploadError> {
        let files = &*self.station.world().files;
        let path = outbox::packet_path(self.station.folder(), packet);
        if !self.checked.contains(&packet) {
            let item = self.station.store().read(|c| outbox::get(c, packet))?;
            let held = outbox::digest_of_file(files, &path).ok();
            if item.map(|item| item.digest) != held {
                return Ok(Input::PacketStuck(upload_state::StuckReason::OwnFile));
            }
            self.checked.insert(packet);
        }
        let opened = files.open_read(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            Ok(file)
        });
        let Ok(file) = opened else {
            return Ok(Input::PacketStuck(upload_state::StuckReason::OwnFile));
        };
        let length = self.lengths.get(&packet).copied().unwrap_or(until);
        let (told, sent) = (self.options.told.clone(), self.bytes_sent.clone());
        let (mut counted, mut said) = (0, 0);
        let reader = Watched {
            inner: Box::new(file) as Box<dyn Read + Send>,
            cancel: self.cancel.clone(),
            told: Box::new(move |read| {
                sent.fetch_add(read - counted, Ordering::SeqCst);
                counted = read;
                if read - said >= TOLD_EVERY || from + read == until {
                    said = read;
                    told(&Progress::Sending {
                        packet,
                        offset: from + read,
                        length,
                    });
                }
            }),
            read: 0,
            length: until - from,
        };
        let body = UploadBody::Stream {
            length: until - from,
            reader: Box::new(reader),
        };
        match self.api.upload_append(upload, from, body) {
            Ok(offset) => self.stands_at(packet, offset),
            Err(SyncError::OffsetMismatch { server, .. }) => self.stands_at(packet, server.0),
            Err(error) => Ok(self.failed(&error)),
        }
    }

    fn stuck(
        &mut self,
        packet: PacketId,
        reason: upload_state::StuckReason,
    ) -> Result<(), UploadError> {
        use upload_state::StuckReason as Told;
        let reason = match reason {
            Told::Refused(reason) => StuckReason::Refused {
                reason: reason.name().to_owned(),
            },
            Told::LengthDiffers => StuckReason::LengthDiffers,
            Told::TooLarge => StuckReason::TooLarge,
            Told::OwnFile => {
                let path = outbox::packet_path(self.station.folder(), packet);
                match self.station.world().files.length(&path) {
                    Ok(None) => StuckReason::FileMissing,
                    _ => StuckReason::FileDamaged,
                }
            }
            _ => StuckReason::NotKept,
        };
        self.station.store().write(|tx| {
            let at = self.station.clock().stamp(tx)?.recorded;
            stick(self.station, tx, packet, &reason, at)
        })?;
        self.report.stuck.push((packet, reason.name().to_owned()));
        Ok(())
    }

    /// Sends the audit trail after the last entry that the centre holds. A failure here leaves it for next time.
    fn send_audit(&mut self) -> Result<(), UploadError> {
        let store = self.station.store();
        let mut held: u64 = store
            .read(|c| settings::get_cbor(c, AUDIT_SENT))?
            .unwrap_or(0);
        for _ in 0..AUDIT_BATCHES_MAX {
            let entries = self.station.audit_after(held, AUDIT_BATCH)?;
            if entries.is_empty() || self.cancelled() {
                break;
            }
            let batch = AuditBatch {
                first: held + 1,
                entries: entries.into_iter().map(Into::into).collect(),
            };
            let answer = match self.api.send_audit(&batch) {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::info!(
                        code = error.code(),
                        "the audit trail waits for the next contact"
                    );
                    break;
                }
            };
            let moved = answer != held;
            held = answer;
            store.write(|tx| settings::put_cbor(tx, AUDIT_SENT, &held))?;
            if !moved {
                break;
            }
        }
        self.report.audit_held = held;
        Ok(())
    }
}
