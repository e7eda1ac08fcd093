//! `qayd device`: what this station captures with.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use qayd_devices::{DeviceEntry, Devices, ProfileSet, SimulatedPerson, Stage};
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
    /// Open a device, take one frame, close it.
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
            let entries = devices(&signed.station, profiles)?.list();
            talk.data(&entries, |out| {
                entries.iter().try_for_each(|e| {
                    let model = e.model.as_deref().unwrap_or("profile not loaded");
                    let kind = if e.device.simulated {
                        "simulated"
                    } else {
                        "real"
                    };
                    writeln!(
                        out,
                        "{:<20} {:<10} {:<24} {model}",
                        e.device.id, kind, e.device.profile
                    )
                })
            })
        }
        Verb::Check { device, profiles } => {
            check(&devices(&signed.station, profiles)?, device, talk)
        }
    }
}

/// Nobody stands before the simulated devices in a check: they show an empty platen and a wall.
fn devices(station: &Station, profiles: Profiles) -> Result<Devices, Failure> {
    let world = World::os();
    let mut devices = Devices::make(world.clock.clone(), station.identity().production)
        .with_simulated(Stage::make(SimulatedPerson::make(1)));
    if let Some(folder) = profiles.profiles {
        devices = devices.with_profiles(Arc::new(ProfileSet::read(&*world.files, &folder)?));
    }
    Ok(devices)
}

fn check(devices: &Devices, device: Option<String>, talk: &Talk) -> Result<(), Failure> {
    let ids = match device {
        Some(id) => vec![id],
        None => devices.list().into_iter().map(|e| e.device.id).collect(),
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
                "{:<20} {state} after {} ms",
                v.device.device.id, v.took_ms
            )
        })
    })?;
    failed.map_or(Ok(()), |problem| Err(problem.into()))
}
