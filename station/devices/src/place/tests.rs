//! A receiver at the other end of a pseudo terminal: it speaks real bytes at one speed, and is pulled out and plugged in.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use qayd_world::{Clock, OsClock, OsFiles};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;
use crate::capture::Modality;
use crate::error::DeviceError;
use crate::profile::ProfileSet;
use crate::registry::Devices;

const GGA: &str = "GNGGA,103000.00,3620.4000,N,04307.2000,E,1,09,1.20,228.1,M,12.5,M,,";
const RMC: &str = "GNRMC,103000.00,A,3620.4000,N,04307.2000,E,0.02,,170926,,,A";
const NO_FIX: &str = "GNGGA,103001.00,,,,,0,00,99.99,,,,,,";
const IN_VIEW: &str = "GPGSV,1,1,03,03,03,111,00,04,15,270,00,06,01,010,00";

fn line(body: &str) -> Vec<u8> {
    let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
    format!("${body}*{sum:02X}\r\n").into_bytes()
}

/// The end of a cable that a receiver holds. Dropping it pulls the cable out.
struct Cable {
    master: Option<File>,
    slave: PathBuf,
    speaks: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.speaks.take() {
            stop.store(true, Ordering::SeqCst);
            thread.join().unwrap();
        }
        self.master = None;
    }
}

