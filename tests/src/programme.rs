//! A programme: a centre in a folder of its own, served over real HTTPS on a free port.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use qayd_crypto::{ArgonParams, Passphrase};
use qayd_model::{EnrolmentId, UnixMs};
use qayd_protocol::{StationPlace, SyncApi};
use qayd_sync_server::{
    Centre, CentreOptions, Role,
    decision::{self, Act},
    http::{Limits, Server},
    review::{self, Review, case},
    staff::{self, NewStaff, StaffMember, StaffRole},
    trust::{InitRequest, InvitationRequest, init, invite},
};
use qayd_world::{Clock, Files, OsClock, World};
use tempfile::TempDir;

use crate::{Kit, PASSPHRASE, applicant::repository};

/// The system's clock, moved ahead as far as a story has let time pass.
#[derive(Default)]
struct MovedClock {
    system: OsClock,
    ahead_ms: AtomicU64,
}

impl Clock for MovedClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.system.now().0 + self.ahead_ms.load(Ordering::SeqCst))
    }
    fn monotonic_ms(&self) -> u64 {
        self.system.monotonic_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }
    fn sleep_ms(&self, ms: u64) {
        self.system.sleep_ms(ms);
    }
    fn boot_id(&self) -> Option<[u8; 16]> {
        self.system.boot_id()
    }
}

/// A centre with its folder, address and staff.
pub struct Programme {
    folder: TempDir,
    address: SocketAddr,
    world: World,
    clock: Arc<MovedClock>,
    running: Option<(Centre, Server)>,
    reviewer: StaffMember,
    kits: usize,
}

impl Programme {
    /// Makes a programme and serves it in the role `all`.
    pub fn start() -> Self {
        Self::start_on(World::os().files)
    }

    /// The same on other files, which its stations have too.
    pub fn start_on(files: Arc<dyn Files>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port");
        let clock = Arc::new(MovedClock::default());
        let world = World {
            clock: clock.clone(),
            files,
            ..World::os()
        };
        let secret = Passphrase::new(PASSPHRASE);
        init(
            &world,
            &folder.path().join("centre"),
            &InitRequest {
                programme: "Test programme",
                centre_url: &format!("https://{address}"),
                names: &["127.0.0.1".to_owned()],
                node: "node-1",
                packs: &repository().join("packs"),
                root_passphrase: &secret,
                centre_passphrase: &secret,
                opening_passphrase: &secret,
                argon: ArgonParams::TEST,
            },
        )
        .expect("a programme is made");
        let centre = Self::open(&folder.path().join("centre"), &world);
        let reviewer = staff::add(
            centre.register(),
            &world,
            ArgonParams::TEST,
            "test",
            NewStaff {
                login: "reviewer".into(),
                name: "Reviewer".into(),
                role: StaffRole::SeniorReviewer,
                offices: Vec::new(),
                password: Passphrase::new(PASSPHRASE),
            },
        )
        .expect("a reviewer is added");
        let server = Server::start(&centre, address, Limits::default()).expect("the centre serves");
        Self {
            folder,
            address,
            world,
            clock,
            running: Some((centre, server)),
            reviewer,
            kits: 0,
        }
    }

    fn open(folder: &std::path::Path, world: &World) -> Centre {
        let secret = Passphrase::new(PASSPHRASE);
        Centre::open(CentreOptions {
            folder,
            world: world.clone(),
            role: Role::All,
            centre_passphrase: &secret,
            opening_passphrase: Some(&secret),
        })
        .expect("the centre opens")
    }

    /// The running centre.
    pub fn centre(&self) -> &Centre {
        &self.running.as_ref().expect("the centre runs").0
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("centre")
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The outside world of the programme and its stations.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Lets time pass for everybody.
    pub fn pass_hours(&self, hours: u64) {
        self.clock
            .ahead_ms
            .fetch_add(hours * 3_600_000, Ordering::SeqCst);
    }

    /// Switches the centre off, as a power cut of the network would look to a station.
    pub fn stop(&mut self) {
        if let Some((_, server)) = self.running.take() {
            server.stop();
        }
    }

    /// Switches it on again, from its folder, on the same address.
    pub fn start_again(&mut self) {
        let centre = Self::open(&self.folder(), &self.world);
        let server = Server::start(&centre, self.address, Limits::default())
            .expect("the centre serves again");
        self.running = Some((centre, server));
    }

    /// A one-time invitation for a station of a kind.
    pub fn invitation(&self, kind: &str) -> String {
        let centre = self.centre();
        let place = StationPlace {
            kind: kind.to_owned(),
            site: "test-site".into(),
            name: format!("Test {kind}"),
            packs: Vec::new(),
            production: false,
        };
        invite(
            &self.world,
            centre.register(),
            centre.keys(),
            InvitationRequest { place, days: 7 },
        )
        .expect("an invitation")
        .1
    }

    /// A station of a kind, provisioned over HTTPS, with an officer and a supervisor.
    pub fn station(&mut self, kind: &str) -> Kit {
        self.kits += 1;
        let folder = self.folder.path().join(format!("station-{}", self.kits));
        Kit::provision(&self.world, folder, &self.invitation(kind))
    }

    /// Waits until the running centre has examined everything it holds.
    pub fn examine_all(&self) {
        let work = self.centre().work();
        loop {
            let counts = work.counts().expect("the queue answers");
            assert_eq!(counts.dead, 0, "an examination was given up");
            if counts.queued + counts.leased == 0 {
                return;
            }
            self.world.clock.sleep_ms(20);
        }
    }

    /// The review side of the running centre.
    pub fn review(&self) -> Review {
        Review::open(self.centre(), review::ReviewSettings::default())
            .expect("the review side opens")
    }

    /// The enrolments that the centre has a case of, those held longest first.
    pub fn enrolments(&self) -> Vec<EnrolmentId> {
        let all = case::Filter::default();
        self.centre()
            .register()
            .read(|connection| case::cases_in(connection, &all, 0, 1_000))
            .expect("the register answers")
            .iter()
            .map(|case| case.enrolment)
            .collect()
    }

    /// The case of an enrolment as it stands.
    pub fn case(&self, enrolment: EnrolmentId) -> case::Case {
        self.centre()
            .register()
            .read(|connection| case::case_in(connection, enrolment))
            .expect("the register answers")
            .expect("the case exists")
    }

    /// The reviewer decides a case, having compared it.
    pub fn decide(&self, enrolment: EnrolmentId, decision: qayd_model::Decision) {
        let seen = self.case(enrolment).row_version;
        let act = Act {
            enrolment,
            seen,
            decision,
            compared: true,
        };
        decision::decide(&self.review(), &self.reviewer, act).expect("the decision stands");
    }

    /// The centre as a station sees it, without a network.
    pub fn in_process(&self, kit: &Kit) -> impl SyncApi + use<> {
        self.centre().for_station(kit.station().identity().station)
    }
}
