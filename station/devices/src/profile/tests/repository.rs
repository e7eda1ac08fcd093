//! The profiles of this repository: good, sourced, and found by what a station sees.

use std::collections::BTreeSet;

use qayd_model::FingerPosition;
use qayd_world::OsFiles;

use super::{folder, repository, texts};
use crate::profile::{ChildRule, DeviceKind, ProfileSet, Seen, Status};

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
