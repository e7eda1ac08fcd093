//! What a packet may be at most. Checked before anything is allocated for it.

/// A whole packet file.
pub const PACKET_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The signed manifest.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;
/// Parts of one packet, demographics included.
pub const PARTS_MAX: usize = 64;
/// The plaintext of one sample: an image or a page.
pub const SAMPLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The demographics part once inflated.
pub const DEMOGRAPHICS_BYTES_MAX: usize = 1024 * 1024;
/// Inflating more than this many times the compressed length is refused …
pub const INFLATE_RATIO_MAX: usize = 20;
/// … once the result is larger than this: short texts repeat themselves honestly.
pub const INFLATE_FREE_BYTES: usize = 64 * 1024;
/// Fields of one enrolment.
pub const FIELDS_MAX: usize = 1_000;
/// Any short text of a manifest: pack id, station kind, office.
pub const TEXT_CHARS_MAX: usize = 64;
/// Demographics are padded to a multiple of this, so that their length tells little.
pub const PADDING_BYTES: usize = 256;
/// Sensitive answers are padded to a multiple of this, so that no answer at all is as long as the usual ones.
pub const SENSITIVE_PADDING_BYTES: usize = 512;
/// The plaintext of the sensitive part.
pub const SENSITIVE_BYTES_MAX: usize = 64 * 1024;
