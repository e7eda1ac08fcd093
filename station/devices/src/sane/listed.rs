//! A scanner as SANE lists it, and what it is on the bus.
//!
//! In: `name⇥vendor⇥model⇥type` lines, the bus, the profiles. Out: [`ScannerListed`] and its profile.
//! Never: a camera that SANE shows as a scanner, or a scanner somewhere on a network that no profile names: anybody may
//! put one there, and papers would pass through it.

use std::path::Path;

use serde::Serialize;

use crate::profile::{DeviceKind, DeviceProfile, ProfileSet, Seen};
use crate::slug::slug;
use crate::usb::{self, UsbDevice};

/// How a list is asked for; SANE's words stand between tabs.
pub(super) const FORMAT: &str = "%d\t%v\t%m\t%t%n";
/// No station has more.
const SCANNERS_MAX: usize = 20;
/// Longer names are no names.
const NAME_BYTES_MAX: usize = 200;
/// Backends for cameras, which have a driver of their own here.
const CAMERAS: [&str; 2] = ["v4l", "gphoto2"];
/// Backends that reach scanners over a network, and what other backends write into the names of such.
const NETWORK_BACKENDS: [&str; 3] = ["net", "airscan", "escl"];
const NETWORK_NAMES: [&str; 5] = [":net:", "/net/", "http:", "https:", ":tcp"];
/// SANE's own invented scanner.
pub(super) const INVENTED: &str = "test";

/// A scanner as SANE lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannerListed {
    /// The name under which a station lists it: the same while it stays on the same socket.
    pub id: String,
    /// SANE's name, by which it is opened.
    pub name: String,
    /// As its backend says.
    pub vendor: String,
    /// As its backend says.
    pub model: String,
    /// Vendor and product number on the bus, where they are known.
    pub usb: Option<(u16, u16)>,
    /// Serial number, where the bus has one.
    pub serial: Option<String>,
}

impl ScannerListed {
    /// What comes before the first colon of SANE's name.
    pub fn backend(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// Whether no paper stands behind it.
    pub(super) fn is_invented(&self) -> bool {
        self.backend() == INVENTED
    }

    fn is_of_a_network(&self) -> bool {
        NETWORK_BACKENDS.contains(&self.backend())
            || NETWORK_NAMES.iter().any(|mark| self.name.contains(mark))
    }

    /// Its profile: by its numbers on the bus, else by its backend's name; of kind `docscan` either way.
    pub(crate) fn profile<'a>(&self, profiles: &'a ProfileSet) -> Option<&'a DeviceProfile> {
        let by_numbers = self.usb.and_then(|(vid, pid)| {
            let class = None;
            profiles.find(&Seen::Usb { vid, pid, class })
        });
        let by_name = || profiles.find(&Seen::Sane { name: &self.name });
        by_numbers
            .or_else(by_name)
            .filter(|profile| profile.kind == DeviceKind::Docscan)
    }
}

/// The scanners of a list.
pub(super) fn parse(
    list: &str,
    devices: &Path,
    profiles: Option<&ProfileSet>,
) -> Vec<ScannerListed> {
    let bus = usb::all(devices);
    let mut found: Vec<ScannerListed> = Vec::new();
    for line in list.lines() {
        let mut words = line.split('\t');
        let (Some(name), Some(vendor), Some(model)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let is_name = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.chars().all(|c| !c.is_control());
        if !is_name || found.len() == SCANNERS_MAX {
            continue;
        }
        let scanner = on_the_bus(name, vendor, model, &bus, profiles);
        let is_known = profiles.is_some_and(|set| scanner.profile(set).is_some());
        if CAMERAS.contains(&scanner.backend()) || (scanner.is_of_a_network() && !is_known) {
            continue;
        }
        let same = |other: &ScannerListed| other.id == scanner.id;
        if !found.iter().any(same) {
            found.push(scanner);
        }
    }
    found
}

fn on_the_bus(
    name: &str,
    vendor: &str,
    model: &str,
    bus: &[UsbDevice],
    profiles: Option<&ProfileSet>,
) -> ScannerListed {
    let backend = name.split(':').next().unwrap_or_default();
    let device = addressed(name, bus).or_else(|| only_one_of(backend, bus, profiles?));
    ScannerListed {
        id: match device {
            Some(device) => format!("scanner-{backend}-usb-{}", device.socket()),
            None => format!("scanner-{}", slug(name)),
        },
        name: name.to_owned(),
        vendor: vendor.trim().to_owned(),
        model: model.trim().to_owned(),
        usb: device.and_then(UsbDevice::numbers),
        serial: device.and_then(|device| device.text("serial")),
    }
}

/// `epsonds:libusb:001:004` is device 4 of bus 1.
fn addressed<'a>(name: &str, bus: &'a [UsbDevice]) -> Option<&'a UsbDevice> {
    let (_, address) = name.split_once("libusb:")?;
    let (number, device) = address.split_once(':')?;
    let address = (number.parse().ok()?, device.parse().ok()?);
    bus.iter().find(|d| d.address() == Some(address))
}

/// Some backends name a scanner by its model (`fujitsu:fi-8170:123`): it is the one device on the bus whose profile names
/// this backend, where there is one alone.
fn only_one_of<'a>(
    backend: &str,
    bus: &'a [UsbDevice],
    profiles: &ProfileSet,
) -> Option<&'a UsbDevice> {
    let driver = format!("sane:{backend}");
    let mut able = bus.iter().filter(|device| {
        device.numbers().is_some_and(|(vid, pid)| {
            let class = None;
            profiles
                .find(&Seen::Usb { vid, pid, class })
                .is_some_and(|p| p.kind == DeviceKind::Docscan && p.driver.linux.contains(&driver))
        })
    });
    let first = able.next()?;
    able.next().is_none().then_some(first)
}
