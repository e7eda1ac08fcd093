//! SANE's own `test` backend behind the real program: a page, every status, being stopped, being without the program.
//!
//! Needs the Debian package `sane-utils` (`./x test` installs it). Where it is absent the tests that need it say so aloud, and
//! fail where oracles are required. Programs that lie are small shell scripts in its place.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use qayd_model::{Ppi, SampleKind};
use qayd_world::{Clock, OsClock, OsFiles};

use super::*;
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, Frame, Geometry, MediaType, Modality, RawSample,
    TIMEOUT_MS_MAX,
};
use crate::error::DeviceError;
use crate::profile::ProfileSet;
use crate::registry::Devices;

/// SANE with nothing but its test backend, and an empty bus.
fn sane(program: &Path) -> (ScannerSettings, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("dll.conf"), "test\n");
    let usb = dir.path().join("usb");
    std::fs::create_dir(&usb).unwrap();
    let settings = ScannerSettings {
        program: program.to_owned(),
        config: Some(dir.path().to_owned()),
        usb,
        options: Vec::new(),
    };
    (settings, dir)
}

fn write(path: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn scanimage() -> Option<PathBuf> {
    qayd_oracles::program("scanimage", "sane-utils")
}

/// A program in the place of `scanimage`.
fn instead(dir: &Path, script: &str) -> PathBuf {
    let path = dir.join("scanimage");
    write(&path, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn profiles() -> Arc<ProfileSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles");
    Arc::new(ProfileSet::read(&OsFiles::default(), &folder).unwrap_or_else(|e| panic!("{e}")))
}

fn devices(settings: &ScannerSettings, production: bool) -> Devices {
    Devices::make(Arc::new(OsClock::default()), production)
        .with_profiles(profiles())
        .with_scanners(settings.clone())
}

/// The first scanner of SANE, closed.
fn scanner(settings: &ScannerSettings, options: &[&str]) -> SaneDevice {
    let options = options.iter().map(|o| (*o).to_owned()).collect();
    let settings = ScannerSettings {
        options,
        ..settings.clone()
    };
    let listed = ScannerListed {
        id: "scanner-test-0".into(),
        name: "test:0".into(),
        vendor: "Noname".into(),
        model: "frontend-tester".into(),
        usb: None,
        serial: None,
    };
    SaneDevice::make(listed, None, settings, Arc::new(OsClock::default()))
}

/// A page, waited for as long as a busy machine needs to start a program.
fn page() -> CaptureRequest {
    let target = CaptureTarget::Sample(SampleKind::DocumentPage {
        document: "csid".into(),
        page: 1,
    });
    CaptureRequest {
        timeout_ms: TIMEOUT_MS_MAX,
        ..CaptureRequest::of(target)
    }
}

fn scan(device: &mut SaneDevice) -> Result<Vec<RawSample>, DeviceError> {
    device.open()?;
    device.capture(&page(), &AtomicBool::new(false), &mut |_| {})
}

/// Processes that were started with this SANE, theirs included, and that are still there.
fn running(settings: &ScannerSettings) -> usize {
    let config = settings.config.as_ref().unwrap().to_str().unwrap();
    let mark = format!("SANE_CONFIG_DIR={config}\0");
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let variables = std::fs::read(entry.ok()?.path().join("environ")).ok()?;
        Some(String::from_utf8_lossy(&variables).contains(&mark))
    });
    processes.filter(|is_one| *is_one).count()
}

/// What was killed may need a moment to be gone.
fn nothing_runs(settings: &ScannerSettings) {
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    while running(settings) > 0 {
        assert!(clock.monotonic_ms() - began < 5_000, "it still runs");
        clock.sleep_ms(10);
    }
}

