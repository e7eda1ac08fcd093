//! Every sentence of the window in every language.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn window() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("window")
}

fn sources(dir: &Path, out: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "slint") {
            out.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// What stands in `@tr("…")`.
fn sentences() -> Vec<String> {
    let mut text = String::new();
    sources(&window().join("slint"), &mut text);
    let mut found: Vec<String> = text
        .split("@tr(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn catalogue(language: &str) -> BTreeMap<String, String> {
    let file = window().join(format!("lang/{language}/LC_MESSAGES/qayd-window.po"));
    let text = std::fs::read_to_string(file).unwrap();
    let quoted = |line: &str, word: &str| {
        Some(
            line.strip_prefix(word)?
                .trim()
                .strip_prefix('"')?
                .strip_suffix('"')?
                .to_owned(),
        )
    };
    let mut entries = BTreeMap::new();
    let mut id = None;
    for line in text.lines() {
        if let Some(text) = quoted(line, "msgid ") {
            id = Some(text);
        } else if let Some(text) = quoted(line, "msgstr ")
            && let Some(id) = id.take()
            && !id.is_empty()
        {
            assert!(
                entries.insert(id.clone(), text).is_none(),
                "{language}: twice: {id}"
            );
        }
    }
    entries
}

#[test]
fn every_sentence_has_its_translation_in_each_language() {
    let sentences = sentences();
    assert!(sentences.len() > 250, "the sources were not found");
    for language in ["ar", "ckb", "en"] {
        let catalogue = catalogue(language);
        let silent: Vec<_> = sentences
            .iter()
            .filter(|s| catalogue.get(*s).is_none_or(String::is_empty))
            .collect();
        assert!(silent.is_empty(), "{language} lacks {silent:?}");
        let dead: Vec<_> = catalogue
            .keys()
            .filter(|id| !sentences.contains(id))
            .collect();
        assert!(
            dead.is_empty(),
            "{language} has what no page says: {dead:?}"
        );
        for (id, text) in &catalogue {
            assert_eq!(
                id.matches("{}").count(),
                text.matches("{}").count(),
                "{language}: {id}"
            );
        }
    }
}

#[test]
fn no_page_shows_words_outside_a_catalogue() {
    let mut text = String::new();
    sources(&window().join("slint/pages"), &mut text);
    // Properties that reach the eye, bound to a bare string of Latin letters.
    for line in text.lines().map(str::trim) {
        for property in [
            "text: \"",
            "placeholder: \"",
            "label: \"",
            "heading: \"",
            "accessible-label: \"",
        ] {
            let Some((_, rest)) = line.split_once(property) else {
                continue;
            };
            let shown = rest.split('"').next().unwrap_or_default();
            let is_data = line.contains('{')
                && (line.contains("label: \"") && line.contains(", ") || line.starts_with('{'));
            // The product, a path to type, preview data.
            let is_name =
                shown.starts_with("Qayd") || shown.starts_with('/') || shown.is_empty() || is_data;
            assert!(
                is_name || !shown.chars().any(|c| c.is_ascii_alphabetic()),
                "{line}"
            );
        }
    }
}
