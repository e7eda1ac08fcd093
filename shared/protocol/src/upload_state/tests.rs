use proptest::prelude::*;
use qayd_model::ByteCount;

use super::*;
use crate::PacketState;

fn packet(n: u64) -> PacketId {
    PacketId::make(n, [n as u8; 10])
}

fn upload_id(n: u64) -> UploadId {
    UploadId::make(n, [n as u8; 10])
}

fn queue(lengths: &[u64]) -> Vec<QueuedPacket> {
    (1..)
        .zip(lengths)
        .map(|(n, length)| QueuedPacket {
            packet: packet(n),
            length: *length,
        })
        .collect()
}

fn wanted(n: u64, offset: u64, length: u64) -> PacketState {
    let state = WantedState::Wanted {
        upload: upload_id(n),
        offset,
        length,
    };
    PacketState {
        packet: packet(n),
        state,
    }
}

fn step(n: u64, until: u64) -> PlannedSend {
    PlannedSend {
        packet: packet(n),
        upload: upload_id(n),
        until,
    }
}

fn answer(packets: Vec<PacketState>, plan: Vec<PlannedSend>) -> Input {
    Input::OfferAnswered(OfferAnswer {
        packets,
        plan,
        nonce: "n".to_owned(),
    })
}

fn patch(n: u64, from: u64, until: u64) -> Output {
    Output::Patch {
        packet: packet(n),
        upload: upload_id(n),
        from,
        until,
    }
}

fn offered(lengths: &[u64], input: Input) -> Upload {
    let mut upload = Upload::new(queue(lengths));
    assert!(matches!(upload.next(0), Output::SendOffer { .. }));
    upload.take(input);
    upload
}

/// Answers each call in turn and returns the patches that were asked for.
fn patches_of(upload: &mut Upload) -> Vec<Output> {
    let mut patches = Vec::new();
    loop {
        match upload.next(0) {
            Output::Patch {
                packet,
                upload: id,
                from,
                until,
            } => {
                patches.push(Output::Patch {
                    packet,
                    upload: id,
                    from,
                    until,
                });
                upload.take(Input::OffsetLearnt { offset: until });
            }
            _ => return patches,
        }
    }
}

#[test]
fn the_plan_is_followed_and_steps_of_one_packet_become_one_request() {
    let plan = vec![
        step(1, 10),
        step(2, 20),
        step(2, 30),
        step(1, 40),
        step(1, 100),
        step(2, 50),
    ];
    let states = vec![wanted(1, 0, 100), wanted(2, 25, 50)];
    let mut upload = offered(&[100, 50], answer(states, plan));
    let expected = [
        patch(1, 0, 10),
        patch(2, 25, 30),
        patch(1, 10, 100),
        patch(2, 30, 50),
    ];
    assert_eq!(patches_of(&mut upload), expected);
}

#[test]
fn what_is_needed_most_of_every_packet_goes_before_the_rest_of_any() {
    let mut upload = Upload::new(queue(&[100; 4])).with_offer_size(2);
    let mut sent = Vec::new();
    loop {
        match upload.next(0) {
            Output::SendOffer { packets } => {
                let numbers: Vec<u64> = (1..=4).filter(|n| packets.contains(&packet(*n))).collect();
                let states = numbers.iter().map(|n| wanted(*n, 0, 100)).collect();
                // Of each first 10 bytes, then 50, then the rest.
                let steps = [10, 50, 100].into_iter();
                let plan = steps.flat_map(|until| numbers.iter().map(move |n| step(*n, until)));
                upload.take(answer(states, plan.collect()));
            }
            Output::Patch { packet, until, .. } => {
                sent.push(((1..=4).find(|n| self::packet(*n) == packet).unwrap(), until));
                upload.take(Input::OffsetLearnt { offset: until });
            }
            _ => break,
        }
    }
    let order = |until| [1, 2, 3, 4].map(|n| (n, until));
    assert_eq!(sent, [order(10), order(50), order(100)].concat());
}

