//! Desk: what passes between the screen and the station's own thread.
//!
//! In: [`Command`]s of whoever works. Out: [`Event`]s, told through [`Tell`] from the station's thread.
//! Never: makes the screen wait; a command is put on a queue, and what comes of it is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use qayd_crypto::Passphrase;
use qayd_devices::{Hardware, Modality, Stage};
use qayd_model::pack::Language;
use qayd_model::{EnrolmentId, ExceptionReason, FingerPosition, PacketId};
use qayd_station::{Extend, World};
use qayd_window::{
    CaseState, Duty, FingerLine, FingerMark, Found, InboxItem, Kept, OpenWork, Operator,
    OutboxItem, Page, PlaceState, RailStep, ReadLine, Reason, Said, ScanLine, Service, SlapTab,
    SlipLine, StepKind, Verdict,
};
use slint::{Rgb8Pixel, SharedPixelBuffer};

use crate::form::Row;

/// Where the station is and what stands before it.
pub struct Setup {
    /// The station's folder.
    pub data: PathBuf,
    /// Clock, randomness, files.
    pub world: World,
    /// What is looked for on this computer.
    pub hardware: Hardware,
    /// Who stands before the simulated devices, where there are any.
    pub stage: Option<Stage>,
    /// Language of the screen.
    pub language: Language,
    /// A press of Continue this soon after a step came up was meant for the step before: whoever presses twice leaves one
    /// step, and reads what comes next.
    pub second_press_ms: u64,
}

/// What the screen asks of the station.
#[allow(missing_docs, reason = "the names say it")]
pub enum Command {
    Language(Language),
    SignIn {
        login: String,
        passphrase: Passphrase,
    },
    Lock,
    SignOut,
    Go(Page),
    Begin(String),
    Resume(EnrolmentId),
    Correct(EnrolmentId),
    Forward(String),
    Back(String),
    Jump(usize),
    JumpToItem(String),
    Undo,
    Leave,
    /// What a reader of documents has typed so far.
    Scanned(String),
    /// What was read is right, and is taken over.
    TakeScan,
    CloseScan,
    /// The next person of the same family: address and register go over.
    NextOfFamily,
    Edited {
        key: String,
        text: String,
    },
    Left {
        key: String,
    },
    Focused {
        key: String,
    },
    Chosen {
        key: String,
        code: String,
    },
    Added {
        key: String,
    },
    Removed {
        key: String,
    },
    /// The pages of the paper of this row.
    Page {
        key: String,
    },
    TakePage,
    /// Turns the page to the right; its edges so far are left, top, right, bottom, as shares of the picture that is shown.
    TurnPage([f32; 4]),
    /// Keeps the page between such edges.
    KeepPage([f32; 4]),
    ThrowPageAway,
    /// A page that is kept is cut again.
    TouchPage(u16),
    ClosePapers,
    Portrait,
    PortraitAgain,
    Slap(usize),
    Capture,
    CaptureAgain,
    Touch(FingerPosition),
    Except(ExceptionReason),
    Withdraw,
    CloseException,
    Signed(Vec<u8>),
    Wipe,
    Thumb,
    Approve {
        login: String,
        passphrase: Passphrase,
    },
    /// The slip of an enrolment that was sealed before.
    Slip(EnrolmentId),
    /// To the printer of this address.
    PrintSlip(String),
    /// Into this folder.
    SaveSlip(PathBuf),
    Send,
    SendAgain(PacketId),
    Search(String),
    /// The code of a slip that somebody brought.
    CheckSlip(String),
    Trail,
    ApproveDay,
    AddOperator {
        login: String,
        passphrase: Passphrase,
        duty: Duty,
    },
    Unlock(String),
    /// Lets the station work so much longer without the centre, or with so much more unsent.
    Extend(Extend),
    Check,
    /// From now on this device does what it can.
    Choose(String),
    /// What support needs to know, to be read first.
    Report,
    /// That, into this folder.
    SaveReport(PathBuf),
    CloseReport,
    /// An invitation, or where its file lies.
    Invitation(String),
    /// Makes this computer the station of the invitation whose programme's key somebody compared.
    Provision {
        compared: String,
        login: String,
        passphrase: Passphrase,
    },
    /// Ends the thread; whatever is open is kept first.
    Quit,
}

