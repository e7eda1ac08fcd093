//! Canaries at the command line: words that only a person could have said, looked for in every byte that `qayd` leaves in
//! the station's folder, its logs and its temporary folder, with logging at its most talkative.
//!
//! The scanner is not the one of the station's own tests: two that agree are worth more than one. Its control plants the
//! same words in each form it knows, in the same folder, and has to find them all.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    io::{Read, Write as _},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use qayd_tests::Programme;
use qayd_world::World;
use tempfile::TempDir;

use crate::{
    LONG, invitation,
    qayd::{Qayd, files_in},
};

/// A pattern is looked up by so many bytes.
const LEAD: usize = 6;
/// A stream is inflated up to here.
const INFLATED_MAX: u64 = 4 * 1024 * 1024;
/// Members of the family.
const MEMBERS: usize = 10;

/// Makes words and remembers them.
#[derive(Default)]
struct Words {
    made: Vec<String>,
}

impl Words {
    fn word(&mut self, lead: &str, letters: &str) -> String {
        let letters: Vec<char> = letters.chars().collect();
        let n = self.made.len();
        let mut word = lead.to_owned();
        for shift in [12, 8, 4, 0] {
            word.push(letters[((n * 2_654_435_761) >> shift) % letters.len()]);
            word.push(letters[(n >> shift) % letters.len()]);
        }
        self.made.push(word.clone());
        word
    }

    fn latin(&mut self) -> String {
        self.word("zqvx", "abcdefghijklmnop")
    }

    fn arabic(&mut self) -> String {
        self.word("ظغضذ", "بتجدرسشصعفقلمنوح")
    }

    fn digits(&mut self) -> String {
        let number = format!(
            "1984{:08}",
            31_415_927 + self.made.len() * 27_182_811 % 60_000_000
        );
        self.made.push(number.clone());
        number
    }

    fn part(&mut self) -> String {
        format!(
            r#"{{ ar = "{}", lat = "{}" }}"#,
            self.arabic(),
            self.latin()
        )
    }

    fn name(&mut self) -> String {
        let (given, father, grandfather) = (self.part(), self.part(), self.part());
        format!("{{ given = {given}, father = {father}, grandfather = {grandfather} }}")
    }

    /// A person all of whose free words are canaries.
    fn person(&mut self) -> String {
        let mut out = String::from(
            "request_kind = \"first_registration\"\nhome_office = \"DEMO-NI-01\"\nsex = \"female\"\n\
             birth_date = \"~1984\"\nmarital_status = \"widowed\"\nfamily_number = { missing = \"not_known\" }\n",
        );
        let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").unwrap();
        line(format_args!("name = {}", self.name()));
        line(format_args!("mother_name = {}", self.name()));
        line(format_args!("spouse_name = {}", self.name()));
        line(format_args!("occupation = \"{}\"", self.arabic()));
        line(format_args!("passport_name = \"{}\"", self.latin()));
        line(format_args!("national_number = \"{}\"", self.digits()));
        let (place, part) = (self.arabic(), self.latin());
        line(format_args!(
            r#"birth_place = {{ governorate = "IQ-NI", qadha = "{place}", nahiya = "{part}" }}"#
        ));
        let address: Vec<String> = [
            "qadha",
            "nahiya",
            "mahalla",
            "zuqaq",
            "dar",
            "camp",
            "block",
            "tent",
            "village",
            "nearest_point",
        ]
        .iter()
        .map(|key| format!("{key} = \"{}\"", self.arabic()))
        .collect();
        line(format_args!(
            "address = {{ governorate = \"IQ-DA\", {} }}",
            address.join(", ")
        ));
        let (first, second) = (self.arabic(), self.latin());
        line(format_args!(
            r#"register = {{ unknown = true, hints = "{first} قبل {second}" }}"#
        ));
        let (witness, interpreter) = (self.arabic(), self.latin());
        line(format_args!(
            "consent = {{ text_version = 1, language = \"kmr\", read_aloud = true, witness = \"{witness}\", \
             interpreter = \"{interpreter}\", purposes = {{ issuance = true, sharing = false }} }}"
        ));
        for _ in 0..MEMBERS {
            let (name, number) = (self.name(), self.digits());
            line(format_args!(
                "[[family]]\nrelation = \"son\"\nname = {name}\nnational_number = \"{number}\"\npresent = true"
            ));
        }
        for document in ["csid", "nationality_certificate", "residence_card"] {
            let (place, story, complaint) = (self.arabic(), self.arabic(), self.latin());
            line(format_args!(
                "[[evidence]]\ndocument = \"{document}\"\nseen = \"none\"\n\
                 gap = {{ reason = \"lost\", place = \"{place}\", circumstances = \"{story}\", \
                 complaint_number = \"{complaint}\" }}"
            ));
        }
        for _ in 0..2 {
            let (name, number, letter) = (self.name(), self.digits(), self.latin());
            let (witness, identity) = (self.name(), self.digits());
            line(format_args!(
                "[[attestors]]\nkind = \"mukhtar\"\nname = {name}\nidentity_number = \"{number}\"\n\
                 letter_number = \"{letter}\"\nletter_date = \"2026-10-30\"\n\
                 witnesses = [{{ name = {witness}, identity_number = \"{identity}\" }}]"
            ));
        }
        out
    }
}

