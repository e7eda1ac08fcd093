//! Invite: one file that turns one computer into one station, once.
//!
//! In: what the station is to be. Out: the invitation file's text. Owns: making rows of table `invitation`.
//! Never: keeps the secret (its digest alone).

use qayd_crypto::sha256;
use qayd_model::{InvitationId, UnixMs};
use qayd_protocol::{Invitation, InvitationSecret, StationPlace, trust::sign};
use qayd_world::{World, random_array};
use rusqlite::params;

use super::{CentreKeys, TrustError, journal};
use crate::store::Register;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is asked of `invite`.
#[derive(Debug, Clone)]
pub struct InvitationRequest {
    /// What the station is to be. No packs: all that its kind offers.
    pub place: StationPlace,
    /// How many days it may wait.
    pub days: u16,
}

/// Makes an invitation, durable at the centre before it is returned. Returns its id and the file's text.
pub fn invite(
    world: &World,
    register: &Register,
    keys: &CentreKeys,
    request: InvitationRequest,
) -> Result<(InvitationId, String), TrustError> {
    let InvitationRequest { mut place, days } = request;
    let set = keys.packs().set();
    if !set.station_kinds.contains_key(&place.kind) {
        let known: Vec<&str> = set.station_kinds.keys().map(String::as_str).collect();
        return Err(TrustError::Invitation(format!(
            "no station kind {}; there are {}",
            place.kind,
            known.join(", ")
        )));
    }
    if place.packs.is_empty() {
        place.packs = set
            .offered(&place.kind)
            .iter()
            .map(|pack| pack.id.clone())
            .collect();
    }
    if let Some(unknown) = place.packs.iter().find(|id| !set.packs.contains_key(*id)) {
        return Err(TrustError::Invitation(format!("no pack {unknown}")));
    }
    let now = world.clock.now();
    let (ms, random) = world.id_seed();
    let secret: [u8; 32] = random_array(&*world.random);
    let programme = keys.programme();
    let invitation = Invitation {
        programme: programme.name.clone(),
        centre_url: programme.centre_url.clone(),
        tls_ca_pem: keys.tls_ca_pem().to_owned(),
        root_key: *keys.root(),
        keyring: keys.keyring_bytes().to_vec().into(),
        invitation: InvitationId::make(ms, random),
        secret: InvitationSecret::from_bytes(secret),
        station: place.clone(),
        expires: UnixMs(now.0 + u64::from(days) * DAY_MS),
    };
    let signed = sign(&invitation, keys.issuer_key());
    let text = invitation.file_text(&signed);
    let id = invitation.invitation;
    let expires = invitation.expires;
    let packs = serde_json::to_string(&place.packs)
        .map_err(|_| TrustError::Damaged("the list of packs"))?;
    register.write(move |connection| {
        connection.execute(
            "INSERT INTO invitation (id, secret_sha256, kind, site, name, packs, production,
                issued_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id.to_bytes(),
                sha256(&secret).0,
                place.kind,
                place.site,
                place.name,
                packs,
                place.production,
                now.0 as i64,
                expires.0 as i64
            ],
        )?;
        journal::append_in(
            connection,
            now,
            "custodian",
            "station.invite",
            &id.to_string(),
            &format!("kind={} site={}", place.kind, place.site),
        )?;
        Ok::<_, TrustError>(())
    })?;
    Ok((id, text))
}
