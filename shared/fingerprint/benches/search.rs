//! Figures of the search: `cargo bench -p qayd-fingerprint --bench search`.
//!
//! Fingers are made as templates. `kernel` compares one finger with each of 2,000 others; the number printed as `elem/s`
//! is finger comparisons a second on one core. It and `derive` count the processor's time, so that a busy machine shows
//! nearly the same figures as a quiet one. `search` is a whole search of ten fingers in a gallery of 20,000 people, on
//! as many cores as there are, by the clock on the wall; `QAYD_BENCH_PEOPLE` changes the number of people, 0 leaves this
//! out. It prints median and p99 of 120 searches, of 40 where hands are doubted.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: macros without docs, a clock, output"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use qayd_fingerprint::search::{Descriptor, Kernel, Search, Surroundings, TemplatePerson};
use qayd_fingerprint::{Gallery, search};
use qayd_model::FingerPosition;
use rustix::time::{ClockId, clock_gettime};

const INDEX: FingerPosition = FingerPosition::RightIndex;

/// Time that this thread spent on the processor.
struct ProcessorTime;

impl ProcessorTime {
    fn now() -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }
}

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }

    fn end(&self, started: Duration) -> Duration {
        Self::now().saturating_sub(started)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn kernel(c: &mut Criterion<ProcessorTime>) {
    let fingers: Vec<Surroundings> = (0..2_000)
        .map(|seed| Surroundings::derive(&TemplatePerson::make(seed).impression(INDEX, 1)))
        .collect();
    let probe = Surroundings::derive(&TemplatePerson::make(1_000).impression(INDEX, 2));
    let mut group = c.benchmark_group("kernel");
    group.throughput(Throughput::Elements(fingers.len() as u64));
    group.bench_function(format!("{:?}", Kernel::here()), |b| {
        b.iter(|| {
            fingers
                .iter()
                .map(|finger| probe.likelihood(black_box(finger)).log_ratio())
                .fold(0.0, f32::max)
        });
    });
    group.bench_function("first look alone", |b| {
        b.iter(|| {
            fingers
                .iter()
                .map(|finger| probe.glance(black_box(finger)).log_ratio())
                .fold(0.0, f32::max)
        });
    });
    group.bench_function("portable", |b| {
        b.iter(|| {
            fingers
                .iter()
                .map(|finger| probe.evidence_numbers_portable(black_box(finger))[1])
                .fold(0.0, f32::max)
        });
    });
    group.finish();
}

fn derive(c: &mut Criterion<ProcessorTime>) {
    let template = TemplatePerson::make(7).impression(INDEX, 1);
    c.bench_function("derive", |b| {
        b.iter(|| Surroundings::derive(black_box(&template)));
    });
    c.bench_function("template person, one finger", |b| {
        b.iter(|| TemplatePerson::make(black_box(7)).impression(INDEX, 1));
    });
}

/// By the clock on the wall, each search once: criterion's means would hide the slow ones.
fn whole_search(_: &mut Criterion) {
    let people = std::env::var("QAYD_BENCH_PEOPLE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000);
    if people == 0 {
        return;
    }
    let mut gallery = Gallery::new();
    for seed in 0..people {
        gallery.insert(seed, TemplatePerson::make(seed).ten(1));
    }
    println!(
        "gallery: {people} people, {:.1} kB each",
        gallery.memory_bytes() as f64 / 1e3 / people as f64
    );
    for (name, first) in [("somebody", 0), ("nobody", 1_000_000_000)] {
        let probes: Vec<_> = (0..40)
            .map(|n| TemplatePerson::make(first + n * 37).ten(2))
            .collect();
        percentiles(name, 120, &probes, |probe| {
            search(&gallery, probe, 10).len()
        });
        let doubting = Search {
            limit: 10,
            retry: true,
            templates: None,
        };
        let doubted = format!("{name}, hands doubted");
        percentiles(&doubted, 40, &probes, |probe| {
            doubting.run(&gallery, probe).len()
        });
    }
}

fn percentiles<P>(name: &str, searches: usize, probes: &[P], run: impl Fn(&P) -> usize) {
    let mut times: Vec<f64> = (0..searches)
        .map(|n| {
            let started = Instant::now();
            black_box(run(&probes[n % probes.len()]));
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: {searches} searches, median {:.1} ms, p99 {:.1} ms",
        times[searches / 2],
        times[searches * 99 / 100]
    );
}

criterion_group! {
    name = parts;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = kernel, derive
}
criterion_group!(whole, whole_search);
criterion_main!(parts, whole);
