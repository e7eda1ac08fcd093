//! Search: who in a gallery may be the probe.
//!
//! In: a probe's templates, a gallery. Out: [`Candidate`]s by falling score. Owns: the cascade, the descriptor, its
//! kernel. Never: decides, a person does; depends on the number of threads.
//!
//! ```text
//!   everyone ─ best 2 fingers ─► a sixth ─ best 4 ─► 2 % ─ all ─► ≤ 50 ─ exact matcher ─► candidates
//!              └─ first look of the kernel ─┘     closer look                 ▲
//!   nobody certain? the other hand, the wrong end of the row, both ── once more ──┘
//! ```

mod cascade;
mod descriptor;
mod fitted;
mod gallery;
mod kernel;
mod people;
mod score;
mod surroundings;

pub use crate::wide::Kernel;
pub use cascade::{Assignment, Candidate, SCREENING, Search, Stage, search};
pub use descriptor::{Descriptor, DescriptorError, DescriptorVersion};
pub use gallery::Gallery;
pub use people::TemplatePerson;
pub use score::{Likelihood, evidence_features};
pub use surroundings::{Choice, POOL_BITS, PairedMinutiae, Surroundings};
