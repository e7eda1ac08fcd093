//! Intake: takes packets from stations, verifies them without opening them, and signs for them.
//!
//! In: signed manifests and the bytes of packets. Out: rows of packets, signed receipts, work for review.
//! Owns: tables `announcement`, `upload`, `packet`, `receipt`, `audit_entry`; the folder `uploads/`.
//! Never: holds an opening key; signs before fsync; lets one station see or touch what is another's.
//!
//!   offer (manifests) ──► plan ──► upload (bytes) ──► finalise ──► receipt
//!                                                        └──► packets/, table packet, work

mod audit;
mod chain;
mod finalise;
mod offer;
mod rows;
mod scan;
mod uploads;
mod view;

use std::{path::Path, sync::Arc};

use qayd_model::{PacketId, Remedy, Sha256Digest, StationId, UnixMs, UploadId};
use qayd_packet::limits::PACKET_BYTES_MAX;
use qayd_protocol::{RefusalReason, tus::Checksum};
use qayd_world::{FilesError, World};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    blobs::Blobs,
    store::{Register, RegisterError},
    trust::{CentreKeys, Layout, StationRow},
};

pub use chain::{Missing, missing_in};
pub use finalise::{FinaliseError, Finalised, Finaliser};
pub use rows::{
    Chain, PacketRow, mark_examined_in, packet_in, packets_of_enrolment, packets_of_station,
};
pub use scan::{Staged, StagedFault};
pub use uploads::{Body, ReadBody, UploadFault};
pub use view::StationView;

use uploads::{Progress, Uploads};

/// How long an unfinished upload is kept after its last use.
const EXPIRY_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Uploads a station may have open that no offer asked for.
const UNANNOUNCED_MAX: i64 = 4;
/// Signed receipts in one answer.
const RECEIPTS_PER_ANSWER: i64 = 1_000;

/// Why intake did not do what a station asked. What it held before is unchanged, but for bytes that arrived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// No such upload of this station.
    #[error("no such upload")]
    UnknownUpload,
    /// It existed and was removed: refused, terminated or expired.
    #[error("the upload is gone")]
    Gone,
    /// Empty, or longer than a packet may be.
    #[error("an upload has 1 to {PACKET_BYTES_MAX} bytes")]
    Length {
        /// Whether it was too long.
        too_long: bool,
    },
    /// The station has too much here that was not reviewed yet, or too many uploads open.
    #[error("the station's quota is used up")]
    Quota,
    /// The body was not kept, or not all of it.
    #[error("the upload did not take the body")]
    Upload(#[from] UploadFault),
    /// The packet was refused.
    #[error("the packet is refused: {0}")]
    Refused(RefusalReason),
    /// Finalising failed here.
    #[error("finalising failed")]
    Finalise(#[from] FinaliseError),
    /// The disk.
    #[error("the folder of uploads")]
    Files(#[from] FilesError),
    /// The register.
    #[error("the register")]
    Register(#[from] RegisterError),
}

impl IntakeError {
    /// Stable code for logs and answers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownUpload => "INT-01",
            Self::Gone => "INT-02",
            Self::Length { .. } => "INT-03",
            Self::Quota => "INT-04",
            Self::Upload(UploadFault::Conflict { .. }) => "INT-05",
            Self::Upload(UploadFault::TooLong) => "INT-06",
            Self::Upload(UploadFault::Superseded) => "INT-07",
            Self::Upload(UploadFault::Ended) => "INT-08",
            Self::Upload(UploadFault::Checksum) => "INT-09",
            Self::Upload(UploadFault::Cut { .. }) => "INT-10",
            Self::Refused(reason) => reason.code(),
            Self::Upload(UploadFault::Files(_)) | Self::Files(_) => "INT-11",
            Self::Finalise(_) => "INT-12",
            Self::Register(error) => error.code(),
        }
    }

    /// Who acts.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Refused(reason) => reason.remedy(),
            Self::Length { .. } => Remedy::ReportBug,
            Self::Quota => Remedy::SupervisorActs,
            _ => Remedy::RetryLater,
        }
    }
}

