//! Hardware: what a program of the station looks for on this computer, and which of what it finds does a job.
//!
//! In: the folders and the environment that whoever started the program named. Out: [`Devices`] that look there; the
//! order in which devices are tried. Owns: nothing. Never: takes an invented sample where a real one was expected, or the
//! other way round: only devices of one sort stand in one order.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use qayd_model::Remedy;
use qayd_world::{Clock, Files, Randomness};

use crate::capture::Modality;
use crate::place::PlaceSettings;
use crate::profile::{ProfileError, ProfileSet};
use crate::registry::{DeviceEntry, Devices};
use crate::sane::ScannerSettings;
use crate::sbi::{DeviceState, Environment, PORTS, SbiSettings, SbiTrust, TrustError};

/// Why the folders cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// Those of the profiles.
    #[error("the hardware profiles cannot be used")]
    Profiles(#[from] ProfileError),
    /// Those of the authorities that vouch for devices.
    #[error("the device authorities cannot be used")]
    Trust(#[from] TrustError),
}

impl HardwareError {
    /// Stable code of what lies beneath.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Profiles(source) => source.code(),
            Self::Trust(source) => source.code(),
        }
    }

    /// Who acts next.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Profiles(source) => source.remedy(),
            Self::Trust(source) => source.remedy(),
        }
    }
}

/// What is looked for. The default looks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Hardware {
    /// What is known about hardware.
    pub profiles: Option<Arc<ProfileSet>>,
    /// Device services: who vouches for them, and where they are looked for.
    pub services: Option<Services>,
    /// Whether cameras are looked for.
    pub cameras: bool,
    /// Whether document scanners are looked for, and by which SANE.
    pub scanners: Option<ScannerSettings>,
    /// Whether a receiver of places is listened to, and where.
    pub place: Option<PlaceSettings>,
}

/// Device services of this computer.
#[derive(Debug, Clone)]
pub struct Services {
    /// Who vouches for them. With nobody they are listed, and each is refused when it is opened.
    pub trust: SbiTrust,
    /// What they are provisioned for; `None`: as the station is, for production or for developers.
    pub environment: Option<Environment>,
    /// Where they are looked for.
    pub ports: RangeInclusive<u16>,
}

impl Hardware {
    /// Everything this computer has: cameras, document scanners, receivers of places, and services on all hundred ports.
    ///
    /// # Errors
    /// [`HardwareError`] where a folder that was named cannot be used.
    pub fn read(
        files: &dyn Files,
        profiles: Option<&Path>,
        trust: Option<&Path>,
        environment: Option<Environment>,
    ) -> Result<Self, HardwareError> {
        let profiles = match profiles {
            Some(folder) => Some(Arc::new(ProfileSet::read(files, folder)?)),
            None => None,
        };
        let trust = match trust {
            Some(folder) => SbiTrust::read(files, folder)?,
            None => SbiTrust::default(),
        };
        Ok(Self {
            profiles,
            services: Some(Services {
                trust,
                environment,
                ports: PORTS,
            }),
            cameras: true,
            scanners: Some(ScannerSettings::default()),
            place: Some(PlaceSettings::default()),
        })
    }

    /// The devices of a station; `production` is what its certificate says.
    pub fn devices(
        &self,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        production: bool,
    ) -> Devices {
        let mut devices = Devices::make(clock, production);
        if let Some(profiles) = &self.profiles {
            devices = devices.with_profiles(profiles.clone());
        }
        if self.cameras {
            devices = devices.with_cameras();
        }
        if let Some(scanners) = &self.scanners {
            devices = devices.with_scanners(scanners.clone());
        }
        if let Some(place) = &self.place {
            devices = devices.with_place(place.clone());
        }
        if let Some(services) = &self.services {
            let usual = if production {
                Environment::Production
            } else {
                Environment::Developer
            };
            let settings = SbiSettings {
                ports: services.ports.clone(),
                ..SbiSettings::make(
                    services.trust.clone(),
                    services.environment.unwrap_or(usual),
                )
            };
            devices = devices.with_sbi(settings, randomness);
        }
        devices
    }
}

/// Which device somebody wants where several can do a job.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taste<'a> {
    /// Id of the one that was chosen.
    pub chosen: Option<&'a str>,
    /// Nobody chose one, and the person of the stage was asked for when the program was started.
    pub staged_first: bool,
}

impl Taste<'_> {
    /// The chosen one, or one that says it is the same: of those only the true one opens.
    fn is_for(&self, entry: &DeviceEntry) -> bool {
        self.chosen.is_some_and(|chosen| {
            let rest = entry.device.id.strip_prefix(chosen);
            rest.is_some_and(|rest| rest.is_empty() || is_twin(rest))
        })
    }
}

