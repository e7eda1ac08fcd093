//! The search key of a name: what the spellings of one name have in common.
//!
//! In: a name as typed. Out: a key for search and for comparing, in plain Arabic and lower-case Latin letters.
//! Never: overwrites the source, and is never shown: two different names may share a key.
//!
//!   marks, tatweel, joiners off ─► letters to one of each family ─► عبد, آل, أبو, بن joined to what follows

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    NamePart, PersonName, PersonalText, Script,
    pack::NamePartName,
    text::{TATWEEL, ascii_digits},
};

/// Words that belong to the next one, however they are spaced; on the right, how the join is spelt.
const PREFIXES: [(&str, &str); 20] = [
    ("عبد", "عبد"),
    ("عهبدول", "عهبدول"), // Sorani عەبدول
    ("ال", "ال"),
    ("ابو", "ابو"),
    ("ابا", "ابو"),
    ("ابي", "ابو"),
    ("ام", "ام"),
    ("بن", "بن"),
    ("ابن", "بن"),
    ("بنت", "بنت"),
    ("abd", "abd"),
    ("abdul", "abdul"),
    ("abdel", "abdul"),
    ("al", "al"),
    ("el", "al"),
    ("abu", "abu"),
    ("umm", "umm"),
    ("bin", "bin"),
    ("ibn", "bin"),
    ("bint", "bint"),
];

/// Words that belong to the one before: سيف الدين, نصر الله.
const SUFFIXES: [&str; 2] = ["الله", "الدين"];

/// The key of any text. Folding a key again changes nothing.
pub fn fold(text: &str) -> PersonalText {
    let letters = fold_letters(text);
    PersonalText::new(join_words(&letters))
}

