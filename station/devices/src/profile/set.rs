//! The whole set of profiles, and finding the one that fits a device.
//!
//! In: `(path, text)` of every TOML file of the folder. Out: a [`ProfileSet`] without a problem, or all problems.
//! Never: half a set; a station works with checked facts or says why not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qayd_world::Files;
use serde::de::DeserializeOwned;
use toml::Table;

use super::check::{self, Problems};
use super::evidence;
use super::problem::{ProfileError, ProfileProblem, ProfileReason};
use super::quality::{FingerQuality, PortraitQuality};
use super::schema::{
    DeviceKind, DeviceProfile, KitProfile, LaptopProfile, MatchRule, Source, Status,
};
use super::seen::Seen;

/// Path of the finger policy below the folder.
pub(super) const FINGER_POLICY: &str = "policy/quality-finger.toml";
/// Path of the portrait policy below the folder.
pub(super) const PORTRAIT_POLICY: &str = "policy/quality-portrait.toml";
/// No profile is longer: 64 KiB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Every profile of a folder, checked against each other.
#[derive(Debug, Clone)]
pub struct ProfileSet {
    devices: Vec<DeviceProfile>,
    laptops: Vec<LaptopProfile>,
    kits: Vec<KitProfile>,
    finger_quality: FingerQuality,
    portrait_quality: PortraitQuality,
}

impl ProfileSet {
    /// Reads every profile: `files` are paths below the folder, with `/`, and their texts. Other than `.toml` is skipped.
    pub fn load<P: AsRef<str>, T: AsRef<str>>(files: &[(P, T)]) -> Result<Self, ProfileError> {
        let mut loading = Loading::default();
        for (path, text) in files {
            if path.as_ref().ends_with(".toml") {
                loading.read(path.as_ref(), text.as_ref());
            }
        }
        loading.finish()
    }

    /// Reads a folder and everything below it.
    pub fn read(files: &dyn Files, dir: &Path) -> Result<Self, ProfileError> {
        let (texts, problems) = texts(files, dir);
        match Self::load(&texts) {
            Ok(set) if problems.is_empty() => Ok(set),
            Ok(_) => Err(ProfileError { problems }),
            Err(error) => Err(ProfileError {
                problems: problems.into_iter().chain(error.problems).collect(),
            }),
        }
    }

    /// The device profile of an id.
    pub fn device(&self, id: &str) -> Option<&DeviceProfile> {
        self.devices.iter().find(|d| d.id == id)
    }

    /// Every device profile, in the order of the files.
    pub fn devices(&self) -> &[DeviceProfile] {
        &self.devices
    }

    /// The profile that recognises a device: the highest priority, then the first file. Withdrawn ones recognise nothing.
    pub fn find(&self, seen: &Seen<'_>) -> Option<&DeviceProfile> {
        let mut best: Option<(i16, &DeviceProfile)> = None;
        for device in self
            .devices
            .iter()
            .filter(|d| d.status != Status::Withdrawn)
        {
            for rule in device.matches.iter().filter(|rule| seen.matches(rule)) {
                let priority = rule.priority.unwrap_or(0);
                if best.is_none_or(|(highest, _)| priority > highest) {
                    best = Some((priority, device));
                }
            }
        }
        best.map(|(_, device)| device)
    }

    /// The laptop profile of an id.
    pub fn laptop(&self, id: &str) -> Option<&LaptopProfile> {
        self.laptops.iter().find(|l| l.id == id)
    }

    /// Every laptop.
    pub fn laptops(&self) -> &[LaptopProfile] {
        &self.laptops
    }

    /// The kit of an id.
    pub fn kit(&self, id: &str) -> Option<&KitProfile> {
        self.kits.iter().find(|k| k.id == id)
    }

    /// Every kit.
    pub fn kits(&self) -> &[KitProfile] {
        &self.kits
    }

    /// What a finger must reach.
    pub const fn finger_quality(&self) -> &FingerQuality {
        &self.finger_quality
    }

    /// What a portrait must reach.
    pub const fn portrait_quality(&self) -> &PortraitQuality {
        &self.portrait_quality
    }
}