#[test]
fn a_page_is_scanned_as_the_profile_says_and_shown_while_it_comes() {
    let Some(program) = scanimage() else { return };
    let (settings, _dir) = sane(&program);
    let devices = devices(&settings, false);
    devices.wait_for_scanners();
    let entries = devices.list();
    let first = &entries[0];
    assert_eq!(first.device.id, "scanner-test-0");
    assert_eq!(first.device.profile, "docscan.virtual.sane-test");
    assert_eq!(first.device.modalities, [Modality::Document]);
    assert!(first.device.simulated);
    assert_eq!(devices.best_for(Modality::Document).as_ref(), Some(first));
    let report = devices.check("scanner-test-0").unwrap();
    assert!(
        report.is_usable() && report.frame.is_none(),
        "{:?}",
        report.problem
    );

    let mut device = devices.open("scanner-test-0").unwrap();
    let mut shown = Vec::new();
    let mut see = |frame: Frame| shown.push(frame.geometry());
    let samples = device
        .capture(&page(), &AtomicBool::new(false), &mut see)
        .unwrap();
    let [sample] = samples.as_slice() else {
        panic!()
    };
    // The test backend's glass is 200 × 200 mm: 2362 pixels at 300 ppi.
    let size = Geometry {
        width_px: 2_362,
        height_px: 2_362,
    };
    assert_eq!(sample.geometry, Some(size));
    assert_eq!(sample.ppi, Some(Ppi(300)));
    assert_eq!((sample.media_type, sample.attempt), (MediaType::Jpeg, 1));
    let picture = image::load_from_memory(sample.bytes.expose()).unwrap();
    assert_eq!((picture.width(), picture.height()), (2_362, 2_362));
    assert_eq!(picture.color(), image::ColorType::Rgb8);
    assert!(!shown.is_empty() && shown[0].width_px <= 800);
    let again = device
        .capture(&page(), &AtomicBool::new(false), &mut |_| {})
        .unwrap();
    assert_eq!(again[0].attempt, 2);
}

#[test]
fn the_invented_scanner_is_refused_in_production_even_without_profiles() {
    let Some(program) = scanimage() else { return };
    let (settings, _dir) = sane(&program);
    for with_profiles in [false, true] {
        let mut devices = Devices::make(Arc::new(OsClock::default()), true);
        if with_profiles {
            devices = devices.with_profiles(profiles());
        }
        let devices = devices.with_scanners(settings.clone());
        devices.wait_for_scanners();
        assert_eq!(devices.list(), []);
        let refused = devices.open("scanner-test-0").err().unwrap();
        assert!(matches!(refused, DeviceError::SimulatedInProduction { .. }));
    }
}

#[test]
fn every_status_of_the_backend_is_an_error_of_its_own() {
    let Some(program) = scanimage() else { return };
    let (settings, _dir) = sane(&program);
    for (status, code) in [
        ("NO_DOCS", "SCN-01"),
        ("JAMMED", "SCN-02"),
        ("COVER_OPEN", "SCN-03"),
        ("IO_ERROR", "SCN-04"),
        ("ACCESS_DENIED", "SCN-10"),
        ("INVAL", "SCN-11"),
        ("UNSUPPORTED", "SCN-11"),
        ("NO_MEM", "SCN-09"),
        ("DEVICE_BUSY", "DEV-10"),
        ("CANCELLED", "DEV-05"),
    ] {
        // The backend hangs in some of these runs: it stops its reader in the middle of a `malloc` and waits for it. What
        // was said before is the answer. `EOF`, of which it says nothing, is left to the programs that lie.
        let option = format!("--read-return-value=SANE_STATUS_{status}");
        let mut device = scanner(&settings, &[&option]);
        assert_eq!(scan(&mut device).unwrap_err().code(), code, "{status}");
        // It stays usable: the next sheet is another attempt.
        assert_eq!(device.open().map_err(|e| e.code()), Ok(()), "{status}");
    }
    nothing_runs(&settings);
}

#[test]
fn odd_scanners_of_the_backend_give_whole_pages() {
    let Some(program) = scanimage() else { return };
    let (settings, _dir) = sane(&program);
    for options in [
        // Its height is not known before the end; three passes of one colour; little at a time; from the feeder.
        &["--hand-scanner=yes", "--resolution=100"][..],
        &["--three-pass=yes", "--resolution=100"],
        &[
            "--read-limit=yes",
            "--read-limit-size=1000",
            "--resolution=50",
        ],
        &["--source=Automatic Document Feeder", "--resolution=50"],
        &["--mode=Gray", "--resolution=50"],
        &["--fuzzy-parameters=yes", "--resolution=50"],
    ] {
        let mut device = scanner(&settings, options);
        let samples = scan(&mut device).unwrap_or_else(|e| panic!("{options:?}: {}", e.code()));
        let picture = image::load_from_memory(samples[0].bytes.expose()).unwrap();
        let geometry = samples[0].geometry.unwrap();
        let (width, height) = (geometry.width_px, geometry.height_px);
        assert_eq!((picture.width(), picture.height()), (width, height));
    }
    // Pages of other depths are refused by their header.
    let mut device = scanner(&settings, &["--depth=16", "--resolution=50"]);
    assert_eq!(scan(&mut device).unwrap_err().code(), "SCN-06");
    let mut device = scanner(&settings, &["--no-such-option"]);
    assert_eq!(scan(&mut device).unwrap_err().code(), "SCN-11");
}

