//! Sound: how a capture went, for whoever looks at the person and not at the screen.
//!
//! In: good or not. Out: two rising notes, or two low ones, through the computer's sound. Never: holds the sound card
//! between sounds; makes anybody wait; says anything that the screen does not.

use std::cell::RefCell;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use qayd_window::{AppWindow, Settings};
use rodio::Source;
use rodio::source::SineWave;
use slint::ComponentHandle;

/// Frequency in hertz and length in milliseconds; a good and a bad end are told apart by pitch, not by loudness.
const GOOD: [(f32, u64); 2] = [(880.0, 90), (1_318.5, 160)];
const BAD: [(f32, u64); 2] = [(220.0, 160), (174.6, 260)];
/// Loud enough beside a generator.
const LOUDNESS: f32 = 0.5;
/// A note begins and ends within this, or the loudspeaker clicks.
const RAMP: Duration = Duration::from_millis(8);
/// What the card still holds when the last note was handed over.
const TAIL: Duration = Duration::from_millis(120);

thread_local! {
    static PLAYER: RefCell<Option<Sender<bool>>> = const { RefCell::new(None) };
}

/// Plays, unless sounds are off.
pub(crate) fn play(window: &AppWindow, good: bool) {
    if !window.global::<Settings>().get_sounds() {
        return;
    }
    PLAYER.with_borrow_mut(|player| {
        let to = player.get_or_insert_with(|| {
            let (to, from) = channel();
            // A computer that gives no thread is silent.
            let _ = std::thread::Builder::new()
                .name("sound".to_owned())
                .spawn(move || play_all(&from));
            to
        });
        // Nobody listens any more: silent as well.
        let _ = to.send(good);
    });
}

fn play_all(asked: &Receiver<bool>) {
    while let Ok(mut good) = asked.recv() {
        // Of several that wait, the last is the news.
        while let Ok(later) = asked.try_recv() {
            good = later;
        }
        // Asked for a card that is not there, ALSA writes a page of complaints to standard error.
        let has_card = !cfg!(target_os = "linux") || Path::new("/dev/snd").is_dir();
        if !has_card || sound(if good { GOOD } else { BAD }).is_err() {
            tracing::debug!("this computer makes no sound");
        }
    }
}

fn sound(notes: [(f32, u64); 2]) -> Result<(), rodio::DeviceSinkError> {
    let mut sink = rodio::DeviceSinkBuilder::open_default_sink()?;
    sink.log_on_drop(false);
    for (hertz, length_ms) in notes {
        let length = Duration::from_millis(length_ms);
        sink.mixer().add(
            SineWave::new(hertz)
                .take_duration(length)
                .amplify(LOUDNESS)
                .fade_in(RAMP),
        );
        std::thread::sleep(length);
    }
    std::thread::sleep(TAIL);
    Ok(())
}
