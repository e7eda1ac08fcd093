//! Transliteration between Arabic, Sorani and Latin letters: what is offered to whoever types a name in one of them.
//!
//! In: a name in one script. Out: an offer in another, or none where a guess would be worse than nothing; the letters of a
//! machine-readable zone. Owns: the two tables. Never: an answer: a person writes their own name as they write it.
//!
//! Names that are written everywhere stand in `names.csv`, in all three scripts; `letters.csv` has the rest, letter by
//! letter. Arabic writes no short vowels, so a name that is not in the table is read with the commonest pattern; from Latin
//! letters back, several letters are possible, so only names of the table are offered. The column `icao` follows ICAO Doc 9303
//! part 3, section 6; it has not been held against the printed edition yet.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{PersonalText, Script};

/// Longest name that is read.
const LETTERS_MAX: usize = 120;

struct Letter {
    icao: &'static str,
    sound: &'static str,
}

static LETTERS: LazyLock<HashMap<char, Letter>> = LazyLock::new(|| {
    rows(include_str!("letters.csv"))
        .filter_map(|[letter, icao, sound]| Some((letter.chars().next()?, Letter { icao, sound })))
        .collect()
});

/// A name as it is written in Arabic, Sorani and Latin letters.
struct Known {
    written: [&'static str; 3],
}

static NAMES: LazyLock<Vec<Known>> = LazyLock::new(|| {
    rows(include_str!("names.csv"))
        .map(|written| Known { written })
        .collect()
});

static BY_KEY: LazyLock<HashMap<(usize, String), usize>> = LazyLock::new(|| {
    let mut found = HashMap::new();
    for (row, name) in NAMES.iter().enumerate() {
        for (column, written) in name.written.iter().enumerate() {
            // The first of two names of one spelling is the commoner.
            found.entry((column, key(written))).or_insert(row);
        }
    }
    found
});

fn rows(table: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    table.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        Some([cells.next()?, cells.next()?, cells.next()?])
    })
}

const fn column(script: Script) -> usize {
    match script {
        Script::Ar => 0,
        Script::Ckb => 1,
        Script::Lat => 2,
    }
}

