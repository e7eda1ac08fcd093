//! Form: one question of a pack as rows of boxes and answers, and back again. No rule of the domain and no Slint.
//!
//! In: a [`Field`], what was typed so far. Out: [`Row`]s for the screen, and the [`FieldInput`] the station's parser reads.
//! Owns: nothing. Never: decides whether an answer is right; the pack's own parser does.
//!
//! What is typed is a flat map, from the place of a box in the field (`given.ar`, `0.relation`) to its text, so that a
//! half-typed answer can be kept as it is.

mod assemble;
mod offers;
mod rows;
mod typed;

use std::collections::BTreeMap;

pub use assemble::assemble;
pub use offers::offer_for;
pub use rows::{Context, rows};
pub use typed::typed_of;

/// What stands in the boxes of one field. It may be personal: it is only ever kept sealed, with the draft.
pub type Typed = BTreeMap<String, String>;

/// One row of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// `field/place` of an answer, or of a list.
    pub key: String,
    /// Its name. A word with `#` before it is one of the window's own, and is translated there.
    pub label: String,
    /// Text of a note; count of pages.
    pub text: String,
    /// Boxes, side by side.
    pub boxes: Vec<Cell>,
    /// Answers to choose from.
    pub choices: Vec<Choice>,
    /// Several answers may be chosen.
    pub many: bool,
    /// A heading whose entry can be taken out.
    pub removable: bool,
    /// Code of what is wrong with the row as a whole.
    pub fault: String,
}

/// What a row is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum RowKind {
    #[default]
    Boxes,
    Choice,
    Heading,
    Note,
    Add,
    Pages,
}

/// One box to type in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// `field/place`.
    pub key: String,
    /// Name above it.
    pub caption: String,
    /// What tells it from its neighbours where no name stands above it, for a screen reader.
    pub spoken: String,
    /// What stands in it.
    pub text: String,
    /// The same name as it is written in the script of this box, to be taken over or not.
    pub offer: String,
    /// Begins at the right while it is empty.
    pub rtl: bool,
    /// Stays left to right whatever is typed: numbers.
    pub always_ltr: bool,
    /// `ar`, `ckb`, `lat`, `digits`.
    pub keyboard: &'static str,
    /// Code of what is wrong with it.
    pub fault: String,
    /// Its share of the row.
    pub share: f32,
}

/// One answer to choose.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub code: String,
    pub label: String,
    pub chosen: bool,
}

/// The place of a box or answer, taken apart: which field, and where in it.
pub fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or((key, ""))
}

/// Takes entry `index` out of the list under `prefix` (`""`, or `2.witnesses.`); what comes after moves up.
pub fn take_out(typed: &mut Typed, prefix: &str, index: usize) {
    let count = list_length(typed, prefix);
    let mut moved = Typed::new();
    for (key, text) in std::mem::take(typed) {
        let place = key
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('.'))
            .and_then(|(n, rest)| Some((n.parse::<usize>().ok()?, rest.to_owned())));
        match place {
            Some((n, _)) if n == index => {}
            Some((n, rest)) if n > index => {
                moved.insert(format!("{prefix}{}.{rest}", n - 1), text);
            }
            _ => {
                moved.insert(key, text);
            }
        }
    }
    moved.insert(format!("{prefix}n"), count.saturating_sub(1).to_string());
    *typed = moved;
}

/// Entries of the list under `prefix`.
pub fn list_length(typed: &Typed, prefix: &str) -> usize {
    typed
        .get(&format!("{prefix}n"))
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

/// Puts the code of a parser's complaint on the box it is about, or on the first row of the field.
pub fn mark_fault(rows: &mut [Row], field: &str, part: &str, code: &str) {
    let place = place_of(part);
    let key = format!("{field}/{place}");
    let is_there = |candidate: &str| {
        candidate == key || (!place.is_empty() && candidate.starts_with(&format!("{key}.")))
    };
    for row in rows.iter_mut() {
        if let Some(cell) = row.boxes.iter_mut().find(|cell| is_there(&cell.key)) {
            code.clone_into(&mut cell.fault);
            return;
        }
        if row.kind == RowKind::Choice && is_there(&row.key) {
            code.clone_into(&mut row.fault);
            return;
        }
    }
    let of_field = |row: &&mut Row| {
        row.key.starts_with(&format!("{field}/"))
            || row
                .boxes
                .iter()
                .any(|cell| cell.key.starts_with(&format!("{field}/")))
    };
    if let Some(row) = rows.iter_mut().find(of_field) {
        match row.boxes.first_mut() {
            Some(cell) if row.kind == RowKind::Boxes => code.clone_into(&mut cell.fault),
            _ => code.clone_into(&mut row.fault),
        }
    }
}

/// `[2].birth_date` of the parser is `1.birth_date` of the boxes.
fn place_of(part: &str) -> String {
    let mut place = String::new();
    for piece in part.split('.') {
        let (name, number) = match piece.split_once('[') {
            Some((name, number)) => (name, number.trim_end_matches(']').parse::<usize>().ok()),
            None => (piece, None),
        };
        for piece in [
            Some(name.to_owned()),
            number.map(|n| n.saturating_sub(1).to_string()),
        ]
        .into_iter()
        .flatten()
        .filter(|piece| !piece.is_empty())
        {
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(&piece);
        }
    }
    place
}

#[cfg(test)]
mod tests;
