//! What a pack says has to hold together: ids, numbers, tables, roles, conditions, translations.
//!
//! In: the text of a pack, and the code tables it refers to. Out: [`Pack`], or every problem with line and reason.
//! Never: gives a pack that has a problem.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Problems;
use super::*;
use crate::codes::{CodeTables, file_stem};

/// Checks a pack by itself. What it refers to in code tables is left open; [`check_with`] looks there too.
pub fn check(text: &str) -> Result<Pack, Vec<PackProblem>> {
    check_file("", text, None)
}

/// Checks a pack together with the code tables. `name` is the file's name for messages; unless empty, the pack's
/// id has to be its stem.
pub fn check_with(name: &str, text: &str, codes: &CodeTables) -> Result<Pack, Vec<PackProblem>> {
    check_file(name, text, Some(codes))
}

pub(super) fn check_file(
    name: &str,
    text: &str,
    codes: Option<&CodeTables>,
) -> Result<Pack, Vec<PackProblem>> {
    let (node, problems) = Problems::parse(name, text)?;
    let pack = read::pack(&node, &problems);
    // Without any section everything would be unknown, and one problem would become thirty.
    if let Some(pack) = pack.as_ref().filter(|pack| !pack.sections.is_empty()) {
        let expected = file_stem(name);
        if !expected.is_empty() && pack.id != expected {
            problems.add(
                "id",
                PackFault::WrongName {
                    expected: expected.to_owned(),
                },
            );
        }
        Check {
            pack,
            codes,
            problems: &problems,
            seen: seen_ids(&node),
        }
        .run();
    }
    match pack {
        Some(pack) if problems.is_empty() => Ok(pack),
        _ => Err(problems.into_list()),
    }
}

/// Ids of all fields the file writes down, also of those that could not be read, so that one problem stays one.
fn seen_ids(node: &Node) -> BTreeSet<String> {
    let list = |node: &Node, key: &str| match node {
        Node::Table(table) => match table.get(key) {
            Some(Node::List(items)) => Some(items.iter().filter_map(Node::id).collect::<Vec<_>>()),
            _ => None,
        },
        _ => None,
    };
    let mut out = BTreeSet::new();
    if let Node::Table(top) = node
        && let Some(Node::List(sections)) = top.get("section")
    {
        for section in sections {
            out.extend(list(section, "field").unwrap_or_default());
        }
    }
    out
}

