//! Between records and templates.
//!
//! In: a minutiae record, or templates. Out: templates, or a record of the edition asked for.
//!
//! What changes on the way, and nothing else:
//!
//! - a position is rounded to pixels of 1/197 cm (the records' name for 500 ppi), half of 0.05 mm at most;
//! - an angle of an ANSI record is rounded to 2 degrees;
//! - a minutia of undecided type becomes an ending;
//! - a quality that was not given becomes [`NOT_REPORTED`]; a template's reliability 0 is written as 1;
//! - beyond the template's limit the least reliable minutiae are left out;
//! - ridge flow is not in a record: towards a template it is laid through the minutiae's own directions, towards a
//!   record it is left out. Extended data is left out both ways.

use qayd_model::FingerPosition;

use super::minutiae::{ExtendedArea, FingerView, RecordMinutia};
use super::{
    Ansi378View, Ansi378v2004, Ansi378v2007, Ansi378v2009, CaptureDevice, CaptureMoment,
    Iso19794p2v2005, Iso19794p2v2011, MinutiaeRepresentation, QualityBlock, Record, RecordError,
};
use crate::template::{Minutia, MinutiaKind, Template};

/// Reliability given to a minutia whose record gives none.
pub const NOT_REPORTED: u8 = 50;
/// Pixels a centimetre of records made here.
const PER_CM: u16 = 197;
/// Units of a template a centimetre: 1/100 mm.
const UNITS_PER_CM: u32 = 1_000;

/// Which record to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum MinutiaeEdition {
    Iso19794p2v2005,
    Iso19794p2v2011,
    Ansi378v2004,
    Ansi378v2007,
    Ansi378v2009,
}

/// A record of templates, one view each, of unknown position where none is given. Impressions are live and plain.
///
/// # Errors
/// [`RecordError::OutOfRange`] when there are more templates than a record holds.
pub fn template_record(
    edition: MinutiaeEdition,
    fingers: &[(Option<FingerPosition>, &Template)],
) -> Result<Record, RecordError> {
    let code = |position: Option<FingerPosition>| position.map_or(0, FingerPosition::code);
    let (width, height) = fingers.iter().fold((1, 1), |(w, h), (_, t)| {
        (w.max(pixels(t.size().0)), h.max(pixels(t.size().1)))
    });
    super::bytes::fits::<u8>("number of views", fingers.len())?;
    let iso = |template: &Template| minutiae(template, |direction| direction);
    let ansi = |template: &Template| minutiae(template, to_two_degrees);
    let views = |write: &dyn Fn(&Template) -> Vec<RecordMinutia>| -> Vec<FingerView> {
        fingers
            .iter()
            .enumerate()
            .map(|(i, (position, template))| FingerView {
                position: code(*position),
                view: view_number(fingers, i),
                impression: 0,
                quality: mean_reliability(template),
                minutiae: write(template),
                extended: ExtendedArea::default(),
            })
            .collect()
    };
    let ansi_views = || -> Vec<Ansi378View> {
        fingers
            .iter()
            .enumerate()
            .map(|(i, (position, template))| Ansi378View {
                position: code(*position),
                view: view_number(fingers, i),
                impression: 0,
                quality: mean_reliability(template),
                quality_vendor: 0,
                quality_algorithm: 0,
                width: pixels(template.size().0).max(1),
                height: pixels(template.size().1).max(1),
                x_per_cm: PER_CM,
                y_per_cm: PER_CM,
                minutiae: ansi(template),
                extended: ExtendedArea::default(),
            })
            .collect()
    };
    Ok(match edition {
        MinutiaeEdition::Iso19794p2v2005 => Record::Iso19794p2v2005(Iso19794p2v2005 {
            capture_equipment: 0,
            width,
            height,
            x_per_cm: PER_CM,
            y_per_cm: PER_CM,
            reserved: 0,
            views: views(&iso),
        }),
        MinutiaeEdition::Ansi378v2004 => Record::Ansi378v2004(Ansi378v2004 {
            version: *b" 20\0",
            long_length: false,
            product: (0, 0),
            capture_equipment: 0,
            width,
            height,
            x_per_cm: PER_CM,
            y_per_cm: PER_CM,
            reserved: 0,
            views: views(&ansi),
            tail: Vec::new(),
        }),
        MinutiaeEdition::Ansi378v2007 => Record::Ansi378v2007(Ansi378v2007 {
            product: (0, 0),
            capture_equipment: 0,
            reserved: 0,
            views: ansi_views(),
        }),
        MinutiaeEdition::Ansi378v2009 => Record::Ansi378v2009(Ansi378v2009 {
            version: *b"030\0",
            product: (0, 0),
            compliance: 0,
            capture_equipment: 0,
            reserved: 0,
            views: ansi_views(),
        }),
        MinutiaeEdition::Iso19794p2v2011 => Record::Iso19794p2v2011(Iso19794p2v2011 {
            certified: false,
            representations: fingers
                .iter()
                .enumerate()
                .map(|(i, (position, template))| MinutiaeRepresentation {
                    captured: CaptureMoment::UNKNOWN,
                    device: CaptureDevice::default(),
                    quality: vec![QualityBlock {
                        score: mean_reliability(template),
                        vendor: 0,
                        algorithm: 0,
                    }],
                    certificates: Vec::new(),
                    position: code(*position),
                    number: view_number(fingers, i),
                    x_per_cm: PER_CM,
                    y_per_cm: PER_CM,
                    impression: 0,
                    width: pixels(template.size().0).max(1),
                    height: pixels(template.size().1).max(1),
                    minutia_bytes: 6,
                    // Endings stand at the end of the ridge's skeleton.
                    ending_type: 1,
                    minutiae: iso(template),
                    extended: Vec::new(),
                })
                .collect(),
        }),
    })
}

