//! Connections: the centre over HTTPS, for a station and for a folder that is to become one.
//!
//! In: what the invitation pins. Out: a [`SyncApi`]. Never: reaches anything else.

use std::sync::Arc;

use qayd_protocol::{Invitation, SyncApi, SyncError};
use qayd_station::World;
use qayd_station::upload::{HttpSyncClient, ReqwestNetwork};

/// The centre that an invitation names.
pub fn to_invitation(
    world: &World,
    invitation: &Invitation,
) -> Result<Box<dyn SyncApi>, SyncError> {
    let network = ReqwestNetwork::new(&invitation.tls_ca_pem, world.clock.clone(), None).map_err(
        |source| SyncError::Storage {
            source: source.into(),
        },
    )?;
    let client = HttpSyncClient::new(
        Arc::new(network),
        world.clone(),
        &invitation.centre_url,
        None,
    );
    Ok(Box::new(client))
}
