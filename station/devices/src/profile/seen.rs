//! What a station sees of a device, held against the match rules.
//!
//! In: ids and names as read from a bus, a service or a driver. Out: whether a rule recognises them.
//! Never: decides between two rules; priority and order do, in `set`.

use super::schema::MatchRule;

/// What a station sees of a device before it knows what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in the match rules")]
pub enum Seen<'a> {
    /// Numbers as on the bus; the class where it was read.
    Usb {
        vid: u16,
        pid: u16,
        class: Option<[u8; 3]>,
    },
    /// As the service says, `level` `L0` or `L1`.
    Sbi {
        device_type: &'a str,
        sub_type: &'a str,
        make: &'a str,
        model: &'a str,
        level: &'a str,
    },
    V4l2 {
        name: &'a str,
    },
    /// The whole device name; the part before the colon is matched.
    Sane {
        name: &'a str,
    },
    Pcsc {
        name: &'a str,
    },
    Hid {
        page: u16,
        usage: u16,
    },
    Nmea {
        talker: &'a str,
    },
    Ipp {
        make_model: &'a str,
    },
    Gphoto {
        model: &'a str,
    },
    Libfprint {
        driver: &'a str,
    },
    Tcp {
        port: u16,
    },
    BuiltIn {
        id: &'a str,
    },
}

impl Seen<'_> {
    /// Whether a rule recognises it.
    pub(super) fn matches(&self, rule: &MatchRule) -> bool {
        let hex = |text: &str| u16::from_str_radix(text, 16).ok();
        match *self {
            Self::Usb { vid, pid, class } => rule.usb.as_ref().is_some_and(|usb| {
                let class_fits = match (&usb.class, class) {
                    (None, _) => true,
                    (Some(wanted), Some([a, b, c])) => {
                        *wanted == format!("{a:02x}:{b:02x}:{c:02x}")
                    }
                    (Some(_), None) => false,
                };
                hex(&usb.vid) == Some(vid) && hex(&usb.pid) == Some(pid) && class_fits
            }),
            Self::Sbi {
                device_type,
                sub_type,
                make,
                model,
                level,
            } => rule.sbi.as_ref().is_some_and(|sbi| {
                sbi.device_type == device_type
                    && sbi.sub_type == sub_type
                    && sbi.make.as_ref().is_none_or(|p| p.matches(make))
                    && sbi.model.as_ref().is_none_or(|p| p.matches(model))
                    && sbi.min_level.as_deref().is_none_or(|least| level >= least)
            }),
            Self::V4l2 { name } => rule.v4l2_name.as_ref().is_some_and(|p| p.matches(name)),
            Self::Sane { name } => rule
                .sane_prefix
                .as_deref()
                .is_some_and(|p| name.split(':').next() == Some(p)),
            Self::Pcsc { name } => rule.pcsc_name.as_ref().is_some_and(|p| p.matches(name)),
            Self::Hid { page, usage } => rule
                .hid_usage
                .as_ref()
                .is_some_and(|h| h.page == page && h.usage == usage),
            Self::Nmea { talker } => rule.nmea_talker.as_deref() == Some(talker),
            Self::Ipp { make_model } => rule
                .ipp_make_model
                .as_ref()
                .is_some_and(|p| p.matches(make_model)),
            Self::Gphoto { model } => rule.gphoto_model.as_ref().is_some_and(|p| p.matches(model)),
            Self::Libfprint { driver } => rule.libfprint_driver.as_deref() == Some(driver),
            Self::Tcp { port } => rule.tcp_port == Some(port),
            Self::BuiltIn { id } => rule.built_in.as_deref() == Some(id),
        }
    }
}
