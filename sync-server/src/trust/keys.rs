//! Key files, and the keys that run the centre.
//!
//! In: passphrases. Out: `CentreKeys`. Owns: `keys/centre.key` and the form of every wrapped key file.
//! Never: writes a key unwrapped; keeps a passphrase.

use std::{path::Path, sync::Arc};

use minicbor::{Decode, Encode};
use qayd_crypto::{
    ArgonParams, Namespace, Passphrase, PublicKey, SigningKey, cbor, unwrap_with_passphrase,
    wrap_with_passphrase,
};
use qayd_protocol::trust::Keyring;
use qayd_world::{FilesError, World, random_array};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Layout, TrustError, packs::Packs, tls};

/// No key file, signed file or certificate of a programme is longer.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is public about a programme: `programme.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Its name.
    pub name: String,
    /// Where stations reach it, `https://host:port`, no slash at the end.
    pub centre_url: String,
    /// This machine's name in receipts.
    pub node: String,
}

/// What `root/root.key` holds.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct RootSecrets {
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub tls_authority: Vec<u8>,
}

impl Drop for RootSecrets {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.root.zeroize();
        self.tls_authority.zeroize();
    }
}

/// What `keys/centre.key` holds.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct CentreSecrets {
    #[cbor(n(1), with = "minicbor::bytes")]
    pub issuer: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub centre: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub tls: Vec<u8>,
}

impl Drop for CentreSecrets {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.issuer.zeroize();
        self.centre.zeroize();
        self.tls.zeroize();
    }
}

/// The centre's signing keys and what the root signed. Clones share them.
#[derive(Clone)]
pub struct CentreKeys {
    inner: Arc<Inner>,
}

struct Inner {
    programme: Programme,
    issuer: SigningKey,
    centre: SigningKey,
    tls_key: Zeroizing<Vec<u8>>,
    root: PublicKey,
    keyring: Keyring,
    keyring_bytes: Vec<u8>,
    policy_bytes: Vec<u8>,
    packs: Packs,
    tls_ca_pem: String,
    tls_server_pem: String,
}

impl CentreKeys {
    /// Unlocks them and checks that the root signed the keyring that names them.
    pub fn unlock(
        world: &World,
        layout: &Layout,
        passphrase: &Passphrase,
    ) -> Result<Self, TrustError> {
        let programme = read_text(world, &layout.programme(), "programme.toml")?;
        let programme: Programme =
            toml::from_str(&programme).map_err(|_| TrustError::Damaged("programme.toml"))?;
        let root = read_text(world, &layout.root_public(), "root.pub")?;
        let root = hex::decode(root.trim())
            .ok()
            .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
            .ok_or(TrustError::Damaged("root.pub"))?;
        let keyring_bytes = read(world, &layout.keyring(), "keyring.cose")?;
        let payload = qayd_crypto::verify1(Namespace::Keyring, &root, &keyring_bytes)?;
        let keyring: Keyring = cbor::decode_strict(&payload, FILE_BYTES_MAX as usize)
            .map_err(|_| TrustError::Damaged("keyring.cose"))?;
        let secret = read_wrapped(world, &layout.centre_key(), passphrase, "centre")?;
        let secrets: CentreSecrets = cbor::decode_strict(&secret, FILE_BYTES_MAX as usize)
            .map_err(|_| TrustError::Damaged("centre.key"))?;
        let issuer = SigningKey::make(&*seed(&secrets.issuer)?);
        let centre = SigningKey::make(&*seed(&secrets.centre)?);
        if centre.public() != keyring.centre_key || issuer.public() != keyring.issuer_key {
            return Err(TrustError::Damaged("centre.key"));
        }
        let policy_bytes = read(world, &layout.policy(), "policy.cose")?;
        qayd_crypto::verify1(Namespace::Policy, &centre.public(), &policy_bytes)?;
        let packs = Packs::read(world, layout, &centre.public())?;
        Ok(Self {
            inner: Arc::new(Inner {
                packs,
                programme,
                issuer,
                centre,
                tls_key: Zeroizing::new(secrets.tls.clone()),
                root,
                keyring,
                keyring_bytes,
                policy_bytes,
                tls_ca_pem: read_text(world, &layout.tls_ca(), "ca.pem")?,
                tls_server_pem: read_text(world, &layout.tls_server(), "server.pem")?,
            }),
        })
    }

    /// What is public about the programme.
    pub fn programme(&self) -> &Programme {
        &self.inner.programme
    }

    /// Signs receipts, inbox items, decisions, policy, time.
    pub fn centre_key(&self) -> &SigningKey {
        &self.inner.centre
    }

    /// Signs invitations and station certificates.
    pub fn issuer_key(&self) -> &SigningKey {
        &self.inner.issuer
    }

    /// The programme's root.
    pub fn root(&self) -> &PublicKey {
        &self.inner.root
    }

    /// The keyring, verified.
    pub fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    /// The keyring as the root signed it.
    pub fn keyring_bytes(&self) -> &[u8] {
        &self.inner.keyring_bytes
    }

    /// The policy as the centre signed it.
    pub fn policy_bytes(&self) -> &[u8] {
        &self.inner.policy_bytes
    }

    /// The procedures.
    pub fn packs(&self) -> &Packs {
        &self.inner.packs
    }

    /// The programme's TLS authority, PEM.
    pub fn tls_ca_pem(&self) -> &str {
        &self.inner.tls_ca_pem
    }

    /// TLS for the accept loop.
    pub fn server_config(&self) -> Result<rustls::ServerConfig, TrustError> {
        tls::server_config(
            &self.inner.tls_server_pem,
            &self.inner.tls_ca_pem,
            &self.inner.tls_key,
        )
    }
}

pub(super) fn seed(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, TrustError> {
    bytes
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| TrustError::Damaged("a key file"))
}

/// Wraps `secret` and writes it durably. `name` is bound into the wrap: one key file cannot pass for another.
pub(super) fn write_wrapped(
    world: &World,
    path: &Path,
    argon: ArgonParams,
    passphrase: &Passphrase,
    name: &str,
    secret: &[u8],
) -> Result<(), TrustError> {
    let wrapped = wrap_with_passphrase(
        argon,
        passphrase,
        random_array(&*world.random),
        random_array(&*world.random),
        secret,
        &context(name),
    )?;
    Ok(world.files.write_durably(path, &wrapped)?)
}

/// Reads what [`write_wrapped`] wrote.
pub(super) fn read_wrapped(
    world: &World,
    path: &Path,
    passphrase: &Passphrase,
    name: &str,
) -> Result<Zeroizing<Vec<u8>>, TrustError> {
    let wrapped = read(world, path, "a key file")?;
    Ok(unwrap_with_passphrase(
        passphrase,
        &wrapped,
        &context(name),
    )?)
}

fn context(name: &str) -> Vec<u8> {
    format!("qayd-centre-key-file-v1 {name}").into_bytes()
}

pub(super) fn read(world: &World, path: &Path, what: &'static str) -> Result<Vec<u8>, TrustError> {
    world
        .files
        .read(path, FILE_BYTES_MAX)
        .map_err(|error| match error {
            FilesError::NotFound => TrustError::Missing(what),
            other => TrustError::Files(other),
        })
}

pub(super) fn read_text(
    world: &World,
    path: &Path,
    what: &'static str,
) -> Result<String, TrustError> {
    String::from_utf8(read(world, path, what)?).map_err(|_| TrustError::Damaged(what))
}
