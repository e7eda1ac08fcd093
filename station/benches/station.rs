//! Criterion benches of the station's own work: seal, field, open, list, search. Real clock, real disk.
//!
//! `./x task bench-station`; figures in docs/benchmarks.md. The folder lies below `target/`, as `/tmp` may be memory.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement")]

use std::{path::Path, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use qayd_crypto::{ArgonParams, Passphrase, unwrap_with_passphrase, wrap_with_passphrase};
use qayd_model::{FingerPosition, SampleKind, Source};
use qayd_protocol::Role;
use qayd_station::testing::{
    OFFICER, PACK_ID, SUPERVISOR, fill, operator, provision, sample, sign_in,
};
use qayd_station::{Draft, Session, Slip, Station, StoreError};
use qayd_world::World;
use tempfile::TempDir;

fn folder() -> TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target).unwrap();
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(target)
        .unwrap()
}

/// A station with an officer, in a folder.
fn station(world: &World, data: &Path) -> (Station, Session) {
    provision(world, data);
    let (station, supervisor) = sign_in(world, data, SUPERVISOR);
    station
        .add_operator(&supervisor, &operator(OFFICER, Role::Officer))
        .unwrap();
    let session = station
        .sign_in_again(OFFICER.0, &Passphrase::new(OFFICER.1))
        .unwrap();
    (station, session)
}

/// A draft that lacks nothing, with 2.5 MB of samples.
fn full_draft<'a>(station: &'a Station, session: &'a Session) -> Draft<'a> {
    let mut draft = station.begin(session, PACK_ID).unwrap();
    fill(&mut draft);
    for position in FingerPosition::ALL {
        draft
            .add_sample(sample(SampleKind::Finger(position), 220_000))
            .unwrap();
    }
    draft
        .add_sample(sample(SampleKind::Portrait, 300_000))
        .unwrap();
    draft
}

fn fields_and_seals(criterion: &mut Criterion) {
    let (dir, world) = (folder(), World::os());
    let (station, session) = station(&world, &dir.path().join("station"));
    let mut group = criterion.benchmark_group("station");
    group
        .sample_size(30)
        .measurement_time(Duration::from_secs(5));
    let mut draft = full_draft(&station, &session);
    let mut number = 0_u64;
    group.bench_function("field set, durable", |bencher| {
        bencher.iter(|| {
            number += 1;
            let text = format!("remark {number}");
            draft
                .set("remark", &text.as_str().into(), Source::Statement)
                .unwrap()
        });
    });
    group.bench_function("seal of 2.5 MB, both fsyncs", |bencher| {
        bencher.iter_batched(
            || full_draft(&station, &session).finalise().unwrap(),
            |finalised| {
                let sealed = station.seal(&session, finalised, None).unwrap();
                assert!(sealed.length.0 > 2_500_000);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Writes `records` sealed records and `drafts` drafts, in bulk: nothing of this is measured.
fn populate(station: &Station, records: u64, drafts: u64) {
    let fill = |tx: &qayd_station::Transaction<'_>| {
        for number in 100..100 + records {
            let id: [u8; 16] = u128::from(number).to_be_bytes();
            let slip = qayd_crypto::cbor::encode(&Slip {
                number,
                ..Slip::default()
            });
            tx.execute(
                "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
                 VALUES (?1, ?2, 'test-service', 1, ?1, 'accepted', ?3, 0, 0)",
                (id, number, slip),
            )?;
            for word in [
                format!("given{}", number % 5_000),
                format!("father{}", number % 7_919),
                format!("family{}", number % 911),
                ["tribe-even", "other-odd"][(number % 2) as usize].to_owned(),
            ] {
                tx.execute(
                    "INSERT OR IGNORE INTO enrolment_word (word, number) VALUES (?1, ?2)",
                    (word, number),
                )?;
            }
        }
        for number in 0..drafts {
            let id: [u8; 16] = (u128::from(number) << 64).to_be_bytes();
            tx.execute(
                "INSERT INTO draft (enrolment, version, pack_id, pack_version, operator, step, revision, started, changed)
                 VALUES (?1, 1, 'test-service', 1, ?1, 'begin', 0, 0, ?2)",
                (id, number),
            )?;
        }
        Ok::<_, StoreError>(())
    };
    station.store().write(fill).unwrap();
}

fn opening_and_lists(criterion: &mut Criterion) {
    let (dir, world) = (folder(), World::os());
    let data = dir.path().join("station");
    let (open, session) = station(&world, &data);
    populate(&open, 10_000, 1_000);
    drop((session, open));
    let mut group = criterion.benchmark_group("10,000 records, 1,000 drafts");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(5));
    // The test build's passphrases cost next to nothing; the product's Argon2id is measured by itself below.
    group.bench_function("open, without Argon2id", |bencher| {
        // One at a time: an open station holds its folder.
        bencher.iter(|| drop(sign_in(&world, &data, OFFICER)));
    });
    let (open, _session) = sign_in(&world, &data, OFFICER);
    group.bench_function("list drafts", |bencher| {
        bencher.iter(|| assert_eq!(open.drafts().unwrap().len(), 1_000));
    });
    group.bench_function("list records", |bencher| {
        bencher.iter(|| assert_eq!(open.enrolments(10_000).unwrap().len(), 10_000));
    });
    group.finish();
}

fn searches(criterion: &mut Criterion) {
    let (dir, world) = (folder(), World::os());
    let (open, _session) = station(&world, &dir.path().join("station"));
    populate(&open, 100_000, 0);
    let mut group = criterion.benchmark_group("search in 100,000");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(5));
    for (what, query, found) in [
        ("one name", "given77", 50),
        ("two names", "given123 father", 20),
        ("a prefix that every record has", "giv", 50),
        ("two rare names", "given1 family9", 20),
        ("three prefixes that every record has", "giv fat fam", 50),
        (
            "two prefixes of half the records each that never meet",
            "tri oth",
            0,
        ),
        ("nobody", "nobody", 0),
    ] {
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                let records = open.search(query, 50).unwrap();
                assert!(records.len() >= found.min(1) && records.len() <= 50);
            });
        });
    }
    group.finish();
}

fn passphrase(criterion: &mut Criterion) {
    let passphrase = Passphrase::new("eleven quiet rivers");
    let wrapped = wrap_with_passphrase(
        ArgonParams::STANDARD,
        &passphrase,
        [1; 16],
        [2; 12],
        &[3; 32],
        b"bench",
    )
    .unwrap();
    let mut group = criterion.benchmark_group("passphrase");
    group.sample_size(10);
    group.bench_function("Argon2id, 256 MiB, 3 passes", |bencher| {
        bencher.iter(|| unwrap_with_passphrase(&passphrase, &wrapped, b"bench").unwrap());
    });
    group.finish();
}

criterion_group!(
    benches,
    fields_and_seals,
    opening_and_lists,
    searches,
    passphrase
);
criterion_main!(benches);
