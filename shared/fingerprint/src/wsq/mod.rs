//! WSQ: wavelet scalar quantisation, the coding fingerprint files have had since 1993.
//!
//! In: bytes of IAFIS-IC-0110 version 3.1, or a `GreyImage`. Out: a `GreyImage`, or bytes.
//! Never: allocates for an image beyond [`WSQ_PIXELS_MAX`]; a decoder needs about 9 bytes a pixel.
//!
//! Not certified: the FBI certifies an implementation after tests of its own, and this one never took them. What was
//! compared with a public decoder is said in the README.
//!
//!   encode: grey → shift and scale → 20 splits into 64 bands → quantise 60 → runs and Huffman codes, three blocks
//!   decode: the same, backwards
//!
//! | file | what |
//! |---|---|
//! | `bands.rs` | where each band lies in the plane (annex of the specification, figure of the 64 subbands) |
//! | `filter.rs` | the two-channel filter bank, lines extended by reflection about their ends |
//! | `quantise.rs` | bin widths from variances and a bit rate |
//! | `huffman.rs` | code tables, bits in and out, stuffed zero bytes |
//! | `decode.rs`, `encode.rs` | markers, and the whole way |

mod bands;
mod decode;
mod encode;
mod filter;
mod huffman;
mod quantise;

use qayd_model::{Ppi, Remedy};

pub use decode::{decode, read_header};
pub use encode::{WsqRate, encode};

use crate::ImageError;

/// Most pixels of a WSQ image that is decoded or encoded: a slap at 1,000 ppi has about 10 million.
pub const WSQ_PIXELS_MAX: u64 = 16_777_216;
/// Shortest side: below it the deepest bands are empty.
pub const WSQ_SIDE_PX_MIN: u32 = 32;

/// What the head of WSQ bytes says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsqHeader {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// From a NIST comment, when there is one that says it.
    pub ppi: Option<Ppi>,
    /// Which encoder of the specification's list; many files say 0 or 2.
    pub encoder: u8,
    /// Number the FBI gave the certified implementation; 0 none.
    pub software: u16,
}

/// Why bytes are not a WSQ image, or an image cannot be made one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WsqError {
    /// Does not begin with the marker of WSQ.
    #[error("not a WSQ image")]
    UnknownFormat,
    /// The bytes end within a part.
    #[error("ends within {0}")]
    Truncated(&'static str),
    /// A marker that has no place here.
    #[error("marker {0:#06x} is out of place")]
    Marker(u16),
    /// A field contradicts the format.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// A part that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Permitted, but not read here.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// More pixels than are decoded, or fewer than can be.
    #[error("WSQ image of {width} × {height} pixels is beyond the limits")]
    Size {
        /// As the head says.
        width: u32,
        /// As the head says.
        height: u32,
    },
    /// The picture, or its resolution.
    #[error("not a usable picture")]
    Image(#[from] ImageError),
}

impl WsqError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "WSQ-01",
            Self::Truncated(_) => "WSQ-02",
            Self::Marker(_) => "WSQ-03",
            Self::OutOfRange(_) => "WSQ-04",
            Self::Missing(_) => "WSQ-05",
            Self::Unsupported(_) => "WSQ-06",
            Self::Size { .. } => "WSQ-07",
            Self::Image(_) => "WSQ-08",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// Do these bytes begin like WSQ?
pub fn is_wsq(bytes: &[u8]) -> bool {
    matches!(bytes.get(..2), Some([0xff, 0xa0]))
}

/// Start and end of image, frame, block, tables, comment.
mod marker {
    pub(super) const SOI: u16 = 0xffa0;
    pub(super) const EOI: u16 = 0xffa1;
    pub(super) const SOF: u16 = 0xffa2;
    pub(super) const SOB: u16 = 0xffa3;
    pub(super) const DTT: u16 = 0xffa4;
    pub(super) const DQT: u16 = 0xffa5;
    pub(super) const DHT: u16 = 0xffa6;
    pub(super) const DRI: u16 = 0xffa7;
    pub(super) const COM: u16 = 0xffa8;
}

fn check_size(width: u32, height: u32) -> Result<(), WsqError> {
    let too_long = width.max(height) > crate::SIDE_PX_MAX;
    let pixels = u64::from(width) * u64::from(height);
    if width.min(height) < WSQ_SIDE_PX_MIN || too_long || pixels > WSQ_PIXELS_MAX {
        return Err(WsqError::Size { width, height });
    }
    Ok(())
}
