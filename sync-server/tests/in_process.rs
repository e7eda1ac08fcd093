//! The centre in process: the suite of `SyncApi`, and what only the inside can show.

use qayd_sync_server::testing::{TestStation, centre, sync_api_suite};

#[test]
fn the_centre_in_process_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let mut other = TestStation::provision(&centre, "B");
    let (api, other_api) = (centre.for_station(station.id), centre.for_station(other.id));
    sync_api_suite(&centre, &mut station, &api, &mut other, &other_api);
}
