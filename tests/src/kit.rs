//! One provisioned station with the people who work at it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use qayd_crypto::Passphrase;
use qayd_devices::{
    CaptureDevice, CaptureRequest, CaptureTarget,
    simulated::{SimulatedCamera, SimulatedScanner, Stage},
};
use qayd_model::{BiometricException, EnrolmentId, ExceptionReason, SampleKind, pack::Wanted};
use qayd_protocol::{Invitation, Role, SyncApi, SyncError};
use qayd_station::{
    Approval, Draft, NewOperator, SealedPacket, Session, Station,
    capture::{CaptureLimits, FingerCapture, TenFingers, capture_portrait, capture_ten_fingers},
    enrolment::{DraftSample, FieldInput},
    outbox, provisioning,
    upload::{self, HttpSyncClient, ReqwestNetwork, SendOptions, SendReport},
};
use qayd_world::World;

use crate::{Applicant, PASSPHRASE};

/// A station, an officer's session, and the folder they live in.
pub struct Kit {
    world: World,
    folder: PathBuf,
    open: Option<(Station, Session)>,
}

impl Kit {
    /// Makes a station of `folder` over HTTPS.
    pub fn provision(world: &World, folder: PathBuf, invitation: &str) -> Self {
        let supervisor = NewOperator {
            login: "supervisor".into(),
            passphrase: Passphrase::new(PASSPHRASE),
            role: Role::Supervisor,
        };
        let connect = |invitation: &Invitation| -> Result<Box<dyn SyncApi>, SyncError> {
            let network = ReqwestNetwork::new(&invitation.tls_ca_pem, world.clock.clone(), None)
                .expect("the invitation's certificate is one");
            Ok(Box::new(HttpSyncClient::new(
                Arc::new(network),
                world.clone(),
                &invitation.centre_url,
                None,
            )))
        };
        provisioning::provision(world, &folder, invitation, &connect, &supervisor)
            .expect("provisioned");
        let (station, session) = Station::sign_in(
            world.clone(),
            &folder,
            "supervisor",
            &Passphrase::new(PASSPHRASE),
        )
        .expect("signed in");
        let officer = NewOperator {
            login: "officer".into(),
            passphrase: Passphrase::new(PASSPHRASE),
            role: Role::Officer,
        };
        station
            .add_operator(&session, &officer)
            .expect("an officer is added");
        drop((station, session));
        let mut kit = Self {
            world: world.clone(),
            folder,
            open: None,
        };
        kit.restart();
        kit
    }

    /// Ends the program and starts it again, as after a power cut; the officer signs in.
    pub fn restart(&mut self) {
        self.open = None;
        let opened = Station::sign_in(
            self.world.clone(),
            &self.folder,
            "officer",
            &Passphrase::new(PASSPHRASE),
        );
        self.open = Some(opened.expect("the officer signs in"));
    }

    /// The open station.
    pub fn station(&self) -> &Station {
        &self.open.as_ref().expect("the station is open").0
    }

    /// The officer's session.
    pub fn session(&self) -> &Session {
        &self.open.as_ref().expect("the station is open").1
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The supervisor stands by.
    pub fn approval(&self) -> Approval {
        self.station()
            .approve("supervisor", &Passphrase::new(PASSPHRASE))
            .expect("the supervisor approves")
    }

    /// A stage on which the applicant stands.
    pub fn stage(&self, applicant: &Applicant) -> Stage {
        Stage::make(applicant.body.clone())
    }

    /// A simulated scanner before a stage.
    pub fn scanner(&self, stage: &Stage) -> SimulatedScanner {
        SimulatedScanner::make(stage.clone(), self.world.clock.clone(), false).expect("a scanner")
    }

    /// Types in what the applicant says, up to but not including captures.
    pub fn begin(&self, applicant: &Applicant) -> Draft<'_> {
        let mut draft = self
            .station()
            .begin(self.session(), &applicant.pack)
            .expect("begun");
        for (field, value) in &applicant.answers {
            let input = match value {
                toml::Value::String(line) => FieldInput::Line(line.clone()),
                parts => FieldInput::Parts(parts.clone()),
            };
            draft
                .set(field, &input, qayd_model::value::Source::Statement)
                .unwrap_or_else(|error| panic!("{field}: {error:?}"));
        }
        for (position, reason) in &applicant.exceptions {
            let reason: ExceptionReason =
                serde_json::from_value(serde_json::Value::String(reason.clone()))
                    .expect("a reason");
            let exception = BiometricException {
                position: *position,
                reason,
                supervisor: None,
                note: None,
            };
            draft.add_exception(&exception).expect("declared");
        }
        draft
    }

