//! The centre as a process of its own: the real `qayd-server`, beside the test's binary.
//!
//! In: an empty folder. Out: a serving process, its memory and CPU. Owns: the process, killed when dropped.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use qayd_crypto::{ArgonParams, Passphrase};
use qayd_protocol::StationPlace;
use qayd_sync_server::{
    Centre, CentreOptions, Role,
    trust::{InitRequest, InvitationRequest, init, invite},
};
use qayd_world::World;

use crate::{PASSPHRASE, applicant::repository};

/// A programme in a folder, whose centre runs as a process.
pub struct CentreProcess {
    folder: PathBuf,
    url: String,
    host: String,
    port: u16,
    server: Option<Child>,
}

impl CentreProcess {
    /// Makes a programme in `folder`, to be served on `host` and a free port.
    pub fn make(folder: &Path, host: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let url = format!("https://{host}:{port}");
        let secret = Passphrase::new(PASSPHRASE);
        init(
            &World::os(),
            folder,
            &InitRequest {
                programme: "Measured programme",
                centre_url: &url,
                names: &[host.to_owned()],
                node: "node-1",
                packs: &repository().join("packs"),
                root_passphrase: &secret,
                centre_passphrase: &secret,
                opening_passphrase: &secret,
                // The least that a product build accepts.
                argon: ArgonParams::FLOOR,
            },
        )
        .expect("a programme is made");
        Self {
            folder: folder.to_owned(),
            url,
            host: host.to_owned(),
            port,
            server: None,
        }
    }

    /// Invitations for stations of a kind; only while the centre does not run.
    pub fn invitations(&self, kind: &str, count: usize) -> Vec<String> {
        let world = World::os();
        let secret = Passphrase::new(PASSPHRASE);
        let centre = Centre::open(CentreOptions {
            folder: &self.folder,
            world: world.clone(),
            role: Role::Intake,
            centre_passphrase: &secret,
            opening_passphrase: None,
        })
        .expect("the centre opens");
        let one = |number: usize| {
            let place = StationPlace {
                kind: kind.to_owned(),
                site: "site-1".into(),
                name: format!("Station {number}"),
                packs: Vec::new(),
                production: false,
            };
            let request = InvitationRequest { place, days: 7 };
            invite(&world, centre.register(), centre.keys(), request)
                .expect("an invitation")
                .1
        };
        (0..count).map(one).collect()
    }

    /// Starts `qayd-server serve` in a role and waits until it listens. `prefix` stands before the command, as
    /// `ip netns exec NAME` does.
    pub fn serve(&mut self, role: &str, prefix: &[&str]) {
        let log = fs::File::create(self.folder.join("server.log")).expect("a log");
        let mut command = prefixed(prefix, &binary("qayd-server"));
        command
            .arg("--folder")
            .arg(&self.folder)
            .args(["--json", "serve", "--role", role, "--listen"])
            .arg(format!("{}:{}", self.host, self.port))
            .env("QAYD_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        with_passphrases(&mut command);
        let mut server = command.spawn().expect("qayd-server starts");
        let mut line = String::new();
        let stdout = server.stdout.take().expect("its output");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it speaks");
        self.server = Some(server);
        assert!(!line.is_empty(), "the centre did not start: {}", self.log());
    }

    /// Stops it, as kill -9 does.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The programme's certificate authority.
    pub fn authority(&self) -> String {
        fs::read_to_string(self.folder.join("tls/ca.pem")).expect("the authority")
    }

    /// Packets in its folder, counted as files and measured in bytes.
    pub fn packets(&self) -> (usize, u64) {
        let mut found = (0, 0);
        for first in fs::read_dir(self.folder.join("packets")).expect("packets/") {
            for blob in fs::read_dir(first.expect("an entry").path()).expect("a folder") {
                found.0 += 1;
                found.1 += blob.and_then(|b| b.metadata()).expect("a file").len();
            }
        }
        found
    }

    /// CPU seconds of the process so far, user and system.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.proc_file("stat"))
    }

    /// The most memory the process ever held, in kB.
    pub fn memory_peak_kb(&self) -> u64 {
        let status = self.proc_file("status");
        let line = status.lines().find(|line| line.starts_with("VmHWM"));
        line.and_then(|line| line.split_whitespace().nth(1))
            .and_then(|number| number.parse().ok())
            .expect("VmHWM")
    }

    fn proc_file(&self, name: &str) -> String {
        let id = self.server.as_ref().expect("the centre runs").id();
        fs::read_to_string(format!("/proc/{id}/{name}")).expect("Linux tells about its processes")
    }
}

impl Drop for CentreProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A product binary: beside the running one, or one folder above it, where cargo puts tests.
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("a path");
    let found = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built: cargo build --workspace --bins"))
}

/// A command that another one starts.
pub fn prefixed(prefix: &[&str], program: &Path) -> Command {
    match prefix {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

/// Gives a command everybody's passphrase.
pub fn with_passphrases(command: &mut Command) {
    for variable in [
        "QAYD_PASSPHRASE",
        "QAYD_SUPERVISOR_PASSPHRASE",
        "QAYD_NEW_PASSPHRASE",
        "QAYD_ROOT_PASSPHRASE",
        "QAYD_CENTRE_PASSPHRASE",
        "QAYD_OPENING_PASSPHRASE",
    ] {
        command.env(variable, PASSPHRASE);
    }
}

/// Seconds of CPU that this process has used.
pub fn own_cpu_seconds() -> f64 {
    cpu_seconds(&fs::read_to_string("/proc/self/stat").expect("Linux tells about its processes"))
}

/// User and system time from a line of `/proc/<id>/stat`, which counts hundredths of a second.
fn cpu_seconds(stat: &str) -> f64 {
    let after = stat.rsplit(')').next().expect("stat has a name");
    let ticks = after.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|field| field.parse::<u64>().expect("ticks"));
    ticks.sum::<u64>() as f64 / 100.0
}
