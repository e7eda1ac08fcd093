//! Station: one opened data folder with everything that works on it.
//!
//! In: a [`World`], a folder, a login with its passphrase. Out: the river's steps as methods, for the CLI and the window.
//! Owns: the open [`Store`], the station's own keys while it is open.
//! Never: open without somebody having signed in; two processes at once.

mod signed;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use qayd_crypto::{OpeningKey, Passphrase, SigningKey};
use qayd_model::pack::Language;
use qayd_model::{EnrolmentId, OperatorId, PersonalText, Remedy, UnixMs};
use qayd_protocol::{DecisionMessage, TrustError};
use qayd_world::World;
use rusqlite::{Connection, Transaction};

use crate::audit::{self, AuditError, AuditEvent, Estimate, StationClock, Subject};
use crate::enrolment::{
    self, Draft, DraftSummary, EnrolmentError, EnrolmentSummary, Finalised, ImportSamples,
    SealedPacket,
};
use crate::freeze::{self, Extend, FreezeError, Standing};
use crate::outbox;
use crate::provisioning::{PackSummary, Packs, packs};
use crate::session::{self, Approval, Login, NewOperator, OperatorSummary, Session, SessionError};
use crate::settings::{self, StationIdentity, StationKeys, name};
use crate::store::{DATABASE_NAME, FolderLock, Store, StoreError};
use crate::watch;

/// Minutes by which the civil date is ahead of UTC where nothing else was set: Iraq.
const UTC_OFFSET_MINUTES: i64 = 180;

/// Why a station was not opened, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StationError {
    /// The folder is not a station.
    #[error("this folder is not a station yet")]
    NotProvisioned,
    /// A message of the centre was not the centre's, or not understood.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A pack has problems, as many as said.
    #[error("the pack {id} has {problems} problems")]
    Pack {
        /// Which.
        id: String,
        /// How many.
        problems: usize,
    },
    /// Nobody was signed in.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a crash left could not be put right.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    /// Files and rows of the outbox could not be compared.
    #[error(transparent)]
    Outbox(#[from] outbox::ReleaseError),
}

impl StationError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotProvisioned => "STA-01",
            Self::Pack { .. } => "STA-02",
            Self::Trust(e) => e.code(),
            Self::Session(e) => e.code(),
            Self::Store(e) => e.code(),
            Self::Enrolment(e) => e.code(),
            Self::Outbox(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NotProvisioned | Self::Pack { .. } => Remedy::SupervisorActs,
            Self::Trust(e) => e.remedy(),
            Self::Session(e) => e.remedy(),
            Self::Store(e) => e.remedy(),
            Self::Enrolment(e) => e.remedy(),
            Self::Outbox(e) => e.remedy(),
        }
    }
}

/// An open station.
pub struct Station {
    world: World,
    store: Store,
    identity: StationIdentity,
    keys: StationKeys,
    clock: StationClock,
    packs: Packs,
    /// A seal ended in an error: its file may lie in the outbox without its rows.
    seals_in_doubt: AtomicBool,
    /// Sequence number found in the outbox beyond the database's; 0 is none.
    beyond: AtomicU64,
}

impl Station {
    /// Whether the folder is a station. Says nothing about whether it can be opened.
    pub fn is_provisioned(data: &Path) -> bool {
        data.join(DATABASE_NAME).exists()
    }

    /// Logins that can sign in, in order; for a sign-in screen.
    ///
    /// # Errors
    /// [`StationError`].
    pub fn logins(world: &World, data: &Path) -> Result<Vec<String>, StationError> {
        Ok(session::logins(world, data)?
            .iter()
            .map(|l| l.as_str().to_owned())
            .collect())
    }

    /// Opens the station for whoever signs in. What a crash left is put right before this returns.
    ///
    /// # Errors
    /// [`StationError::NotProvisioned`], [`StoreError::InUse`] when another process has it, [`SessionError`].
    pub fn sign_in(
        world: World,
        data: &Path,
        login: &str,
        passphrase: &Passphrase,
    ) -> Result<(Self, Session), StationError> {
        if !Self::is_provisioned(data) {
            return Err(StationError::NotProvisioned);
        }
        let lock = FolderLock::take(data)?;
        let login = Login::parse(login)?;
        let opened = session::open_wrap(&world, data, &login, passphrase)?;
        let failures = opened.failures;
        let store = Store::open(lock, &opened.store_key)?;
        let station = Self::assemble(world, store)?;
        let session = station
            .store
            .read(|c| session::begin(c, &station.keys.signing.public(), login, opened))?;
        station.put_right()?;
        station.signed_in(&session, failures)?;
        Ok((station, session))
    }

