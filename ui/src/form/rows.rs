//! Rows: a field of a pack as what is shown of it.
//!
//! In: the field, its code tables, what was typed, a language. Out: [`Row`]s. Never: names a field or a pack; only kinds.

use std::collections::BTreeMap;

use qayd_model::CodeTables;
use qayd_model::pack::{
    Field, FieldKind, Language, NamePartName, Pack, Required, Role, TextFormat,
};

use super::{Cell, Choice, Row, RowKind, Typed, list_length, offer_for};

/// Losses that are told with place, date and circumstances.
const LOSSES: [&str; 3] = ["lost", "stolen", "destroyed"];

/// What rows are made with.
pub struct Context<'a> {
    /// The pack, for its papers, attestors and consent.
    pub pack: &'a Pack,
    /// Its tables.
    pub codes: &'a CodeTables,
    /// The language of the screen.
    pub language: Language,
    /// Scanned pages of each paper.
    pub pages: &'a BTreeMap<String, usize>,
    /// The field is one of several on the page, and says its name.
    pub named: bool,
}

/// The rows of one field.
pub fn rows(context: &Context<'_>, field: &Field, typed: &Typed) -> Vec<Row> {
    let mut made = Made {
        context,
        field,
        typed,
        rows: Vec::new(),
    };
    let left_out = made.is("missing");
    if !left_out {
        made.kind();
    }
    if !field.may_be_missing.is_empty() {
        made.reasons();
    }
    if context.named
        && let Some(first) = made.rows.first_mut()
        && first.label.is_empty()
    {
        field
            .label
            .in_language(context.language)
            .clone_into(&mut first.label);
    }
    made.rows
}

struct Made<'a> {
    context: &'a Context<'a>,
    field: &'a Field,
    typed: &'a Typed,
    rows: Vec<Row>,
}

