//! Provision: a computer that is no station yet becomes one.
//!
//! In: an invitation, the first supervisor's login and passphrase. Out: the station's folder, by `qayd-station`.
//! Never: goes to the centre before somebody has said that the programme's key is the published one.

use std::path::Path;

use qayd_crypto::Passphrase;
use qayd_protocol::trust::INVITATION_BYTES_MAX;
use qayd_protocol::{Invitation, Role};
use qayd_station::{NewOperator, ProvisioningError, provision, upload};
use qayd_window::{Page, Said};

use super::{Next, Worker};
use crate::desk::{Command, Event, InvitationView};
use crate::numbers;

impl Worker<'_> {
    /// Stays until the folder is a station; `false` when the window was closed first.
    pub(super) fn provision(&mut self) -> bool {
        self.tell(Event::Page(Page::Provision));
        self.say(Said::NotAStation);
        let mut invitation: Option<String> = None;
        loop {
            match self.next(None) {
                Next::Gone => return false,
                Next::Do(Command::Language(language)) => {
                    self.language = language;
                    if let Some(text) = &invitation {
                        self.tell_invitation(text);
                    }
                }
                Next::Do(Command::Invitation(entered)) => {
                    self.say(Said::Nothing);
                    invitation = self.invitation_text(&entered);
                    let read = invitation
                        .as_deref()
                        .is_some_and(|text| self.tell_invitation(text));
                    if !read {
                        invitation = None;
                        self.tell(Event::Invitation(Box::default()));
                        self.say(Said::BadInvitation);
                    }
                }
                Next::Do(Command::Provision {
                    compared,
                    login,
                    passphrase,
                }) => {
                    let Some(text) = &invitation else { continue };
                    if !is_of(text, &compared) {
                        continue;
                    }
                    self.say(Said::Nothing);
                    self.tell(Event::Busy(true));
                    let made = self.make_station(text, login, passphrase);
                    self.tell(Event::Busy(false));
                    match made {
                        Ok(()) => return true,
                        Err(error) => self.say_code(error.code()),
                    }
                }
                _ => {}
            }
        }
    }

    /// The text of an invitation, or of the file in which it lies.
    fn invitation_text(&self, entered: &str) -> Option<String> {
        let entered = entered.trim();
        if Invitation::open(entered).is_ok() {
            return Some(entered.to_owned());
        }
        let path = Path::new(entered);
        let bytes = self
            .setup
            .world
            .files
            .read(path, INVITATION_BYTES_MAX as u64)
            .ok()?;
        String::from_utf8(bytes).ok()
    }

    fn tell_invitation(&self, text: &str) -> bool {
        let Ok((invitation, chain)) = Invitation::open(text) else {
            return false;
        };
        let now = self.setup.world.clock.now();
        self.tell(Event::Invitation(Box::new(InvitationView {
            programme: invitation.programme.clone(),
            station: format!(
                "{} · {} · {}",
                invitation.station.name, invitation.station.kind, invitation.station.site
            ),
            centre: invitation.centre_url.clone(),
            expires: numbers::when(invitation.expires, now, 0, self.language),
            fingerprint: qayd_protocol::trust::fingerprint_of(chain.root()),
            production: invitation.station.production,
        })));
        true
    }

    fn make_station(
        &self,
        invitation: &str,
        login: String,
        passphrase: Passphrase,
    ) -> Result<(), ProvisioningError> {
        let world = &self.setup.world;
        let connect = |invitation: &Invitation| upload::connect_invited(world, invitation);
        let supervisor = NewOperator {
            login,
            passphrase,
            role: Role::Supervisor,
        };
        provision(world, &self.setup.data, invitation, &connect, &supervisor).map(drop)
    }
}

/// Whether the key of an invitation's programme is the one that was compared.
fn is_of(invitation: &str, compared: &str) -> bool {
    Invitation::open(invitation)
        .is_ok_and(|(_, chain)| qayd_protocol::trust::fingerprint_of(chain.root()) == compared)
}
