//! Arguments: what every command shares, and the list of nouns.
//!
//! In: the command line and the environment. Out: [`Arguments`]. Never: a passphrase among them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The station of Qayd at the command line.
///
/// Data goes to stdout, everything said to a person to stderr. Exit status: 0 done, 2 wrong input, 3 try later,
/// 4 the operator acts, 5 a supervisor acts, 70 a fault of the program.
#[derive(Debug, Parser)]
#[command(
    name = "qayd",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub noun: Noun,
}

/// What every command shares.
#[derive(Debug, Args)]
pub struct Common {
    /// The station's data folder.
    #[arg(long, global = true, env = "QAYD_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Data and errors as JSON, one value each.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who works. The passphrase comes from QAYD_PASSPHRASE, from --passphrase-file, or is asked for.
    #[arg(long, global = true, env = "QAYD_OPERATOR", value_name = "LOGIN")]
    pub operator: Option<String>,
    /// A file whose first line is the operator's passphrase.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The supervisor who stands by. The passphrase comes from QAYD_SUPERVISOR_PASSPHRASE, from
    /// --supervisor-passphrase-file, or is asked for.
    #[arg(long, global = true, env = "QAYD_SUPERVISOR", value_name = "LOGIN")]
    pub supervisor: Option<String>,
    /// A file whose first line is the supervisor's passphrase.
    #[arg(long, global = true, value_name = "FILE")]
    pub supervisor_passphrase_file: Option<PathBuf>,
}

/// What a command is about.
#[derive(Debug, Subcommand)]
pub enum Noun {
    /// Make a folder a station, or say how it stands.
    #[command(subcommand)]
    Station(crate::station::Verb),
    /// The people who work at this station.
    #[command(subcommand)]
    Operator(crate::operator::Verb),
    /// Procedure packs: what this station offers.
    #[command(subcommand)]
    Pack(crate::pack::Verb),
    /// Capture devices.
    #[command(subcommand)]
    Device(crate::device::Verb),
    /// Hardware profiles.
    #[command(subcommand)]
    Profile(crate::profile::Verb),
    /// Enrol a person from a folder, or a synthetic person.
    Enrol(Box<crate::enrol::Enrol>),
    /// Enrolments that are being made.
    #[command(subcommand)]
    Draft(crate::draft::Verb),
    /// Sealed packets on their way to the centre.
    #[command(subcommand)]
    Outbox(crate::outbox::Verb),
    /// What the centre sent back.
    #[command(subcommand)]
    Inbox(crate::inbox::Verb),
    /// Packet files.
    #[command(subcommand)]
    Packet(crate::packet::Verb),
    /// The slip that a person brings.
    #[command(subcommand)]
    Slip(crate::slip::Verb),
    /// The day's work, and its approval.
    #[command(subcommand)]
    Day(crate::day::Verb),
    /// Find an enrolment of this station by name or number.
    Search(crate::search::Search),
    /// The fingerprint engine, on files: no station is needed.
    #[command(subcommand)]
    Fingerprint(Box<crate::fingerprint::Verb>),
    /// The trail of what happened here.
    #[command(subcommand)]
    Audit(crate::audit::Verb),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_takes_no_passphrase() {
        let command = super::Arguments::command();
        command.clone().debug_assert();
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(!id.contains("passphrase") || id.ends_with("_file"), "{id}");
                assert!(
                    argument
                        .get_env()
                        .is_none_or(|e| !e.to_string_lossy().contains("PASSPHRASE"))
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&command);
    }
}
