//! Keys and certificates: a root, a provider under it, a device under that; the same for chips; and bad ones for faults.
//!
//! In: a folder, or nothing. Out: [`Keys`] that sign. Owns: private keys of devices that do not exist.
//! Never: part of a product. This is the other side of the table, so that its cryptography is here and by OpenSSL, of
//! which the clients under test have not a line.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Builder, X509Name};
use qayd_world::{Clock, Files, FilesError};
use serde_json::{Value, json};
use std::path::Path;

const KEY_BITS: u32 = 2_048;
const DAY_S: i64 = 24 * 3_600;
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// OpenSSL declined.
    #[error("a key or certificate could not be made or read")]
    OpenSsl(#[from] ErrorStack),
    /// A file could not be read or written.
    #[error("the folder of keys could not be read or written")]
    Files(#[from] FilesError),
}

/// A key and the certificate that goes with it.
#[derive(Clone)]
pub(crate) struct Party {
    key: PKey<Private>,
    certificate: X509,
}

/// Everything a simulated service signs with.
#[derive(Clone)]
pub struct Keys {
    /// Self-signed: the device authority.
    root: Party,
    provider: Party,
    device: Party,
    chip_root: Party,
    chip: Party,
    pub(crate) expired: Party,
    pub(crate) stranger: Party,
    /// The verifier of authentication captures.
    pub(crate) verifier: Party,
}

/// Certificates as PEM, one each.
#[derive(Debug)]
pub struct Vouching {
    /// That vouch for devices.
    pub device: Vec<Vec<u8>>,
    /// That vouch for the chips of devices of level L1.
    pub chip: Vec<Vec<u8>>,
}

impl Keys {
    /// New ones; takes about a second.
    ///
    /// # Errors
    /// [`KeysError::OpenSsl`].
    pub fn make(clock: &dyn Clock) -> Result<Self, KeysError> {
        let now = i64::try_from(clock.now().0 / 1_000).unwrap_or(0);
        let years = |n: i64| (now - DAY_S, now + n * 365 * DAY_S);
        let root = Party::make("Simulated device authority", None, true, years(10))?;
        let provider = Party::make("Simulated provider", Some(&root), true, years(5))?;
        let device = Party::make("Simulated device", Some(&provider), false, years(2))?;
        let chip_root = Party::make("Simulated chip authority", None, true, years(10))?;
        let chip = Party::make("Simulated chip", Some(&chip_root), false, years(5))?;
        let past = (now - 30 * DAY_S, now - DAY_S);
        let expired = Party::make("Expired device", Some(&provider), false, past)?;
        let nobody = Party::make("Nobody's authority", None, true, years(10))?;
        let stranger = Party::make("Simulated device", Some(&nobody), false, years(2))?;
        let verifier = Party::make("Simulated verifier", None, false, years(2))?;
        Ok(Self {
            root,
            provider,
            device,
            chip_root,
            chip,
            expired,
            stranger,
            verifier,
        })
    }

    /// The keys of a folder; made and kept there when it has none. What a client is to trust lies beside them, in
    /// `trust/device` and `trust/chip`.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn keep(files: &dyn Files, dir: &Path, clock: &dyn Clock) -> Result<Self, KeysError> {
        let here = dir.join("keys");
        if files.length(&here.join("device.pem"))?.is_some() {
            let read = |name: &str| -> Result<Party, KeysError> {
                let pem = files.read(&here.join(format!("{name}.pem")), FILE_BYTES_MAX)?;
                Ok(Party {
                    key: PKey::private_key_from_pem(&pem)?,
                    certificate: X509::from_pem(&pem)?,
                })
            };
            return Ok(Self {
                root: read("root")?,
                provider: read("provider")?,
                device: read("device")?,
                chip_root: read("chip-root")?,
                chip: read("chip")?,
                expired: read("expired")?,
                stranger: read("stranger")?,
                verifier: read("verifier")?,
            });
        }
        let keys = Self::make(clock)?;
        let trust = dir.join("trust");
        for folder in [
            dir,
            &here,
            &trust,
            &trust.join("device"),
            &trust.join("chip"),
        ] {
            files.create_dir(folder)?;
        }
        for (name, party) in keys.parties() {
            let mut pem = party.key.private_key_to_pem_pkcs8()?;
            pem.extend(party.certificate.to_pem()?);
            files.write_durably(&here.join(format!("{name}.pem")), &pem)?;
        }
        let Vouching { device, chip } = keys.authorities()?;
        for (folder, name, pem) in [
            ("device", "root.pem", &device[0]),
            ("device", "provider.pem", &device[1]),
            ("chip", "root.pem", &chip[0]),
        ] {
            files.write_durably(&trust.join(folder).join(name), pem)?;
        }
        Ok(keys)
    }

    /// All, under the names of their files.
    fn parties(&self) -> [(&'static str, &Party); 8] {
        [
            ("root", &self.root),
            ("provider", &self.provider),
            ("device", &self.device),
            ("chip-root", &self.chip_root),
            ("chip", &self.chip),
            ("expired", &self.expired),
            ("stranger", &self.stranger),
            ("verifier", &self.verifier),
        ]
    }

    /// What a client is to trust, as PEM: for devices, and for chips.
    ///
    /// # Errors
    /// [`KeysError::OpenSsl`].
    pub fn authorities(&self) -> Result<Vouching, KeysError> {
        Ok(Vouching {
            device: vec![
                self.root.certificate.to_pem()?,
                self.provider.certificate.to_pem()?,
            ],
            chip: vec![self.chip_root.certificate.to_pem()?],
        })
    }

    pub(crate) const fn device(&self) -> &Party {
        &self.device
    }

    pub(crate) const fn chip(&self) -> &Party {
        &self.chip
    }
}

impl Party {
    fn make(
        name: &str,
        issuer: Option<&Self>,
        is_authority: bool,
        valid: (i64, i64),
    ) -> Result<Self, ErrorStack> {
        let key = PKey::from_rsa(Rsa::generate(KEY_BITS)?)?;
        let mut subject = X509Name::builder()?;
        subject.append_entry_by_text("O", "Qayd SBI simulator")?;
        subject.append_entry_by_text("CN", name)?;
        let subject = subject.build();
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
        let serial = Asn1Integer::from_bn(&serial)?;
        builder.set_serial_number(&serial)?;
        builder.set_subject_name(&subject)?;
        let by = issuer.map_or(&*subject, |i| i.certificate.subject_name());
        builder.set_issuer_name(by)?;
        let (from, until) = (Asn1Time::from_unix(valid.0)?, Asn1Time::from_unix(valid.1)?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&until)?;
        builder.set_pubkey(&key)?;
        if is_authority {
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        }
        builder.sign(issuer.map_or(&key, |i| &i.key), MessageDigest::sha256())?;
        Ok(Self {
            certificate: builder.build(),
            key,
        })
    }

    /// Compact JWS, RS256, with the certificate in its header.
    pub(crate) fn sign(&self, payload: &Value) -> Result<String, ErrorStack> {
        let leaf = STANDARD.encode(self.certificate.to_der()?);
        let header = json!({ "x5c": [leaf], "alg": "RS256", "typ": "JWT" });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(payload.to_string())
        );
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        let signature = signer.sign_oneshot_to_vec(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) const fn key(&self) -> &PKey<Private> {
        &self.key
    }

    pub(crate) const fn certificate(&self) -> &X509 {
        &self.certificate
    }
}

#[cfg(test)]
mod tests {
    use qayd_world::{OsClock, OsFiles};

    use super::*;

    #[test]
    fn kept_keys_come_back_each_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let keep = || Keys::keep(&OsFiles::default(), dir.path(), &OsClock::default()).unwrap();
        let (made, read) = (keep(), keep());
        for ((name, made), (_, read)) in made.parties().into_iter().zip(read.parties()) {
            assert_eq!(made.certificate, read.certificate, "{name}");
            assert!(made.key.public_eq(&read.key), "{name}");
        }
    }
}