/// What spellings of one word in one script have in common: marks and carriers of hamza off, small letters.
fn key(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '\u{064b}'..='\u{0652}' | '\u{0670}' | 'ـ' | '\u{200c}'))
        .map(|c| match c {
            'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
            'ى' => 'ي',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The name in another script, to be offered; `None` where there is nothing worth offering.
pub fn offer(name: &str, from: Script, to: Script) -> Option<PersonalText> {
    if from == to || name.chars().count() > LETTERS_MAX {
        return None;
    }
    let words: Option<Vec<String>> = name
        .split_whitespace()
        .map(|word| offer_word(word, from, to))
        .collect();
    let text = words?.join(" ");
    (!text.is_empty()).then(|| PersonalText::new(text))
}

fn offer_word(word: &str, from: Script, to: Script) -> Option<String> {
    if let Some(row) = BY_KEY.get(&(column(from), key(word))) {
        return Some(NAMES[*row].written[column(to)].to_owned());
    }
    let sounds = match from {
        Script::Ar => arabic_sounds(word)?,
        Script::Ckb => sorani_sounds(word)?,
        // Latin letters do not say which of several letters was meant.
        Script::Lat => return None,
    };
    Some(match to {
        Script::Lat => latin(&sounds),
        Script::Ckb => sorani(&sounds),
        Script::Ar => arabic(&sounds),
    })
}

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sound {
    Consonant(char),
    Short(char),
    Long(char),
}

/// Reads an unvowelled word: `a` between consonants, `i` after a long `a` (Salim, Qasim, Tariq).
fn arabic_sounds(word: &str) -> Option<Vec<Sound>> {
    let bare: Vec<char> = word
        .chars()
        .filter(|c| !matches!(c, '\u{064b}'..='\u{0652}' | '\u{0670}' | 'ـ'))
        .collect();
    let (article, letters) = match bare.as_slice() {
        ['ا', 'ل', rest @ ..] if rest.len() > 1 => (true, rest),
        all => (false, all),
    };
    let mut out = Vec::new();
    if article {
        out.extend([Sound::Short('a'), Sound::Consonant('ل')]);
    }
    let vowel_of = |at: usize| -> Option<Sound> {
        let inside = at > 0 && !matches!(letters[at - 1], 'ا' | 'آ');
        match letters[at] {
            'ا' | 'آ' | 'ى' | 'ٱ' => Some(Sound::Long('a')),
            'أ' | 'ة' => Some(Sound::Short('a')),
            'إ' => Some(Sound::Short('i')),
            'ؤ' => Some(Sound::Short('u')),
            'و' if inside => Some(Sound::Long('u')),
            'ي' if inside => Some(Sound::Long('i')),
            _ => None,
        }
    };
    for at in 0..letters.len() {
        LETTERS.get(&letters[at])?;
        match vowel_of(at) {
            Some(vowel) => out.push(vowel),
            None if letters[at] == 'ء' => {}
            None => {
                let after_long = matches!(out.last(), Some(Sound::Long('a')));
                out.push(Sound::Consonant(letters[at]));
                let next_is_consonant =
                    at + 1 < letters.len() && vowel_of(at + 1).is_none() && letters[at + 1] != 'ء';
                if next_is_consonant {
                    out.push(Sound::Short(if after_long { 'i' } else { 'a' }));
                }
            }
        }
    }
    Some(out)
}

/// Sorani writes its vowels, but for the shortest.
fn sorani_sounds(word: &str) -> Option<Vec<Sound>> {
    let letters: Vec<char> = word.chars().filter(|c| *c != '\u{200c}').collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let vowel_before = matches!(out.last(), Some(Sound::Short(_) | Sound::Long(_)));
        let vowel_after = letters
            .get(at + 1)
            .is_some_and(|c| matches!(c, 'ا' | 'ە' | 'ێ' | 'ۆ' | 'ی' | 'و'));
        let sound = match letters[at] {
            // Carries a vowel at the beginning of a word.
            'ئ' if at + 1 < letters.len() => None,
            'ا' => Some(Sound::Long('a')),
            'ە' => Some(Sound::Short('a')),
            'ێ' => Some(Sound::Long('e')),
            'ۆ' => Some(Sound::Long('o')),
            'و' if letters.get(at + 1) == Some(&'و') => {
                at += 1;
                Some(Sound::Long('u'))
            }
            'و' if at > 0 && !vowel_before && !vowel_after => Some(Sound::Short('u')),
            'ی' | 'ي' if at > 0 && !vowel_before && !vowel_after => Some(Sound::Long('i')),
            'ی' | 'ي' => Some(Sound::Consonant('ي')),
            'ک' => Some(Sound::Consonant('ك')),
            'ھ' => Some(Sound::Consonant('ه')),
            other if sorani_consonant(other).is_some() => Some(Sound::Consonant(other)),
            _ => return None,
        };
        out.extend(sound);
        at += 1;
    }
    Some(out)
}

/// Latin letters of a Sorani or Arabic consonant.
fn sorani_consonant(letter: char) -> Option<&'static str> {
    match letter {
        'ڕ' => Some("r"),
        'ڵ' => Some("l"),
        other => LETTERS.get(&other).map(|l| l.sound),
    }
}

fn latin(sounds: &[Sound]) -> String {
    let mut out = String::new();
    for (n, sound) in sounds.iter().enumerate() {
        match sound {
            // The throat is not written where a vowel follows.
            Sound::Consonant('ع') => {
                if !matches!(sounds.get(n + 1), Some(Sound::Short(_) | Sound::Long(_))) {
                    out.push('a');
                }
            }
            Sound::Consonant(letter) => out.push_str(sorani_consonant(*letter).unwrap_or_default()),
            Sound::Short(vowel) | Sound::Long(vowel) => out.push(*vowel),
        }
    }
    let mut letters = out.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => out,
    }
}

fn sorani(sounds: &[Sound]) -> String {
    let mut out = String::new();
    for (n, sound) in sounds.iter().enumerate() {
        let carried = n == 0;
        match sound {
            Sound::Consonant(letter) => out.push(match letter {
                'ث' | 'ص' => 'س',
                'ذ' | 'ض' | 'ظ' => 'ز',
                'ط' => 'ت',
                'ك' => 'ک',
                'ي' | 'ئ' => 'ی',
                other => *other,
            }),
            Sound::Short(vowel) | Sound::Long(vowel) => {
                if carried {
                    out.push('ئ');
                }
                let long = matches!(sound, Sound::Long(_));
                out.push_str(match (vowel, long) {
                    ('a', true) => "ا",
                    ('a', false) => "ە",
                    ('u', true) => "وو",
                    ('u', false) => "و",
                    ('o', _) => "ۆ",
                    ('e', _) => "ێ",
                    _ => "ی",
                });
            }
        }
    }
    out
}

