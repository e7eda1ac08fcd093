//! Messages: what happened, what is safe, what to do, by code. The one file to translate.
//!
//! In: a stable code of the library. Out: [`Message`]. Never: a value, a name or a number of a person; the details
//! beside a message come from the library, which holds none.
//!
//! A code without a line of its own takes the line of its family, the three letters before the dash.

/// Three sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub what: &'static str,
    /// What is safe.
    pub safe: &'static str,
    /// What to do.
    pub act: &'static str,
}

/// The message of a code.
pub fn of(code: &str) -> Message {
    let family = code.split('-').next().unwrap_or_default();
    let found = |key: &str| TEXTS.iter().find(|(held, ..)| *held == key);
    match found(code).or_else(|| found(family)) {
        Some((_, what, safe, act)) => Message { what, safe, act },
        None => FALLBACK,
    }
}

const FALLBACK: Message = Message {
    what: "Something went wrong that should not.",
    safe: NOTHING_LOST,
    act: REPORT,
};

const NOTHING_CHANGED: &str = "Nothing was changed.";
const NOTHING_LOST: &str = "Everything that was saved is still there.";
const PACKETS_SAFE: &str = "Everything that waits is safe here and will be sent later.";
const DRAFT_AS_IT_WAS: &str = "The draft is as it was before.";
const FILE_KEPT: &str = "The packet's file is kept here.";
const REPORT: &str = "Note the code and send it to support with the log in the folder logs.";
const CALL_SUPERVISOR: &str = "Call your supervisor.";
const CALL_CENTRE: &str = "A supervisor calls the centre and names the packet.";
const CORRECT: &str = "Correct what is named above and run the command again.";

type Text = (&'static str, &'static str, &'static str, &'static str);

