//! A demo station with the programme's real packs, and a window on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use i_slint_backend_testing::{
    AccessibleRole, ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions,
};
use qayd_crypto::Passphrase;
use qayd_devices::{Hardware, Script, SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_protocol::trust::{CodeTableFile, sign};
use qayd_protocol::{
    AuditBatch, Hello, Invitation, Offer, OfferAnswer, PackBundle, ProvisionAnswer,
    ProvisionRequest, Role, StationCertificate, SyncApi, SyncError, UploadBody,
};
use qayd_station::testing::{OFFICER, SUPERVISOR, TestCentre, operator};
use qayd_station::{Station, World};
use qayd_ui::desk::{Event, Setup, Tell};
use qayd_window::AppWindow;
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, Model, SharedString};
use tempfile::TempDir;

/// The pack of most tests.
pub const PACK: &str = "national-card-first-issue";
const PACKS: [&str; 2] = [PACK, "residence-card"];
const WAIT: Duration = Duration::from_secs(180);

/// A provisioned folder with a supervisor and an officer.
pub struct Demo {
    _dir: TempDir,
    pub data: PathBuf,
    pub world: World,
}

/// A centre that hands out the packs of this repository.
struct PackCentre(TestCentre);

impl SyncApi for PackCentre {
    fn hello(&self) -> Result<Hello, SyncError> {
        self.0.hello()
    }
    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        let mut answer = self.0.provision(request)?;
        let issued = qayd_protocol::trust::Trusted::<StationCertificate>::verify(
            &answer.certificate,
            &self.0.issuer.public(),
        )
        .map_err(|_| SyncError::Unauthenticated)?;
        let mut certificate = StationCertificate::clone(&issued);
        certificate.packs = PACKS.map(str::to_owned).to_vec();
        certificate.name = "مخيم تجريبي".to_owned();
        answer.certificate = sign(&certificate, &self.0.issuer).into();
        answer.packs = PACKS
            .iter()
            .map(|id| sign(&bundle(id), &self.0.centre).into())
            .collect();
        Ok(answer)
    }
    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        self.0.offer(offer)
    }
    fn upload_offset(&self, id: qayd_model::UploadId) -> Result<u64, SyncError> {
        self.0.upload_offset(id)
    }
    fn upload_append(
        &self,
        id: qayd_model::UploadId,
        at: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        self.0.upload_append(id, at, body)
    }
    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        self.0.receipts(after)
    }
    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        self.0.inbox(after)
    }
    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        self.0.send_audit(batch)
    }
}

fn packs_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs")
}

fn bundle(id: &str) -> PackBundle {
    let folder = packs_folder();
    let pack = std::fs::read_to_string(folder.join(format!("{id}.toml"))).unwrap();
    let mut tables = Vec::new();
    for entry in std::fs::read_dir(folder.join("codes")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        tables.push(CodeTableFile {
            name,
            table: std::fs::read_to_string(&path).unwrap(),
        });
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    PackBundle {
        id: id.to_owned(),
        version: 1,
        pack,
        tables,
    }
}

impl Demo {
    pub fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("station");
        let world = World::os();
        make_station(&world, &data);
        Self {
            _dir: dir,
            data,
            world,
        }
    }

    /// Opens the folder without a window, as the commands do.
    pub fn open(&self) -> (Station, qayd_station::Session) {
        qayd_station::testing::sign_in(&self.world, &self.data, OFFICER)
    }
}

/// Makes a station of a folder.
pub fn make_station(world: &World, data: &Path) {
    let invitation = TestCentre::default().invitation_text();
    // The invitation of the test centre was good on a day of its own.
    let then = qayd_world::testing::FakeClock::at(qayd_station::testing::NOON);
    let of_then = World {
        clock: Arc::new(then),
        ..world.clone()
    };
    let connect =
        |_: &Invitation| Ok(Box::new(PackCentre(TestCentre::default())) as Box<dyn SyncApi>);
    qayd_station::provision(
        &of_then,
        data,
        &invitation,
        &connect,
        &operator(SUPERVISOR, Role::Supervisor),
    )
    .unwrap();
    let (station, supervisor) = qayd_station::testing::sign_in(world, data, SUPERVISOR);
    station
        .add_operator(&supervisor, &operator(OFFICER, Role::Officer))
        .unwrap();
}

