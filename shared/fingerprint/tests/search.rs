//! The search: what it finds, that it always finds the same, and that every processor does.

use proptest::prelude::*;
use qayd_fingerprint::search::{
    Assignment, Descriptor, DescriptorError, Search, Surroundings, TemplatePerson,
};
use qayd_fingerprint::{Gallery, Template, match_score, search};
use qayd_model::FingerPosition;

type Fingers = Vec<(FingerPosition, Template)>;

/// More than one block, more than the exact matcher decides on.
const PEOPLE: u64 = 400;

fn gallery(people: u64) -> Gallery {
    let mut gallery = Gallery::new();
    for key in 0..people {
        gallery.insert(key, TemplatePerson::make(key).ten(1));
    }
    gallery
}

fn renamed(fingers: Fingers, assignment: Assignment) -> Fingers {
    let rename = |(position, template)| (assignment.of(position), template);
    fingers.into_iter().map(rename).collect()
}

#[test]
fn everyone_is_found_first_and_nobody_is_found_for_a_stranger() {
    let gallery = gallery(PEOPLE);
    for key in (0..PEOPLE).step_by(40) {
        let found = search(&gallery, &TemplatePerson::make(key).ten(2), 5);
        assert_eq!(found[0].key, key);
        assert_eq!(found[0].fingers.len(), 10);
        assert_eq!(found[0].assignment, Assignment::AsNamed);
        assert!(found[0].score.value() > 800);
        assert!(found.iter().skip(1).all(|c| c.score.value() < 400));
    }
    for stranger in 0..10 {
        let probe = TemplatePerson::make(5_000_000 + stranger).ten(2);
        let found = search(&gallery, &probe, 5);
        assert!(found.iter().all(|c| c.score.value() < 400), "{found:?}");
    }
}

#[test]
fn missing_fingers_on_either_side_do_not_hide_a_person() {
    let mut gallery = gallery(PEOPLE);
    // Two fingers are all that was ever taken of this person.
    let two = TemplatePerson::make(9_000).ten(1).split_off(8);
    gallery.insert(9_000, two);
    let found = search(&gallery, &TemplatePerson::make(9_000).ten(2), 3);
    assert_eq!((found[0].key, found[0].fingers.len()), (9_000, 2));
    // And three are all that this one has left.
    let three: Fingers = TemplatePerson::make(77).ten(2).split_off(7);
    assert_eq!(search(&gallery, &three, 3)[0].key, 77);
    // No common finger, no candidate.
    let mut thumbs = Gallery::new();
    thumbs.insert(1, TemplatePerson::make(1).ten(1).into_iter().take(1));
    assert!(search(&thumbs, &three, 3).is_empty());
    assert!(search(&gallery, &[], 3).is_empty());
}

#[test]
fn hands_mixed_up_are_found_and_said_to_be_mixed_up() {
    let gallery = gallery(PEOPLE);
    for assignment in [
        Assignment::OtherHand,
        Assignment::OtherHandByPlace,
        Assignment::WrongEnd,
    ] {
        let probe = renamed(TemplatePerson::make(123).ten(2), assignment);
        let found = search(&gallery, &probe, 3);
        assert_eq!((found[0].key, found[0].assignment), (123, assignment));
        assert!(found[0].score.value() > 600);
        // The control: without asking there are at most the two thumbs, which the wrong end of a row leaves in place.
        let plain = Search {
            limit: 3,
            retry: false,
            templates: None,
        };
        let unasked = plain.run(&gallery, &probe);
        let allowed = if assignment == Assignment::WrongEnd {
            found[0].score.value() - 200
        } else {
            400
        };
        assert!(unasked.iter().all(|c| c.score.value() < allowed));
    }
}

