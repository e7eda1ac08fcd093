//! From the tree to a BIR, by the schema.
//!
//! In: `Element`. Out: `Bir`. Owns: which element may follow which.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tree::Element;
use super::{
    Bir, BirInfo, BlockInfo, BlockQuality, CbeffError, DEPTH_MAX, DateTime, LEVELS, PURPOSES,
    RegistryId, SUBTYPES, TYPES, Version,
};

/// The children of an element, taken in the schema's order.
struct Sequence {
    within: &'static str,
    rest: std::iter::Peekable<std::vec::IntoIter<Element>>,
}

impl Sequence {
    fn of(element: Element, within: &'static str) -> Result<Self, CbeffError> {
        if !element.text.trim().is_empty() {
            return Err(CbeffError::Value(within));
        }
        Ok(Self {
            within,
            rest: element.children.into_iter().peekable(),
        })
    }

    /// The next child, if it is called so.
    fn take(&mut self, name: &str) -> Option<Element> {
        self.rest.next_if(|element| element.name == name)
    }

    /// The text of the next child, if it is called so; it may have no children.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, CbeffError> {
        match self.take(name) {
            None => Ok(None),
            Some(element) if element.children.is_empty() => Ok(Some(element.text)),
            Some(_) => Err(CbeffError::Value(name)),
        }
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, CbeffError> {
        self.text(name)?
            .map(|text| parse(&text).ok_or(CbeffError::Value(name)))
            .transpose()
    }

    fn needed<T>(&self, name: &'static str, found: Option<T>) -> Result<T, CbeffError> {
        found.ok_or(CbeffError::Missing {
            element: name,
            within: self.within,
        })
    }

    fn registry_id(&mut self, name: &'static str) -> Result<Option<RegistryId>, CbeffError> {
        let Some(element) = self.take(name) else {
            return Ok(None);
        };
        let mut s = Self::of(element, name)?;
        let organisation = s.text("Organization")?;
        let kind = s.text("Type")?;
        let id = RegistryId {
            organisation: s.needed("Organization", organisation)?,
            kind: s.needed("Type", kind)?,
        };
        s.end()?;
        Ok(Some(id))
    }

    fn version(&mut self, name: &'static str) -> Result<Option<Version>, CbeffError> {
        let Some(element) = self.take(name) else {
            return Ok(None);
        };
        let mut s = Self::of(element, name)?;
        let number = |text: &str| text.trim().parse().ok();
        let major = s.parsed("Major", number)?;
        let minor = s.parsed("Minor", number)?;
        let version = Version {
            major: s.needed("Major", major)?,
            minor: s.needed("Minor", minor)?,
        };
        s.end()?;
        Ok(Some(version))
    }

    fn end(mut self) -> Result<(), CbeffError> {
        match self.rest.next() {
            None => Ok(()),
            Some(element) => Err(CbeffError::Unexpected {
                element: element.name.chars().take(64).collect(),
                within: self.within,
            }),
        }
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_whitespace()) {
        let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        return STANDARD.decode(packed).ok();
    }
    STANDARD.decode(text).ok()
}

fn truth(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn date_time(text: &str) -> Option<DateTime> {
    DateTime::parse(text.trim())
}

fn one_of(allowed: &'static [&'static str]) -> impl Fn(&str) -> Option<String> {
    move |text| allowed.contains(&text).then(|| text.to_owned())
}

fn list_of(allowed: &'static [&'static str]) -> impl Fn(&str) -> Option<Vec<String>> {
    move |text| {
        text.split_ascii_whitespace()
            .map(|word| allowed.contains(&word).then(|| word.to_owned()))
            .collect()
    }
}

pub(super) fn uuid(text: &str) -> Option<String> {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let right = parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(p, n)| p.len() == n && p.bytes().all(|b| b.is_ascii_hexdigit()));
    right.then(|| text.to_owned())
}

