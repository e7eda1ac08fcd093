//! Templates: what is kept of a finger once its picture is closed.
//!
//! In: minutiae and ridge flow from `extract`, or bytes. Out: `Template`, and its bytes.
//! Never: prints a minutia; a template is a person's finger.
//!
//! Bytes, all numbers big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `QFT1` |
//! | 2, 2 | algorithm (2 = qayd-waves), its version |
//! | 2, 2 | width and height of the picture, 1/100 mm |
//! | 1, 1 | columns and rows of the flow grid (cells of 16 pixels at 500 ppi = 0.8128 mm), 0 to 64 |
//! | columns × rows | flow: 0 no ridges, 1 to 255 orientation in 1/255 of half a turn |
//! | 2 for each cell with ridges | ridge period (1/12 pixel at 500 ppi, 40 to 255), phase (1/256 turn); see `waves.rs` |
//! | 1 | number of minutiae, 0 to 100 |
//! | 7 each | x, y (1/100 mm), direction (1/256 turn), type (0 ending, 1 bifurcation), reliability (0 to 100) |
//!
//! Minutiae stand by falling reliability, then y, then x. Anything else is refused: one template, one byte string.

use qayd_model::Remedy;

/// Most minutiae a template keeps.
pub const MINUTIAE_MAX: usize = 100;
/// Longest side of the flow grid in cells.
const GRID_MAX: u8 = 64;
const MAGIC: &[u8; 4] = b"QFT1";
/// Side of a flow cell in pixels at 500 ppi.
pub(crate) const FLOW_CELL_PX: f32 = 16.0;
/// Pixels at 500 ppi per 1/100 mm.
pub(crate) const PX_PER_UNIT: f32 = 500.0 / 2540.0;

/// Which extractor made a template; templates of different algorithms are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateAlgorithm {
    /// 2 is `qayd-waves`; 1 was `qayd-plain`, without waves, and is no longer read.
    pub id: u16,
    /// Its version.
    pub version: u16,
}

impl TemplateAlgorithm {
    /// What [`crate::extract`] makes today.
    pub const WAVES: Self = Self { id: 2, version: 1 };
}

/// What a ridge does at a minutia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MinutiaKind {
    /// It ends.
    Ending,
    /// It forks.
    Bifurcation,
}

/// One minutia.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Minutia {
    /// From the left edge, 1/100 mm.
    pub x: u16,
    /// From the top edge, 1/100 mm.
    pub y: u16,
    /// In 1/256 of a turn, counter-clockwise from the right (ISO/IEC 19794-2): along the ending ridge, or into the
    /// valley between the two branches of a fork, so that pressure which turns one into the other keeps it.
    pub direction: u8,
    /// Ending or bifurcation; ink and pressure change one into the other.
    pub kind: MinutiaKind,
    /// 0 to 100.
    pub reliability: u8,
}

impl core::fmt::Debug for Minutia {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Minutia")
    }
}

/// Ridge flow on a coarse grid.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FlowGrid {
    pub(crate) columns: u8,
    pub(crate) rows: u8,
    /// 0 no ridges; 1 to 255 orientation in 1/255 of half a turn, image axes (y down).
    pub(crate) cells: Vec<u8>,
    /// Ridge period of each cell, 1/12 pixel; 0 where there are no ridges, or where nothing is known of their waves.
    pub(crate) periods: Vec<u8>,
    /// Phase of the ridges in the middle of each cell, 1/256 turn; 0 where there are no ridges.
    pub(crate) phases: Vec<u8>,
}

impl FlowGrid {
    /// How many cells hold ridges.
    pub(crate) fn ridged(&self) -> f32 {
        self.cells.iter().filter(|c| **c != 0).count() as f32
    }

    /// Are there ridges at a pixel?
    #[inline(always)]
    pub(crate) fn ridged_at(&self, x: f32, y: f32) -> bool {
        if x < 0.0 || y < 0.0 {
            return false;
        }
        let (column, row) = (
            (x * (1.0 / FLOW_CELL_PX)) as usize,
            (y * (1.0 / FLOW_CELL_PX)) as usize,
        );
        column < usize::from(self.columns)
            && row < usize::from(self.rows)
            && self.cells[row * usize::from(self.columns) + column] != 0
    }
}

/// Minutiae and ridge flow of one impression. `Debug` prints counts only.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) algorithm: TemplateAlgorithm,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) flow: FlowGrid,
    pub(crate) minutiae: Vec<Minutia>,
    /// Derived from the rest, for matching.
    pub(crate) prepared: Box<crate::descriptor::Prepared>,
}

