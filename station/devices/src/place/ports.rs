//! Ports: which serial ports of this computer a receiver stands behind.
//!
//! In: `/sys/class/tty`, the profiles of kind `gps`; or a port that somebody names. Out: [`PlaceListed`].
//! Never: opens a port to find out what it is. A port that no profile knows may be a printer or a modem.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::profile::{DeviceKind, ProfileSet, Seen};
use crate::usb;

/// A receiver as it is plugged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceListed {
    /// The name under which a station lists it: the same while it stays on the same socket.
    pub id: String,
    /// Its device file.
    pub port: PathBuf,
    /// Id of its profile; `None` of a port that was named.
    pub profile: Option<String>,
    /// Speed at which it is listened to first, baud, where a profile says so.
    pub baud: Option<u32>,
    /// Serial number, where the bus has one.
    pub serial: Option<String>,
}

/// The port that somebody names, where it is there; it is taken for a receiver without being known.
pub(super) fn named(port: &Path) -> Vec<PlaceListed> {
    let listed = PlaceListed {
        id: "gps-port".to_owned(),
        port: port.to_owned(),
        profile: None,
        baud: None,
        serial: None,
    };
    // Names of ports elsewhere, such as COM3, are no files.
    let is_there = cfg!(not(unix)) || port.exists();
    is_there.then_some(listed).into_iter().collect()
}

/// Ports whose USB numbers a profile of kind `gps` knows, in the order of their names: receivers that are USB devices
/// themselves (`ttyACM`) before those behind a cable (`ttyUSB`). `classes` is `/sys/class/tty`, `files` is `/dev`.
pub(super) fn plugged(classes: &Path, files: &Path, profiles: &ProfileSet) -> Vec<PlaceListed> {
    let Ok(inside) = std::fs::read_dir(classes) else {
        return Vec::new();
    };
    let mut names: Vec<_> = inside.filter_map(|e| Some(e.ok()?.file_name())).collect();
    names.sort();
    let port = |name: &std::ffi::OsString| {
        let device = usb::above(&classes.join(name).join("device"))?;
        let (vid, pid) = device.numbers()?;
        let class = None;
        let profile = profiles
            .find(&Seen::Usb { vid, pid, class })
            .filter(|profile| profile.kind == DeviceKind::Gps)?;
        Some(PlaceListed {
            id: format!("gps-usb-{}", device.socket()),
            port: files.join(name),
            profile: Some(profile.id.clone()),
            baud: profile.gps.as_ref().and_then(|gps| gps.baud),
            serial: device.text("serial"),
        })
    };
    names.iter().filter_map(port).collect()
}