    fn assemble(world: World, store: Store) -> Result<Self, StationError> {
        let before = store.read(|c| settings::get(c, name::BOOT))?;
        let (clock, keys, identity) = store.write(|tx| {
            let clock = StationClock::start(world.clock.clone(), tx)?;
            let (keys, identity) = (StationKeys::load(tx)?, StationIdentity::load(tx)?);
            if settings::get(tx, name::BOOT)? != before {
                let count = [Subject::Count(clock.boot_counter())];
                audit::append(tx, &keys.signing, &clock, None, AuditEvent::Started, &count)?;
            }
            Ok::<_, StoreError>((clock, keys, identity))
        })?;
        Ok(Self {
            world,
            store,
            identity,
            keys,
            clock,
            packs: Packs::default(),
            seals_in_doubt: AtomicBool::new(false),
            beyond: AtomicU64::new(0),
        })
    }

    /// Completes seals that a crash cut short, sweeps temporary files and what the watch has to
    /// forget, sets strangers aside, removes orphaned wraps.
    fn put_right(&self) -> Result<(), StationError> {
        self.doubt_seals();
        self.settle_seals()?;
        let at = self.store.write(|tx| self.clock.stamp(tx))?.recorded;
        let found = outbox::reconcile(&self.store, &*self.world.files, at)?;
        if !found.orphans.is_empty() {
            let count = [Subject::Count(found.orphans.len() as u64)];
            self.store
                .write(|tx| self.record(tx, None, AuditEvent::OrphanRemoved, &count))?;
        }
        watch::sweep(self)?;
        let data = self.store.folder();
        for login in session::logins(&self.world, data)? {
            if !self.store.read(|c| session::is_known(c, &login))? {
                session::remove_wrap(&self.world, data, &login)?;
            }
        }
        Ok(())
    }

    fn signed_in(&self, session: &Session, failures: u32) -> Result<(), StoreError> {
        let count = [Subject::Count(u64::from(failures))];
        self.store
            .write(|tx| self.record(tx, Some(session.operator()), AuditEvent::SignedIn, &count))
            .map(|_| ())
    }

    /// Signs another operator in at the open station.
    ///
    /// # Errors
    /// [`SessionError`]; who is signed in stays so.
    pub fn sign_in_again(
        &self,
        login: &str,
        passphrase: &Passphrase,
    ) -> Result<Session, SessionError> {
        let (session, failures) = self.check_passphrase(login, passphrase)?;
        self.signed_in(&session, failures)?;
        Ok(session)
    }

    fn check_passphrase(
        &self,
        login: &str,
        passphrase: &Passphrase,
    ) -> Result<(Session, u32), SessionError> {
        let login = Login::parse(login)?;
        let opened = session::open_wrap(&self.world, self.store.folder(), &login, passphrase);
        if matches!(opened, Err(SessionError::WrongPassphrase { .. })) {
            self.store
                .write(|tx| self.record(tx, None, AuditEvent::SignInRefused, &[]))?;
        }
        let opened = opened?;
        let failures = opened.failures;
        let session = self
            .store
            .read(|c| session::begin(c, &self.keys.signing.public(), login, opened))?;
        Ok((session, failures))
    }

    /// Signs out. The station stays open; close it by dropping it.
    ///
    /// # Errors
    /// [`StoreError`]; the session is over all the same.
    pub fn sign_out(&self, session: Session) -> Result<(), StoreError> {
        self.store
            .write(|tx| self.record(tx, Some(session.operator()), AuditEvent::SignedOut, &[]))
            .map(|_| ())
    }

    /// A supervisor stands by: a second passphrase check, whose proof signs what it approves.
    ///
    /// # Errors
    /// [`SessionError::NotSupervisor`], and as for signing in.
    pub fn approve(&self, login: &str, passphrase: &Passphrase) -> Result<Approval, SessionError> {
        let (session, _) = self.check_passphrase(login, passphrase)?;
        let operator = session.operator();
        let approval = Approval::from_session(session)?;
        self.store
            .write(|tx| self.record(tx, Some(operator), AuditEvent::Approved, &[]))?;
        Ok(approval)
    }

    /// Adds an operator. Only a supervisor does; the certificate says who it was.
    ///
    /// # Errors
    /// [`SessionError::NotSupervisor`], [`SessionError::LoginTaken`], [`SessionError::PassphraseTooShort`].
    pub fn add_operator(
        &self,
        by: &Session,
        new: &NewOperator,
    ) -> Result<OperatorId, SessionError> {
        by.require_supervisor()?;
        let login = Login::parse(&new.login)?;
        let argon = self.policy()?.argon;
        let at = self.store.write(|tx| {
            if session::is_known(tx, &login)? {
                return Err(SessionError::LoginTaken);
            }
            Ok(self.clock.stamp(tx)?.recorded)
        })?;
        let made = session::make_operator(
            &self.world,
            self.identity.station,
            &self.keys.signing,
            new,
            Some(by.operator()),
            at,
        )?;
        let wrapped = session::WrapSecrets {
            operator: made.operator,
            store_key: self.store.key(),
            signing_key: &made.key,
        };
        // A wrap without its row opens nothing for anybody and is removed at the next start.
        session::write_wrap(
            &self.world,
            self.store.folder(),
            &login,
            &new.passphrase,
            argon,
            &wrapped,
        )?;
        self.store.write(|tx| {
            session::insert(tx, &made)?;
            let subjects = [Subject::Operator(made.operator)];
            self.record(
                tx,
                Some(by.operator()),
                AuditEvent::OperatorAdded,
                &subjects,
            )
        })?;
        Ok(made.operator)
    }

