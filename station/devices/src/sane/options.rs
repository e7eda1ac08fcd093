//! Options: what a scanner lets itself be set to, and what it is set to for a page.
//!
//! In: the list of `scanimage -A`, the profile. Out: arguments for one scan, in an order that every backend takes.
//! Never: an option that the scanner does not have, or a resolution that it does not offer.

use crate::profile::Docscan;

/// A page of identity papers is read at this: Roman letters of 2 mm are then 24 pixels high.
const USUAL_PPI: f64 = 300.0;
/// A4, millimetres: width and height.
const USUAL_MM: [f64; 2] = [210.0, 297.0];
/// Names of colour among backends, the usual first; then those of grey.
const COLOURS: [&str; 5] = ["Color", "Colour", "24bit Color", "24-bit Color", "RGB"];
const GREYS: [&str; 3] = ["Gray", "Grayscale", "Grey"];
/// No list is longer.
const OPTIONS_MAX: usize = 400;

/// What an option can be set to.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    /// From least to most.
    Range(f64, f64),
    /// One of these numbers.
    Numbers(Vec<f64>),
    /// One of these words.
    Words(Vec<String>),
    /// Yes or no, a text, anything else.
    Other,
}

/// Options by name, as they are given: `mode`, `resolution`, `x`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Options(Vec<(String, Choice)>);

/// Arguments of a scan, and the resolution they ask for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wished {
    pub(super) arguments: Vec<String>,
    pub(super) ppi: Option<f64>,
}

impl Options {
    /// Reads the list; lines that are not understood are passed over, and so are options that cannot be set now.
    pub(super) fn parse(list: &str) -> Self {
        let options = list.lines().filter_map(option).take(OPTIONS_MAX);
        Self(options.collect())
    }

    /// Without a single option nothing was listed.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, name: &str) -> Option<&Choice> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, c)| c)
    }

    /// The arguments for one page. Source and mode come first: what else can be set may depend on them.
    pub(super) fn wished(&self, profile: Option<&Docscan>) -> Wished {
        let mut arguments = Vec::new();
        let mut set = |name: &str, value: &str| arguments.push(format!("--{name}={value}"));
        if let Some(source) = profile.and_then(|p| p.source.as_deref())
            && self.get("source").is_some()
        {
            set("source", source);
        }
        let own_mode = profile.and_then(|p| p.mode.as_deref());
        if let Some(mode) = own_mode.or_else(|| self.usual_mode())
            && self.get("mode").is_some()
        {
            set("mode", mode);
        }
        if self
            .get("depth")
            .is_some_and(|depth| nearest(depth, 8.0) == Some(8.0))
        {
            set("depth", "8");
        }
        let wish = profile.and_then(|p| p.ppi).map_or(USUAL_PPI, f64::from);
        let ppi = self.get("resolution").and_then(|r| nearest(r, wish));
        if let Some(ppi) = ppi {
            set("resolution", &number(ppi));
        }
        let [width, height] = profile.and_then(|p| p.page_mm).unwrap_or(USUAL_MM);
        // Feeders centre a sheet by its width, and cut what is longer than they were told.
        for (name, wish) in [("page-width", width), ("page-height", height)] {
            if let Some(mm) = self.length(name, wish) {
                set(name, &number(mm));
            }
        }
        for (name, wish) in [("l", 0.0), ("t", 0.0), ("x", width), ("y", height)] {
            if let Some(mm) = self.length(name, wish) {
                arguments.push(format!("-{name}"));
                arguments.push(number(mm));
            }
        }
        Wished { arguments, ppi }
    }

    fn usual_mode(&self) -> Option<&'static str> {
        let Some(Choice::Words(modes)) = self.get("mode") else {
            return None;
        };
        COLOURS
            .into_iter()
            .chain(GREYS)
            .find(|usual| modes.iter().any(|mode| mode == usual))
    }

    fn length(&self, name: &str, wish: f64) -> Option<f64> {
        match self.get(name)? {
            Choice::Range(least, most) if least <= most => Some(wish.clamp(*least, *most)),
            _ => None,
        }
    }
}

/// The offered number that is nearest to the wish, from above where there is one.
fn nearest(choice: &Choice, wish: f64) -> Option<f64> {
    match choice {
        Choice::Range(least, most) if least <= most => Some(wish.clamp(*least, *most)),
        Choice::Numbers(numbers) => {
            let above = numbers.iter().copied().filter(|n| *n >= wish);
            let most = numbers.iter().copied().fold(f64::NAN, f64::max);
            Some(above.fold(f64::INFINITY, f64::min))
                .filter(|n| n.is_finite())
                .or_else(|| Some(most).filter(|n| n.is_finite()))
        }
        _ => None,
    }
}

fn number(value: f64) -> String {
    // Lengths come with up to three places; more are those of binary fractions.
    format!("{}", (value * 1_000.0).floor() / 1_000.0)
}

