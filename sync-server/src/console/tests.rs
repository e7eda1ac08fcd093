use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use http_body_util::BodyExt;
use qayd_crypto::{ArgonParams, Passphrase};
use qayd_model::{NamePart, PersonName, PersonalText, SampleKind, Value};
use qayd_packet::SealedPacket;
use tower::ServiceExt;

use super::router;
use crate::{
    centre::Centre,
    review::{
        Review,
        case::CaseState,
        tests::{case_of, centre, examine_all},
    },
    staff::{self, NewStaff, StaffRole},
    testing::{Camp, NewCase, child},
};

const PASSWORD: &str = "a long enough password";

struct Setting {
    _folder: tempfile::TempDir,
    centre: Centre,
    review: Review,
    app: Router,
    camp: Camp,
}

fn setting() -> Setting {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let app = router(review.clone());
    let camp = Camp::provision(&centre, "Camp A");
    let s = Setting {
        _folder: folder,
        centre,
        review,
        app,
        camp,
    };
    s.add("zahra", StaffRole::Reviewer, &[]);
    s
}

/// A browser that is signed in.
struct Browser {
    app: Router,
    cookie: String,
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    text: String,
}

async fn answer(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

impl Setting {
    fn add(&self, login: &str, role: StaffRole, offices: &[&str]) {
        let new = NewStaff {
            login: login.into(),
            name: login.into(),
            role,
            offices: offices.iter().map(|o| (*o).to_owned()).collect(),
            password: Passphrase::new(PASSWORD),
        };
        staff::add(
            self.centre.register(),
            self.centre.world(),
            ArgonParams::TEST,
            "test",
            new,
        )
        .unwrap();
    }

    async fn request(&self, request: Request<Body>) -> Answer {
        answer(self.app.clone().oneshot(request).await.unwrap()).await
    }

    async fn sign_in(&self, login: &str) -> Browser {
        let answer = self
            .request(form(
                "/console/sign-in",
                &format!("login={login}&password=a+long+enough+password&language=en"),
            ))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .to_owned();
        for part in [
            "__Host-qayd=",
            "; Secure",
            "; HttpOnly",
            "; SameSite=Strict",
            "; Path=/",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
        Browser {
            app: self.app.clone(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }
}

impl Browser {
    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path)
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .unwrap();
        answer(self.app.clone().oneshot(request).await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let mut request = form(path, body);
        request
            .headers_mut()
            .insert(header::COOKIE, self.cookie.parse().unwrap());
        answer(self.app.clone().oneshot(request).await.unwrap()).await
    }

    /// The case's page, and the hidden fields of its forms.
    async fn open(&self, packet: &SealedPacket) -> (Answer, String) {
        let page = self.get(&path(packet)).await;
        let hidden = format!(
            "csrf={}&seen={}",
            field(&page.text, "csrf"),
            field(&page.text, "seen")
        );
        (page, hidden)
    }
}

fn form(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn field(text: &str, name: &str) -> String {
    let at = text
        .find(&format!("name=\"{name}\" value=\""))
        .map_or(text.len(), |i| i + name.len() + 15);
    text[at..].split('"').next().unwrap_or_default().to_owned()
}

fn path(packet: &SealedPacket) -> String {
    format!(
        "/console/enrolments/{}",
        packet.manifest.manifest().enrolment
    )
}

#[tokio::test]
async fn nothing_is_shown_to_whoever_is_not_signed_in() {
    let mut s = setting();
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let case = path(&packet);
    for path in [
        "/console/queue",
        "/console/batches",
        &case,
        &format!("{case}/history"),
        &format!("{case}/compare/x"),
        "/console/samples/x/y",
        "/console/none",
    ] {
        let answer = s
            .request(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(
            (
                answer.status,
                answer.headers[header::LOCATION].to_str().unwrap()
            ),
            (StatusCode::SEE_OTHER, "/console/sign-in"),
            "{path}"
        );
    }
    let answer = s
        .request(form(&format!("{case}/accept"), "csrf=x&seen=1"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(case_of(&s.review, &packet).state, CaseState::UnderReview);
    let answer = s
        .request(form("/console/sign-in", "login=zahra&password=wrong"))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_forbids_scripts_frames_and_keeping() {
    let s = setting();
    let browser = s.sign_in("zahra").await;
    for path in [
        "/console/queue",
        "/console/batches",
        "/console/none",
        "/console/sign-in",
        "/console/static/console.css",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(
            !answer.text.contains("<script")
                && !answer.text.contains(" style=\"")
                && !answer.text.contains("<style"),
            "{path}"
        );
        if path != "/console/static/console.css" {
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_or_session_decides_nothing() {
    let mut s = setting();
    s.add("karwan", StaffRole::Reviewer, &[]);
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let (browser, other) = (s.sign_in("zahra").await, s.sign_in("karwan").await);
    let (_, hidden) = browser.open(&packet).await;
    let accept = format!("{}/accept", path(&packet));
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ] {
        let mut request = form(&accept, &hidden);
        request
            .headers_mut()
            .insert(header::COOKIE, browser.cookie.parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(
            s.request(request).await.status,
            StatusCode::FORBIDDEN,
            "{value}"
        );
    }
    let mut request = form(&accept, &hidden);
    request.headers_mut().remove("sec-fetch-site");
    request
        .headers_mut()
        .insert(header::COOKIE, browser.cookie.parse().unwrap());
    request
        .headers_mut()
        .insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    request
        .headers_mut()
        .insert(header::HOST, "centre.example".parse().unwrap());
    assert_eq!(s.request(request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        browser.post(&accept, "seen=1").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        other.post(&accept, &hidden).await.status,
        StatusCode::FORBIDDEN,
        "another session's token"
    );
    assert_eq!(case_of(&s.review, &packet).state, CaseState::UnderReview);
    let done = browser.post(&accept, &hidden).await;
    assert_eq!(
        (done.status, case_of(&s.review, &packet).state),
        (StatusCode::SEE_OTHER, CaseState::Accepted),
        "the control"
    );
}

#[tokio::test]
async fn offices_and_roles_bound_what_is_seen() {
    let mut s = setting();
    s.add("baghdad", StaffRole::SeniorReviewer, &["DEMO-BG-01"]);
    s.add("auditor", StaffRole::Auditor, &[]);
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let baghdad = s.sign_in("baghdad").await;
    assert_eq!(
        baghdad.get(&path(&packet)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        baghdad
            .get(&format!("{}/history", path(&packet)))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert!(
        !baghdad
            .get("/console/queue?state=all")
            .await
            .text
            .contains("data-enrolment")
    );
    let zahra = s.sign_in("zahra").await;
    let (page, _) = zahra.open(&packet).await;
    let src = page
        .text
        .split("src=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(baghdad.get(&src).await.status, StatusCode::NOT_FOUND);
    let picture = zahra.get(&src).await;
    assert_eq!(
        (
            picture.status,
            picture.headers[header::CONTENT_TYPE].to_str().unwrap()
        ),
        (StatusCode::OK, "image/jpeg")
    );
    assert_eq!(picture.headers[header::CACHE_CONTROL], "no-store");
    let auditor = s.sign_in("auditor").await;
    let (page, _) = auditor.open(&packet).await;
    assert!(
        page.status == StatusCode::OK && !page.text.contains("id=\"acts\""),
        "an auditor looks and has no forms"
    );
    let looks: u64 = s
        .centre
        .register()
        .read(|c| {
            c.query_row(
                "SELECT count(*) FROM journal WHERE action = 'sample.view'",
                [],
                |row| row.get(0),
            )
            .map_err(crate::RegisterError::from)
        })
        .unwrap();
    assert_eq!(
        looks, 1,
        "the picture that was seen, and not the one that was refused"
    );
}

#[tokio::test]
async fn sensitive_answers_open_to_a_senior_reviewer_alone_and_every_look_is_on_record() {
    let mut s = setting();
    s.add("senior", StaffRole::SeniorReviewer, &[]);
    s.add("auditor", StaffRole::Auditor, &[]);
    let needy =
        child("زينب_كاظم_جاسم").replacen("\n[name]", "clearance_number = \"T-173\"\n\n[name]", 1);
    let packet = s.camp.send(&s.centre, &NewCase::of(&needy));
    examine_all(&s.review);
    let page = format!("{}/sensitive", path(&packet));
    let looks = |s: &Setting| -> u64 {
        let count = "SELECT count(*) FROM journal WHERE action = 'sensitive.view'";
        s.centre
            .register()
            .read(|c| {
                c.query_row(count, [], |row| row.get(0))
                    .map_err(crate::RegisterError::from)
            })
            .unwrap()
    };
    for login in ["zahra", "auditor"] {
        let browser = s.sign_in(login).await;
        let refused = browser.get(&page).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{login}");
        assert!(!refused.text.contains("T-173"), "{login}");
        let case = browser.open(&packet).await.0;
        assert!(
            case.text.contains("id=\"sensitive\"") && !case.text.contains(&page),
            "it is said to be there, and no way leads to it"
        );
    }
    assert_eq!(looks(&s), 0);
    let senior = s.sign_in("senior").await;
    let case = senior.open(&packet).await.0;
    assert!(case.text.contains(&page) && !case.text.contains("T-173"));
    let shown = senior.get(&page).await;
    assert!(
        shown.status == StatusCode::OK
            && shown.text.contains("data-field=\"clearance_number\"")
            && shown.text.contains("T-173"),
        "{}",
        shown.text
    );
    assert_eq!(looks(&s), 1);
    // A centre whose key of these is kept elsewhere: everything works but this.
    std::fs::remove_file(s._folder.path().join("keys/opening-sensitive.key")).unwrap();
    let world = s.centre.world().clone();
    let folder = s._folder.path().to_owned();
    let Setting {
        _folder,
        centre,
        review,
        ..
    } = s;
    drop((centre, review));
    let centre = crate::testing::open(&world, &folder, crate::centre::Role::All);
    let review = Review::open(&centre, crate::review::ReviewSettings::default()).unwrap();
    let senior = Browser {
        app: router(review),
        ..senior
    };
    assert_eq!(senior.get(&path(&packet)).await.status, StatusCode::OK);
    let refused = senior.get(&page).await;
    assert!(
        refused.status == StatusCode::FORBIDDEN
            && refused.text.contains("REV-10")
            && !refused.text.contains("T-173"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn two_reviewers_never_get_the_forms_of_one_case() {
    let mut s = setting();
    s.add("karwan", StaffRole::Reviewer, &[]);
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let (a, b) = (s.sign_in("zahra").await, s.sign_in("karwan").await);
    let (page, _) = a.open(&packet).await;
    assert!(page.text.contains("id=\"form-accept\""));
    let (page, _) = b.open(&packet).await;
    assert!(page.text.contains("id=\"held-by\"") && !page.text.contains("id=\"form-accept\""));
    let csrf = field(&b.get("/console/queue").await.text, "csrf");
    let answer = b
        .post(
            &format!("{}/accept", path(&packet)),
            &format!("csrf={csrf}&seen=1"),
        )
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("data-code=\"DEC-04\""));
}

#[tokio::test]
async fn a_return_names_fields_fingers_and_portrait_by_plain_form_fields() {
    let mut s = setting();
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let browser = s.sign_in("zahra").await;
    let (page, hidden) = browser.open(&packet).await;
    assert!(
        page.text.contains("name=\"field\" value=\"name\"")
            && page.text.contains("name=\"reason-name\"")
    );
    let back = format!("{}/return", path(&packet));
    assert_eq!(
        browser.post(&back, &hidden).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let answer = browser.post(&back, &format!("{hidden}&field=name&reason-name=spelling&note-name=x&finger=left_thumb&portrait=1&note=y")).await;
    assert_eq!(
        answer.headers[header::LOCATION],
        "/console/queue?said=returned"
    );
    assert_eq!(case_of(&s.review, &packet).state, CaseState::Returned);
    let history = browser.get(&format!("{}/history", path(&packet))).await;
    assert!(
        history.text.contains("data-event=\"decided-returned\"")
            && history.text.contains("Spelling")
    );
}

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ 7*7 }}{% if 1 %}",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "\u{202E}زينب\u{202D}",
    "\u{2067}\u{2066}x\u{2069}",
    "&lt;b&gt;",
    "a\u{0000}b\u{0007}c",
];

/// What must never be in a page: a tag or an attribute that came from a value.
fn breaks_out(text: &str) -> Option<&'static str> {
    [
        "<script",
        "<img src=x",
        "<svg",
        "onerror=alert(1)>",
        " onmouseover='",
        "<!--",
        "]]>",
    ]
    .into_iter()
    .find(|mark| text.contains(mark))
}

#[tokio::test]
async fn hostile_text_in_every_field_stays_text() {
    let mut s = setting();
    s.add("senior", StaffRole::SeniorReviewer, &[]);
    let child = child("زينب_كاظم_جاسم");
    let pack = s
        .review
        .packs()
        .latest("national-card-first-issue")
        .unwrap()
        .clone();
    let mut sent = Vec::new();
    for (i, hostile) in HOSTILE.into_iter().enumerate() {
        let text = || PersonalText::new(hostile);
        let part = || {
            Some(NamePart {
                ar: Some(text()),
                ckb: Some(text()),
                lat: Some(text()),
            })
        };
        let name = PersonName {
            given: part(),
            father: part(),
            grandfather: part(),
            laqab: part(),
            register_script: None,
        };
        let forced = pack
            .fields()
            .filter_map(|field| {
                let value = match field.kind.name() {
                    "text" => Value::Text(text()),
                    "name" => Value::Name(name.clone()),
                    "phone" => Value::Phone(text()),
                    "national_number" => Value::NationalNumber(text()),
                    "code" if field.id != "home_office" => Value::Code(hostile.to_owned()),
                    _ => return None,
                };
                Some((field.number, value))
            })
            .collect();
        let others = vec![(
            SampleKind::DocumentPage {
                document: hostile.to_owned(),
                page: 1,
            },
            "text/html",
            format!("<script>{i}</script>").into_bytes(),
        )];
        sent.push(s.camp.send(
            &s.centre,
            &NewCase {
                forced,
                others,
                face: Some(i as u64 + 100),
                office: Some("DEMO-NI-01"),
                ..NewCase::of(&child)
            },
        ));
    }
    examine_all(&s.review);
    let browser = s.sign_in("senior").await;
    for (packet, hostile) in sent.iter().zip(HOSTILE) {
        let (page, _) = browser.open(packet).await;
        assert_eq!(page.status, StatusCode::OK, "{hostile}");
        let body = &page.text["<!doctype".len()..];
        assert_eq!(breaks_out(body), None, "{hostile}");
        if hostile.contains('\u{202E}') {
            for (at, _) in body.match_indices('\u{202E}') {
                let before = &body[..at];
                let isolated = before
                    .rfind("<bdi")
                    .max(before.rfind("<title"))
                    .max(before.rfind("alt=\""))
                    > before.rfind("</bdi>");
                assert!(
                    isolated,
                    "outside of an isolate: {}",
                    &body[at.saturating_sub(80)..at]
                );
            }
        }
    }
    let queue = browser.get("/console/queue?state=all").await;
    assert!(queue.text.matches("<tr data-enrolment").count() >= HOSTILE.len());
    assert_eq!(breaks_out(&queue.text["<!doctype".len()..]), None);
    // The control: the same marks are found where somebody puts a value in unescaped.
    assert!(breaks_out(HOSTILE[0]).is_some());
}

#[tokio::test]
async fn pages_speak_three_languages_in_their_direction() {
    let mut s = setting();
    let packet = s
        .camp
        .send(&s.centre, &NewCase::of(&child("زينب_كاظم_جاسم")));
    examine_all(&s.review);
    let browser = s.sign_in("zahra").await;
    for (language, dir) in [("ar", "rtl"), ("ckb", "rtl"), ("en", "ltr")] {
        let csrf = field(&browser.get("/console/queue").await.text, "csrf");
        let answer = browser
            .post(
                "/console/language",
                &format!("csrf={csrf}&language={language}&back={}", path(&packet)),
            )
            .await;
        assert_eq!(
            answer.headers[header::LOCATION].to_str().unwrap(),
            path(&packet)
        );
        let (page, _) = browser.open(&packet).await;
        assert!(
            page.text
                .contains(&format!("<html lang=\"{language}\" dir=\"{dir}\">"))
        );
    }
}
