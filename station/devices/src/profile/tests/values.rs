//! Values within a file: every bad one is named with its file, its path and its reason.

use super::{DEVICE_FILE, KIT_FILE, LAPTOP_FILE, names, small, with};
use crate::profile::set::FINGER_POLICY;

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
