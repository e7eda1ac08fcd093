//! What happens to packets: weeks without a link, lost answers, cut connections, repeated uploads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use qayd_model::UploadId;
use qayd_protocol::{
    AuditBatch, Hello, Offer, OfferAnswer, ProvisionAnswer, ProvisionRequest, SyncApi, SyncError,
    UploadBody,
};
use qayd_station::{SealedPacket, outbox, upload::Ended};
use qayd_tests::{Applicant, Programme};

/// Whether what the centre reads back is what was sealed, to the last byte.
fn holds_its_bytes(programme: &Programme, sealed: &SealedPacket) -> bool {
    let stored = programme
        .centre()
        .read_packet(sealed.packet)
        .expect("the packet is there");
    qayd_crypto::sha256(stored.bytes()) == sealed.packet_sha256
}

#[test]
fn an_offline_week_loses_nothing_and_everything_arrives_once() {
    let mut programme = Programme::start();
    let mut kit = programme.station("camp");
    programme.stop();
    let mut sealed = Vec::new();
    for day in 0..5 {
        sealed.push(kit.enrol(&Applicant::adult(100 + day)));
        let report = kit.send();
        assert!(
            !matches!(report.ended, Ended::Done),
            "the centre is off: {:?}",
            report.ended
        );
        kit.restart();
    }
    for packet in &sealed {
        assert_eq!(kit.outbox_state(packet), "queued");
        assert!(kit.has_file(packet));
    }
    programme.start_again();
    let report = kit.send();
    assert_eq!((report.delivered, report.waiting), (5, 0), "{report:?}");
    for (n, packet) in sealed.iter().enumerate() {
        assert_eq!(packet.sequence, n as u64 + 1);
        assert!(kit.has_file(packet), "policy keeps the file a while");
        let stored = programme
            .centre()
            .packet(packet.packet)
            .unwrap()
            .expect("the centre holds it");
        assert_eq!(stored.manifest_sha256, packet.manifest.digest());
        assert!(holds_its_bytes(&programme, packet));
        assert_eq!(stored.quarantine, None);
    }
    let again = kit.send();
    assert_eq!(
        (again.delivered, again.bytes_sent.0),
        (0, 0),
        "nothing is sent twice"
    );
    programme.pass_hours(25);
    assert_eq!(kit.send().released, 5);
    assert!(
        sealed.iter().all(|packet| !kit.has_file(packet)),
        "released by their receipts"
    );
    assert!(kit.station().audit_verify().unwrap() > 5);
}

/// A centre whose answers get lost on the way.
struct Lossy<A> {
    inner: A,
    lose_receipts: AtomicBool,
    cut_appends: AtomicU32,
}

impl<A: SyncApi> Lossy<A> {
    fn new(inner: A, lose_receipts: bool, cut_appends: u32) -> Self {
        Self {
            inner,
            lose_receipts: lose_receipts.into(),
            cut_appends: cut_appends.into(),
        }
    }

    fn cuts(&self) -> bool {
        self.cut_appends
            .fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1))
            .is_ok()
    }
}

fn lost() -> SyncError {
    SyncError::Interrupted {
        source: "the link went down".into(),
    }
}

impl<A: SyncApi> SyncApi for Lossy<A> {
    fn hello(&self) -> Result<Hello, SyncError> {
        self.inner.hello()
    }
    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        self.inner.provision(request)
    }
    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        self.inner.offer(offer)
    }
    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        self.inner.upload_offset(upload)
    }
    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        if !self.cuts() {
            return self.inner.upload_append(upload, offset, body);
        }
        // Half of the bytes arrive, the answer never does.
        let bytes = match body {
            UploadBody::Bytes(bytes) => bytes.to_vec(),
            UploadBody::Shared(bytes) => bytes.to_vec(),
            UploadBody::Stream { length, mut reader } => {
                let mut bytes = vec![0; length as usize];
                reader
                    .read_exact(&mut bytes)
                    .expect("the packet file is read");
                bytes
            }
        };
        self.inner
            .upload_append(upload, offset, UploadBody::Bytes(&bytes[..bytes.len() / 2]))?;
        Err(lost())
    }
    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        match self.inner.receipts(after)? {
            receipts if !receipts.is_empty() && self.lose_receipts.load(SeqCst) => Err(lost()),
            receipts => Ok(receipts),
        }
    }
    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        self.inner.inbox(after)
    }
    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        self.inner.send_audit(batch)
    }
}

#[test]
fn a_lost_receipt_deletes_nothing_and_comes_again() {
    let mut programme = Programme::start();
    let mut kit = programme.station("camp");
    let packet = kit.enrol(&Applicant::adult(1));
    let deaf = Lossy::new(programme.in_process(&kit), true, 0);
    let report = kit.send_through(&deaf);
    assert_eq!(report.delivered, 0, "{report:?}");
    assert!(
        programme.centre().packet(packet.packet).unwrap().is_some(),
        "the centre has it all the same"
    );
    assert!(
        kit.has_file(&packet),
        "without a receipt nothing is deleted"
    );
    kit.restart();
    let report = kit.send();
    assert_eq!(report.delivered, 1);
    assert_eq!(report.bytes_sent.0, 0, "the bytes are there already");
    programme.pass_hours(25);
    assert_eq!(kit.send().released, 1);
    assert!(!kit.has_file(&packet));
}

#[test]
fn a_cut_upload_goes_on_where_it_stopped() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let packet = kit.enrol(&Applicant::adult(2));
    let cut = Lossy::new(programme.in_process(&kit), false, 3);
    let report = kit.send_through(&cut);
    assert_eq!(report.delivered, 1, "{report:?}");
    let sent_twice = report.bytes_sent.0.saturating_sub(packet.length.0);
    // Three cuts that each lost half of what was sent.
    assert!(
        sent_twice <= packet.length.0,
        "{sent_twice} bytes of {} sent again",
        packet.length.0
    );
    let stored = programme.centre().packet(packet.packet).unwrap().unwrap();
    assert_eq!(stored.manifest_sha256, packet.manifest.digest());
    assert!(holds_its_bytes(&programme, &packet));
}

#[test]
fn a_repeated_upload_of_the_same_packet_is_the_same_receipt_and_no_second_packet() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let packet = kit.enrol(&Applicant::adult(3));
    let bytes = std::fs::read(&packet.path).unwrap();
    kit.send();
    let api = programme.in_process(&kit);
    let before = api.receipts(0).unwrap();
    let offer = Offer {
        manifests: vec![packet.manifest.bytes().to_vec().into()],
    };
    let answer = api.offer(&offer).unwrap();
    assert!(answer.plan.is_empty(), "the centre wants nothing it holds");
    assert_eq!(api.receipts(0).unwrap(), before);
    assert!(bytes.len() as u64 == packet.length.0);
}

#[test]
fn the_outbox_says_what_is_true_at_every_step() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let packet = kit.enrol(&Applicant::adult(4));
    assert_eq!(kit.outbox_state(&packet), "queued");
    kit.send();
    assert_eq!(kit.outbox_state(&packet), "delivered");
    programme.examine_all();
    programme.decide(packet.enrolment, qayd_model::Decision::Accepted);
    kit.send();
    assert_eq!(kit.outbox_state(&packet), "settled");
    let summary = kit.station().store().read(outbox::summary).unwrap();
    assert_eq!(summary.waiting(), 0);
}
