//! `qayd-sbi-simulator`: the service as a command.
#![allow(clippy::print_stdout, reason = "a command talks to whoever runs it")]

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use qayd_sbi_simulator::{DeviceKind, Encoding, Keys, Options, Simulator};
use qayd_world::{OsClock, OsFiles};

/// A biometric device service for people who build registration clients: it speaks MOSIP SBI 0.9.5 over HTTP on
/// 127.0.0.1, has a slap scanner, a face camera and an iris scanner before which stands somebody who does not exist,
/// and goes wrong on demand.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Arguments {
    /// Port to listen on; without it, the first free one of 4501 to 4600
    #[arg(long)]
    port: Option<u16>,
    /// Devices: finger, face, iris; without it, all three
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    devices: Vec<DeviceKind>,
    /// Environment that the devices are provisioned for
    #[arg(long, default_value = "Developer", value_parser = ["Staging", "Developer", "Pre-Production", "Production"])]
    environment: String,
    /// Certification: at L1 a chip signs the digital id
    #[arg(long, default_value = "L0", value_parser = ["L0", "L1"])]
    level: String,
    /// How pictures of fingers and eyes lie in their records
    #[arg(long, value_enum, default_value = "png")]
    encoding: Encoding,
    /// Who stands there first; the same seed is the same person
    #[arg(long, default_value_t = 1)]
    person: u64,
    /// Nobody has a finger on the platen until POST /admin/insert
    #[arg(long)]
    empty: bool,
    /// Folder for keys, kept between runs; what a client is to trust lies in its folder `trust`
    #[arg(long, value_name = "DIR", default_value = "sbi-simulator")]
    state: PathBuf,
}

const HELP: &str = "\
Try it, in another terminal:
  curl -X MOSIPDISC  http://127.0.0.1:4501/device -d '{\"type\":\"Biometric Device\"}'
  curl -X MOSIPDINFO http://127.0.0.1:4501/info
  curl -X POST http://127.0.0.1:4501/admin/fault  -d '{\"fault\":\"bad_signature\",\"times\":1}'
  curl -X POST http://127.0.0.1:4501/admin/remove          # lift the fingers; /admin/insert lays them down
  curl -X POST http://127.0.0.1:4501/admin/unplug          # pull the cable; /admin/plug puts it back
  curl http://127.0.0.1:4501/admin/state

Faults of a capture: bad_signature stranger expired_certificate wrong_transaction replayed_capture stale_time
  wrong_purpose wrong_environment other_device broken_hash three_fingers finger_twice wrong_hand swapped_hand
  lying_position lying_length lying_size tampered not_json no_answer
Faults of device information: info_bad_signature info_wrong_environment info_elsewhere info_other_device
Faults of a preview: truncated_stream stalled_stream garbled_stream";

fn kind(name: &str) -> Result<DeviceKind, String> {
    DeviceKind::ALL
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| "finger, face or iris".to_owned())
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let keys = Keys::keep(&OsFiles::default(), &arguments.state, &OsClock::default())
        .with_context(|| format!("keys in {}", arguments.state.display()))?;
    let kinds = if arguments.devices.is_empty() {
        DeviceKind::ALL.to_vec()
    } else {
        arguments.devices
    };
    let options = Options {
        port: arguments.port,
        kinds: kinds.clone(),
        environment: arguments.environment,
        is_level_1: arguments.level == "L1",
        encoding: arguments.encoding,
        seed: arguments.person,
        is_present: !arguments.empty,
        thumbnail: false,
    };
    let simulator = Simulator::start(options, keys)?;
    let names: Vec<_> = kinds.into_iter().map(DeviceKind::name).collect();
    println!(
        "SBI 0.9.5 on http://127.0.0.1:{}: {}. Trust {}. Stop with Ctrl-C.",
        simulator.port(),
        names.join(", "),
        arguments.state.join("trust").display()
    );
    simulator.join();
    Ok(())
}
