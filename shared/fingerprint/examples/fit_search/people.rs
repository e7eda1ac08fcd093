//! People: ten-finger people made of a folder's ten fingers, searched among people made as templates; and how scores
//! of the latter compare with those of real fingers.

use std::fmt::Write;
use std::time::Instant;

use qayd_fingerprint::search::{Assignment, Descriptor, Search, Surroundings, TemplatePerson};
use qayd_fingerprint::{Gallery, Template, match_score};
use qayd_model::FingerPosition;

use super::Set;

type Fingers = Vec<(FingerPosition, Template)>;

/// Keys of real people; templates people have their seed.
const REAL: u64 = 1 << 40;
/// Probes of each real person.
const PROBES: usize = 40;

/// Searches real people in a gallery of themselves, of the same fingers dealt to other positions, and of `count`
/// template people; prints where each stage loses the mate.
pub fn cascade(sets: &[Set], count: u64) {
    let mut gallery = Gallery::new();
    for seed in 0..count {
        gallery.insert(seed, TemplatePerson::make(seed).ten(1));
    }
    let people: Vec<Vec<Vec<&Template>>> = sets.iter().filter_map(ten_fingers).collect();
    for (number, person) in people.iter().enumerate() {
        for dealt in 0..10 {
            let fingers = FingerPosition::ALL
                .iter()
                .enumerate()
                .map(|(i, p)| (*p, person[(i + dealt) % 10][0].clone()));
            gallery.insert(REAL + 10 * number as u64 + dealt as u64, fingers);
        }
    }
    println!(
        "gallery: {} people, {:.0} MB, {:.1} kB each",
        gallery.len(),
        gallery.memory_bytes() as f64 / 1e6,
        gallery.memory_bytes() as f64 / 1e3 / gallery.len().max(1) as f64
    );
    for fingers in [10, 4, 2, 1] {
        stage_losses(&people, &gallery, count, fingers);
    }
    mixed_up(&people, &gallery);
}

/// Ten fingers of at least three impressions each, or nothing.
fn ten_fingers(set: &Set) -> Option<Vec<Vec<&Template>>> {
    let mut fingers: Vec<(u32, Vec<&Template>)> = Vec::new();
    for (finger, template) in &set.prints {
        match fingers.iter_mut().find(|(f, _)| f == finger) {
            Some((_, prints)) => prints.push(template),
            None => fingers.push((*finger, vec![template])),
        }
    }
    let whole = fingers.len() == 10 && fingers.iter().all(|(_, prints)| prints.len() > 2);
    whole.then(|| fingers.into_iter().map(|(_, prints)| prints).collect())
}

/// One sitting: for each finger some impression other than the first.
fn sitting(person: &[Vec<&Template>], number: usize, fingers: usize) -> Fingers {
    let mut ten: Fingers = FingerPosition::ALL
        .iter()
        .enumerate()
        .map(|(i, position)| {
            let others = person[i].len() - 1;
            (
                *position,
                person[i][1 + (number * 3 + i * (1 + number / 7)) % others].clone(),
            )
        })
        .collect();
    // Fewer fingers: another choice of them each time.
    ten.rotate_left(number % 10);
    ten.truncate(fingers);
    ten
}