impl From<rusqlite::Error> for IntakeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadStatus {
    /// Bytes kept.
    pub offset: u64,
    /// Bytes there will be.
    pub length: u64,
    /// Until when it is kept unfinished.
    pub expires: UnixMs,
}

/// What became of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Bytes kept now.
    pub offset: u64,
    /// Set when the packet was complete.
    pub finalised: Option<Finalised>,
}

/// The intake. Clones share everything.
#[derive(Clone)]
pub struct Intake {
    world: World,
    register: Register,
    keys: CentreKeys,
    uploads: Uploads,
    finaliser: Finaliser,
}

/// Removes files of uploads that ended: a power cut may bring the old name of a packet back.
fn sweep_ended(register: &Register, uploads: &Uploads) -> Result<(), IntakeError> {
    for upload in uploads.on_disk()? {
        let ended = register.read(|connection| {
            Ok::<_, RegisterError>(
                connection
                    .prepare_cached("SELECT state <> 'open' FROM upload WHERE id = ?1")?
                    .query_row([upload.to_bytes()], |row| row.get(0))
                    .optional()?,
            )
        })?;
        if ended == Some(true) {
            uploads.discard(upload)?;
        }
    }
    Ok(())
}

/// What is said of a body before it comes.
pub struct BodyHead {
    /// Where in the upload it begins.
    pub offset: u64,
    /// Its length, if its sender said so.
    pub declared: Option<u64>,
    /// What it has to have, if its sender said so.
    pub checksum: Option<Checksum>,
}

struct UploadRow {
    packet: Option<PacketId>,
    length: u64,
    expires: UnixMs,
    state: String,
}

impl Intake {
    /// Opens the intake of a programme.
    pub(crate) fn open(
        layout: &Layout,
        world: &World,
        register: &Register,
        blobs: &Arc<dyn Blobs>,
        keys: &CentreKeys,
    ) -> Result<Self, IntakeError> {
        let uploads = Uploads::open(world, &layout.uploads())?;
        sweep_ended(register, &uploads)?;
        Ok(Self {
            world: world.clone(),
            register: register.clone(),
            keys: keys.clone(),
            uploads,
            finaliser: Finaliser::new(world, register, blobs, keys),
        })
    }

    /// Creates an upload that no offer asked for, as any tus client may.
    pub fn create(
        &self,
        station: &StationRow,
        length: u64,
        packet: Option<PacketId>,
    ) -> Result<(UploadId, UnixMs), IntakeError> {
        if length == 0 || length > PACKET_BYTES_MAX {
            return Err(IntakeError::Length {
                too_long: length > 0,
            });
        }
        if self.over_quota(station)? {
            return Err(IntakeError::Quota);
        }
        let now = self.world.clock.now();
        let (ms, random) = self.world.id_seed();
        let upload = UploadId::make(ms, random);
        let expires = UnixMs(now.0 + EXPIRY_MS);
        let station = station.id;
        self.register.write(move |connection| {
            let open: i64 = connection.query_row(
                "SELECT count(*) FROM upload
                 WHERE station = ?1 AND state = 'open' AND packet IS NULL",
                [station.to_bytes()],
                |row| row.get(0),
            )?;
            if open >= UNANNOUNCED_MAX {
                return Err(IntakeError::Quota);
            }
            // A packet that was announced gives its upload to the plan, unless it has one already.
            let announced = match packet {
                None => None,
                Some(packet) => connection
                    .query_row(
                        "SELECT packet FROM announcement WHERE station = ?1 AND packet = ?2
                         AND NOT EXISTS (SELECT 1 FROM upload u
                             WHERE u.packet = ?2 AND u.station = ?1 AND u.state = 'open')",
                        params![station.to_bytes(), packet.to_bytes()],
                        |row| row.get::<_, [u8; 16]>(0),
                    )
                    .optional()?,
            };
            offer::insert_upload_in(
                connection,
                upload,
                station,
                announced.map(PacketId::from_bytes),
                length,
                now,
                expires,
            )?;
            Ok(())
        })?;
        Ok((upload, expires))
    }