/// How many of the same position stand before; four bits, so the sixteenth starts again.
fn view_number(fingers: &[(Option<FingerPosition>, &Template)], at: usize) -> u8 {
    let same = fingers[..at].iter().filter(|f| f.0 == fingers[at].0);
    (same.count() % 16) as u8
}

fn mean_reliability(template: &Template) -> u8 {
    let sum: usize = template
        .minutiae()
        .iter()
        .map(|m| usize::from(m.reliability))
        .sum();
    (sum / template.minutiae().len().max(1)).min(100) as u8
}

/// 1/100 mm as pixels.
fn pixels(units: u16) -> u16 {
    ((u32::from(units) * u32::from(PER_CM) + UNITS_PER_CM / 2) / UNITS_PER_CM) as u16
}

fn to_two_degrees(direction: u8) -> u8 {
    ((u32::from(direction) * 180 + 128) / 256 % 180) as u8
}

fn from_two_degrees(angle: u8) -> u8 {
    ((u32::from(angle) * 256 + 90) / 180) as u8
}

fn minutiae(template: &Template, angle: impl Fn(u8) -> u8) -> Vec<RecordMinutia> {
    let inside = |at: u16, size: u16| pixels(at).min(pixels(size).max(1) - 1);
    template
        .minutiae()
        .iter()
        .map(|m| RecordMinutia {
            kind: match m.kind {
                MinutiaKind::Ending => 1,
                MinutiaKind::Bifurcation => 2,
            },
            x: inside(m.x, template.size().0),
            y: inside(m.y, template.size().1),
            reserved: 0,
            angle: angle(m.direction),
            quality: m.reliability.clamp(1, 100),
        })
        .collect()
}

/// One finger of a record, in the record's own pixels.
struct Finger<'a> {
    position: u8,
    width: u16,
    height: u16,
    x_per_cm: u16,
    y_per_cm: u16,
    minutiae: &'a [RecordMinutia],
}

impl Record {
    /// The templates of a minutiae record, in order, each with the position's code (0 unknown).
    ///
    /// # Errors
    /// [`RecordError::Unsupported`] for other records; [`RecordError::OutOfRange`] for a resolution below 99 pixels a
    /// centimetre (250 ppi), which the standards do not allow, or an image larger than a template can be of.
    pub fn templates(&self) -> Result<Vec<(u8, Template)>, RecordError> {
        let turn = |angle: u8| angle;
        match self {
            Self::Iso19794p2v2005(r) => r
                .views
                .iter()
                .map(|v| of_view(v, r.width, r.height, (r.x_per_cm, r.y_per_cm)).template(turn))
                .collect(),
            Self::Ansi378v2004(r) => r
                .views
                .iter()
                .map(|v| {
                    of_view(v, r.width, r.height, (r.x_per_cm, r.y_per_cm))
                        .template(from_two_degrees)
                })
                .collect(),
            Self::Ansi378v2007(Ansi378v2007 { views, .. })
            | Self::Ansi378v2009(Ansi378v2009 { views, .. }) => views
                .iter()
                .map(|v| {
                    let per_cm = (v.x_per_cm, v.y_per_cm);
                    Finger::of(v.position, (v.width, v.height), per_cm, &v.minutiae)
                        .template(from_two_degrees)
                })
                .collect(),
            Self::Iso19794p2v2011(r) => r
                .representations
                .iter()
                .map(|v| {
                    let per_cm = (v.x_per_cm, v.y_per_cm);
                    Finger::of(v.position, (v.width, v.height), per_cm, &v.minutiae).template(turn)
                })
                .collect(),
            _ => Err(RecordError::Unsupported("a template from this record")),
        }
    }
}

fn of_view(view: &FingerView, width: u16, height: u16, per_cm: (u16, u16)) -> Finger<'_> {
    Finger::of(view.position, (width, height), per_cm, &view.minutiae)
}

/// Lowest resolution of a record, pixels a centimetre.
const PER_CM_MIN: u16 = 99;

impl<'a> Finger<'a> {
    fn of(
        position: u8,
        size: (u16, u16),
        per_cm: (u16, u16),
        minutiae: &'a [RecordMinutia],
    ) -> Self {
        Self {
            position,
            width: size.0,
            height: size.1,
            x_per_cm: per_cm.0,
            y_per_cm: per_cm.1,
            minutiae,
        }
    }

    fn template(&self, angle: impl Fn(u8) -> u8) -> Result<(u8, Template), RecordError> {
        let units = |field: &'static str, px: u16, per_cm: u16| {
            if per_cm < PER_CM_MIN {
                return Err(RecordError::OutOfRange {
                    field: "resolution",
                    value: u64::from(per_cm),
                });
            }
            let half = u32::from(per_cm) / 2;
            let value = (u32::from(px) * UNITS_PER_CM + half) / u32::from(per_cm);
            super::bytes::fits::<u16>(field, value as usize)
        };
        let minutiae = self
            .minutiae
            .iter()
            .map(|m| {
                Ok(Minutia {
                    x: units("minutia x", m.x, self.x_per_cm)?,
                    y: units("minutia y", m.y, self.y_per_cm)?,
                    direction: angle(m.angle),
                    kind: if m.kind == 2 {
                        MinutiaKind::Bifurcation
                    } else {
                        MinutiaKind::Ending
                    },
                    reliability: match m.quality {
                        1..=100 => m.quality,
                        _ => NOT_REPORTED,
                    },
                })
            })
            .collect::<Result<Vec<_>, RecordError>>()?;
        let width = units("image width", self.width, self.x_per_cm)?;
        let height = units("image height", self.height, self.y_per_cm)?;
        Ok((
            self.position,
            Template::from_minutiae(width, height, minutiae),
        ))
    }
}
