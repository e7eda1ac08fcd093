//! Figures: a stopwatch, the spread of runs, and the machine's load beside them.

use std::{path::PathBuf, time::Instant};

use tempfile::TempDir;

/// Minimum, median and maximum of runs.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    min: f64,
    /// The middle one, or the higher of the two.
    pub median: f64,
    /// The largest.
    pub max: f64,
    runs: usize,
}

impl Spread {
    /// Of at least one run.
    pub fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self {
            min: runs[0],
            median: runs[runs.len() / 2],
            max: runs[runs.len() - 1],
            runs: runs.len(),
        }
    }

    /// Prints one line.
    pub fn print(&self, what: &str, unit: &str) {
        let Self {
            min,
            median,
            max,
            runs,
        } = self;
        println!("{what:<44} {min:.2} / {median:.2} / {max:.2} {unit}  ({runs} runs)");
    }
}

/// How long something took, in seconds.
#[allow(clippy::disallowed_methods, reason = "a stopwatch")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let out = work();
    (out, start.elapsed().as_secs_f64())
}

/// Prints the load averages: other work on the machine is part of every figure.
pub fn print_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<_> = load.split_whitespace().take(3).collect();
    println!(
        "load average (1, 5, 15 minutes)              {}",
        averages.join(" ")
    );
}

/// A folder on the disk of the repository: `/tmp` may be memory.
pub fn folder() -> TempDir {
    let target = PathBuf::from("target");
    std::fs::create_dir_all(&target).expect("target/");
    let target = target.canonicalize().expect("target/");
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(target)
        .expect("a folder")
}
