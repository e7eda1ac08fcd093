//! Where everything of a programme lies.

use std::path::{Path, PathBuf};

/// The paths below a programme's folder.
#[derive(Debug, Clone)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout below `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Name, address and node of the programme; not secret.
    pub fn programme(&self) -> PathBuf {
        self.folder.join("programme.toml")
    }

    /// A programme's choices about review; not secret, may be absent.
    pub fn review_settings(&self) -> PathBuf {
        self.folder.join("review.toml")
    }

    /// The root key's folder, to be taken offline after `init`.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Root key and TLS authority key, under the root passphrase.
    pub fn root_key(&self) -> PathBuf {
        self.root().join("root.key")
    }

    /// The keys that run the centre.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Issuer, centre and TLS server keys, under the centre passphrase.
    pub fn centre_key(&self) -> PathBuf {
        self.keys().join("centre.key")
    }

    /// An opening key, `review` or `biometric`, under the opening passphrase.
    pub fn opening_key(&self, name: &str) -> PathBuf {
        self.keys().join(format!("opening-{name}.key"))
    }

    /// TLS certificates (public).
    pub fn tls(&self) -> PathBuf {
        self.folder.join("tls")
    }

    /// The certificate of the programme's own authority, PEM.
    pub fn tls_ca(&self) -> PathBuf {
        self.tls().join("ca.pem")
    }

    /// The server's certificate, PEM.
    pub fn tls_server(&self) -> PathBuf {
        self.tls().join("server.pem")
    }

    /// What the root and the centre signed.
    pub fn trust(&self) -> PathBuf {
        self.folder.join("trust")
    }

    /// The root's public key, 64 hexadecimal digits.
    pub fn root_public(&self) -> PathBuf {
        self.trust().join("root.pub")
    }

    /// The signed keyring.
    pub fn keyring(&self) -> PathBuf {
        self.trust().join("keyring.cose")
    }

    /// The signed policy.
    pub fn policy(&self) -> PathBuf {
        self.trust().join("policy.cose")
    }

    /// The signed packs.
    pub fn packs(&self) -> PathBuf {
        self.trust().join("packs")
    }

    /// The register.
    pub fn register(&self) -> PathBuf {
        self.folder.join("register.db")
    }

    /// Packets that were taken in.
    pub fn packets(&self) -> PathBuf {
        self.folder.join("packets")
    }

    /// Packets that are on their way in.
    pub fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }
}