    /// Where an upload stands, durably. Whoever was writing to it is stopped: the asker is the one who goes on.
    pub fn status(
        &self,
        station: &StationRow,
        upload: UploadId,
    ) -> Result<UploadStatus, IntakeError> {
        let row = self.upload(station.id, upload)?;
        let mut offset = row.length;
        if row.state == "open" {
            let live = self.uploads.live(upload, row.length)?;
            match live.take_over() {
                (generation, Some(_)) => offset = self.uploads.settle(&live, generation)?,
                // It ended while we waited; the register says how.
                (_, None) => return self.ended_status(station, upload),
            }
        }
        Ok(UploadStatus {
            offset,
            length: row.length,
            expires: row.expires,
        })
    }

    fn ended_status(
        &self,
        station: &StationRow,
        upload: UploadId,
    ) -> Result<UploadStatus, IntakeError> {
        let row = self.upload(station.id, upload)?;
        Ok(UploadStatus {
            offset: if row.state == "done" { row.length } else { 0 },
            length: row.length,
            expires: row.expires,
        })
    }

    /// Keeps the body's bytes; takes the packet in when it is whole. `accepted` is told the length of a packet that is whole, verified and will be taken unless the
    /// disk fails: from then on only the disk is waited for.
    pub fn append(
        &self,
        station: &StationRow,
        upload: UploadId,
        head: BodyHead,
        body: &mut dyn Body,
        accepted: &mut dyn FnMut(u64),
    ) -> Result<Appended, IntakeError> {
        let BodyHead {
            offset,
            declared,
            checksum,
        } = head;
        let row = self.upload(station.id, upload)?;
        if row.state != "open" {
            // Sent again after the end: nothing to do, if it is the end.
            return if offset == row.length && declared.is_none_or(|length| length == 0) {
                Ok(Appended {
                    offset,
                    finalised: None,
                })
            } else {
                Err(UploadFault::Conflict { have: row.length }.into())
            };
        }
        let live = self.uploads.live(upload, row.length)?;
        let (generation, have) = live.take_over();
        let Some(have) = have else {
            return Err(UploadFault::Ended.into());
        };
        if have != offset {
            return Err(UploadFault::Conflict { have }.into());
        }
        if declared.is_some_and(|declared| offset.saturating_add(declared) > row.length) {
            return Err(UploadFault::TooLong.into());
        }
        let announced = match row.packet {
            None => None,
            Some(packet) => self.announced(station.id, packet)?,
        };
        let progress = self.uploads.append(
            &live,
            generation,
            offset,
            body,
            checksum,
            |staged, confirm| {
                self.finaliser.finalise(
                    station,
                    staged,
                    Some(upload),
                    announced,
                    &mut || accepted(row.length),
                    confirm,
                )
            },
        )?;
        match progress {
            Progress::Open { offset } => Ok(Appended {
                offset,
                finalised: None,
            }),
            Progress::Complete(outcome) => {
                // Failed or not, the running state is done with: after a failure the file is judged afresh.
                self.uploads.forget(upload);
                Ok(Appended {
                    offset: row.length,
                    finalised: Some(outcome?),
                })
            }
        }
    }

    /// Ends an unfinished upload and removes its bytes.
    pub fn terminate(&self, station: &StationRow, upload: UploadId) -> Result<(), IntakeError> {
        let row = self.upload(station.id, upload)?;
        if row.state == "open" {
            self.remove(upload)?;
        }
        Ok(())
    }

