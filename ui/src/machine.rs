//! Machine: what the operating system says about the computer. Only what is read; where nothing is, `None`.

use std::path::Path;

/// Charge of the battery in percent and whether it is being charged; `None` without a battery, or where the system
/// does not say.
pub fn battery() -> Option<(u8, bool)> {
    let supplies = Path::new("/sys/class/power_supply");
    for entry in std::fs::read_dir(supplies).ok()?.flatten() {
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name)).ok();
        if read("type").is_some_and(|kind| kind.trim() == "Battery")
            && let Some(percent) = read("capacity").and_then(|text| text.trim().parse().ok())
        {
            let charging = read("status").is_some_and(|status| status.trim() != "Discharging");
            return Some((percent, charging));
        }
    }
    None
}
