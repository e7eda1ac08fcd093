//! Messages: from the stable code of an error to what the window says.
//!
//! In: a code such as `SES-03`. Out: a [`Said`], whose sentences stand in `said.slint` in every language.
//! Never: shows a code, or the text of an error.

use qayd_window::Said;

/// What is said about a code; the longest match wins. What is not known is a fault of the program's own.
pub fn said(code: &str) -> Said {
    let exact = match code {
        "SES-01" => Said::LoginForm,
        "SES-02" => Said::Nobody,
        "SES-03" => Said::WrongPassphrase,
        "SES-04" => Said::Wait,
        "SES-05" => Said::TooShort,
        "SES-06" => Said::LoginTaken,
        "SES-07" => Said::NotSupervisor,
        "SES-08" => Said::OwnApproval,
        "SES-11" => Said::OperatorRevoked,
        "STA-01" | "STO-02" => Said::NotAStation,
        "STO-01" => Said::InUse,
        "FIL-02" | "ENR-08" => Said::DiskFull,
        "ENR-01" => Said::DraftGone,
        "ENR-06" => Said::Role,
        "ENR-07" => Said::StationRevoked,
        "ENR-09" => Said::Incomplete,
        "ENR-10" => Said::ApprovalNeeded,
        "ENR-11" => Said::Changed,
        "ENR-12" => Said::RolledBack,
        "ENR-15" => Said::NotReturned,
        "ENR-16" => Said::Superseded,
        "ENR-17" => Said::OfflineTooLong,
        "ENR-18" => Said::BacklogFull,
        "CAP-02" => Said::NoTry,
        "CAP-04" => Said::BadPage,
        "AUD-01" => Said::TrailBroken,
        "PRV-01" => Said::Provisioned,
        "PRV-03" => Said::BadInvitation,
        "PRV-04" => Said::NotProvisioned,
        "PRV-05" | "PRV-06" | "PRV-07" => Said::BadAnswer,
        "DEV-03" | "DEV-04" => Said::NoDevice,
        "DEV-05" => Said::Nothing,
        "DEV-06" => Said::TimedOut,
        "DEV-09" => Said::Unplugged,
        "DEV-10" | "PLC-04" => Said::DeviceBusy,
        "SCN-01" => Said::NoPaper,
        "SCN-02" => Said::PaperJam,
        "SCN-03" => Said::CoverOpen,
        "SCN-10" | "PLC-03" => Said::DeviceDenied,
        "SBI-10" | "SBI-11" | "SBI-13" | "SBI-14" | "SBI-15" => Said::UntrustedDevice,
        "SBI-12" | "SBI-24" => Said::ClockDiffers,
        "SBI-26" => Said::OtherFingers,
        "SYN-01" => Said::NoLink,
        "SYN-02" | "SYN-03" => Said::SlowLink,
        "SYN-04" | "SYN-05" => Said::CentreBusy,
        "SYN-12" => Said::NotCentre,
        "PRN-01" => Said::NoPrinter,
        "PRN-02" | "PRN-03" => Said::PrinterOff,
        "PRN-04" | "PRN-05" => Said::PrinterRefused,
        "SLI-01" | "SLI-02" => Said::SlipUnknown,
        "SLI-10" => Said::NotSaved,
        _ => Said::Fault,
    };
    if exact != Said::Fault {
        return exact;
    }
    match code.split('-').next().unwrap_or_default() {
        "DEV" | "SBI" | "CAP" | "IMG" | "EXT" | "SLP" | "SCN" | "PLC" => Said::Device,
        "VAL" | "FND" => Said::Value,
        "SYN" | "NET" | "CHN" | "UPL" => Said::Refused,
        "STO" | "FIL" => Said::Store,
        _ => Said::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_an_officer_can_act_upon() {
        for (code, expected) in [
            ("SES-03", Said::WrongPassphrase),
            ("DEV-09", Said::Unplugged),
            ("DEV-12", Said::Device),
            ("SBI-11", Said::UntrustedDevice),
            ("SBI-27", Said::Device),
            ("ENR-17", Said::OfflineTooLong),
            ("STO-10", Said::Store),
            ("XYZ-01", Said::Fault),
        ] {
            assert_eq!(said(code), expected, "{code}");
        }
    }
}