/// In what form a word was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Utf8,
    Utf16Le,
    Utf16Be,
    Base64,
    Hex,
}

type Found = BTreeMap<Form, BTreeSet<usize>>;

/// Looks for words in all forms.
struct Scanner {
    patterns: Vec<(usize, Form, Vec<u8>)>,
    by_lead: HashMap<[u8; LEAD], Vec<usize>>,
    /// Whether any pattern begins with these two bytes: nearly all places are dismissed here.
    begins: Vec<bool>,
}

impl Scanner {
    fn of(words: &[String]) -> Self {
        let mut patterns = Vec::new();
        for (n, word) in words.iter().enumerate() {
            let wide = |bytes: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(bytes).collect();
            patterns.push((n, Form::Utf8, word.clone().into_bytes()));
            patterns.push((n, Form::Utf16Le, wide(u16::to_le_bytes)));
            patterns.push((n, Form::Utf16Be, wide(u16::to_be_bytes)));
            patterns.push((n, Form::Hex, hex::encode(word).into_bytes()));
            patterns.push((n, Form::Hex, hex::encode_upper(word).into_bytes()));
            // At each of three alignments a word reads differently; what its neighbours touch is cut off.
            for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
                let padded = [&[0; 2][..before], word.as_bytes()].concat();
                let text = BASE64_STANDARD.encode(&padded[..padded.len() / 3 * 3]);
                patterns.push((n, Form::Base64, text.as_bytes()[cut..].to_vec()));
            }
        }
        let mut by_lead: HashMap<[u8; LEAD], Vec<usize>> = HashMap::new();
        let mut begins = vec![false; 1 << 16];
        for (index, (_, _, bytes)) in patterns.iter().enumerate() {
            let lead = bytes[..LEAD].try_into().unwrap();
            by_lead.entry(lead).or_default().push(index);
            begins[usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))] = true;
        }
        Self {
            patterns,
            by_lead,
            begins,
        }
    }

    fn plain(&self, bytes: &[u8], found: &mut Found) {
        for at in 0..bytes.len().saturating_sub(LEAD) + 1 {
            let Some(lead) = bytes.get(at..at + LEAD) else {
                return;
            };
            if !self.begins[usize::from(u16::from_be_bytes([lead[0], lead[1]]))] {
                continue;
            }
            for index in self.by_lead.get(lead).into_iter().flatten() {
                let (n, form, pattern) = &self.patterns[*index];
                if bytes[at..].starts_with(pattern) {
                    found.entry(*form).or_default().insert(*n);
                }
            }
        }
    }

    /// The bytes as they are, and every zlib, gzip and zstd stream that begins in them.
    fn bytes(&self, bytes: &[u8], found: &mut Found) {
        self.plain(bytes, found);
        for at in 0..bytes.len() {
            let here = &bytes[at..];
            let mut inflated = Vec::new();
            let _ = match here {
                [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => flate2::read::ZlibDecoder::new(here)
                    .take(INFLATED_MAX)
                    .read_to_end(&mut inflated),
                [0x1f, 0x8b, 0x08, ..] => flate2::read::GzDecoder::new(here)
                    .take(INFLATED_MAX)
                    .read_to_end(&mut inflated),
                [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::stream::read::Decoder::new(here)
                    .and_then(|d| d.take(INFLATED_MAX).read_to_end(&mut inflated)),
                _ => continue,
            };
            self.plain(&inflated, found);
        }
    }

    /// Every file below a folder, with its name; how many bytes that were.
    fn folder(&self, folder: &Path, found: &mut Found) -> usize {
        let mut total = 0;
        for path in files_in(folder) {
            self.plain(path.to_string_lossy().as_bytes(), found);
            if path.is_dir() {
                total += self.folder(&path, found);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                total += bytes.len();
                self.bytes(&bytes, found);
            }
        }
        total
    }
}

/// Leaks every word in every form, once compressed.
fn leak(folder: &Path, words: &[String]) {
    let all = words.join("\n");
    let wide = |bytes: fn(u16) -> [u8; 2]| all.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&wide(u16::to_le_bytes)).unwrap();
    let zlib = [b"some head ".to_vec(), zlib.finish().unwrap()].concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&wide(u16::to_be_bytes)).unwrap();
    let leaks = [
        ("plain", all.clone().into_bytes()),
        ("utf16le.zlib", zlib),
        ("utf16be.gz", gzip.finish().unwrap()),
        ("base64", BASE64_STANDARD.encode(&all).into_bytes()),
        (
            "hex.zst",
            zstd::encode_all(hex::encode(&all).as_bytes(), 3).unwrap(),
        ),
    ];
    std::fs::create_dir_all(folder).unwrap();
    for (name, bytes) in leaks {
        write(&folder.join(name), &bytes);
    }
}

