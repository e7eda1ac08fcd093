use super::*;

#[test]
fn the_slip_is_whole_in_the_language_of_the_person() {
    let at = TestStation::new();
    let consent = |language: &str| {
        format!(
            r#"{{ text_version = 1, language = "{language}", read_aloud = true, purposes = {{ issuance = true }} }}"#
        )
    };
    let slip = |preferred: Option<&str>, told: &str| {
        let mut draft = at.complete_draft();
        let told = FieldInput::from_text(&consent(told));
        draft.set("consent", &told, Source::Statement).unwrap();
        if let Some(code) = preferred {
            draft
                .set("preferred_language", &code.into(), Source::Statement)
                .unwrap();
        }
        let finalised = draft.finalise().unwrap();
        at.station.seal(&at.session, finalised, None).unwrap().slip
    };
    let arabic = ("ar", "وصل", "الاسم", "زهراء عبد الكريم", "احتفظ به");
    let sorani = ("ckb", "پسوولە", "ناو", "زەهرا عەبدولکەریم", "بیپارێزە");
    let english = ("en", "Receipt", "Name", "Zahra Abd al-Karim", "Keep it");
    for (preferred, told, expected) in [
        (Some("ar"), "ckb", arabic),
        (Some("ckb"), "ar", sorani),
        (Some("en"), "ar", english),
        // Nothing preferred, or a language without words: the one in which they were told.
        (None, "ckb", sorani),
        (None, "en", english),
        (Some("kmr"), "ckb", sorani),
        (Some("kmr"), "kmr", arabic),
    ] {
        let slip = slip(preferred, told);
        let line = &slip.lines[0];
        let found = (
            slip.language.as_str(),
            slip.title.as_str(),
            line.label.as_str(),
            line.text.expose(),
            slip.footer.as_deref().unwrap(),
        );
        assert_eq!(found, expected, "{preferred:?} {told}");
        assert!(slip.lines.iter().all(|line| !line.label.is_empty()));
        assert_eq!(slip.lines.len(), 3);
    }
}

#[test]
fn search_finds_names_in_any_script_and_spelling_and_the_slip_is_masked() {
    let at = TestStation::new();
    let sealed = at.sealed();
    for text in ["زهراء", "زهرا", "zahra", "ZAH", "عبدالكريم زهراء", "1", "١"]
    {
        let found = at.station.search(text, 10).unwrap();
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].enrolment, sealed.enrolment);
    }
    for text in ["", "مريم", "zahra maryam", "2"] {
        assert!(at.station.search(text, 10).unwrap().is_empty(), "{text}");
    }
    let number = sealed
        .slip
        .lines
        .iter()
        .find(|l| l.field == "national_number")
        .unwrap();
    assert_eq!(number.text.expose(), "•••••••••678");
    let state = at
        .station
        .store()
        .write(|tx| set_state(tx, sealed.packet, "delivered", crate::testing::NOON));
    assert!(state.unwrap());
    assert_eq!(at.station.enrolments(10).unwrap()[0].state, "delivered");
}

/// More records than are looked up one by one, so that both ways through the index are taken.
#[test]
fn search_gives_what_looking_at_every_name_would_give() {
    let at = TestStation::new();
    let words_of = |number: u64| {
        [
            format!("given{}", number % 7),
            format!("father{}", number % 2_999),
            ["even", "odd"][(number % 2) as usize].to_owned(),
        ]
    };
    let numbers = 1..=3_000_u64;
    let slip = |number| {
        qayd_crypto::cbor::encode(&Slip {
            number,
            ..Slip::default()
        })
    };
    let written = at.station.store().write(|tx| {
        for number in numbers.clone() {
            let id: [u8; 16] = u128::from(number).to_be_bytes();
            tx.execute(
                "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
                 VALUES (?1, ?2, 'test-service', 1, ?1, 'accepted', ?3, 0, 0)",
                (id, number, slip(number)),
            )?;
            for word in words_of(number) {
                tx.execute(
                    "INSERT INTO enrolment_word (word, number) VALUES (?1, ?2)",
                    (word, number),
                )?;
            }
        }
        Ok::<_, crate::store::StoreError>(())
    });
    written.unwrap();
    for query in [
        "g",
        "giv fat",
        "even odd",
        "given1 father1 even",
        "given1 gi odd",
        "odd odd",
        "father2998",
        "father1 given",
        "e o",
        "given3 x",
        "f g e",
    ] {
        let fits = |number: &u64| {
            let words = words_of(*number);
            query
                .split(' ')
                .all(|asked| words.iter().any(|word| word.starts_with(asked)))
        };
        let expected: Vec<u64> = numbers.clone().rev().filter(fits).take(20).collect();
        let found: Vec<u64> = at
            .station
            .search(query, 20)
            .unwrap()
            .iter()
            .map(|record| record.number)
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}
