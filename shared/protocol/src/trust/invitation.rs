//! Invitation: one file that turns a computer into a station, once.
//!
//! The file is JSON that a person can read, and the signed bytes beside it; where the two differ, it is refused.

use core::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use minicbor::{Decode, Decoder, Encode, Encoder, bytes::ByteVec};
use qayd_crypto::{Namespace, PublicKey, peek1};
use qayd_model::{InvitationId, UnixMs};
use serde::{Deserialize, Serialize};

use super::{TrustChain, TrustError, Trusted, fingerprint_of};
use crate::{
    Message, MessageError,
    messages::{SignedMessage, limit, texts},
};

/// The most bytes of an invitation file.
pub const INVITATION_BYTES_MAX: usize = 256 * 1024;

/// What makes an invitation worth something: 32 random bytes. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationSecret([u8; 32]);

impl InvitationSecret {
    /// Takes 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. The centre keeps their digest alone.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for InvitationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationSecret(…)")
    }
}

impl<C> Encode<C> for InvitationSecret {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for InvitationSecret {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.bytes()?
            .try_into()
            .map(Self)
            .map_err(|_| minicbor::decode::Error::message("a secret has 32 bytes"))
    }
}

/// What the new station is to be.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct StationPlace {
    /// Its kind.
    #[n(1)]
    pub kind: String,
    /// Code of the place where it works.
    #[n(2)]
    pub site: String,
    /// Its name, for people.
    #[n(3)]
    pub name: String,
    /// Ids of the packs that it may offer.
    #[n(4)]
    pub packs: Vec<String>,
    /// Whether it works on real people.
    #[n(5)]
    pub production: bool,
}

/// One invitation to provision one station. Signed by the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Invitation {
    /// The programme's name.
    #[n(1)]
    pub programme: String,
    /// Address of the centre: `https://host[:port]`, no slash at the end.
    #[n(2)]
    pub centre_url: String,
    /// PEM of the certificate authority that the station pins.
    #[n(3)]
    pub tls_ca_pem: String,
    /// The programme root.
    #[n(4)]
    pub root_key: PublicKey,
    /// [`super::Keyring`], signed by the root.
    #[n(5)]
    pub keyring: ByteVec,
    /// Its id.
    #[n(6)]
    pub invitation: InvitationId,
    /// Its secret.
    #[n(7)]
    pub secret: InvitationSecret,
    /// What the station is to be.
    #[n(8)]
    pub station: StationPlace,
    /// Until when the centre honours it, by the centre's clock.
    #[n(9)]
    pub expires: UnixMs,
}

impl Message for Invitation {
    const NAME: &'static str = "invitation";
    const LIMIT: usize = 128 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("certificate authority", self.tls_ca_pem.len() <= 32 * 1024)?;
        limit::<Self>("packs", self.station.packs.len() <= 256)?;
        let place = &self.station;
        let own = [
            &self.programme,
            &self.centre_url,
            &place.kind,
            &place.site,
            &place.name,
        ];
        texts::<Self>(
            "texts",
            own.into_iter().chain(&place.packs).map(String::as_str),
        )
    }
}

impl SignedMessage for Invitation {
    const NAMESPACE: Namespace = Namespace::Invitation;
}

/// The file: what a person reads, and what is signed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    qayd_invitation: u16,
    programme: String,
    centre_url: String,
    root_key_fingerprint: String,
    station: StationPlace,
    expires_unix_ms: u64,
    signed: String,
}

impl Invitation {
    /// The text of a `*.qayd-invitation` file: this invitation as `signed` holds it, which the issuer signed.
    pub fn file_text(&self, signed: &[u8]) -> String {
        let file = self.file(signed);
        // Texts and numbers always have a JSON form.
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }

    fn file(&self, signed: &[u8]) -> File {
        File {
            qayd_invitation: 1,
            programme: self.programme.clone(),
            centre_url: self.centre_url.clone(),
            root_key_fingerprint: fingerprint_of(&self.root_key),
            station: self.station.clone(),
            expires_unix_ms: self.expires.0,
            signed: BASE64_STANDARD.encode(signed),
        }
    }

    /// Reads an invitation file. The root key is taken from it: this is the one moment of trust, and the reason why the
    /// caller shows [`fingerprint_of`] the root to a person who compares it.
    ///
    /// # Errors
    /// [`TrustError::Invitation`] for a file that is damaged or changed; [`TrustError`] where a signature does not hold.
    pub fn open(text: &str) -> Result<(Trusted<Self>, TrustChain), TrustError> {
        if text.len() > INVITATION_BYTES_MAX {
            return Err(TrustError::Invitation);
        }
        let file: File = serde_json::from_str(text).map_err(|_| TrustError::Invitation)?;
        let signed = BASE64_STANDARD
            .decode(&file.signed)
            .map_err(|_| TrustError::Invitation)?;
        let claimed = Self::from_bytes(&peek1(&signed)?.payload)?;
        let chain = TrustChain::open(claimed.root_key, &claimed.keyring)?;
        let invitation = chain.invitation(&signed)?;
        if invitation.file(&signed) == file && invitation.programme == chain.keyring().programme {
            Ok((invitation, chain))
        } else {
            Err(TrustError::Invitation)
        }
    }
}