fn write(path: &Path, bytes: &[u8]) {
    World::os().files.write_durably(path, bytes).unwrap();
}

#[test]
fn nothing_a_person_said_is_readable_in_anything_the_command_leaves_behind() {
    let programme = Programme::start();
    let scratch = TempDir::new().unwrap();
    let temporary = scratch.path().join("temporary");
    let person = scratch.path().join("person");
    for folder in [&temporary, &person] {
        std::fs::create_dir(folder).unwrap();
    }
    let qayd = Qayd::at(scratch.path().join("station"))
        .with("TMPDIR", temporary.to_str().unwrap())
        .with("QAYD_LOG", "trace");
    qayd.provision(&invitation(&programme, scratch.path(), "invitation"));
    let mut words = Words::default();
    let text = words.person();
    let words = words.made;
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
    assert_eq!(words.len(), 146);
    let scanner = Scanner::of(&words);
    let nothing_in = |when: &str| {
        let mut found = Found::new();
        let bytes = scanner.folder(&qayd.data, &mut found);
        scanner.folder(&temporary, &mut found);
        assert_eq!(found, Found::new(), "{when}");
        bytes
    };

    // Refused input is named by file and field, never repeated: neither said nor logged.
    let folder = person.to_str().unwrap();
    let enrol = [
        "enrol",
        "--pack",
        LONG,
        "--person",
        folder,
        "--simulated",
        "5",
    ];
    let bad = [
        text.replace("\"~1984\"", &format!("\"{}\"", words[0])),
        format!("{text}\n{} = = {}", words[0], words[1]),
    ];
    for text in bad {
        write(&person.join("person.toml"), text.as_bytes());
        let refused = qayd.run(&enrol);
        assert_eq!(refused.status, Some(2), "{}", refused.value);
        let mut found = Found::new();
        scanner.bytes(&refused.printed, &mut found);
        assert_eq!(found, Found::new(), "{}", refused.value);
    }
    nothing_in("after refusals");

    // A draft whose writer was killed: the database's log is left as it was.
    write(&person.join("person.toml"), text.as_bytes());
    qayd.dies_at("after-sample-written:2", &enrol);
    assert!(
        std::fs::metadata(qayd.data.join("station.db-wal")).is_ok_and(|m| m.len() > 50_000),
        "the log of the database is looked at while it is full"
    );
    nothing_in("after a death in the middle of a draft");
    let drafts = qayd.ok(&["draft", "list"]);
    let draft = drafts[0]["enrolment"].as_str().unwrap();
    let shown = qayd.run(&["draft", "show", draft]);
    let mut said = Found::new();
    scanner.bytes(&shown.printed, &mut said);
    assert!(
        said[&Form::Utf8].len() > 10,
        "the words are in the draft: its owner reads them"
    );
    qayd.ok(&["draft", "resume", draft, "--simulated", "5", "--seal"]);
    let found = qayd.ok(&["search", &words[0]]);
    assert_eq!(
        found.as_array().map(Vec::len),
        Some(1),
        "the words were taken in: search finds them: {found}"
    );
    qayd.ok(&["outbox", "send", "--patience", "5"]);
    let log = std::fs::metadata(qayd.data.join("logs/qayd.log")).unwrap();
    assert!(log.len() > 10_000, "the log was talkative: {}", log.len());
    let looked_at = nothing_in("after sealing, searching and sending");
    assert!(looked_at > 200_000, "{looked_at} bytes");

    // The same words in the same folder, leaked.
    leak(&qayd.data.join("leak"), &words);
    let mut found = Found::new();
    scanner.folder(&qayd.data, &mut found);
    let counts: Vec<(Form, usize)> = found.iter().map(|(form, n)| (*form, n.len())).collect();
    let all = words.len();
    assert_eq!(
        counts,
        [
            (Form::Utf8, all),
            (Form::Utf16Le, all),
            (Form::Utf16Be, all),
            (Form::Base64, all),
            (Form::Hex, all)
        ]
    );
}
