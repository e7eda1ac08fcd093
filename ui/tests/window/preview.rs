//! What stands on the pages when they are photographed: an invented person, in the language of the picture.
//!
//! In: a window with the preview data that its pages declare, in Arabic. Out: the same data in the picture's language, with
//! the pictures of simulated devices. Words are the packs' and their tables' where these have them, so that a picture shows
//! what an officer sees; a person's own names stay as they are written.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_devices::{
    CaptureDevice, CaptureRequest, CaptureTarget, SimulatedCamera, SimulatedPerson,
    SimulatedScanner, Stage,
};
use qayd_model::{SampleKind, Slap};
use qayd_window::{
    AppWindow, Counts, Enrolment, Fingers, Form, Home, Kit, Outbox, PaperPage, Papers, PlaceState,
    Portrait, Provision, ReadBack, Seal, Search, SignIn, Slip, Supervisor, Truth, Verdict,
};
use qayd_world::OsClock;
use slint::{ComponentHandle, Image, Model, ModelRc, SharedString, VecModel};

/// Arabic, Sorani, English.
const WORDS: [[&str; 3]; 40] = [
    ["البطاقة الوطنية", "کارتی نیشتمانی", "National card"],
    [
        "البطاقة الوطنية، الإصدار الأول",
        "کارتی نیشتمانی: دەرکردنی یەکەم",
        "National card: first issue",
    ],
    ["بطاقة السكن", "کارتی نیشتەجێبوون", "Residence card"],
    [
        "صورة وعشرة أصابع",
        "#portrait-and-fingers",
        "#portrait-and-fingers",
    ],
    ["صورة", "#portrait-only", "#portrait-only"],
    ["بصمات الأصابع", "#fingers", "#fingers"],
    ["الطلب", "داواکاری", "Request"],
    ["الهوية", "ناسنامە", "Identity"],
    ["العائلة", "خێزان", "Family"],
    ["القيد", "تۆمار و ناونیشان", "Register and address"],
    ["الاسم الكامل", "ناوی تەواو", "Full name"],
    ["كما في السجل", "وەک لە تۆماردا", "As in the register"],
    ["الاسم", "ناو", "Given name"],
    ["اسم الأب", "ناوی باوک", "Father's name"],
    ["اسم الأم", "ناوی دایک", "Mother's name"],
    ["بالعربية", "عەرەبی", "Arabic"],
    ["بالكردية", "سۆرانی", "Sorani"],
    ["باللاتينية", "لاتینی", "Latin"],
    ["الجنس", "ڕەگەز", "Sex"],
    ["ذكر", "نێر", "Male"],
    ["أنثى", "مێ", "Female"],
    ["فرد من العائلة ١", "#member", "#member"],
    ["إضافة فرد", "#add-member", "#add-member"],
    [
        "ستُسجَّل بياناتك وصورتك وبصماتك لإنجاز هذه المعاملة.",
        "زانیاری و وێنە و پەنجەمۆرت تۆمار دەکرێن بۆ ئەم مامەڵەیە.",
        "Your data, portrait and fingerprints are recorded for this service.",
    ],
    ["تاريخ الولادة", "بەرواری لەدایکبوون", "Date of birth"],
    ["اليد اليسرى", "#left-four", "#left-four"],
    ["اليد اليمنى", "#right-four", "#right-four"],
    ["الإبهامان", "#thumbs", "#thumbs"],
    ["السبابة", "پەنجەی دۆشاومژەی ڕاست", "Right index finger"],
    ["الوسطى", "پەنجەی ناوەڕاستی ڕاست", "Right middle finger"],
    ["البنصر", "پەنجەی ئەڵقەی ڕاست", "Right ring finger"],
    ["الخنصر", "پەنجە تووتەی ڕاست", "Right little finger"],
    [
        "هوية الأحوال المدنية",
        "ناسنامەی باری شارستانی",
        "Civil status identity card",
    ],
    ["قيد السجل غير معروف", "#FND-21", "#FND-21"],
    [
        "الخنصر الأيسر: مبتور",
        "پەنجە تووتەی چەپ: بڕاوە",
        "Left little finger: Amputated",
    ],
    [
        "وصل البطاقة الوطنية",
        "پسوولەی تۆمارکردنی کارتی نیشتمانی",
        "National card registration slip",
    ],
    [
        "احتفظ بهذا الوصل.",
        "ئەم پسوولەیە بپارێزە. ئەنجامەکەت پێ ڕادەگەیەنین.",
        "Keep this slip. You will be told the result.",
    ],
    [
        "البطاقة الوطنية، برنامج تجريبي",
        "کارتی نیشتمانی، بەرنامەی نموونە",
        "National card, demo programme",
    ],
    [
        "مخيم تجريبي ١ · camp · camp-1",
        "کەمپی نموونەی ١ · camp · camp-1",
        "Demo camp 1 · camp · camp-1",
    ],
    ["مخيم تجريبي ١", "کەمپی نموونەی ١", "Demo camp 1"],
];

