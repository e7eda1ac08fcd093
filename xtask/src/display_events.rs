//! Random events on a display: the window as it is shipped, through X11, under a hand that knows nothing.
//!
//! In: how many, and a seed. Out: whether the window lives, said nothing of a panic, and left a store that is whole.
//! Owns: the demo programme it makes for this. Never: looks at the screen; what is skipped or sealed is for the window's own test
//! of random events to see.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fastrand::Rng;

use crate::demo::programme::{PASSPHRASE, Programme};

/// Between two looks whether the window lives, and whether somebody is signed in.
const BATCH: u64 = 25;
/// The bar above every page, in pixels: one tap in ten that would meet it and its lock does.
const BAR_PX: u64 = 60;
/// How long a sign-in may take, and how often it is tried.
const SIGN_IN_WAIT: Duration = Duration::from_secs(20);
const SIGN_INS_MAX: u32 = 15;
/// How long the window may take to come up.
const WINDOW_WAIT: Duration = Duration::from_secs(60);
const PASTED_BYTES: usize = 1_000_000;

/// What to do.
#[derive(clap::Args)]
pub struct Options {
    /// How many events
    #[arg(default_value_t = 100_000)]
    events: u64,
    /// The same seed, the same events
    #[arg(long, default_value_t = 20_261_126)]
    seed: u64,
}

/// Sends them.
pub fn run(options: &Options) -> Result<()> {
    println!("{} events, seed {}", options.events, options.seed);
    let mut programme = Programme::make()?;
    programme.serve()?;
    if !programme.open_window()? {
        bail!("there is no display: DISPLAY is not set");
    }
    let (width, height) = take_focus()?;
    let mut clipboard = fill_clipboard()?;
    let mut random = Rng::with_seed(options.seed);
    #[allow(
        clippy::disallowed_methods,
        reason = "tells how long it took, and decides nothing"
    )]
    let began = Instant::now();
    let (mut sent, mut sign_ins) = (0, 0);
    while sent < options.events {
        if !programme.is_signed_in()? {
            sign_ins += 1;
            sign_in(&mut programme)?;
        }
        let batch = BATCH.min(options.events - sent);
        let mut script = String::new();
        for _ in 0..batch {
            event(&mut random, width, height, &mut script)?;
        }
        xdotool(&script)?;
        sent += batch;
        if let Some(status) = programme.window_ended()? {
            bail!("the window ended after at most {sent} events: {status}; see .demo/window.log");
        }
        if sent % 1_000 < BATCH {
            eprintln!(
                "{sent} events, {sign_ins} sign-ins, {} s",
                began.elapsed().as_secs()
            );
        }
    }
    let _ = clipboard.kill();
    let _ = clipboard.wait();
    programme.close_window()?;
    said_no_panic(&programme)?;
    programme.qayd(&["audit", "verify"])?;
    let status = programme.qayd(&["station", "status"])?;
    println!(
        "{sent} events in {} s, {sign_ins} sign-ins: the window lived, no thread panicked, the audit trail is whole\n{status}",
        began.elapsed().as_secs()
    );
    Ok(())
}

/// Opens the window anew and signs in: where the keyboard stands on a page that was played with, nobody knows. Tries again as long
/// as what was typed there before can make the next attempt wait.
fn sign_in(programme: &mut Programme) -> Result<()> {
    for _ in 0..SIGN_INS_MAX {
        said_no_panic(programme)?;
        programme.close_window()?;
        programme.open_window()?;
        take_focus()?;
        xdotool(&format!(
            "type --delay 5 \"{PASSPHRASE}\"\nkey --delay 1 Return\n"
        ))?;
        let mut waited = Duration::ZERO;
        let tick = Duration::from_millis(500);
        while waited < SIGN_IN_WAIT {
            std::thread::sleep(tick);
            waited += tick;
            if programme.is_signed_in()? {
                return Ok(());
            }
        }
    }
    bail!("nobody could sign in; see .demo/window.log")
}

