//! `qayd`: the station at the command line.
//!
//! In: a noun and a verb, a data folder, an operator's passphrase. Out: data on stdout, talk on stderr, an exit status
//! that says who can help. Owns: nothing; every command is a few calls of the library.
//! Never: takes a passphrase as an argument; prints a person's data that was not asked for.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done |
//! | 2 | the command line, or a file it names, is wrong |
//! | 3 | nothing is lost; it will work later |
//! | 4 | the operator can put it right |
//! | 5 | a supervisor is needed |
//! | 70 | a fault of the program |

mod args;
mod audit;
mod crash;
mod day;
mod device;
mod draft;
mod enrol;
mod failure;
mod fingerprint;
mod inbox;
mod messages;
mod operator;
mod outbox;
mod pack;
mod packet;
mod person;
mod profile;
mod search;
mod secret;
mod sign_in;
mod slip;
mod station;
mod talk;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Noun};
use failure::Failure;
use talk::Talk;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are no errors; for a machine, a wrong command line is one like every other.
        Err(error) if error.use_stderr() && std::env::args().any(|a| a == "--json") => {
            return Failure::usage(error.to_string()).report(&Talk::new(true));
        }
        Err(error) => error.exit(),
    };
    crash::arm();
    let talk = Talk::new(arguments.common.json);
    let _log = arguments
        .common
        .data
        .as_deref()
        .and_then(qayd_station::log::start);
    // A fault of the program is answered like every other: with a code, what is safe, and status 70.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(arguments, &talk))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failure.report(&talk),
        Err(_) => Failure::state("CLI-99", qayd_model::Remedy::ReportBug).report(&talk),
    }
}

fn run(arguments: Arguments, talk: &Talk) -> Result<(), Failure> {
    let common = &arguments.common;
    match arguments.noun {
        Noun::Station(verb) => station::run(verb, common, talk),
        Noun::Operator(verb) => operator::run(verb, common, talk),
        Noun::Pack(verb) => pack::run(verb, common, talk),
        Noun::Device(verb) => device::run(verb, common, talk),
        Noun::Profile(verb) => profile::run(verb, talk),
        Noun::Enrol(what) => enrol::run(*what, common, talk),
        Noun::Draft(verb) => draft::run(verb, common, talk),
        Noun::Outbox(verb) => outbox::run(verb, common, talk),
        Noun::Inbox(verb) => inbox::run(verb, common, talk),
        Noun::Packet(verb) => packet::run(verb, common, talk),
        Noun::Slip(verb) => slip::run(&verb, common, talk),
        Noun::Day(verb) => day::run(verb, common, talk),
        Noun::Search(what) => search::run(&what, common, talk),
        Noun::Fingerprint(verb) => fingerprint::run(*verb, talk),
        Noun::Audit(verb) => audit::run(verb, common, talk),
    }
}
