//! The programme of the demo: its folder, its processes, its people.
//!
//! In: the binaries beside this one. Out: a running centre, a provisioned camp station. Owns: `.demo` and the server process.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Everybody's passphrase in the demo.
pub const PASSPHRASE: &str = "demo demo demo";
/// The pack that synthetic people are enrolled with.
pub const PACK: &str = "national-card-first-issue";

/// A demo programme.
pub struct Programme {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
    window: Option<Child>,
}

/// How a command of the station ended.
pub struct Ended {
    /// Exit status.
    pub status: i32,
    /// What it printed.
    pub value: Value,
}

impl Programme {
    /// Makes it from nothing in `./.demo`: root key, centre, one camp station, officers, a supervisor, reviewers.
    pub fn make() -> Result<Self> {
        let folder = std::env::current_dir()?.join(".demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .context("the old ./.demo could not be removed; is it still running?")?;
        }
        std::fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:8443")
            .or_else(|_| TcpListener::bind("127.0.0.1:0"))?
            .local_addr()?
            .port();
        let mut programme = Self {
            folder,
            port,
            server: None,
            window: None,
        };
        let url = programme.url();
        eprintln!("making a demo programme in ./.demo");
        programme.centre(&[
            "init",
            "--name",
            "Qayd demo",
            "--url",
            &url,
            "--packs",
            "packs",
            "--argon",
            "floor",
        ])?;
        for (login, name, role) in [
            ("rana", "Rana", "senior_reviewer"),
            ("dana", "Dana", "reviewer"),
        ] {
            let words = [
                "staff", "add", "--login", login, "--name", name, "--role", role, "--argon",
                "floor",
            ];
            programme.centre(&words)?;
        }
        let invitation = programme.folder.join("camp.qayd-invitation");
        let invitation = invitation.to_string_lossy().into_owned();
        let camp = [
            "--kind",
            "camp",
            "--site",
            "demo-camp",
            "--name",
            "Demo camp",
            "--output",
            &invitation,
        ];
        programme.centre(&[&["invite"], &camp[..]].concat())?;
        programme.serve()?;
        programme.as_operator(
            "samira",
            &["station", "provision", "--invitation", &invitation],
        )?;
        for officer in ["karim", "layla"] {
            programme.as_operator("samira", &["operator", "add", officer])?;
        }
        programme.stop()?;
        Ok(programme)
    }