fn said_no_panic(programme: &Programme) -> Result<()> {
    if programme.window_said()?.contains("panicked") {
        bail!("a thread of the window panicked; see .demo/window.log");
    }
    Ok(())
}

/// Waits for the window and gives it the keyboard; there may be no window manager. Its width and height in pixels.
fn take_focus() -> Result<(u64, u64)> {
    let mut waited = Duration::ZERO;
    let tick = Duration::from_millis(250);
    let id = loop {
        let found = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--class", "qayd"])
            .output()
            .context("xdotool")?;
        if let Some(id) = String::from_utf8_lossy(&found.stdout).lines().last() {
            break id.to_owned();
        }
        if waited > WINDOW_WAIT {
            bail!("the window did not come up; see .demo/window.log");
        }
        std::thread::sleep(tick);
        waited += tick;
    };
    let size = Command::new("xdotool")
        .args(["getdisplaygeometry"])
        .output()?;
    let size = String::from_utf8(size.stdout)?;
    let (width, height) = size.trim().split_once(' ').context("the display's size")?;
    xdotool(&format!(
        "windowmove {id} 0 0\nwindowsize {id} {width} {height}\nwindowfocus {id}\n"
    ))?;
    Ok((width.parse()?, height.parse()?))
}

/// Keeps a megabyte on the clipboard until it is killed.
fn fill_clipboard() -> Result<Child> {
    let mut child = Command::new("xclip")
        .args(["-selection", "clipboard", "-in", "-quiet"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("xclip")?;
    let mut input = child.stdin.take().context("xclip")?;
    input.write_all(&"ز".repeat(PASTED_BYTES / 2).into_bytes())?;
    Ok(child)
}

fn xdotool(script: &str) -> Result<()> {
    let mut child = Command::new("xdotool")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("xdotool")?;
    child
        .stdin
        .take()
        .context("xdotool")?
        .write_all(script.as_bytes())?;
    let status = child.wait()?;
    if !status.success() {
        bail!("xdotool: {status}");
    }
    Ok(())
}

/// One event, as a line for xdotool.
fn event(random: &mut Rng, width: u64, height: u64, script: &mut String) -> Result<()> {
    match random.u64(..1_000) {
        0..=569 => {
            let x = random.u64(..width);
            let y = match random.u64(..10) {
                0 => random.u64(..height),
                _ => BAR_PX + random.u64(..height - BAR_PX),
            };
            let times = if random.u64(..4) == 0 { 2 } else { 1 };
            writeln!(
                script,
                "mousemove {x} {y} click --repeat {times} --delay 20 1"
            )?;
        }
        570..=669 => writeln!(script, "key --delay 1 Tab")?,
        670..=749 => {
            let times = 1 + random.u64(..20);
            writeln!(script, "key --repeat {times} --delay 1 Return")?;
        }
        750..=899 => {
            // A barcode scanner's burst.
            let letters: Vec<char> = "199012345678Zahra<>/.".chars().collect();
            let mut burst = String::new();
            for _ in 0..=random.u64(..12) {
                burst.push(letters[random.usize(..letters.len())]);
            }
            writeln!(script, "type --delay 1 \"{burst}\"")?;
        }
        900..=903 => writeln!(script, "key --delay 1 ctrl+v")?,
        904..=929 => writeln!(script, "key --delay 1 Escape")?,
        930..=949 => writeln!(script, "key --delay 1 ctrl+z")?,
        950..=979 => {
            // Wheel and drag.
            let (x, y) = (random.u64(..width), random.u64(..height));
            let button = 4 + random.u64(..2);
            writeln!(
                script,
                "mousemove {x} {y} click --repeat 5 --delay 1 {button}"
            )?;
            let to = random.u64(..height);
            writeln!(script, "mousedown 1 mousemove {x} {to} mouseup 1")?;
        }
        _ => writeln!(script, "key --delay 1 ctrl+a")?,
    }
    Ok(())
}
