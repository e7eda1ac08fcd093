//! The camera path against a real Video4Linux2 driver: what `./x task camera-lab` runs inside its guest.
//!
//! In: `vivid.ko` and a device file it makes. Out: one line a claim, `LAB ok` or `LAB FAIL`, on standard output.
//! Never: run on a machine that somebody uses; it loads and unloads a kernel module.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program whose output is its result"
)]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    lab::run()
}

#[cfg(target_os = "linux")]
mod lab {
    use std::path::Path;
    use std::process::{Command, ExitCode};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use linuxvideo::Device;
    use qayd_devices::camera::{self, CameraDevice, CameraListed, Coding, StreamFormat};
    use qayd_devices::{
        CaptureDevice, CaptureRequest, CaptureTarget, DeviceChange, DeviceError, DeviceWatch,
        Devices, PixelFormat, ProfileSet,
    };
    use qayd_model::SampleKind;
    use qayd_world::{Clock, OsClock, OsFiles};

    const MODULE: &str = "/modules/vivid.ko";
    const PARAMETERS: [&str; 4] = [
        "n_devs=1",
        "node_types=0x1",
        "num_inputs=1",
        "input_types=0x0",
    ];

    /// How long a closed camera may stay held: on an idle machine it is free at once.
    const BUSY_MS: u64 = 10_000;

    struct Lab {
        clock: Arc<OsClock>,
        profiles: Arc<ProfileSet>,
        failed: u32,
    }

    pub(super) fn run() -> ExitCode {
        let profiles = ProfileSet::read(&OsFiles::default(), Path::new("/hardware-profiles"));
        let mut lab = Lab {
            clock: Arc::new(OsClock::default()),
            profiles: Arc::new(profiles.unwrap()),
            failed: 0,
        };
        lab.nothing_plugged_in();
        plug_in();
        lab.listed_by_its_profile();
        lab.streams();
        lab.portrait();
        lab.held_by_another();
        lab.stalled();
        lab.broken_stream();
        lab.pulled_and_plugged_in_again();
        println!("LAB end {} failed", lab.failed);
        ExitCode::from(u8::from(lab.failed > 0))
    }

    fn plug_in() {
        let mut command = Command::new("/bin/busybox");
        command.arg("insmod").arg(MODULE).args(PARAMETERS);
        assert!(command.status().unwrap().success(), "vivid does not load");
    }

    fn pull_out() {
        let mut command = Command::new("/bin/busybox");
        command.args(["rmmod", "vivid"]);
        assert!(command.status().unwrap().success(), "vivid does not unload");
    }

    /// A control of the driver, by the beginning of its name: this is how vivid is told to fail.
    fn set(name: &str, value: i32) -> bool {
        let mut device = Device::open("/dev/video0").unwrap();
        let found = device
            .controls()
            .filter_map(Result::ok)
            .find(|control| control.name().starts_with(name))
            .map(|control| control.id());
        found.is_some_and(|id| device.write_control_raw(id, value).is_ok())
    }

    impl Lab {
        fn say(&mut self, claim: &str, holds: bool, seen: &str) {
            let verdict = if holds { "ok" } else { "FAIL" };
            self.failed += u32::from(!holds);
            println!("LAB {verdict} | {claim} | {seen}");
        }

        fn devices(&self) -> Devices {
            Devices::make(self.clock.clone(), false)
                .with_profiles(self.profiles.clone())
                .with_cameras()
        }

        fn the_camera(&self) -> CameraListed {
            camera::list().cameras.remove(0)
        }

        /// The camera asked for one size and coding, as a profile would.
        fn camera(&self, size: [u32; 2], coding: &str) -> CameraDevice {
            let mut profile = self
                .profiles
                .device("camera.virtual.vivid")
                .unwrap()
                .clone();
            if let Some(facts) = &mut profile.camera {
                facts.image_px = Some(size);
                facts.pixel_format = Some(coding.to_owned());
            }
            CameraDevice::make(self.the_camera(), Some(profile), self.clock.clone())
        }

        fn nothing_plugged_in(&mut self) {
            let around = self.devices().look();
            let none = around.entries.is_empty() && around.cameras == Some(0);
            let seen = format!("{} cameras", around.cameras.unwrap_or(9));
            self.say("with no camera the list is empty", none, &seen);
        }