#[test]
fn every_assignment_is_its_own_way_back() {
    for assignment in [
        Assignment::AsNamed,
        Assignment::OtherHand,
        Assignment::OtherHandByPlace,
        Assignment::WrongEnd,
    ] {
        for position in FingerPosition::ALL {
            assert_eq!(assignment.of(assignment.of(position)), position);
        }
    }
    let place = Assignment::OtherHandByPlace;
    assert_eq!(
        place.of(FingerPosition::RightIndex),
        FingerPosition::LeftLittle
    );
    assert_eq!(
        place.of(FingerPosition::RightThumb),
        FingerPosition::LeftThumb
    );
}

#[test]
fn one_thread_and_many_find_the_same() {
    let gallery = gallery(PEOPLE);
    let probes: Vec<Fingers> = (0..6)
        .map(|n| TemplatePerson::make(n * 150).ten(3))
        .collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let all = probes.iter().map(|p| search(&gallery, p, 20));
            all.collect::<Vec<_>>()
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(7));
}

#[test]
fn the_order_of_coming_and_going_does_not_matter() {
    let forth = gallery(300);
    let mut back = Gallery::new();
    for key in (0..350).rev() {
        back.insert(key, TemplatePerson::make(key).ten(1));
    }
    for key in 300..350 {
        back.remove(key);
    }
    let probe = TemplatePerson::make(42).ten(2);
    assert_eq!(search(&forth, &probe, 50), search(&back, &probe, 50));
}

#[test]
fn descriptors_alone_search_with_templates_from_elsewhere() {
    let mut light = Gallery::new();
    for key in 0..100 {
        for (position, template) in TemplatePerson::make(key).ten(1) {
            let bytes = Surroundings::derive(&template).to_bytes();
            light.insert_descriptor(key, position, Surroundings::from_bytes(&bytes).unwrap());
        }
    }
    let whole = gallery(100);
    assert!(light.memory_bytes() < whole.memory_bytes());
    let fetch = |key| TemplatePerson::make(key).ten(1);
    let with = Search {
        limit: 3,
        retry: true,
        templates: Some(&fetch),
    };
    let probe = TemplatePerson::make(31).ten(2);
    assert_eq!(with.run(&light, &probe), search(&whole, &probe, 3));
    // Without templates nothing can be decided, and nothing is.
    assert!(search(&light, &probe, 3).is_empty());
}

#[test]
fn one_person_is_compared_as_the_search_compares() {
    let gallery = gallery(3);
    let probe = TemplatePerson::make(2).ten(2);
    let found = search(&gallery, &probe, 3);
    assert_eq!(gallery.compare(2, &probe).as_ref(), found.first());
    assert!(gallery.compare(3, &probe).is_none());
}

#[test]
fn the_fast_score_is_on_the_scale_of_the_exact_one() {
    let position = FingerPosition::LeftIndex;
    let finger = |seed, impression| TemplatePerson::make(seed).impression(position, impression);
    let fast = |a: &Template, b: &Template| {
        Surroundings::derive(a)
            .likelihood(&Surroundings::derive(b))
            .score()
            .value()
    };
    let impostors: Vec<u16> = (0..4_000)
        .map(|n| fast(&finger(n, 1), &finger(n + 50_000, 1)))
        .collect();
    let above = |score: u16| impostors.iter().filter(|s| **s >= score).count();
    // One in 100 and one in 1,000 on real fingers; within a factor of four on these.
    assert!(above(200) <= 160, "{}", above(200));
    assert!(above(300) <= 16, "{}", above(300));
    let genuine = (0..400).filter(|n| fast(&finger(*n, 1), &finger(*n, 2)) >= 300);
    assert!(genuine.count() >= 340);
}

#[test]
fn template_people_repeat_and_differ() {
    let index = FingerPosition::RightIndex;
    let person = TemplatePerson::make(5);
    assert_eq!(person.impression(index, 1), person.impression(index, 1));
    assert_ne!(person.impression(index, 1), person.impression(index, 2));
    let other = person.impression(FingerPosition::LeftIndex, 1);
    assert!(match_score(&person.impression(index, 1), &other).value() < 300);
    let bytes = other.to_bytes();
    assert_eq!(Template::from_bytes(&bytes).unwrap(), other);
}

