//! Measurements of the whole programme: real processes, real HTTPS, real disk. Reached by `./x task bench-NAME`.
//!
//! In: the release binaries `qayd` and `qayd-server` beside this one. Out: lines for `docs/benchmarks.md`.
//! Owns: a folder below `target/`, removed at the end. Never: part of a test run; a figure without its runs and load.
#![allow(clippy::print_stdout, reason = "figures are for reading")]

mod examine;
mod figures;
mod intake;
mod link;
mod stations;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let numbers: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
    let number = |place: usize, otherwise: usize| numbers.get(place).copied().unwrap_or(otherwise);
    let reached = match name.as_str() {
        "intake" => intake::run(number(0, 7)),
        "examine" => examine::run(number(0, 12)),
        "link" => link::run(number(0, 3)),
        "stations" => stations::run(number(0, 300), number(1, 40)),
        _ => {
            println!(
                "bench-intake [ROUNDS] · bench-examine [PACKETS] · bench-link [RUNS] · bench-stations [STATIONS PACKETS]"
            );
            return ExitCode::from(2);
        }
    };
    if reached {
        ExitCode::SUCCESS
    } else {
        println!("a figure was not reached");
        ExitCode::FAILURE
    }
}