#[test]
fn what_the_plan_leaves_out_is_sent_all_the_same() {
    let states = vec![wanted(1, 0, 100), wanted(2, 0, 50)];
    let plan = vec![step(2, 10), step(9, 10), step(2, 5000)];
    let mut upload = offered(&[100, 50], answer(states, plan));
    let expected = [patch(2, 0, 10), patch(2, 10, 50), patch(1, 0, 100)];
    assert_eq!(patches_of(&mut upload), expected);
}

#[test]
fn after_a_lost_link_the_centre_is_asked_where_it_stands_before_any_byte_goes() {
    let mut upload = offered(&[100], answer(vec![wanted(1, 0, 100)], vec![]));
    assert_eq!(upload.next(0), patch(1, 0, 100));
    upload.take(Input::LinkLost);
    assert!(matches!(upload.next(0), Output::Wait { ms: 500..=1000 }));
    upload.take(Input::Waited);
    assert_eq!(
        upload.next(0),
        Output::Head {
            packet: packet(1),
            upload: upload_id(1)
        }
    );
    upload.take(Input::OffsetLearnt { offset: 64 });
    assert_eq!(upload.next(0), patch(1, 64, 100));
    assert_eq!(upload.acknowledged(packet(1)), Some(64));
}

#[test]
fn waits_grow_until_a_byte_is_acknowledged() {
    let mut upload = Upload::new(queue(&[100]));
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(matches!(upload.next(0), Output::SendOffer { .. }));
        upload.take(Input::LinkLost);
        let Output::Wait { ms } = upload.next(u64::MAX) else {
            panic!("no wait")
        };
        waits.push(ms);
        upload.take(Input::Waited);
    }
    assert!(
        waits.is_sorted() && waits[7] > 30_000 && waits[7] <= WAIT_MS_MAX,
        "{waits:?}"
    );
    assert!(matches!(upload.next(0), Output::SendOffer { .. }));
    upload.take(Input::Progress);
    upload.take(Input::LinkLost);
    assert!(matches!(upload.next(0), Output::Wait { ms: 0..=1000 }));
}

#[test]
fn a_busy_centre_is_left_alone_as_long_as_it_asks() {
    let mut upload = Upload::new(queue(&[100]));
    upload.next(0);
    upload.take(Input::Busy {
        retry_after_ms: Some(90_000),
    });
    assert_eq!(upload.next(0), Output::Wait { ms: 90_000 });
}

#[test]
fn a_refused_packet_is_stuck_and_the_others_go_on() {
    let refused = PacketState {
        packet: packet(1),
        state: WantedState::Refused(RefusalReason::ChainFork),
    };
    let mut upload = offered(&[100, 50], answer(vec![refused, wanted(2, 0, 50)], vec![]));
    let reason = StuckReason::Refused(RefusalReason::ChainFork);
    assert_eq!(
        upload.next(0),
        Output::Stuck {
            packet: packet(1),
            reason
        }
    );
    assert_eq!(upload.next(0), patch(2, 0, 50));
    upload.take(Input::of_error(&SyncError::Refused {
        reason: RefusalReason::DigestMismatch,
    }));
    let reason = StuckReason::Refused(RefusalReason::DigestMismatch);
    assert_eq!(
        upload.next(0),
        Output::Stuck {
            packet: packet(2),
            reason
        }
    );
    assert_eq!(upload.next(0), Output::FetchReceipts);
    upload.take(Input::ReceiptsFetched { packets: vec![] });
    assert_eq!(
        upload.next(0),
        Output::Done {
            unconfirmed: vec![]
        }
    );
}

