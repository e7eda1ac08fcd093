//! Dictionaries: what every enrolment's demographics have in common, so that it is not sent each time.
//!
//! In: the id that stands in a demographics part. Out: the bytes zstd is primed with (RFC 8878 §6).
//! Owns: `dictionaries/`, a file per id, frozen for ever. Never: made of real people; changed once a packet used it.
//!
//! `./x task dictionary train` makes the file from synthetic people and a seed (docs/packet.md). A better one gets the
//! next id; the ones before stay, because packets lie on drives and in blobs for years.

use core::fmt;

/// A dictionary that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dictionary {
    /// Id 0: none. Packets of the first stations.
    None,
    /// Id 1: demographics of the four first packs.
    #[default]
    First,
}

/// No dictionary of this version has the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("dictionary {0} is not known")]
pub struct UnknownDictionary(pub u8);

impl Dictionary {
    /// All of them, in the order of their ids.
    pub const ALL: [Self; 2] = [Self::None, Self::First];

    /// The id in the demographics part.
    pub const fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::First => 1,
        }
    }

    /// The one of an id.
    ///
    /// # Errors
    /// [`UnknownDictionary`]: the packet was sealed by a newer station.
    pub fn from_id(id: u8) -> Result<Self, UnknownDictionary> {
        Self::ALL
            .into_iter()
            .find(|one| one.id() == id)
            .ok_or(UnknownDictionary(id))
    }

    /// The file's bytes; empty for none.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => &[],
            Self::First => include_bytes!("../dictionaries/1.zdict"),
        }
    }

    /// The id zstd writes into frames made with it (RFC 8878 §5); `None` where there is no dictionary.
    pub fn frame_id(self) -> Option<core::num::NonZeroU32> {
        zstd::zstd_safe::get_dict_id_from_dict(self.bytes())
    }
}

impl fmt::Display for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dictionary {}", self.id())
    }
}
