//! Queue, batches and one batch: lists of cases.
//!
//! In: a filter from the address. Out: pages with the cases of the visitor's offices.
//! Never: lists a case of an office the visitor does not see.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use qayd_model::{StaffId, StationId, UnixMs};
use rusqlite::{Connection, params};

use super::{
    Console,
    language::Words,
    session::{PageError, Visitor, clock, show},
    view::{CaseRow, Choice, Page, age, case_row, code_name},
};
use crate::{
    intake,
    review::{
        Review,
        case::{self, Case, CaseState, Filter},
    },
    staff::{self, StaffMember},
    store::RegisterError,
    trust::{StationRow, stations_in},
};

/// Rows on one page of the queue.
const PAGE_ROWS: u32 = 50;
/// Batches on the list.
const BATCHES_MAX: u32 = 200;
/// Packets of one batch.
const BATCH_ROWS: u32 = 1_000;

struct Tab {
    code: &'static str,
    name: String,
    count: u64,
    href: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    page: Page,
    facts: Vec<String>,
    tabs: Vec<Tab>,
    state: String,
    offices: Vec<Choice>,
    stations: Vec<Choice>,
    duplicates: bool,
    rows: Vec<CaseRow>,
    previous: Option<String>,
    next: Option<String>,
}

/// The offices of a filter: the one chosen if the member sees it, else all of theirs.
fn offices_of(member: &StaffMember, chosen: &str) -> Vec<String> {
    if !chosen.is_empty() && member.sees(chosen) {
        vec![chosen.to_owned()]
    } else {
        member.offices.clone()
    }
}

/// Everything that waits, or that was decided, narrowed by the address.
pub(super) async fn queue(
    State(console): State<Console>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    show(visitor, move |visitor| {
        let (review, w, member) = (&console.review, visitor.w, visitor.member());
        let text = |key: &str| query.get(key).map_or("", String::as_str);
        let state = match text("state") {
            "" | "open" | "all" => None,
            name => Some(CaseState::from_name(name).ok_or(PageError::NotFound)?),
        };
        let only_open = matches!(text("state"), "" | "open");
        let filter = Filter {
            open: only_open,
            offices: offices_of(member, text("office")),
            state,
            station: text("station").parse().ok(),
            day: None,
            duplicates: text("duplicates") == "1",
        };
        let number: u32 = text("page").parse().unwrap_or(0).min(1_000_000);
        let now = review.centre().now();
        review.centre().register().read(|connection| {
            let mut cases = case::cases_in(connection, &filter, number * PAGE_ROWS, PAGE_ROWS + 1)?;
            let more = cases.len() > PAGE_ROWS as usize;
            cases.truncate(PAGE_ROWS as usize);
            let counts = case::counts_in(connection, &filter)?;
            let stations = stations_in(connection)?;
            let address = |state: &str, page: u32| {
                let mut href = format!("/console/queue?state={state}");
                for key in ["office", "station", "duplicates"] {
                    if !text(key).is_empty() {
                        href.push_str(&format!("&{key}={}", escaped(text(key))));
                    }
                }
                if page > 0 {
                    href.push_str(&format!("&page={page}"));
                }
                href
            };
            let state_text = state.map_or(if only_open { "open" } else { "all" }, CaseState::name);
            let open: u64 = counts
                .iter()
                .filter(|(state, _)| state.is_open())
                .map(|(_, n)| n)
                .sum();
            let mut facts = vec![w.n("queue-open", open)];
            if let Some(oldest) = case::oldest_open_in(connection, &filter)? {
                facts.push(w.x("queue-oldest", &age(w, now, oldest)));
            }
            let all: u64 = counts.iter().map(|(_, n)| n).sum();
            let tab = |code: &'static str, name: String, count: u64| Tab {
                code,
                name,
                count,
                href: address(code, 0),
                chosen: code == state_text,
            };
            let mut tabs = vec![tab("open", w.t("state-open"), open)];
            tabs.extend(
                counts
                    .iter()
                    .map(|(one, n)| tab(one.name(), w.code("state-", one.name()), *n)),
            );
            tabs.push(tab("all", w.t("state-all"), all));
            let known: Vec<String> = if member.offices.is_empty() {
                case::offices_in(connection)?
            } else {
                member.offices.clone()
            };
            let codes = review.packs().codes();
            Ok::<_, PageError>(QueuePage {
                page: visitor.page(w.t("queue-title"), "queue"),
                facts,
                tabs,
                state: state_text.to_owned(),
                offices: known
                    .into_iter()
                    .map(|office| Choice {
                        name: code_name(w, codes, "offices", &office),
                        chosen: office == text("office"),
                        value: office,
                    })
                    .collect(),
                stations: stations
                    .iter()
                    .map(|station| Choice {
                        value: station.id.to_string(),
                        name: station.name.clone(),
                        chosen: filter.station == Some(station.id),
                    })
                    .collect(),
                duplicates: filter.duplicates,
                rows: rows_of(connection, review, w, member.id, &cases, &stations)?,
                previous: (number > 0).then(|| address(state_text, number - 1)),
                next: more.then(|| address(state_text, number + 1)),
            })
        })
    })
    .await
}

/// Only what an address of ours may hold; everything else goes.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect()
}

fn rows_of(
    connection: &Connection,
    review: &Review,
    w: Words,
    own: StaffId,
    cases: &[Case],
    stations: &[StationRow],
) -> Result<Vec<CaseRow>, PageError> {
    let now = review.centre().now();
    let mut rows = Vec::with_capacity(cases.len());
    for case in cases {
        let station = stations
            .iter()
            .find(|station| station.id == case.station)
            .map_or("", |station| station.name.as_str());
        let holder = holder_name(connection, case, own, now)?;
        rows.push(case_row(w, review, case, station, holder)?);
    }
    Ok(rows)
}