        fn listed_by_its_profile(&mut self) {
            let entries = self.devices().list();
            let names: Vec<_> = entries
                .iter()
                .map(|e| format!("{} {}", e.device.id, e.device.profile))
                .collect();
            let holds = entries.len() == 1 && entries[0].device.profile == "camera.virtual.vivid";
            self.say(
                "a plugged camera is listed under its profile",
                holds,
                &names.join(", "),
            );
            let id = entries
                .first()
                .map(|e| e.device.id.clone())
                .unwrap_or_default();
            let report = self.devices().check(&id);
            let holds = report.as_ref().is_ok_and(|r| r.is_usable());
            let seen = format!("{:?}", report.map(|r| (r.frame, r.took_ms)));
            self.say("a check takes a frame", holds, &seen);
        }

        fn streams(&mut self) {
            for (size, coding, kind) in [
                ([1_920, 1_080], "YUYV", PixelFormat::Rgb8),
                ([640, 480], "YUYV", PixelFormat::Rgb8),
                ([1_280, 720], "GREY", PixelFormat::Grey8),
                ([640, 360], "GREY", PixelFormat::Grey8),
            ] {
                let mut camera = self.camera(size, coding);
                // The one before was closed a moment ago; a driver on a slow machine still lets go of it.
                let (opened, waited_ms) = self.try_open(&mut camera);
                let format = camera.format();
                let given = format.is_some_and(|f: StreamFormat| {
                    f.geometry.width_px == size[0]
                        && f.geometry.height_px == size[1]
                        && Some(f.coding) == Coding::from_name(coding)
                });
                let claim = format!("{coding} {}×{} is chosen", size[0], size[1]);
                self.say(
                    &claim,
                    opened.is_ok() && given,
                    &format!("{opened:?} after {waited_ms} ms, {format:?}"),
                );
                let began = self.clock.monotonic_ms();
                let (mut shown, mut last, mut bad) = (0_u32, 0, None);
                let mut values = std::collections::BTreeSet::new();
                while shown < 20 && bad.is_none() {
                    match camera.next_frame(5_000) {
                        Ok(frame) => {
                            let rising = frame.sequence > last && frame.format() == kind;
                            last = frame.sequence;
                            shown += 1;
                            values.extend(frame.pixels().expose().iter().step_by(997).copied());
                            if !rising {
                                bad = Some("sequence or format".to_owned());
                            }
                        }
                        Err(error) => bad = Some(format!("{error:?}")),
                    }
                }
                let took = self.clock.monotonic_ms() - began;
                let seen = format!(
                    "{shown} shown of {last} fetched in {took} ms, {} values, {bad:?}",
                    values.len()
                );
                // A test picture has several values; a buffer that was never filled has one.
                let holds = bad.is_none() && values.len() > 2;
                self.say(
                    &format!("{coding} {}×{}: 20 whole frames", size[0], size[1]),
                    holds,
                    &seen,
                );
            }
        }

        fn portrait(&mut self) {
            let mut camera = self.camera([1_920, 1_080], "YUYV");
            self.open(&mut camera);
            let request = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
            let mut previews = 0;
            let began = self.clock.monotonic_ms();
            let taken = camera.capture(&request, &AtomicBool::new(false), &mut |_| previews += 1);
            let took = self.clock.monotonic_ms() - began;
            let size = taken.as_ref().ok().and_then(|samples| {
                let image = image::load_from_memory(samples.first()?.bytes.expose()).ok()?;
                Some((image.width(), image.height()))
            });
            let seen = format!("{size:?} after {previews} previews and {took} ms");
            self.say(
                "a portrait is a whole JPEG",
                size == Some((1_920, 1_080)),
                &seen,
            );
        }

        fn held_by_another(&mut self) {
            let mut first = self.camera([640, 480], "YUYV");
            first.open().unwrap();
            let mut second = self.camera([640, 480], "YUYV");
            let refused = second.open();
            let holds = matches!(refused, Err(DeviceError::Busy));
            self.say(
                "a camera that another has is busy",
                holds,
                &format!("{refused:?}"),
            );
            first.close();
            let mut tries = 0;
            let opened = loop {
                match second.open() {
                    Err(DeviceError::Busy) if tries < 50 => {
                        tries += 1;
                        self.clock.sleep_ms(50);
                    }
                    other => break other,
                }
            };
            self.say(
                "and is free when the other closes it",
                opened.is_ok(),
                &format!("{opened:?}"),
            );
        }

