//! Offer: the manifests that wait, and what the centre wants of them in which order.

use minicbor::{Decode, Encode, bytes::ByteVec};
use qayd_model::{PacketId, Remedy, UploadId};

use super::{Message, MessageError, NONCE_BYTES_MAX, limit};

/// The manifests of packets that wait at a station.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    /// Signed manifests as they stand at the head of each packet file, at most 500.
    #[n(1)]
    pub manifests: Vec<ByteVec>,
}

impl Offer {
    /// The most manifests in one offer.
    pub const MANIFESTS_MAX: usize = 500;

    /// An offer of these manifests.
    pub fn of(manifests: Vec<Vec<u8>>) -> Self {
        Self {
            manifests: manifests.into_iter().map(ByteVec::from).collect(),
        }
    }
}

impl Message for Offer {
    const NAME: &'static str = "offer";
    const LIMIT: usize = 8 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("manifests", self.manifests.len() <= Self::MANIFESTS_MAX)?;
        let held = |manifest: &ByteVec| manifest.len() <= 64 * 1024;
        limit::<Self>("manifest", self.manifests.iter().all(held))
    }
}

/// What the centre makes of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OfferAnswer {
    /// One for each manifest, in the order of the offer. A manifest that could not be read has none.
    #[n(1)]
    pub packets: Vec<PacketState>,
    /// What to send in which order; may leave out what is to come last.
    #[n(2)]
    pub plan: Vec<PlannedSend>,
    /// A fresh nonce.
    #[n(3)]
    pub nonce: String,
}

impl OfferAnswer {
    /// The most steps of a plan: four priorities for each packet.
    pub const PLAN_MAX: usize = 4 * Offer::MANIFESTS_MAX;
}

impl Message for OfferAnswer {
    const NAME: &'static str = "offer-answer";
    const LIMIT: usize = 512 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("packets", self.packets.len() <= Offer::MANIFESTS_MAX)?;
        limit::<Self>("plan", self.plan.len() <= Self::PLAN_MAX)?;
        limit::<Self>("nonce", self.nonce.len() <= NONCE_BYTES_MAX)
    }
}

/// Where one offered packet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PacketState {
    /// Which packet.
    #[n(1)]
    pub packet: PacketId,
    /// What the centre does with it.
    #[n(2)]
    pub state: WantedState,
}

/// What the centre does with an offered packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum WantedState {
    /// It wants the bytes from `offset` on.
    #[n(0)]
    Wanted {
        /// Where to send them.
        #[n(0)]
        upload: UploadId,
        /// How many bytes it holds.
        #[n(1)]
        offset: u64,
        /// How many there are.
        #[n(2)]
        length: u64,
    },
    /// It holds the packet durably; its receipt is there to be fetched.
    #[n(1)]
    Held,
    /// It will never take the packet as it is. Nothing may be deleted on account of this.
    #[n(2)]
    Refused(#[n(0)] RefusalReason),
}

/// One step of the centre's plan: send this packet's bytes up to `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PlannedSend {
    /// Which packet.
    #[n(1)]
    pub packet: PacketId,
    /// Where its bytes go.
    #[n(2)]
    pub upload: UploadId,
    /// Send up to this offset, exclusive: 1 to the packet's length.
    #[n(3)]
    pub until: u64,
}

macro_rules! refusal_reasons {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal $remedy:ident;)*) => {
        /// Why the centre does not take a packet, or does not listen to a station. Never permits deletion.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
        #[cbor(index_only)]
        #[non_exhaustive]
        pub enum RefusalReason {
            $($(#[$doc])* #[n($number)] $name,)*
        }

        impl RefusalReason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Stable code: `REF-10` to `REF-41`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => concat!("REF-", stringify!($number)),)* }
            }

            /// Name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Who acts.
            pub const fn remedy(self) -> Remedy {
                match self { $(Self::$name => Remedy::$remedy,)* }
            }
        }
    };
}

refusal_reasons! {
    /// Not in the packet format, or not in its one form.
    10 Malformed "malformed" ReportBug;
    /// Longer than a packet may be.
    11 TooLarge "too_large" ReportBug;
    /// A suite or a recipient that the centre does not open.
    12 UnknownSuite "unknown_suite" SupervisorActs;
    /// The station's signature does not hold.
    13 BadSignature "bad_signature" ReportBug;
    /// A part's bytes are not those that the manifest names.
    14 DigestMismatch "digest_mismatch" ReportBug;
    /// The centre knows no such station.
    20 UnknownStation "unknown_station" SupervisorActs;
    /// The station was revoked.
    21 RevokedStation "revoked_station" SupervisorActs;
    /// The station's certificate has expired.
    22 ExpiredStation "expired_station" SupervisorActs;
    /// The packet is another station's.
    23 OtherStation "other_station" SupervisorActs;
    /// Two different packets of one station bear the same sequence number or predecessor: a copied or restored station.
    30 ChainFork "chain_fork" SupervisorActs;
    /// The same packet id was seen with other bytes.
    31 Conflict "conflict" SupervisorActs;
    /// The procedure pack is not one that the centre published.
    40 UnknownPack "unknown_pack" SupervisorActs;
    /// The station may not offer this procedure.
    41 PackNotAllowed "pack_not_allowed" SupervisorActs;
}

impl core::fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
