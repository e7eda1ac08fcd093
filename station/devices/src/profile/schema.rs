//! Shape of the profile files, one type per folder: `devices/`, `laptops/`, `kits/`. (`policy/` is in `quality`.)
//!
//! In: TOML. Out: typed facts; a key that is not here is an error, a fact that is not known is absent.
//! `hardware-profiles/schema.json` says the same for editors and other programs; a test holds the two together.

use serde::{Deserialize, Serialize};

use super::pattern::TextPattern;
use super::quality::QualityRef;

/// What class of device a profile describes. Also the folder below `devices/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DeviceKind {
    Finger,
    Iris,
    Face,
    Camera,
    Docscan,
    Mrz,
    Smartcard,
    Printer,
    Gps,
    Sigpad,
    Barcode,
    Ups,
    Tpm,
    Import,
}

impl DeviceKind {
    /// The name in files, such as `docscan`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finger => "finger",
            Self::Iris => "iris",
            Self::Face => "face",
            Self::Camera => "camera",
            Self::Docscan => "docscan",
            Self::Mrz => "mrz",
            Self::Smartcard => "smartcard",
            Self::Printer => "printer",
            Self::Gps => "gps",
            Self::Sigpad => "sigpad",
            Self::Barcode => "barcode",
            Self::Ups => "ups",
            Self::Tpm => "tpm",
            Self::Import => "import",
        }
    }
}

/// How far a profile may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Collected, not tried.
    Unverified,
    /// Tried; the file holds a bench record.
    Bench,
    /// Tried, and used on enrolments.
    Field,
    /// Not to be used any more.
    Withdrawn,
}

impl Status {
    /// Whether the status claims that somebody tried the device.
    pub const fn claims_a_trial(self) -> bool {
        matches!(self, Self::Bench | Self::Field)
    }
}

/// What stands behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Evidence {
    /// Checked: package data, source read, or run.
    V,
    /// A public page or repository.
    S,
    /// Arithmetic from marked facts.
    A,
    /// A choice of this project.
    P,
    /// General knowledge or a datasheet that could not be checked. Keeps a profile `unverified`.
    K,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Dotted path of the value; a table's path stands for all in it. Places in lists are left out: `match.usb`.
    pub field: String,
    /// How strong it is.
    pub evidence: Evidence,
    /// Name in `SOURCES.md`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What was found there.
    pub what: String,
}

/// Something that a driver or an operator has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Quirk {
    pub what: String,
    pub why: String,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, where it is known.
    pub seen: Option<String>,
}

/// A trial: where, what was done, what came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Bench {
    #[serde(rename = "where")]
    pub place: String,
    pub what: String,
    pub result: String,
    /// Serial number of the device that was tried.
    pub serial: Option<String>,
    /// As in [`Quirk::seen`].
    pub date: Option<String>,
}

/// A device model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DeviceProfile {
    /// Edition of the shape; 1.
    pub schema: u16,
    /// `kind.vendor.model`, lower case.
    pub id: String,
    pub kind: DeviceKind,
    pub vendor: String,
    pub model: String,
    pub status: Status,
    /// True when no hardware stands behind it.
    #[serde(default, rename = "virtual")]
    pub is_virtual: bool,
    /// How it is recognised; at least one.
    #[serde(default, rename = "match")]
    pub matches: Vec<MatchRule>,
    pub driver: Driver,
    pub finger: Option<Finger>,
    pub iris: Option<Iris>,
    pub camera: Option<Camera>,
    pub sigpad: Option<SigPad>,
    pub docscan: Option<Docscan>,
    pub gps: Option<Gps>,
    pub capture: Option<Capture>,
    pub power: Option<Power>,
    pub env: Option<Environment>,
    pub quality: Option<QualityRef>,
    #[serde(default, rename = "quirk")]
    pub quirks: Vec<Quirk>,
    #[serde(default, rename = "bench")]
    pub benches: Vec<Bench>,
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// One way to recognise a device; exactly one key besides `priority`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MatchRule {
    /// The higher wins where two profiles match; 0 when absent.
    pub priority: Option<i16>,
    pub usb: Option<UsbMatch>,
    pub sbi: Option<SbiMatch>,
    pub v4l2_name: Option<TextPattern>,
    /// What comes before the first colon of a SANE device name.
    pub sane_prefix: Option<String>,
    pub pcsc_name: Option<TextPattern>,
    pub hid_usage: Option<HidUsage>,
    /// Two letters, such as `GP`.
    pub nmea_talker: Option<String>,
    pub ipp_make_model: Option<TextPattern>,
    pub gphoto_model: Option<TextPattern>,
    pub libfprint_driver: Option<String>,
    /// On the loopback address; virtual devices only.
    pub tcp_port: Option<u16>,
    /// Id in the station's own registry.
    pub built_in: Option<String>,
}

