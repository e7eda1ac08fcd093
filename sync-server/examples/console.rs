//! The reviewer's console with synthetic people, to look at: `cargo run -p qayd-sync-server --example console`.
//!
//! Serves plain HTTP on the loopback, one port per language, each already signed in: a browser keeps `__Host-` cookies
//! over TLS only. Ctrl-C ends it; everything lies in a temporary folder.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for looking at pages"
)]

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
};
use qayd_crypto::{ArgonParams, Passphrase};
use qayd_model::{
    BiometricException, Decision, ExceptionReason, FingerPosition, PersonalText, Return,
    ReturnedField, SampleKind,
};
use qayd_packet::{SampleEntry, SealedPacket};
use qayd_sync_server::{
    centre::{Centre, Role},
    console,
    decision::{self, Act},
    review::{Review, ReviewSettings, case, examine::run_one},
    staff::{self, NewStaff, StaffMember, StaffRole, session},
    testing::{self, Camp, NewCase, person},
};
use qayd_world::World;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::os();
    testing::init(&world, folder.path(), "https://localhost:8443");
    let centre = testing::open(&world, folder.path(), Role::All);
    let settings = ReviewSettings {
        countersign: decision::CountersignPolicy {
            same_person: true,
            ..Default::default()
        },
        ..Default::default()
    };
    let review = Review::open(&centre, settings).unwrap();
    let (senior, _reviewer) = (
        add(
            &centre,
            "zahra",
            "زهراء عبد الأمير",
            StaffRole::SeniorReviewer,
        ),
        add(&centre, "karwan", "کاروان ئەحمەد", StaffRole::Reviewer),
    );
    fill(&centre, &review, &senior);
    for (port, language) in [(8101, "ar"), (8102, "ckb"), (8103, "en")] {
        let token = session::open(centre.register(), centre.world(), &senior, language).unwrap();
        let cookie = HeaderValue::from_str(&format!("__Host-qayd={}", token.expose())).unwrap();
        let app = console::router(review.clone()).layer(middleware::from_fn(
            move |mut request: Request, next: Next| {
                request.headers_mut().insert(header::COOKIE, cookie.clone());
                next.run(request)
            },
        ));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        println!("http://127.0.0.1:{port}/console/queue");
    }
    tokio::signal::ctrl_c().await.unwrap();
}

fn add(centre: &Centre, login: &str, name: &str, role: StaffRole) -> StaffMember {
    let new = NewStaff {
        login: login.into(),
        name: name.into(),
        role,
        offices: vec![],
        password: Passphrase::new("a long enough password"),
    };
    staff::add(
        centre.register(),
        centre.world(),
        ArgonParams::TEST,
        "example",
        new,
    )
    .unwrap()
}

