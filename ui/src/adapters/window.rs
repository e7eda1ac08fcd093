//! Window: language, light, size; signing in; the truth bar; the keys on the screen.

use qayd_crypto::Passphrase;
use qayd_model::pack::Language;
use qayd_model::text::TEXT_BYTES_MAX;
use qayd_protocol::trust::INVITATION_BYTES_MAX;
use qayd_window::{
    App, AppWindow, Counts, Dir, Edit, KeyLayout, Keys, Page, Provision, Said, Settings, SignIn,
    ThemeMode, Truth, Type,
};
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, SharedString};

use super::model;
use crate::caret;
use crate::desk::{Command, Desk, Event};
use crate::preferences::{Keeper, Preferences, Theme};
use crate::sound;

/// Until somebody has signed in nothing is known: the store is closed, and previews are not the truth.
fn know_nothing_yet(window: &AppWindow) {
    let truth = window.global::<Truth>();
    truth.set_station(SharedString::new());
    truth.set_waiting("–".into());
    truth.set_clock("–".into());
}

pub(super) fn connect(window: &AppWindow, desk: &Desk, keeper: &Keeper) {
    know_nothing_yet(window);
    edit(window);
    keys(window);
    let app = window.global::<App>();
    let (to, weak) = (desk.clone(), window.as_weak());
    app.on_go(move |page| {
        if let Some(window) = weak.upgrade() {
            window.global::<App>().set_keyboard_shown(false);
        }
        to.ask(Command::Go(page));
    });
    let to = desk.clone();
    app.on_lock(move || to.ask(Command::Lock));
    let weak = window.as_weak();
    app.on_quiet(move || {
        if let Some(window) = weak.upgrade() {
            window.global::<App>().set_said(Said::Nothing);
        }
    });

    let sign_in = window.global::<SignIn>();
    let (to, weak, kept) = (desk.clone(), window.as_weak(), keeper.clone());
    sign_in.on_language_chosen(move |code| {
        let Some(language) = Language::from_code(&code) else {
            return;
        };
        kept.change(|p| p.language = language);
        if let Some(window) = weak.upgrade() {
            speak(&window, language);
        }
        to.ask(Command::Language(language));
    });
    let weak = window.as_weak();
    sign_in.on_login_chosen(move |login| {
        if let Some(window) = weak.upgrade() {
            window.global::<SignIn>().set_login(login);
        }
    });
    let to = desk.clone();
    sign_in.on_sign_in_requested(move |login, passphrase| {
        to.ask(Command::SignIn {
            login: login.into(),
            passphrase: Passphrase::new(passphrase.as_str()),
        });
    });

    let provision = window.global::<Provision>();
    let to = desk.clone();
    provision.on_invitation_entered(move |text| to.ask(Command::Invitation(text.into())));
    let (to, weak) = (desk.clone(), window.as_weak());
    provision.on_provision_requested(move |login, passphrase| {
        let Some(window) = weak.upgrade() else { return };
        let provision = window.global::<Provision>();
        if !provision.get_compared() {
            return;
        }
        to.ask(Command::Provision {
            compared: provision.get_fingerprint().into(),
            login: login.trim().into(),
            passphrase: Passphrase::new(passphrase.as_str()),
        });
    });

    let settings = window.global::<Settings>();
    let (weak, kept) = (window.as_weak(), keeper.clone());
    settings.on_theme_chosen(move |theme| {
        kept.change(|p| p.theme = Theme::of(theme));
        if let Some(window) = weak.upgrade() {
            window.global::<qayd_window::Theme>().set_mode(theme);
        }
    });
    let (weak, kept) = (window.as_weak(), keeper.clone());
    settings.on_scale_chosen(move |percent| {
        kept.change(|p| p.text_percent = u16::try_from(percent).unwrap_or(100));
        if let Some(window) = weak.upgrade() {
            window.global::<Type>().set_scale(percent as f32 / 100.0);
        }
    });
    let (weak, kept) = (window.as_weak(), keeper.clone());
    settings.on_sounds_chosen(move |on| {
        kept.change(|p| p.sounds = on);
        if let Some(window) = weak.upgrade() {
            window.global::<Settings>().set_sounds(on);
            // Whoever turns them on hears one.
            sound::play(&window, true);
        }
    });
    let kept = keeper.clone();
    settings.on_printer_chosen(move |address| kept.change(|p| p.printer = address.trim().into()));
    let kept = keeper.clone();
    settings.on_slips_chosen(move |folder| kept.change(|p| p.slips = folder.trim().into()));
    let to = desk.clone();
    settings.on_sign_out_requested(move || to.ask(Command::SignOut));
    settings.set_version(env!("CARGO_PKG_VERSION").into());
}

/// Sets the window up as the operator of this computer likes it.
pub(crate) fn prefer(window: &AppWindow, preferences: &Preferences) {
    speak(window, preferences.language);
    window
        .global::<qayd_window::Theme>()
        .set_mode(match preferences.theme {
            Theme::Normal => ThemeMode::Normal,
            Theme::Sunlight => ThemeMode::Sunlight,
            Theme::Night => ThemeMode::Night,
        });
    window
        .global::<Type>()
        .set_scale(f32::from(preferences.text_percent.clamp(100, 200)) / 100.0);
    let settings = window.global::<Settings>();
    settings.set_sounds(preferences.sounds);
    settings.set_printer(preferences.printer.as_str().into());
    settings.set_slips(preferences.slips.as_str().into());
}

