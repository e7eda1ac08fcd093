//! Clients nobody here wrote: tuspy with http-message-signatures, and tus-js-client. They run where they are installed:
//! `QAYD_ORACLES` names a Python with the first two, `QAYD_NODE_MODULES` a folder with the third.

use std::{path::Path, process::Command};

use qayd_protocol::{ChainHead, Outcome, SyncApi, receipt};
use qayd_sync_server::testing::{Sizes, TestStation};

use super::Served;

fn script(name: &str) -> String {
    format!("{}/tests/oracles/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Three packets as files, and the job's description.
fn job(served: &Served, station: &mut TestStation, folder: &Path, checksum: bool) -> String {
    let files: Vec<String> = (0..3)
        .map(|index| {
            let packet = station.packet(Sizes::USUAL);
            let path = folder.join(format!("{index}.qpk"));
            served
                .world
                .files
                .write_durably(&path, &packet.bytes)
                .unwrap();
            path.display().to_string()
        })
        .collect();
    let ca = folder.join("ca.pem");
    served
        .world
        .files
        .write_durably(&ca, served.ca_pem().as_bytes())
        .unwrap();
    let job = serde_json::json!({
        "base": served.base,
        "ca": ca,
        "station": station.id.to_string(),
        "seed": hex::encode(station.key().seed().as_slice()),
        "files": files,
        "chunk": 300_000,
        "checksum": checksum,
    });
    let path = folder.join("job.json");
    served
        .world
        .files
        .write_durably(&path, job.to_string().as_bytes())
        .unwrap();
    path.display().to_string()
}

fn assert_stored(served: &Served, station: &TestStation, packets: usize) {
    let mut head = ChainHead::START;
    let receipts = served.client(station).receipts(0).unwrap();
    assert_eq!(receipts.len(), packets);
    for bytes in receipts {
        let verified = receipt::verify(&bytes, station.keyring(), station.id, &head).unwrap();
        assert_eq!(verified.receipt().outcome, Outcome::Stored { level: 1 });
        head = verified.head();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn tuspy_with_http_message_signatures_delivers_packets() {
    let Some(python) = qayd_oracles::python() else {
        return;
    };
    for checksum in [false, true] {
        let served = Served::start();
        let mut station = served.station("A");
        let folder = tempfile::tempdir().unwrap();
        let job = job(&served, &mut station, folder.path(), checksum);
        run(Command::new(&python)
            .arg(script("tuspy_upload.py"))
            .arg(&job));
        assert_stored(&served, &station, 3);
        // Control: the same in the name of a station that is not there is refused.
        let text = std::fs::read_to_string(&job).unwrap();
        let stranger = text.replace(&station.id.to_string(), &served.station("B").id.to_string());
        served
            .world
            .files
            .write_durably(Path::new(&job), stranger.as_bytes())
            .unwrap();
        let output = Command::new(&python)
            .arg(script("tuspy_upload.py"))
            .arg(&job)
            .output()
            .unwrap();
        assert!(!output.status.success());
    }
}

#[test]
fn tus_js_client_delivers_packets() {
    let Some(modules) = qayd_oracles::node_modules() else {
        return;
    };
    let served = Served::start();
    let mut station = served.station("A");
    let folder = tempfile::tempdir().unwrap();
    let job = job(&served, &mut station, folder.path(), false);
    run(Command::new("node")
        .arg(script("tus_js_upload.mjs"))
        .arg(&job)
        .env("NODE_EXTRA_CA_CERTS", folder.path().join("ca.pem"))
        .env("QAYD_NODE_MODULES", modules));
    assert_stored(&served, &station, 3);
}