/// A window with its station.
pub struct Screen {
    pub station: qayd_ui::Station,
    events: Receiver<Event>,
}

impl Screen {
    /// Opens the window on a demo station.
    pub fn open(demo: &Demo, language: Language, seed: u64, faults: &str) -> Self {
        let script: Script = faults.parse().unwrap();
        let stage = Stage::make(SimulatedPerson::make(seed).with_script(script));
        Self::open_at(&demo.world, &demo.data, language, stage)
    }

    pub fn open_at(world: &World, data: &Path, language: Language, stage: Stage) -> Self {
        Self::open_before(world, data, language, Some(stage), Hardware::default())
    }

    /// Opens the window before devices that are no part of it.
    pub fn open_before(
        world: &World,
        data: &Path,
        language: Language,
        stage: Option<Stage>,
        hardware: Hardware,
    ) -> Self {
        Self::open_with(world, data, language, stage, hardware, 0)
    }

    /// Opens the window as it is shipped: the second of two presses is not one of the next step.
    pub fn open_patient(demo: &Demo, language: Language, seed: u64) -> Self {
        let stage = Stage::make(SimulatedPerson::make(seed));
        let hardware = Hardware::default();
        Self::open_with(
            &demo.world,
            &demo.data,
            language,
            Some(stage),
            hardware,
            400,
        )
    }

    fn open_with(
        world: &World,
        data: &Path,
        language: Language,
        stage: Option<Stage>,
        hardware: Hardware,
        second_press_ms: u64,
    ) -> Self {
        rasteriser();
        let (sender, events) = channel();
        let tell: Tell = Arc::new(move |event| {
            let _ = sender.send(event);
        });
        let setup = Setup {
            data: data.to_owned(),
            world: world.clone(),
            hardware,
            stage,
            language,
            second_press_ms,
        };
        let station = qayd_ui::Station::make(setup, tell).unwrap();
        station
            .window
            .window()
            .set_size(slint::LogicalSize::new(1366.0, 768.0));
        station.window.show().unwrap();
        let screen = Self { station, events };
        screen.settle();
        screen
    }

    pub fn window(&self) -> &AppWindow {
        &self.station.window
    }

    /// Shows what the station has told so far, and lets handlers of changes run.
    pub fn settle(&self) {
        while let Ok(event) = self.events.try_recv() {
            qayd_ui::show(self.window(), &self.station.desk, event);
        }
        slint::platform::update_timers_and_animations();
    }

    /// Shows what is told until nothing comes for a moment: what was asked so far is done. Live pictures come more slowly.
    pub fn rest(&self) {
        for _ in 0..100 {
            match self.events.recv_timeout(Duration::from_millis(4)) {
                Ok(event) => qayd_ui::show(self.window(), &self.station.desk, event),
                Err(_) => break,
            }
        }
        self.settle();
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let mut waited = Duration::ZERO;
        let tick = Duration::from_millis(10);
        loop {
            self.settle();
            if so(self) {
                return;
            }
            assert!(
                waited < WAIT,
                "never: {what}; on the screen: {:?}",
                self.labels()
            );
            waited += tick;
            if let Ok(event) = self.events.recv_timeout(tick) {
                qayd_ui::show(self.window(), &self.station.desk, event);
            }
        }
    }

    /// All accessible labels, for messages.
    pub fn labels(&self) -> Vec<String> {
        let all = ElementQuery::from_root(self.window())
            .match_descendants()
            .find_all();
        all.iter()
            .filter_map(|e| e.accessible_label())
            .filter(|l| !l.is_empty())
            .map(String::from)
            .collect()
    }

    /// A box or a choice of the form by its key, where it is in sight.
    pub fn of_form(&self, key: &str) -> Option<ElementHandle> {
        let key = key.to_owned();
        ElementQuery::from_root(self.window())
            .match_descendants()
            .match_predicate(move |e| e.accessible_id().is_some_and(|id| id == key))
            .find_first()
    }

