//! Distribution plot: at each score, how often different fingers reach it and how often one finger does not.
//!
//! In: scores of several populations. Out: an SVG with logarithmic rates. Never: smooths; every step is a pair.

use std::fmt::Write as _;

use qayd_fingerprint::evaluation::Scores;

/// Scores of one population, 100 × −log₁₀ of a false-match rate each.
pub struct Population {
    /// As the legend names it.
    pub name: &'static str,
    /// SVG colour.
    pub colour: &'static str,
    /// Of all pairs.
    pub scores: Scores,
}

const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 360.0;
/// Where the scale of one finger ends.
const SCORE_MAX: f64 = 600.0;
/// Decades shown below 1.
const DECADES: f64 = 5.0;

fn x(score: f64) -> f64 {
    LEFT + WIDTH * score / SCORE_MAX
}

fn y(rate: f64) -> f64 {
    TOP + HEIGHT * (-rate.max(1e-9).log10()).clamp(0.0, DECADES) / DECADES
}

/// The picture; false-match rates are solid lines, false non-match rates dashed, the scale's own promise is grey.
pub fn plot(populations: &[Population]) -> String {
    let (width, height) = (LEFT + WIDTH + 24.0, TOP + HEIGHT + 104.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">How often a score is reached by different fingers (solid) and \
         missed by one finger (dashed)</text>\n"
    );
    for decade in 0..=DECADES as i32 {
        let rate = 10f64.powi(-decade);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {0:.1}h{WIDTH}\" stroke=\"#ddd\"/><text x=\"{1}\" y=\"{2:.1}\" \
             text-anchor=\"end\">{3} %</text>",
            y(rate),
            LEFT - 6.0,
            y(rate) + 4.0,
            100.0 * rate
        );
    }
    for score in (0..=SCORE_MAX as i32).step_by(100) {
        let _ = writeln!(
            out,
            "<path d=\"M{0:.1} {TOP}v{HEIGHT}\" stroke=\"#eee\"/><text x=\"{0:.1}\" y=\"{1}\" \
             text-anchor=\"middle\">{score}</text>",
            x(f64::from(score)),
            TOP + HEIGHT + 18.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">score</text>",
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 36.0
    );
    let _ = writeln!(
        out,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#999\" stroke-width=\"6\" stroke-opacity=\"0.35\"/>",
        x(0.0),
        y(1.0),
        x(100.0 * DECADES),
        y(10f64.powf(-DECADES))
    );
    for (index, population) in populations.iter().enumerate() {
        let (colour, name) = (population.colour, population.name);
        curve(&mut out, &population.scores.impostor, colour, "", |share| {
            1.0 - share
        });
        curve(
            &mut out,
            &population.scores.genuine,
            colour,
            " stroke-dasharray=\"5 4\"",
            |share| share,
        );
        let (lx, ly) = (LEFT + 205.0 * index as f64, TOP + HEIGHT + 64.0);
        let _ = writeln!(
            out,
            "<path d=\"M{lx} {0}h26\" stroke=\"{colour}\" stroke-width=\"2.5\"/><text x=\"{1}\" y=\"{2}\">{name}</text>",
            ly - 4.0,
            lx + 32.0,
            ly
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M{LEFT} {0}h26\" stroke=\"#999\" stroke-width=\"6\" stroke-opacity=\"0.35\"/><text x=\"{1}\" \
         y=\"{2}\">what the scale says: score = 100 × −log₁₀ of the false-match rate</text>\n</svg>",
        TOP + HEIGHT + 84.0,
        LEFT + 32.0,
        TOP + HEIGHT + 88.0
    );
    out
}

/// One curve: `rate` of the share of scores below each score.
fn curve(out: &mut String, scores: &[u16], colour: &str, dash: &str, rate: impl Fn(f64) -> f64) {
    if scores.is_empty() {
        return;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_unstable();
    let mut path = String::new();
    for score in (0..=SCORE_MAX as u16).step_by(2) {
        let below = sorted.partition_point(|s| *s < score) as f64 / sorted.len() as f64;
        let value = rate(below);
        if value <= 0.0 {
            continue;
        }
        let letter = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{:.1} {:.1}", x(f64::from(score)), y(value));
    }
    let _ = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>"
    );
}
