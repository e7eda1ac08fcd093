//! Test kit: a small programme, stations without a laptop, and the suite that every `SyncApi` has to pass.
//!
//! In: an empty folder. Out: a centre, provisioned stations, sealed packets of chosen sizes.
//! Never: part of a product build (feature `test-util`).

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "tests end where something is not as expected"
)]

mod camp;
mod station;
mod suite;

use std::path::{Path, PathBuf};

use qayd_crypto::{ArgonParams, Passphrase};
use qayd_model::UnixMs;
use qayd_protocol::StationPlace;
use qayd_world::{World, testing::FakeClock};

use crate::{
    centre::{Centre, CentreOptions, Role},
    trust::{self, InitRequest, InvitationRequest},
};

pub use camp::{Camp, NewCase, child, person};
pub use station::{Sizes, TestStation};
pub use suite::sync_api_suite;

/// When every test programme begins.
pub const START: UnixMs = UnixMs(1_770_000_000_000);
/// Passphrase of all keys of a test programme.
pub const PASSPHRASE: &str = "three words of a test";

/// The repository's packs.
pub fn packs_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs")
}

/// Real time, real randomness, real files; cheap Argon2id.
pub fn init(world: &World, folder: &Path, centre_url: &str) {
    let passphrase = Passphrase::new(PASSPHRASE);
    trust::init(
        world,
        folder,
        &InitRequest {
            programme: "Test programme",
            centre_url,
            names: &["localhost".to_owned(), "127.0.0.1".to_owned()],
            node: "node-1",
            packs: &packs_folder(),
            root_passphrase: &passphrase,
            centre_passphrase: &passphrase,
            opening_passphrase: &passphrase,
            argon: ArgonParams::TEST,
        },
    )
    .unwrap();
}

/// Opens a programme that [`init`] made.
pub fn open(world: &World, folder: &Path, role: Role) -> Centre {
    let passphrase = Passphrase::new(PASSPHRASE);
    Centre::open(CentreOptions {
        folder,
        world: world.clone(),
        role,
        centre_passphrase: &passphrase,
        opening_passphrase: Some(&passphrase),
    })
    .unwrap()
}

/// A centre at intake in `folder`, in a world of its own.
pub fn centre(folder: &Path) -> (Centre, FakeClock) {
    let (world, clock) = qayd_world::testing::world(START, 7);
    init(&world, folder, "https://localhost:8443");
    (open(&world, folder, Role::Intake), clock)
}

/// Text of an invitation for one camp station with all its packs.
pub fn invitation(centre: &Centre, name: &str) -> String {
    let (_, text) = trust::invite(
        centre.world(),
        centre.register(),
        centre.keys(),
        InvitationRequest {
            place: StationPlace {
                kind: "camp".to_owned(),
                site: "camp-1".to_owned(),
                name: name.to_owned(),
                packs: Vec::new(),
                production: false,
            },
            days: 30,
        },
    )
    .unwrap();
    text
}