pub(super) fn bir(element: Element, depth: usize) -> Result<Bir, CbeffError> {
    if element.name != "BIR" {
        return Err(CbeffError::Unexpected {
            element: element.name.chars().take(64).collect(),
            within: "document",
        });
    }
    if depth > DEPTH_MAX {
        return Err(CbeffError::TooDeep);
    }
    let mut s = Sequence::of(element, "BIR")?;
    let mut found = Bir {
        version: s.version("Version")?,
        cbeff_version: s.version("CBEFFVersion")?,
        ..Bir::default()
    };
    let info = s.take("BIRInfo");
    found.info = bir_info(s.needed("BIRInfo", info)?)?;
    found.block_info = s.take("BDBInfo").map(block_info).transpose()?;
    if let Some(element) = s.take("SBInfo") {
        let mut inner = Sequence::of(element, "SBInfo")?;
        found.security_format = Some(inner.registry_id("Format")?);
        inner.end()?;
    }
    while let Some(element) = s.take("BIR") {
        found.records.push(bir(element, depth + 1)?);
    }
    found.block = s.parsed("BDB", base64)?;
    found.security_block = s.parsed("SB", base64)?;
    while let Some(element) = s.take("others") {
        let mut inner = Sequence::of(element, "others")?;
        let mut entries = Vec::new();
        while let Some(entry) = inner.take("entry") {
            let key = entry.key.ok_or(CbeffError::Missing {
                element: "key",
                within: "entry",
            })?;
            if !entry.children.is_empty() {
                return Err(CbeffError::Value("entry"));
            }
            entries.push((key, entry.text));
        }
        inner.end()?;
        found.others.push(entries);
    }
    s.end()?;
    Ok(found)
}

fn bir_info(element: Element) -> Result<BirInfo, CbeffError> {
    let mut s = Sequence::of(element, "BIRInfo")?;
    let creator = s.text("Creator")?;
    let index = s.parsed("Index", uuid)?;
    let payload = s.parsed("Payload", base64)?;
    let integrity = s.parsed("Integrity", truth)?;
    let info = BirInfo {
        creator,
        index,
        payload,
        integrity: s.needed("Integrity", integrity)?,
        created: s.parsed("CreationDate", date_time)?,
        not_before: s.parsed("NotValidBefore", date_time)?,
        not_after: s.parsed("NotValidAfter", date_time)?,
    };
    s.end()?;
    Ok(info)
}

fn block_info(element: Element) -> Result<BlockInfo, CbeffError> {
    let mut s = Sequence::of(element, "BDBInfo")?;
    let info = BlockInfo {
        challenge_response: s.parsed("ChallengeResponse", base64)?,
        index: s.parsed("Index", uuid)?,
        format: s.registry_id("Format")?,
        encryption: s.parsed("Encryption", truth)?,
        created: s.parsed("CreationDate", date_time)?,
        not_before: s.parsed("NotValidBefore", date_time)?,
        not_after: s.parsed("NotValidAfter", date_time)?,
        types: s.parsed("Type", list_of(&TYPES))?.unwrap_or_default(),
        subtypes: s.parsed("Subtype", list_of(&SUBTYPES))?,
        level: s.parsed("Level", one_of(&LEVELS))?,
        product: s.registry_id("Product")?,
        capture_device: s.registry_id("CaptureDevice")?,
        extraction: s.registry_id("FeatureExtractionAlgorithm")?,
        comparison: s.registry_id("ComparisonAlgorithm")?,
        compression: s.registry_id("CompressionAlgorithm")?,
        purpose: s.parsed("Purpose", one_of(&PURPOSES))?,
        quality: s.take("Quality").map(quality).transpose()?,
    };
    s.end()?;
    Ok(info)
}

fn quality(element: Element) -> Result<BlockQuality, CbeffError> {
    let mut s = Sequence::of(element, "Quality")?;
    let algorithm = s.registry_id("Algorithm")?;
    let algorithm = s.needed("Algorithm", algorithm)?;
    let score = |text: &str| text.trim().parse().ok().filter(|score: &u8| *score <= 100);
    let score = match s.parsed("Score", score)? {
        Some(score) => Ok(score),
        None => {
            let failed = s.text("QualityCalculationFailed")?;
            Err(s.needed("Score", failed)?)
        }
    };
    s.end()?;
    Ok(BlockQuality { algorithm, score })
}
