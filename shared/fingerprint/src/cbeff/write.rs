//! From a BIR to its canonical document.
//!
//! In: `Bir`. Out: XML, without a blank that is not needed. Never: writes what reading would refuse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::read::uuid;
use super::{
    Bir, BirInfo, BlockInfo, CbeffError, DEPTH_MAX, LEVELS, NAMESPACE, PURPOSES, RegistryId,
    SUBTYPES, TYPES, Version,
};

pub(super) fn document(bir: &Bir) -> Result<String, CbeffError> {
    let mut w = Writer {
        out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        depth: 0,
    };
    let attribute = format!(" xmlns=\"{NAMESPACE}\"");
    w.bir(bir, &attribute)?;
    Ok(w.out)
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn inside(
        &mut self,
        name: &'static str,
        attributes: &str,
        content: impl FnOnce(&mut Self) -> Result<(), CbeffError>,
    ) -> Result<(), CbeffError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(CbeffError::TooDeep);
        }
        for part in ["<", name, attributes, ">"] {
            self.out.push_str(part);
        }
        content(self)?;
        for part in ["</", name, ">"] {
            self.out.push_str(part);
        }
        self.depth -= 1;
        Ok(())
    }

    /// Text with what XML needs escaped. Control characters have no form in XML 1.0.
    fn escape(
        &mut self,
        name: &'static str,
        text: &str,
        in_attribute: bool,
    ) -> Result<(), CbeffError> {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' if in_attribute => self.out.push_str("&quot;"),
                // Line ends and tabs would be changed by whoever reads them.
                '\r' => self.out.push_str("&#13;"),
                '\n' if in_attribute => self.out.push_str("&#10;"),
                '\t' if in_attribute => self.out.push_str("&#9;"),
                '\n' | '\t' => self.out.push(c),
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => return Err(CbeffError::Value(name)),
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) -> Result<(), CbeffError> {
        match text {
            None => Ok(()),
            Some(text) => self.inside(name, "", |w| w.escape(name, text, false)),
        }
    }

    fn bytes(&mut self, name: &'static str, bytes: Option<&[u8]>) -> Result<(), CbeffError> {
        match bytes {
            None => Ok(()),
            Some(bytes) => self.inside(name, "", |w| {
                STANDARD.encode_string(bytes, &mut w.out);
                Ok(())
            }),
        }
    }

    fn truth(&mut self, name: &'static str, value: Option<bool>) -> Result<(), CbeffError> {
        self.text(name, value.map(|v| if v { "true" } else { "false" }))
    }

    fn index(&mut self, value: Option<&str>) -> Result<(), CbeffError> {
        if value.is_some_and(|v| uuid(v).is_none()) {
            return Err(CbeffError::Value("Index"));
        }
        self.text("Index", value)
    }

    fn one_of(
        &mut self,
        name: &'static str,
        value: Option<&str>,
        allowed: &[&str],
    ) -> Result<(), CbeffError> {
        if value.is_some_and(|v| !allowed.contains(&v)) {
            return Err(CbeffError::Value(name));
        }
        self.text(name, value)
    }

    fn list(
        &mut self,
        name: &'static str,
        values: &[String],
        allowed: &[&str],
    ) -> Result<(), CbeffError> {
        if values.iter().any(|v| !allowed.contains(&v.as_str())) {
            return Err(CbeffError::Value(name));
        }
        self.text(name, Some(&values.join(" ")))
    }

    fn version(&mut self, name: &'static str, version: Option<Version>) -> Result<(), CbeffError> {
        let Some(version) = version else {
            return Ok(());
        };
        self.inside(name, "", |w| {
            w.text("Major", Some(&version.major.to_string()))?;
            w.text("Minor", Some(&version.minor.to_string()))
        })
    }

    fn registry_id(
        &mut self,
        name: &'static str,
        id: Option<&RegistryId>,
    ) -> Result<(), CbeffError> {
        let Some(id) = id else {
            return Ok(());
        };
        self.inside(name, "", |w| {
            w.text("Organization", Some(&id.organisation))?;
            w.text("Type", Some(&id.kind))
        })
    }

    fn bir(&mut self, bir: &Bir, attributes: &str) -> Result<(), CbeffError> {
        self.inside("BIR", attributes, |w| {
            w.version("Version", bir.version)?;
            w.version("CBEFFVersion", bir.cbeff_version)?;
            w.bir_info(&bir.info)?;
            if let Some(info) = &bir.block_info {
                w.block_info(info)?;
            }
            if let Some(format) = &bir.security_format {
                w.inside("SBInfo", "", |w| w.registry_id("Format", format.as_ref()))?;
            }
            for record in &bir.records {
                w.bir(record, "")?;
            }
            w.bytes("BDB", bir.block.as_deref())?;
            w.bytes("SB", bir.security_block.as_deref())?;
            for entries in &bir.others {
                w.inside("others", "", |w| {
                    entries
                        .iter()
                        .try_for_each(|(key, value)| w.entry(key, value))
                })?;
            }
            Ok(())
        })
    }

    fn entry(&mut self, key: &str, value: &str) -> Result<(), CbeffError> {
        let mut attribute = Self {
            out: " key=\"".to_owned(),
            depth: 0,
        };
        attribute.escape("entry", key, true)?;
        attribute.out.push('"');
        self.inside("entry", &attribute.out, |w| w.escape("entry", value, false))
    }

    fn bir_info(&mut self, info: &BirInfo) -> Result<(), CbeffError> {
        self.inside("BIRInfo", "", |w| {
            w.text("Creator", info.creator.as_deref())?;
            w.index(info.index.as_deref())?;
            w.bytes("Payload", info.payload.as_deref())?;
            w.truth("Integrity", Some(info.integrity))?;
            w.text("CreationDate", info.created.as_ref().map(|t| t.as_str()))?;
            w.text(
                "NotValidBefore",
                info.not_before.as_ref().map(|t| t.as_str()),
            )?;
            w.text("NotValidAfter", info.not_after.as_ref().map(|t| t.as_str()))
        })
    }

    fn block_info(&mut self, info: &BlockInfo) -> Result<(), CbeffError> {
        self.inside("BDBInfo", "", |w| {
            w.bytes("ChallengeResponse", info.challenge_response.as_deref())?;
            w.index(info.index.as_deref())?;
            w.registry_id("Format", info.format.as_ref())?;
            w.truth("Encryption", info.encryption)?;
            w.text("CreationDate", info.created.as_ref().map(|t| t.as_str()))?;
            w.text(
                "NotValidBefore",
                info.not_before.as_ref().map(|t| t.as_str()),
            )?;
            w.text("NotValidAfter", info.not_after.as_ref().map(|t| t.as_str()))?;
            if !info.types.is_empty() {
                w.list("Type", &info.types, &TYPES)?;
            }
            if let Some(subtypes) = &info.subtypes {
                w.list("Subtype", subtypes, &SUBTYPES)?;
            }
            w.one_of("Level", info.level.as_deref(), &LEVELS)?;
            w.registry_id("Product", info.product.as_ref())?;
            w.registry_id("CaptureDevice", info.capture_device.as_ref())?;
            w.registry_id("FeatureExtractionAlgorithm", info.extraction.as_ref())?;
            w.registry_id("ComparisonAlgorithm", info.comparison.as_ref())?;
            w.registry_id("CompressionAlgorithm", info.compression.as_ref())?;
            w.one_of("Purpose", info.purpose.as_deref(), &PURPOSES)?;
            let Some(quality) = &info.quality else {
                return Ok(());
            };
            w.inside("Quality", "", |w| {
                w.registry_id("Algorithm", Some(&quality.algorithm))?;
                match &quality.score {
                    Ok(0..=100) | Err(_) => {}
                    Ok(_) => return Err(CbeffError::Value("Score")),
                }
                match &quality.score {
                    Ok(score) => w.text("Score", Some(&score.to_string())),
                    Err(why) => w.text("QualityCalculationFailed", Some(why)),
                }
            })
        })
    }
}
