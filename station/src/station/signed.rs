//! What the centre signed and this station keeps: keyring, policy, packs, time, revocations.
//!
//! In: signed bytes, from the inbox or an invitation. Out: what is in force.
//! Never: keeps what the keyring in force does not vouch for, or something older than it has.

use qayd_model::OperatorId;
use qayd_protocol::trust::Trusted;
use qayd_protocol::{Keyring, Policy, TrustChain};
use rusqlite::{Connection, Transaction};

use super::{Station, StationError};
use crate::audit::{AuditEvent, Subject};
use crate::provisioning::{KnownPack, packs};
use crate::session;
use crate::settings::{self, name};
use crate::store::StoreError;

impl Station {
    /// Root and keyring in force: every signature of the centre is judged by these.
    pub fn trust(&self, connection: &Connection) -> Result<TrustChain, StoreError> {
        let damaged = |what| StoreError::Damaged {
            table: "setting",
            what,
        };
        let bytes = settings::get(connection, name::KEYRING)?.ok_or(damaged("no keyring"))?;
        TrustChain::open(self.identity.root, &bytes)
            .map_err(|_| damaged("the keyring is not the root's"))
    }

    /// The keyring in force.
    pub fn keyring(&self, connection: &Connection) -> Result<Keyring, StoreError> {
        Ok((**self.trust(connection)?.keyring()).clone())
    }

    /// The policy in force.
    pub fn policy(&self) -> Result<Policy, StoreError> {
        self.store.read(|c| self.policy_in(c))
    }

    /// The policy in force, inside a transaction.
    pub fn policy_in(&self, connection: &Connection) -> Result<Policy, StoreError> {
        let damaged = |what| StoreError::Damaged {
            table: "setting",
            what,
        };
        let bytes = settings::get(connection, name::POLICY)?.ok_or(damaged("no policy"))?;
        let peeked = qayd_crypto::peek1(&bytes).map_err(|_| damaged("the policy is not signed"))?;
        // Verified before it was kept, under the keyring of that day; the store is authenticated since.
        qayd_protocol::Message::from_bytes(&peeked.payload)
            .map_err(|_| damaged("the policy is not one"))
    }

    /// Takes over a newer keyring, signed by the root. `false` when it is the one in force.
    ///
    /// # Errors
    /// [`StationError::Trust`]; nothing is changed.
    pub fn keep_keyring(&self, tx: &Transaction<'_>, bytes: &[u8]) -> Result<bool, StationError> {
        let held = self.trust(tx)?;
        let newer = held.advance(bytes)?;
        if newer.keyring().signed_bytes() == held.keyring().signed_bytes() {
            return Ok(false);
        }
        settings::put(tx, name::KEYRING, bytes)?;
        let epoch = [Subject::Count(u64::from(newer.keyring().epoch))];
        self.record(tx, None, AuditEvent::KeyringKept, &epoch)?;
        Ok(true)
    }

    /// Takes over a policy of the centre with a higher version. `false` when it is not higher.
    ///
    /// # Errors
    /// [`StationError::Trust`]; nothing is changed.
    pub fn keep_policy(&self, tx: &Transaction<'_>, bytes: &[u8]) -> Result<bool, StationError> {
        let newer: Trusted<Policy> = self.trust(tx)?.policy(bytes)?;
        if newer.version <= self.policy_in(tx)?.version {
            return Ok(false);
        }
        settings::put(tx, name::POLICY, bytes)?;
        let version = [Subject::Count(u64::from(newer.version))];
        self.record(tx, None, AuditEvent::PolicyKept, &version)?;
        Ok(true)
    }

    /// Takes over a pack of the centre. `false` when this version is here.
    ///
    /// # Errors
    /// [`StationError::Trust`], [`StationError::Pack`]; nothing is changed.
    pub fn keep_pack(&self, tx: &Transaction<'_>, bytes: &[u8]) -> Result<bool, StationError> {
        let bundle = self.trust(tx)?.pack(bytes)?;
        KnownPack::parse(&bundle).map_err(|problems| StationError::Pack {
            id: bundle.id.clone(),
            problems: problems.len(),
        })?;
        let at = self.clock.stamp(tx)?.recorded;
        let kept = packs::keep(tx, &bundle, at)?;
        if kept {
            let subjects = [
                Subject::Code(bundle.id.clone()),
                Subject::Count(u64::from(bundle.version)),
            ];
            self.record(tx, None, AuditEvent::PackKept, &subjects)?;
        }
        Ok(kept)
    }

    /// Learns the centre's time from signed bytes that are at most `error_ms` old. `false` when it knew a later one.
    ///
    /// # Errors
    /// [`StationError::Trust`]; nothing is changed.
    pub fn keep_time(
        &self,
        tx: &Transaction<'_>,
        bytes: &[u8],
        error_ms: u64,
    ) -> Result<bool, StationError> {
        let time = self.trust(tx)?.time(bytes)?;
        Ok(self.clock.learn(tx, time.time, error_ms)?)
    }

    /// The station may no longer enrol; what it holds may still be sent.
    pub fn revoke(&self, tx: &Transaction<'_>, reason: &str) -> Result<(), StoreError> {
        settings::put(tx, name::REVOKED, reason.as_bytes())?;
        let subjects = [
            Subject::Station(self.identity.station),
            Subject::Code(reason.to_owned()),
        ];
        self.record(tx, None, AuditEvent::Revoked, &subjects)?;
        Ok(())
    }

    /// An operator may no longer sign in.
    pub fn revoke_operator(
        &self,
        tx: &Transaction<'_>,
        operator: OperatorId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let at = self.clock.stamp(tx)?.recorded;
        session::revoke(tx, operator, at)?;
        let subjects = [
            Subject::Operator(operator),
            Subject::Code(reason.to_owned()),
        ];
        self.record(tx, None, AuditEvent::Revoked, &subjects)?;
        Ok(())
    }

    /// Why the station may no longer enrol; `None` when it may.
    pub fn revoked(&self, connection: &Connection) -> Result<Option<String>, StoreError> {
        let reason = settings::get(connection, name::REVOKED)?;
        Ok(reason.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
