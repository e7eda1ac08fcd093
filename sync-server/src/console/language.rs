//! The console's words in Arabic, Sorani and English.
//!
//! In: a language and a message key. Out: text, with placeables isolated for mixed directions (U+2068, U+2069).
//! Owns: `locales/{ar,ckb,en}.ftl`, compiled in. Never: shows an empty place; a missing key shows the key, and a
//! test fails on it.

use std::{borrow::Cow, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Arabic.
    #[default]
    Arabic,
    /// Sorani Kurdish.
    Sorani,
    /// English.
    English,
}

impl Language {
    /// All, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Arabic, Self::Sorani, Self::English];

    /// BCP 47 tag: `ar`, `ckb`, `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::Sorani => "ckb",
            Self::English => "en",
        }
    }

    /// The language of a tag; anything else is `None`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.tag() == tag)
    }

    /// The first language of an `Accept-Language` header that the console speaks, else Arabic. `ku` means Sorani here.
    pub fn negotiate(header: &str) -> Self {
        header
            .split(',')
            .filter_map(|item| {
                let tag = item.split(';').next()?.trim();
                match tag.split('-').next()? {
                    "ku" => Some(Self::Sorani),
                    primary => Self::from_tag(primary),
                }
            })
            .next()
            .unwrap_or_default()
    }

    /// `rtl` or `ltr`, for the `dir` attribute.
    pub const fn dir(self) -> &'static str {
        match self {
            Self::Arabic | Self::Sorani => "rtl",
            Self::English => "ltr",
        }
    }

    /// Its own name, for the switch.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Arabic => "العربية",
            Self::Sorani => "کوردی",
            Self::English => "English",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Arabic => include_str!("../../locales/ar.ftl"),
            Self::Sorani => include_str!("../../locales/ckb.ftl"),
            Self::English => include_str!("../../locales/en.ftl"),
        }
    }
}

/// The catalogue of one language.
#[derive(Clone, Copy)]
pub struct Words {
    /// Which language.
    pub language: Language,
    bundle: &'static FluentBundle<FluentResource>,
}

impl core::fmt::Debug for Words {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Words({})", self.language.tag())
    }
}

impl Words {
    /// The catalogue of `language`; parsed once.
    pub fn of(language: Language) -> Self {
        static BUNDLES: OnceLock<Vec<FluentBundle<FluentResource>>> = OnceLock::new();
        let bundles = BUNDLES.get_or_init(|| Language::ALL.into_iter().map(bundle).collect());
        Self {
            language,
            bundle: &bundles[language as usize],
        }
    }

    /// The text of `key`.
    pub fn t(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text of `key` with one number, named `n` in the catalogue.
    pub fn n(&self, key: &str, n: u64) -> String {
        self.with(key, &[("n", FluentValue::from(n))])
    }

    /// The text of `key` with one word, named `x` in the catalogue.
    pub fn x(&self, key: &str, x: &str) -> String {
        self.with(key, &[("x", FluentValue::from(x.to_owned()))])
    }

    /// The text of `prefix` followed by a code, such as `state-` and `under_review`; underscores become hyphens.
    /// A code the catalogue does not know is shown as it is.
    pub fn code(&self, prefix: &str, code: &str) -> String {
        let key = format!("{prefix}{}", code.replace('_', "-"));
        if self.bundle.has_message(&key) {
            self.t(&key)
        } else {
            code.to_owned()
        }
    }

    /// The text of `key` with named arguments.
    pub fn with(&self, key: &str, arguments: &[(&'static str, FluentValue<'static>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            args.set(Cow::Borrowed(*name), value.clone());
        }
        self.format(key, Some(&args))
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|m| m.value()) else {
            return key.to_owned();
        };
        let mut errors = Vec::new();
        self.bundle
            .format_pattern(pattern, args, &mut errors)
            .into_owned()
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let id = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // A broken line in a catalogue loses that line only; `catalogues_are_complete` finds it before it ships.
    let resource = match FluentResource::try_new(language.source().to_owned()) {
        Ok(resource) => resource,
        Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|l| l.split_once(" ="))
            .map(|(key, _)| key)
            .collect()
    }

    #[test]
    fn catalogues_are_complete() {
        for language in Language::ALL {
            assert!(
                FluentResource::try_new(language.source().to_owned()).is_ok(),
                "{} does not parse",
                language.tag()
            );
        }
        let english = keys(Language::English.source());
        assert!(english.len() > 100);
        for language in [Language::Arabic, Language::Sorani] {
            let other = keys(language.source());
            assert_eq!(
                english.difference(&other).collect::<Vec<_>>(),
                Vec::<&&str>::new(),
                "missing in {}",
                language.tag()
            );
            assert_eq!(
                other.difference(&english).collect::<Vec<_>>(),
                Vec::<&&str>::new(),
                "only in {}",
                language.tag()
            );
        }
    }

    #[test]
    fn every_key_that_a_template_or_module_names_exists() {
        let english = keys(Language::English.source());
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut seen = 0;
        for dir in [
            "templates",
            "src/console",
            "src/review",
            "src/decision",
            "src/staff",
        ] {
            for entry in std::fs::read_dir(root.join(dir)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() || path.ends_with("language.rs") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for call in [
                    "w.t(\"",
                    "w.n(\"",
                    "w.x(\"",
                    "w.with(\"",
                    "words.t(\"",
                    "words.n(\"",
                    "words.x(\"",
                    "words.with(\"",
                ] {
                    for rest in text.split(call).skip(1) {
                        let key = rest.split('"').next().unwrap();
                        seen += 1;
                        assert!(english.contains(key), "{key} in {}", path.display());
                    }
                }
            }
        }
        assert!(seen > 50, "only {seen} keys seen: the scan is broken");
    }

    #[test]
    fn every_state_check_reason_and_role_has_its_words() {
        use crate::{
            review::{
                case::{CaseState, CheckKind},
                demographic::ReasonKind,
            },
            staff::StaffRole,
        };
        let words = Words::of(Language::English);
        let has = |prefix: &str, code: &str| {
            let text = words.code(prefix, code);
            assert_ne!(text, code, "{prefix}{code}");
        };
        for state in CaseState::ALL {
            has("state-", state.name());
        }
        for role in StaffRole::ALL {
            has("role-", role.name());
        }
        for kind in CheckKind::ALL {
            has("check-", &kind.code());
            has("check-failed-", &kind.code());
        }
        for kind in ReasonKind::ALL {
            has("reason-", &kind.code());
        }
    }

    #[test]
    fn a_missing_key_shows_itself_and_codes_fall_back() {
        let words = Words::of(Language::English);
        assert_eq!(words.t("no-such-key"), "no-such-key");
        assert_eq!(words.code("state-", "never_heard_of"), "never_heard_of");
        assert_ne!(words.code("state-", "under_review"), "under_review");
    }

    #[test]
    fn languages_are_negotiated() {
        assert_eq!(Language::negotiate("fr, en-GB;q=0.8"), Language::English);
        assert_eq!(Language::negotiate("ku-IQ"), Language::Sorani);
        assert_eq!(Language::negotiate(""), Language::Arabic);
    }
}