/// Whether this is what tells services of one name apart: `-2`, `-3`.
fn is_twin(rest: &str) -> bool {
    rest.strip_prefix('-')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The devices that do a job, in the order in which they are tried: the chosen one alone where it is there; else those
/// that say they are ready, before others those that a profile knows. None of a person's folder, which is opened by name.
///
/// For papers, a device that does nothing else comes before a camera, known or not: whoever puts a document scanner on the
/// table means it, and a page lies flatter in it than before a camera.
pub fn for_job<'a>(
    entries: &'a [DeviceEntry],
    modality: Modality,
    taste: Taste<'_>,
) -> Vec<&'a DeviceEntry> {
    let mut able: Vec<&DeviceEntry> = entries
        .iter()
        .filter(|e| e.device.modalities.contains(&modality) && !e.is_folder())
        .collect();
    let chosen: Vec<_> = able.iter().copied().filter(|e| taste.is_for(e)).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let is_ready = |e: &DeviceEntry| e.state.is_none_or(|state| state == DeviceState::Ready);
    let is_second = |e: &DeviceEntry| {
        modality == Modality::Document && e.device.modalities != [Modality::Document]
    };
    able.sort_by_key(|e| {
        (
            e.is_staged() != taste.staged_first,
            e.device.simulated,
            !is_ready(e),
            is_second(e),
            e.model.is_none(),
        )
    });
    let sort = able.first().map(|e| e.device.simulated);
    able.retain(|e| Some(e.device.simulated) == sort);
    able
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::DeviceDescription;

    fn entry(id: &str, simulated: bool, state: Option<DeviceState>, known: bool) -> DeviceEntry {
        DeviceEntry {
            device: DeviceDescription {
                id: id.to_owned(),
                profile: "camera.any".to_owned(),
                serial: None,
                modalities: vec![Modality::Face],
                simulated,
            },
            model: known.then(|| "Maker Camera".to_owned()),
            status: None,
            state,
        }
    }

    fn order(entries: &[DeviceEntry], taste: Taste<'_>) -> Vec<String> {
        let tried = for_job(entries, Modality::Face, taste);
        tried.iter().map(|e| e.device.id.clone()).collect()
    }

    #[test]
    fn known_and_ready_devices_come_first_and_real_and_invented_ones_never_stand_in_for_each_other()
    {
        let entries = [
            entry("unknown", false, None, false),
            entry("busy", false, Some(DeviceState::Busy), true),
            entry("known", false, None, true),
            entry("virtual", true, None, true),
            entry("simulated-camera", true, None, true),
        ];
        let usual = order(&entries, Taste::default());
        assert_eq!(usual, ["known", "unknown", "busy"]);
        let staged_first = Taste {
            staged_first: true,
            ..Taste::default()
        };
        assert_eq!(
            order(&entries, staged_first),
            ["simulated-camera", "virtual"]
        );
        assert_eq!(order(&entries[4..], Taste::default()), ["simulated-camera"]);
        assert_eq!(
            order(&entries[..3], staged_first),
            ["known", "unknown", "busy"]
        );
        assert!(for_job(&entries, Modality::Iris, Taste::default()).is_empty());
    }

    #[test]
    fn a_page_is_scanned_by_a_document_scanner_before_a_camera_that_is_better_known() {
        let of = |id, simulated, known, modalities: &[Modality]| {
            let mut entry = entry(id, simulated, None, known);
            entry.device.modalities = modalities.to_vec();
            entry
        };
        let camera = [Modality::Face, Modality::Document];
        let entries = [
            of("camera", false, true, &camera),
            of("scanner", false, false, &[Modality::Document]),
            of("simulated-camera", true, true, &camera),
        ];
        let tried = for_job(&entries, Modality::Document, Taste::default());
        let tried: Vec<_> = tried.iter().map(|e| e.device.id.as_str()).collect();
        assert_eq!(tried, ["scanner", "camera"]);
        let chosen = Taste {
            chosen: Some("camera"),
            staged_first: false,
        };
        let tried = for_job(&entries, Modality::Document, chosen);
        assert_eq!(tried[0].device.id, "camera");
        let staged_first = Taste {
            staged_first: true,
            ..Taste::default()
        };
        let tried = for_job(&entries, Modality::Document, staged_first);
        assert_eq!(tried[0].device.id, "simulated-camera");
    }

    #[test]
    fn what_was_chosen_is_taken_alone_while_it_is_there() {
        let entries = [
            entry("a", false, None, true),
            entry("b", false, None, false),
        ];
        let taste = |id| Taste {
            chosen: Some(id),
            staged_first: false,
        };
        assert_eq!(order(&entries, taste("b")), ["b"]);
        assert_eq!(order(&entries, taste("gone")), ["a", "b"]);
        let twins = [
            entry("a", false, None, true),
            entry("a-2", false, None, true),
            entry("a-other", false, None, true),
        ];
        assert_eq!(order(&twins, taste("a")), ["a", "a-2"]);
    }
}
