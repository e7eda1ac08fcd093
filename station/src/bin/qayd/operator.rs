//! `qayd operator`: the people who work at this station.

use std::fmt::Write;

use clap::{Subcommand, ValueEnum};
use qayd_model::{OperatorId, UnixMs};
use qayd_protocol::Role;
use qayd_station::NewOperator;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::secret;
use crate::sign_in::sign_in;
use crate::talk::{Talk, when};

/// What is done about operators.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add somebody. Only a supervisor does. The new passphrase comes from QAYD_NEW_PASSPHRASE, from
    /// --new-passphrase-file, or is asked for.
    Add {
        /// The name they sign in with: 2 to 32 of a-z, 0-9, dot, dash, underscore.
        login: String,
        /// What they may do.
        #[arg(long, value_enum, default_value = "officer")]
        role: RoleName,
        /// A file whose first line is their passphrase.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<std::path::PathBuf>,
    },
    /// Everybody who works here.
    List,
    /// End somebody's waiting time after wrong passphrases. Only a supervisor does.
    Unlock {
        /// The name they sign in with.
        login: String,
    },
}

/// A role at the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Enrols people.
    Officer,
    /// Enrols, approves exceptions, adds and unlocks operators.
    Supervisor,
    /// Looks after devices.
    Technician,
}

#[derive(Serialize)]
struct OperatorView {
    operator: OperatorId,
    login: String,
    role: &'static str,
    added_by: Option<OperatorId>,
    added: UnixMs,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    let station = &signed.station;
    match verb {
        Verb::Add {
            login,
            role,
            new_passphrase_file,
        } => {
            signed.session.require_supervisor()?;
            let prompt = format!("New passphrase of {login}: ");
            let passphrase = secret::passphrase(
                new_passphrase_file.as_deref(),
                "QAYD_NEW_PASSPHRASE",
                &prompt,
            )?;
            let role = match role {
                RoleName::Officer => Role::Officer,
                RoleName::Supervisor => Role::Supervisor,
                RoleName::Technician => Role::Technician,
            };
            station.add_operator(
                &signed.session,
                &NewOperator {
                    login,
                    passphrase,
                    role,
                },
            )?;
        }
        Verb::Unlock { login } => station.unlock_operator(&signed.session, &login)?,
        Verb::List => {}
    }
    let operators: Vec<OperatorView> = station
        .operators()?
        .into_iter()
        .map(|o| OperatorView {
            operator: o.operator,
            login: o.login,
            role: o.role.name(),
            added_by: o.added_by,
            added: o.added,
        })
        .collect();
    talk.data(&operators, |out| {
        operators.iter().try_for_each(|o| {
            writeln!(
                out,
                "{:<24} {:<12} added {}",
                o.login,
                o.role,
                when(o.added)
            )
        })
    })
}
