//! Figures: how long the station's own work takes. Not part of the ordinary run; see docs/benchmarks.md.
//!
//! `cargo test -p qayd-station --release --lib figures -- --ignored --nocapture`

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::time::Duration;

use qayd_model::{FingerPosition, SampleKind, Source};
use qayd_world::World;

use crate::store::StoreError;
use crate::testing::{OFFICER, PACK_ID, SUPERVISOR, fill, operator, provision, sample, sign_in};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let out = work();
    (out, start.elapsed())
}

#[test]
#[ignore = "figures"]
fn field_sample_seal_open_list_search() {
    let dir = tempfile::tempdir_in(".").unwrap();
    let (data, world) = (dir.path().join("station"), World::os());
    provision(&world, &data);
    let (station, supervisor) = sign_in(&world, &data, SUPERVISOR);
    station
        .add_operator(
            &supervisor,
            &operator(OFFICER, qayd_protocol::Role::Officer),
        )
        .unwrap();
    let session = station
        .sign_in_again(OFFICER.0, &qayd_crypto::Passphrase::new(OFFICER.1))
        .unwrap();

    let (mut fields, mut samples, mut seals) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..25 {
        let mut draft = station.begin(&session, PACK_ID).unwrap();
        fill(&mut draft);
        let text = format!("remark {n}");
        fields.push(
            timed(|| {
                draft
                    .set("remark", &text.as_str().into(), Source::Statement)
                    .unwrap()
            })
            .1,
        );
        for position in FingerPosition::ALL {
            let finger = sample(SampleKind::Finger(position), 220_000);
            samples.push(timed(|| draft.add_sample(finger).unwrap()).1);
        }
        draft
            .add_sample(sample(SampleKind::Portrait, 300_000))
            .unwrap();
        let finalised = draft.finalise().unwrap();
        let (sealed, time) = timed(|| station.seal(&session, finalised, None).unwrap());
        assert!(sealed.length.0 > 2_500_000);
        seals.push(time);
    }
    println!("field set, durable           median {:?}", median(fields));
    println!("sample of 220 kB, durable    median {:?}", median(samples));
    println!("seal of 2.5 MB, durable      median {:?}", median(seals));

    // Records of a long life, beside a thousand open drafts; written in bulk, as nothing here is measured.
    station
        .store()
        .write(|tx| {
            for n in 100..100_100u64 {
                let id: [u8; 16] = u128::from(n).to_be_bytes();
                let slip = qayd_crypto::cbor::encode(&super::Slip { number: n, lines: Vec::new() });
                tx.execute(
                    "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
                     VALUES (?1, ?2, 'test-service', 1, ?1, 'accepted', ?3, 0, 0)",
                    (id, n, slip),
                )?;
                for word in [format!("given{}", n % 5_000), format!("father{}", n % 7_919), format!("family{}", n % 911)] {
                    tx.execute("INSERT OR IGNORE INTO enrolment_word (word, number) VALUES (?1, ?2)", (word, n))?;
                }
            }
            for n in 0..1_000u64 {
                let id: [u8; 16] = (u128::from(n) << 64).to_be_bytes();
                tx.execute(
                    "INSERT INTO draft (enrolment, version, pack_id, pack_version, operator, step, revision, started, changed)
                     VALUES (?1, 1, 'test-service', 1, ?1, 'begin', 0, 0, ?2)",
                    (id, n),
                )?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    drop((station, session, supervisor));
    let ((station, session), opening) = timed(|| sign_in(&world, &data, OFFICER));
    println!("open with 100,000 records    {opening:?} (test-sized Argon2id)");
    let (drafts, list) = timed(|| station.drafts().unwrap());
    println!("list {} drafts            {list:?}", drafts.len());
    let (records, list) = timed(|| station.enrolments(10_000).unwrap());
    println!("list {} records          {list:?}", records.len());
    for query in ["given77", "giv", "given123 father", "given1 family9"] {
        let (found, time) = timed(|| station.search(query, 50).unwrap());
        println!("search {query:<20} {:>3} found in {time:?}", found.len());
    }
    let (entries, time) = timed(|| station.audit_verify().unwrap());
    println!("audit of {entries} entries verified in {time:?}");
    drop(session);
}