impl Made<'_> {
    fn kind(&mut self) {
        match &self.field.kind {
            FieldKind::Text { format, .. } => {
                let cell = match format {
                    TextFormat::Free | TextFormat::Line => self.cell("", ""),
                    TextFormat::Digits => self.digits("", ""),
                    _ => self.latin("", ""),
                };
                self.boxes("", vec![cell]);
            }
            FieldKind::Number { unit, .. } => {
                let caption = unit
                    .as_ref()
                    .map(|u| u.in_language(self.context.language).to_owned());
                let cell = self.digits("", &caption.unwrap_or_default());
                self.boxes("", vec![cell]);
            }
            FieldKind::NationalNumber | FieldKind::Phone | FieldKind::TimeOfDay => {
                let cell = self.digits("", "");
                self.boxes("", vec![cell]);
            }
            FieldKind::YesNo { .. } => self.yes_no("", String::new()),
            FieldKind::Code { table } => self.choice("", String::new(), table),
            FieldKind::Codes { table } => {
                self.choice("", String::new(), table);
                let chosen: Vec<String> = self
                    .text("")
                    .split(',')
                    .map(|c| c.trim().to_owned())
                    .collect();
                if let Some(row) = self.rows.last_mut() {
                    row.many = true;
                    for choice in &mut row.choices {
                        choice.chosen = chosen.contains(&choice.code);
                    }
                }
            }
            FieldKind::Date { .. } => self.date("", String::new(), true),
            FieldKind::Name { .. } => {
                self.name("", true);
                if self.field.role == Some(Role::HolderName) {
                    let label = self.part("register_script");
                    self.choice("register_script", label, "scripts");
                }
            }
            FieldKind::Register => self.register(),
            FieldKind::Address => self.address(),
            FieldKind::Family { .. } => self.family(),
            FieldKind::Evidence => self.evidence(),
            FieldKind::Attestors => self.attestors(),
            FieldKind::Consent => self.consent(),
        }
    }

    // What stands where.

    fn text(&self, place: &str) -> String {
        self.typed.get(place).cloned().unwrap_or_default()
    }

    fn is(&self, place: &str) -> bool {
        self.typed.get(place).is_some_and(|text| !text.is_empty())
    }

    fn key(&self, place: &str) -> String {
        format!("{}/{place}", self.field.id)
    }

    fn part(&self, code: &str) -> String {
        self.context
            .codes
            .label("parts", code, self.context.language)
            .to_owned()
    }

    fn in_arabic_letters(&self) -> bool {
        self.context.language != Language::English
    }

    // Single boxes and rows.

    fn cell(&self, place: &str, caption: &str) -> Cell {
        Cell {
            key: self.key(place),
            caption: caption.to_owned(),
            spoken: String::new(),
            text: self.text(place),
            offer: String::new(),
            rtl: self.in_arabic_letters(),
            always_ltr: false,
            keyboard: match self.context.language {
                Language::Arabic => "ar",
                Language::Sorani => "ckb",
                Language::English => "lat",
            },
            fault: String::new(),
            share: 1.0,
        }
    }

    fn digits(&self, place: &str, caption: &str) -> Cell {
        Cell {
            rtl: false,
            always_ltr: true,
            keyboard: "digits",
            ..self.cell(place, caption)
        }
    }

    fn latin(&self, place: &str, caption: &str) -> Cell {
        Cell {
            rtl: false,
            always_ltr: true,
            keyboard: "lat",
            ..self.cell(place, caption)
        }
    }

    fn boxes(&mut self, label: &str, boxes: Vec<Cell>) {
        self.rows.push(Row {
            label: label.to_owned(),
            boxes,
            ..Row::default()
        });
    }

    /// Boxes whose captions are parts of the table `parts`, under a place of the field.
    fn part_boxes(&mut self, prefix: &str, places: &[&str]) {
        let boxes = places
            .iter()
            .map(|place| self.cell(&format!("{prefix}{place}"), &self.part(place)))
            .collect();
        self.boxes("", boxes);
    }

    fn choose(&mut self, place: &str, label: String, choices: Vec<(String, String)>) {
        let chosen = self.text(place);
        let choices = choices
            .into_iter()
            .map(|(code, label)| Choice {
                chosen: code == chosen,
                code,
                label,
            })
            .collect();
        self.rows.push(Row {
            kind: RowKind::Choice,
            key: self.key(place),
            label,
            choices,
            ..Row::default()
        });
    }

    fn table(&self, table: &str) -> Vec<(String, String)> {
        let table = self.context.codes.table(table);
        let entries = table.map(|t| t.entries.as_slice()).unwrap_or_default();
        entries
            .iter()
            .map(|entry| {
                (
                    entry.code.clone(),
                    entry.words.in_language(self.context.language).to_owned(),
                )
            })
            .collect()
    }

    fn choice(&mut self, place: &str, label: String, table: &str) {
        let choices = self.table(table);
        self.choose(place, label, choices);
    }

    fn yes_no(&mut self, place: &str, label: String) {
        let choices = vec![
            ("true".to_owned(), self.part("yes")),
            ("false".to_owned(), self.part("no")),
        ];
        self.choose(place, label, choices);
    }

    /// The heading of an entry of a list, or of a paper. `number`: from 1, or 0 for none.
    fn heading(&mut self, key: &str, label: String, number: usize) {
        let text = if number == 0 {
            String::new()
        } else {
            number.to_string()
        };
        self.rows.push(Row {
            kind: RowKind::Heading,
            key: self.key(key),
            label,
            text,
            removable: number > 0,
            ..Row::default()
        });
    }

    fn add(&mut self, key: &str, label: &str) {
        self.rows.push(Row {
            kind: RowKind::Add,
            key: self.key(key),
            label: label.to_owned(),
            ..Row::default()
        });
    }

    // Kinds of several parts.

    fn reasons(&mut self) {
        let allowed = &self.field.may_be_missing;
        let reasons = self
            .table("missing-reasons")
            .into_iter()
            .filter(|(code, _)| allowed.contains(code))
            .collect();
        self.choose("missing", "#leave-out".to_owned(), reasons);
    }

    fn date(&mut self, place: &str, label: String, with_guess: bool) {
        let prefix = if place.is_empty() {
            String::new()
        } else {
            format!("{place}.")
        };
        let boxes = [("year", "#year"), ("month", "#month"), ("day", "#day")]
            .iter()
            .map(|(part, caption)| Cell {
                share: if *part == "year" { 2.0 } else { 1.0 },
                ..self.digits(&format!("{prefix}{part}"), caption)
            })
            .collect();
        self.boxes(&label, boxes);
        if with_guess {
            let guess = format!("{prefix}guess");
            self.choose(
                &guess,
                String::new(),
                vec![("true".to_owned(), "#guess".to_owned())],
            );
            if let Some(row) = self.rows.last_mut() {
                row.many = true;
            }
        }
    }

    fn name(&mut self, place: &str, captions: bool) {
        let prefix = if place.is_empty() {
            String::new()
        } else {
            format!("{place}.")
        };
        for (n, part) in NamePartName::ALL.iter().enumerate() {
            let part = part.name();
            let script = |script: &'static str| {
                let spoken = self
                    .context
                    .codes
                    .label("scripts", script, self.context.language)
                    .to_owned();
                // Said once above the column, and to a screen reader at each box.
                let caption = if captions && n == 0 {
                    spoken.clone()
                } else {
                    String::new()
                };
                let place = format!("{prefix}{part}.{script}");
                Cell {
                    rtl: script != "lat",
                    keyboard: script,
                    spoken,
                    offer: offer_for(self.typed, &place),
                    ..self.cell(&place, &caption)
                }
            };
            let boxes = vec![script("ar"), script("ckb"), script("lat")];
            let label = self.part(part);
            self.boxes(&label, boxes);
        }
    }

    fn register(&mut self) {
        let choices = vec![
            ("true".to_owned(), "#known".to_owned()),
            ("false".to_owned(), self.part("unknown")),
        ];
        self.choose("known", String::new(), choices);
        match self.text("known").as_str() {
            "false" => {
                let cell = self.cell("hints", &self.part("hints"));
                self.boxes("", vec![cell]);
            }
            "" => {}
            _ => {
                let boxes = ["register", "page", "year", "suffix"]
                    .iter()
                    .map(|place| self.digits(place, &self.part(place)))
                    .collect();
                self.boxes("", boxes);
                let label = self.part("office");
                self.choice("office", label, "offices");
            }
        }
    }

    fn address(&mut self) {
        self.choose(
            "abroad",
            String::new(),
            vec![("true".to_owned(), "#abroad".to_owned())],
        );
        if let Some(row) = self.rows.last_mut() {
            row.many = true;
        }
        if self.text("abroad") == "true" {
            self.part_boxes("", &["foreign_lines"]);
            let label = self.part("country");
            self.choice("country", label, "countries");
            return;
        }
        self.part_boxes("", &["camp", "block", "tent"]);
        self.part_boxes("", &["qadha", "nahiya", "village"]);
        self.part_boxes("", &["mahalla", "zuqaq", "dar"]);
        self.part_boxes("", &["nearest_point"]);
        let label = self.part("governorate");
        self.choice("governorate", label, "governorates");
    }

    fn family(&mut self) {
        for n in 0..list_length(self.typed, "") {
            self.heading(&n.to_string(), "#member".to_owned(), n + 1);
            let label = self.part("relation");
            self.choice(&format!("{n}.relation"), label, "relations");
            self.name(&format!("{n}.name"), true);
            let label = self.part("birth_date");
            self.date(&format!("{n}.birth_date"), label, false);
            let cell = self.digits(
                &format!("{n}.national_number"),
                &self.part("national_number"),
            );
            self.boxes("", vec![cell]);
            for flag in ["head", "present"] {
                let choices = vec![("true".to_owned(), self.part(flag))];
                self.choose(&format!("{n}.{flag}"), String::new(), choices);
                if let Some(row) = self.rows.last_mut() {
                    row.many = true;
                }
            }
        }
        self.add("", "#add-member");
    }

    fn attestors(&mut self) {
        let rule = self.context.pack.attestation.as_ref();
        let kinds: Vec<String> = rule
            .map(|r| r.kinds.iter().map(|k| k.code.clone()).collect())
            .unwrap_or_default();
        for n in 0..list_length(self.typed, "") {
            self.heading(&n.to_string(), "#attestor".to_owned(), n + 1);
            let choices = self
                .table("attestors")
                .into_iter()
                .filter(|(code, _)| kinds.contains(code))
                .collect();
            let label = self.part("kind");
            self.choose(&format!("{n}.kind"), label, choices);
            self.name(&format!("{n}.name"), true);
            let cell = self.latin(
                &format!("{n}.identity_number"),
                &self.part("identity_number"),
            );
            self.boxes("", vec![cell]);
            let chosen = self.text(&format!("{n}.kind"));
            let kind = rule.and_then(|r| r.kinds.iter().find(|k| k.code == chosen));
            if kind.is_some_and(|k| k.letter) {
                let cell = self.latin(&format!("{n}.letter_number"), &self.part("letter_number"));
                self.boxes("", vec![cell]);
                let label = self.part("letter_date");
                self.date(&format!("{n}.letter_date"), label, false);
            }
            let witnesses = format!("{n}.witnesses.");
            for w in 0..list_length(self.typed, &witnesses) {
                self.heading(&format!("{witnesses}{w}"), "#witness".to_owned(), w + 1);
                self.name(&format!("{witnesses}{w}.name"), false);
                let cell = self.latin(
                    &format!("{witnesses}{w}.identity_number"),
                    &self.part("identity_number"),
                );
                self.boxes("", vec![cell]);
            }
            if kind.is_some_and(|k| k.witnesses > 0) {
                self.add(&witnesses, "#add-witness");
            }
        }
        self.add("", "#add-attestor");
    }

    /// Papers the service asks for, then those that were brought besides.
    fn evidence(&mut self) {
        let (mut shown, mut others) = (Vec::new(), Vec::new());
        for rule in &self.context.pack.evidence {
            let touched = self
                .typed
                .keys()
                .any(|key| key.starts_with(&format!("{}.", rule.document)));
            if rule.expected != Required::Never || touched {
                shown.push(rule.document.clone());
            } else {
                others.push(rule.document.clone());
            }
        }
        for document in shown {
            self.paper(&document);
        }
        let name = |code: &String| {
            self.context
                .codes
                .label("documents", code, self.context.language)
                .to_owned()
        };
        let others: Vec<(String, String)> = others
            .iter()
            .map(|code| (code.clone(), name(code)))
            .collect();
        if !others.is_empty() {
            self.choose("", "#add-paper".to_owned(), others);
        }
    }

    fn paper(&mut self, document: &str) {
        let title = self
            .context
            .codes
            .label("documents", document, self.context.language)
            .to_owned();
        self.heading(document, title, 0);
        let at = |place: &str| format!("{document}.{place}");
        let label = self.part("seen");
        self.choice(&at("seen"), label, "document-seen");
        match self.text(&at("seen")).as_str() {
            "" => {}
            "none" => {
                let label = self.part("gap");
                self.choice(&at("gap.reason"), label, "gap-reasons");
                if LOSSES.contains(&self.text(&at("gap.reason")).as_str()) {
                    self.part_boxes(&at("gap."), &["place", "circumstances"]);
                    let label = self.part("date");
                    self.date(&at("gap.date"), label, true);
                    self.part_boxes(&at("gap."), &["complaint_number"]);
                }
            }
            _ => {
                let cell = self.latin(&at("number"), &self.part("number"));
                self.boxes("", vec![cell]);
                let pages = self.context.pages.get(document).copied().unwrap_or(0);
                self.rows.push(Row {
                    kind: RowKind::Pages,
                    key: self.key(document),
                    label: "#photograph".to_owned(),
                    text: if pages == 0 {
                        String::new()
                    } else {
                        pages.to_string()
                    },
                    ..Row::default()
                });
            }
        }
    }

    fn consent(&mut self) {
        let language = self.context.language;
        if let Some(text) = self.context.pack.consent_text() {
            let text = text.text.in_language(language).to_owned();
            self.rows.push(Row {
                kind: RowKind::Note,
                key: self.key("text"),
                text,
                ..Row::default()
            });
        }
        for purpose in &self.context.pack.consent.purposes {
            let choices = vec![
                ("true".to_owned(), self.part("accepted")),
                ("false".to_owned(), self.part("refused")),
            ];
            let label = format!(
                "{}  ({})",
                purpose.label.in_language(language),
                purpose.refusal.in_language(language)
            );
            self.choose(&format!("purposes.{}", purpose.code), label, choices);
        }
        let label = self.part("language");
        self.choice("language", label, "languages");
        self.yes_no("read_aloud", self.part("read_aloud"));
        self.part_boxes("", &["witness", "interpreter"]);
    }
}
