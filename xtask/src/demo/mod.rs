//! The demo programme in `./.demo`: the whole river, through the real commands and the console's own forms.
//!
//! In: `--people DIR` or three synthetic people. Out: a report, and an exit status that is 0 only if every invariant held.
//! Owns: the folder `.demo`. Never: reaches into a store; what it claims it read from commands and pages.

mod console;
pub mod programme;
mod report;
mod story;

use std::path::PathBuf;

use anyhow::Result;

use programme::Programme;

/// What `./x run` was told.
#[derive(clap::Args)]
pub struct Options {
    /// Play the river without a person and exit
    #[arg(long)]
    headless: bool,
    /// Enrol the people of this folder instead of three synthetic ones; a folder per person, with person.toml
    #[arg(long, value_name = "DIR")]
    people: Option<PathBuf>,
    /// Write the report here, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Plays the demo.
pub fn run(options: &Options) -> Result<()> {
    let mut programme = Programme::make()?;
    if !options.headless {
        return stay(&mut programme);
    }
    let report = story::play(&mut programme, options.people.as_deref())?;
    let text = serde_json::to_string_pretty(&report)?;
    println!("{text}");
    if let Some(file) = &options.json {
        #[allow(clippy::disallowed_methods, reason = "a report, not somebody's record")]
        std::fs::write(file, format!("{text}\n"))?;
    }
    if report.ok {
        eprintln!("every invariant held");
        return Ok(());
    }
    for broken in report.invariants.iter().filter(|i| !i.held) {
        eprintln!("did not hold: {}", broken.name);
    }
    std::process::exit(1)
}

fn stay(programme: &mut Programme) -> Result<()> {
    programme.serve()?;
    for seed in [1, 2] {
        programme.qayd(&[
            "enrol",
            "--pack",
            programme::PACK,
            "--simulated",
            &seed.to_string(),
        ])?;
    }
    programme.qayd(&["outbox", "send"])?;
    let data = programme.station_folder();
    println!("\nThe demo programme is running. Two synthetic people were enrolled and sent.");
    println!("\n  console      {}/console", programme.url());
    println!(
        "               (your browser does not know the programme's own certificate authority: accept it, or"
    );
    println!("               import {})", programme.authority().display());
    println!(
        "  sign in as   rana (senior reviewer) or dana (reviewer), password: {}",
        programme::PASSPHRASE
    );
    match programme.open_window()? {
        true => {
            println!("\nThe station's window is open, with a simulated scanner and camera.");
            println!(
                "  sign in as   karim or layla (officers) or samira (supervisor), passphrase: {}",
                programme::PASSPHRASE
            );
        }
        false => println!(
            "\nThere is no screen here (DISPLAY is not set). With one, the station's window opens: {}",
            programme.binary("qayd-station").display()
        ),
    }
    println!(
        "\nThe same station by commands, in another terminal, while nobody is signed in at the window:\n"
    );
    println!(
        "  export QAYD_DATA={} QAYD_OPERATOR=karim QAYD_PASSPHRASE='{}'",
        data.display(),
        programme::PASSPHRASE
    );
    println!(
        "  export QAYD_SUPERVISOR=samira QAYD_SUPERVISOR_PASSPHRASE='{}'",
        programme::PASSPHRASE
    );
    let qayd = programme.binary("qayd");
    for command in [
        "station status",
        "enrol --pack national-card-first-issue --simulated 3",
        "enrol --pack national-card-first-issue --simulated 4 --fault 'left_four=three_fingers,good'",
        "outbox list",
        "outbox send",
        "inbox list",
        "search سارة",
        "audit verify",
    ] {
        println!("  {} {command}", qayd.display());
    }
    println!("\nCtrl-C stops the centre; ./.demo stays until the next run.");
    programme.wait()
}
