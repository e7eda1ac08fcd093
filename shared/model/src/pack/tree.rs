//! TOML as a tree, read so that every problem is told at once and none twice.
//!
//! In: the text of a data file. Out: nodes; a [`Reader`] takes keys from a table and reports what is wrong with its line.
//! Never: stops at the first problem, or passes over a key that nobody asked for.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet, ops::RangeInclusive};

use toml::de::{DeTable, DeValue};

use super::{Language, PackFault, PackProblem, Words};
use crate::fault::printable_key;

/// Longest data file, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;

/// One value of a TOML file.
#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Integer(i64),
    YesNo(bool),
    /// Floats and dates, which no data file of Qayd uses.
    Other,
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// What was found wrong in one file, with the line of every path in it.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    file: String,
    lines: BTreeMap<String, u32>,
    list: RefCell<Vec<PackProblem>>,
}

impl Problems {
    /// The tree of a file. A syntax error is a problem of its own, and the last one.
    pub(crate) fn parse(file: &str, text: &str) -> Result<(Node, Self), Vec<PackProblem>> {
        let mut problems = Self {
            file: file.to_owned(),
            ..Self::default()
        };
        if text.len() > FILE_BYTES_MAX {
            problems.add(
                "",
                PackFault::TooLarge {
                    max_bytes: FILE_BYTES_MAX,
                },
            );
            return Err(problems.into_list());
        }
        match DeTable::parse(text) {
            Ok(table) => {
                let starts = line_starts(text);
                let node = problems.table(table.get_ref(), "", &starts);
                Ok((node, problems))
            }
            Err(error) => {
                let line = error
                    .span()
                    .map_or(1, |span| line_of(&line_starts(text), span.start));
                problems.lines.insert(String::new(), line);
                problems.add(
                    "",
                    PackFault::Syntax {
                        message: error.message().to_owned(),
                    },
                );
                Err(problems.into_list())
            }
        }
    }

    pub(crate) fn add(&self, path: impl Into<String>, fault: PackFault) {
        let path = path.into();
        let problem = PackProblem {
            file: self.file.clone(),
            line: self.line(&path),
            path,
            fault,
        };
        let mut list = self.list.borrow_mut();
        if !list.contains(&problem) {
            list.push(problem);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<PackProblem> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|problem| problem.line);
        list
    }

    /// The line of a path, or of the nearest thing around it that the file has.
    fn line(&self, path: &str) -> u32 {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return self.lines.get("").copied().unwrap_or(1),
            }
        }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &str, starts: &[usize]) -> Node {
        let mut out = BTreeMap::new();
        for (key, value) in table {
            let key_path = join(path, key.get_ref());
            self.lines
                .insert(key_path.clone(), line_of(starts, key.span().start));
            let node = self.value(value.get_ref(), &key_path, starts);
            out.insert(key.get_ref().to_string(), node);
        }
        Node::Table(out)
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str, starts: &[usize]) -> Node {
        match value {
            DeValue::String(text) => Node::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Node::Other, Node::Integer),
            DeValue::Boolean(answer) => Node::YesNo(*answer),
            DeValue::Float(_) | DeValue::Datetime(_) => Node::Other,
            DeValue::Table(table) => self.table(table, path, starts),
            DeValue::Array(items) => Node::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        let item_path = format!("{path}[{}]", index + 1);
                        self.lines
                            .insert(item_path.clone(), line_of(starts, item.span().start));
                        self.value(item.get_ref(), &item_path, starts)
                    })
                    .collect(),
            ),
        }
    }
}

