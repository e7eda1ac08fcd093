//! What may go wrong, by name.

use serde::{Deserialize, Serialize};

/// A fault. Each has one place where it happens; the rest of the answer is as good as without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    // A capture.
    /// The signature is of other bytes.
    BadSignature,
    /// Signed with a certificate of an authority that nobody knows.
    Stranger,
    /// Signed with a certificate that ran out a day ago.
    ExpiredCertificate,
    /// The transaction of somebody else.
    WrongTransaction,
    /// The whole answer to the capture before, again.
    ReplayedCapture,
    /// Taken an hour ago.
    StaleTime,
    /// For authentication.
    WrongPurpose,
    /// Of another environment.
    WrongEnvironment,
    /// The digital id of another device.
    OtherDevice,
    /// A hash that continues nothing.
    BrokenHash,
    /// One finger fewer than asked for.
    ThreeFingers,
    /// The last finger comes twice.
    FingerTwice,
    /// Labelled as the other hand.
    WrongHand,
    /// Labelled as asked and taken from the other hand: only a matcher can see it.
    SwappedHand,
    /// The record's header names another finger or eye.
    LyingPosition,
    /// The record's header names another length.
    LyingLength,
    /// The record's header names another size than its picture has.
    LyingSize,
    /// The device reports that it was tampered with (103).
    Tampered,
    /// Not JSON.
    NotJson,
    /// No answer at all.
    NoAnswer,
    // Device information.
    /// The signature of the device information is of other bytes.
    InfoBadSignature,
    /// The device says it is of another environment.
    InfoWrongEnvironment,
    /// The device names an address on another machine.
    InfoElsewhere,
    /// The list and the signed information name two devices.
    InfoOtherDevice,
    // A preview.
    /// It ends inside an image.
    TruncatedStream,
    /// It stops sending and stays open.
    StalledStream,
    /// It sends what is no image.
    GarbledStream,
}

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Capture,
    Info,
    Stream,
}

impl Fault {
    pub(crate) const fn place(self) -> Place {
        match self {
            Self::InfoBadSignature
            | Self::InfoWrongEnvironment
            | Self::InfoElsewhere
            | Self::InfoOtherDevice => Place::Info,
            Self::TruncatedStream | Self::StalledStream | Self::GarbledStream => Place::Stream,
            _ => Place::Capture,
        }
    }
}