    /// The elements of a label that can be used.
    fn usable(&self, label: &str) -> Vec<ElementHandle> {
        ElementHandle::find_by_accessible_label(self.window(), label)
            .filter(|e| e.accessible_enabled().unwrap_or(true))
            .filter(|e| {
                matches!(
                    e.accessible_role(),
                    Some(
                        AccessibleRole::Button
                            | AccessibleRole::RadioButton
                            | AccessibleRole::TextInput
                    )
                )
            })
            .collect()
    }

    pub fn has(&self, label: &str) -> bool {
        ElementHandle::find_by_accessible_label(self.window(), label)
            .next()
            .is_some()
    }

    /// Presses a button by its name, once it can be pressed.
    pub fn press(&self, label: &str) {
        self.until(&format!("a button {label}"), |s| {
            !s.usable(label).is_empty()
        });
        self.usable(label)[0].invoke_accessible_default_action();
        self.settle();
    }

    /// Types into a field by its name, as a whole.
    pub fn fill(&self, label: &str, text: &str) {
        self.until(&format!("a field {label}"), |s| !s.usable(label).is_empty());
        let field = self
            .usable(label)
            .into_iter()
            .find(|e| e.accessible_role() == Some(AccessibleRole::TextInput));
        field
            .unwrap_or_else(|| panic!("{label} is no field"))
            .set_accessible_value(text);
        self.settle();
    }

    pub fn key(&self, text: impl Into<SharedString>) {
        let text = text.into();
        self.window()
            .window()
            .dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        self.window()
            .window()
            .dispatch_event(WindowEvent::KeyReleased { text });
        self.settle();
    }

    /// Turns the wheel over the middle of the page; less than 0 is towards its end.
    pub fn wheel(&self, by: f32) {
        let size = self.window().window().size();
        self.window()
            .window()
            .dispatch_event(WindowEvent::PointerScrolled {
                position: slint::LogicalPosition::new(
                    size.width as f32 / 2.0,
                    size.height as f32 / 2.0,
                ),
                delta_x: 0.0,
                delta_y: by,
            });
        i_slint_backend_testing::mock_elapsed_time(Duration::from_secs(1));
        self.settle();
    }

    pub fn tab(&self) {
        self.key(Key::Tab);
    }

    pub fn type_text(&self, text: &str) {
        for letter in text.chars() {
            self.key(letter);
        }
    }

    /// Puts what was typed into the model of the form, which follows by itself only when the form is drawn anew.
    pub fn remember(&self, key: &str, text: &str) {
        let rows = self.window().global::<qayd_window::Form>().get_rows();
        for row in rows.iter() {
            for n in 0..row.boxes.row_count() {
                let mut cell = row.boxes.row_data(n).unwrap();
                if cell.key == key {
                    cell.text = text.into();
                    row.boxes.set_row_data(n, cell);
                }
            }
        }
    }

    /// Signs the officer in.
    pub fn sign_in(&self) {
        self.until("the sign-in page", |s| s.has(OFFICER.0));
        self.press(OFFICER.0);
        self.station.desk.ask(qayd_ui::desk::Command::SignIn {
            login: OFFICER.0.to_owned(),
            passphrase: Passphrase::new(OFFICER.1),
        });
    }

    pub fn step(&self) -> String {
        self.window()
            .global::<qayd_window::Enrolment>()
            .get_step()
            .into()
    }

    pub fn page(&self) -> qayd_window::Page {
        self.window().global::<qayd_window::App>().get_page()
    }

    /// What is on the screen, pixel by pixel.
    pub fn photograph(&self) -> image::RgbaImage {
        self.settle();
        let pixels = self.window().window().take_snapshot().unwrap();
        image::RgbaImage::from_raw(pixels.width(), pixels.height(), pixels.as_bytes().to_vec())
            .unwrap()
    }
}

/// Slint's testing platform with the software rasteriser, once for each thread.
pub fn rasteriser() {
    let backend = TestingBackend::new(TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    });
    // The thread may have it already.
    let _ = slint::platform::set_platform(Box::new(backend));
}