/// Takes the keys of one table. Dropping it reports the keys that were not taken.
pub(crate) struct Reader<'a> {
    table: &'a BTreeMap<String, Node>,
    taken: RefCell<BTreeSet<&'static str>>,
    path: String,
    problems: &'a Problems,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(node: &'a Node, path: &str, problems: &'a Problems) -> Option<Self> {
        match node {
            Node::Table(table) => Some(Self {
                table,
                taken: RefCell::default(),
                path: path.to_owned(),
                problems,
            }),
            _ => {
                problems.add(
                    path,
                    PackFault::WrongType {
                        expected: "a table",
                    },
                );
                None
            }
        }
    }

    pub(crate) fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Reports a fault at a key of this table, or with an empty key at the table itself.
    pub(crate) fn problem(&self, key: &str, fault: PackFault) {
        let path = if key.is_empty() {
            self.path.clone()
        } else {
            self.at(key)
        };
        self.problems.add(path, fault);
    }

    pub(crate) fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.taken.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn needed(&self, key: &'static str) -> Option<&'a Node> {
        let node = self.node(key);
        if node.is_none() {
            self.problem(key, PackFault::Missing);
        }
        node
    }

    fn wrong<T>(&self, key: &str, expected: &'static str) -> Option<T> {
        self.problem(key, PackFault::WrongType { expected });
        None
    }

    pub(crate) fn text_optional(&self, key: &'static str) -> Option<String> {
        match self.node(key)? {
            Node::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => self.wrong(key, "text that is not empty"),
        }
    }

    pub(crate) fn text(&self, key: &'static str) -> String {
        self.needed(key)
            .and_then(|_| self.text_optional(key))
            .unwrap_or_default()
    }

    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        match self.node(key)? {
            Node::YesNo(answer) => Some(*answer),
            _ => self.wrong(key, "true or false"),
        }
    }

    pub(crate) fn integer_optional(
        &self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        match self.node(key)? {
            Node::Integer(number) if range.contains(number) => Some(*number),
            Node::Integer(_) => {
                let fault = PackFault::OutOfRange {
                    min: *range.start(),
                    max: *range.end(),
                };
                self.problem(key, fault);
                None
            }
            _ => self.wrong(key, "a whole number"),
        }
    }

    pub(crate) fn integer(&self, key: &'static str, range: RangeInclusive<i64>) -> i64 {
        let smallest = *range.start();
        self.needed(key)
            .and_then(|_| self.integer_optional(key, range))
            .unwrap_or(smallest)
    }

    pub(crate) fn texts(&self, key: &'static str) -> Vec<String> {
        let mut out = Vec::new();
        for (path, node) in self.items(key) {
            match node {
                Node::Text(text) if !text.trim().is_empty() => out.push(text.clone()),
                _ => self.problems.add(
                    path,
                    PackFault::WrongType {
                        expected: "text that is not empty",
                    },
                ),
            }
        }
        out
    }

    /// The items of a list with their paths; nothing when the key is absent.
    pub(crate) fn items(&self, key: &'static str) -> Vec<(String, &'a Node)> {
        match self.node(key) {
            None => Vec::new(),
            Some(Node::List(items)) => {
                let path = self.at(key);
                items
                    .iter()
                    .enumerate()
                    .map(|(i, node)| (format!("{path}[{}]", i + 1), node))
                    .collect()
            }
            Some(_) => self.wrong(key, "a list").unwrap_or_default(),
        }
    }

    /// A reader for each table of a list.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<Reader<'a>> {
        let items = self.items(key);
        items
            .into_iter()
            .filter_map(|(path, node)| Reader::new(node, &path, self.problems))
            .collect()
    }

    pub(crate) fn child_optional(&self, key: &'static str) -> Option<Reader<'a>> {
        Reader::new(self.node(key)?, &self.at(key), self.problems)
    }

    pub(crate) fn child(&self, key: &'static str) -> Option<Reader<'a>> {
        self.needed(key).and_then(|_| self.child_optional(key))
    }

    pub(crate) fn words_optional(&self, key: &'static str) -> Option<Words> {
        Some(self.child_optional(key)?.own_words())
    }

    pub(crate) fn words(&self, key: &'static str) -> Words {
        self.needed(key)
            .and_then(|_| self.words_optional(key))
            .unwrap_or_default()
    }

    /// The keys `ar`, `ckb` and `en` of this very table.
    pub(crate) fn own_words(&self) -> Words {
        let [ar, ckb, en] = [
            ("ar", Language::Arabic),
            ("ckb", Language::Sorani),
            ("en", Language::English),
        ]
        .map(|(key, language)| match self.node(key) {
            Some(Node::Text(text)) if !text.trim().is_empty() => text.clone(),
            _ => {
                self.problem(
                    key,
                    PackFault::TranslationMissing {
                        language: language.code(),
                    },
                );
                String::new()
            }
        });
        Words { ar, ckb, en }
    }

    /// One of the names `from_name` knows.
    pub(crate) fn name<T>(
        &self,
        key: &'static str,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text_optional(key)?;
        let found = from_name(&text);
        if found.is_none() {
            self.problem(
                key,
                PackFault::UnknownName {
                    found: printable_key(&text),
                },
            );
        }
        found
    }

    /// Several of the names `from_name` knows.
    pub(crate) fn names<T>(
        &self,
        key: &'static str,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let texts = self.texts(key);
        texts
            .iter()
            .filter_map(|text| {
                let found = from_name(text);
                if found.is_none() {
                    self.problem(
                        key,
                        PackFault::UnknownName {
                            found: printable_key(text),
                        },
                    );
                }
                found
            })
            .collect()
    }

    /// An id: lower-case letters, digits and `separator`, starting with a letter, 1 to 64 long.
    pub(crate) fn id(&self, key: &'static str, separator: char) -> String {
        let id = self.text(key);
        if !id.is_empty() && !is_id(&id, separator) {
            self.problem(key, PackFault::BadId { separator });
        }
        id
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for key in self.table.keys() {
            if !self.taken.borrow().contains(key.as_str()) {
                self.problem(
                    key,
                    PackFault::UnknownKey {
                        key: printable_key(key),
                    },
                );
            }
        }
    }
}

pub(crate) fn is_id(id: &str, separator: char) -> bool {
    let mut chars = id.chars();
    id.len() <= 64
        && chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    text.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b'\n')
        .map(|(at, _)| at)
        .collect()
}

fn line_of(newlines: &[usize], at: usize) -> u32 {
    u32::try_from(newlines.partition_point(|newline| *newline < at) + 1).unwrap_or(u32::MAX)
}
