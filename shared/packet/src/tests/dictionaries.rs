use super::*;

fn compressed(dictionary: Dictionary, bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::Compressor::with_dictionary(19, dictionary.bytes())
        .unwrap()
        .compress(bytes)
        .unwrap()
}

#[test]
fn a_frame_that_would_inflate_past_the_limit_is_refused_with_every_dictionary() {
    for dictionary in Dictionary::ALL {
        let bomb = compressed(dictionary, &vec![0; 64 * 1024 * 1024]);
        assert!(matches!(
            open::inflate(dictionary, &bomb),
            Err(OpenPacketError::Inflates)
        ));
        // The dictionary itself, over and over: what it inflates best.
        let best: Vec<u8> = Dictionary::First
            .bytes()
            .iter()
            .copied()
            .cycle()
            .take(limits::DEMOGRAPHICS_BYTES_MAX)
            .collect();
        assert!(matches!(
            open::inflate(dictionary, &compressed(dictionary, &best[..])),
            Err(OpenPacketError::Inflates)
        ));
        let honest = compressed(dictionary, &vec![0; limits::INFLATE_FREE_BYTES]);
        assert!(open::inflate(dictionary, &honest).is_ok());
    }
}

#[test]
fn a_frame_of_another_dictionary_than_the_part_names_is_refused() {
    let text = b"what both of them could inflate".repeat(3);
    for (made, named) in [
        (Dictionary::None, Dictionary::First),
        (Dictionary::First, Dictionary::None),
    ] {
        let frame = compressed(made, &text);
        assert_eq!(open::inflate(made, &frame).unwrap(), text, "control");
        assert!(matches!(
            open::inflate(named, &frame),
            Err(OpenPacketError::Form)
        ));
    }
}

/// Packets lie on drives and in blobs for years: a dictionary that changed would open none of them.
#[test]
fn dictionaries_are_frozen_and_small() {
    let frozen = [
        (
            Dictionary::None,
            0,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            Dictionary::First,
            1,
            "6ddd22232f0fa1cf8b9e68b8ed812dc1a2c25c97c1daa272b132954b971d3973",
        ),
    ];
    assert_eq!(frozen.len(), Dictionary::ALL.len());
    for (dictionary, id, digest) in frozen {
        assert_eq!(dictionary.id(), id);
        assert_eq!(Dictionary::from_id(id), Ok(dictionary));
        assert_eq!(qayd_crypto::sha256(dictionary.bytes()).to_hex(), digest);
        assert!(dictionary.bytes().len() <= 16 * 1024);
        assert_eq!(dictionary.frame_id().is_some(), id != 0);
    }
    for id in 2..=255 {
        assert_eq!(Dictionary::from_id(id), Err(UnknownDictionary(id)));
    }
}

#[test]
fn both_dictionaries_open_and_one_that_is_not_here_is_named() {
    let content_of = |bytes: &[u8]| {
        let verified = verify_packet(bytes, &station_key().public()).unwrap();
        open_demographics(&[centre(Suite::X25519).review], &verified)
            .map(|opened| opened.verify(&operator_key().public(), None).unwrap())
    };
    let [none, first] =
        Dictionary::ALL.map(|dictionary| packet_with(dictionary, Suite::X25519, |_| {}).unwrap());
    assert_eq!(
        content_of(&none.bytes).unwrap(),
        content_of(&first.bytes).unwrap()
    );
    let default = packet(Suite::X25519, |_| {}).unwrap();
    assert_eq!(default.bytes, first.bytes, "the newest is used");
    assert!(matches!(
        content_of(&of_a_later_dictionary()),
        Err(OpenPacketError::Dictionary(UnknownDictionary(99)))
    ));
}