#[test]
fn a_page_that_is_stopped_leaves_nothing_running() {
    let Some(program) = scanimage() else { return };
    let (settings, _dir) = sane(&program);
    // A tenth of a second a piece: the page would take minutes.
    let slow = ["--read-delay=yes", "--read-delay-duration=100000"];
    let clock = OsClock::default();
    let mut device = scanner(&settings, &slow);
    device.open().unwrap();
    let cancel = AtomicBool::new(false);
    let began = clock.monotonic_ms();
    let mut see = |_: Frame| cancel.store(true, Ordering::SeqCst);
    let stopped = device.capture(&page(), &cancel, &mut see).unwrap_err();
    assert!(matches!(stopped, DeviceError::Cancelled), "{stopped}");
    assert!(clock.monotonic_ms() - began < 5_000);
    nothing_runs(&settings);
    // Stopped before it began.
    let stopped = device.capture(&page(), &cancel, &mut |_| {}).unwrap_err();
    assert!(matches!(stopped, DeviceError::Cancelled), "{stopped}");
    nothing_runs(&settings);
}

#[test]
fn a_scanner_that_sane_does_not_have_any_more_is_unplugged() {
    let Some(program) = scanimage() else { return };
    let (settings, dir) = sane(&program);
    // The backend has two scanners until it is told that it has one.
    let mut device = scanner(&settings, &[]);
    device.listed.name = "test:1".into();
    device.open().unwrap();
    write(&dir.path().join("test.conf"), "number_of_devices 1\n");
    let gone = device.capture(&page(), &AtomicBool::new(false), &mut |_| {});
    assert!(matches!(gone, Err(DeviceError::Unplugged)), "{gone:?}");
    assert!(matches!(device.open(), Err(DeviceError::Unplugged)));
    write(&dir.path().join("test.conf"), "number_of_devices 2\n");
    assert!(scan(&mut device).is_ok());
    write(&dir.path().join("dll.conf"), "\n");
    let devices = devices(&settings, false);
    devices.wait_for_scanners();
    assert_eq!(devices.look().scanners, Some(0));
}

#[test]
fn without_the_program_nothing_is_listed_and_it_is_said() {
    let (settings, _dir) = sane(Path::new("/no/such/scanimage"));
    let devices = devices(&settings, false);
    devices.wait_for_scanners();
    let around = devices.look();
    assert_eq!(
        (around.scanners, around.scanner_problem),
        (Some(0), Some("SCN-08"))
    );
    let mut device = scanner(&settings, &[]);
    let missing = device.open().unwrap_err();
    assert_eq!(missing.code(), "SCN-08");
}

/// Lists one option, then does as the case says.
fn liar(dir: &Path, page: &str) -> PathBuf {
    let script = format!(
        "case \"$*\" in *all-options*) printf '    --resolution 300dpi [300]\\n'; exit 0;; esac\n{page}"
    );
    instead(dir, &script)
}

