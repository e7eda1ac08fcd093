//! Gallery: everyone a probe is searched against, in memory.
//!
//! In: templates or descriptors under a caller's key. Out: rows for the cascade. Owns: descriptors, and templates as
//! their bytes, while it lives. Never: writes anything; prints a key or a finger.
//!
//! People stand in blocks of [`BLOCK`]; a block has one column of descriptors for each finger that somebody in it
//! has. A place that was left is taken by the next person, so that nothing moves and nothing is rebuilt.

use std::collections::BTreeMap;

use qayd_model::FingerPosition;

use super::descriptor::Descriptor;
use super::surroundings::Surroundings;
use crate::template::Template;

/// People in one block; also what one thread takes at a time.
pub(super) const BLOCK: usize = 256;

/// Persons by key, each with some of ten fingers.
#[derive(Clone)]
pub struct Gallery<D: Descriptor = Surroundings> {
    pub(super) blocks: Vec<Block<D>>,
    places: BTreeMap<u64, usize>,
    left: Vec<usize>,
}

#[derive(Clone)]
pub(super) struct Block<D> {
    pub(super) keys: Vec<Option<u64>>,
    pub(super) columns: [Vec<Option<D>>; 10],
    templates: Vec<[Option<Box<[u8]>>; 10]>,
}

impl<D: Descriptor> Block<D> {
    fn new() -> Self {
        Self {
            keys: vec![None; BLOCK],
            columns: [const { Vec::new() }; 10],
            templates: vec![[const { None }; 10]; BLOCK],
        }
    }

    /// The finger of the person in a row, when it is there and usable.
    pub(super) fn finger(&self, row: usize, position: FingerPosition) -> Option<&D> {
        self.columns[column(position)]
            .get(row)?
            .as_ref()
            .filter(|finger| finger.is_usable())
    }

    fn put(&mut self, row: usize, position: FingerPosition, descriptor: D) {
        let column = &mut self.columns[column(position)];
        if column.is_empty() {
            *column = vec![None; BLOCK];
        }
        column[row] = Some(descriptor);
    }
}

fn column(position: FingerPosition) -> usize {
    usize::from(position.code()) - 1
}

impl<D: Descriptor> core::fmt::Debug for Gallery<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Gallery({} persons)", self.len())
    }
}

impl<D: Descriptor> Default for Gallery<D> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            places: BTreeMap::new(),
            left: Vec::new(),
        }
    }
}

impl Gallery {
    /// An empty one, of the descriptor in use.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<D: Descriptor> Gallery<D> {
    /// Puts a person in; fingers given again replace those held, others stay. A person without fingers is nobody.
    pub fn insert(
        &mut self,
        key: u64,
        fingers: impl IntoIterator<Item = (FingerPosition, Template)>,
    ) {
        for (position, template) in fingers {
            let (block, row) = self.place(key);
            block.templates[row][column(position)] = Some(template.to_bytes().into_boxed_slice());
            block.put(row, position, D::derive(&template));
        }
    }

    /// Puts in a finger whose descriptor was kept and whose template lies elsewhere: half the memory, and no time to
    /// derive. The search then asks its caller for the templates of the few it decides on ([`super::Search`]).
    pub fn insert_descriptor(&mut self, key: u64, position: FingerPosition, descriptor: D) {
        let (block, row) = self.place(key);
        block.templates[row][column(position)] = None;
        block.put(row, position, descriptor);
    }

    /// Takes a person out; says whether there was one.
    pub fn remove(&mut self, key: u64) -> bool {
        let Some(place) = self.places.remove(&key) else {
            return false;
        };
        let block = &mut self.blocks[place / BLOCK];
        let row = place % BLOCK;
        block.keys[row] = None;
        block.templates[row] = [const { None }; 10];
        for column in &mut block.columns {
            if let Some(finger) = column.get_mut(row) {
                *finger = None;
            }
        }
        self.left.push(place);
        true
    }

    /// How many persons.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Nobody?
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Is this person in?
    pub fn contains(&self, key: u64) -> bool {
        self.places.contains_key(&key)
    }

    /// Bytes held for descriptors and templates, about: for capacity planning.
    pub fn memory_bytes(&self) -> usize {
        let block_bytes = |block: &Block<D>| {
            let columns = block.columns.iter().map(Vec::len).sum::<usize>();
            let templates = block.templates.iter().flatten().flatten();
            columns * size_of::<Option<D>>()
                + templates.map(|bytes| bytes.len()).sum::<usize>()
                + BLOCK * (size_of::<[Option<Box<[u8]>>; 10]>() + size_of::<Option<u64>>())
        };
        self.blocks.iter().map(block_bytes).sum::<usize>()
            + self.places.len() * (size_of::<u64>() + size_of::<usize>())
    }

    /// The person's templates, those that are held here.
    pub(super) fn templates(&self, key: u64) -> Vec<(FingerPosition, Template)> {
        let Some(place) = self.places.get(&key) else {
            return Vec::new();
        };
        let held = &self.blocks[place / BLOCK].templates[place % BLOCK];
        FingerPosition::ALL
            .iter()
            .filter_map(|position| {
                let bytes = held[column(*position)].as_ref()?;
                Some((*position, Template::from_bytes(bytes).ok()?))
            })
            .collect()
    }

    /// Block and row of a person who is in.
    pub(super) fn row(&self, place: usize) -> (&Block<D>, usize) {
        (&self.blocks[place / BLOCK], place % BLOCK)
    }

    fn place(&mut self, key: u64) -> (&mut Block<D>, usize) {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let place = self.left.pop().unwrap_or(self.places.len());
                self.places.insert(key, place);
                place
            }
        };
        if place / BLOCK == self.blocks.len() {
            self.blocks.push(Block::new());
        }
        let block = &mut self.blocks[place / BLOCK];
        block.keys[place % BLOCK] = Some(key);
        (block, place % BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::TemplatePerson;

    fn finger(seed: u64) -> (FingerPosition, Template) {
        let position = FingerPosition::RightIndex;
        (position, TemplatePerson::make(seed).impression(position, 1))
    }

    #[test]
    fn a_place_that_was_left_is_taken_again() {
        let mut gallery = Gallery::new();
        for key in 0..300 {
            gallery.insert(key, [finger(key)]);
        }
        let before = gallery.memory_bytes();
        for key in 100..150 {
            assert!(gallery.remove(key));
            assert!(!gallery.remove(key) && !gallery.contains(key));
        }
        assert_eq!(gallery.len(), 250);
        for key in 1_000..1_050 {
            gallery.insert(key, [finger(key)]);
        }
        assert_eq!((gallery.len(), gallery.blocks.len()), (300, 2));
        assert!(gallery.memory_bytes().abs_diff(before) < before / 20);
        assert_eq!(gallery.templates(1_020), [finger(1_020)]);
        assert!(gallery.templates(120).is_empty());
    }

    #[test]
    fn a_finger_given_again_replaces_and_others_stay() {
        let mut gallery = Gallery::new();
        gallery.insert(7, [finger(1)]);
        let thumb = (FingerPosition::LeftThumb, finger(2).1);
        gallery.insert(7, [thumb.clone()]);
        gallery.insert(7, [finger(3)]);
        assert_eq!(gallery.templates(7), [finger(3), thumb]);
        gallery.insert(8, []);
        assert!(!gallery.contains(8));
    }
}
