//! `qayd device`: what this station captures with.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use qayd_devices::sbi::{DeviceState, Environment};
use qayd_devices::{
    DeviceEntry, Devices, Hardware, PlaceSettings, SimulatedPerson, Stage, Surroundings,
};
use qayd_station::{Station, World};
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::Talk;

/// What is done with devices.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The devices of this station.
    List(Profiles),
    /// Open a device, take one frame of it where it has a live picture, close it.
    Check {
        /// Its id in the list; without one, all are checked.
        device: Option<String>,
        #[command(flatten)]
        profiles: Profiles,
    },
}

/// Where facts about hardware are.
#[derive(Debug, Args)]
pub struct Profiles {
    /// Folder of hardware profiles.
    #[arg(long, value_name = "DIR", env = "QAYD_PROFILES")]
    profiles: Option<PathBuf>,
    /// Folder of the authorities that vouch for devices behind a service (SBI): device/*.pem and chip/*.pem.
    #[arg(long, value_name = "DIR", env = "QAYD_SBI_TRUST")]
    sbi_trust: Option<PathBuf>,
    /// Environment that such devices are provisioned for; without it, as the station is.
    #[arg(long, value_name = "NAME")]
    sbi_environment: Option<Environment>,
    /// Serial port of a satellite receiver; without one, those that the profiles know by their USB numbers.
    #[arg(long, value_name = "PATH", env = "QAYD_GPS")]
    gps: Option<PathBuf>,
}

#[derive(Serialize)]
struct CheckView {
    device: DeviceEntry,
    usable: bool,
    took_ms: u64,
    frame: Option<qayd_devices::Geometry>,
    problem: Option<&'static str>,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    match verb {
        Verb::List(profiles) => {
            let devices = devices(&signed.station, &profiles)?;
            devices.wait_for_scanners();
            let around = devices.look();
            say_what_is_not_there(&around, talk);
            let entries = around.entries;
            talk.data(&entries, |out| {
                entries.iter().try_for_each(|e| {
                    let model = e.model.as_deref().unwrap_or("no profile");
                    let kind = if e.device.simulated {
                        "simulated"
                    } else {
                        "real"
                    };
                    let state = match e.state {
                        None | Some(DeviceState::Ready) => "",
                        Some(DeviceState::Busy) => ", busy",
                        Some(DeviceState::NotReady) => ", not ready",
                        Some(DeviceState::NotRegistered) => ", not registered",
                    };
                    writeln!(
                        out,
                        "{:<26} {:<10} {:<24} {model}{state}",
                        e.device.id, kind, e.device.profile
                    )
                })
            })
        }
        Verb::Check { device, profiles } => {
            check(&devices(&signed.station, &profiles)?, device, talk)
        }
    }
}

/// A list that is short says why: nothing is plugged in, or it is and cannot be used.
fn say_what_is_not_there(around: &Surroundings, talk: &Talk) {
    if around.cameras == Some(0) && around.cameras_denied == 0 {
        talk.line("No camera is plugged in.");
    }
    if around.cameras_denied > 0 {
        talk.line(&format!(
            "{} camera(s) may not be opened by this user; on Debian: the group video.",
            around.cameras_denied
        ));
    }
    match around.scanner_problem {
        Some("SCN-08") => talk.line(
            "Document scanners are not looked for: scanimage is missing (on Debian: the package sane-utils).",
        ),
        Some(code) => talk.line(&format!("Document scanners could not be looked for ({code}).")),
        None if around.scanners == Some(0) => talk.line("No document scanner is plugged in."),
        None => {}
    }
    if around.places == Some(0) {
        talk.line("No satellite receiver is plugged in.");
    }
    let has_service = around
        .entries
        .iter()
        .any(|e| e.device.id.starts_with("sbi-"));
    if let Some(ports) = around.ports
        && !has_service
    {
        talk.line(&format!(
            "No device service answers on {ports} ports from 4501."
        ));
    }
    for (port, error) in &around.other_services {
        talk.line(&format!(
            "Port {port}: not usable, {} ({error}).",
            error.code()
        ));
    }
}

/// The devices that are there.
pub fn entries(station: &Station, profiles: &Profiles) -> Result<Vec<DeviceEntry>, Failure> {
    Ok(devices(station, profiles)?.look().entries)
}

/// Nobody stands before the simulated devices in a check: they show an empty platen and a wall.
fn devices(station: &Station, profiles: &Profiles) -> Result<Devices, Failure> {
    let world = World::os();
    let mut hardware = Hardware::read(
        &*world.files,
        profiles.profiles.as_deref(),
        profiles.sbi_trust.as_deref(),
        profiles.sbi_environment,
    )?;
    if let Some(port) = &profiles.gps {
        hardware.place = Some(PlaceSettings::at(port));
    }
    let production = station.identity().production;
    Ok(hardware
        .devices(world.clock, world.random, production)
        .with_simulated(Stage::make(SimulatedPerson::make(1)))
        .with_simulated_place())
}

fn check(devices: &Devices, device: Option<String>, talk: &Talk) -> Result<(), Failure> {
    let ids = match device {
        Some(id) => vec![id],
        None => {
            devices.wait_for_scanners();
            let around = devices.look();
            say_what_is_not_there(&around, talk);
            around.entries.into_iter().map(|e| e.device.id).collect()
        }
    };
    let mut views = Vec::new();
    let mut failed = None;
    for id in ids {
        let report = devices.check(&id)?;
        views.push(CheckView {
            usable: report.is_usable(),
            took_ms: report.took_ms,
            frame: report.frame,
            problem: report.problem.as_ref().map(qayd_devices::DeviceError::code),
            device: report.entry,
        });
        failed = failed.or(report.problem);
    }
    talk.data(&views, |out| {
        views.iter().try_for_each(|v| {
            let state = v.problem.unwrap_or("ready");
            writeln!(
                out,
                "{:<26} {state} after {} ms",
                v.device.device.id, v.took_ms
            )
        })
    })?;
    failed.map_or(Ok(()), |problem| Err(problem.into()))
}