/// USB ids: four lower-case hexadecimal digits each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct UsbMatch {
    pub vid: String,
    pub pid: String,
    /// `class:subclass:protocol`, two digits each.
    pub class: Option<String>,
}

/// What an SBI service says of itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SbiMatch {
    #[serde(rename = "type")]
    pub device_type: String,
    pub sub_type: String,
    pub make: Option<TextPattern>,
    pub model: Option<TextPattern>,
    /// `L0` or `L1`; absent: either.
    pub min_level: Option<String>,
}

/// Usage of a human interface device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HidUsage {
    pub page: u16,
    pub usage: u16,
}

/// Ways to drive it, the preferred first: `sbi`, `sane:fujitsu`, `adapter:ibscan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Driver {
    #[serde(default)]
    pub linux: Vec<String>,
    #[serde(default)]
    pub windows: Vec<String>,
}

/// Facts about a fingerprint scanner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finger {
    /// FBI appendix F or PIV profile: 10, 20, 30, 40, 45, 50, 60.
    pub fap: Option<u16>,
    /// Pixels per inch as delivered; quality scores want 500.
    pub ppi: Option<u16>,
    /// Width and height of the platen, millimetres.
    pub platen_mm: Option<[f64; 2]>,
    /// Width and height of an image, pixels.
    pub image_px: Option<[u32; 2]>,
    /// Width alone, where the height is not known.
    pub image_width_px: Option<u32>,
    /// What can be laid on it.
    #[serde(default)]
    pub modes: Vec<FingerMode>,
    /// `deviceSubId` over SBI.
    pub sbi_sub_id: Option<SlapSubIds>,
    /// True when fingers come one by one and the slap is not given.
    pub segmented_by_device: Option<bool>,
}

/// One way of laying fingers on a platen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FingerMode {
    /// Four fingers of a hand.
    Slap4,
    /// Two thumbs.
    Thumbs2,
    /// Two neighbouring fingers.
    Flat2,
    /// One finger, plain.
    Flat1,
    /// One finger, rolled.
    Roll1,
}

/// `deviceSubId` of the parts of a 4-4-2 sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SlapSubIds {
    pub left4: u8,
    pub right4: u8,
    pub thumbs: u8,
}

/// Facts about an iris scanner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iris {
    /// 1 or 2 at once.
    pub eyes: Option<u8>,
    /// `deviceSubId` over SBI.
    pub sbi_sub_id: Option<IrisSubIds>,
}

/// `deviceSubId` of eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct IrisSubIds {
    pub left: u8,
    pub right: u8,
    pub both: u8,
}

/// Facts about a camera.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Width and height of a picture, pixels.
    pub image_px: Option<[u32; 2]>,
    /// FourCC of the stream, such as `YUYV`.
    pub pixel_format: Option<String>,
}

/// Facts about a signature pad.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigPad {
    /// Width and height of the screen, pixels.
    pub image_px: Option<[u32; 2]>,
    /// Width and height of the writing area, millimetres.
    pub area_mm: Option<[f64; 2]>,
    /// Points a second.
    pub rate_hz: Option<u16>,
}

