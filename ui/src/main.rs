//! `qayd-station`: the window of a station.
//!
//! In: the station's folder (`--data`, `QAYD_DATA`). Out: the window, until it is closed. Never: a passphrase on the
//! command line; it is typed into the window.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use qayd_devices::sbi::Environment;
use qayd_devices::{Hardware, Script, SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_station::World;
use qayd_ui::Station;
use qayd_ui::desk::Setup;
use qayd_ui::preferences::Preferences;

/// A double press is over within this; whoever reads a page takes longer.
const SECOND_PRESS_MS: u64 = 400;

/// The window of a Qayd station.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The station's data folder
    #[arg(long, env = "QAYD_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Language of the window: ar, ckb, en. Without it, the one that was chosen last
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Folder of hardware profiles
    #[arg(long, value_name = "DIR", env = "QAYD_PROFILES")]
    profiles: Option<PathBuf>,
    /// Folder of the authorities that vouch for devices behind a service (SBI): device/*.pem and chip/*.pem
    #[arg(long, value_name = "DIR", env = "QAYD_SBI_TRUST")]
    sbi_trust: Option<PathBuf>,
    /// Environment that such devices are provisioned for; without it, as the station is
    #[arg(long, value_name = "NAME")]
    sbi_environment: Option<Environment>,
    /// Let the synthetic person of this seed stand before a simulated scanner and camera. Refused where real people are
    /// enrolled
    #[arg(long, value_name = "SEED")]
    simulated: Option<u64>,
    /// What goes wrong with the simulated devices: `left_four=three_fingers,good; portrait=unplugged`
    #[arg(
        long,
        value_name = "SCRIPT",
        requires = "simulated",
        default_value = ""
    )]
    fault: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // A computer that is no station yet has no folder to write into.
    if qayd_station::log::start(&options.data).is_none() {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .init();
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the window did not open");
            let mut causes = String::new();
            let mut cause = error.source();
            while let Some(one) = cause {
                causes.push_str(&format!(": {one}"));
                cause = one.source();
            }
            let help = if error.is::<slint::PlatformError>() {
                "It needs a screen: an X server named by DISPLAY."
            } else {
                "Look at the options it was started with: qayd-station --help."
            };
            #[allow(clippy::print_stderr, reason = "there is no window to say it in")]
            {
                eprintln!("The window did not open: {error}{causes}\nNothing was changed.\n{help}");
            }
            ExitCode::from(70)
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let world = World::os();
    let script: Script = options.fault.parse()?;
    let stage = options
        .simulated
        .map(|seed| Stage::make(SimulatedPerson::make(seed).with_script(script)));
    let language = match options.language.as_deref() {
        Some(code) => Language::from_code(code).ok_or("the language is ar, ckb or en")?,
        None => Preferences::read(&world, &options.data).language,
    };
    let hardware = Hardware::read(
        &*world.files,
        options.profiles.as_deref(),
        options.sbi_trust.as_deref(),
        options.sbi_environment,
    )?;
    Station::run(Setup {
        data: options.data,
        world,
        hardware,
        stage,
        language,
        second_press_ms: SECOND_PRESS_MS,
    })?;
    Ok(())
}
