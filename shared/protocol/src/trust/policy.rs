//! Policy: what the programme asks of every station, as signed data.

use minicbor::{Decode, Encode};
use qayd_crypto::{ArgonParams, Namespace};
use qayd_model::UnixMs;

use crate::{
    Message, MessageError,
    messages::{SignedMessage, limit},
};

/// What the programme asks of a station. Signed by the centre.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Policy {
    /// Counts up from 1; a station takes over only a higher one.
    #[n(1)]
    pub version: u32,
    /// When it was signed.
    #[n(2)]
    pub issued: UnixMs,
    /// What a guess at an operator's passphrase costs.
    #[n(3)]
    pub argon: ArgonParams,
    /// The least level of a receipt that permits deletion: 1 to 3.
    #[n(4)]
    pub receipt_level_required: u8,
    /// How many hours a delivered packet's file stays at the station after such a receipt; 0: not at all.
    #[n(5)]
    pub retention_hours: u32,
    /// How many days the duplicate watch remembers; 0: it is off.
    #[n(6)]
    pub watch_days: u16,
    /// The least quality of a finger that is taken without more ado, 0 to 100.
    #[n(7)]
    pub finger_quality_min: u8,
    /// The least quality of a portrait that is taken without more ado, 0 to 100.
    #[n(8)]
    pub portrait_quality_min: u8,
    /// How often a capture may be tried again before an exception may be declared: 1 to 20.
    #[n(9)]
    pub retries_max: u16,
    /// After how many idle seconds the station locks: 30 and up.
    #[n(10)]
    pub idle_lock_s: u32,
    /// At how many unsent packets the station begins to warn.
    #[n(11)]
    pub backlog_warn: u32,
    /// At how many unsent packets it begins no new enrolment until a supervisor extends.
    #[n(12)]
    pub backlog_max: u32,
    /// After how many days without the centre it begins to warn.
    #[n(13)]
    pub offline_warn_days: u16,
    /// After how many days without the centre it begins no new enrolment until a supervisor extends.
    #[n(14)]
    pub offline_max_days: u16,
    /// The least free disk at which an enrolment is begun.
    #[n(15)]
    pub free_bytes_min: u64,
}

impl Policy {
    /// What is in force where a programme has not decided otherwise.
    pub const fn standard(version: u32, issued: UnixMs) -> Self {
        Self {
            version,
            issued,
            argon: ArgonParams::STANDARD,
            receipt_level_required: 1,
            retention_hours: 24,
            watch_days: 30,
            finger_quality_min: 40,
            portrait_quality_min: 50,
            retries_max: 3,
            idle_lock_s: 300,
            backlog_warn: 3000,
            backlog_max: 5000,
            offline_warn_days: 30,
            offline_max_days: 60,
            free_bytes_min: 512 * 1024 * 1024,
        }
    }
}

impl Message for Policy {
    const NAME: &'static str = "policy";
    const LIMIT: usize = 4096;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("version", self.version > 0)?;
        limit::<Self>(
            "receipt level",
            (1..=3).contains(&self.receipt_level_required),
        )?;
        limit::<Self>(
            "quality",
            self.finger_quality_min.max(self.portrait_quality_min) <= 100,
        )?;
        limit::<Self>("retries", (1..=20).contains(&self.retries_max))?;
        limit::<Self>("idle lock", self.idle_lock_s >= 30)?;
        limit::<Self>("backlog", self.backlog_warn <= self.backlog_max)?;
        limit::<Self>(
            "days offline",
            self.offline_warn_days <= self.offline_max_days,
        )
    }
}

impl SignedMessage for Policy {
    const NAMESPACE: Namespace = Namespace::Policy;
}
