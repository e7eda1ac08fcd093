//! Offers: a name that stands in one script, written in another. Nobody is held to one.
//!
//! In: what stands in the boxes of a name. Out: what could stand in an empty one of them.

use qayd_model::{Script, transliteration};

use super::Typed;

/// What could stand at `place` (`given.lat`); empty where something does, or nothing is worth offering.
pub fn offer_for(typed: &Typed, place: &str) -> String {
    let text = |place: &str| typed.get(place).map(String::as_str).unwrap_or_default();
    let Some((part, script)) = place.rsplit_once('.') else {
        return String::new();
    };
    let Some(to) = Script::from_name(script) else {
        return String::new();
    };
    if !text(place).is_empty() {
        return String::new();
    }
    let offers = Script::ALL.into_iter().filter_map(|from| {
        let written = text(&format!("{part}.{}", from.name())).trim();
        transliteration::offer(written, from, to)
    });
    // The scripts are asked in their order: Arabic is the register's.
    let first = offers.map(|offer| offer.expose().to_owned()).next();
    first.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(boxes: &[(&str, &str)]) -> Typed {
        let owned = boxes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    #[test]
    fn an_empty_box_is_offered_what_the_others_say_and_a_full_one_nothing() {
        let name = typed(&[("given.ar", "زهراء"), ("given.ckb", "")]);
        assert_eq!(offer_for(&name, "given.ckb"), "زەهرا");
        assert_eq!(offer_for(&name, "given.lat"), "Zahra");
        assert_eq!(offer_for(&name, "given.ar"), "");
        assert_eq!(offer_for(&name, "father.lat"), "");
        let other = typed(&[("given.ar", "زهراء"), ("given.lat", "Zohra")]);
        assert_eq!(offer_for(&other, "given.lat"), "");
        assert_eq!(offer_for(&other, "given.year"), "");
    }
}
