//! Offer: what a station announces, and in which order the centre wants it.
//!
//! In: signed manifests. Out: each one's standing, and a plan across all of them. Owns: making rows of table `upload`.
//! Never: asks for a byte of a packet that it would refuse by its manifest; forgets an announcement.
//!
//! The plan: first every packet as far as its demographics, then portraits, fingers, documents, each in the order of the
//! station's sequence. When little is left, whole packets: a short link then ends with packets, not with halves.

use std::collections::HashMap;

use qayd_model::{PacketId, StationId, UnixMs, UploadId};
use qayd_packet::{SignedManifest, VerifiedManifest};
use qayd_protocol::{Offer, PacketState, PlannedSend, RefusalReason, WantedState};
use rusqlite::{Connection, OptionalExtension, params};

use super::{EXPIRY_MS, Intake, IntakeError, chain, finalise, rows};
use crate::{store::RegisterError, trust::StationRow};

/// When no more than this is left in all, packets are asked for whole.
const WHOLE_BYTES: u64 = 4 << 20;
/// The lowest of the packet's priorities.
const PRIORITY_LAST: u8 = 3;
/// A packet that arrived damaged is asked for again so often …
const DAMAGED_TRIES: i64 = 3;
/// … within this time; later it may be tried anew, because somebody has to queue again for a packet that is never taken.
const DAMAGED_WITHIN_MS: u64 = 3_600_000;

/// An offered packet as far as its manifest tells.
enum Weighed {
    Unreadable,
    Refused(PacketId, RefusalReason),
    Good(Box<VerifiedManifest>),
}

enum Standing {
    Held,
    Refused(RefusalReason),
    Wanted(UploadId),
}

struct Wanted {
    packet: PacketId,
    upload: UploadId,
    offset: u64,
    manifest: VerifiedManifest,
}

impl Intake {
    /// Notes what a station announces and says what is wanted of it.
    pub fn offer(
        &self,
        station: &StationRow,
        offer: &Offer,
    ) -> Result<(Vec<PacketState>, Vec<PlannedSend>), IntakeError> {
        let weighed: Vec<Weighed> = offer
            .manifests
            .iter()
            .map(|bytes| self.weigh(station, bytes))
            .collect();
        let good: Vec<VerifiedManifest> = weighed
            .iter()
            .filter_map(|weighed| match weighed {
                Weighed::Good(manifest) => Some((**manifest).clone()),
                _ => None,
            })
            .collect();
        let mut standings = self.announce(station, good)?;
        let mut states = Vec::new();
        let mut wanted = Vec::new();
        for weighed in weighed {
            let (packet, state) = match weighed {
                Weighed::Unreadable => continue,
                Weighed::Refused(packet, reason) => (packet, WantedState::Refused(reason)),
                Weighed::Good(manifest) => {
                    let packet = manifest.manifest().packet;
                    let state = match standings.remove(&manifest.digest()) {
                        // The same manifest twice in one offer is answered once.
                        None => continue,
                        Some(Standing::Held) => WantedState::Held,
                        Some(Standing::Refused(reason)) => WantedState::Refused(reason),
                        Some(Standing::Wanted(upload)) => {
                            let length = manifest.packet_length();
                            let offset = self.uploads.offset(upload, length)?;
                            wanted.push(Wanted {
                                packet,
                                upload,
                                offset,
                                manifest: *manifest,
                            });
                            WantedState::Wanted {
                                upload,
                                offset,
                                length,
                            }
                        }
                    };
                    (packet, state)
                }
            };
            states.push(PacketState { packet, state });
        }
        wanted.sort_by_key(|wanted| wanted.manifest.manifest().sequence);
        let plan = if self.over_quota(station)? {
            tracing::warn!(code = "INT-04", station = %station.id, "quota used up: nothing is asked for");
            Vec::new()
        } else {
            plan(&wanted)
        };
        Ok((states, plan))
    }

    fn weigh(&self, station: &StationRow, bytes: &[u8]) -> Weighed {
        let Ok(signed) = SignedManifest::parse_unverified(bytes) else {
            return Weighed::Unreadable;
        };
        let packet = signed.manifest().packet;
        if let Err(reason) = finalise::check_manifest(station, &self.keys, &signed) {
            return Weighed::Refused(packet, reason);
        }
        match signed.verify(&station.key) {
            Ok(manifest) => Weighed::Good(Box::new(manifest)),
            Err(_) => Weighed::Refused(packet, RefusalReason::BadSignature),
        }
    }