/// What the station tells the screen. All of it is shown as it is.
#[allow(missing_docs, reason = "the names say it")]
pub enum Event {
    Logins {
        logins: Vec<String>,
        locked: Option<String>,
    },
    Opening(bool),
    Wait(String),
    SignedIn {
        login: String,
        is_supervisor: bool,
    },
    Page(Page),
    Say(Said),
    Busy(bool),
    Home(HomeView),
    Frame(Box<StepFrame>),
    Form {
        rows: Vec<Row>,
        focus: String,
        title: String,
    },
    /// The rows of the same form after a choice: what stands in its boxes stays, and so do keyboard and place.
    Rows(Vec<Row>),
    Faults(Vec<(String, String)>),
    /// What is offered for each box of a name, by box; empty is nothing.
    Offers(Vec<(String, String)>),
    Scan(ScanView),
    /// The scan was taken over, or put away.
    ScanClosed,
    Kept(Kept),
    Preview {
        of: Modality,
        pixels: SharedPixelBuffer<Rgb8Pixel>,
    },
    /// The pages of a paper; `None` puts them away.
    Papers(Option<Box<PapersView>>),
    /// How a capture went, for the ear.
    Captured {
        good: bool,
    },
    NoPicture,
    Portrait(Box<PortraitView>),
    Fingers(Box<FingersView>),
    ReadBack(Box<ReadBackView>),
    Signature {
        kept: bool,
        thumb: bool,
        capturing: bool,
    },
    Seal(Box<SealView>),
    Slip(Box<SlipView>),
    /// A slip is on its way to the printer.
    Printing(bool),
    /// Where the slip was saved.
    SlipSaved(String),
    Outbox(Box<OutboxView>),
    Sending(String),
    Inbox(Vec<InboxItem>),
    Found(Vec<Found>),
    Operators(Vec<Operator>),
    Standing(StandingView),
    Trail(String),
    Day(Box<DayView>),
    Kit(Vec<DeviceView>),
    /// Line by line; none puts it away.
    Report(Vec<String>),
    /// Where the report was saved.
    ReportSaved(String),
    Invitation(Box<InvitationView>),
    Truth(Box<TruthView>),
}

/// What stands on the home page.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HomeView {
    pub services: Vec<Service>,
    pub drafts: Vec<OpenWork>,
    pub returned: Vec<OpenWork>,
    pub today: String,
}

/// The frame round one step of an enrolment.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct StepFrame {
    pub kind: StepKind,
    pub step: String,
    pub service: String,
    pub section: String,
    pub title: String,
    pub hint: String,
    pub place: String,
    pub progress: f32,
    pub may_skip: bool,
    pub rail: Vec<RailStep>,
}

/// What was read of a document, before it is taken over.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ScanView {
    /// What would be filled in: the question, and the answer.
    pub lines: Vec<ScanLine>,
    /// What was typed is no zone yet, or one that was misread: its code.
    pub problem: &'static str,
}

/// A picture on its way to the screen.
pub type Picture = Option<SharedPixelBuffer<Rgb8Pixel>>;

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PortraitView {
    pub kept: Picture,
    pub verdict: Verdict,
    pub advice: String,
    pub score: String,
    pub left: String,
    pub capturing: bool,
    pub exhausted: bool,
}

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct FingersView {
    pub slaps: Vec<SlapTab>,
    pub left_hand: Vec<FingerMark>,
    pub right_hand: Vec<FingerMark>,
    pub lines: Vec<FingerLine>,
    pub problem: String,
    pub capturing: bool,
    pub exhausted: bool,
    pub slap_done: bool,
    pub excepting: String,
    pub reasons: Vec<Reason>,
    pub is_excepted: bool,
}

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ReadBackView {
    pub portrait: Picture,
    pub names: [String; 3],
    pub lines: Vec<ReadLine>,
}

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SealView {
    pub missing: Vec<OpenWork>,
    pub notes: Vec<String>,
    pub alike: Vec<OpenWork>,
    pub needs_approval: bool,
    pub approved: bool,
    pub supervisors: Vec<String>,
    pub exceptions: String,
}

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SlipView {
    /// The person's language reads from the right.
    pub rtl: bool,
    /// It was sealed before, and is shown again.
    pub again: bool,
    /// Something of it can be carried over to the next of the family.
    pub of_family: bool,
    pub number: String,
    pub heading: String,
    pub footer: String,
    pub lines: Vec<SlipLine>,
    pub code: Picture,
}

#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct OutboxView {
    pub items: Vec<OutboxItem>,
    pub made: String,
    pub sent: String,
    pub waiting: String,
    pub oldest: String,
}

/// The pages of one paper.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PapersView {
    pub title: String,
    pub capturing: bool,
    /// A document scanner takes the page.
    pub scanner: bool,
    /// A page's edges are being drawn on `still`.
    pub cutting: bool,
    pub number: String,
    pub still: Picture,
    /// Left, top, right, bottom; shares of `still`.
    pub sides: [f32; 4],
    pub pages: Vec<PageView>,
}

