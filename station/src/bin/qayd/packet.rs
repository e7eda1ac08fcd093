//! `qayd packet`: packet files. Nothing here opens one; there is no opening key on this machine.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use qayd_crypto::{PublicKey, sha256};
use qayd_model::{EnrolmentId, PacketId, StationId};
use qayd_packet::limits::PACKET_BYTES_MAX;
use qayd_packet::{Manifest, SignedManifest, split_manifest, verify_packet};
use qayd_station::World;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::{Talk, when};

/// What is done with a packet file.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show what its manifest says. The signature is not checked.
    Inspect {
        /// The packet file.
        file: PathBuf,
    },
    /// Check the signature of the manifest and the digest of every part.
    Verify {
        /// The packet file.
        file: PathBuf,
        /// The station's public key in 64 hexadecimal digits; without it, that of the station in the data folder.
        #[arg(long, value_name = "HEX")]
        station_key: Option<String>,
    },
}

#[derive(Serialize)]
struct ManifestView {
    packet: PacketId,
    enrolment: EnrolmentId,
    version: u32,
    station: StationId,
    sequence: u64,
    previous: Option<String>,
    manifest_sha256: String,
    packet_sha256: String,
    bytes: usize,
    made: u64,
    pack: String,
    pack_version: u32,
    station_kind: String,
    home_office: String,
    parts: Vec<PartView>,
    verified: bool,
}

#[derive(Serialize)]
struct PartView {
    label: String,
    priority: u8,
    bytes: u64,
    sha256: String,
    recipients: usize,
}

impl ManifestView {
    fn of(signed: &SignedManifest, bytes: &[u8], verified: bool) -> Self {
        let m: &Manifest = signed.manifest();
        Self {
            packet: m.packet,
            enrolment: m.enrolment,
            version: m.version,
            station: m.station,
            sequence: m.sequence,
            previous: m.previous.map(qayd_model::Sha256Digest::to_hex),
            manifest_sha256: signed.digest().to_hex(),
            packet_sha256: sha256(bytes).to_hex(),
            bytes: bytes.len(),
            made: m.made.raw.0,
            pack: m.pack_id.clone(),
            pack_version: m.pack_version,
            station_kind: m.station_kind.clone(),
            home_office: m.home_office.clone(),
            parts: m
                .parts
                .iter()
                .map(|p| PartView {
                    label: p.label.clone(),
                    priority: p.priority,
                    bytes: p.length,
                    sha256: p.sha256.to_hex(),
                    recipients: p.recipients.len(),
                })
                .collect(),
            verified,
        }
    }
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let (file, key) = match &verb {
        Verb::Inspect { file } => (file, None),
        Verb::Verify { file, station_key } => (file, Some(key(station_key.as_deref(), common)?)),
    };
    let bytes = World::os()
        .files
        .read(file, PACKET_BYTES_MAX)
        .map_err(|e| Failure::input(e.code(), &e).with(format!("{}: {e}", file.display())))?;
    let bad = |code: &'static str, error: &(dyn std::error::Error + 'static)| {
        Failure::input(code, error).with(format!("{}: {error}", file.display()))
    };
    let manifest = split_manifest(&bytes).map_err(|e| bad(e.code(), &e))?;
    if let Some(key) = &key {
        verify_packet(&bytes, key).map_err(|e| bad(e.code(), &e))?;
    }
    let view = ManifestView::of(&manifest, &bytes, key.is_some());
    talk.data(&view, |out| {
        writeln!(out, "packet     {} ({} bytes)", view.packet, view.bytes)?;
        writeln!(out, "sha256     {}", view.packet_sha256)?;
        writeln!(
            out,
            "enrolment  {} version {}",
            view.enrolment, view.version
        )?;
        writeln!(
            out,
            "station    {} sequence {}",
            view.station, view.sequence
        )?;
        writeln!(out, "made       {}", when(qayd_model::UnixMs(view.made)))?;
        writeln!(
            out,
            "pack       {} version {}",
            view.pack, view.pack_version
        )?;
        for part in &view.parts {
            writeln!(
                out,
                "  {} {:<24} {:>9} bytes  {}",
                part.priority, part.label, part.bytes, part.sha256
            )?;
        }
        writeln!(
            out,
            "{}",
            if view.verified {
                "signature and every part: good"
            } else {
                "nothing was checked"
            }
        )
    })
}

fn key(given: Option<&str>, common: &Common) -> Result<PublicKey, Failure> {
    match given {
        Some(text) => hex::decode(text)
            .ok()
            .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
            .ok_or_else(|| Failure::usage("a station key has 64 hexadecimal digits")),
        None => Ok(sign_in(common)?.station.signing_key().public()),
    }
}