    /// The centre's address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate authority of the programme.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("centre/tls/ca.pem")
    }

    /// The station's data folder.
    pub fn station_folder(&self) -> PathBuf {
        self.folder.join("station")
    }

    /// A binary beside this one.
    pub fn binary(&self, name: &str) -> PathBuf {
        let mut path = std::env::current_exe().unwrap_or_default();
        path.set_file_name(name);
        path
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.binary(name));
        for variable in [
            "QAYD_PASSPHRASE",
            "QAYD_SUPERVISOR_PASSPHRASE",
            "QAYD_NEW_PASSPHRASE",
            "QAYD_STAFF_PASSWORD",
            "QAYD_ROOT_PASSPHRASE",
            "QAYD_CENTRE_PASSPHRASE",
            "QAYD_OPENING_PASSPHRASE",
        ] {
            command.env(variable, PASSPHRASE);
        }
        command.stdin(Stdio::null());
        command
    }

    fn centre_command(&self) -> Command {
        let mut command = self.command("qayd-server");
        command
            .arg("--folder")
            .arg(self.folder.join("centre"))
            .arg("--json");
        command
    }

    /// Runs a command of the centre.
    pub fn centre(&self, words: &[&str]) -> Result<Value> {
        let output = self
            .centre_command()
            .args(words)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            bail!("qayd-server {}: {}", words.join(" "), output.status);
        }
        json(&output.stdout)
    }

    /// Starts the centre and waits until it listens.
    pub fn serve(&mut self) -> Result<()> {
        let log = std::fs::File::create(self.folder.join("centre.log"))?;
        let mut server = self
            .centre_command()
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = server.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the centre did not start; see .demo/centre.log");
        }
        self.server = Some(server);
        Ok(())
    }

    /// Stops the centre, as a network that is gone.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Opens the station's window with somebody synthetic before it; `false` where there is no screen.
    pub fn open_window(&mut self) -> Result<bool> {
        if std::env::var_os("DISPLAY").is_none_or(|display| display.is_empty()) {
            return Ok(false);
        }
        let log = std::fs::File::create(self.folder.join("window.log"))?;
        let window = Command::new(self.binary("qayd-station"))
            .arg("--data")
            .arg(self.station_folder())
            .arg("--profiles")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../hardware-profiles"))
            // Two synthetic people were enrolled before: this is somebody else. Real devices wait to be chosen.
            .args(["--simulated", "100"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the window did not start")?;
        self.window = Some(window);
        Ok(true)
    }

    /// Whether somebody holds the station open.
    pub fn is_signed_in(&self) -> Result<bool> {
        let lock = std::fs::File::open(self.station_folder().join("station.lock"))?;
        Ok(lock.try_lock().is_err())
    }

    /// How the window ended, if it did by itself.
    pub fn window_ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        let window = self.window.as_mut().context("no window was opened")?;
        Ok(window.try_wait()?)
    }

    /// Kills the window.
    pub fn close_window(&mut self) -> Result<()> {
        if let Some(mut window) = self.window.take() {
            window.kill()?;
            window.wait()?;
        }
        Ok(())
    }

    /// What the window wrote to its standard error.
    pub fn window_said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("window.log"))?)
    }

    /// Waits until the centre ends.
    pub fn wait(&mut self) -> Result<()> {
        if let Some(server) = &mut self.server {
            server.wait()?;
        }
        Ok(())
    }

    /// Runs a command of the station as an officer, the supervisor standing by; any exit status is an answer.
    pub fn try_qayd(&self, words: &[&str]) -> Result<Ended> {
        self.try_as("karim", words)
    }

    /// Runs a command of the station as an officer that must succeed.
    pub fn qayd(&self, words: &[&str]) -> Result<Value> {
        self.as_operator("karim", words)
    }

    fn as_operator(&self, operator: &str, words: &[&str]) -> Result<Value> {
        let ended = self.try_as(operator, words)?;
        if ended.status != 0 {
            bail!(
                "qayd {}: exit status {}: {}",
                words.join(" "),
                ended.status,
                ended.value
            );
        }
        Ok(ended.value)
    }

    fn try_as(&self, operator: &str, words: &[&str]) -> Result<Ended> {
        let output = self
            .command("qayd")
            .args(["--json", "--operator", operator, "--supervisor", "samira"])
            .arg("--data")
            .arg(self.station_folder())
            .args(words)
            .output()?;
        let said = if output.stdout.is_empty() {
            &output.stderr
        } else {
            &output.stdout
        };
        let value = json(said).with_context(|| {
            format!(
                "qayd {}: {}",
                words.join(" "),
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        Ok(Ended {
            status: output.status.code().unwrap_or(-1),
            value,
        })
    }

    /// Every file below a folder of the programme.
    pub fn files_below(&self, name: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.join(name)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    found.push(path)
                }
            }
        }
        Ok(found)
    }
}

impl Drop for Programme {
    fn drop(&mut self) {
        let _ = self.close_window();
        let _ = self.stop();
    }
}

/// The last JSON value of some output: progress may stand before it.
fn json(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes)?;
    let last = text
        .lines()
        .rev()
        .find(|line| line.starts_with(['{', '[']))
        .unwrap_or(text);
    serde_json::from_str(if text.trim_start().starts_with(['{', '[']) {
        text
    } else {
        last
    })
    .or_else(|_| serde_json::from_str(last))
    .context("no JSON")
}

/// Whether the folder holds a person.
pub fn is_person(folder: &Path) -> bool {
    folder.join("person.toml").is_file()
}
