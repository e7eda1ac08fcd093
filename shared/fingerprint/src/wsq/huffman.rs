//! Huffman codes and the bits they are made of.
//!
//! In: symbols and their counts, or a table and bytes. Out: bytes, or symbols. A byte of all ones in coded data is
//! followed by a stuffed zero, so that any other byte behind it is a marker; a code of all ones does not exist.

use super::WsqError;

/// Longest code.
pub(super) const LENGTH_MAX: usize = 16;

/// A table as its marker segment holds it: how many codes of each length, and the symbols in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) counts: [u8; LENGTH_MAX],
    pub(super) symbols: Vec<u8>,
}

/// The codes of a table, for reading.
pub(super) struct Decoder {
    /// Per length: the first code, one past the last, and where its symbols begin.
    lengths: [(u32, u32, usize); LENGTH_MAX],
    symbols: Vec<u8>,
}

impl Decoder {
    /// # Errors
    /// More codes of a length than there are.
    pub(super) fn of(table: &Table) -> Result<Self, WsqError> {
        let mut lengths = [(0, 0, 0); LENGTH_MAX];
        let (mut code, mut at) = (0u32, 0usize);
        for (i, count) in table.counts.iter().enumerate() {
            let after = code + u32::from(*count);
            if after > 1 << (i + 1) {
                return Err(WsqError::OutOfRange("Huffman table"));
            }
            lengths[i] = (code, after, at);
            at += usize::from(*count);
            code = after << 1;
        }
        if at != table.symbols.len() {
            return Err(WsqError::OutOfRange("Huffman table"));
        }
        Ok(Self {
            lengths,
            symbols: table.symbols.clone(),
        })
    }
}

/// Bits of coded data, up to the next marker.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
        }
    }

    /// Bytes used; whatever is held of the last one is padding.
    pub(super) fn used(&self) -> usize {
        self.at
    }

    /// Bits held but not asked for.
    pub(super) fn padding(&self) -> u32 {
        self.count
    }

    /// One byte more, unless a marker or the end is next.
    fn fill(&mut self) -> bool {
        let Some(&byte) = self.bytes.get(self.at) else {
            return false;
        };
        if byte == 0xff {
            if self.bytes.get(self.at + 1) != Some(&0) {
                return false;
            }
            self.at += 1;
        }
        self.at += 1;
        self.held = self.held << 8 | u32::from(byte);
        self.count += 8;
        true
    }

    pub(super) fn bits(&mut self, count: u32) -> Result<u32, WsqError> {
        while self.count < count {
            if !self.fill() {
                return Err(WsqError::Truncated("coded data"));
            }
        }
        self.count -= count;
        let value = self.held >> self.count & ((1 << count) - 1);
        self.held &= (1 << self.count) - 1;
        Ok(value)
    }

    pub(super) fn symbol(&mut self, decoder: &Decoder) -> Result<u8, WsqError> {
        let mut code = 0;
        for (first, after, at) in decoder.lengths {
            code = code << 1 | self.bits(1)?;
            if code < after {
                let index = at + (code - first) as usize;
                return decoder
                    .symbols
                    .get(index)
                    .copied()
                    .ok_or(WsqError::OutOfRange("Huffman code"));
            }
        }
        Err(WsqError::OutOfRange("Huffman code"))
    }
}

