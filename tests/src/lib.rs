//! What the stories share: a programme with a real centre over HTTPS, stations on real stores, people who step up.
//!
//! In: nothing. Out: [`Programme`], [`Kit`], [`Applicant`]. Owns: a temporary folder, removed when dropped.
//! Never: a mock. Devices are the product's simulated ones; cheap Argon2id is the only thing that differs from a product.

mod applicant;
mod kit;
mod light;
pub mod process;
mod programme;
pub mod slow_link;

pub use applicant::Applicant;
pub use kit::Kit;
pub use light::LightStation;
pub use process::{CentreProcess, own_cpu_seconds};
pub use programme::Programme;

/// The passphrase of everybody in the stories.
pub const PASSPHRASE: &str = "correct horse battery";
