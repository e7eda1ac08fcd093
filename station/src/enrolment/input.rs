//! Input: an answer before it is a value.
//!
//! In: one line as typed, or a TOML value as in `person.toml`. Out: what the pack's parser takes.
//! Never: prints what was typed.

/// An answer as it came.
#[derive(Clone, PartialEq)]
pub enum FieldInput {
    /// One line, for the kinds that are typed into one box.
    Line(String),
    /// Parts, as `packs/README.md` describes them for `person.toml`.
    Parts(toml::Value),
}

impl FieldInput {
    /// Reads `text` as a TOML value where it is one (`{…}`, `[…]`), as a line otherwise.
    pub fn from_text(text: &str) -> Self {
        let trimmed = text.trim_start();
        if trimmed.starts_with(['{', '[']) {
            let wrapped: Result<toml::Table, _> = format!("v = {text}").parse();
            if let Some(value) = wrapped.ok().and_then(|mut table| table.remove("v")) {
                return Self::Parts(value);
            }
        }
        Self::Line(text.to_owned())
    }
}

impl From<&str> for FieldInput {
    fn from(text: &str) -> Self {
        Self::Line(text.to_owned())
    }
}

impl From<toml::Value> for FieldInput {
    fn from(value: toml::Value) -> Self {
        Self::Parts(value)
    }
}

impl std::fmt::Debug for FieldInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FieldInput(…)")
    }
}
