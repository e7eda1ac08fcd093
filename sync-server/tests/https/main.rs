//! The centre over real HTTPS on port 0: the suite of `SyncApi`, and everything a peer may try.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod client;
mod hostile;
mod oracles;
mod restart;
mod slow;
mod tus;

use std::net::SocketAddr;

use client::HttpStation;
use qayd_sync_server::{
    Centre, Role,
    http::{Limits, Server},
    testing::{self, TestStation, sync_api_suite},
};
use qayd_world::World;

/// A centre at intake that serves, with stations.
struct Served {
    server: Option<Server>,
    centre: Option<Centre>,
    base: String,
    world: World,
    folder: tempfile::TempDir,
}

impl Served {
    fn start() -> Self {
        Self::start_with(Limits::default())
    }

    fn start_with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::os();
        testing::init(&world, folder.path(), "https://localhost");
        let mut served = Self {
            server: None,
            centre: None,
            base: String::new(),
            world,
            folder,
        };
        served.open(limits);
        served
    }

    fn open(&mut self, limits: Limits) {
        let centre = testing::open(&self.world, self.folder.path(), Role::Intake);
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(&centre, listen, limits).unwrap();
        self.base = format!("https://localhost:{}", server.address().port());
        self.server = Some(server);
        self.centre = Some(centre);
    }

    /// The process ends and another one starts on the same folder.
    fn restart(&mut self) {
        self.server.take();
        self.centre.take();
        self.open(Limits::default());
    }

    fn centre(&self) -> &Centre {
        self.centre.as_ref().unwrap()
    }

    fn ca_pem(&self) -> String {
        self.centre().keys().tls_ca_pem().to_owned()
    }

    fn station(&self, name: &str) -> TestStation {
        TestStation::provision(self.centre(), name)
    }

    fn client(&self, station: &TestStation) -> HttpStation {
        HttpStation::new(&self.base, &self.ca_pem(), station.id, station.key())
    }
}

#[test]
fn the_centre_over_https_passes_the_suite() {
    let served = Served::start();
    let (mut station, mut other) = (served.station("A"), served.station("B"));
    let (api, other_api) = (served.client(&station), served.client(&other));
    sync_api_suite(served.centre(), &mut station, &api, &mut other, &other_api);
}

#[test]
fn a_station_is_provisioned_over_https() {
    let served = Served::start();
    let text = testing::invitation(served.centre(), "A");
    let nobody = qayd_model::StationId::from_bytes([0; 16]);
    let key = qayd_crypto::SigningKey::make(&[1; 32]);
    let api = HttpStation::new(&served.base, &served.ca_pem(), nobody, &key);
    let station = TestStation::provision_with(&served.world, &text, &api);
    assert!(served.centre().station(station.id).unwrap().is_some());
}
