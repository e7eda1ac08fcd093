//! Reading and writing big-endian fields that know their names.
//!
//! In: a slice. Out: numbers and slices of it, or an error with the field's name. Never: allocates.

use super::RECORD_BYTES_MAX;
use super::error::RecordError;

/// A cursor over bytes of a record.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::TooLarge(bytes.len() as u64));
        }
        Ok(Self { rest: bytes })
    }

    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, field: &'static str, n: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or(RecordError::Truncated {
                field,
                needed: n as u64,
                left: self.rest.len() as u64,
            })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordError> {
        let taken = self.take(field, N)?;
        let mut out = [0; N];
        out.copy_from_slice(taken);
        Ok(out)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, RecordError> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, RecordError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u24(&mut self, field: &'static str) -> Result<u32, RecordError> {
        let [a, b, c] = self.array(field)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, RecordError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u48(&mut self, field: &'static str) -> Result<u64, RecordError> {
        let [a, b, c, d, e, f] = self.array(field)?;
        Ok(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    pub(super) fn bytes<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], RecordError> {
        self.array(field)
    }

    /// Magic and version; the version must be one of `versions`.
    pub(super) fn magic(
        &mut self,
        magic: &[u8; 4],
        versions: &[&[u8; 4]],
    ) -> Result<[u8; 4], RecordError> {
        if self.take("format identifier", 4)? != magic {
            return Err(RecordError::UnknownFormat);
        }
        let version = self.bytes::<4>("version")?;
        if versions.contains(&&version) {
            Ok(version)
        } else {
            Err(RecordError::UnknownVersion)
        }
    }

    /// A length field that counts itself and all that stands before it must be the length of everything.
    pub(super) fn length_of_all(
        &self,
        field: &'static str,
        said: u64,
        all: &[u8],
    ) -> Result<(), RecordError> {
        if said == all.len() as u64 {
            return Ok(());
        }
        Err(RecordError::WrongLength {
            field,
            said,
            found: all.len() as u64,
        })
    }

    /// The next part of `length` bytes, of which `before` bytes were read already.
    pub(super) fn part(
        &mut self,
        field: &'static str,
        length: u64,
        before: usize,
    ) -> Result<Self, RecordError> {
        let rest = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_sub(before))
            .ok_or(RecordError::OutOfRange {
                field,
                value: length,
            })?;
        Ok(Self {
            rest: self.take(field, rest)?,
        })
    }

    /// Nothing may be left.
    pub(super) fn end(&self, field: &'static str) -> Result<(), RecordError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(RecordError::WrongLength {
            field,
            said: 0,
            found: self.rest.len() as u64,
        })
    }
}

/// Bytes that grow, big-endian.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u24(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes()[1..])
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u48(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes()[2..])
    }

    /// Puts the length of all bytes into `width` bytes at `at`, once everything is written.
    pub(super) fn finish_length(mut self, at: usize, width: usize) -> Result<Vec<u8>, RecordError> {
        let length = self.bytes.len() as u64;
        if self.bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::TooLarge(length));
        }
        let all = length.to_be_bytes();
        self.bytes[at..at + width].copy_from_slice(&all[8 - width..]);
        Ok(self.bytes)
    }
}

/// A count or length as the field's own width.
pub(super) fn fits<T: TryFrom<usize>>(field: &'static str, value: usize) -> Result<T, RecordError> {
    T::try_from(value).map_err(|_| RecordError::OutOfRange {
        field,
        value: value as u64,
    })
}

/// A value of at most `bits` bits.
pub(super) fn within_bits(field: &'static str, value: u16, bits: u32) -> Result<u16, RecordError> {
    if u32::from(value) >> bits == 0 {
        Ok(value)
    } else {
        Err(RecordError::OutOfRange {
            field,
            value: u64::from(value),
        })
    }
}
