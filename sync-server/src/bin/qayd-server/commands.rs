//! What each command does: arguments to the library and its answers to people.

use std::{fmt, io::Write, path::Path};

use qayd_crypto::{ArgonParams, Passphrase, PublicKey};
use qayd_model::{PacketId, Remedy, StationId};
use qayd_protocol::{InboxBody, Revocation, StationPlace};
use qayd_sync_server::{
    Centre, CentreError, CentreOptions, RegisterError, Role,
    backup::{self, BackupError},
    dispatch,
    http::{Limits, ServeError, Server},
    intake,
    review::ReviewError,
    staff::{self, NewStaff, StaffError, StaffRole},
    trust::{self, InitRequest, InvitationRequest, Layout, TrustError, journal},
};
use qayd_world::{FilesError, World};
use serde_json::{Value, json};

use crate::{
    arguments::{
        Alarm, Argon, Arguments, Command, Init, Invite, Journal, Packet, PassphraseFiles,
        RoleArgument, Serve, Staff, Station,
    },
    packet, passphrases,
};

/// Why a command failed: code, who acts, and the chain of causes.
#[derive(Debug)]
pub struct Failure {
    code: String,
    /// Who acts; decides the exit status.
    pub remedy: Remedy,
    text: String,
}

impl Failure {
    /// A failure in words.
    pub fn new(code: &str, remedy: Remedy, text: &str) -> Self {
        Self {
            code: code.to_owned(),
            remedy,
            text: text.to_owned(),
        }
    }

    /// A failure with its chain of causes.
    pub fn of(code: &str, remedy: Remedy, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self::new(code, remedy, &text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code, self.text, self.remedy.name())
    }
}

macro_rules! failures {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(error.code(), error.remedy(), &error)
            }
        }
    )*};
}
failures!(
    TrustError,
    CentreError,
    RegisterError,
    ServeError,
    BackupError,
    StaffError,
    ReviewError
);

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::of("CLI-05", Remedy::RetryLater, &error)
    }
}

/// Where the data of a command goes.
struct Output {
    json: bool,
}

impl Output {
    /// `text` for people, `value` for programs.
    fn give(&self, text: &str, value: &Value) {
        let mut out = std::io::stdout().lock();
        let _ = if self.json {
            writeln!(out, "{value}")
        } else {
            writeln!(out, "{text}")
        };
        let _ = out.flush();
    }
}

/// Runs one command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let world = World::os();
    let context = Context {
        out: Output {
            json: arguments.json,
        },
        world,
        folder: &arguments.folder,
        passphrases: &arguments.passphrases,
    };
    match arguments.command {
        Command::Init(init) => context.init(&init),
        Command::Serve(serve) => context.serve(&serve),
        Command::Invite(invite) => context.invite(invite),
        Command::Staff(staff) => context.staff(staff),
        Command::Station(station) => context.station(station),
        Command::Packet(packet) => context.packet(packet),
        Command::Alarm(Alarm::List { limit }) => context.alarms(limit),
        Command::Journal(Journal::Verify) => context.journal(),
        Command::Backup { dir } => context.backup(&dir),
        Command::Restore {
            dir,
            root,
            verify_only,
        } => context.restore(&dir, root.as_deref(), verify_only),
    }
}

struct Context<'a> {
    out: Output,
    world: World,
    folder: &'a Path,
    passphrases: &'a PassphraseFiles,
}

