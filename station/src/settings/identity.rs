//! Who this station is.
//!
//! In: what provisioning kept. Out: the certificate's facts, the centre's address, the station's own keys.
//! Never: hands out a private seed; the keys stay inside [`StationKeys`].

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use qayd_crypto::{OpeningKey, PublicKey, SigningKey, Suite, Zeroizing};
use qayd_model::StationId;
use qayd_protocol::trust::{StationCertificate, Trusted};
use qayd_world::{Randomness, random_array};
use rusqlite::{Connection, Transaction};

use super::{get, get_cbor, name, put_cbor};
use crate::store::StoreError;

/// Who this station is, from its certificate, and which centre it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationIdentity {
    /// Its id.
    pub station: StationId,
    /// Its kind: `camp`, `hospital`, …
    pub kind: String,
    /// Code of the place where it works.
    pub site: String,
    /// Its name, for people.
    pub name: String,
    /// Ids of the packs that it may offer.
    pub packs: Vec<String>,
    /// Whether it works on real people; if so, simulated devices are refused.
    pub production: bool,
    /// Its certificate, signed by the issuer.
    pub certificate: Vec<u8>,
    /// The programme's name.
    pub programme: String,
    /// Address of the centre, no slash at the end.
    pub centre_url: String,
    /// PEM of the certificate authority that is pinned.
    pub tls_ca_pem: String,
    /// The programme root.
    pub root: PublicKey,
}

/// Where the centre is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Centre {
    #[n(1)]
    pub programme: String,
    #[n(2)]
    pub url: String,
    #[n(3)]
    pub tls_ca_pem: String,
}

impl StationIdentity {
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let missing = |what| StoreError::Damaged {
            table: "setting",
            what,
        };
        let root = get(connection, name::ROOT)?.ok_or(missing("no root key"))?;
        let root = PublicKey::from_bytes(&root).map_err(|_| missing("the root key is not one"))?;
        let centre: Centre = get_cbor(connection, name::CENTRE)?.ok_or(missing("no centre"))?;
        let certificate = get(connection, name::CERTIFICATE)?.ok_or(missing("no certificate"))?;
        let keyring = get(connection, name::KEYRING)?.ok_or(missing("no keyring"))?;
        let chain = qayd_protocol::TrustChain::open(root, &keyring)
            .map_err(|_| missing("the keyring is not the root's"))?;
        let trusted: Trusted<StationCertificate> = chain
            .station(&certificate)
            .map_err(|_| missing("the certificate is not the issuer's"))?;
        let c = trusted.into_value();
        Ok(Self {
            station: c.station,
            kind: c.kind,
            site: c.site,
            name: c.name,
            packs: c.packs,
            production: c.production,
            certificate,
            programme: centre.programme,
            centre_url: centre.url,
            tls_ca_pem: centre.tls_ca_pem,
            root,
        })
    }
}

/// The station's own keys.
pub(crate) struct StationKeys {
    pub signing: SigningKey,
    pub receiving: OpeningKey,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Seeds {
    #[n(1)]
    signing: ByteArray<32>,
    #[n(2)]
    receiving: ByteArray<32>,
}

impl StationKeys {
    /// Makes both keys. What the centre sends back is sealed in suite 1, like everything else.
    pub fn make(random: &dyn Randomness) -> Self {
        let signing = Zeroizing::new(random_array::<32>(random));
        let receiving = Zeroizing::new(random_array::<32>(random));
        Self {
            signing: SigningKey::make(&signing),
            receiving: OpeningKey::make(Suite::XWing, &receiving),
        }
    }

    pub fn keep(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let seeds = Seeds {
            signing: (*self.signing.seed()).into(),
            receiving: (**self.receiving.seed()).into(),
        };
        put_cbor(tx, name::KEYS, &seeds)
    }

    pub fn load(connection: &Connection) -> Result<Self, StoreError> {
        let seeds: Seeds = get_cbor(connection, name::KEYS)?.ok_or(StoreError::Damaged {
            table: "setting",
            what: "no keys",
        })?;
        Ok(Self {
            signing: SigningKey::make(&seeds.signing),
            receiving: OpeningKey::make(Suite::XWing, &seeds.receiving),
        })
    }
}