    /// Removes unfinished uploads that nobody used for a long time; returns how many.
    pub fn expire(&self) -> Result<usize, IntakeError> {
        let now = self.world.clock.now();
        let expired = self.register.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id FROM upload WHERE state = 'open' AND expires_ms <= ?1",
            )?;
            let ids = statement
                .query_map([now.0 as i64], |row| row.get::<_, [u8; 16]>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok::<_, RegisterError>(ids)
        })?;
        for id in &expired {
            self.remove(UploadId::from_bytes(*id))?;
        }
        Ok(expired.len())
    }

    fn remove(&self, upload: UploadId) -> Result<(), IntakeError> {
        self.register.write(move |connection| {
            connection.execute(
                "UPDATE upload SET state = 'gone' WHERE id = ?1 AND state = 'open'",
                [upload.to_bytes()],
            )?;
            Ok::<_, RegisterError>(())
        })?;
        self.uploads.discard(upload)?;
        Ok(())
    }

    /// Takes in a packet file that came by another way, such as a drive. The file is moved away when it was taken or
    /// refused; it must lie on the centre's own file system.
    pub fn take_file(&self, station: &StationRow, path: &Path) -> Result<Finalised, IntakeError> {
        let staged = self.uploads.stage_file(path)?;
        // `stage_file` made it durable.
        let (mut unheard, mut confirm) = (|| {}, || Ok(()));
        let finaliser = &self.finaliser;
        Ok(finaliser.finalise(station, staged, None, None, &mut unheard, &mut confirm)?)
    }

    /// Signed receipts of a station after number `after`.
    pub fn receipts(&self, station: StationId, after: u64) -> Result<Vec<Vec<u8>>, IntakeError> {
        self.register.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT bytes FROM receipt WHERE station = ?1 AND number > ?2
                 ORDER BY number LIMIT ?3",
            )?;
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let rows = statement.query_map(
                params![station.to_bytes(), after, RECEIPTS_PER_ANSWER],
                |row| row.get(0),
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A station's unreviewed bytes, beside what it may have.
    fn over_quota(&self, station: &StationRow) -> Result<bool, RegisterError> {
        self.register.read(|connection| {
            let held: i64 = connection
                .prepare_cached(
                    "SELECT coalesce(sum(length), 0) FROM packet
                     WHERE station = ?1 AND examined_ms IS NULL",
                )?
                .query_row([station.id.to_bytes()], |row| row.get(0))?;
            Ok(held as u64 > station.quota_bytes)
        })
    }

    fn upload(&self, station: StationId, upload: UploadId) -> Result<UploadRow, IntakeError> {
        let row = self
            .register
            .read(|connection| upload_in(connection, station, upload))?
            .ok_or(IntakeError::UnknownUpload)?;
        match row.state.as_str() {
            "open" | "done" => Ok(row),
            _ => Err(IntakeError::Gone),
        }
    }

    fn announced(
        &self,
        station: StationId,
        packet: PacketId,
    ) -> Result<Option<(PacketId, Sha256Digest)>, RegisterError> {
        self.register.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT manifest_sha256 FROM announcement WHERE station = ?1 AND packet = ?2",
                )?
                .query_row(params![station.to_bytes(), packet.to_bytes()], |row| {
                    Ok((packet, Sha256Digest(row.get(0)?)))
                })
                .optional()?)
        })
    }
}

fn upload_in(
    connection: &Connection,
    station: StationId,
    upload: UploadId,
) -> Result<Option<UploadRow>, RegisterError> {
    Ok(connection
        .prepare_cached(
            "SELECT packet, length, expires_ms, state FROM upload WHERE id = ?1 AND station = ?2",
        )?
        .query_row(params![upload.to_bytes(), station.to_bytes()], |row| {
            Ok(UploadRow {
                packet: row.get::<_, Option<[u8; 16]>>(0)?.map(PacketId::from_bytes),
                length: row.get::<_, i64>(1)? as u64,
                expires: UnixMs(row.get::<_, i64>(2)? as u64),
                state: row.get(3)?,
            })
        })
        .optional()?)
}
