//! Signing in: from the command line to an open station.
//!
//! In: data folder, login, passphrase. Out: [`Signed`], and the supervisor's [`Approval`] where one stands by.
//! Never: guesses who works here when there are several.

use std::path::PathBuf;

use qayd_crypto::Passphrase;
use qayd_station::{Approval, Session, Station, World};

use crate::args::Common;
use crate::failure::Failure;
use crate::secret;

/// An open station and who signed in.
pub struct Signed {
    pub station: Station,
    pub session: Session,
}

/// The data folder of the command line.
pub fn data(common: &Common) -> Result<PathBuf, Failure> {
    common
        .data
        .clone()
        .ok_or_else(|| Failure::usage("no data folder: name it with --data, or set QAYD_DATA"))
}

/// Opens the station for the operator of the command line; where only one person works, that one is meant.
pub fn sign_in(common: &Common) -> Result<Signed, Failure> {
    let world = World::os();
    let data = data(common)?;
    if !Station::is_provisioned(&data) {
        return Err(Failure::state("STA-01", qayd_model::Remedy::SupervisorActs)
            .with(format!("{} holds no station", data.display())));
    }
    let login = match &common.operator {
        Some(login) => login.clone(),
        None => match Station::logins(&world, &data)?.as_slice() {
            [only] => only.clone(),
            logins => {
                return Err(Failure::usage(format!(
                    "who works? name one with --operator: {}",
                    logins.join(", ")
                )));
            }
        },
    };
    let prompt = format!("Passphrase of {login}: ");
    let passphrase = secret::passphrase(
        common.passphrase_file.as_deref(),
        "QAYD_PASSPHRASE",
        &prompt,
    )?;
    let (station, session) = Station::sign_in(world, &data, &login, &passphrase)?;
    Ok(Signed { station, session })
}

/// The approval of the supervisor of the command line; `None` when none was named.
pub fn approval(common: &Common, station: &Station) -> Result<Option<Approval>, Failure> {
    let Some((login, passphrase)) = named_supervisor(common)? else {
        return Ok(None);
    };
    Ok(Some(station.approve(&login, &passphrase)?))
}

/// The supervisor of the command line, signed in beside the operator; `None` when none was named.
pub fn supervisor(common: &Common, station: &Station) -> Result<Option<Session>, Failure> {
    let Some((login, passphrase)) = named_supervisor(common)? else {
        return Ok(None);
    };
    Ok(Some(station.sign_in_again(&login, &passphrase)?))
}

fn named_supervisor(common: &Common) -> Result<Option<(String, Passphrase)>, Failure> {
    let Some(login) = &common.supervisor else {
        return Ok(None);
    };
    let prompt = format!("Passphrase of the supervisor {login}: ");
    let passphrase = secret::passphrase(
        common.supervisor_passphrase_file.as_deref(),
        "QAYD_SUPERVISOR_PASSPHRASE",
        &prompt,
    )?;
    Ok(Some((login.clone(), passphrase)))
}