    /// Takes the portrait.
    pub fn take_portrait(&self, draft: &mut Draft<'_>, stage: &Stage) {
        let mut camera = SimulatedCamera::make(stage.clone(), self.world.clock.clone(), false)
            .expect("a camera");
        camera.open().expect("the camera opens");
        let attempts_max = self.limits().attempts_max;
        let taken = capture_portrait(
            draft,
            &mut camera,
            attempts_max,
            &AtomicBool::new(false),
            &mut |_| {},
        );
        assert!(taken.expect("a portrait").captured);
    }

    /// Takes ten fingers in 4-4-2.
    pub fn take_fingers(&self, draft: &mut Draft<'_>, stage: &Stage) -> TenFingers {
        let mut scanner = self.scanner(stage);
        scanner.open().expect("the scanner opens");
        let mut capture = FingerCapture::resume(draft, self.limits()).expect("a capture");
        capture_ten_fingers(
            draft,
            &mut capture,
            &mut scanner,
            &AtomicBool::new(false),
            &mut |_: &CaptureTarget, _| {},
        )
        .expect("ten fingers")
    }

    /// The limits of the policy in force.
    pub fn limits(&self) -> CaptureLimits {
        CaptureLimits::of(&self.station().policy().expect("a policy"), None)
    }

    /// The whole of one enrolment, from the first field to the sealed packet.
    pub fn enrol(&self, applicant: &Applicant) -> SealedPacket {
        let mut draft = self.begin(applicant);
        self.capture(applicant, &mut draft);
        self.seal(&draft)
    }

    /// Everything that the pack wants captured.
    pub fn capture(&self, applicant: &Applicant, draft: &mut Draft<'_>) {
        let stage = self.stage(applicant);
        let wanted = draft.pack().biometrics.clone();
        if wanted.portrait != Wanted::NotTaken {
            self.take_portrait(draft, &stage);
        }
        if !applicant.exceptions.is_empty() {
            self.take_exception_photo(draft, &stage);
        }
        if wanted.fingers.is_some() {
            let fingers = self.take_fingers(draft, &stage);
            assert_eq!(
                fingers.open().count(),
                0,
                "fingers without image and exception"
            );
        }
    }

    fn take_exception_photo(&self, draft: &mut Draft<'_>, stage: &Stage) {
        let mut camera = SimulatedCamera::make(stage.clone(), self.world.clock.clone(), false)
            .expect("a camera");
        camera.open().expect("the camera opens");
        let request = CaptureRequest::of(CaptureTarget::Sample(SampleKind::ExceptionPhoto));
        let photos = camera
            .capture(&request, &AtomicBool::new(false), &mut |_| {})
            .expect("a photo");
        for photo in photos {
            draft
                .add_sample(DraftSample {
                    kind: SampleKind::ExceptionPhoto,
                    media_type: photo.media_type.name().to_owned(),
                    bytes: photo.bytes,
                    quality: None,
                    ppi: None,
                    device: Some("simulated".to_owned()),
                    attempts: 1,
                })
                .expect("kept");
        }
    }

    /// Finalises and seals, with the supervisor where one is needed.
    pub fn seal(&self, draft: &Draft<'_>) -> SealedPacket {
        let finalised = draft
            .finalise()
            .unwrap_or_else(|error| panic!("not final: {error:?}"));
        let approval = finalised.needs_approval().then(|| self.approval());
        self.station()
            .seal(self.session(), finalised, approval.as_ref())
            .expect("sealed")
    }

    /// One contact with the centre over HTTPS.
    pub fn send(&self) -> SendReport {
        let api = upload::connect(self.station()).expect("a client");
        self.send_through(&api)
    }

    /// One contact through any way to the centre.
    pub fn send_through(&self, api: &dyn SyncApi) -> SendReport {
        let options = SendOptions {
            patience_ms: 3_000,
            ..SendOptions::default()
        };
        upload::send(
            self.station(),
            api,
            &Arc::new(AtomicBool::new(false)),
            &options,
        )
        .expect("the station's side works")
    }

    /// State of the packet of an enrolment in the outbox, by name.
    pub fn outbox_state(&self, packet: &SealedPacket) -> String {
        let item = self
            .station()
            .store()
            .read(|c| outbox::get(c, packet.packet))
            .expect("the store answers");
        item.map_or("absent".to_owned(), |item| item.state.name().to_owned())
    }

    /// Whether the packet's file is on the disk.
    pub fn has_file(&self, packet: &SealedPacket) -> bool {
        outbox::packet_path(&self.folder, packet.packet).exists()
    }

    /// Opens a returned enrolment as a draft.
    pub fn open_returned(&self, enrolment: EnrolmentId) -> Draft<'_> {
        let draft = qayd_station::inbox::open(self.station(), self.session(), enrolment)
            .expect("the case opens");
        self.station()
            .resume(self.session(), draft)
            .expect("resumed")
    }
}
