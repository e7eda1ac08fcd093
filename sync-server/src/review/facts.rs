//! Facts: what of an enrolment is compared with others.
//!
//! In: content and its pack; roles say which field means what. Out: folded `Facts`, and the summary for lists.
//! Never: guesses a missing part; reads a sensitive field.

use minicbor::{Decode, Encode};
use qayd_model::{
    PartialDate, PersonalText, SampleId, SampleKind, folding,
    pack::{Pack, Role},
    value::{EvidenceItem, FamilyMember, NamePart, PersonName, RegisterReference, Value},
};
use qayd_packet::Content;

use super::demographic::{DocumentKey, Facts, MemberKey, NameKey};

/// What a list shows of a person; sealed in the register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Summary {
    /// The name in Arabic, else Sorani, else Latin; empty when there is none.
    #[n(1)]
    pub name: PersonalText,
    /// The name in Latin, when there is one.
    #[n(2)]
    pub latin: Option<PersonalText>,
    /// Birth date.
    #[n(3)]
    pub birth: Option<PartialDate>,
    /// The portrait, for the list.
    #[n(4)]
    pub portrait: Option<SampleId>,
}

/// The value of the field with a role.
pub fn by_role<'c>(pack: &Pack, content: &'c Content, role: Role) -> Option<&'c Value> {
    let number = pack.field_with(role)?.number;
    by_number(content, number)
}

/// The value of the field of a number.
pub fn by_number(content: &Content, number: u32) -> Option<&Value> {
    content
        .fields
        .binary_search_by_key(&number, |f| f.number)
        .ok()
        .map(|index| &content.fields[index].value)
}

fn by_id<'c>(pack: &Pack, content: &'c Content, id: &str) -> Option<&'c Value> {
    by_number(content, pack.field(id)?.number)
}

/// The facts of one enrolment.
pub fn facts_of(pack: &Pack, content: &Content) -> Facts {
    let mut facts = Facts {
        newborn: pack.id == BIRTH_PACK,
        ..Facts::default()
    };
    if let Some(Value::Name(name)) = by_role(pack, content, Role::HolderName) {
        facts.given = key(name.given.as_ref());
        facts.father = key(name.father.as_ref());
        facts.grandfather = key(name.grandfather.as_ref());
        facts.laqab = key(name.laqab.as_ref());
    }
    if let Some(Value::Name(name)) = by_role(pack, content, Role::FatherName)
        && facts.father.is_unknown()
    {
        facts.father = key(name.given.as_ref());
        facts.grandfather = key(name.father.as_ref());
    }
    if let Some(Value::Name(name)) = by_role(pack, content, Role::MotherName) {
        facts.mother = key(name.given.as_ref());
        facts.mother_father = key(name.father.as_ref());
    }
    if let Some(Value::Date(date)) = by_role(pack, content, Role::BirthDate) {
        facts.birth = Some(*date);
    }
    if let Some(Value::Code(sex)) = by_role(pack, content, Role::Sex) {
        facts.sex = Some(sex.clone());
    }
    if let Some(Value::NationalNumber(number)) = by_role(pack, content, Role::NationalNumber) {
        facts.national_number = Some(number.expose().to_owned());
    }
    if let Some(Value::Text(number)) = by_role(pack, content, Role::FamilyNumber) {
        facts.family_number = folded(number.expose());
    }
    if let Some(Value::Register(RegisterReference::Known {
        office,
        register,
        page,
        year,
        suffix,
    })) = by_role(pack, content, Role::Register)
    {
        let suffix = suffix
            .as_ref()
            .and_then(|s| folded(s.expose()))
            .unwrap_or_default();
        facts.register = Some(format!(
            "{office}|{}|{}|{year}|{suffix}",
            register.expose(),
            page.expose()
        ));
    }
    if let Some(Value::Evidence(papers)) = by_role(pack, content, Role::Evidence) {
        facts.documents = papers.iter().filter_map(document).collect();
    }
    if let Some(Value::Family(members)) = by_role(pack, content, Role::Family) {
        facts.family = members.iter().map(member).collect();
    }
    if facts.newborn {
        newborn(pack, content, &mut facts);
    }
    facts
}

