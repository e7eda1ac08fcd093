//! Slugs: what the system calls a device, as the end of the name under which a station lists it.
//!
//! In: a place on the bus or a driver's name for a device. Out: small letters and digits with single hyphens between.
//! Owns: nothing. Never: tells two devices apart that differ in other signs alone; whoever lists them numbers those.

/// Of longer texts the beginning is taken.
const CHARACTERS_MAX: usize = 60;

/// `usb-0000:00:14.0-3` is `usb-0000-00-14-0-3`.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(CHARACTERS_MAX) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_bus_become_ids() {
        assert_eq!(slug("usb-0000:00:14.0-3"), "usb-0000-00-14-0-3");
        assert_eq!(slug("platform:vivid-000"), "platform-vivid-000");
    }
}
