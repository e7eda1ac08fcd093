//! One station's view of the centre, in process: `SyncApi` without a network.
//!
//! In: calls that come from this station (the caller has made sure of that). Out: the centre's answers.
//! Never: shows one station what is another's; every call names the station it was made for.

use std::io::Read;

use bytes::Buf;
use qayd_model::{ByteCount, StationId, UploadId};
use qayd_packet::limits::PACKET_BYTES_MAX;
use qayd_protocol::{
    AuditBatch, Hello, Message, Offer, OfferAnswer, PROTOCOL_VERSION, ProvisionAnswer,
    ProvisionRequest, RefusalReason, SignedTime, SyncApi, SyncError, UploadBody, trust::sign,
};

use super::{Body, BodyHead, Finalised, IntakeError, ReadBody, UploadFault, audit};
use crate::{
    centre::Centre,
    dispatch,
    trust::{self, StationRow, TrustError},
};

/// The centre as one station sees it.
#[derive(Clone)]
pub struct StationView {
    centre: Centre,
    station: StationId,
}

fn storage(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SyncError {
    SyncError::Storage {
        source: error.into(),
    }
}

impl StationView {
    pub(crate) fn new(centre: Centre, station: StationId) -> Self {
        Self { centre, station }
    }

    /// Who the centre is; needs no station.
    pub fn hello_of(centre: &Centre, nonce: String) -> Hello {
        let keys = centre.keys();
        Hello {
            versions: vec![PROTOCOL_VERSION],
            programme: keys.programme().name.clone(),
            nonce,
            time: sign(&SignedTime { time: centre.now() }, keys.centre_key()).into(),
            keyring_epoch: keys.keyring().epoch,
            upload_bytes_max: ByteCount(PACKET_BYTES_MAX),
        }
    }

    fn row(&self) -> Result<StationRow, SyncError> {
        let row = self
            .centre
            .station(self.station)
            .map_err(storage)?
            .ok_or(SyncError::Unauthenticated)?;
        trust::touch(self.centre.register(), &row, self.centre.now()).map_err(storage)?;
        Ok(row)
    }
}

impl SyncApi for StationView {
    fn hello(&self) -> Result<Hello, SyncError> {
        Ok(Self::hello_of(&self.centre, String::new()))
    }

    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        let centre = &self.centre;
        trust::provision(centre.world(), centre.register(), centre.keys(), request).map_err(
            |error| match error {
                TrustError::InvitationInvalid
                | TrustError::InvitationUsed
                | TrustError::RequestNotProven => SyncError::Unauthenticated,
                other => storage(other),
            },
        )
    }

    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        offer.check()?;
        let (packets, plan) = self
            .centre
            .intake()
            .offer(&self.row()?, offer)
            .map_err(|error| sync_error(error, 0))?;
        Ok(OfferAnswer {
            packets,
            plan,
            nonce: String::new(),
        })
    }

    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        self.centre
            .intake()
            .status(&self.row()?, upload)
            .map(|status| status.offset)
            .map_err(|error| sync_error(error, 0))
    }

    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        let head = BodyHead {
            offset,
            declared: Some(body.length()),
            checksum: None,
        };
        let mut body: Box<dyn Body + '_> = match body {
            UploadBody::Bytes(bytes) => Box::new(ReadBody(bytes)),
            UploadBody::Shared(bytes) => Box::new(ReadBody(bytes.reader())),
            UploadBody::Stream { length, reader } => Box::new(ReadBody(reader.take(length))),
        };
        let appended = self
            .centre
            .intake()
            .append(&self.row()?, upload, head, &mut *body, &mut |_| {})
            .map_err(|error| sync_error(error, offset))?;
        match appended.finalised {
            Some(Finalised::Refused { reason, .. } | Finalised::NoPacket { reason }) => {
                Err(SyncError::Refused { reason })
            }
            Some(Finalised::Stored { .. }) | None => Ok(appended.offset),
        }
    }

    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        let row = self.row()?;
        self.centre
            .intake()
            .receipts(row.id, after)
            .map_err(|error| sync_error(error, 0))
    }

    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        let row = self.row()?;
        dispatch::items_after(self.centre.register(), row.id, after).map_err(storage)
    }

    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        batch.check()?;
        let row = self.row()?;
        audit::take(self.centre.register(), self.centre.now(), &row, batch).map_err(|error| {
            match error {
                audit::AuditError::Broken { .. } => SyncError::Refused {
                    reason: RefusalReason::ChainFork,
                },
                audit::AuditError::Register(error) => storage(error),
            }
        })
    }
}

/// What a station is told of an intake error.
fn sync_error(error: IntakeError, ours: u64) -> SyncError {
    match error {
        IntakeError::UnknownUpload | IntakeError::Gone => SyncError::UnknownUpload,
        IntakeError::Length { .. } | IntakeError::Upload(UploadFault::TooLong) => {
            SyncError::TooLarge
        }
        IntakeError::Quota => SyncError::Busy {
            retry_after_ms: Some(60 * 60 * 1000),
        },
        IntakeError::Refused(reason) => SyncError::Refused { reason },
        IntakeError::Upload(UploadFault::Conflict { have }) => SyncError::OffsetMismatch {
            ours: ByteCount(ours),
            server: ByteCount(have),
        },
        IntakeError::Upload(
            fault @ (UploadFault::Cut { .. }
            | UploadFault::Superseded
            | UploadFault::Ended
            | UploadFault::Checksum),
        ) => SyncError::Interrupted {
            source: fault.into(),
        },
        other => storage(other),
    }
}