#[test]
fn a_program_that_lies_or_dies_gives_no_page() {
    for (does, code) in [
        ("printf 'P6\\n10 10\\n255\\nshort'", "SCN-05"),
        ("printf 'P6\\n10 10\\n255\\n'", "SCN-05"),
        ("printf 'P6\\n1000000 1000000\\n255\\n'", "SCN-07"),
        ("printf 'P6\\n20000 1\\n255\\n'", "SCN-07"),
        ("printf 'P5\\n2 2\\n255\\nfar too long'", "SCN-06"),
        ("printf 'no picture at all'", "SCN-06"),
        ("exit 0", "SCN-06"),
        // Whole, and the backend says that it is not.
        ("printf 'P5\\n2 2\\n255\\nabcd'; exit 9", "SCN-04"),
        // Crashed.
        ("printf 'P5\\n2 2\\n255\\nab'; kill -SEGV $$", "SCN-09"),
        (
            "echo 'scanimage: sane_start: Device busy' >&2; exit 3",
            "DEV-10",
        ),
        // Says more than is read.
        ("yes 0123456789 | head -c 1000000 >&2; exit 7", "SCN-01"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (settings, _config) = sane(&liar(dir.path(), does));
        let mut device = scanner(&settings, &[]);
        assert_eq!(scan(&mut device).unwrap_err().code(), code, "{does}");
    }
    let dir = tempfile::tempdir().unwrap();
    let whole = "printf 'P5\\n2 2\\n255\\nabcd'; echo 'scanimage: rounded value of resolution from 300 to 200' >&2";
    let (settings, _config) = sane(&liar(dir.path(), whole));
    let samples = scan(&mut scanner(&settings, &[])).unwrap();
    assert_eq!(samples[0].ppi, Some(Ppi(200)));
}

#[test]
fn a_program_that_hangs_is_waited_for_no_longer_than_asked_and_ended_with_all_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let pids = dir.path().join("pids");
    // It does not listen when it is asked to end, and has a child.
    let hangs = format!(
        "trap '' TERM; sleep 300 & echo $! > {0}; echo $$ >> {0}; wait; while :; do sleep 1; done",
        pids.display()
    );
    let (settings, _config) = sane(&liar(dir.path(), &hangs));
    let mut device = scanner(&settings, &[]);
    device.open().unwrap();
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    let request = CaptureRequest {
        timeout_ms: 500,
        ..page()
    };
    let late = device.capture(&request, &AtomicBool::new(false), &mut |_| {});
    assert!(matches!(
        late,
        Err(DeviceError::TimedOut { timeout_ms: 500 })
    ));
    assert!(clock.monotonic_ms() - began < 5_000);
    let pids = std::fs::read_to_string(pids).unwrap();
    // Whoever waits for an orphan of ours may need a moment.
    let is_there = |pid: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    for pid in pids.lines() {
        let began = clock.monotonic_ms();
        while is_there(pid) {
            assert!(clock.monotonic_ms() - began < 5_000, "{pid} still runs");
            clock.sleep_ms(10);
        }
    }
}

#[test]
fn a_program_that_hangs_after_it_failed_is_believed_and_one_that_gave_all_has_given_a_page() {
    let clock = OsClock::default();
    let dir = tempfile::tempdir().unwrap();
    let failed = "echo 'scanimage: sane_read: Document feeder jammed' >&2; sleep 300";
    let (settings, _config) = sane(&liar(dir.path(), failed));
    let mut device = scanner(&settings, &[]);
    device.open().unwrap();
    let began = clock.monotonic_ms();
    assert_eq!(scan(&mut device).unwrap_err().code(), "SCN-02");
    let passed = clock.monotonic_ms() - began;
    assert!(passed < 10_000, "{passed} ms");
    nothing_runs(&settings);

    let dir = tempfile::tempdir().unwrap();
    let gave = "printf 'P5\\n2 2\\n255\\nabcd'; sleep 300";
    let (settings, _config) = sane(&liar(dir.path(), gave));
    let samples = scan(&mut scanner(&settings, &[])).unwrap();
    assert_eq!(samples[0].geometry.map(|size| size.width_px), Some(2));
    nothing_runs(&settings);
}

#[test]
fn the_program_sees_nothing_of_our_environment_but_where_things_are() {
    let dir = tempfile::tempdir().unwrap();
    let seen = dir.path().join("seen");
    let script = format!("env > {}; printf 'P5\\n1 1\\n255\\na'", seen.display());
    let (settings, _config) = sane(&liar(dir.path(), &script));
    scan(&mut scanner(&settings, &[])).unwrap();
    let seen = std::fs::read_to_string(seen).unwrap();
    let names: BTreeSet<_> = seen
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    assert!(names.contains("PATH") && names.contains("LC_ALL"));
    // The first three are the shell's own.
    let known = [
        "PWD",
        "SHLVL",
        "_",
        "PATH",
        "HOME",
        "TMPDIR",
        "LD_LIBRARY_PATH",
    ];
    let known = BTreeSet::from(known);
    let known = &known | &BTreeSet::from(["SANE_CONFIG_DIR", "LC_ALL"]);
    assert!(names.is_subset(&known), "{names:?}");
}

#[test]
fn what_is_no_page_is_not_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (settings, _config) = sane(&liar(dir.path(), "exit 1"));
    let mut device = scanner(&settings, &[]);
    let portrait = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
    let mut ask = |request: &CaptureRequest| {
        device
            .capture(request, &AtomicBool::new(false), &mut |_| {})
            .unwrap_err()
            .code()
    };
    assert_eq!(ask(&portrait), "DEV-02");
    assert_eq!(ask(&page()), "DEV-01");
    assert!(matches!(device.next_frame(0), Err(DeviceError::NotOpen)));
}