#[test]
fn bytes_of_another_version_are_refused_by_name() {
    let template = TemplatePerson::make(1).impression(FingerPosition::RightThumb, 1);
    let descriptor = Surroundings::derive(&template);
    let mut bytes = descriptor.to_bytes();
    assert_eq!(Surroundings::from_bytes(&bytes).unwrap(), descriptor);
    for cut in 0..bytes.len() {
        let error = Surroundings::from_bytes(&bytes[..cut]).unwrap_err();
        assert_eq!(error, DescriptorError::WrongLength);
    }
    bytes[3] = 9;
    assert_eq!(
        Surroundings::from_bytes(&bytes).unwrap_err(),
        DescriptorError::OtherVersion { id: 1, version: 9 }
    );
    bytes[3] = 2;
    bytes[4] = 33;
    assert_eq!(
        Surroundings::from_bytes(&bytes).unwrap_err(),
        DescriptorError::OutOfRange("minutiae")
    );
    assert!(format!("{descriptor:?}").ends_with("minutiae)"));
}

/// A descriptor of nobody: any bytes that are one.
fn any_descriptor() -> impl Strategy<Value = Surroundings> {
    let length =
        Surroundings::derive(&TemplatePerson::make(1).impression(FingerPosition::RightThumb, 1))
            .to_bytes()
            .len();
    (
        0u8..=32,
        1u32..4,
        proptest::collection::vec(any::<u8>(), length),
    )
        .prop_map(|(count, density, mut bytes)| {
            bytes[..4].copy_from_slice(&[0, 1, 0, 2]);
            bytes[4] = count;
            let mut directions: Vec<u8> = (0..usize::from(count))
                .map(|m| bytes[5 + 37 * m + 4])
                .collect();
            directions.sort_unstable();
            for m in 0..32 {
                let point = &mut bytes[5 + 37 * m..5 + 37 * (m + 1)];
                if m >= usize::from(count) {
                    point.fill(0);
                    continue;
                }
                // Positions of a finger, not of a field.
                (point[0], point[2]) = (0u8.wrapping_sub(point[0] & 1), point[2] & 1);
                point[4] = directions[m];
                if density > 1 {
                    // Dense codes are alike by chance: they reach the closer look.
                    point[5..]
                        .iter_mut()
                        .for_each(|b| *b |= b.rotate_left(density));
                }
            }
            let cover = 5 + 37 * 32;
            for row in bytes[cover..].chunks_exact_mut(4) {
                row[0] = 0;
            }
            Surroundings::from_bytes(&bytes).expect("bytes of the right form")
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_kernel_gives_the_same_bits(a in any_descriptor(), b in any_descriptor()) {
        let here = a.evidence_numbers(&b).map(f32::to_bits);
        prop_assert_eq!(here, a.evidence_numbers_portable(&b).map(f32::to_bits));
        prop_assert!(here.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    }

    #[test]
    fn odd_bytes_are_refused_or_compared_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
        if let Ok(descriptor) = Surroundings::from_bytes(&bytes) {
            let _ = descriptor.likelihood(&descriptor);
        }
    }
}

#[test]
fn kernels_agree_on_fingers_too_and_the_closer_look_is_reached() {
    let position = FingerPosition::RightMiddle;
    let mut closer = 0;
    for seed in 0..300 {
        let one = Surroundings::derive(&TemplatePerson::make(seed).impression(position, 1));
        for (other, impression) in [(seed, 2), (seed + 1, 1)] {
            let template = TemplatePerson::make(other).impression(position, impression);
            let two = Surroundings::derive(&template);
            let here = one.evidence_numbers(&two);
            assert_eq!(
                here.map(f32::to_bits),
                one.evidence_numbers_portable(&two).map(f32::to_bits)
            );
            closer += usize::from(here[6] > 0.0);
        }
    }
    assert!((200..600).contains(&closer), "{closer}");
}