impl NamePart {
    /// The different keys of the part, Arabic first, then Sorani, then Latin.
    pub fn keys(&self) -> Vec<PersonalText> {
        let mut keys = Vec::new();
        for text in Script::ALL
            .into_iter()
            .filter_map(|script| self.written(script))
        {
            let key = fold(text.expose());
            if !key.expose().is_empty() && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Whether both have a key in common.
    pub fn may_equal(&self, other: &Self) -> bool {
        let keys = other.keys();
        self.keys().iter().any(|key| keys.contains(key))
    }
}

impl PersonName {
    /// Keys of the whole name, one per script in which anything is written: the keys of its parts with blanks
    /// between, given name first. A search for any part is a search inside these.
    pub fn search_keys(&self) -> Vec<PersonalText> {
        let mut keys = Vec::new();
        for script in Script::ALL {
            let parts = NamePartName::ALL
                .iter()
                .filter_map(|which| self.part(*which)?.written(script));
            let folded: Vec<String> = parts
                .map(|text| fold(text.expose()).expose().to_owned())
                .collect();
            let key = PersonalText::new(folded.join(" "));
            if !key.expose().is_empty() && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// One letter for each family of letters; blanks between words; nothing else.
fn fold_letters(text: &str) -> String {
    // Compatibility forms fall apart first, so that the lower case of what they hold is taken too.
    let plain: String = ascii_digits(text)
        .nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .collect();
    let mut out = String::with_capacity(plain.len());
    for c in ascii_digits(&plain).chars() {
        match c {
            _ if is_combining_mark(c) => {}
            TATWEEL | '\u{200C}' | '\u{200D}' | '\'' | '\u{2019}' | 'ء' => {}
            'ٱ' => out.push('ا'),
            'ى' | 'ی' | 'ێ' | 'ې' | 'ے' | 'ۍ' => out.push('ي'),
            'ة' | 'ە' | 'ھ' | 'ہ' | 'ۃ' => out.push('ه'),
            'ۆ' | 'ۇ' | 'ۈ' | 'ۋ' => out.push('و'),
            'ک' | 'گ' | 'ڪ' => out.push('ك'),
            'چ' => out.push('ج'),
            'پ' => out.push('ب'),
            'ڤ' => out.push('ف'),
            'ژ' => out.push('ز'),
            'ڕ' => out.push('ر'),
            'ڵ' => out.push('ل'),
            _ if c.is_alphanumeric() => out.push(c),
            _ => out.push(' '),
        }
    }
    out
}

fn join_words(letters: &str) -> String {
    let mut joined: Vec<String> = Vec::new();
    let mut pending = String::new();
    let mut words = letters.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match PREFIXES.iter().find(|(prefix, _)| *prefix == word) {
            Some((_, spelt)) if words.peek().is_some() => pending.push_str(spelt),
            _ => joined.push(std::mem::take(&mut pending) + word),
        }
    }
    let mut out = String::new();
    for word in joined {
        if !out.is_empty() && !SUFFIXES.contains(&word.as_str()) {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_share_a_key() {
        for (a, b) in [
            ("أحمد", "احمد"),
            ("إبراهيم", "ابراهيم"),
            ("آمنة", "امنه"),
            ("ٱلحسين", "الحسين"),
            ("مُحَمَّد", "محمد"),
            ("محـــمد", "محمد"),
            ("فاطمة", "فاطمه"),
            ("زهراء", "زهرا"),
            ("علاء", "علا"),
            ("مصطفى", "مصطفي"),
            ("هدى", "هدی"),
            ("علی", "علي"),
            ("مؤيد", "مويد"),
            ("رائد", "رايد"),
            ("کریم", "كريم"),
            ("عبد الله", "عبدالله"),
            ("عبد  الرحمن", "عبدالرحمن"),
            ("عبد الرَّحمٰن", "عبدالرحمن"),
            ("آل ياسر", "آلياسر"),
            ("ال ياسر", "آلياسر"),
            ("أبو بكر", "ابوبكر"),
            ("أبي بكر", "أبو بكر"),
            ("أبا بكر", "ابو بكر"),
            ("أم كلثوم", "ام‌كلثوم"),
            ("ابن سينا", "بن سينا"),
            ("ابن  سينا", "بنسينا"),
            ("سيف الدين", "سيفالدين"),
            ("صلاح الدين", "صلاحالدين"),
            ("نصر الله", "نصرالله"),
            ("ئازاد", "ئازاد"),
            ("ڕێژەن", "ريزهن"),
            ("ژیان", "زيان"),
            ("گوڵ", "كول"),
            ("پشتیوان", "بشتيوان"),
            ("چیا", "جيا"),
            ("ھێڤی", "هيفي"),
            ("هێڤی", "ھێڤی"),
            ("شێرکۆ", "شيركو"),
            ("سۆران", "سوران"),
            ("دڵشاد", "دلشاد"),
            ("نه‌سرین", "نەسرین"),
            ("عەبدول کەریم", "عەبدولکەریم"),
            ("ﻋﻠﻲ", "علي"),
            ("ﻻمعة", "لامعه"),
            ("Al-Rashid", "al rashid"),
            ("Al Rashid", "Alrashid"),
            ("EL-Amin", "al amin"),
            ("O'Brien", "obrien"),
            ("ZAHRA", "zahra"),
            ("Abd al-Rahman", "abdalrahman"),
            ("Abdul Karim", "ABDEL-KARIM"),
            ("Ibn Sina", "bin sina"),
            ("Zoë", "zoe"),
        ] {
            let (a_key, b_key) = (fold(a), fold(b));
            assert_eq!(a_key.expose(), b_key.expose(), "{a} {b}");
            assert!(!a_key.expose().is_empty());
        }
    }

    #[test]
    fn different_names_keep_different_keys() {
        for (a, b) in [
            ("علي", "علا"),
            ("حسن", "حسين"),
            ("عبد الله", "عبد الرحمن"),
            ("نور", "نورا"),
            ("سارا", "سهرا"),
            ("ڕوون", "ڕون"),
            ("سعد", "سعيد"),
            ("Ali", "Alia"),
            ("محمد علي", "محمدعلي"),
        ] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn digits_of_every_family_are_found() {
        assert_eq!(fold("٠٧٧ ۰۷۷ 077").expose(), "077 077 077");
    }

    #[test]
    fn a_prefix_without_a_name_stays_a_word() {
        assert_eq!(fold("محمد عبد").expose(), "محمد عبد");
        assert_eq!(fold("عبد").expose(), "عبد");
        assert_eq!(fold("الله").expose(), "الله");
    }

    #[test]
    fn a_name_has_a_key_per_script_and_each_once() {
        let part = |ar: &str, ckb: &str, lat: &str| {
            let text = |t: &str| (!t.is_empty()).then(|| PersonalText::from(t));
            Some(NamePart {
                ar: text(ar),
                ckb: text(ckb),
                lat: text(lat),
            })
        };
        let name = PersonName {
            given: part("شيركو", "شێرکۆ", "Sherko"),
            father: part("كريم", "کریم", ""),
            ..PersonName::default()
        };
        let keys: Vec<_> = name
            .search_keys()
            .iter()
            .map(|key| key.expose().to_owned())
            .collect();
        assert_eq!(keys, ["شيركو كريم", "sherko"]);
        let (a, b) = (part("شيركو", "", ""), part("", "شێرکۆ", ""));
        assert!(a.as_ref().unwrap().may_equal(b.as_ref().unwrap()));
        assert!(!a.unwrap().may_equal(&part("كريم", "", "").unwrap()));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in ".{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(once.expose()), once);
        }

        #[test]
        fn folding_arabic_twice_is_folding_once(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "عبد", "آل", "ال", "أبو", "أبا", "ابن", "بن", "أم", "الله", "الدين", "له", "دين", "نصر", "ە", "ئ",
                    "abd", "al", "El", "ibn", "x", "ء", "ـ",
                ]),
                0..8,
            ),
            blank in "[ \u{200C}]{0,2}",
        ) {
            let once = fold(&words.join(&blank));
            prop_assert_eq!(fold(once.expose()), once);
        }

        #[test]
        fn a_key_holds_letters_digits_and_single_blanks(text in "[\u{0600}-\u{06FF} a-zA-Z'-]{0,30}") {
            let key = fold(&text);
            let key = key.expose();
            prop_assert!(key.chars().all(|c| c == ' ' || c.is_alphanumeric()));
            prop_assert!(!key.starts_with(' ') && !key.ends_with(' ') && !key.contains("  "));
        }
    }
}