    /// One transaction: announcements noted, uploads made for what is wanted and has none.
    fn announce(
        &self,
        station: &StationRow,
        manifests: Vec<VerifiedManifest>,
    ) -> Result<HashMap<qayd_model::Sha256Digest, Standing>, IntakeError> {
        if manifests.is_empty() {
            return Ok(HashMap::new());
        }
        let now = self.world.clock.now();
        let fresh: Vec<UploadId> = manifests
            .iter()
            .map(|_| {
                let (ms, random) = self.world.id_seed();
                UploadId::make(ms, random)
            })
            .collect();
        let station = station.clone();
        self.register.write(move |connection| {
            let mut standings = HashMap::new();
            for (manifest, fresh) in manifests.iter().zip(fresh) {
                let standing = standing_in(connection, now, &station, manifest, fresh)?;
                standings.insert(manifest.digest(), standing);
            }
            Ok::<_, IntakeError>(standings)
        })
    }
}

fn standing_in(
    connection: &Connection,
    now: UnixMs,
    station: &StationRow,
    manifest: &VerifiedManifest,
    fresh: UploadId,
) -> Result<Standing, RegisterError> {
    let head = manifest.manifest();
    let digest = manifest.digest();
    if chain::announce_in(connection, now, station, manifest)? == chain::Announced::Conflict {
        return Ok(Standing::Refused(RefusalReason::Conflict));
    }
    chain::heal_in(connection, station.id, head.sequence, digest)?;
    if let Some(held) = rows::packet_in(connection, head.packet)? {
        return Ok(
            if held.station == station.id && held.manifest_sha256 == digest {
                Standing::Held
            } else {
                Standing::Refused(RefusalReason::Conflict)
            },
        );
    }
    let damaged: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM upload
             WHERE station = ?1 AND packet = ?2 AND state = 'refused' AND expires_ms > ?3",
        )?
        .query_row(
            params![
                station.id.to_bytes(),
                head.packet.to_bytes(),
                // An upload's expiry is set when it is offered.
                (now.0 + EXPIRY_MS).saturating_sub(DAMAGED_WITHIN_MS) as i64
            ],
            |row| row.get(0),
        )?;
    if damaged >= DAMAGED_TRIES {
        return Ok(Standing::Refused(RefusalReason::DigestMismatch));
    }
    let open: Option<[u8; 16]> = connection
        .prepare_cached(
            "SELECT id FROM upload WHERE station = ?1 AND packet = ?2 AND state = 'open'",
        )?
        .query_row(
            params![station.id.to_bytes(), head.packet.to_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    let expires = UnixMs(now.0 + EXPIRY_MS);
    if let Some(open) = open {
        connection
            .prepare_cached("UPDATE upload SET expires_ms = ?2 WHERE id = ?1")?
            .execute(params![open, expires.0 as i64])?;
        return Ok(Standing::Wanted(UploadId::from_bytes(open)));
    }
    let length = manifest.packet_length();
    insert_upload_in(
        connection,
        fresh,
        station.id,
        Some(head.packet),
        length,
        now,
        expires,
    )?;
    Ok(Standing::Wanted(fresh))
}

pub(super) fn insert_upload_in(
    connection: &Connection,
    upload: UploadId,
    station: StationId,
    packet: Option<PacketId>,
    length: u64,
    now: UnixMs,
    expires: UnixMs,
) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "INSERT INTO upload (id, station, packet, length, created_ms, expires_ms, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open')",
        )?
        .execute(params![
            upload.to_bytes(),
            station.to_bytes(),
            packet.map(PacketId::to_bytes),
            length as i64,
            now.0 as i64,
            expires.0 as i64
        ])?;
    Ok(())
}

/// The steps, in the order in which the centre wants the bytes. `wanted` is in the station's sequence.
fn plan(wanted: &[Wanted]) -> Vec<PlannedSend> {
    let left: u64 = wanted
        .iter()
        .map(|wanted| {
            wanted
                .manifest
                .packet_length()
                .saturating_sub(wanted.offset)
        })
        .sum();
    let mut reached: Vec<u64> = wanted.iter().map(|wanted| wanted.offset).collect();
    let first = if left <= WHOLE_BYTES {
        PRIORITY_LAST
    } else {
        0
    };
    let mut plan = Vec::new();
    for priority in first..=PRIORITY_LAST {
        for (wanted, reached) in wanted.iter().zip(&mut reached) {
            let until = end_of(&wanted.manifest, priority);
            if until > *reached {
                plan.push(PlannedSend {
                    packet: wanted.packet,
                    upload: wanted.upload,
                    until,
                });
                *reached = until;
            }
        }
    }
    plan
}

/// Where the last part of this priority or a higher one ends.
fn end_of(manifest: &SignedManifest, priority: u8) -> u64 {
    let parts = &manifest.manifest().parts;
    parts
        .iter()
        .rposition(|part| part.priority <= priority)
        .and_then(|last| manifest.part_range(last))
        .map_or(0, |range| range.end)
}
