//! Measure: what a dictionary is trained on, and what it saves.
//!
//! In: synthetic enrolments. Out: the texts before compression; a dictionary; a table of bytes.
//! Never: flatters itself; the table has a row for names that the dictionary it judges was not trained on.

use anyhow::{Context, Result};
use qayd_crypto::{OpeningKey, SigningKey, Suite};
use qayd_model::{
    EnrolmentId, OperatorId, PackSet, PacketId, PersonalBytes, QualityScore, SampleId, SampleKind,
    Sha256Digest, StationId, UnixMs,
};
use qayd_packet::{
    Dictionary, FieldEntry, Head, NewSample, Recipients, SealRequest, SealedPacket, Signer,
    StampedTime, open_demographics, seal_with, verify_packet,
};
use qayd_protocol::trust::sign;
use qayd_protocol::{OperatorCertificate, Role};

use super::names::Names;
use super::people::Enrolment;
use super::texts;

/// 2026-01-01, from where the synthetic clocks run.
const EPOCH_MS: u64 = 1_767_225_600_000;
/// As the packet compresses.
const ZSTD_LEVEL: i32 = 3;

struct Sealed {
    packet: SealedPacket,
    station: SigningKey,
    opening: OpeningKey,
}

/// Seals one enrolment as a station does, with keys and ids of its own.
fn sealed(enrolment: &Enrolment, dictionary: Dictionary, suite: Suite) -> Result<Sealed> {
    let mut stream = enrolment.stream.again();
    let begun = EPOCH_MS + stream.below(300 * 86_400_000);
    let station_id = StationId::make(EPOCH_MS, stream.bytes());
    let operator_id = OperatorId::make(EPOCH_MS, stream.bytes());
    let station = SigningKey::make(&stream.bytes());
    let operator = SigningKey::make(&stream.bytes());
    let certificate = sign(
        &OperatorCertificate {
            operator: operator_id,
            station: station_id,
            login: format!("officer-{}", 1 + stream.below(9)),
            role: Role::Officer,
            key: operator.public(),
            added_by: Some(OperatorId::make(EPOCH_MS, stream.bytes())),
            issued: UnixMs(begun - 86_400_000),
        },
        &station,
    );
    let opening = OpeningKey::make(suite, &stream.bytes());
    let recipients = Recipients {
        review: vec![opening.public().clone()],
        biometric: vec![opening.public().clone()],
        sensitive: vec![opening.public().clone()],
    };
    let mut at = begun;
    let mut fields = Vec::new();
    for (number, value, source) in &enrolment.answers {
        at += 2_000 + stream.below(20_000);
        fields.push(FieldEntry {
            number: *number,
            value: value.clone(),
            source: *source,
            entered: UnixMs(at),
            operator: operator_id,
        });
    }
    let mut samples = Vec::new();
    for kind in &enrolment.samples {
        at += 1_000 + stream.below(8_000);
        let (algorithm, ppi, device) = match kind {
            SampleKind::Portrait => (Some("qayd-portrait-plain"), None, "camera"),
            SampleKind::Finger(_) => (Some("qayd-plain"), Some(500), "finger"),
            _ => (None, Some(300), "docscan"),
        };
        samples.push(NewSample {
            id: SampleId::make(at, stream.bytes()),
            kind: kind.clone(),
            media_type: (*stream.pick(&["image/png", "image/jpeg"])).to_owned(),
            bytes: PersonalBytes::new(stream.bytes::<32>().to_vec()),
            quality: algorithm.map(|algorithm| QualityScore {
                algorithm: algorithm.to_owned(),
                version: 1,
                value: 30 + stream.below(70) as u8,
            }),
            ppi,
            device: Some(format!("{device}/{}", stream.digits(6))),
            attempts: 1 + stream.below(3) as u16,
            captured: UnixMs(at),
        });
    }
    let request = SealRequest {
        head: Head {
            packet: PacketId::make(at, stream.bytes()),
            enrolment: EnrolmentId::make(begun, stream.bytes()),
            version: 1,
            station: station_id,
            sequence: 1,
            previous: None,
            boot_counter: 1 + stream.below(200),
            made: StampedTime {
                raw: UnixMs(at),
                estimated: None,
                error_ms: None,
            },
            pack_id: enrolment.pack_id.clone(),
            pack_version: enrolment.pack_version,
            pack_digest: Sha256Digest(stream.bytes()),
            station_kind: enrolment.station_kind.clone(),
            home_office: enrolment.home_office.clone(),
            keyring_epoch: 1,
        },
        started: UnixMs(begun),
        fields,
        // They travel beside the demographics: a dictionary has nothing to learn from them.
        sensitive: Vec::new(),
        sensitive_in: None,
        samples,
        held: Vec::new(),
        exceptions: Vec::new(),
        extension: None,
        operator: Signer {
            id: operator_id,
            key: &operator,
            certificate: &certificate,
        },
        supervisor: None,
        station_key: &station,
        recipients: &recipients,
    };
    let packet = seal_with(dictionary, request, &mut stream)?;
    Ok(Sealed {
        packet,
        station,
        opening,
    })
}

