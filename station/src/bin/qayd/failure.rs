//! Failure: how a command ends when it does not succeed.
//!
//! In: an error of the library with its code and remedy. Out: three sentences on stderr, an exit status by remedy, and
//! code and chain in the log. Never: personal data; the library's errors hold none.

use std::error::Error;
use std::process::ExitCode;

use qayd_model::Remedy;
use qayd_station::EnrolmentError;
use qayd_station::capture::CaptureError;
use serde_json::json;

use crate::messages;
use crate::talk::Talk;

/// Why a command did not succeed.
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    kind: Kind,
    /// What exactly, in words that name files, fields and ids.
    details: Vec<String>,
    chain: String,
    /// What is safe, where the command knows better than the message of the code.
    safe: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The command line or a file it names is wrong.
    Usage,
    Remedy(Remedy),
}

/// The exit status: 0 ok, then by who can help.
fn exit_status(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::Remedy(remedy) => remedy.exit_status(),
    }
}

impl Failure {
    /// An error of the library.
    pub fn new(code: &'static str, remedy: Remedy, error: &(dyn Error + 'static)) -> Self {
        Self {
            code,
            kind: Kind::Remedy(remedy),
            details: Vec::new(),
            chain: chain(error),
            safe: None,
        }
    }

    /// The command line, or a file that it names, cannot be used.
    pub fn usage(detail: impl Into<String>) -> Self {
        Self {
            code: "CLI-01",
            kind: Kind::Usage,
            details: vec![detail.into()],
            chain: "the command line cannot be used".to_owned(),
            safe: None,
        }
    }

    /// Bad input of this code: the exit status is 2.
    pub fn input(code: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self {
            code,
            kind: Kind::Usage,
            details: Vec::new(),
            chain: chain(error),
            safe: None,
        }
    }

    /// Bad input of this code, with the details to be added.
    pub fn input_state(code: &'static str) -> Self {
        Self {
            code,
            kind: Kind::Usage,
            details: Vec::new(),
            chain: String::new(),
            safe: None,
        }
    }

    /// A state that needs this remedy, without an error behind it.
    pub fn state(code: &'static str, remedy: Remedy) -> Self {
        Self {
            code,
            kind: Kind::Remedy(remedy),
            details: Vec::new(),
            chain: String::new(),
            safe: None,
        }
    }

    /// Says what is safe in the place of the code's own message.
    pub fn safe(mut self, what: &'static str) -> Self {
        self.safe = Some(what);
        self
    }

    /// Adds a line that says what exactly.
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Adds lines that say what exactly.
    pub fn with_all(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// Says it and gives the exit status.
    pub fn report(&self, talk: &Talk) -> ExitCode {
        let status = exit_status(self.kind);
        let message = messages::of(self.code);
        let safe = self.safe.unwrap_or(message.safe);
        match self.kind {
            Kind::Remedy(Remedy::ReportBug) => {
                tracing::error!(code = self.code, chain = %self.chain, "command failed");
            }
            Kind::Remedy(Remedy::SupervisorActs) => {
                tracing::warn!(code = self.code, chain = %self.chain, "command failed");
            }
            _ => tracing::info!(code = self.code, chain = %self.chain, "command failed"),
        }
        if talk.json() {
            talk.line(
                &json!({"error": {
                    "code": self.code,
                    "remedy": match self.kind {
                        Kind::Usage => "correct_input",
                        Kind::Remedy(remedy) => remedy.name(),
                    },
                    "what": message.what,
                    "safe": safe,
                    "do": message.act,
                    "details": self.details,
                    "chain": self.chain,
                }})
                .to_string(),
            );
        } else {
            talk.line(&format!("{}: {}", self.code, message.what));
            for detail in &self.details {
                talk.line(&format!("  {detail}"));
            }
            if self.details.is_empty() && !self.chain.is_empty() {
                talk.line(&format!("  ({})", self.chain));
            }
            talk.line(&format!("Safe: {safe}"));
            talk.line(&format!("Do:   {}", message.act));
        }
        ExitCode::from(status)
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut link = error.source();
    while let Some(cause) = link {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        link = cause.source();
    }
    text
}

/// Turns errors that know their code and remedy into failures.
macro_rules! failures_from {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error.remedy(), &error)
            }
        }
    )*};
}

failures_from!(
    qayd_station::StationError,
    qayd_station::SessionError,
    qayd_station::StoreError,
    qayd_station::ProvisioningError,
    qayd_station::DayError,
    qayd_station::AuditError,
    qayd_station::FreezeError,
    qayd_station::upload::UploadError,
    qayd_devices::DeviceError,
    qayd_devices::HardwareError,
    qayd_devices::ProfileError,
    qayd_world::FilesError,
);

impl From<EnrolmentError> for Failure {
    fn from(error: EnrolmentError) -> Self {
        let lines = crate::enrol::findings(&error);
        match &error {
            EnrolmentError::Import(_)
            | EnrolmentError::BadValue { .. }
            | EnrolmentError::NoSuchField { .. } => {
                Self::input(error.code(), &error).with_all(lines)
            }
            EnrolmentError::Incomplete(_) => {
                Self::new(error.code(), error.remedy(), &error).with_all(lines)
            }
            _ => Self::new(error.code(), error.remedy(), &error),
        }
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Enrolment(error) => error.into(),
            error => Self::new(error.code(), error.remedy(), &error),
        }
    }
}
