//! `extract`, `match`, `quality`: one finger, or two.

use std::fmt::Write;
use std::path::Path;

use qayd_fingerprint::{Extraction, QualityReason, is_same_finger, match_score};
use serde::Serialize;

use super::files::{self, Resolution, about};
use crate::failure::Failure;
use crate::talk::Talk;

#[derive(Serialize)]
struct ExtractView {
    minutiae: usize,
    template_bytes: usize,
    algorithm: u16,
    algorithm_version: u16,
    quality: QualityView,
}

#[derive(Serialize)]
struct QualityView {
    algorithm: String,
    version: u16,
    value: u8,
    reasons: Vec<&'static str>,
    area_mm2: u32,
}

impl QualityView {
    fn of(extraction: &Extraction) -> Self {
        let quality = &extraction.quality;
        Self {
            algorithm: quality.score.algorithm.clone(),
            version: quality.score.version,
            value: quality.score.value,
            reasons: quality
                .reasons
                .iter()
                .copied()
                .map(QualityReason::name)
                .collect(),
            area_mm2: quality.area_mm2,
        }
    }
}

#[derive(Serialize)]
struct MatchView {
    score: u16,
    false_match_rate: f64,
    same_finger: bool,
}

/// Picture to template.
pub fn extract(
    image: &Path,
    output: &Path,
    resolution: Resolution,
    talk: &Talk,
) -> Result<(), Failure> {
    let found = extracted(image, resolution)?;
    let bytes = found.template.to_bytes();
    files::write(output, &bytes)?;
    let view = ExtractView {
        minutiae: found.template.minutiae().len(),
        template_bytes: bytes.len(),
        algorithm: found.template.algorithm().id,
        algorithm_version: found.template.algorithm().version,
        quality: QualityView::of(&found),
    };
    if view.minutiae == 0 {
        talk.line("No minutiae were found: this template matches nothing.");
    }
    talk.data(&view, |out| {
        writeln!(
            out,
            "{} minutiae, {} bytes, quality {}",
            view.minutiae, view.template_bytes, view.quality.value
        )
    })
}

fn extracted(image: &Path, resolution: Resolution) -> Result<Extraction, Failure> {
    let picture = files::picture(image, resolution.get())?;
    qayd_fingerprint::extract(&picture).map_err(|e| about!(image, e))
}

/// Two fingers to a score. Different fingers are an answer, not a failure.
pub fn compare(
    first: &Path,
    second: &Path,
    resolution: Resolution,
    talk: &Talk,
) -> Result<(), Failure> {
    let a = files::template(first, resolution.get())?;
    let b = files::template(second, resolution.get())?;
    let score = match_score(&a, &b);
    let view = MatchView {
        score: score.value(),
        false_match_rate: score.fmr(),
        same_finger: is_same_finger(score),
    };
    talk.data(&view, |out| {
        let answer = if view.same_finger {
            "the same finger"
        } else {
            "not shown to be the same finger"
        };
        writeln!(
            out,
            "score {}, {answer}: one in {:.0} pairs of different fingers scores so high",
            view.score,
            1.0 / view.false_match_rate
        )
    })
}

/// Picture to quality.
pub fn quality(image: &Path, resolution: Resolution, talk: &Talk) -> Result<(), Failure> {
    let view = QualityView::of(&extracted(image, resolution)?);
    talk.data(&view, |out| {
        writeln!(
            out,
            "{} of 100 ({} version {}), {} mm²{}",
            view.value,
            view.algorithm,
            view.version,
            view.area_mm2,
            if view.reasons.is_empty() {
                String::new()
            } else {
                format!(": {}", view.reasons.join(", "))
            }
        )
    })
}