impl Cable {
    fn plug() -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        // A reader that is away does not stop the receiver, here as on a wire.
        rustix::fs::fcntl_setfl(&master, rustix::fs::OFlags::NONBLOCK).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ptsname(&master, Vec::new()).unwrap();
        Self {
            master: Some(File::from(master)),
            slave: PathBuf::from(slave.into_string().unwrap()),
            speaks: None,
        }
    }

    /// Speaks every 100 ms: at its own speed what `says` gives; at another speed what is then seen on the wire.
    fn speak(mut self, baud: u32, mut says: impl FnMut() -> Vec<u8> + Send + 'static) -> Self {
        let mut wire = self.master.as_ref().unwrap().try_clone().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let own = stop.clone();
        let thread = std::thread::spawn(move || {
            while !own.load(Ordering::SeqCst) {
                // The speed that the reader set is the terminal's, and is seen from here.
                let set = rustix::termios::tcgetattr(&wire).unwrap();
                let mut bytes = says();
                if set.input_speed() != baud {
                    bytes
                        .iter_mut()
                        .for_each(|byte| *byte = byte.rotate_left(3) ^ 0x95);
                }
                // Nobody reads: the terminal is full, or closed.
                let _ = wire.write(&bytes);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        self.speaks = Some((stop, thread));
        self
    }
}

fn settings(port: &Path) -> PlaceSettings {
    PlaceSettings {
        listen_ms: 350,
        silent_ms: 900,
        retry_ms: 100,
        ..PlaceSettings::at(port)
    }
}

fn listen(port: &Path) -> PlaceReceiver {
    PlaceReceiver::listen(settings(port), None, Arc::new(OsClock::default()))
}

/// Waits until the receiver says so.
fn until(receiver: &PlaceReceiver, what: &str, holds: impl Fn(&PlaceView) -> bool) -> PlaceView {
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    loop {
        let view = receiver.view();
        if holds(&view) {
            return view;
        }
        assert!(clock.monotonic_ms() - began < 20_000, "{what}: {view:?}");
        clock.sleep_ms(10);
    }
}

fn has_fix(view: &PlaceView) -> bool {
    matches!(view.state, PlaceState::Fix(_))
}

fn is_gone(view: &PlaceView) -> bool {
    view.state == PlaceState::NoReceiver
}

#[test]
fn a_fix_is_heard_at_whatever_speed_it_is_sent() {
    for baud in [9_600, 38_400, 115_200, 4_800] {
        let cable = Cable::plug().speak(baud, || [line(GGA), line(RMC)].concat());
        let receiver = listen(&cable.slave);
        assert!(is_gone(&receiver.view()), "asking never waits");
        let view = until(&receiver, "fix", has_fix);
        let fix = view.fix(5_000).unwrap();
        assert!((fix.latitude_deg - 36.34).abs() < 1e-9);
        assert!((fix.longitude_deg - 43.12).abs() < 1e-9);
        assert_eq!((fix.satellites, fix.accuracy_m), (9, Some(18.0)));
        assert!(view.age_ms < 2_000 && !view.simulated);
    }
}

#[test]
fn a_fix_is_lost_and_found_as_the_receiver_says() {
    let knows = Arc::new(AtomicBool::new(false));
    let own = knows.clone();
    let cable = Cable::plug().speak(9_600, move || {
        if own.load(Ordering::SeqCst) {
            line(GGA)
        } else {
            [line(IN_VIEW), line(NO_FIX)].concat()
        }
    });
    let receiver = listen(&cable.slave);
    let three = PlaceState::NoFix { satellites: 3 };
    until(&receiver, "no fix", |view| view.state == three);
    knows.store(true, Ordering::SeqCst);
    until(&receiver, "fix", has_fix);
    knows.store(false, Ordering::SeqCst);
    until(&receiver, "lost", |view| view.state == three);
}

#[test]
fn wrong_checksums_and_garbage_are_no_receiver() {
    let mut wrong = line(GGA);
    wrong[20] ^= 1;
    let cable = Cable::plug().speak(9_600, move || {
        [&wrong[..], b"\xff\x00half $GNGGA,1"].concat()
    });
    let receiver = listen(&cable.slave);
    let id = "gps-port";
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    while receiver.verdict(id).is_none() {
        assert!(clock.monotonic_ms() - began < 20_000);
        assert!(is_gone(&receiver.view()));
        clock.sleep_ms(10);
    }
    assert_eq!(receiver.verdict(id), Some(Err(PlaceError::Silent)));
}

#[test]
fn a_receiver_that_is_pulled_out_is_gone_and_comes_back_at_its_speed() {
    let dir = tempfile::tempdir().unwrap();
    let port = dir.path().join("gps");
    let receiver = listen(&port);
    let clock = OsClock::default();
    for round in 0..3 {
        // The last of the speeds that are tried.
        let cable = Cable::plug().speak(4_800, || line(GGA));
        symlink(&cable.slave, &port).unwrap();
        let plugged = clock.monotonic_ms();
        until(&receiver, "fix", has_fix);
        if round > 0 {
            // The speed is known by now: no other is listened to first.
            assert!(clock.monotonic_ms() - plugged < 3 * 350);
        }
        std::fs::remove_file(&port).unwrap();
        drop(cable);
        let view = until(&receiver, "gone", is_gone);
        assert!(view.fix(u64::MAX).is_none());
    }
}

#[test]
fn a_receiver_that_falls_silent_is_gone() {
    let mut left = 8;
    let cable = Cable::plug().speak(9_600, move || {
        left -= 1;
        if left > 0 { line(GGA) } else { Vec::new() }
    });
    let receiver = listen(&cable.slave);
    until(&receiver, "fix", has_fix);
    until(&receiver, "gone", is_gone);
    let problem = |r: &PlaceReceiver| r.verdict("gps-port") == Some(Err(PlaceError::Silent));
    until(&receiver, "silent", |_| problem(&receiver));
}

/// `/sys/class/tty` with a receiver, a printer and a cable in it.
fn sysfs(dir: &Path, ports: &[(&str, &str, &str, &str)]) -> (PathBuf, PathBuf) {
    let (classes, files) = (dir.join("class/tty"), dir.join("dev"));
    for folder in [&classes, &files] {
        std::fs::create_dir_all(folder).unwrap();
    }
    for (name, socket, vid, pid) in ports {
        let device = dir.join("devices/usb1").join(socket);
        let interface = device.join(format!("{socket}:1.0")).join(name);
        std::fs::create_dir_all(&interface).unwrap();
        let write = |name: &str, text: &str| {
            let mut file = File::create(device.join(name)).unwrap();
            file.write_all(format!("{text}\n").as_bytes()).unwrap();
        };
        write("idVendor", vid);
        write("idProduct", pid);
        write("serial", "A-1");
        std::fs::create_dir_all(classes.join(name)).unwrap();
        symlink(&interface, classes.join(name).join("device")).unwrap();
    }
    // The console has no device.
    std::fs::create_dir_all(classes.join("tty0")).unwrap();
    (classes, files)
}

fn profiles() -> Arc<ProfileSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles");
    Arc::new(ProfileSet::read(&OsFiles::default(), &folder).unwrap_or_else(|e| panic!("{e}")))
}

#[test]
fn receivers_are_found_by_their_numbers_and_nothing_else_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let ports = [
        ("ttyUSB0", "1-3", "067b", "2303"),
        ("ttyACM0", "1-2.4", "1546", "01a8"),
        // A barcode reader: a profile knows it, and it is no receiver.
        ("ttyACM1", "1-4", "0c2e", "0b81"),
        ("ttyUSB1", "1-5", "0403", "6001"),
    ];
    let (classes, files) = sysfs(dir.path(), &ports);
    let cable = Cable::plug().speak(9_600, || line(GGA));
    symlink(&cable.slave, files.join("ttyACM0")).unwrap();
    let settings = PlaceSettings {
        port: None,
        classes,
        files,
        ..settings(Path::new(""))
    };
    let clock = Arc::new(OsClock::default());
    let devices = Devices::make(clock, true)
        .with_profiles(profiles())
        .with_place(settings);
    let entries = devices.list();
    let listed: Vec<_> = entries
        .iter()
        .filter(|e| e.device.modalities == [Modality::Place])
        .map(|e| (e.device.id.as_str(), e.device.profile.as_str()))
        .collect();
    assert_eq!(
        listed,
        [
            ("gps-usb-1-2-4", "gps.ublox.8"),
            ("gps-usb-1-3", "gps.prolific.pl2303")
        ]
    );
    assert_eq!(entries[0].device.serial.as_deref(), Some("A-1"));
    let report = devices.check("gps-usb-1-2-4").unwrap();
    assert!(report.is_usable(), "{:?}", report.problem);
    // One is enough.
    let report = devices.check("gps-usb-1-3").unwrap();
    let expected = PlaceError::Spare;
    assert!(matches!(report.problem, Some(DeviceError::Place { source }) if source == expected));
    assert!(has_fix(&devices.place().unwrap()));
    assert!(devices.open("gps-usb-1-4").is_err());
}

#[test]
fn nobody_is_asked_where_no_receiver_was_asked_for_and_the_simulated_one_says_what_it_is() {
    use crate::simulated::{SimulatedPerson, Stage};
    let clock = Arc::new(OsClock::default());
    let none = Devices::make(clock.clone(), false);
    assert_eq!(none.place(), None);
    let port = tempfile::tempdir().unwrap().path().join("gone");
    let with = |production| {
        let stage = Stage::make(SimulatedPerson::make(1));
        Devices::make(clock.clone(), production)
            .with_place(settings(&port))
            .with_simulated(stage)
            .with_simulated_place()
    };
    let view = with(false).place().unwrap();
    assert!(view.simulated && has_fix(&view));
    let real = with(true).place().unwrap();
    assert!(!real.simulated && is_gone(&real));
    let ids = |devices: &Devices| -> Vec<String> {
        devices.list().into_iter().map(|e| e.device.id).collect()
    };
    assert!(ids(&with(false)).contains(&"simulated-place".to_owned()));
    assert!(ids(&with(true)).is_empty());
    assert!(with(false).check("simulated-place").unwrap().is_usable());
}