        fn stalled(&mut self) {
            let mut camera = self.camera([640, 480], "YUYV");
            self.open(&mut camera);
            let _ = camera.next_frame(5_000);
            let told = set("Percentage of Dropped Buffers", 100);
            let began = self.clock.monotonic_ms();
            let mut longest = 0;
            let stalled = loop {
                let call = self.clock.monotonic_ms();
                let frame = camera.next_frame(500);
                longest = longest.max(self.clock.monotonic_ms() - call);
                match frame {
                    Ok(_) | Err(DeviceError::TimedOut { .. }) => {}
                    Err(error) => break error,
                }
                if self.clock.monotonic_ms() - began > 20_000 {
                    break DeviceError::TimedOut { timeout_ms: 20_000 };
                }
            };
            let took = self.clock.monotonic_ms() - began;
            let holds = told && matches!(stalled, DeviceError::Stalled { .. });
            let seen = format!("{stalled:?} after {took} ms, no call longer than {longest} ms");
            self.say("a camera that stops sending has stalled", holds, &seen);
            set("Percentage of Dropped Buffers", 0);
            let again = camera.next_frame(5_000);
            self.say(
                "and goes on when it sends again",
                again.is_ok(),
                &format!("{:?}", again.err()),
            );
        }

        fn broken_stream(&mut self) {
            let mut camera = self.camera([640, 480], "YUYV");
            self.open(&mut camera);
            let _ = camera.next_frame(5_000);
            let told = set("Inject Fatal Streaming Error", 1);
            let broken = self.until_error(&mut camera);
            let holds = told && matches!(broken, DeviceError::Stalled { .. });
            self.say(
                "an input error of the driver ends the stream",
                holds,
                &format!("{broken:?}"),
            );
            camera.close();
            self.clock.sleep_ms(500);
            self.open(&mut camera);
            let again = camera.next_frame(5_000);
            self.say(
                "and it can be opened again",
                again.is_ok(),
                &format!("{:?}", again.err()),
            );
        }

        fn pulled_and_plugged_in_again(&mut self) {
            let devices = self.devices();
            let mut watch = DeviceWatch::default();
            watch.look(&devices);
            let mut camera = self.camera([640, 480], "YUYV");
            self.open(&mut camera);
            let _ = camera.next_frame(5_000);
            let told = set("Disconnect", 1);
            let began = self.clock.monotonic_ms();
            let pulled = self.until_error(&mut camera);
            let took = self.clock.monotonic_ms() - began;
            let holds = told && matches!(pulled, DeviceError::Unplugged);
            let seen = format!("{pulled:?} after {took} ms");
            self.say("a camera that is pulled out is unplugged", holds, &seen);
            let dead = camera.next_frame(0);
            let holds = matches!(dead, Err(DeviceError::NotOpen));
            self.say(
                "and its handle is dead",
                holds,
                &format!("{:?}", dead.err()),
            );
            camera.close();
            self.clock.sleep_ms(500);
            pull_out();
            let gone = watch.look(&devices);
            let holds = matches!(gone.as_slice(), [DeviceChange::Disappeared(_)]);
            self.say("its going is noticed", holds, &names(&gone));
            plug_in();
            let back = watch.look(&devices);
            let holds = matches!(back.as_slice(), [DeviceChange::Appeared(_)]);
            self.say("its coming back is noticed", holds, &names(&back));
            let mut camera = self.camera([640, 480], "YUYV");
            self.open(&mut camera);
            let frame = camera.next_frame(5_000);
            self.say(
                "and it works as before",
                frame.is_ok(),
                &format!("{:?}", frame.err()),
            );
        }

        /// Opens, trying again while the camera is still held; how long that took.
        fn try_open(&self, camera: &mut CameraDevice) -> (Result<(), DeviceError>, u64) {
            let began = self.clock.monotonic_ms();
            loop {
                let opened = camera.open();
                let waited_ms = self.clock.monotonic_ms() - began;
                match opened {
                    Err(DeviceError::Busy) if waited_ms < BUSY_MS => self.clock.sleep_ms(50),
                    other => return (other, waited_ms),
                }
            }
        }

        fn open(&self, camera: &mut CameraDevice) {
            self.try_open(camera).0.unwrap();
        }

        fn until_error(&self, camera: &mut CameraDevice) -> DeviceError {
            let began = self.clock.monotonic_ms();
            loop {
                match camera.next_frame(500) {
                    Ok(_) | Err(DeviceError::TimedOut { .. }) => {}
                    Err(error) => return error,
                }
                if self.clock.monotonic_ms() - began > 20_000 {
                    return DeviceError::TimedOut { timeout_ms: 20_000 };
                }
            }
        }
    }

    fn names(changes: &[DeviceChange]) -> String {
        let of = |change: &DeviceChange| match change {
            DeviceChange::Appeared(e) => format!("appeared {}", e.device.id),
            DeviceChange::Disappeared(e) => format!("disappeared {}", e.device.id),
            DeviceChange::Changed(e) => format!("changed {}", e.device.id),
        };
        changes.iter().map(of).collect::<Vec<_>>().join(", ")
    }
}
