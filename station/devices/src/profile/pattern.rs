//! Text patterns of match rules.
//!
//! In: `Kojak`, `~kojak` or `~(?i)kojak`. Out: whether a name seen on a device matches.
//! Never: a regular expression. What follows the tilde is literal; rules stay readable, and no name from a device can
//! make matching slow.

use serde::{Deserialize, Serialize};

/// How a name must read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TextPattern {
    /// Exactly this text.
    Exact(String),
    /// Holds this text somewhere: `~text`.
    Holds(String),
    /// Holds this text in any mixture of ASCII capitals: `~(?i)text`. Kept in lower case.
    HoldsAnyCase(String),
}

impl TextPattern {
    /// Whether `seen` matches.
    pub fn matches(&self, seen: &str) -> bool {
        match self {
            Self::Exact(text) => seen == text,
            Self::Holds(text) => seen.contains(text.as_str()),
            Self::HoldsAnyCase(text) => seen.to_ascii_lowercase().contains(text.as_str()),
        }
    }
}

impl TryFrom<String> for TextPattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (literal, pattern): (&str, fn(String) -> Self) = match text.strip_prefix('~') {
            None => (&text, Self::Exact),
            Some(rest) => match rest.strip_prefix("(?i)") {
                None => (rest, Self::Holds),
                Some(rest) => (rest, |text| Self::HoldsAnyCase(text.to_ascii_lowercase())),
            },
        };
        if literal.trim().is_empty() {
            return Err("an empty pattern matches everything");
        }
        if literal.contains(['*', '+', '?', '[', ']', '{', '}', '|', '\\', '^', '$']) {
            return Err("patterns are literal: text, ~text or ~(?i)text");
        }
        Ok(pattern(literal.to_owned()))
    }
}

impl From<TextPattern> for String {
    fn from(pattern: TextPattern) -> Self {
        match pattern {
            TextPattern::Exact(text) => text,
            TextPattern::Holds(text) => format!("~{text}"),
            TextPattern::HoldsAnyCase(text) => format!("~(?i){text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> TextPattern {
        TextPattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_pattern_is_exact_or_held_with_or_without_case() {
        assert!(pattern("Kojak").matches("Kojak") && !pattern("Kojak").matches("Kojak 2"));
        assert!(pattern("~ojak").matches("Kojak 2") && !pattern("~kojak").matches("Kojak"));
        assert!(pattern("~(?i)KOJAK").matches("the kojak"));
    }

    #[test]
    fn regular_expressions_and_empty_patterns_are_refused() {
        for text in ["", "~", "~(?i)", " ", "~a.*b", "~(?i)^kojak", "a|b"] {
            assert!(TextPattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
