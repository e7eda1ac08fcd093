//! The profiles of this repository, and every kind of bad one beside a good control.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use qayd_model::FingerPosition;
use qayd_world::OsFiles;

use super::set::{FINGER_POLICY, PORTRAIT_POLICY};
use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles")
}

/// Every TOML file of the repository's folder: path below it, and text.
fn texts() -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&folder(), &folder(), &mut found);
    found.sort();
    found
}

fn repository() -> ProfileSet {
    ProfileSet::load(&texts()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_repositorys_profiles_are_good() {
    let set = repository();
    let real = set
        .devices()
        .iter()
        .filter(|d| !d.is_virtual && d.kind != DeviceKind::Import);
    let (iris, first): (Vec<_>, Vec<_>) = real.partition(|d| d.kind == DeviceKind::Iris);
    assert_eq!((first.len(), iris.len()), (27, 1));
    assert_eq!((set.kits().len(), set.laptops().len()), (4, 4));
    assert!(
        first
            .iter()
            .chain(&iris)
            .all(|d| d.status == Status::Unverified),
        "none was on a bench"
    );
    let read = ProfileSet::read(&OsFiles::default(), &folder()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.devices(), set.devices());
}

#[test]
fn every_reference_is_in_sources_md_and_every_source_is_used() {
    let listed: BTreeSet<String> = std::fs::read_to_string(folder().join("SOURCES.md"))
        .unwrap()
        .lines()
        .filter_map(|l| Some(l.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect();
    let mut used = BTreeSet::new();
    for (_, text) in texts() {
        let table: toml::Table = toml::from_str(&text).unwrap();
        let sources = table
            .get("source")
            .and_then(|s| s.as_array())
            .cloned()
            .unwrap_or_default();
        used.extend(
            sources
                .iter()
                .map(|s| s["ref"].as_str().unwrap().to_owned()),
        );
    }
    // One is named in a remark: the review of a predecessor, which proves nothing about the model itself.
    used.insert("latitude-5424-review".into());
    assert_eq!(used, listed);
}

#[test]
fn a_device_is_found_by_what_the_station_sees() {
    let set = repository();
    let id = |seen: Seen<'_>| set.find(&seen).map(|d| d.id.as_str());
    let usb = |vid, pid| Seen::Usb {
        vid,
        pid,
        class: None,
    };
    assert_eq!(id(usb(0x113f, 0x7100)), Some("finger.ib.kojak"));
    assert_eq!(id(usb(0x046d, 0x08e5)), Some("camera.logitech.c920"));
    assert_eq!(id(usb(0x046d, 0xffff)), None);
    // The RealScan's rule names a class, so that another device of that id is not taken for it.
    let realscan = |class| Seen::Usb {
        vid: 0x16d1,
        pid: 0x1026,
        class,
    };
    assert_eq!(
        id(realscan(Some([0xff, 0, 0]))),
        Some("finger.suprema.rsg10")
    );
    assert_eq!(
        (id(realscan(Some([3, 0, 0]))), id(realscan(None))),
        (None, None)
    );
    let sbi = |make, model| Seen::Sbi {
        device_type: "Finger",
        sub_type: "Slap",
        make,
        model,
        level: "L0",
    };
    assert_eq!(
        id(sbi("Integrated Biometrics", "KOJAK PL")),
        Some("finger.ib.kojak")
    );
    assert_eq!(
        id(sbi("Greenbit", "DactyScan84c")),
        Some("finger.greenbit.ds84c")
    );
    assert_eq!(id(sbi("Integrated Biometrics", "Watson")), None);
    assert_eq!(
        id(Seen::Sane { name: "test:0" }),
        Some("docscan.virtual.sane-test")
    );
    assert_eq!(
        id(Seen::BuiltIn { id: "folder" }),
        Some("import.qayd.folder")
    );
}

#[test]
fn built_in_devices_and_their_profiles_name_each_other() {
    let set = repository();
    for (id, profile) in [
        ("simulated-scanner", crate::simulated::SCANNER_PROFILE),
        ("simulated-camera", crate::simulated::CAMERA_PROFILE),
        ("folder", crate::folder::FOLDER_PROFILE),
    ] {
        assert_eq!(set.find(&Seen::BuiltIn { id }).unwrap().id, profile);
    }
}

#[test]
fn a_child_is_asked_for_less_and_never_for_less_than_nothing() {
    let set = repository();
    let mut policy = set.finger_quality().clone();
    assert_eq!(policy.accept(FingerPosition::LeftThumb, false), 40);
    assert_eq!(policy.accept(FingerPosition::LeftRing, false), 30);
    assert_eq!(policy.accept(FingerPosition::LeftThumb, true), 25);
    policy.child_5_12 = Some(ChildRule { accept_delta: -100 });
    assert_eq!(policy.accept(FingerPosition::LeftThumb, true), 0);
}

const GOOD: &str = r#"
schema = 1
id = "finger.acme.one"
kind = "finger"
vendor = "Acme"
model = "One"
status = "bench"
[[match]]
usb = { vid = "1209", pid = "0001" }
[driver]
linux = ["sbi", "adapter:acme"]
[finger]
ppi = 500
[capture]
retries = 3
[quality]
ref = "policy/quality-finger.toml"
floor = 25
accept = { thumb = 45 }
[[bench]]
where = "bench"
what = "one finger"
result = "one image"
[[source]]
field = "match.usb"
evidence = "V"
ref = "usb-ids"
what = "id"
[[source]]
field = "finger"
evidence = "V"
ref = "usb-ids"
what = "read off"
[[source]]
field = "capture.retries"
evidence = "P"
ref = "usb-ids"
what = "choice"
[[source]]
field = "quality"
evidence = "P"
ref = "usb-ids"
what = "choice"
"#;

const KIT: &str = r#"
schema = 1
id = "kit.acme"
laptop = "laptop.acme.lap"
devices = [{ role = "slap", any_of = ["finger.acme.one"] }, { role = "any", any_driver = "sbi" }]
"#;

const LAPTOP: &str = r#"
schema = 1
id = "laptop.acme.lap"
vendor = "Acme"
model = "Lap"
status = "unverified"
nits = 800
[[source]]
field = "nits"
evidence = "K"
ref = "usb-ids"
what = "said"
"#;

const DEVICE_FILE: &str = "devices/finger/acme-one.toml";
const KIT_FILE: &str = "kits/acme.toml";
const LAPTOP_FILE: &str = "laptops/acme.toml";

/// A small good set with the repository's policies.
fn small() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = texts()
        .into_iter()
        .filter(|(f, _)| f.starts_with("policy/"))
        .collect();
    for (file, text) in [(DEVICE_FILE, GOOD), (KIT_FILE, KIT), (LAPTOP_FILE, LAPTOP)] {
        files.push((file.to_owned(), text.to_owned()));
    }
    files
}

fn names(files: &[(String, String)]) -> Vec<(String, String, &'static str)> {
    match ProfileSet::load(files) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems
            .into_iter()
            .map(|p| (p.file, p.path, p.reason.name()))
            .collect(),
    }
}

/// The small set with one piece of one file replaced.
fn with(file: &str, from: &str, to: &str) -> Vec<(String, String, &'static str)> {
    let mut files = small();
    let (_, text) = files.iter_mut().find(|(f, _)| f == file).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
    names(&files)
}

#[test]
fn the_small_set_is_good() {
    assert_eq!(names(&small()), []);
}

#[test]
fn every_bad_value_is_named_with_file_path_and_reason() {
    let second = "\n[[match]]\nusb = { vid = \"1209\", pid = \"0001\" }\n[driver]";
    let cases = [
        (
            DEVICE_FILE,
            "schema = 1",
            "schema = 2",
            "schema",
            "unknown_edition",
        ),
        (DEVICE_FILE, "vendor =", "vender =", "", "shape"),
        (DEVICE_FILE, "ppi = 500", "ppi = \"500\"", "", "shape"),
        (DEVICE_FILE, "ppi = 500", "dpi = 500", "", "shape"),
        (DEVICE_FILE, "ppi = 500", "ppi = ", "", "shape"),
        (
            DEVICE_FILE,
            "kind = \"finger\"",
            "kind = \"toe\"",
            "",
            "shape",
        ),
        (
            DEVICE_FILE,
            "finger.acme.one",
            "iris.acme.one",
            "id",
            "bad_id",
        ),
        (
            DEVICE_FILE,
            "finger.acme.one",
            "finger.Acme",
            "id",
            "bad_id",
        ),
        (DEVICE_FILE, "finger.acme.one", "finger", "id", "bad_id"),
        (
            DEVICE_FILE,
            "\"1209\"",
            "\"0x1209\"",
            "match.usb.vid",
            "not_hex",
        ),
        (
            DEVICE_FILE,
            "\"0001\"",
            "\"00AB\"",
            "match.usb.pid",
            "not_hex",
        ),
        (
            DEVICE_FILE,
            "\"0001\"",
            "\"0001\", class = \"ff\"",
            "match.usb.class",
            "not_hex",
        ),
        (
            DEVICE_FILE,
            "usb = {",
            "tcp_port = 1\nusb = {",
            "match",
            "match_keys",
        ),
        (DEVICE_FILE, "\n[driver]", second, "match", "same_match"),
        (
            DEVICE_FILE,
            "linux = [\"sbi\",",
            "linux = [\"SBI x\",",
            "driver.linux",
            "bad_driver",
        ),
        (
            DEVICE_FILE,
            "ppi = 500",
            "ppi = 96",
            "finger.ppi",
            "out_of_range",
        ),
        (
            DEVICE_FILE,
            "ppi = 500",
            "fap = 55",
            "finger.fap",
            "out_of_range",
        ),
        (
            DEVICE_FILE,
            "ppi = 500",
            "image_px = [0, 9]",
            "finger.image_px",
            "out_of_range",
        ),
        (
            DEVICE_FILE,
            "ppi = 500",
            "platen_mm = [0.0, 9.0]",
            "finger.platen_mm",
            "out_of_range",
        ),
        (
            DEVICE_FILE,
            "field = \"finger\"",
            "field = \"finger.ppi.x\"",
            "finger.ppi",
            "no_source",
        ),
        (
            DEVICE_FILE,
            "field = \"match.usb\"",
            "field = \"match\"",
            "",
            "",
        ),
        (
            DEVICE_FILE,
            "field = \"match.usb\"",
            "field = \"match.us\"",
            "match.usb",
            "no_source",
        ),
        (
            DEVICE_FILE,
            "field = \"finger\"",
            "field = \"fingers\"",
            "finger.ppi",
            "no_source",
        ),
        (
            DEVICE_FILE,
            "evidence = \"V\"",
            "evidence = \"K\"",
            "match.usb",
            "unchecked_but_claimed",
        ),
        (
            DEVICE_FILE,
            "ref = \"usb-ids\"",
            "ref = \"usb ids\"",
            "match.usb",
            "bad_reference",
        ),
        (
            DEVICE_FILE,
            "quality-finger",
            "quality-toes",
            "quality.ref",
            "no_policy",
        ),
        (
            DEVICE_FILE,
            "quality-finger",
            "quality-portrait",
            "quality.ref",
            "no_policy",
        ),
        (
            DEVICE_FILE,
            "floor = 25",
            "floor = 19",
            "quality.floor",
            "looser_than_policy",
        ),
        (
            DEVICE_FILE,
            "thumb = 45",
            "thumb = 39",
            "quality.accept.thumb",
            "looser_than_policy",
        ),
        (
            DEVICE_FILE,
            "retries = 3",
            "retries = 4",
            "capture.retries",
            "looser_than_policy",
        ),
        (
            DEVICE_FILE,
            "floor = 25",
            "max_tries = 5",
            "quality.max_tries",
            "looser_than_policy",
        ),
        (
            LAPTOP_FILE,
            "field = \"nits\"",
            "field = \"px\"",
            "nits",
            "no_source",
        ),
        (
            LAPTOP_FILE,
            "\"unverified\"",
            "\"field\"",
            "status",
            "no_bench",
        ),
        (
            KIT_FILE,
            "finger.acme.one",
            "finger.acme.two",
            "devices.slap",
            "unknown_device",
        ),
        (
            KIT_FILE,
            "laptop.acme.lap",
            "laptop.acme.top",
            "laptop",
            "unknown_laptop",
        ),
        (
            KIT_FILE,
            "any_driver = \"sbi\"",
            "any_driver = \"ipp\"",
            "devices.any",
            "unknown_driver",
        ),
        (
            KIT_FILE,
            ", any_driver = \"sbi\"",
            "",
            "devices.any",
            "no_device",
        ),
        (
            KIT_FILE,
            "role = \"any\"",
            "role = \"slap\"",
            "devices.slap",
            "same_role",
        ),
        (
            KIT_FILE,
            "devices =",
            "virtual_only = true\ndevices =",
            "devices.slap",
            "virtual_mixed",
        ),
        (
            DEVICE_FILE,
            "\"bench\"\n",
            "\"bench\"\nvirtual = true\n",
            "devices.slap",
            "virtual_mixed",
        ),
        (
            DEVICE_FILE,
            "status = \"bench\"",
            "status = \"withdrawn\"",
            "devices.slap",
            "withdrawn",
        ),
        (
            FINGER_POLICY,
            "floor = 20",
            "floor = 31",
            "",
            "out_of_range",
        ),
        (
            FINGER_POLICY,
            "accept_delta = -15",
            "accept_delta = 15",
            "",
            "out_of_range",
        ),
        (
            FINGER_POLICY,
            "max_tries = 4",
            "max_tries = 0",
            "",
            "out_of_range",
        ),
    ];
    for (file, from, to, path, reason) in cases {
        let found = with(file, from, to);
        if reason.is_empty() {
            assert_eq!(found, [], "{file}: `{to}` is good");
            continue;
        }
        let is_it = |(f, p, r): &(String, String, &str)| {
            *r == reason && p == path && (f == file || f == KIT_FILE)
        };
        assert!(found.iter().any(is_it), "{file}: `{to}` gave {found:?}");
    }
}

#[test]
fn a_source_for_nothing_is_a_problem() {
    let found = with(DEVICE_FILE, "field = \"finger\"", "field = \"finger.fap\"");
    assert!(
        found
            .iter()
            .any(|(_, p, r)| p == "finger.fap" && *r == "source_for_nothing")
    );
}

#[test]
fn a_trial_without_a_record_is_a_problem() {
    let mut files = small();
    let (_, text) = files.iter_mut().find(|(f, _)| f == DEVICE_FILE).unwrap();
    let (before, after) = (
        text.find("[[bench]]").unwrap(),
        text.find("[[source]]").unwrap(),
    );
    text.replace_range(before..after, "");
    assert_eq!(
        names(&files),
        [(DEVICE_FILE.into(), "status".into(), "no_bench")]
    );
}

#[test]
fn two_files_of_one_id_or_one_match_are_a_problem_unless_priority_tells_them_apart() {
    let mut files = small();
    files.push(("devices/finger/acme-two.toml".into(), GOOD.into()));
    let reasons: Vec<_> = names(&files).into_iter().map(|(_, _, r)| r).collect();
    assert_eq!(reasons, ["same_id", "same_match"]);
    let other = GOOD.replace("acme.one", "acme.two");
    files.last_mut().unwrap().1 = other.replace("usb = {", "priority = 1\nusb = {");
    assert_eq!(names(&files), []);
    let set = ProfileSet::load(&files).unwrap();
    let seen = Seen::Usb {
        vid: 0x1209,
        pid: 1,
        class: None,
    };
    assert_eq!(set.find(&seen).unwrap().id, "finger.acme.two");
}

#[test]
fn a_file_in_the_wrong_place_is_a_problem() {
    let mut files = small();
    files.push((
        "devices/iris/acme.toml".into(),
        GOOD.replace("acme.one", "acme.two"),
    ));
    assert!(
        names(&files)
            .iter()
            .any(|(_, p, r)| p == "kind" && *r == "wrong_folder")
    );
    let mut files = small();
    files.push(("settings.toml".into(), String::new()));
    assert_eq!(
        names(&files),
        [("settings.toml".into(), String::new(), "unknown_place")]
    );
}

#[test]
fn a_set_without_its_policies_is_no_set() {
    let files: Vec<_> = small()
        .into_iter()
        .filter(|(f, _)| !f.starts_with("policy/"))
        .collect();
    let found = names(&files);
    for file in [FINGER_POLICY, PORTRAIT_POLICY] {
        assert!(
            found.contains(&(file.into(), String::new(), "missing")),
            "{found:?}"
        );
    }
}

#[test]
fn all_problems_of_all_files_are_reported_at_once() {
    let mut files = small();
    for (_, text) in &mut files {
        *text = text.replacen("schema = 1", "schema = 9", 1);
    }
    let found = names(&files);
    assert_eq!(
        found
            .iter()
            .filter(|(_, _, r)| *r == "unknown_edition")
            .count(),
        5,
        "{found:?}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = ProfileSet::read(&OsFiles::default(), &folder().join("nowhere")).unwrap_err();
    assert!(
        error
            .problems
            .iter()
            .any(|p| p.reason.name() == "unreadable")
    );
}

#[test]
fn a_file_that_is_not_text_or_too_long_is_named_when_a_folder_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[allow(
            clippy::disallowed_methods,
            reason = "a test's own files need not be durable"
        )]
        std::fs::write(path, bytes).unwrap();
    };
    for (file, text) in small() {
        put(&file, text.as_bytes());
    }
    assert!(ProfileSet::read(&OsFiles::default(), dir.path()).is_ok());
    put("devices/iris/latin.toml", b"vendor = \"Caf\xe9\"");
    put("devices/iris/long.toml", &[b'#'; 70_000]);
    let error = ProfileSet::read(&OsFiles::default(), dir.path()).unwrap_err();
    let found: Vec<_> = error
        .problems
        .iter()
        .map(|p| (p.file.as_str(), p.reason.name()))
        .collect();
    assert_eq!(
        found,
        [
            ("devices/iris/latin.toml", "shape"),
            ("devices/iris/long.toml", "unreadable")
        ]
    );
}

#[test]
fn a_scanner_and_a_receiver_are_known_and_their_blocks_stay_at_home_and_in_range() {
    let set = repository();
    let usb = |vid, pid| {
        let class = None;
        set.find(&Seen::Usb { vid, pid, class })
    };
    let feeder = usb(0x04c5, 0x132e).unwrap();
    let block = feeder.docscan.as_ref().unwrap();
    assert_eq!(feeder.id, "docscan.fujitsu.fi7160");
    assert_eq!(
        (block.ppi, block.page_mm),
        (Some(300), Some([210.0, 297.0]))
    );
    let cable = usb(0x067b, 0x2303).unwrap();
    assert_eq!(
        (cable.kind, cable.gps.as_ref().unwrap().baud),
        (DeviceKind::Gps, Some(4_800))
    );
    let problems = |file: &str, from: &str, to: &str| {
        let texts: Vec<(String, String)> = texts()
            .into_iter()
            .map(|(name, text)| {
                if name == file {
                    assert!(text.contains(from), "{from}");
                    return (name, text.replacen(from, to, 1));
                }
                (name, text)
            })
            .collect();
        let problems = ProfileSet::load(&texts).err().map(|e| e.problems);
        problems
            .unwrap_or_default()
            .into_iter()
            .map(|p| p.path)
            .collect::<Vec<_>>()
    };
    let feeder = "devices/docscan/fujitsu-fi-7160.toml";
    let cable = "devices/gps/prolific-pl2303.toml";
    for (file, from, to, path) in [
        (feeder, "ppi = 300", "ppi = 1200", "docscan.ppi"),
        (feeder, "[210, 297]", "[0, 297]", "docscan.page_mm"),
        (feeder, "\"ADF Front\"", "\"\"", "docscan.source"),
        (cable, "baud = 4800", "baud = 300", "gps.baud"),
    ] {
        assert_eq!(problems(file, from, to), [path]);
    }
    assert_eq!(
        problems(feeder, "ppi = 300", "ppi = 200"),
        Vec::<String>::new()
    );
    let foreign = "[gps]\nbaud = 4800\n\n[[source]]\nfield = \"gps\"\nevidence = \"P\"\nref = \"proposal\"\nwhat = \"x\"\n\n[docscan]";
    assert_eq!(problems(feeder, "[docscan]", foreign), ["gps"]);
}
