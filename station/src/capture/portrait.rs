//! Portrait: the best of a few.
//!
//! In: one attempt's [`RawSample`]. Out: [`PortraitAttempt`]. Owns: the counts and the best verdict so far.
//! Never: touches a device or the draft; `run` does.

use qayd_devices::RawSample;
use serde::Serialize;

use super::CaptureError;
use super::record::Accounting;
use crate::quality::{PortraitReport, PortraitThresholds, assess_portrait};

/// One person's portrait over all attempts.
#[derive(Debug, Clone)]
pub struct PortraitCapture {
    attempts_max: u16,
    thresholds: PortraitThresholds,
    best: Option<(u8, u8)>,
    counts: Accounting,
}

/// What one attempt gave.
#[derive(Debug, Clone, Serialize)]
pub struct PortraitAttempt {
    /// The attempt's number, from 1.
    pub attempt: u16,
    /// How many are left.
    pub attempts_left: u16,
    /// The verdict and what it rests on.
    pub report: PortraitReport,
    /// This attempt is the best so far.
    pub kept: bool,
}

impl PortraitCapture {
    /// Nothing captured yet.
    pub fn begin(attempts_max: u16) -> Self {
        Self {
            attempts_max: attempts_max.max(1),
            thresholds: PortraitThresholds::default(),
            best: None,
            counts: Accounting {
                transactions: 1,
                ..Accounting::default()
            },
        }
    }

    /// How many attempts are left.
    pub fn attempts_left(&self) -> u16 {
        self.attempts_max.saturating_sub(self.counts.attempts)
    }

    /// The counts so far.
    pub fn counts(&self) -> Accounting {
        self.counts
    }

    /// Good, or nothing left to try.
    pub fn is_done(&self) -> bool {
        self.best.is_some_and(|(rank, _)| rank == 2) || self.attempts_left() == 0
    }

    /// Whether any attempt was kept.
    pub fn has_one(&self) -> bool {
        self.best.is_some()
    }

    /// What is kept already; only what is better goes in its place. A picture that cannot be judged now only lacks that.
    pub(super) fn take_over(&mut self, bytes: &[u8]) {
        if let Ok(report) = assess_portrait(bytes, &self.thresholds) {
            self.best = Some((report.verdict.rank(), report.score.value));
        }
    }

    /// An attempt that gave nothing.
    pub fn failed_to_acquire(&mut self) {
        self.counts.attempts = self.counts.attempts.saturating_add(1);
        self.counts.failures_to_acquire = self.counts.failures_to_acquire.saturating_add(1);
    }

    /// Judges one attempt. A poor portrait is kept while there is no better one.
    ///
    /// # Errors
    /// [`CaptureError::NoTryLeft`], [`CaptureError::Portrait`].
    pub fn judge(&mut self, sample: &RawSample) -> Result<PortraitAttempt, CaptureError> {
        if self.attempts_left() == 0 {
            return Err(CaptureError::NoTryLeft);
        }
        self.counts.attempts = self.counts.attempts.saturating_add(1);
        self.counts.presentations = self.counts.presentations.saturating_add(1);
        let report = assess_portrait(sample.bytes.expose(), &self.thresholds)
            .map_err(|source| CaptureError::Portrait { source })?;
        let this = (report.verdict.rank(), report.score.value);
        let kept = self.best.is_none_or(|best| this > best);
        if kept {
            self.best = Some(this);
        }
        Ok(PortraitAttempt {
            attempt: self.counts.attempts,
            attempts_left: self.attempts_left(),
            report,
            kept,
        })
    }
}
