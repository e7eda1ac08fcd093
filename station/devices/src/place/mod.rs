//! Place: where this computer is, by a satellite receiver on a serial port (NMEA 0183).
//!
//! In: the serial ports of this computer, the profiles of kind `gps`; or one port that somebody names. Out: a [`PlaceView`].
//! Owns: a thread while a receiver is listened to; the port is its own alone.
//! Never: makes a caller wait; prints or logs where it is; takes what a receiver only estimated, was told or simulates for a
//! fix; keeps an old fix after the receiver says that it has none.
//!
//! ```text
//!   look for a port ──► open it ──► listen at one speed ──► understood ──► listen on
//!        ▲  ▲                              │ nothing                       │ unplugged, silent
//!        │  └── no speed was understood ◄──┴── the next speed              │
//!        └─────────────────────────────────────────────────────────────────┘
//! ```

mod device;
mod error;
mod ports;
mod receiver;
mod sentence;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
mod view;

pub use device::PlaceDevice;
pub use error::PlaceError;
pub use ports::PlaceListed;
pub use receiver::{PlaceReceiver, PlaceSettings};
pub use view::{PlaceFix, PlaceState, PlaceView};
