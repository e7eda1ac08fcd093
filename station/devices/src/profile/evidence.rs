//! Evidence: every number and every USB id of a file has a source.
//!
//! In: the TOML as a tree, its sources, its status. Out: paths without a source, sources without a value.
//! Works on the tree, not on the types, so that a field added later is covered without a word here.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::problem::ProfileReason;
use super::schema::{Evidence, Source};

/// Tables that are about the file and not about the hardware.
const ABOUT_THE_FILE: [&str; 4] = ["schema", "source", "bench", "quirk"];

/// Problems of one file, as path and reason. Values of the same path are named once.
pub(super) fn check(
    table: &Table,
    sources: &[Source],
    claims_a_trial: bool,
) -> Vec<(String, ProfileReason)> {
    let mut tree = Tree::default();
    for (key, value) in table {
        if !ABOUT_THE_FILE.contains(&key.as_str()) {
            tree.walk(key, value);
        } else if key != "schema" {
            tree.paths.insert(key.clone());
        }
    }
    let mut problems = Vec::new();
    for path in &tree.numbers {
        if !sources.iter().any(|s| covers(&s.field, path)) {
            problems.push((path.clone(), ProfileReason::NoSource));
        }
    }
    for source in sources {
        if !tree.paths.contains(&source.field) {
            problems.push((source.field.clone(), ProfileReason::SourceForNothing));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if source.reference.is_empty() || !source.reference.chars().all(plain) {
            let reason = ProfileReason::BadReference {
                text: source.reference.clone(),
            };
            problems.push((source.field.clone(), reason));
        }
        if claims_a_trial && source.evidence == Evidence::K {
            problems.push((source.field.clone(), ProfileReason::UncheckedButClaimed));
        }
    }
    problems
}

/// A source for a table covers all in it.
fn covers(field: &str, path: &str) -> bool {
    path.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[derive(Default)]
struct Tree {
    /// Every path that exists, places in lists left out.
    paths: BTreeSet<String>,
    /// Those that need a source.
    numbers: BTreeSet<String>,
}

impl Tree {
    fn walk(&mut self, path: &str, value: &Value) {
        self.paths.insert(path.to_owned());
        match value {
            Value::Integer(_) | Value::Float(_) => {
                if path != "match.priority" {
                    self.numbers.insert(path.to_owned());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(path, item)),
            Value::Table(table) => {
                if path == "match.usb" {
                    self.numbers.insert(path.to_owned());
                }
                for (key, value) in table {
                    self.walk(&format!("{path}.{key}"), value);
                }
            }
            Value::String(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
}