impl Node {
    fn id(&self) -> Option<String> {
        match self {
            Node::Table(table) => match table.get("id") {
                Some(Node::Text(id)) => Some(id.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

struct Check<'a> {
    pack: &'a Pack,
    codes: Option<&'a CodeTables>,
    problems: &'a Problems,
    seen: BTreeSet<String>,
}

impl Check<'_> {
    fn run(&self) {
        self.unique();
        for (path, field) in self.placed() {
            self.field(&path, field);
        }
        self.kinds_that_belong();
        self.cycles();
        self.evidence();
        self.fingers();
        self.slip();
        self.timers_and_routes();
        self.home_office();
    }

    /// Every field with its path. Sections and fields that could not be read shift nothing: a problem was reported.
    fn placed(&self) -> Vec<(String, &Field)> {
        let mut out = Vec::new();
        for (s, section) in self.pack.sections.iter().enumerate() {
            for (f, field) in section.fields.iter().enumerate() {
                out.push((format!("section[{}].field[{}]", s + 1, f + 1), field));
            }
        }
        out
    }

    fn add(&self, path: &str, fault: PackFault) {
        self.problems.add(path, fault);
    }

    fn unique(&self) {
        let mut ids = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        let mut roles = BTreeSet::new();
        for (path, field) in self.placed() {
            if !ids.insert(&field.id) {
                self.add(
                    &format!("{path}.id"),
                    PackFault::DuplicateId {
                        id: field.id.clone(),
                    },
                );
            }
            if !numbers.insert(field.number) {
                self.add(
                    &format!("{path}.number"),
                    PackFault::DuplicateNumber {
                        number: field.number,
                    },
                );
            }
            if self.pack.retired_numbers.contains(&field.number) {
                self.add(
                    &format!("{path}.number"),
                    PackFault::RetiredNumber {
                        number: field.number,
                    },
                );
            }
            if let Some(role) = field.role
                && !roles.insert(role)
            {
                self.add(
                    &format!("{path}.role"),
                    PackFault::DuplicateRole { role: role.name() },
                );
            }
        }
        self.unique_ids(
            "section",
            self.pack.sections.iter().map(|section| section.id.as_str()),
        );
        self.unique_ids(
            "timer",
            self.pack.timers.iter().map(|timer| timer.id.as_str()),
        );
        self.unique_ids(
            "route",
            self.pack.routes.iter().map(|route| route.id.as_str()),
        );
    }

    fn unique_ids<'b>(&self, list: &str, ids: impl Iterator<Item = &'b str>) {
        let mut seen = BTreeSet::new();
        for (index, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.add(
                    &format!("{list}[{}].id", index + 1),
                    PackFault::DuplicateId { id: id.to_owned() },
                );
            }
        }
    }

    fn field(&self, path: &str, field: &Field) {
        if let FieldKind::Code { table } | FieldKind::Codes { table } = &field.kind {
            self.table(&format!("{path}.table"), table);
        }
        if let Some(role) = field.role
            && !role.kinds().contains(&field.kind.name())
        {
            let kind = role.kinds().first().copied().unwrap_or("text");
            self.add(
                &format!("{path}.role"),
                PackFault::RoleNeedsType {
                    role: role.name(),
                    kind,
                },
            );
        }
        if field.sensitive && field.required != Required::Never {
            self.add(&format!("{path}.required"), PackFault::SensitiveRequired);
        }
        if field.required == Required::Never
            && field.kind != FieldKind::Attestors
            && !field.may_be_missing.is_empty()
        {
            self.add(
                &format!("{path}.may_be_missing"),
                PackFault::ReasonsWithoutRequirement,
            );
        }
        for reason in &field.may_be_missing {
            self.code(&format!("{path}.may_be_missing"), "missing-reasons", reason);
        }
        self.required(&format!("{path}.required"), &field.required);
        if let Some(when) = &field.asked_when {
            self.conditions(&format!("{path}.asked_when"), when);
        }
    }

    fn required(&self, path: &str, required: &Required) {
        if let Required::When(conditions) = required {
            self.conditions(path, conditions);
        }
    }

    fn conditions(&self, path: &str, conditions: &Conditions) {
        let (key, list) = match conditions {
            Conditions::All(list) => ("all", list),
            Conditions::Any(list) => ("any", list),
        };
        for (index, condition) in list.iter().enumerate() {
            self.condition(&format!("{path}.{key}[{}]", index + 1), condition);
        }
    }

    fn condition(&self, path: &str, condition: &Condition) {
        match condition {
            Condition::Is {
                field,
                any_of: codes,
            } => self.comparison(path, "is", field, codes),
            Condition::IsNot {
                field,
                none_of: codes,
            } => self.comparison(path, "is_not", field, codes),
            Condition::Answered { field, .. } => {
                self.known(path, field);
            }
            Condition::AgeFrom(_) | Condition::AgeUnder(_) => {
                if self.pack.field_with(Role::BirthDate).is_none() {
                    self.add(path, PackFault::AgeWithoutBirthDate);
                }
            }
            Condition::IdentityUnproven(_) => {
                if !self.pack.evidence.iter().any(|rule| rule.proves_identity) {
                    self.add(path, PackFault::FieldOfTypeMissing { kind: "evidence" });
                }
            }
        }
    }

    fn comparison(&self, path: &str, key: &str, id: &str, codes: &[String]) {
        let Some(field) = self.known(path, id) else {
            return;
        };
        let path = format!("{path}.{key}");
        for code in codes {
            match &field.kind {
                FieldKind::Code { table } | FieldKind::Codes { table } => {
                    self.code(&path, table, code)
                }
                FieldKind::YesNo { .. } if code == "true" || code == "false" => {}
                FieldKind::YesNo { .. } => {
                    self.add(
                        &path,
                        PackFault::WrongType {
                            expected: "`true` or `false`, in quotes",
                        },
                    );
                }
                _ => self.add(
                    &path,
                    PackFault::NoCodes {
                        field: id.to_owned(),
                    },
                ),
            }
        }
    }

    fn known(&self, path: &str, id: &str) -> Option<&Field> {
        let found = self.pack.field(id);
        if found.is_none() && !self.seen.contains(id) {
            self.add(
                path,
                PackFault::UnknownField {
                    field: id.to_owned(),
                },
            );
        }
        found
    }

    fn table(&self, path: &str, table: &str) {
        if let Some(codes) = self.codes
            && !table.is_empty()
            && codes.table(table).is_none()
        {
            self.add(
                path,
                PackFault::UnknownTable {
                    table: table.to_owned(),
                },
            );
        }
    }

    fn code(&self, path: &str, table: &str, code: &str) {
        let Some(codes) = self.codes else { return };
        match codes.table(table) {
            None => self.table(path, table),
            Some(found) if found.entry(code).is_none() => {
                self.add(
                    path,
                    PackFault::UnknownCode {
                        table: table.to_owned(),
                        code: code.to_owned(),
                    },
                );
            }
            Some(_) => {}
        }
    }

    /// Evidence, attestors and consent are one field each; their rules need it.
    fn kinds_that_belong(&self) {
        let needed = [
            ("evidence", "evidence", !self.pack.evidence.is_empty()),
            ("attestation", "attestors", self.pack.attestation.is_some()),
            ("consent", "consent", true),
        ];
        for (path, kind, needed) in needed {
            let fields: Vec<_> = self
                .placed()
                .into_iter()
                .filter(|(_, field)| field.kind.name() == kind)
                .collect();
            if needed && fields.is_empty() {
                self.add(path, PackFault::FieldOfTypeMissing { kind });
            }
            for (path, _) in fields.iter().skip(1) {
                self.add(
                    &format!("{path}.type"),
                    PackFault::FieldOfTypeTwice { kind },
                );
            }
        }
        if let Some(rule) = &self.pack.attestation {
            self.required("attestation.needed", &rule.needed);
            for (index, kind) in rule.kinds.iter().enumerate() {
                self.code(
                    &format!("attestation.kind[{}].code", index + 1),
                    "attestors",
                    &kind.code,
                );
            }
        }
    }

    /// A field whose conditions lead back to itself could never be decided.
    fn cycles(&self) {
        let birth_date = self
            .pack
            .field_with(Role::BirthDate)
            .map(|field| field.id.as_str());
        let evidence = self
            .pack
            .fields()
            .find(|field| field.kind == FieldKind::Evidence)
            .map(|field| field.id.as_str());
        let mut waits_for: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for field in self.pack.fields() {
            let mut list: Vec<&Condition> =
                field.asked_when.iter().flat_map(Conditions::list).collect();
            if let Required::When(conditions) = &field.required {
                list.extend(conditions.list());
            }
            let others = list.into_iter().filter_map(|condition| match condition {
                Condition::Is { field, .. }
                | Condition::IsNot { field, .. }
                | Condition::Answered { field, .. } => Some(field.as_str()),
                Condition::AgeFrom(_) | Condition::AgeUnder(_) => birth_date,
                Condition::IdentityUnproven(_) => evidence,
            });
            waits_for
                .entry(field.id.as_str())
                .or_default()
                .extend(others);
        }
        let mut reported: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
        for (path, field) in self.placed() {
            if let Some(cycle) = cycle_from(&field.id, &waits_for)
                && reported.insert(cycle.iter().copied().collect())
            {
                self.add(
                    &path,
                    PackFault::CyclicCondition {
                        fields: cycle.join(", "),
                    },
                );
            }
        }
    }

    fn evidence(&self) {
        let mut seen = BTreeSet::new();
        for (index, rule) in self.pack.evidence.iter().enumerate() {
            let path = format!("evidence[{}]", index + 1);
            self.code(&format!("{path}.document"), "documents", &rule.document);
            self.required(&format!("{path}.expected"), &rule.expected);
            if !seen.insert(&rule.document) {
                self.add(
                    &format!("{path}.document"),
                    PackFault::DuplicateCode {
                        code: rule.document.clone(),
                    },
                );
            }
        }
    }

    fn fingers(&self) {
        let Some(fingers) = &self.pack.biometrics.fingers else {
            return;
        };
        if self.pack.field_with(Role::BirthDate).is_none() {
            self.add("biometrics.fingers", PackFault::AgeWithoutBirthDate);
        }
        for position in FingerPosition::ALL {
            let groups = fingers
                .quality
                .iter()
                .filter(|mark| mark.fingers.contains(&position))
                .count();
            if groups != 1 {
                self.add(
                    "biometrics.fingers.quality",
                    PackFault::FingerGroups {
                        finger: position.name(),
                        groups,
                    },
                );
            }
        }
    }

    fn slip(&self) {
        for (index, id) in self.pack.slip.fields.iter().enumerate() {
            let path = format!("slip.fields[{}]", index + 1);
            if self.known(&path, id).is_some_and(|field| field.sensitive) {
                self.add(&path, PackFault::SensitiveOnSlip);
            }
        }
    }

    fn timers_and_routes(&self) {
        for (index, timer) in self.pack.timers.iter().enumerate() {
            let path = format!("timer[{}]", index + 1);
            if self
                .known(&format!("{path}.from"), &timer.from)
                .is_some_and(|field| field.kind.name() != "date")
            {
                let fault = PackFault::WrongFieldType {
                    field: timer.from.clone(),
                    kind: "date",
                };
                self.add(&format!("{path}.from"), fault);
            }
            if let Some(when) = &timer.when {
                self.conditions(&format!("{path}.when"), when);
            }
            if let Some(route) = &timer.route
                && !self.pack.routes.iter().any(|known| known.id == *route)
            {
                self.add(
                    &format!("{path}.route"),
                    PackFault::UnknownRoute {
                        route: route.clone(),
                    },
                );
            }
        }
        for (index, route) in self.pack.routes.iter().enumerate() {
            if let Some(when) = &route.when {
                self.conditions(&format!("route[{}].when", index + 1), when);
            }
        }
    }

    fn home_office(&self) {
        for (index, id) in self.pack.home_office.from.iter().enumerate() {
            let path = format!("home_office.from[{}]", index + 1);
            let fits = |field: &Field| match &field.kind {
                FieldKind::Register => true,
                FieldKind::Code { table } => table == "offices",
                _ => false,
            };
            if self.known(&path, id).is_some_and(|field| !fits(field)) {
                self.add(&path, PackFault::NotAHomeOffice);
            }
        }
    }
}

impl Role {
    /// Types of field that may hold the role, the usual one first.
    const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::HolderName | Self::FatherName | Self::MotherName | Self::GuardianName => {
                &["name"]
            }
            Self::BirthDate => &["date"],
            Self::BirthPlace => &["address", "code", "text"],
            Self::Sex | Self::HomeOffice | Self::PreferredLanguage => &["code"],
            Self::NationalNumber => &["national_number"],
            Self::FamilyNumber => &["text"],
            Self::Register => &["register"],
            Self::Address => &["address"],
            Self::Phone => &["phone"],
            Self::Family => &["family"],
            Self::Evidence => &["evidence"],
            Self::Attestors => &["attestors"],
            Self::Consent => &["consent"],
        }
    }
}

/// The fields from `start` back to `start`, if its conditions lead there.
fn cycle_from<'a>(
    start: &'a str,
    waits_for: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Option<Vec<&'a str>> {
    let mut trail = vec![start];
    let mut seen = BTreeSet::new();
    fn walk<'a>(
        at: &'a str,
        start: &str,
        waits_for: &BTreeMap<&'a str, Vec<&'a str>>,
        trail: &mut Vec<&'a str>,
        seen: &mut BTreeSet<&'a str>,
    ) -> bool {
        for next in waits_for.get(at).into_iter().flatten().copied() {
            if next == start {
                return true;
            }
            if seen.insert(next) {
                trail.push(next);
                if walk(next, start, waits_for, trail, seen) {
                    return true;
                }
                trail.pop();
            }
        }
        false
    }
    walk(start, start, waits_for, &mut trail, &mut seen).then_some(trail)
}