fn arabic(sounds: &[Sound]) -> String {
    let mut out = String::new();
    for (n, sound) in sounds.iter().enumerate() {
        let (first, last) = (n == 0, n + 1 == sounds.len());
        match sound {
            Sound::Consonant(letter) => out.push(match letter {
                'پ' => 'ب',
                'چ' | 'ژ' => 'ج',
                'ڤ' => 'ف',
                'گ' => 'ك',
                'ڕ' => 'ر',
                'ڵ' => 'ل',
                other => *other,
            }),
            Sound::Short('a') if first => out.push('أ'),
            Sound::Short('a') if last => out.push('ة'),
            Sound::Short('i') | Sound::Long('i' | 'e') if first => out.push_str("إي"),
            Sound::Short('u') | Sound::Long('u' | 'o') if first => out.push_str("أو"),
            Sound::Long('a') => out.push(if first { 'آ' } else { 'ا' }),
            Sound::Long('i' | 'e') => out.push('ي'),
            Sound::Long('u' | 'o') | Sound::Short('u') => out.push('و'),
            // Arabic does not write it.
            Sound::Short(_) | Sound::Long(_) => {}
        }
    }
    out
}

/// The letters that a machine-readable zone has for an Arabic or Sorani name (ICAO Doc 9303 part 3); `None` where a letter is in
/// no table. A doubled letter is written twice.
pub fn icao(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut before = "";
    for letter in name.chars() {
        match letter {
            ' ' => out.push('<'),
            // Shadda.
            '\u{0651}' => out.push_str(before),
            '\u{064b}'..='\u{0650}' | '\u{0652}' | '\u{0670}' | '\u{200c}' => {}
            letter => {
                before = LETTERS.get(&letter)?.icao;
                out.push_str(before);
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(name: &str, from: Script, to: Script) -> String {
        offer(name, from, to).map_or_else(String::new, |text| text.expose().to_owned())
    }

    #[test]
    fn names_that_everybody_has_are_written_as_everybody_writes_them() {
        use Script::{Ar as Arabic, Ckb as Sorani, Lat as Latin};
        assert_eq!(offered("زهراء", Arabic, Latin), "Zahra");
        assert_eq!(offered("زهراء", Arabic, Sorani), "زەهرا");
        assert_eq!(offered("ئەحمەد", Sorani, Arabic), "أحمد");
        assert_eq!(offered("احمد حسن", Arabic, Latin), "Ahmed Hasan");
        assert_eq!(offered("AHMED", Latin, Sorani), "ئەحمەد");
        assert_eq!(offered("محمّد", Arabic, Latin), "Mohammed");
    }

    #[test]
    fn a_name_of_no_table_is_read_by_its_pattern() {
        use Script::{Ar as Arabic, Ckb as Sorani, Lat as Latin};
        for (name, latin, sorani) in [
            ("حاتم", "Hatim", "حاتیم"),
            ("منير", "Manir", "مەنیر"),
            ("الجبوري", "Aljaburi", "ئەلجەبووری"),
        ] {
            assert_eq!(offered(name, Arabic, Latin), latin);
            assert_eq!(offered(name, Arabic, Sorani), sorani);
        }
        assert_eq!(offered("هێمن", Sorani, Latin), "Hemn");
        assert_eq!(offered("شێرکۆ", Sorani, Arabic), "شيركو");
    }

    #[test]
    fn nothing_is_offered_where_it_would_be_a_guess() {
        use Script::{Ar as Arabic, Lat as Latin};
        assert_eq!(offer("Shwan", Latin, Arabic), None);
        assert_eq!(offer("1990", Arabic, Latin), None);
        assert_eq!(offer("", Arabic, Latin), None);
        assert_eq!(offer("زهراء", Arabic, Arabic), None);
        assert_eq!(offer(&"ز".repeat(500_000), Arabic, Latin), None);
    }

    #[test]
    fn the_zone_of_a_passport_has_the_letters_of_doc_9303() {
        // Doc 9303 part 3 gives no example of these; each letter is the table's.
        assert_eq!(icao("محمد").as_deref(), Some("MXHMD"));
        assert_eq!(icao("عمّار").as_deref(), Some("EMMAR"));
        assert_eq!(icao("حسن كريم").as_deref(), Some("XHSN<KRYM"));
        assert_eq!(icao("Omar"), None);
    }

    #[test]
    fn every_row_of_the_tables_is_whole_and_stands_once() {
        assert_eq!(rows(include_str!("names.csv")).count(), NAMES.len());
        let lines = |table: &str| table.lines().count() - 1;
        assert_eq!(lines(include_str!("letters.csv")), LETTERS.len());
        assert_eq!(lines(include_str!("names.csv")), NAMES.len());
        for name in NAMES.iter() {
            for (text, script) in name.written.iter().zip(Script::ALL) {
                let own = text.chars().all(|c| match script {
                    Script::Lat => c.is_ascii_alphabetic(),
                    _ => ('\u{0621}'..='\u{06ff}').contains(&c),
                });
                assert!(own && !text.is_empty(), "{text}");
            }
        }
    }
}
