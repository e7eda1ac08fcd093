//! A light station: real keys, a real certificate and the real client, without a store or a laptop.
//!
//! In: an invitation, packets sealed beforehand. Out: receipts, each verified as a station does.
//! Never: another protocol than the station's own: the state machine and `HttpSyncClient` are the product's.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use qayd_model::{PacketId, StationId};
use qayd_packet::SignedManifest;
use qayd_protocol::{
    ChainHead, Offer, SyncApi, SyncError, UploadBody, receipt,
    upload_state::{Input, Output, QueuedPacket, Upload},
};
use qayd_station::upload::{HttpSyncClient, ReqwestNetwork};
use qayd_sync_server::testing::{Sizes, TestStation};
use qayd_world::{World, random_array};

/// A sealed packet that waits.
pub struct Waiting {
    /// Its manifest.
    pub manifest: SignedManifest,
    /// The bytes of its file.
    pub bytes: Bytes,
}

/// A provisioned station with packets to send.
pub struct LightStation {
    world: World,
    station: TestStation,
    api: HttpSyncClient,
    /// What it has sealed and not yet taken out.
    pub packets: Vec<Waiting>,
    /// Of the receipts.
    head: ChainHead,
}

impl LightStation {
    /// Provisions over HTTPS.
    pub fn provision(world: &World, url: &str, authority: &str, invitation: &str) -> Self {
        let client = |signer: Option<(StationId, &qayd_crypto::SigningKey)>| {
            let network = ReqwestNetwork::new(authority, world.clock.clone(), None)
                .expect("the authority is one");
            HttpSyncClient::new(Arc::new(network), world.clone(), url, signer)
        };
        let station = TestStation::provision_with(world, invitation, &client(None));
        let api = client(Some((station.id, station.key())));
        Self {
            world: world.clone(),
            station,
            api,
            packets: Vec::new(),
            head: ChainHead::START,
        }
    }

    /// Seals packets ahead of time.
    pub fn seal(&mut self, count: usize, sizes: Sizes) {
        for _ in 0..count {
            let sealed = self.station.packet(sizes);
            self.packets.push(Waiting {
                manifest: sealed.manifest,
                bytes: sealed.bytes.into(),
            });
        }
    }

    /// The client.
    pub fn api(&self) -> &HttpSyncClient {
        &self.api
    }

    /// One contact by the product's state machine. Returns how many of its packets have a verified receipt that
    /// names their very bytes.
    pub fn sync(&mut self) -> usize {
        let mut calls = 0;
        while let Err(error) = self.api.hello() {
            calls += 1;
            assert!(calls < 20, "the centre does not answer: {error}");
            self.world.clock.sleep_ms(1_000);
        }
        let mut confirmed = BTreeMap::new();
        let queue = self.packets.iter().map(|packet| QueuedPacket {
            packet: packet.manifest.manifest().packet,
            length: packet.bytes.len() as u64,
        });
        let mut machine = Upload::new(queue);
        loop {
            let random = u64::from_le_bytes(random_array(&*self.world.random));
            let input = match machine.next(random) {
                Output::SendOffer { packets } => {
                    let manifests = packets.iter().map(|id| self.packet(*id).manifest.bytes());
                    let offer = Offer::of(manifests.map(<[u8]>::to_vec).collect());
                    answered(self.api.offer(&offer), Input::OfferAnswered)
                }
                Output::Head { upload, .. } => answered(self.api.upload_offset(upload), |offset| {
                    Input::OffsetLearnt { offset }
                }),
                Output::Patch {
                    packet,
                    upload,
                    from,
                    until,
                } => {
                    let bytes = &self.packet(packet).bytes;
                    let body = UploadBody::Shared(bytes.slice(from as usize..until as usize));
                    let sent = self.api.upload_append(upload, from, body);
                    answered(sent, |offset| Input::OffsetLearnt { offset })
                }
                Output::Wait { ms } => {
                    self.world.clock.sleep_ms(ms);
                    Input::Waited
                }
                Output::FetchReceipts => match self.receipts() {
                    Ok(packets) => {
                        for packet in &packets {
                            *confirmed.entry(*packet).or_insert(0) += 1;
                        }
                        Input::ReceiptsFetched { packets }
                    }
                    Err(error) => Input::of_error(&error),
                },
                Output::Stuck { packet, reason } => panic!("{packet} is stuck: {reason}"),
                Output::Stopped => panic!("the centre makes it pointless to go on"),
                Output::Done { unconfirmed } => {
                    assert!(unconfirmed.is_empty(), "receipts are missing");
                    break;
                }
            };
            machine.take(input);
        }
        assert!(
            confirmed.values().all(|times| *times == 1),
            "a packet has two receipts"
        );
        confirmed.len()
    }

    /// Offers everything in one message, sends each packet in one body, fetches the receipts: the shortest way the
    /// protocol has. Returns how many are confirmed.
    pub fn send_whole(&mut self) -> usize {
        let manifests = self.packets.iter().map(|p| p.manifest.bytes().to_vec());
        let answer = self
            .api
            .offer(&Offer::of(manifests.collect()))
            .expect("the offer is answered");
        let uploads: BTreeMap<_, _> = answer
            .plan
            .iter()
            .map(|step| (step.packet, step.upload))
            .collect();
        for packet in &self.packets {
            let upload = uploads[&packet.manifest.manifest().packet];
            let body = UploadBody::Shared(packet.bytes.clone());
            let end = self.api.upload_append(upload, 0, body).expect("taken");
            assert_eq!(end, packet.bytes.len() as u64);
        }
        self.receipts().expect("receipts come").len()
    }

    /// New receipts, verified in their chain; the packets of those that name the bytes that were sealed.
    fn receipts(&mut self) -> Result<Vec<PacketId>, SyncError> {
        let mut packets = Vec::new();
        loop {
            let some = self.api.receipts(self.head.number)?;
            if some.is_empty() {
                return Ok(packets);
            }
            for bytes in some {
                let verified =
                    receipt::verify(&bytes, self.station.keyring(), self.station.id, &self.head)
                        .expect("the receipt is the centre's and the next");
                self.head = verified.head();
                let packet = self.packet(verified.receipt().packet);
                let manifest = &packet.manifest;
                assert!(verified.is_for(manifest.manifest().packet, manifest.digest()));
                packets.push(manifest.manifest().packet);
            }
        }
    }

    fn packet(&self, id: PacketId) -> &Waiting {
        self.packets
            .iter()
            .find(|packet| packet.manifest.manifest().packet == id)
            .expect("one of its own packets")
    }
}

fn answered<T>(answer: Result<T, SyncError>, input: impl FnOnce(T) -> Input) -> Input {
    match answer {
        Ok(answer) => input(answer),
        Err(error) => Input::of_error(&error),
    }
}
