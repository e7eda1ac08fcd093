//! Secrets: where a passphrase comes from.
//!
//! In: the environment, a file, or the keyboard. Out: [`Passphrase`], zeroised when dropped.
//! Never: an argument, which every user of the machine can read in the list of processes.

use std::io::Read;
use std::path::Path;

use qayd_crypto::{Passphrase, Zeroizing};

use crate::failure::Failure;

/// A passphrase file is not longer.
const FILE_BYTES_MAX: u64 = 4096;

/// The passphrase from `file`, else from the environment variable `variable`, else from the keyboard after `prompt`.
///
/// # Errors
/// Wrong input when the file cannot be read, or when there is no terminal to ask at.
pub fn passphrase(
    file: Option<&Path>,
    variable: &str,
    prompt: &str,
) -> Result<Passphrase, Failure> {
    if let Some(path) = file {
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(path)
            .and_then(|f| f.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(|e| {
                Failure::usage(format!(
                    "the passphrase file {} cannot be read: {e}",
                    path.display()
                ))
            })?;
        return Ok(Passphrase::new(
            text.lines().next().unwrap_or_default().to_owned(),
        ));
    }
    if let Ok(text) = std::env::var(variable) {
        return Ok(Passphrase::new(text));
    }
    let text = rpassword::prompt_password(prompt).map_err(|_| {
        Failure::usage(format!(
            "no passphrase: set {variable}, name a file, or use a terminal"
        ))
    })?;
    Ok(Passphrase::new(text))
}