/// `    --resolution 50..600dpi (in steps of 1) [300]`, `    -x 0..215.9mm [215.9]`, `    --mode Lineart|Gray|Color [Gray]`.
fn option(line: &str) -> Option<(String, Choice)> {
    let rest = line.strip_prefix("    ")?;
    let rest = rest.strip_prefix("--").or_else(|| rest.strip_prefix('-'))?;
    let end = rest.find([' ', '[', '=']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end)?;
    if name.is_empty() || rest.contains("[inactive]") || rest.contains("[read-only]") {
        return None;
    }
    // The value it has now stands last, in brackets.
    let offer = rest
        .rfind(" [")
        .and_then(|at| rest.get(..at))
        .unwrap_or(rest);
    let offer = offer.split(" (in steps").next().unwrap_or(offer).trim();
    Some((name.to_owned(), choice(offer)))
}

fn choice(offer: &str) -> Choice {
    if let Some((least, most)) = offer.split_once("..") {
        let unit = most.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.e".contains(c));
        let most = most.strip_suffix(unit).unwrap_or(most);
        return match (least.parse(), most.parse(), unit) {
            // Pixels, percent and the like are no lengths and no resolutions.
            (Ok(least), Ok(most), "mm" | "dpi" | "") => Choice::Range(least, most),
            _ => Choice::Other,
        };
    }
    if offer.is_empty() || offer.starts_with('<') || offer.starts_with("[=") {
        return Choice::Other;
    }
    let parts: Vec<&str> = offer.split('|').collect();
    let numbers: Option<Vec<f64>> = parts
        .iter()
        .map(|part| {
            let bare = part
                .strip_suffix("dpi")
                .or_else(|| part.strip_suffix("bit"));
            bare.unwrap_or(part).parse().ok()
        })
        .collect();
    numbers.map_or_else(
        || Choice::Words(parts.iter().map(|part| (*part).to_owned()).collect()),
        Choice::Numbers,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "
All options specific to device `test':
  Scan Mode:
    --mode Gray|Color [Gray]
        Selects the scan mode (e.g., lineart, monochrome, or color).
    --depth 1|8|16 [8]
    --hand-scanner[=(yes|no)] [no]
    --three-pass-order RGB|RBG [inactive]
    --resolution 1..1200dpi (in steps of 1) [50]
    --source Flatbed|Automatic Document Feeder [Flatbed]
  Geometry:
    -l 0..200mm (in steps of 1) [0]
    -t 0..200mm (in steps of 1) [0]
    -x 0..200mm (in steps of 1) [80]
    -y 0..200mm (in steps of 1) [100]
";
    /// Written after the manual page sane-fujitsu(5).
    const FEEDER: &str = "
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
    --mode Lineart|Halftone|Gray|Color [Lineart]
    --resolution 50|75|200|400|600dpi [600]
    --page-width 0..221.121mm (in steps of 0.0211639) [215.872]
    --page-height 0..876.695mm (in steps of 0.0211639) [279.364]
    -l 0..215.872mm (in steps of 0.0211639) [0]
    -t 0..279.364mm (in steps of 0.0211639) [0]
    -x 0..215.872mm (in steps of 0.0211639) [215.872]
    -y 0..279.364mm (in steps of 0.0211639) [279.364]
    --brightness -127..127 (in steps of 1) [0]
";

    #[test]
    fn without_a_profile_a_page_is_a4_in_colour_at_300() {
        let wished = Options::parse(TEST).wished(None);
        assert_eq!(
            wished.arguments.join(" "),
            "--mode=Color --depth=8 --resolution=300 -l 0 -t 0 -x 200 -y 200"
        );
        assert_eq!(wished.ppi, Some(300.0));
    }

    #[test]
    fn a_profile_decides_and_a_scanner_is_never_asked_for_what_it_does_not_offer() {
        let profile = Docscan {
            ppi: Some(300),
            mode: Some("Gray".into()),
            source: Some("ADF Front".into()),
            page_mm: Some([148.0, 210.0]),
        };
        let wished = Options::parse(FEEDER).wished(Some(&profile));
        assert_eq!(
            wished.arguments.join(" "),
            "--source=ADF Front --mode=Gray --resolution=400 --page-width=148 --page-height=210 -l 0 -t 0 -x 148 -y 210"
        );
        assert_eq!(wished.ppi, Some(400.0));
        let wished = Options::parse("    --resolution 50|75|200dpi [75]\n").wished(Some(&profile));
        assert_eq!(wished.arguments, ["--resolution=200"]);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let list = "    --resolution <float> [300]\n    -x 0..2550pel [2550]\n    --mode\nnoise\n    --\n    -y 9..mm [3]\n";
        let wished = Options::parse(list).wished(None);
        assert_eq!(wished.arguments, Vec::<String>::new());
        assert_eq!(wished.ppi, None);
        assert!(Options::parse("Usage: scanimage\n\n").is_empty());
    }
}