/// The language of the screen, and the direction it reads in.
fn speak(window: &AppWindow, language: Language) {
    // English is the language of the sources; it has a catalogue of its own so that nothing falls through.
    let _ = slint::select_bundled_translation(language.code());
    window
        .global::<Dir>()
        .set_rtl(language != Language::English);
    window
        .global::<SignIn>()
        .set_language(language.code().into());
}

fn edit(window: &AppWindow) {
    let edit = window.global::<Edit>();
    edit.on_is_rtl(|text, otherwise| caret::reads_rtl(&text).unwrap_or(otherwise));
    edit.on_step(|text, offset, by| {
        let offset = usize::try_from(offset).unwrap_or(0);
        i32::try_from(caret::step(&text, offset, by)).unwrap_or(i32::MAX)
    });
    let most = |file| {
        if file {
            INVITATION_BYTES_MAX
        } else {
            TEXT_BYTES_MAX
        }
    };
    edit.on_is_too_long(move |text, file| text.len() > most(file));
    edit.on_cut(move |text, file| caret::cut(&text, most(file)).into());
    let weak = window.as_weak();
    edit.on_focused(move |kind| {
        let Some(window) = weak.upgrade() else { return };
        let layout = match kind.as_str() {
            "ckb" => KeyLayout::Sorani,
            "lat" => KeyLayout::Latin,
            "digits" => KeyLayout::Numbers,
            _ => KeyLayout::Arabic,
        };
        window.global::<Keys>().set_layout(layout);
    });
}

/// Keys on the screen do what keys of a keyboard do.
fn keys(window: &AppWindow) {
    let press = |window: &AppWindow, text: SharedString| {
        let slint_window = window.window();
        slint_window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        slint_window.dispatch_event(WindowEvent::KeyReleased { text });
    };
    let keys = window.global::<Keys>();
    // The passphrase held the caret before anybody listened.
    keys.set_layout(KeyLayout::Latin);
    let weak = window.as_weak();
    keys.on_pressed(move |text| {
        if let Some(window) = weak.upgrade() {
            for letter in text.chars() {
                press(&window, letter.into());
            }
        }
    });
    for (key, is_enter) in [(Key::Backspace, false), (Key::Return, true)] {
        let weak = window.as_weak();
        let act = move || {
            if let Some(window) = weak.upgrade() {
                press(&window, key.into());
            }
        };
        if is_enter {
            keys.on_enter(act)
        } else {
            keys.on_back_space(act)
        }
    }
}

pub(super) fn show(window: &AppWindow, event: Event) {
    let (app, sign_in) = (window.global::<App>(), window.global::<SignIn>());
    match event {
        Event::Logins { logins, locked } => {
            sign_in.set_locked(locked.is_some());
            let chosen = match (&locked, logins.as_slice()) {
                (Some(login), _) => login.clone(),
                (None, [first, ..]) => first.clone(),
                (None, []) => String::new(),
            };
            sign_in.set_login(chosen.into());
            sign_in.set_logins(model(logins.into_iter().map(SharedString::from).collect()));
        }
        Event::Opening(busy) => sign_in.set_busy(busy),
        Event::Wait(seconds) => sign_in.set_wait(seconds.into()),
        Event::SignedIn {
            login,
            is_supervisor,
        } => {
            app.set_operator(login.into());
            app.set_is_supervisor(is_supervisor);
        }
        Event::Page(page) => {
            // Nothing is typed at home, and whoever signs in begins anew.
            if matches!(page, Page::SignIn | Page::Home) {
                app.set_keyboard_shown(false);
            }
            app.set_page(page);
        }
        Event::Say(said) => app.set_said(said),
        Event::Busy(busy) => app.set_busy(busy),
        Event::Invitation(view) => {
            let provision = window.global::<Provision>();
            provision.set_compared(false);
            provision.set_programme(view.programme.into());
            provision.set_station(view.station.into());
            provision.set_centre(view.centre.into());
            provision.set_expires(view.expires.into());
            provision.set_fingerprint(view.fingerprint.into());
            provision.set_production(view.production);
        }
        Event::Truth(view) => {
            let truth = window.global::<Truth>();
            let counts = window.global::<Counts>();
            let shown = |text: &str| {
                if text == "0" || text == "٠" {
                    SharedString::default()
                } else {
                    text.into()
                }
            };
            counts.set_outbox(shown(&view.waiting));
            let returned = if view.returned == 0 {
                String::new()
            } else {
                view.returned.to_string()
            };
            counts.set_inbox(returned.into());
            truth.set_station(view.station.clone().into());
            window.global::<Settings>().set_station(view.station.into());
            truth.set_network(view.network.into());
            truth.set_network_good(view.network_good);
            truth.set_waiting(view.waiting.into());
            truth.set_stuck(view.stuck);
            truth.set_battery(view.battery.into());
            truth.set_battery_low(view.battery_low);
            truth.set_disk(view.disk.into());
            truth.set_disk_low(view.disk_low);
            truth.set_devices(view.devices.into());
            truth.set_devices_good(view.devices_good);
            truth.set_place(view.place.into());
            truth.set_place_state(view.place_state);
            truth.set_clock(view.clock.into());
        }
        _ => {}
    }
}
