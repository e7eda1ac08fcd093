//! Init: a programme from nothing.
//!
//! In: a name, an address, three passphrases, a folder of packs. Out: the programme's folder.
//! Owns: the order of writing: `programme.toml` comes last, so that an interrupted `init` is simply repeated.
//! Never: touches a folder that holds a programme.

use std::path::Path;

use qayd_crypto::{ArgonParams, OpeningKey, Passphrase, PublicKey, SigningKey, Suite, cbor};
use qayd_protocol::trust::{Keyring, Policy, fingerprint_of, sign};
use qayd_world::{World, random_array};
use zeroize::Zeroizing;

use super::{
    Layout, TrustError,
    keys::{CentreSecrets, Programme, RootSecrets, write_wrapped},
    opening::OPENING_KEYS,
    packs, tls,
};
use crate::store::Register;

/// Characters that a passphrase of the centre has to have.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// What `init` is told.
pub struct InitRequest<'a> {
    /// The programme's name.
    pub programme: &'a str,
    /// Where stations reach the centre: `https://host:port`, no slash at the end.
    pub centre_url: &'a str,
    /// DNS names and IP addresses of the server's certificate.
    pub names: &'a [String],
    /// This machine's name in receipts.
    pub node: &'a str,
    /// Folder of the packs.
    pub packs: &'a Path,
    /// For the root key, to be kept apart from the others.
    pub root_passphrase: &'a Passphrase,
    /// For the keys that run the centre.
    pub centre_passphrase: &'a Passphrase,
    /// For the opening keys.
    pub opening_passphrase: &'a Passphrase,
    /// Cost of each of the wraps, and of operators' passphrases by policy.
    pub argon: ArgonParams,
}

/// What `init` made.
#[derive(Debug)]
pub struct Initialised {
    /// The root's public key.
    pub root: PublicKey,
    /// Its fingerprint, for people to compare.
    pub fingerprint: String,
    /// Packs that were signed, with their versions.
    pub packs: Vec<(String, u32)>,
}

/// Makes the programme in `folder`.
pub fn init(
    world: &World,
    folder: &Path,
    request: &InitRequest<'_>,
) -> Result<Initialised, TrustError> {
    let layout = Layout::new(folder);
    if world.files.length(&layout.programme())?.is_some() {
        return Err(TrustError::AlreadyInitialised);
    }
    for passphrase in [
        request.root_passphrase,
        request.centre_passphrase,
        request.opening_passphrase,
    ] {
        if passphrase.length() < PASSPHRASE_CHARS_MIN {
            return Err(TrustError::PassphraseTooShort {
                minimum: PASSPHRASE_CHARS_MIN,
            });
        }
    }
    let now = world.clock.now();
    let seed = || Zeroizing::new(random_array::<32>(&*world.random));
    for dir in [
        folder.to_owned(),
        layout.root(),
        layout.keys(),
        layout.tls(),
        layout.trust(),
    ] {
        world.files.create_dir(&dir)?;
    }

    let root = SigningKey::make(&seed());
    let issuer = SigningKey::make(&seed());
    let centre = SigningKey::make(&seed());
    let published = packs::publish(world, &layout, request.packs, &centre)?;

    let authority = tls::make_authority(request.programme, now)?;
    let server = tls::make_server(request.programme, &authority.key_der, request.names, now)?;
    let root_secrets = RootSecrets {
        root: root.seed().to_vec(),
        tls_authority: authority.key_der.to_vec(),
    };
    write_wrapped(
        world,
        &layout.root_key(),
        request.argon,
        request.root_passphrase,
        "root",
        &Zeroizing::new(cbor::encode(&root_secrets)),
    )?;
    let centre_secrets = CentreSecrets {
        issuer: issuer.seed().to_vec(),
        centre: centre.seed().to_vec(),
        tls: server.key_der.to_vec(),
    };
    write_wrapped(
        world,
        &layout.centre_key(),
        request.argon,
        request.centre_passphrase,
        "centre",
        &Zeroizing::new(cbor::encode(&centre_secrets)),
    )?;
    let mut opening = Vec::new();
    for name in OPENING_KEYS {
        let seed = seed();
        write_wrapped(
            world,
            &layout.opening_key(name),
            request.argon,
            request.opening_passphrase,
            name,
            seed.as_slice(),
        )?;
        opening.push(OpeningKey::make(Suite::XWing, &seed).public().clone());
    }
    let [review, biometric, sensitive] =
        <[_; 3]>::try_from(opening).map_err(|_| TrustError::Damaged("the opening keys"))?;

    let keyring = Keyring {
        epoch: 1,
        programme: request.programme.to_owned(),
        centre_key: centre.public(),
        issuer_key: issuer.public(),
        review_keys: vec![review],
        biometric_keys: vec![biometric],
        sensitive_keys: vec![sensitive],
        tls_ca_sha256: tls::certificate_digest(&authority.certificate_pem)?,
        issued: now,
        former_centre_keys: Vec::new(),
        former_issuer_keys: Vec::new(),
    };
    let mut policy = Policy::standard(1, now);
    policy.argon = request.argon;
    let programme = Programme {
        name: request.programme.to_owned(),
        centre_url: request.centre_url.trim_end_matches('/').to_owned(),
        node: request.node.to_owned(),
    };
    let programme_text =
        toml::to_string(&programme).map_err(|_| TrustError::Damaged("programme.toml"))?;

    let files = &world.files;
    files.write_durably(&layout.tls_ca(), authority.certificate_pem.as_bytes())?;
    files.write_durably(&layout.tls_server(), server.certificate_pem.as_bytes())?;
    files.write_durably(
        &layout.root_public(),
        hex::encode(root.public().to_bytes()).as_bytes(),
    )?;
    files.write_durably(&layout.keyring(), &sign(&keyring, &root))?;
    files.write_durably(&layout.policy(), &sign(&policy, &centre))?;
    drop(Register::open(&layout.register())?);
    files.write_durably(&layout.programme(), programme_text.as_bytes())?;
    Ok(Initialised {
        root: root.public(),
        fingerprint: fingerprint_of(&root.public()),
        packs: published,
    })
}
