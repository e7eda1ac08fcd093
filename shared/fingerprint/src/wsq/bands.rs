//! Where the 64 bands lie, and the 20 splits that lead to them.
//!
//! In: width and height. Out: [`Bands`]. A split puts the low half first, except in a part that is itself the second
//! half of its parent: there the spectrum is reversed, and so is the order.

/// A rectangle of the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// A rectangle that is, or can be, split once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) region: Region,
    pub(super) high_first_x: bool,
    pub(super) high_first_y: bool,
}

/// Bands that are coded; the last four never are.
pub(super) const CODED: usize = 60;
/// First band of the second block of coded data, and of the third.
pub(super) const BLOCK_STARTS: [usize; 4] = [0, 19, 52, 60];

pub(super) struct Bands {
    /// Parents before children.
    pub(super) splits: Vec<Split>,
    /// In the order of the quantisation table.
    pub(super) regions: Vec<Region>,
}

/// Lengths of the first and the second part of a line.
fn halves(length: usize, high_first: bool) -> (usize, usize) {
    let (low, high) = (length.div_ceil(2), length / 2);
    if high_first { (high, low) } else { (low, high) }
}

impl Split {
    /// Upper left, upper right, lower left, lower right.
    fn children(self) -> [Self; 4] {
        let r = self.region;
        let (left, right) = halves(r.width, self.high_first_x);
        let (upper, lower) = halves(r.height, self.high_first_y);
        let child = |second_x: bool, second_y: bool| Self {
            region: Region {
                x: if second_x { r.x + left } else { r.x },
                y: if second_y { r.y + upper } else { r.y },
                width: if second_x { right } else { left },
                height: if second_y { lower } else { upper },
            },
            high_first_x: second_x,
            high_first_y: second_y,
        };
        [
            child(false, false),
            child(true, false),
            child(false, true),
            child(true, true),
        ]
    }
}

impl Bands {
    pub(super) fn of(width: usize, height: usize) -> Self {
        let whole = Split {
            region: Region {
                x: 0,
                y: 0,
                width,
                height,
            },
            high_first_x: false,
            high_first_y: false,
        };
        let [low, right, below, corner] = whole.children();
        let [low2, right2, below2, corner2] = low.children();
        let low3 = low2.children();
        let [deepest, ..] = low3[0].children();
        let mut splits = vec![whole, low, right, below, right2];
        splits.extend(right2.children());
        splits.push(below2);
        splits.extend(below2.children());
        splits.push(low2);
        splits.extend(low3);
        splits.push(deepest);

        let mut bands: Vec<Split> = deepest.children().to_vec();
        bands.extend(&low3[0].children()[1..]);
        for part in low3[1..]
            .iter()
            .copied()
            .chain(right2.children())
            .chain(below2.children())
        {
            bands.extend(part.children());
        }
        bands.push(corner2);
        for part in [right, below, corner] {
            bands.extend(part.children());
        }
        Self {
            splits,
            regions: bands.into_iter().map(|b| b.region).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_tile_the_plane_for_every_remainder() {
        for (width, height) in [(32, 32), (33, 47), (256, 256), (301, 399), (95, 64)] {
            let bands = Bands::of(width, height);
            assert_eq!((bands.splits.len(), bands.regions.len()), (20, 64));
            let mut seen = vec![0u8; width * height];
            for r in &bands.regions {
                for y in r.y..r.y + r.height {
                    for x in r.x..r.x + r.width {
                        seen[y * width + x] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|n| *n == 1), "{width} × {height}");
        }
    }

    #[test]
    fn a_reversed_part_has_its_longer_half_behind() {
        let split = Split {
            region: Region {
                x: 10,
                y: 0,
                width: 5,
                height: 4,
            },
            high_first_x: true,
            high_first_y: false,
        };
        let [first, second, ..] = split.children();
        assert_eq!((first.region.width, second.region.width), (2, 3));
        assert_eq!(second.region.x, 12);
    }
}