/// Login of somebody else who holds a case now.
pub(super) fn holder_name(
    connection: &Connection,
    case: &Case,
    own: StaffId,
    now: UnixMs,
) -> Result<Option<String>, RegisterError> {
    match case.lease {
        Some((holder, until)) if holder != own && until > now && case.state.is_open() => {
            staff::login_in(connection, holder)
        }
        _ => Ok(None),
    }
}

struct BatchRow {
    href: String,
    day: String,
    station: String,
    place: String,
    cases: u64,
    open: u64,
    held: u64,
    last_seen: String,
}

#[derive(Template)]
#[template(path = "batches.html")]
struct BatchesPage {
    page: Page,
    batches: Vec<BatchRow>,
}

/// One row per station and day.
pub(super) async fn batches(State(console): State<Console>, visitor: Visitor) -> Response {
    show(visitor, move |visitor| {
        let (review, w, member) = (&console.review, visitor.w, visitor.member());
        let offset = review.settings().utc_offset_minutes;
        review.centre().register().read(|connection| {
            let stations = stations_in(connection)?;
            let offices = serde_json::to_string(&member.offices).map_err(|_| PageError::Form)?;
            let mut statement = connection.prepare_cached(
                "SELECT station, day, count(*),
                        sum(state IN ('under_review', 'duplicate_hold', 'second_opinion')), sum(state = 'duplicate_hold')
                 FROM review_case
                 WHERE ?1 = '[]' OR home_office IN (SELECT value FROM json_each(?1))
                 GROUP BY station, day ORDER BY day DESC, station LIMIT ?2",
            )?;
            let mut found = statement.query(params![offices, BATCHES_MAX])?;
            let mut batches = Vec::new();
            while let Some(row) = found.next()? {
                let (id, day): ([u8; 16], String) = (row.get(0)?, row.get(1)?);
                let id = StationId::from_bytes(id);
                let station = stations.iter().find(|station| station.id == id);
                batches.push(BatchRow {
                    href: format!("/console/batches/{id}/{day}"),
                    day: day.replace('-', "/"),
                    station: station.map(|s| s.name.clone()).unwrap_or_default(),
                    place: station.map(|s| w.code("station-kind-", &s.kind)).unwrap_or_default(),
                    cases: row.get(2)?,
                    open: row.get(3)?,
                    held: row.get(4)?,
                    last_seen: station.and_then(|s| s.last_seen).map(|at| clock(at, offset)).unwrap_or_default(),
                });
            }
            Ok::<_, PageError>(BatchesPage { page: visitor.page(w.t("batches-title"), "batches"), batches })
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    page: Page,
    station_id: String,
    station: String,
    day: String,
    facts: Vec<String>,
    gaps: Vec<String>,
    rows: Vec<CaseRow>,
}

/// Everything one station sent on one day, in the order of capture, with the numbers that are missing.
pub(super) async fn batch(
    State(console): State<Console>,
    visitor: Visitor,
    Path((station, day)): Path<(String, String)>,
) -> Response {
    show(visitor, move |visitor| {
        let (review, w, member) = (&console.review, visitor.w, visitor.member());
        let station: StationId = station.parse().map_err(|_| PageError::NotFound)?;
        let filter = Filter {
            offices: member.offices.clone(),
            station: Some(station),
            day: Some(day.clone()),
            ..Filter::default()
        };
        review.centre().register().read(|connection| {
            let cases = case::cases_in(connection, &filter, 0, BATCH_ROWS)?;
            let stations = stations_in(connection)?;
            let row = stations
                .iter()
                .find(|row| row.id == station)
                .ok_or(PageError::NotFound)?;
            let open = cases.iter().filter(|case| case.state.is_open()).count() as u64;
            let gaps = missing_numbers(connection, station, &cases)?;
            Ok::<_, PageError>(BatchPage {
                page: visitor.page(row.name.clone(), "batches"),
                station_id: station.to_string(),
                station: row.name.clone(),
                day: day.replace('-', "/"),
                facts: vec![
                    w.code("station-kind-", &row.kind),
                    w.n("batch-cases", cases.len() as u64),
                    w.n("batch-open", open),
                ],
                gaps: gaps
                    .into_iter()
                    .map(|(from, to)| w.x("batch-gap", &range(from, to)))
                    .collect(),
                rows: rows_of(connection, review, w, member.id, &cases, &stations)?,
            })
        })
    })
    .await
}

fn range(from: u64, to: u64) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from}–{to}")
    }
}

/// Sequence numbers between the first and the last of a batch that nobody has seen, at any time.
fn missing_numbers(
    connection: &Connection,
    station: StationId,
    cases: &[Case],
) -> Result<Vec<(u64, u64)>, RegisterError> {
    let (Some(first), Some(last)) = (
        cases.iter().map(|c| c.sequence).min(),
        cases.iter().map(|c| c.sequence).max(),
    ) else {
        return Ok(Vec::new());
    };
    let held = intake::packets_of_station(connection, station, first, BATCH_ROWS)?;
    let mut gaps = Vec::new();
    let mut expected = first;
    for packet in held.iter().filter(|packet| packet.sequence <= last) {
        if packet.sequence > expected {
            gaps.push((expected, packet.sequence - 1));
        }
        expected = packet.sequence + 1;
    }
    Ok(gaps)
}