/// Every TOML file below `dir` as path and text; what cannot be read becomes a problem.
fn texts(files: &dyn Files, dir: &Path) -> (Vec<(String, String)>, Vec<ProfileProblem>) {
    let name_of = |path: &Path| {
        let below = path.strip_prefix(dir).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|p| p.to_string_lossy()).collect();
        parts.join("/")
    };
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut problem = |path: &Path, reason| {
        problems.push(ProfileProblem {
            file: name_of(path),
            path: String::new(),
            reason,
        });
    };
    let mut folders: Vec<PathBuf> = vec![dir.to_path_buf()];
    // Three levels: the folder, devices, devices/<kind>. A file without an ending is taken for a folder.
    while let Some(folder) = folders.pop() {
        let inside = match files.list(&folder) {
            Ok(inside) => inside,
            Err(error) => {
                problem(&folder, ProfileReason::Unreadable { code: error.code() });
                continue;
            }
        };
        for path in inside {
            match path.extension().and_then(|e| e.to_str()) {
                Some("toml") => match files.read(&path, FILE_BYTES_MAX).map(String::from_utf8) {
                    Ok(Ok(text)) => found.push((name_of(&path), text)),
                    Ok(Err(_)) => {
                        let message = "the file is not UTF-8".to_owned();
                        problem(&path, ProfileReason::Shape { message });
                    }
                    Err(error) => {
                        problem(&path, ProfileReason::Unreadable { code: error.code() });
                    }
                },
                None if path.strip_prefix(dir).is_ok_and(|p| p.iter().count() <= 2) => {
                    folders.push(path);
                }
                _ => {}
            }
        }
    }
    found.sort();
    (found, problems)
}

/// A set while it is being read: profiles with their files, and what is wrong so far.
#[derive(Default)]
struct Loading {
    devices: Vec<(String, DeviceProfile)>,
    laptops: Vec<(String, LaptopProfile)>,
    kits: Vec<(String, KitProfile)>,
    finger_quality: Option<FingerQuality>,
    portrait_quality: Option<PortraitQuality>,
    problems: Vec<ProfileProblem>,
}

impl Loading {
    fn read(&mut self, file: &str, text: &str) {
        let parts: Vec<&str> = file.split('/').collect();
        match parts.as_slice() {
            ["devices", folder, _] => {
                let Some(profile) =
                    self.parse(file, text, |p: &DeviceProfile| (&p.sources, p.status))
                else {
                    return;
                };
                self.add(file, check::device(&profile, folder));
                self.devices.push((file.to_owned(), profile));
            }
            ["laptops", _] => {
                let Some(profile) =
                    self.parse(file, text, |p: &LaptopProfile| (&p.sources, p.status))
                else {
                    return;
                };
                self.add(file, check::laptop(&profile));
                self.laptops.push((file.to_owned(), profile));
            }
            ["kits", _] => {
                let status = Status::Unverified;
                let Some(profile) = self.parse(file, text, |p: &KitProfile| (&p.sources, status))
                else {
                    return;
                };
                self.add(file, check::kit(&profile));
                self.kits.push((file.to_owned(), profile));
            }
            _ if file == FINGER_POLICY => {
                self.finger_quality = self.parse(file, text, |p: &FingerQuality| {
                    (&p.sources, Status::Unverified)
                });
                let edition = self.finger_quality.as_ref().map(|p| p.schema);
                let mut problems = Vec::new();
                check::edition(edition.unwrap_or(check::EDITION), &mut problems);
                if self.finger_quality.as_ref().is_some_and(|p| !is_sound(p)) {
                    let what =
                        "scores are 0 to 100, the floor is at most each threshold, there is a try";
                    problems.push((String::new(), ProfileReason::OutOfRange { what }));
                }
                self.add(file, problems);
            }
            _ if file == PORTRAIT_POLICY => {
                self.portrait_quality = self.parse(file, text, |p: &PortraitQuality| {
                    (&p.sources, Status::Unverified)
                });
                let edition = self.portrait_quality.as_ref().map(|p| p.schema);
                let mut problems = Vec::new();
                check::edition(edition.unwrap_or(check::EDITION), &mut problems);
                self.add(file, problems);
            }
            _ => self.problem(file, "", ProfileReason::UnknownPlace),
        }
    }