impl Context<'_> {
    fn root_passphrase(&self) -> Result<Passphrase, Failure> {
        let file = self.passphrases.root_passphrase_file.as_deref();
        passphrases::read(
            &self.world,
            "Root passphrase",
            file,
            "QAYD_ROOT_PASSPHRASE",
            true,
        )
    }

    fn centre_passphrase(&self, confirm: bool) -> Result<Passphrase, Failure> {
        let file = self.passphrases.centre_passphrase_file.as_deref();
        let variable = "QAYD_CENTRE_PASSPHRASE";
        passphrases::read(&self.world, "Centre passphrase", file, variable, confirm)
    }

    fn opening_passphrase(&self, confirm: bool) -> Result<Passphrase, Failure> {
        let file = self.passphrases.opening_passphrase_file.as_deref();
        let variable = "QAYD_OPENING_PASSPHRASE";
        passphrases::read(&self.world, "Opening passphrase", file, variable, confirm)
    }

    fn open(&self, role: Role) -> Result<Centre, Failure> {
        let centre_passphrase = self.centre_passphrase(false)?;
        let opening_passphrase = if role.reviews() {
            Some(self.opening_passphrase(false)?)
        } else {
            None
        };
        Ok(Centre::open(CentreOptions {
            folder: self.folder,
            world: self.world.clone(),
            role,
            centre_passphrase: &centre_passphrase,
            opening_passphrase: opening_passphrase.as_ref(),
        })?)
    }

    /// The register alone, for commands that need no key.
    fn register(&self) -> Result<qayd_sync_server::Register, Failure> {
        let path = Layout::new(self.folder).register();
        if self.world.files.length(&path)?.is_none() {
            return Err(TrustError::Missing("register.db").into());
        }
        Ok(qayd_sync_server::Register::open(&path)?)
    }

    fn init(&self, init: &Init) -> Result<(), Failure> {
        let mut names = vec![host_of(&init.url)?];
        for host in &init.hosts {
            if !names.contains(host) {
                names.push(host.clone());
            }
        }
        let made = trust::init(
            &self.world,
            self.folder,
            &InitRequest {
                programme: &init.name,
                centre_url: &init.url,
                names: &names,
                node: &init.node,
                packs: &init.packs,
                root_passphrase: &self.root_passphrase()?,
                centre_passphrase: &self.centre_passphrase(true)?,
                opening_passphrase: &self.opening_passphrase(true)?,
                argon: argon(init.argon),
            },
        )?;
        let packs: Vec<String> = made
            .packs
            .iter()
            .map(|(id, version)| format!("{id} {version}"))
            .collect();
        let text = format!(
            "Programme made in {}.\nRoot key {}\nSigned packs: {}\nTake the folder {} offline now.",
            self.folder.display(),
            made.fingerprint,
            packs.join(", "),
            Layout::new(self.folder).root().display(),
        );
        let value = json!({
            "folder": self.folder,
            "root_fingerprint": made.fingerprint,
            "root_key": hex::encode(made.root.to_bytes()),
            "packs": made.packs.iter().map(|(id, version)| json!({"id": id, "version": version})).collect::<Vec<_>>(),
        });
        self.out.give(&text, &value);
        Ok(())
    }

    fn serve(&self, serve: &Serve) -> Result<(), Failure> {
        let role = match serve.role {
            RoleArgument::Intake => Role::Intake,
            RoleArgument::Review => Role::Review,
            RoleArgument::All => Role::All,
        };
        let centre = self.open(role)?;
        let server = Server::start(&centre, serve.listen, Limits::default())?;
        let address = server.address();
        self.out.give(
            &format!("Listening on https://{address}"),
            &json!({"address": address.to_string(), "port": address.port()}),
        );
        wait_for_signal()?;
        tracing::info!(code = "HTT-15", "stopping");
        server.stop();
        Ok(())
    }

    fn invite(&self, invite: Invite) -> Result<(), Failure> {
        let centre = self.open(Role::Intake)?;
        let place = StationPlace {
            kind: invite.kind,
            site: invite.site,
            name: invite.name,
            packs: invite.packs,
            production: invite.production,
        };
        let request = InvitationRequest {
            place,
            days: invite.days,
        };
        let (id, text) = trust::invite(centre.world(), centre.register(), centre.keys(), request)?;
        self.world
            .files
            .write_durably(&invite.output, text.as_bytes())?;
        let fingerprint = qayd_protocol::trust::fingerprint_of(centre.keys().root());
        self.out.give(
            &format!(
                "Invitation {id} in {}. Root key {fingerprint}",
                invite.output.display()
            ),
            &json!({"invitation": id.to_string(), "file": invite.output, "root_fingerprint": fingerprint}),
        );
        Ok(())
    }

    fn staff(&self, staff: Staff) -> Result<(), Failure> {
        let register = self.register()?;
        match staff {
            Staff::Add {
                login,
                name,
                role,
                offices,
                password_file,
                argon: cost,
            } => {
                let role = StaffRole::from_name(&role).ok_or_else(|| {
                    let known: Vec<&str> = StaffRole::ALL.iter().map(|role| role.name()).collect();
                    let text = format!("no role {role}; there are {}", known.join(", "));
                    Failure::new("CLI-06", Remedy::OperatorActs, &text)
                })?;
                let file = password_file.as_deref();
                let password =
                    passphrases::read(&self.world, "Password", file, "QAYD_STAFF_PASSWORD", true)?;
                let new = NewStaff {
                    login,
                    name,
                    role,
                    offices,
                    password,
                };
                let member = staff::add(&register, &self.world, argon(cost), "custodian", new)?;
                self.out.give(
                    &format!("{} may sign in as {}.", member.login, member.role.name()),
                    &json!({"staff": member.id.to_string(), "login": member.login, "role": member.role.name()}),
                );
            }
            Staff::List => {
                for member in staff::list(&register)? {
                    let standing = if member.removed.is_some() {
                        " (removed)"
                    } else {
                        ""
                    };
                    self.out.give(
                        &format!(
                            "{} {} {}{standing}",
                            member.login,
                            member.role.name(),
                            member.name
                        ),
                        &json!({"staff": member.id.to_string(), "login": member.login,
                            "role": member.role.name(), "removed": member.removed.is_some()}),
                    );
                }
            }
            Staff::Remove { login } => {
                staff::remove(&register, &self.world, "custodian", &login)?;
                self.out
                    .give(&format!("{login} was removed."), &json!({"login": login}));
            }
        }
        Ok(())
    }

    fn station(&self, station: Station) -> Result<(), Failure> {
        match station {
            Station::List => {
                let register = self.register()?;
                let rows = register.read(|connection| {
                    let mut rows = Vec::new();
                    for row in trust::stations_in(connection)? {
                        let missing = intake::missing_in(connection, row.id)?;
                        rows.push((row, missing));
                    }
                    Ok::<_, RegisterError>(rows)
                })?;
                for (row, missing) in rows {
                    let standing = if row.revoked.is_some() {
                        "revoked"
                    } else {
                        "in service"
                    };
                    self.out.give(
                        &format!(
                            "{} {} {} {}: {standing}, {} announced and not here, {} gaps",
                            row.id,
                            row.kind,
                            row.site,
                            row.name,
                            missing.undelivered.len(),
                            missing.gaps.len(),
                        ),
                        &json!({"station": row.id.to_string(), "kind": row.kind, "site": row.site,
                            "name": row.name, "revoked": row.revoked.is_some(),
                            "last_seen_ms": row.last_seen.map(|at| at.0),
                            "undelivered": missing.undelivered.len(), "gaps": missing.gaps}),
                    );
                }
            }
            Station::Revoke {
                station,
                trusted_sequence,
                reason,
            } => {
                let station: StationId = id(&station)?;
                let centre = self.open(Role::Intake)?;
                let now = centre.now();
                trust::revoke(
                    centre.register(),
                    now,
                    "custodian",
                    station,
                    trusted_sequence,
                )?;
                let keys = centre.keys().clone();
                centre.register().write(move |connection| {
                    let body = InboxBody::Revocation(Revocation::Station { reason });
                    dispatch::append_in(connection, &keys, now, station, body, "revocation")
                })?;
                self.out.give(
                    &format!("{station} is revoked; what it sends is quarantined."),
                    &json!({"station": station.to_string(), "trusted_sequence": trusted_sequence}),
                );
            }
        }
        Ok(())
    }

    fn packet(&self, packet: Packet) -> Result<(), Failure> {
        match packet {
            Packet::Show { packet } => {
                let packet: PacketId = id(&packet)?;
                let register = self.register()?;
                let row = register
                    .read(|connection| intake::packet_in(connection, packet))?
                    .ok_or(CentreError::NoPacket(packet))?;
                let value = json!({
                    "packet": row.id.to_string(), "station": row.station.to_string(),
                    "sequence": row.sequence, "enrolment": row.enrolment.to_string(),
                    "version": row.version, "manifest_sha256": row.manifest_sha256.to_hex(),
                    "bytes": row.length,
                    "pack": row.pack_id, "home_office": row.home_office,
                    "chain": row.chain.name(), "quarantine": row.quarantine, "receipt": row.receipt,
                });
                self.out.give(&format!("{value:#}"), &value);
            }
            Packet::Open {
                packet,
                output,
                reason,
            } => {
                let packet: PacketId = id(&packet)?;
                let centre = self.open(Role::Review)?;
                let value = packet::open(&centre, packet, &output, &reason)?;
                self.out
                    .give(&format!("Opened into {}.", output.display()), &value);
            }
        }
        Ok(())
    }

    fn alarms(&self, limit: u32) -> Result<(), Failure> {
        let register = self.register()?;
        for alarm in register.read(|connection| journal::alarms(connection, limit))? {
            let station = alarm.station.map(|id| id.to_string()).unwrap_or_default();
            self.out.give(
                &format!("{} {} {station} {}", alarm.id, alarm.kind, alarm.detail),
                &json!({"id": alarm.id, "raised_ms": alarm.raised.0, "kind": alarm.kind,
                    "station": station, "detail": alarm.detail}),
            );
        }
        Ok(())
    }

    fn journal(&self) -> Result<(), Failure> {
        let register = self.register()?;
        match register.read(journal::verify)? {
            Ok(entries) => {
                self.out.give(
                    &format!("{entries} entries, whole."),
                    &json!({"entries": entries}),
                );
                Ok(())
            }
            Err(entry) => Err(Failure::new(
                "JRN-01",
                Remedy::SupervisorActs,
                &format!("entry {entry} does not follow on the one before it"),
            )),
        }
    }

    fn backup(&self, dir: &Path) -> Result<(), Failure> {
        let centre = self.open(Role::Intake)?;
        let summary = backup::backup(&centre, dir)?;
        self.backed_up("Backed up", &summary);
        Ok(())
    }

    fn restore(&self, dir: &Path, root: Option<&str>, verify_only: bool) -> Result<(), Failure> {
        let root = root.map(root_key).transpose()?;
        let summary = if verify_only {
            backup::verify(&self.world, dir, root.as_ref())?
        } else {
            backup::restore(&self.world, dir, self.folder, root.as_ref())?
        };
        self.backed_up(if verify_only { "Verified" } else { "Restored" }, &summary);
        Ok(())
    }

    fn backed_up(&self, done: &str, summary: &backup::Summary) {
        self.out.give(
            &format!("{done}: {} packets, {} bytes.", summary.packets, summary.bytes),
            &json!({"packets": summary.packets, "bytes": summary.bytes, "taken_ms": summary.taken.0}),
        );
    }
}