#[test]
fn a_packet_of_another_length_is_not_sent() {
    let mut upload = offered(&[100], answer(vec![wanted(1, 0, 99)], vec![step(1, 99)]));
    let reason = StuckReason::LengthDiffers;
    assert_eq!(
        upload.next(0),
        Output::Stuck {
            packet: packet(1),
            reason
        }
    );
    let mut upload = offered(&[100], answer(vec![wanted(1, 101, 100)], vec![]));
    assert_eq!(
        upload.next(0),
        Output::Stuck {
            packet: packet(1),
            reason
        }
    );
}

#[test]
fn an_upload_that_is_lost_again_and_again_needs_a_human() {
    let mut upload = Upload::new(queue(&[100]));
    for round in 0.. {
        assert!(round < 100);
        match upload.next(0) {
            Output::SendOffer { .. } => upload.take(answer(vec![wanted(1, 0, 100)], vec![])),
            Output::Patch { .. } => upload.take(Input::UploadGone),
            Output::Wait { .. } => upload.take(Input::Waited),
            other => {
                let reason = StuckReason::NotKept;
                assert_eq!(
                    other,
                    Output::Stuck {
                        packet: packet(1),
                        reason
                    }
                );
                break;
            }
        }
    }
}

#[test]
fn the_centre_may_say_that_it_stands_lower() {
    let mut upload = offered(&[100], answer(vec![wanted(1, 60, 100)], vec![]));
    assert_eq!(upload.next(0), patch(1, 60, 100));
    let error = SyncError::OffsetMismatch {
        ours: ByteCount(60),
        server: ByteCount(40),
    };
    upload.take(Input::of_error(&error));
    assert!(matches!(upload.next(0), Output::Wait { .. }));
    upload.take(Input::Waited);
    assert_eq!(upload.next(0), patch(1, 40, 100));
}

#[test]
fn a_centre_that_does_not_know_the_station_stops_everything() {
    for error in [
        SyncError::Unauthenticated,
        SyncError::Refused {
            reason: RefusalReason::RevokedStation,
        },
        SyncError::PeerMisbehaved { what: "test" },
    ] {
        let mut upload = Upload::new(queue(&[100]));
        upload.next(0);
        upload.take(Input::of_error(&error));
        assert_eq!(upload.next(0), Output::Stopped);
    }
}

#[test]
fn an_offer_that_is_too_large_is_made_smaller_until_the_packet_is_found() {
    let mut upload = Upload::new(queue(&[10; 8]));
    let mut sizes = Vec::new();
    loop {
        match upload.next(0) {
            Output::SendOffer { packets } => {
                sizes.push(packets.len());
                upload.take(Input::of_error(&SyncError::TooLarge));
            }
            other => {
                let reason = StuckReason::TooLarge;
                assert_eq!(
                    other,
                    Output::Stuck {
                        packet: packet(1),
                        reason
                    }
                );
                break;
            }
        }
    }
    assert_eq!(sizes, [8, 4, 2, 1]);
}

#[test]
fn receipts_that_are_late_are_asked_for_again_but_not_for_ever() {
    let held = PacketState {
        packet: packet(1),
        state: WantedState::Held,
    };
    let mut upload = offered(&[100], answer(vec![held], vec![]));
    let (mut fetched, mut waited) = (0, 0);
    loop {
        match upload.next(0) {
            Output::FetchReceipts => {
                fetched += 1;
                upload.take(Input::ReceiptsFetched { packets: vec![] });
            }
            Output::Wait { .. } => {
                waited += 1;
                upload.take(Input::Waited);
            }
            other => {
                assert_eq!(
                    other,
                    Output::Done {
                        unconfirmed: vec![packet(1)]
                    }
                );
                break;
            }
        }
    }
    assert_eq!(
        (fetched, waited),
        (RECEIPT_ROUNDS_MAX, RECEIPT_ROUNDS_MAX - 1)
    );
}

