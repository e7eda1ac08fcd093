//! A scripted reviewer: signs in at the console and posts its forms as a browser would.
//!
//! In: the console's address and certificate authority. Out: cases as the pages show them, and acts.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use reqwest::{Certificate, blocking::Client, redirect};

use super::programme::PASSPHRASE;

/// A signed-in reviewer.
pub struct Console {
    client: Client,
    url: String,
}

/// A case as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The enrolment.
    pub enrolment: String,
    /// Its state by name.
    pub state: String,
    /// Its version.
    pub version: String,
    /// The packet of that version.
    pub packet: String,
}

/// A case as its page shows it.
#[derive(Debug)]
pub struct Case {
    /// Hidden fields that every act sends back.
    hidden: [(String, String); 2],
    /// Enrolments it resembles.
    pub duplicate_of: Vec<String>,
    /// Checks: name and outcome.
    pub checks: BTreeMap<String, String>,
    /// Pictures on the page.
    pub pictures: Vec<String>,
    /// Fields that can be sent back.
    pub fields: Vec<String>,
}

impl Console {
    /// Signs in.
    pub fn sign_in(url: &str, authority: &Path, login: &str) -> Result<Self> {
        let authority = Certificate::from_pem(&std::fs::read(authority)?)?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .tls_certs_only([authority])
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()?;
        let console = Self {
            client,
            url: format!("{url}/console"),
        };
        console.post(
            "/sign-in",
            &[
                ("login", login),
                ("password", PASSPHRASE),
                ("language", "en"),
            ],
        )?;
        Ok(console)
    }

    fn get(&self, path: &str) -> Result<String> {
        let answer = self.client.get(format!("{}{path}", self.url)).send()?;
        if !answer.status().is_success() {
            bail!("GET {path}: {}", answer.status());
        }
        Ok(answer.text()?)
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<()> {
        let mut body = String::new();
        for (key, value) in form {
            let separator = if body.is_empty() { "" } else { "&" };
            body.push_str(&format!("{separator}{}={}", encoded(key), encoded(value)));
        }
        let origin = self.url.trim_end_matches("/console");
        let answer = self
            .client
            .post(format!("{}{path}", self.url))
            .header("Origin", origin)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()?;
        if answer.status().as_u16() != 303 {
            let status = answer.status();
            let code = attributes(&answer.text()?, "data-code").into_iter().next();
            bail!("POST {path}: {status} {}", code.unwrap_or_default());
        }
        Ok(())
    }

    /// All cases in the queue, whatever their state, over all its pages.
    pub fn queue(&self) -> Result<Vec<Row>> {
        let mut rows: Vec<Row> = Vec::new();
        for number in 0.. {
            let page = self.get(&format!("/queue?state=all&page={number}"))?;
            let before = rows.len();
            for row in page.split("<tr ").skip(1).filter_map(row_of) {
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
            if rows.len() == before {
                break;
            }
        }
        Ok(rows)
    }

    /// Opens a case.
    pub fn open(&self, enrolment: &str) -> Result<Case> {
        let page = self.get(&format!("/enrolments/{enrolment}"))?;
        let hidden = |name: &str| -> Result<(String, String)> {
            let at = page
                .find(&format!("name=\"{name}\""))
                .with_context(|| format!("no {name} on the page"))?;
            let value = attributes(&page[at..], "value")
                .into_iter()
                .next()
                .context("a hidden field")?;
            Ok((name.to_owned(), value))
        };
        let outcomes = page.split("data-check=\"").skip(1).filter_map(|rest| {
            let name = rest.split('"').next()?.to_owned();
            Some((name, attributes(rest, "data-outcome").into_iter().next()?))
        });
        let mut duplicate_of = attributes(&page, "data-duplicate-of");
        duplicate_of.sort();
        duplicate_of.dedup();
        Ok(Case {
            hidden: [hidden("csrf")?, hidden("seen")?],
            duplicate_of,
            checks: outcomes.collect(),
            fields: attributes(&page, "name=\"field\" value"),
            pictures: attributes(&page, "src")
                .into_iter()
                .filter(|s| s.starts_with("/console/"))
                .collect(),
        })
    }

    /// Fetches a picture of a case; returns its length.
    pub fn picture(&self, path: &str) -> Result<usize> {
        let answer = self
            .client
            .get(format!("{}{path}", self.url.trim_end_matches("/console")))
            .send()?;
        if !answer.status().is_success() {
            bail!("GET {path}: {}", answer.status());
        }
        Ok(answer.bytes()?.len())
    }

    /// Opens two cases side by side.
    pub fn compare(&self, enrolment: &str, other: &str) -> Result<usize> {
        let page = self.get(&format!("/enrolments/{enrolment}/compare/{other}"))?;
        Ok(attributes(&page, "data-finger").len())
    }

    /// Posts one act on a case.
    pub fn act(&self, enrolment: &str, act: &str, fields: &[(&str, &str)]) -> Result<()> {
        let case = self.open(enrolment)?;
        let mut form: Vec<(&str, &str)> = case
            .hidden
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        form.extend_from_slice(fields);
        self.post(&format!("/enrolments/{enrolment}/{act}"), &form)
    }
}

fn row_of(row: &str) -> Option<Row> {
    let tag = row.split('>').next()?;
    let value = |name: &str| attributes(tag, name).into_iter().next();
    Some(Row {
        enrolment: value("data-enrolment")?,
        state: value("data-state")?,
        version: value("data-version")?,
        packet: value("data-packet")?,
    })
}

/// Values of an attribute, in order.
fn attributes(html: &str, name: &str) -> Vec<String> {
    html.split(&format!("{name}=\""))
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
