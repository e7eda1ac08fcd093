//! XML to a small tree, limits first.
//!
//! In: a document. Out: [`Element`]s of the CBEFF namespace with their text. Never: more than the limits of the module.

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::{CbeffError, DEPTH_MAX, DOCUMENT_BYTES_MAX, ELEMENTS_MAX, NAMESPACE};

/// An element: its name without prefix, what it holds.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    /// Of the attributes only this one has a meaning.
    pub(super) key: Option<String>,
    pub(super) children: Vec<Element>,
}

/// A name for an error message.
fn short(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(64).collect()
}

pub(super) fn parse(document: &[u8]) -> Result<Element, CbeffError> {
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(CbeffError::TooLarge(document.len() as u64));
    }
    let text = core::str::from_utf8(document)
        .map_err(|error| CbeffError::NotXml(error.valid_up_to() as u64))?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0usize;
    let mut root = None;
    loop {
        let at = reader.buffer_position();
        let not_xml = || CbeffError::NotXml(at);
        let (namespace, event) = reader.read_resolved_event().map_err(|_| not_xml())?;
        match event {
            Event::Start(start) => {
                if namespace != ResolveResult::Bound(Namespace(NAMESPACE.as_bytes())) {
                    return Err(CbeffError::Namespace(short(start.name().as_ref())));
                }
                elements += 1;
                if elements > ELEMENTS_MAX {
                    return Err(CbeffError::TooMany);
                }
                if open.len() >= DEPTH_MAX {
                    return Err(CbeffError::TooDeep);
                }
                if root.is_some() {
                    return Err(not_xml());
                }
                open.push(element(&start).ok_or_else(not_xml)?);
            }
            Event::End(_) => {
                let closed = open.pop().ok_or_else(not_xml)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => root = Some(closed),
                }
            }
            Event::Text(t) => {
                add(&mut open, &t.xml10_content().map_err(|_| not_xml())?).ok_or_else(not_xml)?
            }
            Event::CData(t) => {
                add(&mut open, &t.xml10_content().map_err(|_| not_xml())?).ok_or_else(not_xml)?
            }
            Event::GeneralRef(r) => {
                let character = r.resolve_char_ref().map_err(|_| not_xml())?;
                let name = r.decode().map_err(|_| not_xml())?;
                let meant = match character {
                    Some(c) => c.to_string(),
                    None => resolve_predefined_entity(&name)
                        .ok_or_else(not_xml)?
                        .to_owned(),
                };
                add(&mut open, &meant).ok_or_else(not_xml)?;
            }
            Event::DocType(_) => return Err(CbeffError::DocumentType),
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
        }
    }
    if !open.is_empty() {
        return Err(CbeffError::NotXml(document.len() as u64));
    }
    root.ok_or(CbeffError::NotXml(document.len() as u64))
}

fn element(start: &BytesStart<'_>) -> Option<Element> {
    let name = core::str::from_utf8(start.local_name().into_inner()).ok()?;
    let mut key = None;
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        if attribute.key.as_ref() == b"key" {
            let value = attribute.unescape_value().ok()?;
            key = is_text(&value).then(|| Some(value.into_owned()))?;
        }
    }
    Some(Element {
        name: name.to_owned(),
        key,
        ..Element::default()
    })
}

/// Whether a document may hold these characters, by themselves or by number (XML 1.0, production 2).
fn is_text(text: &str) -> bool {
    text.chars()
        .all(|c| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
}

/// Text belongs to the element that is open; outside of all there may be blanks only.
fn add(open: &mut [Element], text: &str) -> Option<()> {
    if !is_text(text) {
        return None;
    }
    match open.last_mut() {
        Some(element) => {
            element.text.push_str(text);
            Some(())
        }
        None => text.trim().is_empty().then_some(()),
    }
}