#[test]
fn every_error_has_a_meaning_for_the_upload() {
    let broken = || -> crate::sync_api::TransportError { "x".into() };
    let passing = [
        SyncError::Unreachable { source: broken() },
        SyncError::TimedOut,
        SyncError::Interrupted { source: broken() },
        SyncError::CentreFailed { status: 503 },
    ];
    for error in passing {
        assert!(error.is_passing());
        assert_eq!(Input::of_error(&error), Input::LinkLost);
    }
    assert!(!SyncError::Unauthenticated.is_passing());
}

/// A centre with faults, drawn from a list; when the list is used up, it works.
struct Centre {
    lengths: Vec<u64>,
    held: Vec<u64>,
    generation: u64,
    faults: Vec<u8>,
    plan: Vec<(u64, u64, bool)>,
    /// What it last said of each packet's offset.
    said: Vec<Option<u64>>,
}

impl Centre {
    fn fault(&mut self) -> u8 {
        self.faults.pop().unwrap_or(0)
    }

    fn id(&self, n: u64) -> UploadId {
        upload_id(n + 1000 * self.generation)
    }

    fn index(&self, packet: PacketId) -> usize {
        (0..self.lengths.len())
            .find(|i| self::packet(*i as u64 + 1) == packet)
            .unwrap()
    }

    fn say(&mut self, index: usize) -> Input {
        self.said[index] = Some(self.held[index]);
        Input::OffsetLearnt {
            offset: self.held[index],
        }
    }

    fn offer(&mut self, packets: &[PacketId]) -> Input {
        match self.fault() % 8 {
            1 => return Input::LinkLost,
            2 => {
                return Input::Busy {
                    retry_after_ms: Some(10),
                };
            }
            3 => return Input::UploadGone,
            _ => {}
        }
        let mut states = Vec::new();
        for packet in packets {
            let i = self.index(*packet);
            let (offset, length) = (self.held[i], self.lengths[i]);
            let state = if offset == length {
                WantedState::Held
            } else {
                self.said[i] = Some(offset);
                WantedState::Wanted {
                    upload: self.id(i as u64 + 1),
                    offset,
                    length,
                }
            };
            states.push(PacketState {
                packet: *packet,
                state,
            });
        }
        let plan = self.plan.iter().map(|(n, until, strange)| PlannedSend {
            packet: self::packet(*n),
            upload: if *strange { upload_id(77) } else { self.id(*n) },
            until: *until,
        });
        answer(states, plan.collect())
    }

    fn head(&mut self, packet: PacketId, upload: UploadId) -> Input {
        let i = self.index(packet);
        match self.fault() % 8 {
            1 | 2 => Input::LinkLost,
            3 => Input::Busy {
                retry_after_ms: None,
            },
            _ if upload != self.id(i as u64 + 1) => Input::UploadGone,
            _ => self.say(i),
        }
    }

    fn patch(&mut self, packet: PacketId, upload: UploadId, from: u64, until: u64) -> Input {
        let i = self.index(packet);
        assert_eq!(
            Some(from),
            self.said[i],
            "begins where the centre last said it stands"
        );
        assert!(from < until && until <= self.lengths[i], "{from}..{until}");
        if upload != self.id(i as u64 + 1) {
            return Input::UploadGone;
        }
        if from != self.held[i] {
            return self.say(i);
        }
        // What a broken call left is for a HEAD to tell: until then nothing is said.
        self.said[i] = None;
        match self.fault() % 16 {
            // Half arrives, then the link breaks.
            1 | 2 => {
                self.held[i] = from + (until - from) / 2;
                return Input::LinkLost;
            }
            // Nothing arrives.
            3 => return Input::LinkLost,
            // All arrives, the answer is lost.
            4 | 5 => {
                self.held[i] = until;
                return Input::LinkLost;
            }
            // Half is taken, and said so.
            6 => {
                self.held[i] = from + (until - from).div_ceil(2);
                return self.say(i);
            }
            // The centre was restored from a backup.
            7 => {
                self.held[i] /= 2;
                return self.say(i);
            }
            // All uploads are lost, with or without what they held.
            8 => {
                self.generation += 1;
                self.held.fill(0);
                return Input::UploadGone;
            }
            9 => {
                return Input::Busy {
                    retry_after_ms: Some(5000),
                };
            }
            _ => {}
        }
        self.held[i] = until;
        self.say(i)
    }
}