fn fill(centre: &Centre, review: &Review, reviewer: &StaffMember) {
    let (mut camp, mut other) = (
        Camp::provision(centre, "مخيم حسن شام – ١"),
        Camp::provision(centre, "Debaga Camp 2"),
    );
    let page = |seed| {
        vec![(
            SampleKind::DocumentPage {
                document: "ration_card".into(),
                page: 1,
            },
            "image/jpeg",
            qayd_fingerprint::synthetic::portrait(seed, 600, 800)
                .encode_jpeg(80)
                .unwrap(),
        )]
    };
    let zeinab = person(
        "زينب_كاظم_عبد الحسين_الشمري",
        "1990-05-17",
        "فاطمة_حسين",
        "blood_group = \"o_pos\"\npassport_name = \"ZEINAB KADHIM\"\nneeds = [\"mobility\", \"home_visit\"]\nclearance_number = \"T-173\"",
    );
    let zeinab_again = person("زينه_كاظم_عبد الحسين_الشمري", "1990", "فاطمة_حسين", "");
    let paper = "[[evidence]]\ndocument = \"ration_card\"\nnumber = \"554432\"\nseen = \"copy\"\n\n[[attestors]]";
    let (zeinab, zeinab_again) = (
        zeinab.replacen("[[attestors]]", paper, 1),
        zeinab_again.replacen("[[attestors]]", paper, 1),
    );
    let ali = person("علي_محمد_صالح_الجبوري", "1978-03-02", "خديجة_عمر", "");
    let shirin = person("شيرين_حجي_مراد", "~1984", "گوڵێ_خلف", "");
    let nour = person("نور_صالح_عمر_العبيدي", "2001-02-02", "سعاد_كريم", "");
    let page_of = |seed| page(seed);
    camp.send(
        centre,
        &NewCase {
            face: Some(21),
            others: page_of(71),
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    let exceptions = vec![BiometricException {
        position: FingerPosition::LeftRing,
        reason: ExceptionReason::Amputated,
        supervisor: None,
        note: Some(PersonalText::new("منذ ٢٠١٦")),
    }];
    let both_palms = vec![(
        SampleKind::ExceptionPhoto,
        "image/jpeg",
        qayd_fingerprint::synthetic::portrait(33, 600, 400)
            .encode_jpeg(80)
            .unwrap(),
    )];
    camp.send(
        centre,
        &NewCase {
            face: Some(33),
            exceptions,
            others: both_palms,
            ..NewCase::of(&ali).with_hands(3, 1)
        },
    );
    // Sealed and never sent: a number that is missing.
    camp.enrol(&NewCase::of(&nour));
    let first = camp.send(
        centre,
        &NewCase {
            face: Some(44),
            ..NewCase::of(&shirin).with_hands(4, 1)
        },
    );
    other.send(
        centre,
        &NewCase {
            face: Some(22),
            others: page_of(72),
            ..NewCase::of(&zeinab_again).with_hands(1, 7)
        },
    );
    other.send(
        centre,
        &NewCase {
            face: Some(55),
            ..NewCase::of(&nour)
        },
    );
    let (before, mut examined) = (cpu_ms(), 0);
    while run_one(review, "example").unwrap() {
        examined += 1;
    }
    println!(
        "{} ms of CPU a packet, {examined} packets",
        (cpu_ms() - before) / examined
    );
    correct(centre, review, reviewer, &mut camp, &first);
    while run_one(review, "example").unwrap() {}
}

/// One case is returned, corrected and sent again.
fn correct(
    centre: &Centre,
    review: &Review,
    reviewer: &StaffMember,
    camp: &mut Camp,
    first: &SealedPacket,
) {
    let manifest = first.manifest.manifest();
    let seen = centre
        .register()
        .read(|c| case::case_in(c, manifest.enrolment))
        .unwrap()
        .unwrap()
        .row_version;
    let back = Return {
        fields: vec![ReturnedField {
            field: "birth_date".into(),
            reason: "incomplete".into(),
            note: Some(PersonalText::new("السنة وحدها لا تكفي")),
        }],
        fingers: vec![FingerPosition::RightThumb],
        ..Return::default()
    };
    decision::decide(
        review,
        reviewer,
        Act {
            enrolment: manifest.enrolment,
            seen,
            decision: Decision::Returned(back),
            compared: false,
        },
    )
    .unwrap();
    let stored = centre.read_packet(manifest.packet).unwrap();
    let content = review.open_content(&stored).unwrap().content;
    let held: Vec<SampleEntry> = content
        .samples
        .iter()
        .filter(|entry| entry.kind != SampleKind::Finger(FingerPosition::RightThumb))
        .map(|entry| SampleEntry {
            held_in: Some(content.packet),
            ..entry.clone()
        })
        .collect();
    let corrected = person("شيرين_حجي_مراد", "1984-06-01", "گوڵێ_خلف", "");
    let case = NewCase {
        enrolment: Some(manifest.enrolment),
        version: 2,
        face: None,
        held,
        sensitive_in: Some(content.packet),
        fingers: &[FingerPosition::RightThumb],
        ..NewCase::of(&corrected).with_hands(4, 2)
    };
    camp.send(centre, &case);
}

/// CPU time of this thread (Linux).
fn cpu_ms() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|ns| ns.parse::<u64>().ok())
        .unwrap_or_default()
        / 1_000_000
}