impl core::fmt::Debug for Template {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Template({} minutiae)", self.minutiae.len())
    }
}

/// Why bytes are not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Not a template at all.
    #[error("not a Qayd fingerprint template")]
    UnknownFormat,
    /// Made by an algorithm this version does not read.
    #[error("template of algorithm {id} version {version} is not readable here")]
    UnknownAlgorithm {
        /// Algorithm.
        id: u16,
        /// Version.
        version: u16,
    },
    /// Ends early or goes on too long.
    #[error("template has a wrong length")]
    WrongLength,
    /// A value out of its range, or out of order.
    #[error("template field {0} is out of range")]
    OutOfRange(&'static str),
}

impl TemplateError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "TPL-01",
            Self::UnknownAlgorithm { .. } => "TPL-02",
            Self::WrongLength => "TPL-03",
            Self::OutOfRange(_) => "TPL-04",
        }
    }

    /// Who can do something about it: templates are made by programs.
    pub const fn remedy(&self) -> Remedy {
        Remedy::ReportBug
    }
}

fn order(m: &Minutia) -> (core::cmp::Reverse<u8>, u16, u16, u8, u8) {
    (
        core::cmp::Reverse(m.reliability),
        m.y,
        m.x,
        m.direction,
        m.kind as u8,
    )
}

impl Template {
    pub(crate) fn make(
        width: u16,
        height: u16,
        flow: FlowGrid,
        mut minutiae: Vec<Minutia>,
    ) -> Self {
        minutiae.sort_by_key(order);
        minutiae.truncate(MINUTIAE_MAX);
        let prepared = Box::new(crate::descriptor::Prepared::derive(&minutiae, &flow));
        Self {
            algorithm: TemplateAlgorithm::WAVES,
            width,
            height,
            flow,
            minutiae,
            prepared,
        }
    }

    /// Minutiae by falling reliability, at most [`MINUTIAE_MAX`].
    pub fn minutiae(&self) -> &[Minutia] {
        &self.minutiae
    }

    /// Which extractor made it.
    pub const fn algorithm(&self) -> TemplateAlgorithm {
        self.algorithm
    }