    /// Ends an operator's waiting time after wrong passphrases.
    ///
    /// # Errors
    /// [`SessionError::NotSupervisor`], [`SessionError::NoSuchOperator`].
    pub fn unlock_operator(&self, by: &Session, login: &str) -> Result<(), SessionError> {
        by.require_supervisor()?;
        let login = Login::parse(login)?;
        if !self.store.read(|c| session::is_known(c, &login))? {
            return Err(SessionError::NoSuchOperator);
        }
        self.store
            .write(|tx| self.record(tx, Some(by.operator()), AuditEvent::OperatorUnlocked, &[]))?;
        session::forgive(&self.world, self.store.folder(), &login)
    }

    /// Everybody who works here, in order of login.
    pub fn operators(&self) -> Result<Vec<OperatorSummary>, StoreError> {
        self.store.read(session::list)
    }

    /// Clock, randomness, files.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The open store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// The folder of the packet files.
    pub fn outbox_folder(&self) -> PathBuf {
        outbox::outbox_folder(self.store.folder())
    }

    /// Who this station is.
    pub fn identity(&self) -> &StationIdentity {
        &self.identity
    }

    /// The station's key: manifests, requests, audit entries, operator certificates.
    pub fn signing_key(&self) -> &SigningKey {
        &self.keys.signing
    }

    /// Opens what the centre seals to this station, and nothing else.
    pub(crate) fn receiving_key(&self) -> &OpeningKey {
        &self.keys.receiving
    }

    /// The honest clock.
    pub fn clock(&self) -> &StationClock {
        &self.clock
    }

    /// True time as far as it is known, for the screen.
    pub fn time_estimate(&self) -> Result<Option<Estimate>, StoreError> {
        self.store.read(|c| self.clock.estimate(c))
    }

    /// The packs it offers, newest version of each.
    pub fn list_packs(&self) -> Result<Vec<PackSummary>, StoreError> {
        self.store.read(packs::list)
    }

    /// The packs, parsed.
    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    /// Minutes by which the civil date is ahead of UTC.
    pub fn utc_offset_minutes(&self, connection: &Connection) -> Result<i64, StoreError> {
        Ok(settings::get_cbor(connection, name::UTC_OFFSET)?.unwrap_or(UTC_OFFSET_MINUTES))
    }

    /// Sets by how many minutes the civil date is ahead of UTC: an embassy lives by its host's clock.
    pub fn set_utc_offset_minutes(&self, minutes: i16) -> Result<(), StoreError> {
        let minutes = i64::from(minutes.clamp(-840, 840));
        self.store
            .write(|tx| settings::put_cbor(tx, name::UTC_OFFSET, &minutes))
    }

    /// Appends an audit entry in the transaction of the act it records; returns its number.
    pub fn record(
        &self,
        tx: &Transaction<'_>,
        operator: Option<OperatorId>,
        event: AuditEvent,
        subjects: &[Subject],
    ) -> Result<u64, StoreError> {
        audit::append(
            tx,
            &self.keys.signing,
            &self.clock,
            operator,
            event,
            subjects,
        )
    }

    /// Reads the whole audit trail; returns the number of entries.
    ///
    /// # Errors
    /// [`AuditError::Broken`] with the first bad entry.
    pub fn audit_verify(&self) -> Result<u64, AuditError> {
        self.store
            .read(|c| audit::verify(c, &self.keys.signing.public()))
    }

    /// Signed audit entries after `number`, at most `limit`.
    pub fn audit_after(&self, number: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.read(|c| audit::after(c, number, limit))
    }

    /// How the station stands with what could stop it: days without the centre, backlog, disk.
    pub fn standing(&self) -> Result<Standing, StoreError> {
        self.store.read(|c| freeze::standing(self, c))
    }

    /// A supervisor adds days or packets to what policy allows without contact. Days end with the next contact, packets
    /// when the backlog fits the policy again.
    ///
    /// # Errors
    /// [`FreezeError`]; nothing is changed.
    pub fn extend(&self, by: &Session, what: Extend) -> Result<Standing, FreezeError> {
        freeze::extend(self, by, what)
    }