fn stage_losses(people: &[Vec<Vec<&Template>>], gallery: &Gallery, count: u64, fingers: usize) {
    let (mut probes, mut ranks, mut first, mut listed) = (0, Vec::new(), 0, 0);
    let (mut weakest, mut strongest_other) = (u16::MAX, 0);
    let mut times = Vec::new();
    let template_people: Vec<u64> = (0..count.min(2_000)).collect();
    for (number, person) in people.iter().enumerate() {
        let mate = REAL + 10 * number as u64;
        for probe in (0..PROBES).map(|n| sitting(person, n, fingers)) {
            probes += 1;
            ranks.push(screening_rank(&probe, person, &template_people));
            let started = Instant::now();
            let found = qayd_fingerprint::search(gallery, &probe, 10);
            times.push(started.elapsed().as_secs_f64() * 1e3);
            first += usize::from(found.first().is_some_and(|c| c.key == mate));
            let of_mate = found.iter().find(|c| c.key == mate);
            listed += usize::from(of_mate.is_some());
            weakest = weakest.min(of_mate.map_or(0, |c| c.score.value()));
            let other = found.iter().find(|c| c.key < REAL);
            strongest_other = strongest_other.max(other.map_or(0, |c| c.score.value()));
        }
    }
    times.sort_by(f64::total_cmp);
    let outside = |share: f64| {
        ranks
            .iter()
            .filter(|rank| **rank as f64 > share * template_people.len() as f64)
            .count()
    };
    println!(
        "{fingers} fingers, {probes} probes: mate first {first}, among ten {listed}; screening loses at 0.1/1/2 %: \
         {}/{}/{}; weakest mate {weakest}, strongest template person {strongest_other}; {:.0} ms median, {:.0} ms p99",
        outside(0.001),
        outside(0.01),
        outside(0.02),
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}

/// How many template people stand before the mate when only the first stage speaks.
fn screening_rank(probe: &Fingers, person: &[Vec<&Template>], others: &[u64]) -> usize {
    let mut order: Vec<&(FingerPosition, Template)> = probe.iter().collect();
    let worth = |t: &Template| -> u32 {
        let best = t.minutiae().iter().take(32);
        best.map(|m| u32::from(m.reliability)).sum()
    };
    order.sort_by_key(|(p, t)| (std::cmp::Reverse(worth(t)), *p));
    order.truncate(4);
    let derived: Vec<(FingerPosition, Surroundings)> = order
        .iter()
        .map(|(p, t)| (*p, Surroundings::derive(t)))
        .collect();
    let sum = |template: &dyn Fn(FingerPosition) -> Template| -> f32 {
        derived
            .iter()
            .map(|(p, d)| {
                d.likelihood(&Surroundings::derive(&template(*p)))
                    .log_ratio()
            })
            .sum()
    };
    let mate = sum(&|p| person[usize::from(p.code()) - 1][0].clone());
    others
        .iter()
        .step_by(10)
        .filter(|seed| sum(&|p| TemplatePerson::make(**seed).impression(p, 1)) >= mate)
        .count()
        * 10
}

/// Hands mixed up in each way, searched with and without asking for it.
fn mixed_up(people: &[Vec<Vec<&Template>>], gallery: &Gallery) {
    for assignment in [
        Assignment::OtherHand,
        Assignment::OtherHandByPlace,
        Assignment::WrongEnd,
    ] {
        let (mut probes, mut asked, mut unasked) = (0, 0, 0);
        for (number, person) in people.iter().enumerate() {
            for n in 0..PROBES / 4 {
                let mixed: Fingers = sitting(person, n, 10)
                    .into_iter()
                    .map(|(position, template)| (assignment.of(position), template))
                    .collect();
                let mate = |retry: bool| {
                    let search = Search {
                        limit: 10,
                        retry,
                        templates: None,
                    };
                    let found = search.run(gallery, &mixed);
                    found.first().is_some_and(|c| {
                        c.key == REAL + 10 * number as u64 && c.assignment == assignment
                    })
                };
                probes += 1;
                asked += usize::from(mate(true));
                unasked += usize::from(mate(false));
            }
        }
        println!("{assignment:?}: {probes} probes, found {asked}, without asking {unasked}");
    }
}

/// Share of pairs that score at least as much, for folders and for template people, by both matchers.
pub fn plot(sets: &[Set]) -> String {
    let mut real = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for set in sets {
        add_pairs(&set.prints, &mut real);
    }
    let mut made = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for group in 0..sets.len() as u64 {
        let prints: Vec<(u32, Template)> = (0..10u64)
            .flat_map(|finger| (0..8).map(move |i| (finger, i)))
            .map(|(finger, impression)| {
                let person = TemplatePerson::make(900_000 + 10 * group + finger);
                let position = FingerPosition::ALL[finger as usize];
                (finger as u32, person.impression(position, impression))
            })
            .collect();
        add_pairs(&prints, &mut made);
    }
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 400\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"860\" height=\"400\" fill=\"white\"/>\n",
    );
    for (panel, name) in ["exact matcher", "fast matcher"].into_iter().enumerate() {
        let left = 60.0 + 420.0 * panel as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"24\" text-anchor=\"middle\" font-size=\"14\">{name}</text>\n\
             <rect x=\"{left}\" y=\"40\" width=\"360\" height=\"300\" fill=\"none\" stroke=\"#444\"/>",
            left + 180.0
        );
        for tick in 0..=6 {
            let x = left + 60.0 * f64::from(tick);
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"356\" text-anchor=\"middle\">{}</text>",
                tick * 100
            );
        }
        for tick in 0..=4 {
            let y = 40.0 + 75.0 * f64::from(tick);
            let label = ["100 %", "10 %", "1 %", "0.1 %", "0.01 %"][tick as usize];
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\n\
                 <line x1=\"{left}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>",
                left - 6.0,
                y + 4.0,
                left + 360.0
            );
        }
        for (scores, dash) in [(&real[panel], ""), (&made[panel], "6 4")] {
            curve(&mut svg, left, &scores.0, true, dash);
            curve(&mut svg, left, &scores.1, false, dash);
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"384\" text-anchor=\"middle\">score. Green: pairs of one finger that miss it; red: pairs \
             of two that reach it</text>",
            left + 180.0
        );
    }
    svg += "<text x=\"430\" y=\"398\" text-anchor=\"middle\" font-size=\"10\">solid: real fingers; dashed: made as \
            templates</text>\n</svg>\n";
    svg
}

/// Genuine and impostor scores of the exact and of the fast matcher.
fn add_pairs(prints: &[(u32, Template)], out: &mut [(Vec<u16>, Vec<u16>); 2]) {
    let described: Vec<Surroundings> = prints
        .iter()
        .map(|(_, t)| Surroundings::derive(t))
        .collect();
    for (i, (finger, a)) in prints.iter().enumerate() {
        for (j, (other, b)) in prints.iter().enumerate().skip(i + 1) {
            let scores = [
                match_score(a, b),
                described[i].likelihood(&described[j]).score(),
            ];
            for (list, score) in out.iter_mut().zip(scores) {
                let list = if finger == other {
                    &mut list.0
                } else {
                    &mut list.1
                };
                list.push(score.value());
            }
        }
    }
}

/// Of genuine pairs the share that misses each score, of impostors the share that reaches it.
fn curve(svg: &mut String, left: f64, scores: &[u16], genuine: bool, dash: &str) {
    let colour = if genuine { "#1b6e3c" } else { "#a32a2a" };
    let mut points = String::new();
    for score in (0..=600u16).step_by(5) {
        let counted = |s: &&u16| (**s >= score) != genuine;
        let count = scores.iter().filter(counted).count();
        if count == 0 {
            continue;
        }
        let share = count as f64 / scores.len() as f64;
        let y = (40.0 - 75.0 * share.log10()).min(340.0);
        let _ = write!(points, "{:.1},{y:.1} ", left + 0.6 * f64::from(score));
    }
    let _ = writeln!(
        svg,
        "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\" points=\"{points}\"/>"
    );
}