fn argon(cost: Argon) -> ArgonParams {
    match cost {
        Argon::Standard => ArgonParams::STANDARD,
        Argon::Floor => ArgonParams::FLOOR,
    }
}

fn id<T: core::str::FromStr>(text: &str) -> Result<T, Failure>
where
    T::Err: std::error::Error,
{
    text.parse()
        .map_err(|error: T::Err| Failure::of("CLI-07", Remedy::OperatorActs, &error))
}

fn root_key(text: &str) -> Result<PublicKey, Failure> {
    hex::decode(text.trim())
        .ok()
        .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
        .ok_or_else(|| Failure::new("CLI-08", Remedy::OperatorActs, "not a root key"))
}

/// The host of `https://host[:port]`.
fn host_of(url: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::new(
            "CLI-09",
            Remedy::OperatorActs,
            "the url is https://host[:port]",
        )
    };
    let authority = url.strip_prefix("https://").ok_or_else(wrong)?;
    let authority = authority.trim_end_matches('/');
    let uri: http::Uri = format!("https://{authority}")
        .parse()
        .map_err(|_| wrong())?;
    let host = uri.host().filter(|_| uri.path() == "/").ok_or_else(wrong)?;
    Ok(host.trim_matches(['[', ']']).to_owned())
}

/// Waits for an interrupt or a request to end.
fn wait_for_signal() -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::of("CLI-10", Remedy::ReportBug, &error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut end = signal(SignalKind::terminate()).map_err(failed)?;
            tokio::select! {
                outcome = tokio::signal::ctrl_c() => outcome.map_err(failed),
                _ = end.recv() => Ok(()),
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.map_err(failed)
    })
}