    /// Begins an enrolment.
    ///
    /// # Errors
    /// [`EnrolmentError`]: the role may not enrol, the pack is not offered, the station is revoked, or frozen until the
    /// centre is reached, the backlog sent, room made on the disk, or a supervisor extends.
    pub fn begin(&self, session: &Session, pack_id: &str) -> Result<Draft<'_>, EnrolmentError> {
        Draft::begin(self, session, pack_id)
    }

    /// Opens a draft where it stood.
    ///
    /// # Errors
    /// [`EnrolmentError::NoSuchDraft`].
    pub fn resume(
        &self,
        session: &Session,
        enrolment: EnrolmentId,
    ) -> Result<Draft<'_>, EnrolmentError> {
        Draft::resume(self, session, enrolment)
    }

    /// All drafts, the one changed last first.
    pub fn drafts(&self) -> Result<Vec<DraftSummary>, StoreError> {
        self.store.read(enrolment::list_drafts)
    }

    /// The holder's name in a draft, for a list; `None` while there is none. Nothing is recorded: nobody goes on with it.
    ///
    /// # Errors
    /// [`EnrolmentError::NoSuchDraft`].
    pub fn draft_title(
        &self,
        enrolment: EnrolmentId,
        language: Language,
    ) -> Result<Option<PersonalText>, EnrolmentError> {
        enrolment::draft_title(self, enrolment, language)
    }

    /// Throws a draft away: its key is erased, so that no copy of the rest opens.
    ///
    /// # Errors
    /// [`EnrolmentError::NoSuchDraft`].
    pub fn discard(&self, session: &Session, enrolment: EnrolmentId) -> Result<(), EnrolmentError> {
        enrolment::discard(self, session, enrolment)
    }

    /// Makes a draft of a person's folder, all or nothing. `choose` picks the samples among the attempts.
    ///
    /// # Errors
    /// [`EnrolmentError::Import`] with file, field and reason of everything that is wrong; no draft was made.
    pub fn import(
        &self,
        session: &Session,
        pack_id: &str,
        person: &Path,
        choose: ImportSamples<'_>,
    ) -> Result<EnrolmentId, EnrolmentError> {
        enrolment::import(self, session, pack_id, person, choose)
    }

    /// Seals a finalised draft and queues it. `Ok` means that file and rows are durable.
    ///
    /// # Errors
    /// [`EnrolmentError`]; the draft is as it was.
    pub fn seal(
        &self,
        session: &Session,
        finalised: Finalised,
        approval: Option<&Approval>,
    ) -> Result<SealedPacket, EnrolmentError> {
        enrolment::seal(self, session, finalised, approval)
    }

    /// Opens a returned enrolment as a new version, from the content the centre sent back.
    ///
    /// # Errors
    /// [`EnrolmentError`]; no draft was made.
    pub fn open_returned(
        &self,
        session: &Session,
        message: &DecisionMessage,
    ) -> Result<EnrolmentId, EnrolmentError> {
        enrolment::open_returned(self, session, message)
    }

    /// Sealed enrolments, the latest number first.
    pub fn enrolments(&self, limit: usize) -> Result<Vec<EnrolmentSummary>, StoreError> {
        self.store.read(|c| enrolment::list(c, limit))
    }

    /// What is kept of one sealed enrolment; `None` when none of this id was sealed here.
    pub fn enrolment(&self, id: EnrolmentId) -> Result<Option<EnrolmentSummary>, StoreError> {
        self.store.read(|c| enrolment::latest(c, id))
    }

    /// Sealed enrolments by words of a name, in any script and spelling, or by running number.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<EnrolmentSummary>, StoreError> {
        self.store.read(|c| enrolment::search(c, text, limit))
    }

    /// The sequence number found in the outbox beyond the database's: an older database was put back.
    pub fn rolled_back(&self) -> Option<u64> {
        Some(self.beyond.load(Ordering::SeqCst)).filter(|n| *n > 0)
    }

    /// A seal ended in an error, or a crash: look before anything else is changed.
    pub(crate) fn doubt_seals(&self) {
        self.seals_in_doubt.store(true, Ordering::SeqCst);
    }

    /// Completes what a cut-off seal left, if there is doubt.
    pub(crate) fn settle_seals(&self) -> Result<(), EnrolmentError> {
        if !self.seals_in_doubt.load(Ordering::SeqCst) {
            return Ok(());
        }
        let found = enrolment::recover(self)?;
        if let Some(sequence) = found.beyond {
            self.beyond.store(sequence, Ordering::SeqCst);
        }
        self.seals_in_doubt.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// The latest time of any record: where a list needs "now" without going back.
    pub fn now(&self) -> Result<UnixMs, StoreError> {
        self.store.read(|c| self.clock.now(c))
    }
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Station({})", self.identity.station)
    }
}
