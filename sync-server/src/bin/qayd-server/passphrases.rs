//! Passphrases: from a file, the environment, or the terminal; never from an argument, which every user can see.

use std::path::Path;

use qayd_crypto::Passphrase;
use qayd_model::Remedy;
use qayd_world::World;
use zeroize::Zeroizing;

use crate::commands::Failure;

/// No passphrase file is longer.
const FILE_BYTES_MAX: u64 = 4096;

/// Reads a passphrase. `confirm` asks twice at the terminal: for what is about to be made.
pub fn read(
    world: &World,
    what: &str,
    file: Option<&Path>,
    variable: &str,
    confirm: bool,
) -> Result<Passphrase, Failure> {
    if let Some(path) = file {
        let bytes = Zeroizing::new(
            world
                .files
                .read(path, FILE_BYTES_MAX)
                .map_err(|error| Failure::of("CLI-01", Remedy::OperatorActs, &error))?,
        );
        let text = core::str::from_utf8(&bytes)
            .map_err(|error| Failure::of("CLI-01", Remedy::OperatorActs, &error))?;
        return Ok(Passphrase::new(text.lines().next().unwrap_or_default()));
    }
    if let Ok(text) = std::env::var(variable) {
        return Ok(Passphrase::new(text));
    }
    let ask = |prompt: String| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|error| Failure::of("CLI-02", Remedy::OperatorActs, &error))
    };
    let typed = ask(format!("{what}: "))?;
    if confirm && *ask(format!("{what}, again: "))? != *typed {
        return Err(Failure::new(
            "CLI-03",
            Remedy::OperatorActs,
            "the two are not the same",
        ));
    }
    Ok(Passphrase::new(typed.as_str()))
}
