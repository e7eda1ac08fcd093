//! Provision: a computer shows its invitation and its fresh keys, and becomes a station.
//!
//! In: a request, signed by the key it brings. Out: certificate, keyring, policy, packs.
//! Owns: using up an invitation; making rows of table `station`.
//! Never: makes two stations of one invitation. The same key may ask again (a lost answer); another key raises an alarm.

use qayd_crypto::{cbor, sha256};
use qayd_model::{StationId, UnixMs};
use qayd_protocol::{
    ProvisionAnswer, ProvisionClaim, ProvisionRequest, SignedTime, StationCertificate, trust::sign,
};
use qayd_world::World;
use rusqlite::{Connection, OptionalExtension, params};

use super::{CentreKeys, TrustError, journal, stations};
use crate::store::Register;

/// Bytes a station may have here unreviewed: 2 GB.
const QUOTA_BYTES: i64 = 2_000_000_000;

enum Outcome {
    Certified {
        certificate: Vec<u8>,
        packs: Vec<String>,
    },
    Invalid,
    Reused,
}

/// Answers a provisioning request.
pub fn provision(
    world: &World,
    register: &Register,
    keys: &CentreKeys,
    request: &ProvisionRequest,
) -> Result<ProvisionAnswer, TrustError> {
    let claim = request.open().map_err(|_| TrustError::RequestNotProven)?;
    let now = world.clock.now();
    let (ms, random) = world.id_seed();
    let fresh = StationId::make(ms, random);
    let inner = keys.clone();
    let outcome = register.write(move |connection| {
        // An outcome, not an error: the alarm of a reused invitation has to be committed.
        decide_in(connection, &inner, now, fresh, &claim)
    })?;
    match outcome {
        Outcome::Invalid => Err(TrustError::InvitationInvalid),
        Outcome::Reused => Err(TrustError::InvitationUsed),
        Outcome::Certified { certificate, packs } => Ok(ProvisionAnswer {
            certificate: certificate.into(),
            keyring: keys.keyring_bytes().to_vec().into(),
            policy: keys.policy_bytes().to_vec().into(),
            packs: keys
                .packs()
                .bundles(&packs)
                .into_iter()
                .map(Into::into)
                .collect(),
            time: sign(&SignedTime { time: now }, keys.centre_key()).into(),
        }),
    }
}

struct InvitationRow {
    secret_sha256: [u8; 32],
    kind: String,
    site: String,
    name: String,
    packs: String,
    production: bool,
    expires: u64,
    station: Option<[u8; 16]>,
}

fn decide_in(
    connection: &Connection,
    keys: &CentreKeys,
    now: UnixMs,
    fresh: StationId,
    claim: &ProvisionClaim,
) -> Result<Outcome, TrustError> {
    let row = connection
        .query_row(
            "SELECT secret_sha256, kind, site, name, packs, production, expires_ms, station
             FROM invitation WHERE id = ?1",
            [claim.invitation.to_bytes()],
            |row| {
                Ok(InvitationRow {
                    secret_sha256: row.get(0)?,
                    kind: row.get(1)?,
                    site: row.get(2)?,
                    name: row.get(3)?,
                    packs: row.get(4)?,
                    production: row.get(5)?,
                    expires: row.get::<_, i64>(6)? as u64,
                    station: row.get(7)?,
                })
            },
        )
        .optional()?;
    let Some(row) = row else {
        return Ok(Outcome::Invalid);
    };
    // Digests of 32 random bytes: how long a comparison takes tells nothing of use.
    if sha256(claim.secret.expose()).0 != row.secret_sha256 {
        tracing::warn!(code = "TRU-10", invitation = %claim.invitation, "wrong invitation secret");
        return Ok(Outcome::Invalid);
    }
    let packs: Vec<String> =
        serde_json::from_str(&row.packs).map_err(|_| TrustError::Damaged("an invitation"))?;
    if let Some(station) = row.station {
        let station = StationId::from_bytes(station);
        let known = stations::station_in(connection, station)?.ok_or(TrustError::NoStation)?;
        if known.key == claim.station_key {
            return Ok(Outcome::Certified {
                certificate: known.certificate,
                packs,
            });
        }
        let detail = format!("invitation={}", claim.invitation);
        journal::alarm_in(connection, now, "invitation-reused", Some(station), &detail)?;
        return Ok(Outcome::Reused);
    }
    if now.0 >= row.expires {
        return Ok(Outcome::Invalid);
    }
    let certificate = StationCertificate {
        station: fresh,
        kind: row.kind,
        site: row.site,
        name: row.name,
        key: claim.station_key,
        receiving_key: claim.receiving_key.clone(),
        packs: packs.clone(),
        production: row.production,
        issued: now,
        expires: None,
    };
    let signed = sign(&certificate, keys.issuer_key());
    connection.execute(
        "INSERT INTO station (id, kind, site, name, key, receiving_key, certificate, packs,
            production, provisioned_ms, quota_bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            fresh.to_bytes(),
            certificate.kind,
            certificate.site,
            certificate.name,
            claim.station_key.to_bytes(),
            cbor::encode(&claim.receiving_key),
            signed,
            row.packs,
            certificate.production,
            now.0 as i64,
            QUOTA_BYTES
        ],
    )?;
    connection.execute(
        "UPDATE invitation SET used_ms = ?2, station = ?3 WHERE id = ?1",
        params![claim.invitation.to_bytes(), now.0 as i64, fresh.to_bytes()],
    )?;
    journal::append_in(
        connection,
        now,
        "centre",
        "station.provision",
        &fresh.to_string(),
        &format!(
            "invitation={} key={}",
            claim.invitation,
            claim.station_key.key_id()
        ),
    )?;
    Ok(Outcome::Certified {
        certificate: signed,
        packs,
    })
}