/// `/sys/bus/usb/devices` with one scanner.
fn plug(usb: &Path, socket: &str, texts: [(&str, &str); 5]) {
    let device = usb.join(socket);
    std::fs::create_dir_all(&device).unwrap();
    for (name, text) in texts {
        write(&device.join(name), text);
    }
}

const FI_8170: [(&str, &str); 5] = [
    ("idVendor", "04c5\n"),
    ("idProduct", "15ff\n"),
    ("busnum", "1\n"),
    ("devnum", "7\n"),
    ("serial", "A2\n"),
];
const DS_40: [(&str, &str); 5] = [
    ("idVendor", "04b8\n"),
    ("idProduct", "0150\n"),
    ("busnum", "1\n"),
    ("devnum", "4\n"),
    ("serial", "\n"),
];

#[test]
fn scanners_are_known_by_their_numbers_and_strangers_of_a_network_are_not_listed() {
    let dir = tempfile::tempdir().unwrap();
    let list = [
        "epsonds:libusb:001:004\tEPSON\tDS-40\tscanner",
        "fujitsu:fi-8170:12345\tFUJITSU\tfi-8170\tscanner",
        "v4l:/dev/video0\tNoname\tWebcam\tvirtual device",
        "airscan:e0:Somebody\teSCL\tSomebody\tip=10.0.0.9",
        "net:10.0.0.9:epson2\tEpson\tGT\tscanner",
        "epson2:net:10.0.0.9\tEpson\tGT\tscanner",
        "plustek:libusb:001:009\tPlustek\tOpticSlim\tflatbed scanner",
        "broken line",
        "",
    ];
    let script = format!("cat <<'END'\n{}\nEND", list.join("\n"));
    let (settings, _config) = sane(&instead(dir.path(), &script));
    plug(&settings.usb, "1-2", DS_40);
    plug(&settings.usb, "1-3.1", FI_8170);
    let devices = devices(&settings, true);
    devices.wait_for_scanners();
    let entries = devices.list();
    let listed: Vec<_> = entries
        .iter()
        .map(|e| {
            (
                e.device.id.as_str(),
                e.device.profile.as_str(),
                e.device.serial.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("scanner-epsonds-usb-1-2", "docscan.epson.ds40", None),
            (
                "scanner-fujitsu-usb-1-3-1",
                "docscan.fujitsu.fi8170",
                Some("A2")
            ),
            ("scanner-plustek-libusb-001-009", "docscan.unprofiled", None),
        ]
    );
}

#[test]
fn it_is_looked_for_again_when_something_is_plugged_in_and_never_while_a_page_moves() {
    let dir = tempfile::tempdir().unwrap();
    let looks = dir.path().join("looks");
    let script = format!("echo x >> {}; printf 'a:b\\tc\\td\\te\\n'", looks.display());
    let (settings, _config) = sane(&instead(dir.path(), &script));
    let finder = Finder::make(settings.clone());
    let os: Arc<dyn Clock> = Arc::new(OsClock::default());
    let counted = || std::fs::read_to_string(&looks).map_or(0, |text| text.lines().count());
    let settle = |wanted: usize| {
        let began = os.monotonic_ms();
        while counted() < wanted {
            assert!(os.monotonic_ms() - began < 10_000);
            os.sleep_ms(10);
        }
    };
    // A clock of its own, which stands still: what has settled is not looked for again.
    let late: Arc<dyn Clock> = Arc::new(Later(OsClock::default(), 0));
    assert_eq!(finder.look(None, &late, 10_000).scanners.len(), 1);
    settle(1);
    let later: Arc<dyn Clock> = Arc::new(Later(OsClock::default(), 60_000));
    for _ in 0..5 {
        finder.look(None, &later, 0);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(counted(), 1);
    plug(&settings.usb, "1-2", DS_40);
    {
        let _scanning = finder.busy.begin();
        finder.look(None, &later, 0);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(counted(), 1);
    }
    finder.look(None, &later, 0);
    settle(2);
}

/// The computer's clock, so much later.
struct Later(OsClock, u64);

impl Clock for Later {
    fn now(&self) -> qayd_model::UnixMs {
        self.0.now()
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.monotonic_ms() + self.1
    }

    fn sleep_ms(&self, ms: u64) {
        self.0.sleep_ms(ms);
    }
}