/// A word in the language of a picture; numbers in its digits.
pub fn word(arabic: &str, language: &str) -> SharedString {
    let (column, zero) = match language {
        "ar" => (0, '٠'),
        "ckb" => (1, '٠'),
        _ => (2, '0'),
    };
    if let Some(row) = WORDS.iter().find(|row| row[0] == arabic) {
        return row[column].into();
    }
    let value = |letter: char| match letter {
        '٠'..='٩' => Some(u32::from(letter) - u32::from('٠')),
        other => other.to_digit(10),
    };
    let digit =
        |letter| value(letter).map_or(letter, |n| char::from_u32(u32::from(zero) + n).unwrap());
    arabic.chars().map(digit).collect::<String>().into()
}

fn changed<T: Clone + 'static>(rows: &ModelRc<T>, mut change: impl FnMut(&mut T)) -> ModelRc<T> {
    let mut rows: Vec<T> = rows.iter().collect();
    rows.iter_mut().for_each(&mut change);
    ModelRc::new(VecModel::from(rows))
}

/// Says everything that a pack or a person said in the language of a picture. Once for a window: it reads Arabic.
pub fn say_in(window: &AppWindow, language: &str) {
    let say = |text: &mut SharedString| *text = word(text.as_str(), language);
    let said = |text: SharedString| word(text.as_str(), language);

    let enrolment = window.global::<Enrolment>();
    enrolment.set_service(said(enrolment.get_service()));
    enrolment.set_place(said(enrolment.get_place()));
    enrolment.set_rail(changed(&enrolment.get_rail(), |step| say(&mut step.label)));

    let form = window.global::<Form>();
    form.set_rows(changed(&form.get_rows(), |row| {
        say(&mut row.label);
        // A word of the window's own has its number beside it.
        if row.label == "#member" {
            row.text = "1".into();
        }
        say(&mut row.text);
        row.boxes = changed(&row.boxes, |cell| say(&mut cell.caption));
        row.choices = changed(&row.choices, |choice| say(&mut choice.label));
    }));

    let home = window.global::<Home>();
    home.set_services(changed(&home.get_services(), |service| {
        say(&mut service.title);
        say(&mut service.about);
    }));
    let work = |work: &mut qayd_window::OpenWork| {
        say(&mut work.title);
        say(&mut work.service);
        say(&mut work.when);
        say(&mut work.note);
    };
    home.set_drafts(changed(&home.get_drafts(), work));
    home.set_returned(changed(&home.get_returned(), work));
    home.set_made(said(home.get_made()));
    home.set_sent(said(home.get_sent()));
    home.set_waiting(said(home.get_waiting()));

    let outbox = window.global::<Outbox>();
    outbox.set_items(changed(&outbox.get_items(), |item| {
        say(&mut item.number);
        say(&mut item.service);
        say(&mut item.when);
    }));
    outbox.set_oldest(said(outbox.get_oldest()));
    outbox.set_made(said(outbox.get_made()));
    outbox.set_sent(said(outbox.get_sent()));
    outbox.set_waiting(said(outbox.get_waiting()));
    let inbox = window.global::<qayd_window::Inbox>();
    inbox.set_items(changed(&inbox.get_items(), |item| {
        say(&mut item.number);
        say(&mut item.when);
    }));
    let search = window.global::<Search>();
    search.set_found(changed(&search.get_found(), |found| {
        say(&mut found.number);
        say(&mut found.name);
        say(&mut found.service);
        say(&mut found.when);
    }));

    let fingers = window.global::<Fingers>();
    fingers.set_slaps(changed(&fingers.get_slaps(), |slap| {
        say(&mut slap.label);
        say(&mut slap.left);
    }));
    fingers.set_lines(changed(&fingers.get_lines(), |line| {
        say(&mut line.name);
        say(&mut line.score);
    }));
    let portrait = window.global::<Portrait>();
    portrait.set_attempts_left(said(portrait.get_attempts_left()));
    let read_back = window.global::<ReadBack>();
    read_back.set_lines(changed(&read_back.get_lines(), |line| {
        say(&mut line.label);
        say(&mut line.text);
    }));
    let seal = window.global::<Seal>();
    seal.set_missing(changed(&seal.get_missing(), work));
    seal.set_notes(changed(&seal.get_notes(), say));
    seal.set_exceptions(said(seal.get_exceptions()));
    let slip = window.global::<Slip>();
    slip.set_rtl(language != "en");
    slip.set_number(said(slip.get_number()));
    slip.set_heading(said(slip.get_heading()));
    slip.set_footer(said(slip.get_footer()));
    slip.set_lines(changed(&slip.get_lines(), |line| {
        line.label = match line.label.as_str() {
            "الاسم" => word("الاسم الكامل", language),
            other => word(other, language),
        };
        say(&mut line.text);
    }));

    let day = window.global::<Supervisor>();
    day.set_days(said(day.get_days()));
    day.set_days_most(said(day.get_days_most()));
    day.set_packets(said(day.get_packets()));
    day.set_packets_most(said(day.get_packets_most()));
    day.set_drafts(said(day.get_drafts()));
    day.set_discarded(said(day.get_discarded()));
    day.set_exceptions(said(day.get_exceptions()));
    day.set_overruled(said(day.get_overruled()));
    day.set_refused(said(day.get_refused()));
    day.set_approved(said(day.get_approved()));

    window.global::<SignIn>().set_language(language.into());
    let provision = window.global::<Provision>();
    provision.set_programme(word("البطاقة الوطنية، برنامج تجريبي", language));
    provision.set_station(word("مخيم تجريبي ١ · camp · camp-1", language));
    provision.set_centre("https://centre.example".into());
    provision.set_expires(word("٠٣/١٢ ١٢:٠٠", language));
    provision.set_fingerprint("3f2a 91c4 7be0 55d1 08ac e6f3 b219 4d70".into());

    let truth = window.global::<Truth>();
    truth.set_station(word("مخيم تجريبي ١", language));
    truth.set_network(word("١٠:١٢", language));
    truth.set_network_good(true);
    truth.set_waiting(word("٣", language));
    truth.set_battery(word("٧٦ %", language));
    truth.set_disk(word("٢١٤ GB", language));
    truth.set_place(word("± ٦ m", language));
    truth.set_place_state(PlaceState::Known);
    truth.set_devices(word("٢", language));
    truth.set_clock(word("١٢:٠٠", language));
    window.global::<Counts>().set_outbox(word("٣", language));
}