/// A page that is kept.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PageView {
    pub page: u16,
    pub label: String,
    pub picture: Picture,
}

/// The day besides what the outbox says.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DayView {
    pub drafts: String,
    pub discarded: String,
    pub exceptions: String,
    pub overruled: String,
    pub refused: String,
    /// When and by whom it was approved; empty when it was not.
    pub approved: String,
    /// How many were made since; empty for none.
    pub since: String,
}

/// What an invitation says.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct InvitationView {
    pub programme: String,
    pub station: String,
    pub centre: String,
    pub expires: String,
    pub fingerprint: String,
    pub production: bool,
}

/// How the station stands with what could stop it.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct StandingView {
    pub days: String,
    pub days_most: String,
    pub days_near: bool,
    pub packets: String,
    pub packets_most: String,
    pub packets_near: bool,
}

/// One device of the kit.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DeviceView {
    pub id: String,
    pub name: String,
    pub profile: String,
    pub serial: String,
    pub state: qayd_window::DeviceState,
    pub picture: Picture,
    pub took: String,
    pub said: Said,
    pub simulated: bool,
    /// Another could do its job as well.
    pub has_others: bool,
    /// It does the job.
    pub used: bool,
}

/// The bar that tells the truth.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TruthView {
    pub station: String,
    pub network: String,
    pub network_good: bool,
    pub waiting: String,
    pub stuck: bool,
    pub battery: String,
    pub battery_low: bool,
    pub disk: String,
    pub disk_low: bool,
    pub devices: String,
    pub devices_good: bool,
    /// How well the place is known; empty while it is not.
    pub place: String,
    pub place_state: PlaceState,
    pub clock: String,
    pub returned: usize,
}

/// How the station's thread reaches the screen.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// The screen's end. Cheap to clone; dropping the last one ends the station's thread.
#[derive(Clone)]
pub struct Desk {
    commands: Sender<Command>,
    cancel: Arc<AtomicBool>,
    sending: Arc<AtomicBool>,
    preview_free: Arc<AtomicBool>,
}

impl Desk {
    /// Starts the station's thread.
    ///
    /// # Errors
    /// The operating system gave no thread.
    pub fn open(setup: Setup, tell: Tell) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (commands, queue) = channel();
        let desk = Self {
            commands,
            cancel: Arc::new(AtomicBool::new(false)),
            sending: Arc::new(AtomicBool::new(false)),
            preview_free: Arc::new(AtomicBool::new(true)),
        };
        let switches = Switches {
            cancel: desk.cancel.clone(),
            sending: desk.sending.clone(),
            preview_free: desk.preview_free.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("station".to_owned())
            .spawn(move || crate::worker::run(setup, &queue, tell, switches))?;
        Ok((desk, thread))
    }

    /// Puts a command on the queue. Whatever is being captured gives way to what goes elsewhere.
    pub fn ask(&self, command: Command) {
        let goes_on = matches!(
            command,
            Command::Edited { .. }
                | Command::Focused { .. }
                | Command::Left { .. }
                | Command::Scanned(_)
                | Command::Language(_)
                | Command::Capture
                | Command::Portrait
                | Command::Thumb
                | Command::TakePage
        );
        if !goes_on {
            self.cancel.store(true, Ordering::SeqCst);
        }
        // Without a thread behind it there is nothing left to ask.
        let _ = self.commands.send(command);
    }

    /// Stops sending; what was sent stays sent.
    pub fn stop_sending(&self) {
        self.sending.store(true, Ordering::SeqCst);
    }

    /// The screen has shown the last preview and takes another.
    pub fn preview_shown(&self) {
        self.preview_free.store(true, Ordering::SeqCst);
    }
}

/// The station's ends of the switches that work without the queue.
pub struct Switches {
    /// Ends a capture.
    pub cancel: Arc<AtomicBool>,
    /// Ends a sending.
    pub sending: Arc<AtomicBool>,
    /// The screen takes a preview; those in between are dropped.
    pub preview_free: Arc<AtomicBool>,
}

/// The state of a case as the search shows it.
pub fn case_state(name: &str) -> CaseState {
    match name {
        "sealed" => CaseState::Sealed,
        "delivered" => CaseState::Delivered,
        "refused" => CaseState::Refused,
        "accepted" => CaseState::Accepted,
        "returned" => CaseState::Returned,
        "rejected" => CaseState::Rejected,
        "same_person" => CaseState::SamePerson,
        _ => CaseState::Other,
    }
}