    /// The typed profile, when the text has its shape; evidence is checked on the way.
    fn parse<T: DeserializeOwned>(
        &mut self,
        file: &str,
        text: &str,
        head: impl for<'a> Fn(&'a T) -> (&'a [Source], Status),
    ) -> Option<T> {
        let shape = |error: toml::de::Error| {
            let line = error
                .span()
                .map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            let message = match line {
                Some(line) => format!("line {line}: {}", error.message()),
                None => error.message().to_owned(),
            };
            ProfileReason::Shape { message }
        };
        let table: Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                self.problem(file, "", shape(error));
                return None;
            }
        };
        let profile: T = match toml::from_str(text) {
            Ok(profile) => profile,
            Err(error) => {
                self.problem(file, "", shape(error));
                return None;
            }
        };
        let (sources, status) = head(&profile);
        self.add(
            file,
            evidence::check(&table, sources, status.claims_a_trial()),
        );
        Some(profile)
    }

    fn problem(&mut self, file: &str, path: &str, reason: ProfileReason) {
        self.problems.push(ProfileProblem {
            file: file.to_owned(),
            path: path.to_owned(),
            reason,
        });
    }

    fn add(&mut self, file: &str, problems: Problems) {
        for (path, reason) in problems {
            self.problem(file, &path, reason);
        }
    }

    /// The checks across files, then the set.
    fn finish(mut self) -> Result<ProfileSet, ProfileError> {
        self.check_ids();
        self.check_matches();
        self.check_policies();
        self.check_kits();
        let Self {
            devices,
            laptops,
            kits,
            finger_quality,
            portrait_quality,
            mut problems,
        } = self;
        match (finger_quality, portrait_quality) {
            (Some(finger_quality), Some(portrait_quality)) if problems.is_empty() => {
                Ok(ProfileSet {
                    devices: devices.into_iter().map(|(_, p)| p).collect(),
                    laptops: laptops.into_iter().map(|(_, p)| p).collect(),
                    kits: kits.into_iter().map(|(_, p)| p).collect(),
                    finger_quality,
                    portrait_quality,
                })
            }
            (finger, portrait) => {
                for (there, file) in [
                    (finger.is_some(), FINGER_POLICY),
                    (portrait.is_some(), PORTRAIT_POLICY),
                ] {
                    // A policy that was there and wrong has its own problem already.
                    if !there && !problems.iter().any(|p| p.file == file) {
                        let file = file.to_owned();
                        let reason = ProfileReason::Missing;
                        problems.push(ProfileProblem {
                            file,
                            path: String::new(),
                            reason,
                        });
                    }
                }
                Err(ProfileError { problems })
            }
        }
    }

    fn check_ids(&mut self) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut found = Vec::new();
        let devices = self.devices.iter().map(|(file, p)| (file, &p.id));
        let laptops = self.laptops.iter().map(|(file, p)| (file, &p.id));
        let kits = self.kits.iter().map(|(file, p)| (file, &p.id));
        for (file, id) in devices.chain(laptops).chain(kits) {
            if let Some(other) = seen.insert(id, file) {
                found.push((
                    file.clone(),
                    ProfileReason::SameId {
                        other: other.to_owned(),
                    },
                ));
            }
        }
        for (file, reason) in found {
            self.problem(&file, "id", reason);
        }
    }

    /// Rules of equal priority must differ, or the order of files would decide what a device is.
    fn check_matches(&mut self) {
        let mut seen: BTreeMap<MatchRule, &str> = BTreeMap::new();
        let mut found = Vec::new();
        for (file, profile) in &self.devices {
            for rule in &profile.matches {
                let key = MatchRule {
                    priority: Some(rule.priority.unwrap_or(0)),
                    ..rule.clone()
                };
                if let Some(other) = seen.insert(key, file) {
                    found.push((
                        file.clone(),
                        ProfileReason::SameMatch {
                            other: other.to_owned(),
                        },
                    ));
                }
            }
        }
        for (file, reason) in found {
            self.problem(&file, "match", reason);
        }
    }

    fn check_policies(&mut self) {
        let mut found: Vec<(String, String, ProfileReason)> = Vec::new();
        for (file, profile) in &self.devices {
            let Some(quality) = &profile.quality else {
                continue;
            };
            let mut add = |path: &str, reason| found.push((file.clone(), path.to_owned(), reason));
            let is_face = matches!(profile.kind, DeviceKind::Camera | DeviceKind::Face);
            let policy = match quality.reference.as_str() {
                FINGER_POLICY if profile.kind == DeviceKind::Finger => {
                    self.finger_quality.as_ref().map(|p| (p.max_tries, Some(p)))
                }
                PORTRAIT_POLICY if is_face => {
                    self.portrait_quality.as_ref().map(|p| (p.max_tries, None))
                }
                _ => None,
            };
            let Some((max_tries, finger)) = policy else {
                let reference = quality.reference.clone();
                add("quality.ref", ProfileReason::NoPolicy { reference });
                continue;
            };
            let looser = |own: u16, policy: u16| ProfileReason::LooserThanPolicy { own, policy };
            if let Some(own) = quality.max_tries.filter(|own| *own > max_tries) {
                add("quality.max_tries", looser(own, max_tries));
            }
            let retries = profile.capture.as_ref().and_then(|c| c.retries);
            if let Some(tries) = retries
                .map(|r| r.saturating_add(1))
                .filter(|t| *t > max_tries)
            {
                add("capture.retries", looser(tries, max_tries));
            }
            match finger {
                Some(policy) => {
                    if let Some(own) = quality.floor.filter(|own| *own < policy.floor) {
                        add("quality.floor", looser(own.into(), policy.floor.into()));
                    }
                    let accept = quality.accept.clone().unwrap_or_default();
                    for (name, own, policy) in accept.beside(&policy.accept) {
                        if own < policy {
                            let path = format!("quality.accept.{name}");
                            add(&path, looser(own.into(), policy.into()));
                        }
                    }
                }
                None if quality.accept.is_some() || quality.floor.is_some() => {
                    add(
                        "quality",
                        ProfileReason::ForeignBlock {
                            kind: profile.kind.name(),
                        },
                    );
                }
                None => {}
            }
        }
        for (file, path, reason) in found {
            self.problem(&file, &path, reason);
        }
    }

    fn check_kits(&mut self) {
        let mut found: Vec<(String, String, ProfileReason)> = Vec::new();
        for (file, kit) in &self.kits {
            let mut add = |path: &str, reason| found.push((file.clone(), path.to_owned(), reason));
            if let Some(id) = &kit.laptop
                && !self.laptops.iter().any(|(_, l)| l.id == *id)
            {
                add("laptop", ProfileReason::UnknownLaptop { id: id.clone() });
            }
            for role in &kit.devices {
                let path = format!("devices.{}", role.role);
                for id in &role.any_of {
                    let id = id.clone();
                    match self.devices.iter().find(|(_, d)| d.id == id) {
                        None => add(&path, ProfileReason::UnknownDevice { id }),
                        Some((_, device)) if device.status == Status::Withdrawn => {
                            add(&path, ProfileReason::Withdrawn { id });
                        }
                        // The folder is no hardware and no simulation: it may be in either.
                        Some((_, device)) if device.kind == DeviceKind::Import => {}
                        Some((_, device)) if device.is_virtual != kit.virtual_only => {
                            let virtual_only = kit.virtual_only;
                            add(&path, ProfileReason::VirtualMixed { id, virtual_only });
                        }
                        Some(_) => {}
                    }
                }
                if let Some(driver) = &role.any_driver {
                    let uses = |list: &[String]| {
                        list.iter()
                            .any(|d| d.split(':').next() == Some(driver.as_str()))
                    };
                    let known = self
                        .devices
                        .iter()
                        .any(|(_, d)| uses(&d.driver.linux) || uses(&d.driver.windows));
                    if !known {
                        add(
                            &path,
                            ProfileReason::UnknownDriver {
                                driver: driver.clone(),
                            },
                        );
                    }
                }
            }
        }
        for (file, path, reason) in found {
            self.problem(&file, &path, reason);
        }
    }
}

fn is_sound(policy: &FingerQuality) -> bool {
    let accept = &policy.accept;
    [
        accept.thumb,
        accept.index,
        accept.middle,
        accept.ring,
        accept.little,
    ]
    .iter()
    .all(|score| *score <= 100 && policy.floor <= *score)
        && policy.max_tries > 0
        && policy.child_5_12.is_none_or(|rule| rule.accept_delta <= 0)
}
