//! A person who steps up to be enrolled: what they say, and the fingers and face they bring.

use std::path::PathBuf;

use qayd_devices::simulated::{Script, SimulatedPerson};
use qayd_model::FingerPosition;

/// A fictional person, made from the documented example of a pack and changed where a story needs it.
#[derive(Clone)]
pub struct Applicant {
    /// Procedure pack.
    pub pack: String,
    /// Answers by field id, as `person.toml` has them.
    pub answers: toml::Table,
    /// Fingers and face.
    pub body: SimulatedPerson,
    /// Fingers declared missing, with the reason's code.
    pub exceptions: Vec<(FingerPosition, String)>,
}

impl Applicant {
    /// The example person of `pack` with the body of `seed`.
    pub fn example(pack: &str, seed: u64) -> Self {
        let path = examples().join(pack).join("person.toml");
        let text = std::fs::read_to_string(path).expect("the pack has an example");
        let mut answers: toml::Table = text.parse().expect("the example is TOML");
        answers.remove("pack");
        let exceptions = match answers.remove("exceptions") {
            Some(toml::Value::Array(list)) => list
                .iter()
                .map(|entry| {
                    let text = |key: &str| entry[key].as_str().expect("text").to_owned();
                    (
                        FingerPosition::from_name(&text("position")).expect("a finger"),
                        text("reason"),
                    )
                })
                .collect(),
            _ => Vec::new(),
        };
        let missing: Vec<_> = exceptions.iter().map(|(position, _)| *position).collect();
        Self {
            pack: pack.to_owned(),
            answers,
            body: SimulatedPerson::make(seed).without(missing),
            exceptions,
        }
    }

    /// An adult at a camp, with a name of their own for each seed.
    pub fn adult(seed: u64) -> Self {
        const GIVEN: [&str; 8] = [
            "زينب",
            "أحمد",
            "مريم",
            "حسين",
            "شيلان",
            "آرام",
            "نور",
            "يوسف",
        ];
        const FATHER: [&str; 7] = ["كاظم", "إبراهيم", "سعيد", "رشيد", "هيوا", "جبار", "نعمان"];
        const GRANDFATHER: [&str; 5] = ["محمود", "صالح", "داود", "فاضل", "قادر"];
        let pick = |list: &[&str], step: u64| {
            list[((seed / step) % list.len() as u64) as usize].to_owned()
        };
        Self::example("national-card-first-issue", seed)
            .named(&pick(&GIVEN, 1), &pick(&FATHER, 8), &pick(&GRANDFATHER, 56))
            .with(
                "birth_date",
                toml::Value::String(format!("{}-0{}", 1960 + seed % 40, 1 + seed % 9)),
            )
    }

    /// With another name.
    pub fn named(mut self, given: &str, father: &str, grandfather: &str) -> Self {
        let part = |text: &str| {
            toml::Value::Table(toml::Table::from_iter([(
                "ar".to_owned(),
                toml::Value::String(text.to_owned()),
            )]))
        };
        let name = toml::Table::from_iter([
            ("given".to_owned(), part(given)),
            ("father".to_owned(), part(father)),
            ("grandfather".to_owned(), part(grandfather)),
        ]);
        self.answers
            .insert("name".to_owned(), toml::Value::Table(name));
        self
    }

    /// With another answer.
    pub fn with(mut self, field: &str, value: toml::Value) -> Self {
        self.answers.insert(field.to_owned(), value);
        self
    }

    /// Without an answer.
    pub fn without(mut self, field: &str) -> Self {
        self.answers.remove(field);
        self
    }

    /// Whose captures go by a script.
    pub fn with_script(mut self, script: Script) -> Self {
        self.body = self.body.with_script(script);
        self
    }

    /// Without a finger, for a reason.
    pub fn missing(mut self, position: FingerPosition, reason: &str) -> Self {
        self.body = self.body.without([position]);
        self.exceptions.push((position, reason.to_owned()));
        self
    }
}

/// The folder of documented examples.
pub fn examples() -> PathBuf {
    repository().join("packs/examples")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
