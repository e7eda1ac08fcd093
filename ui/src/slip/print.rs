//! Printing over IPP (RFC 8010, RFC 8011), to a printer of the network or to a queue of CUPS.
//!
//! In: a PDF, the address of the printer. Out: the printer's word that it took the job. Never: waits without end; sends
//! what the printer says it does not read.

use std::time::Duration;

use ipp::prelude::{
    DelimiterTag, IppClient, IppError, IppOperationBuilder, IppPayload, IppRequestResponse,
    IppValue, Uri,
};

/// Longest wait for an answer of the printer.
const TIMEOUT: Duration = Duration::from_secs(15);
const PDF: &str = "application/pdf";

/// Why nothing was printed. The slip is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// No printer is set up.
    #[error("no printer is set up")]
    NoPrinter,
    /// The address is none.
    #[error("not the address of a printer")]
    Address,
    /// Nobody answered there.
    #[error("the printer does not answer, or not as a printer")]
    Unreachable {
        /// What happened.
        #[source]
        source: IppError,
    },
    /// It answered that it will not.
    #[error("the printer refused the job with status {status:#06x}")]
    Refused {
        /// Status code of RFC 8011, section 4.1.6.
        status: u16,
    },
    /// It does not read PDF; a queue of CUPS in between would.
    #[error("the printer does not read PDF")]
    Format,
}

impl PrintError {
    /// Stable code: `PRN-01` to `PRN-05`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPrinter => "PRN-01",
            Self::Address => "PRN-02",
            Self::Unreachable { .. } => "PRN-03",
            Self::Refused { .. } => "PRN-04",
            Self::Format => "PRN-05",
        }
    }
}

/// Sends a PDF to a printer. `Ok`: the printer has the whole job. The name of the job says nothing about the person.
///
/// # Errors
/// [`PrintError`].
pub fn send(address: &str, pdf: &[u8], job: &str) -> Result<(), PrintError> {
    let printer = parse_address(address)?;
    let client = IppClient::builder(printer.clone())
        .request_timeout(TIMEOUT)
        .build();
    let asked = IppOperationBuilder::get_printer_attributes(printer.clone())
        .attribute("document-format-supported")
        .build()
        .map_err(|_| PrintError::Address)?;
    // The answer holds its connection open; some printers serve one connection at a time.
    let reads_pdf = reads_pdf(&succeeded(client.send(asked))?);
    if !reads_pdf {
        return Err(PrintError::Format);
    }
    let payload = IppPayload::new(std::io::Cursor::new(pdf.to_vec()));
    let printed = IppOperationBuilder::print_job(printer, payload)
        .job_title(job)
        .document_format(PDF)
        .build()
        .map_err(|_| PrintError::Address)?;
    succeeded(client.send(printed)).map(|_| ())
}

fn parse_address(address: &str) -> Result<Uri, PrintError> {
    let address = address.trim();
    if address.is_empty() {
        return Err(PrintError::NoPrinter);
    }
    let uri: Uri = address.parse().map_err(|_| PrintError::Address)?;
    let known = matches!(uri.scheme_str(), Some("ipp" | "http"));
    if known && uri.host().is_some() {
        Ok(uri)
    } else {
        Err(PrintError::Address)
    }
}

fn succeeded(
    answer: Result<IppRequestResponse, IppError>,
) -> Result<IppRequestResponse, PrintError> {
    match answer {
        Ok(answer) if answer.header().status_code().is_success() => Ok(answer),
        Ok(answer) => Err(PrintError::Refused {
            status: answer.header().operation_or_status.cast_unsigned(),
        }),
        Err(IppError::RequestError(status)) => Err(PrintError::Refused { status }),
        Err(source) => Err(PrintError::Unreachable { source }),
    }
}

/// Whether the printer lists PDF. One that lists nothing is believed to.
fn reads_pdf(answer: &IppRequestResponse) -> bool {
    let mut listed = answer
        .attributes()
        .groups_of(DelimiterTag::PrinterAttributes)
        .filter_map(|group| {
            group
                .attributes()
                .iter()
                .find(|a| a.name().as_str() == "document-format-supported")
        })
        .flat_map(|attribute| attribute.value().into_iter())
        .filter_map(|value| match value {
            IppValue::MimeMediaType(format) => Some(format.to_string()),
            _ => None,
        })
        .peekable();
    listed.peek().is_none() || listed.any(|format| format == PDF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_printer_a_wrong_address_and_silence_are_three_answers() {
        assert_eq!(send("", b"", "1").unwrap_err().code(), "PRN-01");
        assert_eq!(send("printer", b"", "1").unwrap_err().code(), "PRN-02");
        assert_eq!(
            send("ftp://printer/", b"", "1").unwrap_err().code(),
            "PRN-02"
        );
        // A port that was free a moment ago answers nobody.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("ipp://127.0.0.1:{port}/ipp/print");
        assert_eq!(send(&address, b"", "1").unwrap_err().code(), "PRN-03");
    }
}
