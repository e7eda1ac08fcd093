//! Canaries: words that could only come from a person, looked for in every byte the station leaves on the disk.
//!
//! A search that finds nothing proves nothing unless it finds the same words in a folder that leaks them: the control
//! leaks them in each way the search knows, and all of them have to be found there, by each way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use qayd_model::{PersonalBytes, SampleKind, Source};

use crate::enrolment::{Draft, FieldInput};
use crate::testing::{PACK_ID, TestStation, fill, sample};

const DRAFTS: usize = 25;
const CANARIES: usize = 500;
const EACH: usize = CANARIES / DRAFTS;
/// Bytes by which patterns are looked up.
const LEAD: usize = 6;
/// A stream is inflated up to here.
const INFLATED_MAX: u64 = 4 * 1024 * 1024;

/// In what form a word was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Utf8,
    Utf16Le,
    Utf16Be,
    Base64,
    Hex,
}

const FORMS: [Form; 5] = [
    Form::Utf8,
    Form::Utf16Le,
    Form::Utf16Be,
    Form::Base64,
    Form::Hex,
];

/// The `n`-th word. Even ones are Latin, odd ones Arabic: names take nothing else.
fn canary(n: usize) -> String {
    let (lead, letters): (&str, &[char]) = if n.is_multiple_of(2) {
        (
            "zqvx",
            &[
                'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p',
            ],
        )
    } else {
        (
            "ظغضذ",
            &[
                'ب', 'ت', 'ج', 'د', 'ر', 'س', 'ش', 'ص', 'ع', 'ف', 'ق', 'ك', 'ل', 'م', 'ن', 'و',
            ],
        )
    };
    let mut out = lead.to_owned();
    for shift in [12, 8, 4, 0] {
        out.push(letters[((n * 2_654_435_761) >> shift) & 15]);
        out.push(letters[(n >> shift) & 15]);
    }
    out
}

struct Search {
    patterns: Vec<(usize, Form, Vec<u8>)>,
    by_lead: HashMap<[u8; LEAD], Vec<usize>>,
}

impl Search {
    fn new() -> Self {
        let mut patterns = Vec::new();
        for n in 0..CANARIES {
            let word = canary(n);
            patterns.push((n, Form::Utf8, word.clone().into_bytes()));
            patterns.push((
                n,
                Form::Utf16Le,
                word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ));
            patterns.push((
                n,
                Form::Utf16Be,
                word.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ));
            patterns.push((n, Form::Hex, hex::encode(&word).into_bytes()));
            // In base64 a word looks different at each of three alignments; the characters that neighbours touch are cut.
            for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
                let mut bytes = vec![0; before];
                bytes.extend_from_slice(word.as_bytes());
                let whole = bytes.len() / 3 * 3;
                let text = base64::prelude::BASE64_STANDARD.encode(&bytes[..whole]);
                patterns.push((n, Form::Base64, text.into_bytes()[cut..].to_vec()));
            }
        }
        let mut by_lead: HashMap<[u8; LEAD], Vec<usize>> = HashMap::new();
        for (index, (_, _, bytes)) in patterns.iter().enumerate() {
            by_lead
                .entry(bytes[..LEAD].try_into().unwrap())
                .or_default()
                .push(index);
        }
        Self { patterns, by_lead }
    }

    fn plain(&self, bytes: &[u8], found: &mut BTreeMap<Form, BTreeSet<usize>>) {
        for (at, window) in bytes.windows(LEAD).enumerate() {
            let lead: &[u8; LEAD] = window.try_into().unwrap();
            for index in self.by_lead.get(lead).into_iter().flatten() {
                let (n, form, pattern) = &self.patterns[*index];
                if bytes[at..].starts_with(pattern) {
                    found.entry(*form).or_default().insert(*n);
                }
            }
        }
    }

    /// What lies in the bytes as they are, and in every zlib, gzip, deflate-in-zip and zstd stream that begins in them.
    fn bytes(&self, bytes: &[u8]) -> BTreeMap<Form, BTreeSet<usize>> {
        let mut found = BTreeMap::new();
        self.plain(bytes, &mut found);
        for at in 0..bytes.len().saturating_sub(4) {
            let mut inflated = Vec::new();
            let here = &bytes[at..];
            match here {
                [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
                    let _ = flate2::read::ZlibDecoder::new(here)
                        .take(INFLATED_MAX)
                        .read_to_end(&mut inflated);
                }
                [0x1f, 0x8b, 0x08, ..] => {
                    let _ = flate2::read::GzDecoder::new(here)
                        .take(INFLATED_MAX)
                        .read_to_end(&mut inflated);
                }
                [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                    if let Ok(decoder) = zstd::stream::read::Decoder::new(here) {
                        let _ = decoder.take(INFLATED_MAX).read_to_end(&mut inflated);
                    }
                }
                _ => continue,
            }
            self.plain(&inflated, &mut found);
        }
        found
    }

    /// Every file below a folder; names of files and folders are bytes too.
    fn folder(&self, folder: &Path) -> BTreeMap<Form, BTreeSet<usize>> {
        let mut all: BTreeMap<Form, BTreeSet<usize>> = BTreeMap::new();
        for path in files_below(folder) {
            let mut bytes = path.to_string_lossy().into_owned().into_bytes();
            bytes.push(b'\n');
            bytes.extend(std::fs::read(&path).unwrap());
            for (form, found) in self.bytes(&bytes) {
                all.entry(form).or_default().extend(found);
            }
        }
        all
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files_below(&path))
        } else {
            out.push(path)
        }
    }
    out
}