/// Bits that become bytes.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl BitWriter {
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for i in (0..count).rev() {
            self.held = self.held << 1 | (value >> i & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = self.held as u8;
                self.bytes.push(byte);
                if byte == 0xff {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    /// The bytes, the last one filled with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let missing = (8 - self.count) % 8;
        self.bits((1 << missing) - 1, missing);
        self.bytes
    }
}

/// Symbols there can be.
pub(super) const SYMBOLS: usize = 256;

impl Table {
    /// The best table for these counts with codes of at most 16 bits and none of all ones (the method of ISO/IEC
    /// 10918-1, annex K.2, with one more symbol that takes the code of all ones and is then left out).
    pub(super) fn for_counts(counts: &[u32; SYMBOLS]) -> Self {
        let mut weight: Vec<u64> = counts.iter().map(|c| u64::from(*c)).collect();
        weight.push(1);
        let length = code_lengths(&mut weight);
        let mut counts = [0u32; 64];
        for l in &length {
            counts[*l] += 1;
        }
        counts[0] = 0;
        for long in (LENGTH_MAX + 1..counts.len()).rev() {
            while counts[long] > 0 {
                // Two of the longest give one place; the nearest shorter code makes room for two.
                let shorter = (1..long - 1).rev().find(|l| counts[*l] > 0).unwrap_or(1);
                counts[long] -= 2;
                counts[long - 1] += 1;
                counts[shorter + 1] += 2;
                counts[shorter] -= 1;
            }
        }
        if let Some(longest) = (1..=LENGTH_MAX).rev().find(|l| counts[*l] > 0) {
            counts[longest] -= 1;
        }
        let mut symbols: Vec<(usize, u8)> = length[..SYMBOLS]
            .iter()
            .enumerate()
            .filter(|(_, l)| **l > 0)
            .map(|(symbol, l)| (*l, symbol as u8))
            .collect();
        symbols.sort_unstable();
        Self {
            counts: core::array::from_fn(|i| counts[i + 1] as u8),
            symbols: symbols.into_iter().map(|(_, s)| s).collect(),
        }
    }

    /// Code and length of each symbol, length 0 where there is none.
    pub(super) fn codes(&self) -> [(u32, u32); SYMBOLS] {
        let mut codes = [(0, 0); SYMBOLS];
        let (mut code, mut at) = (0u32, 0usize);
        for (i, count) in self.counts.iter().enumerate() {
            for _ in 0..*count {
                if let Some(symbol) = self.symbols.get(at) {
                    codes[usize::from(*symbol)] = (code, i as u32 + 1);
                }
                (code, at) = (code + 1, at + 1);
            }
            code <<= 1;
        }
        codes
    }
}

/// Lengths of an optimal prefix code: the two lightest trees are joined until one is left.
fn code_lengths(weight: &mut [u64]) -> Vec<usize> {
    let mut length = vec![0usize; weight.len()];
    let mut next: Vec<Option<usize>> = vec![None; weight.len()];
    let lightest = |weight: &[u64], but: Option<usize>| {
        (0..weight.len())
            .filter(|i| weight[*i] > 0 && Some(*i) != but)
            .min_by_key(|i| (weight[*i], core::cmp::Reverse(*i)))
    };
    while let Some(first) = lightest(weight, None) {
        let Some(second) = lightest(weight, Some(first)) else {
            break;
        };
        weight[first] += weight[second];
        weight[second] = 0;
        let mut last = first;
        loop {
            length[last] += 1;
            match next[last] {
                Some(after) => last = after,
                None => break,
            }
        }
        next[last] = Some(second);
        let mut of_second = Some(second);
        while let Some(i) = of_second {
            length[i] += 1;
            of_second = next[i];
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(u8, u32)]) -> Table {
        let mut counts = [0; SYMBOLS];
        for (symbol, count) in pairs {
            counts[usize::from(*symbol)] = *count;
        }
        Table::for_counts(&counts)
    }

    #[test]
    fn symbols_come_back_and_frequent_ones_are_short() {
        let table = table(&[(180, 900), (1, 50), (100, 30), (7, 1), (8, 1), (255, 1)]);
        let codes = table.codes();
        assert!(codes[180].1 < codes[7].1);
        let mut w = BitWriter::default();
        let text = [180u8, 1, 7, 180, 255, 8, 100, 180];
        for s in text {
            let (code, length) = codes[usize::from(s)];
            assert!(length > 0 && code != (1 << length) - 1, "{s} is all ones");
            w.bits(code, length);
        }
        let bytes = w.finish();
        let decoder = Decoder::of(&table).unwrap();
        let mut r = BitReader::new(&bytes);
        for s in text {
            assert_eq!(r.symbol(&decoder).unwrap(), s);
        }
        assert!(r.padding() < 8);
    }

    #[test]
    fn no_code_is_longer_than_sixteen_bits() {
        // Fibonacci weights give the deepest tree there is.
        let (mut a, mut b) = (1u32, 1u32);
        let mut pairs = Vec::new();
        for symbol in 0..40u8 {
            pairs.push((symbol, a));
            (a, b) = (b, a + b);
        }
        let table = table(&pairs);
        let total: usize = table.counts.iter().map(|c| usize::from(*c)).sum();
        assert_eq!(total, 40);
        let room: u32 = table
            .counts
            .iter()
            .enumerate()
            .map(|(i, c)| u32::from(*c) << (15 - i))
            .sum();
        assert!(room < 1 << 16, "codes overlap, or one is all ones");
        assert!(Decoder::of(&table).is_ok());
    }

    #[test]
    fn one_symbol_and_none_make_tables() {
        assert_eq!(table(&[(9, 5)]).symbols, [9]);
        assert!(table(&[]).symbols.is_empty());
    }

    #[test]
    fn a_stuffed_byte_is_read_and_a_marker_stops() {
        let mut r = BitReader::new(&[0xff, 0x00, 0xa5, 0xff, 0xa3]);
        assert_eq!(r.bits(16).unwrap(), 0xffa5);
        assert!(matches!(r.bits(1), Err(WsqError::Truncated(_))));
        assert_eq!(r.used(), 3);
    }

    #[test]
    fn a_table_with_too_many_codes_is_refused() {
        let mut counts = [0; LENGTH_MAX];
        counts[0] = 3;
        let table = Table {
            counts,
            symbols: vec![1, 2, 3],
        };
        assert!(Decoder::of(&table).is_err());
    }
}