// One line a message, so that a translator sees them as a table.
#[rustfmt::skip]
const TEXTS: &[Text] = &[
    // The command line.
    ("CLI-01", "The command cannot be run as it was given.", NOTHING_CHANGED, CORRECT),
    ("CLI-90", "The result could not be written out.", NOTHING_LOST, REPORT),
    ("CLI-99", "The program met a fault of its own.", NOTHING_LOST, REPORT),
    // The station as a whole.
    ("STA-01", "This folder is not a station yet.", NOTHING_CHANGED, "Provision it with an invitation of your programme: qayd station provision."),
    ("STA-02", "A procedure pack of the centre cannot be used.", "The packs that were here stay in force.", "A supervisor tells the centre which pack it is."),
    ("STO-01", "Another program has this station open.", NOTHING_CHANGED, "Close the window or command that uses it, then try again."),
    ("STO-02", "There is no station in this folder.", NOTHING_CHANGED, "Check the folder's name."),
    ("STO-03", "There is a station in this folder already.", NOTHING_CHANGED, "Choose another folder."),
    ("STO-04", "The store does not open with this key.", NOTHING_CHANGED, CALL_SUPERVISOR),
    ("STO-05", "A newer version of this program was used here.", NOTHING_CHANGED, "Install the newer version again."),
    ("STO-07", "The disk of this folder cannot keep work safe.", NOTHING_CHANGED, "Put the station's folder on the computer's own disk."),
    ("STO-10", "The disk did not do what was asked.", NOTHING_LOST, "Check the disk, then try again."),
    ("STO", "The station's store did not answer as it should.", NOTHING_LOST, REPORT),
    ("FIL-01", "A file is not there.", NOTHING_CHANGED, CORRECT),
    ("FIL-02", "The disk is full.", NOTHING_LOST, "Make room on the disk, then try again."),
    ("FIL-05", "A file is larger than allowed.", NOTHING_CHANGED, CORRECT),
    ("FIL", "The disk did not do what was asked.", NOTHING_LOST, "Check the disk, then call your supervisor."),
    // People who work here.
    ("SES-01", "That is not a login.", NOTHING_CHANGED, "Use 2 to 32 of a-z, 0-9, dot, dash, underscore, beginning with a letter."),
    ("SES-02", "Nobody here has this login.", NOTHING_CHANGED, "Check the spelling, or ask a supervisor to add you."),
    ("SES-03", "That is not the passphrase.", NOTHING_CHANGED, "Type it again. After several wrong ones the next attempt has to wait."),
    ("SES-04", "Too many wrong passphrases: the next attempt has to wait.", NOTHING_CHANGED, "Wait, or ask a supervisor to unlock you."),
    ("SES-05", "The passphrase is too short.", NOTHING_CHANGED, "Choose a longer one: four words are easy to remember."),
    ("SES-06", "Somebody here has this login already.", NOTHING_CHANGED, "Choose another."),
    ("SES-07", "This needs a supervisor.", NOTHING_CHANGED, CALL_SUPERVISOR),
    ("SES-08", "Nobody approves their own work.", NOTHING_CHANGED, "Another supervisor has to stand by."),
    ("SES-11", "This operator may no longer work here.", NOTHING_CHANGED, CALL_SUPERVISOR),
    ("SES", "Signing in did not work.", NOTHING_CHANGED, CALL_SUPERVISOR),
    // Becoming a station.
    ("PRV-01", "This folder is a station already.", NOTHING_CHANGED, "Choose another folder."),
    ("PRV-03", "The invitation is damaged or not one of a programme.", NOTHING_CHANGED, "Fetch the invitation file again from the centre."),
    ("PRV-04", "The centre did not provision the station.", "Nothing in this folder is usable yet.", "Check the connection, then try again; an invitation that was used needs a new one."),
    ("PRV", "The folder did not become a station.", "Nothing in this folder is usable yet.", "A supervisor asks the centre for a new invitation."),
    ("TRU", "Something is not signed by your programme.", NOTHING_CHANGED, CALL_SUPERVISOR),
    // Enrolling.
    ("ENR-01", "There is no such draft.", NOTHING_CHANGED, "List the drafts: qayd draft list."),
    ("ENR-02", "The pack has no such field.", DRAFT_AS_IT_WAS, CORRECT),
    ("ENR-04", "A sample is empty or too large.", DRAFT_AS_IT_WAS, "Take it again with less resolution."),
    ("ENR-05", "This station does not offer this service.", NOTHING_CHANGED, "List what it offers: qayd pack list."),
    ("ENR-06", "Your role does not enrol people.", NOTHING_CHANGED, "Sign in as an officer."),
    ("ENR-07", "The centre has revoked this station: it enrols nobody any more.", PACKETS_SAFE, CALL_SUPERVISOR),
    ("ENR-08", "The disk is too full to begin an enrolment.", NOTHING_LOST, "A supervisor makes room; sending what waits helps."),
    ("ENR-09", "The enrolment is not complete.", DRAFT_AS_IT_WAS, "Add what is named above, or the reason why it may be missing."),
    ("ENR-10", "A supervisor has to approve the exceptions.", DRAFT_AS_IT_WAS, "A supervisor stands by: --supervisor LOGIN."),
    ("ENR-11", "The draft changed in the meantime.", DRAFT_AS_IT_WAS, "Look at it again, then seal it."),
    ("ENR-12", "An older copy of the database was put back: sealing is stopped.", NOTHING_LOST, "Call your supervisor before anything else is done here."),
    ("ENR-14", "The person's folder cannot be used.", "Nobody was enrolled, not even in part.", CORRECT),
    ("ENR-15", "Nothing of this enrolment waits for a correction.", NOTHING_CHANGED, "List what was returned: qayd inbox list --returned."),
    ("ENR-16", "A newer version of this enrolment was sealed already.", NOTHING_CHANGED, "Search for it to see how it stands."),
    ("ENR-17", "The centre was not reached for too long: no new enrolment is begun.", PACKETS_SAFE, "Send what waits when there is a connection, or a supervisor extends: qayd station extend --days N."),
    ("ENR-18", "Too many packets wait: no new enrolment is begun.", PACKETS_SAFE, "Send what waits, or a supervisor extends: qayd station extend --packets N."),
    ("ENR", "The enrolment did not go on.", DRAFT_AS_IT_WAS, REPORT),
    ("VAL", "An answer cannot be taken.", DRAFT_AS_IT_WAS, CORRECT),
    ("IMP", "The file person.toml cannot be used.", "Nobody was enrolled, not even in part.", CORRECT),
    ("FND", "Something is missing or not allowed as it is.", DRAFT_AS_IT_WAS, CORRECT),
    ("HLD", "What the centre sent back cannot be opened here.", NOTHING_LOST, CALL_CENTRE),
    ("TPL", "A stored fingerprint template is damaged.", NOTHING_LOST, REPORT),
    ("FRZ", "That is not an extension that can be given.", NOTHING_CHANGED, "Give 1 to 30 days or 1 to 2500 packets; it can be given again."),
    // Capturing.
    ("CAP-01", "The picture is not a portrait that can be read.", DRAFT_AS_IT_WAS, "Take it again as JPEG or PNG."),
    ("CAP-02", "No try is left for this capture.", DRAFT_AS_IT_WAS, "Accept the best attempt with its reason, or declare an exception with a supervisor."),
    ("CAP-03", "No usable print could be taken of a finger.", DRAFT_AS_IT_WAS, "Declare an exception with its reason; a supervisor has to stand by."),
    ("CAP-04", "The picture is not a page that can be read.", DRAFT_AS_IT_WAS, "Take it again as JPEG, PNG or TIFF."),
    ("QUA-01", "Too little of the finger is on the glass.", DRAFT_AS_IT_WAS, "Lay the whole fingertip flat on the glass."),
    ("QUA-02", "Too dry.", DRAFT_AS_IT_WAS, "Ask the person to moisten the finger, then try again."),
    ("QUA-03", "Too wet, or pressed too hard.", DRAFT_AS_IT_WAS, "Wipe finger and glass, press less, then try again."),
    ("QUA-04", "The ridges are not clear.", DRAFT_AS_IT_WAS, "Clean finger and glass, hold still, then try again."),
    ("QUA-05", "There was no finger.", DRAFT_AS_IT_WAS, "Ask the person to lay the fingers on the glass."),
    ("QUA-06", "Fewer fingers than asked for.", DRAFT_AS_IT_WAS, "Lay all of them down together, or declare the missing one."),
    ("QUA-07", "More fingers than asked for.", DRAFT_AS_IT_WAS, "Lay down only the fingers that are shown; clean the glass."),
    ("QUA-08", "That was the other hand.", DRAFT_AS_IT_WAS, "Lay down the hand that is shown."),
    ("QUA-09", "This finger was captured before under another name.", DRAFT_AS_IT_WAS, "Lay down the finger that is shown."),
    ("QUA-10", "This is another finger than in the attempt before.", DRAFT_AS_IT_WAS, "Capture this finger anew from the beginning."),
    ("QUA", "The picture is not good enough.", DRAFT_AS_IT_WAS, "Mind light, distance and focus, then take it again."),
    ("IMG", "A picture cannot be read.", DRAFT_AS_IT_WAS, "Take it again, or save it as PNG or JPEG."),
    ("EXT", "A picture is not one of a single finger.", DRAFT_AS_IT_WAS, CORRECT),
    ("SLP", "The fingers could not be told apart.", DRAFT_AS_IT_WAS, "Spread the fingers, then try again."),
    ("FLD", "The person's folder cannot be used.", "Nobody was enrolled, not even in part.", CORRECT),
    ("DEV-03", "There is no such device.", NOTHING_CHANGED, "List the devices: qayd device list."),
    ("DEV-04", "Simulated devices are refused on a station for real people.", NOTHING_CHANGED, "Use a station that was provisioned for demonstration."),
    ("DEV-05", "The capture was stopped.", DRAFT_AS_IT_WAS, "Begin it again when the person is ready."),
    ("DEV-06", "Nothing was captured in time.", DRAFT_AS_IT_WAS, "Ask the person to lay the fingers down, then try again."),
    ("DEV-07", "The person's folder cannot be used.", "Nobody was enrolled, not even in part.", CORRECT),
    ("DEV-09", "The device is unplugged.", DRAFT_AS_IT_WAS, "Plug it in and go on: qayd draft resume."),
    ("DEV-10", "Another program uses the device.", DRAFT_AS_IT_WAS, "Close the other program, then try again."),
    ("DEV-11", "The device is not ready yet.", DRAFT_AS_IT_WAS, "Wait a moment, then try again."),
    ("DEV-14", "The device is there and has stopped sending.", DRAFT_AS_IT_WAS, "Unplug it and plug it in again, then go on: qayd draft resume."),
    ("DEV", "The device did not deliver.", DRAFT_AS_IT_WAS, "Unplug it and plug it in again; if that does not help, call your supervisor."),
    ("SCN-01", "No paper lies in the scanner.", DRAFT_AS_IT_WAS, "Put the page in, as far as it goes, then try again."),
    ("SCN-02", "A sheet is stuck in the scanner.", DRAFT_AS_IT_WAS, "Open the scanner, take the sheet out, close it, then scan that page again."),
    ("SCN-03", "The scanner's cover is open.", DRAFT_AS_IT_WAS, "Close it until it clicks, then try again."),
    ("SCN-05", "The page did not come whole.", "Nothing of it was kept.", "Scan the page again."),
    ("SCN-07", "The page is larger than one that can be kept.", "Nothing of it was kept.", "A supervisor lowers the resolution in the scanner's profile."),
    ("SCN-08", "The program that drives document scanners is not installed.", DRAFT_AS_IT_WAS, "Photograph the page with the camera. A supervisor installs scanimage (on Debian: sane-utils)."),
    ("SCN-10", "This user may not use the scanner.", DRAFT_AS_IT_WAS, "A supervisor adds the user to the group scanner, and signs in to the computer anew."),
    ("SCN-11", "The scanner does not know a setting of its profile.", DRAFT_AS_IT_WAS, "Photograph the page with the camera. A supervisor corrects the profile."),
    ("SCN", "The scanner gave no page.", "Nothing of it was kept.", "Unplug it, plug it in again, then scan the page again."),
    ("PLC-01", "No satellite receiver is plugged in.", NOTHING_LOST, "Plug it in; it is found by itself."),
    ("PLC-02", "The satellite receiver sends nothing that is understood.", NOTHING_LOST, "Unplug it and plug it in again; if that does not help, use another one."),
    ("PLC-03", "This user may not use the satellite receiver.", NOTHING_LOST, "A supervisor adds the user to the group dialout, and signs in to the computer anew."),
    ("PLC-04", "Another program uses the satellite receiver.", NOTHING_LOST, "Close the other program; it is taken up by itself."),
    ("PLC-05", "Another satellite receiver is in use.", NOTHING_LOST, "Nothing: one is enough."),
    ("PLC", "The satellite receiver does not say where this computer is.", NOTHING_LOST, "Go on working; a place is not needed to enrol."),
    ("MRZ", "The lines of letters on the document could not be read without an error.", DRAFT_AS_IT_WAS, "Hold the document flat and scan it again, or type what it says."),
    ("SBI-01", "The device's program does not answer.", DRAFT_AS_IT_WAS, "Start the device's program, or plug the device in again."),
    ("SBI-02", "The device's program does not answer in time.", DRAFT_AS_IT_WAS, "Try again; if it stays so, start the device's program anew."),
    ("SBI-03", "The capture was stopped.", DRAFT_AS_IT_WAS, "Begin it again when the person is ready."),
    ("SBI-11", "Nobody whom your programme trusts vouches for this device.", "Nothing it gave was kept.", "Do not use the device. Call your supervisor."),
    ("SBI-12", "The device's certificate is not valid at this time.", "Nothing it gave was kept.", "Check the date and time of this computer; if they are right, call your supervisor."),
    ("SBI-16", "The folder of device authorities cannot be used.", NOTHING_CHANGED, "Put the certificates of your programme there as PEM files."),
    ("SBI-24", "The device's clock and this computer's are too far apart.", "Nothing it gave was kept.", "Check the date and time of this computer; if they are right, start the device's program anew."),
    ("SBI-26", "The device gave other fingers than were asked for.", "Nothing it gave was kept.", "Lay down exactly the fingers that are shown, then try again."),
    ("SBI-28", "The device's preview broke off.", DRAFT_AS_IT_WAS, "Try again; if it stays so, start the device's program anew."),
    ("SBI", "What the device's program gave cannot be believed.", "Nothing it gave was kept.", "Do not use the device. Call your supervisor."),
    ("PRF", "Hardware profiles have problems.", NOTHING_CHANGED, "Correct the files that are named above."),
    ("PAC", "The pack has problems.", NOTHING_CHANGED, "Correct the lines that are named above."),
    // Fingerprint files.
    ("FIL-10", "A file or folder cannot be written.", NOTHING_LOST, CORRECT),
    ("REC", "A biometric record cannot be used.", NOTHING_CHANGED, CORRECT),
    ("WSQ", "A WSQ picture cannot be used.", NOTHING_CHANGED, CORRECT),
    ("NAT", "The quality of this picture cannot be measured.", NOTHING_CHANGED, "Give a picture of one finger at 500 ppi."),
    ("DSC", "What was kept for the search of fingers cannot be read.", NOTHING_CHANGED, "Make it anew from the templates."),
    ("JP2", "A JPEG 2000 picture cannot be used.", NOTHING_CHANGED, CORRECT),
    ("CBF", "A CBEFF document cannot be used.", NOTHING_CHANGED, CORRECT),
    ("EVA", "These prints give no error rate.", NOTHING_CHANGED, "Give each set two fingers, and one of them two impressions."),
    // Packets.
    ("PKT", "The file is not a good packet.", "The file was only read.", "Compare it with the copy at the centre or on the export drive."),
    ("OUT-01", "The centre refused a packet.", FILE_KEPT, CALL_CENTRE),
    ("OUT-02", "A packet's file is gone before the centre had it.", "The other packets are safe.", "Put the file back from a backup or the export drive; tell a supervisor."),
    ("OUT-03", "A packet's file was damaged on this disk.", "It was not sent as it is.", "Put the file back from a backup or the export drive; tell a supervisor."),
    ("OUT-04", "The centre holds other bytes under this packet's number.", FILE_KEPT, CALL_CENTRE),
    ("OUT-06", "The centre did not keep a packet's bytes, again and again.", FILE_KEPT, "Try it again later: qayd outbox send --retry PACKET."),
    ("OUT-20", "This packet cannot be queued again.", FILE_KEPT, "Look at its state: qayd outbox list --state stuck."),
    ("OUT-21", "Some packets need a supervisor.", "Every packet is kept here.", "Look at the next step of each: qayd outbox list --state stuck."),
    ("OUT", "A packet needs attention.", FILE_KEPT, CALL_CENTRE),
    // The centre.
    ("SYN-01", "No connection to the centre.", PACKETS_SAFE, "Go on working. Send again when there is a network."),
    ("SYN-02", "The centre did not answer in time.", PACKETS_SAFE, "Send again when the network is better; it goes on where it stopped."),
    ("SYN-03", "The connection broke.", PACKETS_SAFE, "Send again; it goes on where it stopped."),
    ("SYN-04", "The centre is busy.", PACKETS_SAFE, "Send again in a few minutes."),
    ("SYN-05", "The centre has a problem of its own.", PACKETS_SAFE, "Send again later."),
    ("SYN-08", "The centre needs another version of this program.", PACKETS_SAFE, "A supervisor updates this station."),
    ("SYN-09", "The centre refused.", PACKETS_SAFE, CALL_SUPERVISOR),
    ("SYN-10", "The centre does not accept this station.", PACKETS_SAFE, "A supervisor calls the centre."),
    ("SYN-12", "Whoever answered is not your programme's centre.", "Nothing was sent to it.", "Use another network: this one may ask for a sign-in first. If it stays so, call your supervisor."),
    ("SYN", "The centre's answer could not be used.", PACKETS_SAFE, REPORT),
    ("CHN", "A message came that is not the centre's, or one is missing before it.", "It was not acted upon, and nothing was deleted.", CALL_SUPERVISOR),
    ("MSG", "A message could not be read.", NOTHING_CHANGED, REPORT),
    ("NET", "A secure connection cannot be set up with this station's settings.", PACKETS_SAFE, CALL_SUPERVISOR),
    ("UPL", "Sending stopped.", PACKETS_SAFE, "Send again; it goes on where it stopped."),
    ("INB", "A message of the centre could not be acted upon.", "It is kept in the inbox.", CALL_SUPERVISOR),
    ("AUD-01", "The trail of what happened here was altered.", "It was only read.", "Stop working with this station and call your supervisor at once."),
    ("AUD", "The trail could not be read.", NOTHING_LOST, REPORT),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every code in the sources of what a station is made of.
    fn codes(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for piece in text.split('"') {
                    let bytes = piece.as_bytes();
                    if bytes.len() == 6
                        && bytes[..3].iter().all(u8::is_ascii_uppercase)
                        && bytes[3] == b'-'
                        && bytes[4..].iter().all(u8::is_ascii_digit)
                    {
                        found.insert(piece.to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn every_code_an_operator_can_meet_has_three_sentences() {
        let station = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        for dir in [
            "src",
            "devices/src",
            "../shared/model/src",
            "../shared/packet/src",
            "../shared/fingerprint/src",
            "../world/src",
        ] {
            codes(&station.join(dir), &mut found);
        }
        assert!(found.len() > 100, "the sources were not found");
        // Only the centre and tests meet these.
        let elsewhere = ["INT", "ISO"];
        let silent: Vec<_> = found
            .iter()
            .filter(|code| !elsewhere.iter().any(|e| code.starts_with(e)) && of(code) == FALLBACK)
            .collect();
        assert!(silent.is_empty(), "{silent:?}");
    }

    #[test]
    fn no_code_has_two_messages_and_every_sentence_ends() {
        let mut seen = BTreeSet::new();
        for (code, what, safe, act) in TEXTS {
            assert!(seen.insert(code), "{code}");
            assert!([what, safe, act].iter().all(|s| s.ends_with('.')), "{code}");
        }
    }
}