/// Spreads twenty words over a draft: names, free text, samples, a note, what was typed and taken back.
fn plant(draft: &mut Draft<'_>, words: &[String]) {
    fill(draft);
    let (latin, arabic): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.is_ascii());
    let name = format!(
        r#"{{ given = {{ ar = "{}", lat = "{}" }}, father = {{ ar = "{}", lat = "{}" }}, grandfather = {{ ar = "{}", lat = "{}" }} }}"#,
        arabic[0], latin[0], arabic[1], latin[1], arabic[2], latin[2]
    );
    draft
        .set(
            "full_name",
            &FieldInput::from_text(&name),
            Source::Statement,
        )
        .unwrap();
    let text = |words: &[&String]| {
        words
            .iter()
            .map(|w| w.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    draft
        .set(
            "remark",
            &text(&arabic[3..6]).as_str().into(),
            Source::Statement,
        )
        .unwrap();
    draft
        .set(
            "remark",
            &text(&latin[3..6]).as_str().into(),
            Source::Statement,
        )
        .unwrap();
    draft
        .set_note("attempts", format!("{} {}", arabic[6], latin[6]).as_bytes())
        .unwrap();
    let mut portrait = sample(SampleKind::Portrait, 3_000);
    let bytes = format!("image {} {}", text(&arabic[7..]), text(&latin[7..]));
    portrait.bytes = PersonalBytes::new(bytes.repeat(20).into_bytes());
    draft.add_sample(portrait).unwrap();
}

/// A folder that leaks every word in every form the search knows.
fn leak(folder: &Path) {
    let words: Vec<String> = (0..CANARIES).map(canary).collect();
    let database = rusqlite::Connection::open(folder.join("plain.db")).unwrap();
    database
        .execute_batch("CREATE TABLE person (name TEXT)")
        .unwrap();
    for word in &words {
        database
            .execute("INSERT INTO person (name) VALUES (?1)", [word])
            .unwrap();
    }
    let all = words.join("\n");
    let utf16 = |bytes: fn(u16) -> [u8; 2]| all.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&utf16(u16::to_le_bytes)).unwrap();
    let leaks: [(&str, Vec<u8>); 5] = [
        (
            "utf16le.zlib",
            [b"some head ".to_vec(), zlib.finish().unwrap()].concat(),
        ),
        ("utf16be", utf16(u16::to_be_bytes)),
        (
            "base64",
            base64::prelude::BASE64_STANDARD.encode(&all).into_bytes(),
        ),
        (
            "hex.zst",
            zstd::bulk::compress(hex::encode(&all).as_bytes(), 3).unwrap(),
        ),
        ("nothing", vec![0x78, 0x9c, 0x00, 0x28, 0xb5, 0x2f, 0xfd]),
    ];
    for (name, bytes) in leaks {
        crate::testing::overwrite(&folder.join(name), &bytes);
    }
}

#[test]
fn the_control_leaks_every_word_in_every_form_and_the_search_finds_them_all() {
    let dir = tempfile::tempdir().unwrap();
    leak(dir.path());
    let found = Search::new().folder(dir.path());
    for form in FORMS {
        assert_eq!(
            found.get(&form).map(BTreeSet::len),
            Some(CANARIES),
            "{form:?}"
        );
    }
}

#[test]
fn none_of_five_hundred_words_is_on_the_disk_in_any_form() {
    let words: Vec<String> = (0..CANARIES).map(canary).collect();
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), CANARIES);
    let at = TestStation::new();
    let logs = at.data.join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    let log = std::fs::File::create(logs.join("station.log")).unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::sync::Mutex::new(log))
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        for (index, words) in words.chunks(EACH).enumerate() {
            let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
            plant(&mut draft, words);
            let id = draft.id();
            match index % 5 {
                // Left open.
                0 => {}
                1 => at.station.discard(&at.session, id).unwrap(),
                _ => {
                    let finalised = draft.finalise().unwrap();
                    tracing::debug!(?finalised, ?draft, "as somebody might log it");
                    let sealed = at.station.seal(&at.session, finalised, None).unwrap();
                    tracing::debug!(?sealed, "as somebody might log it");
                }
            }
        }
    });
    assert_eq!(
        at.station.search(&words[40], 5).unwrap().len(),
        1,
        "the words are in there, and open to search"
    );
    let search = Search::new();
    let wal = at.data.join("station.db-wal");
    assert!(
        std::fs::metadata(&wal).unwrap().len() > 100_000,
        "the log of the database is looked at while it is full"
    );
    assert_eq!(search.folder(&at.data), BTreeMap::new(), "while it is open");
    let data = at.data.clone();
    let dir = at.dir;
    drop((at.station, at.session));
    assert_eq!(search.folder(&data), BTreeMap::new(), "after it is closed");
    drop(dir);
}
