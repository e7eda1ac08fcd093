//! `qayd-server`: the centre's command.
//!
//! In: arguments; passphrases from the environment, a file or the terminal. Out: data on stdout, talk on stderr.
//! Exit status: 0, or by who acts next (3 try again, 4 the caller, 5 a supervisor, 70 a bug), 2 for bad arguments.

mod arguments;
mod commands;
mod packet;
mod passphrases;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("QAYD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.remedy.exit_status())
        }
    }
}
