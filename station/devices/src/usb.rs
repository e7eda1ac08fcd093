//! USB as the kernel shows it below `/sys`: numbers, serial numbers and sockets of what is plugged in.
//!
//! In: a folder of sysfs. Out: a [`UsbDevice`]. Never: opens the device itself.

use std::path::{Path, PathBuf};

/// Texts on the bus are no longer than this.
const TEXT_BYTES_MAX: usize = 120;
/// Between a device file and its USB device: a port, an interface.
const STEPS_MAX: usize = 4;

/// One device on the bus, as a folder of sysfs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsbDevice(PathBuf);

/// The USB device that a device file of sysfs belongs to: the nearest folder above with its numbers.
pub(crate) fn above(device: &Path) -> Option<UsbDevice> {
    let real = std::fs::canonicalize(device).ok()?;
    real.ancestors()
        .take(STEPS_MAX)
        .find(|folder| folder.join("idVendor").is_file())
        .map(|folder| UsbDevice(folder.to_owned()))
}

/// Everything on the bus; `devices` is `/sys/bus/usb/devices`. Interfaces are left out.
pub(crate) fn all(devices: &Path) -> Vec<UsbDevice> {
    let Ok(inside) = std::fs::read_dir(devices) else {
        return Vec::new();
    };
    let mut found: Vec<_> = inside
        .filter_map(|entry| Some(UsbDevice(entry.ok()?.path())))
        .filter(|device| device.0.join("idVendor").is_file())
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

impl UsbDevice {
    /// Where it is plugged in, such as `1-2.4`: the same while it stays there.
    pub(crate) fn socket(&self) -> String {
        let name = self.0.file_name().unwrap_or_default().to_string_lossy();
        name.replace(['.', ':'], "-")
    }

    /// Vendor and product.
    pub(crate) fn numbers(&self) -> Option<(u16, u16)> {
        let number = |name| u16::from_str_radix(&self.text(name)?, 16).ok();
        Some((number("idVendor")?, number("idProduct")?))
    }

    /// Bus and number on it, as libusb names a device. The number changes whenever it is plugged in.
    pub(crate) fn address(&self) -> Option<(u16, u16)> {
        let number = |name| self.text(name)?.parse().ok();
        Some((number("busnum")?, number("devnum")?))
    }

    /// One text of it.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.0.join(name)).ok()?;
        let text = text.trim();
        (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned())
    }
}