/// A sheet on a table, with lines that say nothing.
fn sheet() -> Image {
    let mut pixels = slint::SharedPixelBuffer::<slint::Rgb8Pixel>::new(500, 670);
    for (at, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (at % 500, at / 500);
        let on_sheet = (45..455).contains(&x) && (45..625).contains(&y);
        let is_line = (80..420).contains(&x) && y > 90 && y < 580 && y % 26 < 6;
        *pixel = match (on_sheet, is_line) {
            (true, true) => slint::Rgb8Pixel::new(96, 96, 104),
            (true, false) => slint::Rgb8Pixel::new(246, 245, 240),
            (false, _) => slint::Rgb8Pixel::new(112, 88, 70),
        };
    }
    Image::from_rgb8(pixels)
}

/// The last picture that an invented device shows while it captures.
fn shown_by(device: &mut dyn CaptureDevice, target: CaptureTarget, mirrored: bool) -> Image {
    device.open().unwrap();
    let mut last = None;
    let mut see = |frame| last = Some(frame);
    let request = CaptureRequest::of(target);
    device
        .capture(&request, &AtomicBool::new(false), &mut see)
        .unwrap();
    let pixels = qayd_ui::pixels_of_frame(&last.unwrap(), mirrored).unwrap();
    Image::from_rgb8(pixels)
}

