//! Why a receiver tells nothing.
//!
//! In: facts met at a port. Out: [`PlaceError`]. Never: a coordinate.

use qayd_model::Remedy;

/// Why no receiver is understood. A receiver without a fix is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// No receiver is plugged in, or it was pulled out.
    #[error("no receiver is plugged in")]
    NoReceiver,
    /// Something is plugged in and no whole sentence comes from it, at any speed.
    #[error("the receiver sends nothing that is understood")]
    Silent,
    /// This user may not open the port.
    #[error("the port may not be opened by this user")]
    Denied,
    /// Another program has the port.
    #[error("another program uses the receiver")]
    Busy,
    /// Another receiver is understood and listened to; this one is not tried.
    #[error("another receiver is listened to")]
    Spare,
}

impl PlaceError {
    /// Stable code under which screens, exit messages and logs find this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoReceiver => "PLC-01",
            Self::Silent => "PLC-02",
            Self::Denied => "PLC-03",
            Self::Busy => "PLC-04",
            Self::Spare => "PLC-05",
        }
    }

    /// Who acts next.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::NoReceiver | Self::Silent | Self::Spare => Remedy::OperatorActs,
            Self::Denied => Remedy::SupervisorActs,
            Self::Busy => Remedy::RetryLater,
        }
    }
}
