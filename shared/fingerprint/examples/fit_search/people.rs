//! People: ten-finger people made of a folder's ten fingers, searched among people made as templates; and how scores
//! of the latter compare with those of real fingers.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use qayd_fingerprint::search::{
    Assignment, Descriptor, Search, Stage, Surroundings, TemplatePerson,
};
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

/// People dealt from each set: in the probe and in the gallery other impressions of its ten fingers, in any order.
const DEALT: u64 = 2_000;
/// Others each is screened among; of them every finger is one of the set's that is not the probe's.
const OTHERS: usize = 20_000;

/// Deals ten-finger people from real fingers and counts where the screening loses the mate. All others are of the
/// mate's sensor, and stand against the mate in every stage, which is less flattering than a search is.
pub fn screening_losses(sets: &[Set], screenings: &[(&str, &[Stage])]) {
    let mut lost: Vec<Vec<u64>> = screenings.iter().map(|(_, s)| vec![0; s.len()]).collect();
    let mut in_all = 0;
    for (number, set) in sets.iter().enumerate() {
        let (fingers, tables) = tables(set);
        if fingers.len() != 10 {
            continue;
        }
        let mut of_set: Vec<u64> = vec![0; screenings.len()];
        let mut random = Random(1 + number as u64);
        for _ in 0..DEALT {
            in_all += 1;
            // Finger, probe's print, mate's print; best fingers first.
            let mut dealt: Vec<(usize, usize, usize)> = fingers
                .iter()
                .enumerate()
                .map(|(finger, prints)| {
                    let one = random.below(prints.len());
                    let other = (one + 1 + random.below(prints.len() - 1)) % prints.len();
                    (finger, prints[one], prints[other])
                })
                .collect();
            dealt
                .sort_by_key(|(finger, print, _)| (Reverse(worth(&set.prints[*print].1)), *finger));
            let others: Vec<[u16; 10]> = (0..OTHERS)
                .map(|_| {
                    core::array::from_fn(|position| {
                        let finger = (dealt[position].0 + 1 + random.below(9)) % 10;
                        fingers[finger][random.below(fingers[finger].len())] as u16
                    })
                })
                .collect();
            for (which, (_, stages)) in screenings.iter().enumerate() {
                let at = stages.iter().position(|stage| {
                    let table = &tables[usize::from(!stage.glance)];
                    let n = set.prints.len();
                    let used = &dealt[..stage.fingers];
                    let mate: f32 = used.iter().map(|(_, p, m)| table[p * n + m]).sum();
                    let before = |other: &&[u16; 10]| {
                        let fingers = used.iter().zip(other.iter());
                        let sum: f32 = fingers
                            .map(|((_, p, _), o)| table[p * n + usize::from(*o)])
                            .sum();
                        sum >= mate
                    };
                    others.iter().filter(before).count() >= stage.pass(OTHERS)
                });
                if let Some(at) = at {
                    lost[which][at] += 1;
                    of_set[which] += 1;
                }
            }
        }
        println!("  {}: lost of {DEALT} {of_set:?}", set.name);
    }
    for ((name, _), lost) in screenings.iter().zip(lost) {
        let all: u64 = lost.iter().sum();
        println!(
            "screening {name}: of {in_all} dealt people among {OTHERS} lost {all} ({:.3} %), by stage {lost:?}",
            100.0 * all as f64 / in_all.max(1) as f64
        );
    }
}

fn worth(template: &Template) -> u32 {
    let best = template.minutiae().iter().take(32);
    best.map(|m| u32::from(m.reliability)).sum()
}

/// Prints by finger, and what every two prints say at a glance and closely.
fn tables(set: &Set) -> (Vec<Vec<usize>>, [Vec<f32>; 2]) {
    let mut fingers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, (finger, _)) in set.prints.iter().enumerate() {
        fingers.entry(*finger).or_default().push(at);
    }
    let derive = |(_, t): &(u32, Template)| Surroundings::derive(t);
    let described: Vec<Surroundings> = set.prints.iter().map(derive).collect();
    let table = |say: &dyn Fn(&Surroundings, &Surroundings) -> f32| -> Vec<f32> {
        let pairs = described
            .iter()
            .flat_map(|a| described.iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| say(a, b)).collect()
    };
    let glance = table(&|a, b| a.glance(b).log_ratio());
    let closely = table(&|a, b| a.likelihood(b).log_ratio());
    (fingers.into_values().collect(), [glance, closely])
}

/// SplitMix64: the same draw everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
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
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 870 420\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"870\" height=\"420\" fill=\"white\"/>\n",
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
            "<text x=\"{}\" y=\"374\" text-anchor=\"middle\">score</text>",
            left + 180.0
        );
    }
    for (row, (kind, dash)) in [("real fingers", ""), ("made as templates", "6 4")]
        .into_iter()
        .enumerate()
    {
        for (column, (what, colour)) in [
            ("pairs of one finger that miss the score", GENUINE),
            ("pairs of two fingers that reach it", IMPOSTOR),
        ]
        .into_iter()
        .enumerate()
        {
            let (x, y) = (60.0 + 420.0 * column as f64, 394.0 + 18.0 * row as f64);
            let _ = writeln!(
                svg,
                "<path d=\"M{x} {:.1}h30\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\"/>\
                 <text x=\"{}\" y=\"{y}\">{kind}: {what}</text>",
                y - 4.0,
                x + 38.0
            );
        }
    }
    svg += "</svg>\n";
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

/// Colours that stay apart for eyes that do not see red and green.
const GENUINE: &str = "#0072b2";
const IMPOSTOR: &str = "#c25100";

/// Of genuine pairs the share that misses each score, of impostors the share that reaches it.
fn curve(svg: &mut String, left: f64, scores: &[u16], genuine: bool, dash: &str) {
    let colour = if genuine { GENUINE } else { IMPOSTOR };
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