/// What the demographics part holds before compression: content, signature, certificate.
pub fn text_of(enrolment: &Enrolment) -> Result<Vec<u8>> {
    let sealed = sealed(enrolment, Dictionary::None, Suite::X25519)?;
    let verified = verify_packet(&sealed.packet.bytes, &sealed.station.public())?;
    let opened = open_demographics(&[sealed.opening], &verified)?;
    Ok(opened.before_compression().to_vec())
}

/// Trains a dictionary. The same texts give the same bytes with the same zstd.
pub fn train(texts: &[Vec<u8>], bytes: usize) -> Result<Vec<u8>> {
    zstd::dict::from_samples(texts, bytes).context("zstd found nothing in common")
}

/// Prints median bytes without and with a dictionary.
pub fn report(packs: &PackSet, seed: u64, each: usize) -> Result<()> {
    println!("median bytes over {each} people a pack, seed {seed}");
    println!("| pack | before compression | part, none | part, dictionary 1 |");
    println!("|---|---|---|---|");
    let mut everybody = [Vec::new(), Vec::new(), Vec::new()];
    let mut people = super::People::new(packs, Names::all(), seed);
    for pack in packs.packs.values() {
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..each {
            let person = people.next(pack);
            columns[0].push(text_of(&person)?.len());
            for (column, dictionary) in [(1, Dictionary::None), (2, Dictionary::First)] {
                let sealed = sealed(&person, dictionary, Suite::XWing)?;
                let part = &sealed.packet.manifest.manifest().parts[0];
                columns[column].push(part.length as usize);
            }
        }
        for (all, column) in everybody.iter_mut().zip(&columns) {
            all.extend(column);
        }
        let [before, none, first] = columns.map(median);
        println!("| {} | {before} | {none} | {first} |", pack.id);
    }
    let [before, none, first] = everybody.map(median);
    println!("| all | {before} | {none} | {first} |");

    // The dictionary knows the very lists these people are named from. A twin that was trained on one half of the
    // lists is held against the other half: what it saves there, it saves for names nobody thought of.
    let twin = train(
        &texts(packs, Names::half(false), 1, each)?,
        super::DICTIONARY_BYTES_MAX,
    )?;
    let strangers = texts(packs, Names::half(true), seed, each)?;
    let mut frames = [Vec::new(), Vec::new()];
    for text in &strangers {
        for (frames, dictionary) in frames.iter_mut().zip([&[][..], &twin[..]]) {
            let mut compressor = zstd::bulk::Compressor::with_dictionary(ZSTD_LEVEL, dictionary)?;
            frames.push(compressor.compress(text)?.len());
        }
    }
    let [none, twin] = frames.map(median);
    println!("frame alone, names the dictionary never saw: {none} without, {twin} with");
    Ok(())
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
