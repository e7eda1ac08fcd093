//! Chain: numbered signed things of which each names the one before, so that none can be left out, repeated or changed.
//!
//! In: where the chain stands, and the next item's number and predecessor. Out: where it stands then.
//! Never: moves over a gap.

use minicbor::{Decode, Encode};
use qayd_crypto::SignatureError;
use qayd_model::{Remedy, Sha256Digest};

use crate::MessageError;

/// Where a chain stands: the last number, and the digest of the last item's signed bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChainHead {
    /// Number of the last item; 0 before the first.
    #[n(1)]
    pub number: u64,
    /// SHA-256 of its signed bytes; none before the first.
    #[n(2)]
    pub digest: Option<Sha256Digest>,
}

impl ChainHead {
    /// Before the first item.
    pub const START: Self = Self {
        number: 0,
        digest: None,
    };

    /// The number of the item that comes next.
    pub const fn next_number(&self) -> u64 {
        self.number.saturating_add(1)
    }

    /// Where the chain stands after an item of this number, predecessor and digest.
    ///
    /// # Errors
    /// [`ChainError::Repeated`], [`ChainError::Gap`] or [`ChainError::Fork`].
    pub fn follow(
        &self,
        number: u64,
        previous: Option<Sha256Digest>,
        digest: Sha256Digest,
    ) -> Result<Self, ChainError> {
        let expected = self.next_number();
        if number < expected {
            return Err(ChainError::Repeated { number, expected });
        }
        if number > expected {
            return Err(ChainError::Gap { number, expected });
        }
        if previous != self.digest {
            return Err(ChainError::Fork { number });
        }
        Ok(Self {
            number,
            digest: Some(digest),
        })
    }
}

/// Why a signed thing is not the next one of its chain. Nothing that it says may be acted upon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The signature does not hold.
    #[error("the signature is not the centre's")]
    Signature(#[from] SignatureError),
    /// What was signed is not what it should be.
    #[error("signed, but not understood")]
    Message(#[from] MessageError),
    /// It is meant for another station.
    #[error("meant for another station")]
    OtherStation,
    /// It came before.
    #[error("number {number} came before, {expected} is next")]
    Repeated {
        /// Its number.
        number: u64,
        /// The one that comes next.
        expected: u64,
    },
    /// One or more are missing before it.
    #[error("number {number} came, but {expected} is next")]
    Gap {
        /// Its number.
        number: u64,
        /// The one that comes next.
        expected: u64,
    },
    /// It names another predecessor than the one that is held: history was rewritten.
    #[error("number {number} names another predecessor than the one held")]
    Fork {
        /// Its number.
        number: u64,
    },
}

impl ChainError {
    /// Stable code: `CHN-01` to `CHN-06`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signature(_) => "CHN-01",
            Self::Message(_) => "CHN-02",
            Self::OtherStation => "CHN-03",
            Self::Repeated { .. } => "CHN-04",
            Self::Gap { .. } => "CHN-05",
            Self::Fork { .. } => "CHN-06",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Repeated { .. } | Self::Gap { .. } => Remedy::RetryLater,
            Self::Message(_) => Remedy::ReportBug,
            Self::Signature(_) | Self::OtherStation | Self::Fork { .. } => Remedy::SupervisorActs,
        }
    }
}