    /// Size of the picture it was made from, 1/100 mm.
    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// Its bytes, see the module's table; about 1 kB.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(15 + self.flow.cells.len() + 7 * self.minutiae.len());
        out.extend_from_slice(MAGIC);
        for number in [
            self.algorithm.id,
            self.algorithm.version,
            self.width,
            self.height,
        ] {
            out.extend(number.to_be_bytes());
        }
        out.extend([self.flow.columns, self.flow.rows]);
        out.extend_from_slice(&self.flow.cells);
        for (i, _) in self.flow.cells.iter().enumerate().filter(|(_, c)| **c != 0) {
            out.extend([self.flow.periods[i], self.flow.phases[i]]);
        }
        out.push(self.minutiae.len() as u8);
        for m in &self.minutiae {
            out.extend(m.x.to_be_bytes());
            out.extend(m.y.to_be_bytes());
            out.extend([m.direction, m.kind as u8, m.reliability]);
        }
        out
    }

    /// Reads bytes of [`Template::to_bytes`], and nothing else.
    ///
    /// # Errors
    /// [`TemplateError`]; never allocates more than the bytes given.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        let (head, rest) = bytes
            .split_at_checked(14)
            .ok_or(TemplateError::WrongLength)?;
        let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        if &head[..4] != MAGIC {
            return Err(TemplateError::UnknownFormat);
        }
        let algorithm = TemplateAlgorithm {
            id: number(4),
            version: number(6),
        };
        if algorithm != TemplateAlgorithm::WAVES {
            return Err(TemplateError::UnknownAlgorithm {
                id: algorithm.id,
                version: algorithm.version,
            });
        }
        let (width, height) = (number(8), number(10));
        let (columns, rows) = (head[12], head[13]);
        if columns > GRID_MAX || rows > GRID_MAX {
            return Err(TemplateError::OutOfRange("flow"));
        }
        let (cells, rest) = rest
            .split_at_checked(usize::from(columns) * usize::from(rows))
            .ok_or(TemplateError::WrongLength)?;
        let ridged = cells.iter().filter(|c| **c != 0).count();
        let (waves, rest) = rest
            .split_at_checked(2 * ridged)
            .ok_or(TemplateError::WrongLength)?;
        let (mut periods, mut phases) = (vec![0u8; cells.len()], vec![0u8; cells.len()]);
        let places = cells.iter().enumerate().filter(|(_, c)| **c != 0);
        for ((i, _), wave) in places.zip(waves.chunks_exact(2)) {
            // Nothing is known of a wave of period 0, its phase included.
            let known = wave[0] >= crate::waves::PERIOD_CODE_MIN;
            if !known && wave != [0, 0] {
                return Err(TemplateError::OutOfRange("period"));
            }
            (periods[i], phases[i]) = (wave[0], wave[1]);
        }
        let (&count, rest) = rest.split_first().ok_or(TemplateError::WrongLength)?;
        if usize::from(count) > MINUTIAE_MAX {
            return Err(TemplateError::OutOfRange("minutiae"));
        }
        if rest.len() != 7 * usize::from(count) {
            return Err(TemplateError::WrongLength);
        }
        let mut minutiae = Vec::with_capacity(usize::from(count));
        for m in rest.chunks_exact(7) {
            let kind = match m[5] {
                0 => MinutiaKind::Ending,
                1 => MinutiaKind::Bifurcation,
                _ => return Err(TemplateError::OutOfRange("type")),
            };
            let (x, y) = (
                u16::from_be_bytes([m[0], m[1]]),
                u16::from_be_bytes([m[2], m[3]]),
            );
            if x > width || y > height {
                return Err(TemplateError::OutOfRange("position"));
            }
            if m[6] > 100 {
                return Err(TemplateError::OutOfRange("reliability"));
            }
            minutiae.push(Minutia {
                x,
                y,
                direction: m[4],
                kind,
                reliability: m[6],
            });
        }
        if !minutiae.is_sorted_by_key(order) {
            return Err(TemplateError::OutOfRange("order"));
        }
        let flow = FlowGrid {
            columns,
            rows,
            cells: cells.to_vec(),
            periods,
            phases,
        };
        let prepared = Box::new(crate::descriptor::Prepared::derive(&minutiae, &flow));
        Ok(Self {
            algorithm,
            width,
            height,
            flow,
            minutiae,
            prepared,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Template {
        let flow = FlowGrid {
            columns: 2,
            rows: 2,
            cells: vec![0, 1, 128, 255],
            periods: vec![0, 108, 90, 120],
            phases: vec![0, 1, 2, 255],
        };
        let minutia = |x, reliability| Minutia {
            x,
            y: 20,
            direction: 7,
            kind: MinutiaKind::Bifurcation,
            reliability,
        };
        Template::make(
            200,
            200,
            flow,
            vec![minutia(30, 10), minutia(10, 90), minutia(5, 10)],
        )
    }

    #[test]
    fn unknown_waves_have_one_form() {
        let mut template = sample();
        template.flow.periods.fill(0);
        template.flow.phases.fill(0);
        let bytes = template.to_bytes();
        let read = Template::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        template.flow.phases[1] = 1;
        let refused = Template::from_bytes(&template.to_bytes());
        assert_eq!(refused, Err(TemplateError::OutOfRange("period")));
    }

    #[test]
    fn bytes_lead_back_to_the_template() {
        let template = sample();
        let bytes = template.to_bytes();
        assert_eq!(bytes.len(), 14 + 4 + 6 + 1 + 21);
        assert_eq!(Template::from_bytes(&bytes).unwrap(), template);
    }

    #[test]
    fn every_cut_and_every_tail_is_refused() {
        let bytes = sample().to_bytes();
        for cut in 0..bytes.len() {
            assert!(Template::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut long = bytes;
        long.push(0);
        assert_eq!(Template::from_bytes(&long), Err(TemplateError::WrongLength));
    }

    #[test]
    fn bad_fields_are_named() {
        let good = sample().to_bytes();
        let broken = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            Template::from_bytes(&bytes)
        };
        assert_eq!(broken(0, b'X'), Err(TemplateError::UnknownFormat));
        assert!(matches!(
            broken(5, 9),
            Err(TemplateError::UnknownAlgorithm { id: 9, .. })
        ));
        assert_eq!(broken(12, 200), Err(TemplateError::OutOfRange("flow")));
        assert_eq!(broken(18, 3), Err(TemplateError::OutOfRange("period")));
        assert_eq!(broken(24, 255), Err(TemplateError::OutOfRange("minutiae")));
        assert_eq!(broken(25, 255), Err(TemplateError::OutOfRange("position")));
        assert_eq!(broken(30, 2), Err(TemplateError::OutOfRange("type")));
        assert_eq!(
            broken(31, 101),
            Err(TemplateError::OutOfRange("reliability"))
        );
        assert_eq!(broken(31, 1), Err(TemplateError::OutOfRange("order")));
    }

    #[test]
    fn debug_prints_counts_only() {
        assert_eq!(format!("{:?}", sample()), "Template(3 minutiae)");
    }
}