/// The pack whose subject is a newborn.
const BIRTH_PACK: &str = "birth-notification";

fn newborn(pack: &Pack, content: &Content, facts: &mut Facts) {
    if let Some(Value::NationalNumber(number)) = by_id(pack, content, "mother_national_number") {
        facts.mother_national_number = Some(number.expose().to_owned());
    }
    let text = |id: &str| match by_id(pack, content, id) {
        Some(Value::Text(text)) => folded(text.expose()),
        Some(Value::Code(code)) => Some(code.clone()),
        _ => None,
    };
    if let (Some(facility), Some(delivery)) = (text("facility"), text("delivery_book_number")) {
        facts.delivery = Some(format!("{facility}|{delivery}"));
    }
    facts.multiple = match by_id(pack, content, "plurality") {
        Some(Value::Code(code)) => code != "single",
        Some(Value::Number(children)) => *children > 1,
        _ => false,
    };
}

/// What lists show.
pub fn summary_of(pack: &Pack, content: &Content) -> Summary {
    let birth = match by_role(pack, content, Role::BirthDate) {
        Some(Value::Date(date)) => Some(*date),
        _ => None,
    };
    let portrait = content
        .samples
        .iter()
        .find(|sample| sample.kind == SampleKind::Portrait)
        .map(|sample| sample.id);
    let Some(Value::Name(name)) = by_role(pack, content, Role::HolderName) else {
        // A newborn without a name is known by its mother.
        let mother = match by_role(pack, content, Role::MotherName) {
            Some(Value::Name(mother)) => full_name(mother),
            _ => None,
        };
        return Summary {
            name: mother.unwrap_or_default(),
            latin: None,
            birth,
            portrait,
        };
    };
    Summary {
        name: full_name(name).unwrap_or_default(),
        latin: joined(name, |p| p.lat.as_ref()),
        birth,
        portrait,
    }
}

/// The name in the script it is kept in: Arabic, else Sorani, else Latin.
pub fn full_name(name: &PersonName) -> Option<PersonalText> {
    joined(name, |p| p.ar.as_ref())
        .or_else(|| joined(name, |p| p.ckb.as_ref()))
        .or_else(|| joined(name, |p| p.lat.as_ref()))
}

fn joined(
    name: &PersonName,
    script: impl Fn(&NamePart) -> Option<&PersonalText>,
) -> Option<PersonalText> {
    let parts: Vec<&str> = [&name.given, &name.father, &name.grandfather, &name.laqab]
        .into_iter()
        .flatten()
        .filter_map(|part| script(part).map(PersonalText::expose))
        .collect();
    if parts.is_empty() {
        None
    } else {
        Some(PersonalText::new(parts.join(" ")))
    }
}

fn key(part: Option<&NamePart>) -> NameKey {
    let Some(part) = part else {
        return NameKey::default();
    };
    let mut arabic: Vec<String> = [&part.ar, &part.ckb]
        .into_iter()
        .flatten()
        .filter_map(|text| folded(text.expose()))
        .collect();
    arabic.dedup();
    NameKey {
        arabic,
        latin: part.lat.as_ref().and_then(|text| folded(text.expose())),
    }
}

fn folded(text: &str) -> Option<String> {
    let folded = folding::fold(text);
    if folded.expose().is_empty() {
        None
    } else {
        Some(folded.expose().to_owned())
    }
}

fn document(paper: &EvidenceItem) -> Option<DocumentKey> {
    let number = folded(paper.number.as_ref()?.expose())?;
    Some(DocumentKey {
        document: paper.document.clone(),
        number,
    })
}

fn member(member: &FamilyMember) -> MemberKey {
    MemberKey {
        relation: member.relation.clone(),
        given: key(member.name.given.as_ref()),
        birth: member.birth_date,
        national_number: member
            .national_number
            .as_ref()
            .map(|n| n.expose().to_owned()),
    }
}
