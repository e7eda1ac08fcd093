//! The DET curve as SVG: FMR across, FNMR up, both on logarithmic axes.
//!
//! In: named curves. Out: one SVG document that needs no other file.

use core::fmt::Write as _;

use super::DetPoint;

/// Axes begin at these rates and end at 1.
const FMR_MIN: f64 = 1e-5;
const FNMR_MIN: f64 = 1e-4;
const WIDTH: f64 = 840.0;
const HEIGHT: f64 = 640.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 580.0;
/// Colours that stay apart for eyes that do not see red and green (Okabe and Ito).
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666",
];

fn across(fmr: f64) -> f64 {
    let share = fmr.clamp(FMR_MIN, 1.0).log10() / FMR_MIN.log10();
    RIGHT - (RIGHT - LEFT) * share
}

fn up(fnmr: f64) -> f64 {
    let share = fnmr.clamp(FNMR_MIN, 1.0).log10() / FNMR_MIN.log10();
    TOP + (BOTTOM - TOP) * share
}

/// Draws the curves; a rate of 0 is drawn at the axis. The last curve is black: give the pooled one last.
pub fn det_plot(title: &str, curves: &[(String, Vec<DetPoint>)]) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut svg, title, curves);
    svg
}

fn draw(svg: &mut String, title: &str, curves: &[(String, Vec<DetPoint>)]) -> core::fmt::Result {
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<text x="{LEFT}" y="24" font-size="16">{}</text>"##,
        escaped(title)
    )?;
    for decade in 0..=5 {
        let rate = 10f64.powi(-decade);
        let x = across(rate);
        writeln!(
            svg,
            r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{BOTTOM}" stroke="#dddddd"/>
<text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
            BOTTOM + 18.0,
            percent(rate)
        )?;
        if rate >= FNMR_MIN * 0.999 {
            let y = up(rate);
            writeln!(
                svg,
                r##"<line x1="{LEFT}" y1="{y:.1}" x2="{RIGHT}" y2="{y:.1}" stroke="#dddddd"/>
<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
                LEFT - 8.0,
                y + 4.0,
                percent(rate)
            )?;
        }
    }
    // Where both rates are equal.
    writeln!(
        svg,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{RIGHT}" y2="{TOP}" stroke="#bbbbbb" stroke-dasharray="4 4"/>"##,
        across(FNMR_MIN),
        up(FNMR_MIN)
    )?;
    for (index, (name, points)) in curves.iter().enumerate() {
        let last = index + 1 == curves.len() && index > 0;
        let colour = if last {
            "#000000"
        } else {
            COLOURS[index % COLOURS.len()]
        };
        // A step curve: between two thresholds the rates stay as they were.
        let mut line = String::new();
        let mut before: Option<f64> = None;
        for p in points {
            let (x, y) = (across(p.fmr), up(p.fnmr));
            match before {
                None => write!(line, "M{x:.1} {y:.1}")?,
                Some(_) => write!(line, "H{x:.1}V{y:.1}")?,
            }
            before = Some(y);
        }
        let width = if last { 2.5 } else { 1.5 };
        let y = TOP + 14.0 + 20.0 * index as f64;
        writeln!(
            svg,
            r##"<path d="{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>
<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="{width}"/>
<text x="{:.1}" y="{y:.1}">{}</text>"##,
            RIGHT + 14.0,
            y - 4.0,
            RIGHT + 38.0,
            y - 4.0,
            RIGHT + 44.0,
            escaped(name)
        )?;
    }
    let y = TOP + 14.0 + 20.0 * curves.len() as f64;
    writeln!(
        svg,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#bbbbbb" stroke-dasharray="4 4"/>
<text x="{:.1}" y="{y:.1}">both rates equal</text>"##,
        RIGHT + 14.0,
        y - 4.0,
        RIGHT + 38.0,
        y - 4.0,
        RIGHT + 44.0
    )?;
    writeln!(
        svg,
        r##"<rect x="{LEFT}" y="{TOP}" width="{:.1}" height="{:.1}" fill="none" stroke="#000000"/>
<text x="{:.1}" y="{:.1}" text-anchor="middle">false-match rate</text>
<text transform="translate(18 {:.1}) rotate(-90)" text-anchor="middle">false non-match rate</text>
</svg>"##,
        RIGHT - LEFT,
        BOTTOM - TOP,
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 42.0,
        (TOP + BOTTOM) / 2.0
    )
}

fn percent(rate: f64) -> String {
    let value = format!("{:.3}", rate * 100.0);
    format!("{} %", value.trim_end_matches('0').trim_end_matches('.'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::Scores;
    use super::*;

    #[test]
    fn the_corners_are_where_the_axes_say() {
        assert_eq!(across(1.0), RIGHT);
        assert_eq!(across(0.0), LEFT);
        assert_eq!(up(1.0), TOP);
        assert_eq!(up(0.0), BOTTOM);
        assert!((across(0.01) - (RIGHT - (RIGHT - LEFT) * 0.4)).abs() < 1e-9);
    }

    #[test]
    fn every_curve_is_drawn_and_names_are_escaped() {
        let points = Scores {
            genuine: vec![5, 9],
            impostor: vec![1, 6],
        }
        .det()
        .unwrap();
        let svg = det_plot(
            "a & b",
            &[
                ("<set>".to_owned(), points.clone()),
                ("pooled".to_owned(), points),
            ],
        );
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;set&gt;"));
        assert!(svg.trim_end().ends_with("</svg>"));
        assert_eq!(percent(0.001), "0.1 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(1e-5), "0.001 %");
    }
}