/// What devices show.
#[derive(Clone, Default)]
pub struct Pictures {
    face: Image,
    slap: Image,
}

impl Pictures {
    pub fn take() -> Self {
        let stage = Stage::make(SimulatedPerson::make(9));
        let clock = Arc::new(OsClock::default());
        let mut camera = SimulatedCamera::make(stage.clone(), clock.clone(), false).unwrap();
        let mut scanner = SimulatedScanner::make(stage, clock, false).unwrap();
        Self {
            face: shown_by(
                &mut camera,
                CaptureTarget::Sample(SampleKind::Portrait),
                true,
            ),
            slap: shown_by(&mut scanner, CaptureTarget::Slap(Slap::RightFour), false),
        }
    }

    /// Lays out the page of this name; those that the others show are taken away.
    pub fn lay_out(&self, window: &AppWindow, name: &str, language: &str) {
        let portrait = window.global::<Portrait>();
        portrait.set_frame(self.face.clone());
        portrait.set_live(true);
        portrait.set_verdict(Verdict::Good);
        window.global::<Fingers>().set_frame(self.slap.clone());
        let read_back = window.global::<ReadBack>();
        read_back.set_portrait(self.face.clone());
        read_back.set_has_portrait(true);
        let code = format!("QAYD:2:{}", "0123456789ABCDEF".repeat(18));
        let code = qayd_ui::pixels_of_code(&code).unwrap();
        window.global::<Slip>().set_code(Image::from_rgb8(code));
        let kit = window.global::<Kit>();
        kit.set_devices(changed(&kit.get_devices(), |device| {
            device.picture = self.face.clone();
        }));
        let papers = window.global::<Papers>();
        papers.set_open(name.starts_with("papers"));
        papers.set_cutting(name == "papers-cut");
        papers.set_title(word("هوية الأحوال المدنية", language));
        papers.set_number(word("١", language));
        papers.set_live(true);
        papers.set_frame(sheet());
        papers.set_still(sheet());
        let pages = [(1, "١"), (2, "٢")].map(|(number, label)| PaperPage {
            number,
            label: word(label, language),
            picture: sheet(),
        });
        papers.set_pages(ModelRc::new(VecModel::from(pages.to_vec())));
        let lines = [
            "[computer]",
            "program        qayd-station 0.1.0",
            "memory         7916432 kB",
            "",
            "[station]",
            "offline        3 of 60 days",
            "outbox         12 queued, 0 sending, 40 delivered, 31 settled, 1 stuck",
            "",
            "[log]",
            "2026-11-26T08:00:00Z INFO qayd_ui: told the operator code=DEV-09",
        ];
        let report = lines
            .iter()
            .filter(|_| name == "report")
            .map(|line| SharedString::from(*line))
            .collect::<Vec<_>>();
        kit.set_report(ModelRc::new(VecModel::from(report)));
    }
}