#[test]
fn control_a_client_that_guesses_after_a_lost_link_is_caught() {
    let centre = || Centre {
        lengths: vec![100],
        held: vec![0],
        generation: 0,
        faults: vec![1, 0],
        plan: vec![],
        said: vec![None],
    };
    let ask_first = |centre: &mut Centre| {
        centre.offer(&[packet(1)]);
        assert_eq!(
            centre.patch(packet(1), upload_id(1), 0, 100),
            Input::LinkLost
        );
        centre.head(packet(1), upload_id(1))
    };
    let mut honest = centre();
    assert_eq!(ask_first(&mut honest), Input::OffsetLearnt { offset: 50 });
    honest.patch(packet(1), upload_id(1), 50, 100);
    for guess in [0, 50, 99] {
        let guessed = std::panic::catch_unwind(|| {
            let mut centre = centre();
            centre.offer(&[packet(1)]);
            centre.patch(packet(1), upload_id(1), 0, 100);
            centre.patch(packet(1), upload_id(1), guess, 100)
        });
        assert!(guessed.is_err(), "{guess}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_ends_with_every_byte_at_the_centre_and_never_skips_one(
        lengths in proptest::collection::vec(1_u64..5000, 1..25),
        faults in proptest::collection::vec(any::<u8>(), 0..40),
        plan in proptest::collection::vec((1_u64..30, 0_u64..6000, any::<bool>()), 0..40),
        offer_size in 1_usize..30,
        mut random in any::<u64>(),
    ) {
        let count = lengths.len();
        let mut centre = Centre {
            held: vec![0; count],
            generation: 0,
            said: vec![None; count],
            faults,
            plan,
            lengths: lengths.clone(),
        };
        let mut upload = Upload::new(queue(&lengths)).with_offer_size(offer_size);
        let mut stuck = Vec::new();
        let mut ended = false;
        for _ in 0..3000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let input = match upload.next(random >> 16) {
                Output::SendOffer { packets } => {
                    prop_assert!(!packets.is_empty() && packets.len() <= offer_size);
                    centre.offer(&packets)
                }
                Output::Head { packet, upload } => centre.head(packet, upload),
                Output::Patch { packet, upload, from, until } => {
                    centre.patch(packet, upload, from, until)
                }
                Output::Wait { ms } => {
                    prop_assert!((500..=WAIT_MS_MAX).contains(&ms));
                    Input::Waited
                }
                Output::FetchReceipts => {
                    let whole = (0..count).filter(|i| centre.held[*i] == centre.lengths[*i]);
                    Input::ReceiptsFetched { packets: whole.map(|i| packet(i as u64 + 1)).collect() }
                }
                Output::Stuck { packet, reason } => {
                    prop_assert_eq!(reason, StuckReason::NotKept);
                    stuck.push(packet);
                    continue;
                }
                Output::Done { .. } => {
                    ended = true;
                    break;
                }
                Output::Stopped => {
                    prop_assert!(false, "nothing here stops it");
                    break;
                }
            };
            upload.take(input);
        }
        prop_assert!(ended);
        for i in 0..count {
            let whole = centre.held[i] == centre.lengths[i];
            // A centre that drops everything loses also what it had said it held; that is for its receipts to tell.
            let lost = centre.generation > 0;
            prop_assert!(whole || lost || stuck.contains(&packet(i as u64 + 1)), "packet {}", i);
        }
        if centre.generation == 0 {
            prop_assert!(upload.unconfirmed().is_empty() || !stuck.is_empty());
        }
    }
}
