//! Messages: what goes over the wire in CBOR, besides the packets.
//!
//! In: bytes of at most [`Message::LIMIT`], in the one deterministic form. Out: values within their limits.
//! Never: names a person; what is about people travels sealed.

mod offer;
mod provision;

use minicbor::{Decode, Encode, bytes::ByteVec};
use qayd_crypto::{Namespace, cbor};
use qayd_model::{ByteCount, UnixMs};

pub use offer::{Offer, OfferAnswer, PacketState, PlannedSend, RefusalReason, WantedState};
pub use provision::{ProvisionAnswer, ProvisionClaim, ProvisionRequest};

/// The longest text in a message, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;
/// The longest nonce, in bytes.
pub const NONCE_BYTES_MAX: usize = 64;

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Not the deterministic form of this message.
    #[error("not a {message}")]
    Cbor {
        /// Which message was expected.
        message: &'static str,
        /// What was wrong with the bytes.
        #[source]
        source: cbor::CborError,
    },
    /// A list or a text is longer than allowed, or a number is out of range.
    #[error("a {message} whose {part} is out of its limits")]
    Limit {
        /// Which message.
        message: &'static str,
        /// Which part of it.
        part: &'static str,
    },
}

impl MessageError {
    /// Stable code: `MSG-01`, `MSG-02`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cbor { .. } => "MSG-01",
            Self::Limit { .. } => "MSG-02",
        }
    }
}

/// Something that travels as one deterministic CBOR value.
pub trait Message: Encode<()> + for<'b> Decode<'b, ()> + Sized {
    /// Its name in errors and in `protocol.cddl`.
    const NAME: &'static str;
    /// The most bytes it may have.
    const LIMIT: usize;

    /// Lists, texts and numbers are within their limits.
    ///
    /// # Errors
    /// [`MessageError::Limit`].
    fn check(&self) -> Result<(), MessageError> {
        Ok(())
    }

    /// The one form.
    fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads the one form.
    ///
    /// # Errors
    /// [`MessageError`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let message: Self =
            cbor::decode_strict(bytes, Self::LIMIT).map_err(|source| MessageError::Cbor {
                message: Self::NAME,
                source,
            })?;
        message.check()?;
        Ok(message)
    }
}

/// A message that is always signed, under a namespace of its own.
pub trait SignedMessage: Message {
    /// What its signature is for.
    const NAMESPACE: Namespace;
}

/// A limit as an error of `M`.
pub(crate) fn limit<M: Message>(part: &'static str, held: bool) -> Result<(), MessageError> {
    if held {
        Ok(())
    } else {
        Err(MessageError::Limit {
            message: M::NAME,
            part,
        })
    }
}

/// The texts are not longer than [`TEXT_BYTES_MAX`] and hold no control characters.
pub(crate) fn texts<'a, M: Message>(
    part: &'static str,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<(), MessageError> {
    let held = |text: &str| text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
    limit::<M>(part, texts.into_iter().all(held))
}

/// The centre introduces itself. Unsigned but for the time in it; TLS says who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// Protocol versions that the centre speaks.
    #[n(1)]
    pub versions: Vec<u16>,
    /// The programme's name.
    #[n(2)]
    pub programme: String,
    /// A fresh nonce.
    #[n(3)]
    pub nonce: String,
    /// [`SignedTime`], signed by the centre key.
    #[n(4)]
    pub time: ByteVec,
    /// The epoch of the keyring that is in force.
    #[n(5)]
    pub keyring_epoch: u32,
    /// The longest upload that is taken.
    #[n(6)]
    pub upload_bytes_max: ByteCount,
}

impl Message for Hello {
    const NAME: &'static str = "hello";
    const LIMIT: usize = 16 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("versions", (1..=16).contains(&self.versions.len()))?;
        limit::<Self>("nonce", self.nonce.len() <= NONCE_BYTES_MAX)?;
        texts::<Self>("programme", [self.programme.as_str()])
    }
}

/// What time the centre says it is. From it a station estimates its own clock's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedTime {
    /// The centre's clock when it signed.
    #[n(1)]
    pub time: UnixMs,
}

impl Message for SignedTime {
    const NAME: &'static str = "signed-time";
    const LIMIT: usize = 64;
}

impl SignedMessage for SignedTime {
    const NAMESPACE: Namespace = Namespace::SignedTime;
}

/// Receipts or inbox items, each a `COSE_Sign1`, in ascending number. Empty means that there is nothing newer; as long
/// as it is not empty the station asks again after the last number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedList {
    /// The signed bytes, at most 1,000.
    #[n(1)]
    pub items: Vec<ByteVec>,
}

impl SignedList {
    /// The most items in one answer.
    pub const ITEMS_MAX: usize = 1000;

    /// From what the centre keeps.
    pub fn of(items: Vec<Vec<u8>>) -> Self {
        Self {
            items: items.into_iter().map(ByteVec::from).collect(),
        }
    }

    /// The signed bytes.
    pub fn into_items(self) -> Vec<Vec<u8>> {
        self.items.into_iter().map(Vec::from).collect()
    }
}

impl Message for SignedList {
    const NAME: &'static str = "signed-list";
    const LIMIT: usize = 32 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("items", self.items.len() <= Self::ITEMS_MAX)
    }
}

/// Answer to an audit batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditAnswer {
    /// The last entry's number that the centre holds, 0 when none.
    #[n(1)]
    pub held: u64,
}

impl Message for AuditAnswer {
    const NAME: &'static str = "audit-answer";
    const LIMIT: usize = 64;
}

/// Body of every answer with a status of 400 or more, where the other side is one of ours.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Problem {
    /// Stable code, for people and logs: `INT-04`.
    #[n(1)]
    pub code: String,
    /// Why the packet or the station is refused for good.
    #[n(2)]
    pub reason: Option<RefusalReason>,
    /// With 409: the offset at which the centre stands.
    #[n(3)]
    pub offset: Option<u64>,
    /// With 429 and 503: milliseconds until asking again makes sense.
    #[n(4)]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with nothing but its code.
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            reason: None,
            offset: None,
            retry_after_ms: None,
        }
    }
}

impl Message for Problem {
    const NAME: &'static str = "problem";
    const LIMIT: usize = 4096;
    fn check(&self) -> Result<(), MessageError> {
        texts::<Self>("code", [self.code.as_str()])
    }
}
