//! Held content: what the centre sends back with a return, so that a station that kept nothing can correct it.
//!
//! In: the content of a packet, the receiving key of the station that made it. Out: a `COSE_Encrypt` for that station.
//! Never: opens for another packet, another station or another purpose than it was sealed for.

use qayd_crypto::{
    CryptoRng, OpenError, OpeningKey, SealError, SealingKey, Zeroizing, cbor, open_part, seal_part,
};
use qayd_model::{PacketId, StationId};
use qayd_packet::{Content, limits::DEMOGRAPHICS_BYTES_MAX};

use crate::held_context;

/// Seals the content of `packet` to the station's receiving key.
///
/// # Errors
/// [`SealError`] for a key that is none.
pub fn seal<R: CryptoRng>(
    rng: &mut R,
    packet: PacketId,
    station: StationId,
    content: &Content,
    receiving_key: &SealingKey,
) -> Result<Vec<u8>, SealError> {
    let plain = Zeroizing::new(cbor::encode(content));
    seal_part(
        rng,
        &held_context(packet, station),
        &plain,
        core::slice::from_ref(receiving_key),
    )
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`HeldError`].
pub fn open(
    key: &OpeningKey,
    packet: PacketId,
    station: StationId,
    bytes: &[u8],
) -> Result<Content, HeldError> {
    let plain = open_part(
        core::slice::from_ref(key),
        &held_context(packet, station),
        bytes,
    )
    .map_err(HeldError::Open)?;
    let content: Content =
        cbor::decode_strict(&plain, DEMOGRAPHICS_BYTES_MAX).map_err(HeldError::Form)?;
    if content.packet == packet && content.station == station {
        Ok(content)
    } else {
        Err(HeldError::Other)
    }
}

/// Why held content was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeldError {
    /// Not sealed to this key, for this packet and station.
    #[error("what the centre sent back does not open here")]
    Open(#[source] OpenError),
    /// Not the content of a packet.
    #[error("what the centre sent back is not the content of a packet")]
    Form(#[source] cbor::CborError),
    /// The content of another packet.
    #[error("what the centre sent back is another packet's")]
    Other,
}

impl HeldError {
    /// Stable code: `HLD-01` to `HLD-03`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "HLD-01",
            Self::Form(_) => "HLD-02",
            Self::Other => "HLD-03",
        }
    }
}