/// How a page is scanned; what is absent is A4 in colour at 300 pixels per inch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Docscan {
    /// Pixels per inch.
    pub ppi: Option<u16>,
    /// As the scanner names it: `Color`, `Gray`.
    pub mode: Option<String>,
    /// As the scanner names it: `ADF Front`, `Flatbed`.
    pub source: Option<String>,
    /// Width and height of the largest page, millimetres.
    pub page_mm: Option<[f64; 2]>,
}

/// Facts about a receiver of places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gps {
    /// Speed at which it is listened to first; others follow. A USB device ignores it.
    pub baud: Option<u32>,
}

/// How long to wait for it, and how often to try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// One attempt; at most [`crate::TIMEOUT_MS_MAX`].
    pub timeout_ms: Option<u32>,
    /// Pause before an image counts.
    pub settle_ms: Option<u32>,
    /// Attempts after the first.
    pub retries: Option<u16>,
    /// Frames a second that a preview must have.
    pub min_preview_fps: Option<u16>,
}

/// What it draws.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// At most, from the bus, milliampere.
    pub bus_ma_max: Option<u16>,
}

/// Where it may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Lowest and highest, °C.
    pub temp_c: Option<[i16; 2]>,
    /// Ingress protection, such as `IP54`.
    pub ip: Option<String>,
}

/// A laptop model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct LaptopProfile {
    /// Edition of the shape; 1.
    pub schema: u16,
    /// `laptop.vendor.model`.
    pub id: String,
    pub vendor: String,
    pub model: String,
    pub status: Status,
    pub screen_in: Option<f64>,
    pub px: Option<[u32; 2]>,
    /// Brightness at most, candela per square metre.
    pub nits: Option<u32>,
    pub touch: Option<bool>,
    pub ip: Option<String>,
    #[serde(default)]
    pub standards: Vec<String>,
    pub drop_m: Option<f64>,
    pub temp_c: Option<[i16; 2]>,
    pub battery_wh: Option<f64>,
    pub battery_mah: Option<u32>,
    pub second_battery: Option<bool>,
    pub hot_swap: Option<bool>,
    pub mass_kg: Option<f64>,
    #[serde(default)]
    pub ports: Vec<String>,
    #[serde(default)]
    pub modules: Vec<String>,
    pub tpm: Option<String>,
    /// By which the station recognises itself.
    pub dmi_match: Option<DmiMatch>,
    #[serde(default, rename = "quirk")]
    pub quirks: Vec<Quirk>,
    #[serde(default, rename = "bench")]
    pub benches: Vec<Bench>,
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// What the firmware says the machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DmiMatch {
    pub sys_vendor: TextPattern,
    pub product_name: TextPattern,
}

/// What belongs into one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KitProfile {
    /// Edition of the shape; 1.
    pub schema: u16,
    /// `kit.name`.
    pub id: String,
    /// Id of a laptop profile; absent: any.
    pub laptop: Option<String>,
    /// True when every device is virtual; false when none is.
    #[serde(default)]
    pub virtual_only: bool,
    pub screen_min: Option<ScreenMin>,
    pub devices: Vec<KitRole>,
    pub power: Option<KitPower>,
    /// Minutes from closed case to first enrolment.
    pub set_up_min: Option<u16>,
    pub case: Option<Case>,
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// One job in a kit and what can do it: profiles in order of preference, or any device of a driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KitRole {
    pub role: String,
    #[serde(default)]
    pub any_of: Vec<String>,
    pub any_driver: Option<String>,
    #[serde(default)]
    pub optional: bool,
}

/// The least that a screen must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ScreenMin {
    pub px: [u32; 2],
    pub nits: u32,
}

/// Power for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KitPower {
    pub budget_w: u32,
    pub battery_wh: u32,
    pub hours: u32,
    /// What is switched off first when it runs short.
    #[serde(default)]
    pub shed: Vec<String>,
}

/// The case it is carried in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Case {
    pub ip: Option<String>,
    pub mass_kg_max: Option<u32>,
}
