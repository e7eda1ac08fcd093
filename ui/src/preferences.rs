//! Preferences: how whoever works at this computer likes the window. Nothing about anybody who is enrolled.
//!
//! In: `window.toml` beside the station. Out: [`Preferences`]. Never: stops the window because the file is damaged.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use qayd_model::pack::Language;
use qayd_station::World;
use qayd_window::ThemeMode;
use serde::{Deserialize, Serialize};

const NAME: &str = "window.toml";
const BYTES_MAX: u64 = 16 * 1024;

/// The light the screen is made for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Theme {
    #[default]
    Normal,
    Sunlight,
    Night,
}

impl Theme {
    /// The theme of the window's own name for it.
    pub const fn of(mode: ThemeMode) -> Self {
        match mode {
            ThemeMode::Normal => Self::Normal,
            ThemeMode::Sunlight => Self::Sunlight,
            ThemeMode::Night => Self::Night,
        }
    }
}

/// What is liked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Preferences {
    pub language: Language,
    pub theme: Theme,
    /// 100 to 200.
    pub text_percent: u16,
    /// Address of the printer for slips; empty is none.
    pub printer: String,
    /// Folder in which slips are saved; empty is none.
    pub slips: String,
    /// Good and bad captures are heard.
    pub sounds: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: Language::Arabic,
            theme: Theme::Normal,
            text_percent: 100,
            printer: String::new(),
            slips: String::new(),
            sounds: true,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    language: String,
    theme: Theme,
    text_percent: u16,
    #[serde(default)]
    printer: String,
    #[serde(default)]
    slips: String,
    #[serde(default = "yes")]
    sounds: bool,
}

const fn yes() -> bool {
    true
}

impl Preferences {
    /// What the file says; the default where there is none that can be read.
    pub fn read(world: &World, data: &Path) -> Self {
        let read = world.files.read(&data.join(NAME), BYTES_MAX).ok();
        let stored: Option<Stored> = read.and_then(|bytes| toml::from_slice(&bytes).ok());
        stored.map_or_else(Self::default, |stored| Self {
            language: Language::from_code(&stored.language).unwrap_or(Language::Arabic),
            theme: stored.theme,
            text_percent: stored.text_percent.clamp(100, 200),
            printer: stored.printer,
            slips: stored.slips,
            sounds: stored.sounds,
        })
    }
}

/// Keeps the preferences as they change. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    world: World,
    file: PathBuf,
    now: Rc<RefCell<Preferences>>,
}

impl Keeper {
    /// For the preferences of a folder.
    pub fn of(world: World, data: &Path, now: Preferences) -> Self {
        Self {
            world,
            file: data.join(NAME),
            now: Rc::new(RefCell::new(now)),
        }
    }

    /// As they are now.
    pub fn now(&self) -> Preferences {
        self.now.borrow().clone()
    }

    /// Changes something and writes it. A disk that does not take it only forgets a preference.
    pub fn change(&self, change: impl FnOnce(&mut Preferences)) {
        let mut now = self.now.borrow_mut();
        change(&mut now);
        let stored = Stored {
            language: now.language.code().to_owned(),
            theme: now.theme,
            text_percent: now.text_percent,
            printer: now.printer.clone(),
            slips: now.slips.clone(),
            sounds: now.sounds,
        };
        let written = toml::to_string(&stored)
            .map(|text| self.world.files.write_durably(&self.file, text.as_bytes()));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("a preference could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_there_again_and_a_damaged_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let world = World::os();
        let keeper = Keeper::of(world.clone(), dir.path(), Preferences::default());
        keeper.change(|p| p.theme = Theme::Sunlight);
        keeper.change(|p| p.text_percent = 150);
        let read = Preferences::read(&world, dir.path());
        assert_eq!(
            (read.theme, read.text_percent, read.language),
            (Theme::Sunlight, 150, Language::Arabic)
        );
        world
            .files
            .write_durably(&dir.path().join(NAME), b"theme = 7")
            .unwrap();
        assert_eq!(
            Preferences::read(&world, dir.path()),
            Preferences::default()
        );
    }
}
