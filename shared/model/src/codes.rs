//! Code tables: governorates, offices, relations, papers, reasons.
//!
//! In: the text of `packs/codes/<table>.toml`. Out: [`CodeTables`], which values and packs refer to by code.
//! Never: invents a value; what has no source is marked `demo` in the data and shown so.

use std::collections::BTreeMap;

use crate::pack::{Language, Node, PackFault, PackProblem, Problems, Reader, Words};

/// The version of the table format that this code reads.
pub const CODES_FORMAT: i64 = 1;

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTable {
    /// Kebab-case; the file's name without `.toml`.
    pub id: String,
    /// From 1.
    pub version: u32,
    /// What it lists.
    pub title: Words,
    /// Where its true values come from.
    pub source: Option<String>,
    /// In the order of screens.
    pub entries: Vec<CodeEntry>,
}

/// One entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeEntry {
    /// Letters, digits, `_` and `-`; unique in the table, never used for anything else later.
    pub code: String,
    /// Its name.
    pub words: Words,
    /// Made up or unverified, so that the product can be tried.
    pub demo: bool,
    /// Code of the table above: the governorate of an office.
    pub parent: Option<String>,
}

impl CodeTable {
    /// Reads and checks one table. `name` is the file's name for messages, and has to fit the id.
    pub fn check(name: &str, text: &str) -> Result<Self, Vec<PackProblem>> {
        let (node, problems) = Problems::parse(name, text)?;
        let table = read(&node, name, &problems);
        match table {
            Some(table) if problems.is_empty() => Ok(table),
            _ => Err(problems.into_list()),
        }
    }

    /// The entry of a code.
    pub fn entry(&self, code: &str) -> Option<&CodeEntry> {
        self.entries.iter().find(|entry| entry.code == code)
    }
}

/// All tables of a programme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeTables {
    tables: BTreeMap<String, CodeTable>,
}

impl CodeTables {
    /// Adds a table, in place of the one with the same id.
    pub fn insert(&mut self, table: CodeTable) {
        self.tables.insert(table.id.clone(), table);
    }

    /// The table of an id.
    pub fn table(&self, id: &str) -> Option<&CodeTable> {
        self.tables.get(id)
    }

    /// All tables by id.
    pub fn iter(&self) -> impl Iterator<Item = &CodeTable> {
        self.tables.values()
    }

    /// Whether a table has a code.
    pub fn has(&self, table: &str, code: &str) -> bool {
        self.table(table)
            .is_some_and(|table| table.entry(code).is_some())
    }

    /// The name of a code, or the code itself where the table does not know it (it may be newer than the table).
    pub fn label<'a>(&'a self, table: &str, code: &'a str, language: Language) -> &'a str {
        let entry = self.table(table).and_then(|table| table.entry(code));
        entry.map_or(code, |entry| entry.words.in_language(language))
    }
}

fn read(node: &Node, name: &str, problems: &Problems) -> Option<CodeTable> {
    let top = Reader::new(node, "", problems)?;
    if top.integer("format", 1..=i64::MAX) != CODES_FORMAT {
        top.problem(
            "format",
            PackFault::UnknownFormat {
                known: CODES_FORMAT,
            },
        );
    }
    let id = top.id("id", '-');
    let expected = file_stem(name);
    if !expected.is_empty() && id != expected {
        top.problem(
            "id",
            PackFault::WrongName {
                expected: expected.to_owned(),
            },
        );
    }
    let version = u32::try_from(top.integer("version", 1..=1_000_000)).unwrap_or(1);
    let (title, source) = (top.words("title"), top.text_optional("source"));
    let mut entries: Vec<CodeEntry> = Vec::new();
    for entry in top.tables("entries") {
        let code = entry.text("code");
        if !code.is_empty() && !is_code(&code) {
            entry.problem(
                "code",
                PackFault::WrongType {
                    expected: "letters, digits, `_` and `-`, at most 64",
                },
            );
        }
        if entries.iter().any(|other| other.code == code) {
            entry.problem("code", PackFault::DuplicateCode { code: code.clone() });
        }
        let demo = entry.flag("demo").unwrap_or(false);
        if !demo && source.is_none() {
            entry.problem("demo", PackFault::DemoUnclear);
        }
        entries.push(CodeEntry {
            code,
            words: entry.own_words(),
            demo,
            parent: entry.text_optional("parent"),
        });
    }
    if entries.is_empty() {
        top.problem("entries", PackFault::Empty);
    }
    Some(CodeTable {
        id,
        version,
        title,
        source,
        entries,
    })
}

fn is_code(code: &str) -> bool {
    code.len() <= 64
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `codes/offices.toml` → `offices`.
pub(crate) fn file_stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".toml").unwrap_or(file)
}
