//! Acts: what a reviewer decides, from plain forms.
//!
//! In: a form of this session. Out: a decision, and the way back to the queue. The rules are `decision`'s.
//! Never: acts on a form without the session's own token.

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use qayd_model::{
    Decision, EnrolmentId, FingerPosition, PersonalText, Return, ReturnedField, text::parse_text,
};

use super::{
    Console,
    session::{PageError, Visitor, blocking, check_csrf},
};
use crate::decision::{self, Act, DecideError, NOTE_BYTES_MAX, Outcome};

/// A form with repeated names, in order.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(body: &[u8]) -> Self {
        let decode = |text: &str| {
            let mut out = Vec::with_capacity(text.len());
            let mut bytes = text.bytes();
            while let Some(byte) = bytes.next() {
                match byte {
                    b'+' => out.push(b' '),
                    b'%' => {
                        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                        if let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next()))
                        {
                            out.push((high * 16 + low) as u8);
                        }
                    }
                    other => out.push(other),
                }
            }
            String::from_utf8_lossy(&out).into_owned()
        };
        let text = String::from_utf8_lossy(body);
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    fn one(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value.as_str())
    }

    fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// A note: `None` when nothing was written. Controls and hidden directions are refused as everywhere.
    fn note(&self, name: &str) -> Result<Option<PersonalText>, PageError> {
        let text = self.one(name).replace("\r\n", "\n");
        if text.trim().is_empty() {
            return Ok(None);
        }
        parse_text(&text, NOTE_BYTES_MAX)
            .map(Some)
            .map_err(|_| PageError::Decide(DecideError::NoteTooLong))
    }
}

/// Every act on a case.
pub(super) async fn act(
    State(console): State<Console>,
    visitor: Visitor,
    Path((enrolment, act)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let for_page = visitor.clone();
    let done = blocking(move || {
        let fields = Fields::read(&body);
        let token = HashMap::from([("csrf".to_owned(), fields.one("csrf").to_owned())]);
        check_csrf(&visitor, &token)?;
        let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
        let seen: u64 = fields.one("seen").parse().map_err(|_| PageError::Form)?;
        let (review, member) = (&console.review, visitor.member());
        let decision = match act.as_str() {
            "accept" => Decision::Accepted,
            "return" => Decision::Returned(returned(&fields)?),
            "reject" => Decision::Rejected {
                reason: fields.one("reason").to_owned(),
                note: fields.note("note")?,
            },
            "same-person" => {
                let as_enrolment = fields
                    .one("as_enrolment")
                    .parse()
                    .map_err(|_| PageError::Decide(DecideError::NoOther))?;
                Decision::SamePerson { as_enrolment }
            }
            "confirm" | "decline" => {
                let outcome = decision::second(review, member, enrolment, seen, act == "confirm")?;
                return Ok(if matches!(outcome, Outcome::Declined(_)) {
                    "declined"
                } else {
                    "confirmed"
                });
            }
            _ => return Err(PageError::NotFound),
        };
        let word = match &decision {
            Decision::Accepted => "accepted",
            Decision::Returned(_) => "returned",
            Decision::Rejected { .. } => "rejected",
            Decision::SamePerson { .. } => "same-person",
        };
        let compared = fields.one("compared") == "1";
        match decision::decide(
            review,
            member,
            Act {
                enrolment,
                seen,
                decision,
                compared,
            },
        )? {
            Outcome::Proposed(_) => Ok("proposed"),
            _ => Ok(word),
        }
    })
    .await;
    match done {
        Ok(word) => Redirect::to(&format!("/console/queue?said={word}")).into_response(),
        Err(error) => for_page.refuse(&error),
    }
}

fn returned(fields: &Fields) -> Result<Return, PageError> {
    let mut back = Return {
        portrait: fields.one("portrait") == "1",
        note: fields.note("note")?,
        ..Return::default()
    };
    for field in fields.all("field") {
        back.fields.push(ReturnedField {
            field: field.to_owned(),
            reason: fields.one(&format!("reason-{field}")).to_owned(),
            note: fields.note(&format!("note-{field}"))?,
        });
    }
    for finger in fields.all("finger") {
        back.fingers
            .push(FingerPosition::from_name(finger).ok_or(PageError::Form)?);
    }
    Ok(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_with_repeated_names() {
        let fields = Fields::read(
            "field=name&field=sex&reason-name=spelling&note=%D8%B2%D9%8A%D9%86%D8%A8+a%26b&x"
                .as_bytes(),
        );
        assert_eq!(fields.all("field").collect::<Vec<_>>(), ["name", "sex"]);
        assert_eq!(fields.one("reason-name"), "spelling");
        assert_eq!(fields.note("note").unwrap().unwrap().expose(), "زينب a&b");
        assert!(fields.note("none").unwrap().is_none());
        assert!(returned(&Fields::read(b"finger=thirteenth")).is_err());
    }
}
