//! What is heard: bytes become lines, lines become sentences, sentences become a state.
//!
//! In: bytes as they come, cut anywhere. Out: how many sentences were whole, and the state they add up to.
//! Never: believes a line whose checksum is missing or wrong (NMEA 0183, 5.3), or a fix that another sentence denies.

use std::collections::BTreeMap;

use nmea::sentences::{FaaMode, FixType, GgaData, GstData, RmcData, rmc::RmcStatusOfFix};
use nmea::{ParseResult, parse_str};
use qayd_model::UnixMs;

use super::view::{PlaceFix, PlaceState};

/// A line is no longer: 82 in the standard, 102 of what receivers send, and the end of the line.
const LINE_BYTES_MAX: usize = 128;
/// What was said longer ago no longer counts: receivers speak every second.
const FRESH_MS: u64 = 3_000;
/// The error of a range, metres at 95 %, without and with a differential correction (gpsd, `libgpsd_core.c`).
const RANGE_ERROR_M: f32 = 15.0;
const RANGE_ERROR_CORRECTED_M: f32 = 3.75;
/// Receivers write 99.99 for a dilution that they do not know.
const DILUTION_MAX: f32 = 50.0;

/// Something that was said, and when.
#[derive(Clone, Copy)]
struct Said<T> {
    what: T,
    at_ms: u64,
}

impl<T> Said<T> {
    const fn is_fresh(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) <= FRESH_MS
    }
}

/// Where a sentence puts the receiver.
#[derive(Clone, Copy)]
struct Position {
    latitude_deg: f64,
    longitude_deg: f64,
}

/// One ear at one port at one speed.
#[derive(Default)]
pub(super) struct Listener {
    line: Vec<u8>,
    is_overlong: bool,
    /// By GGA: where, or that it does not know.
    position: Option<Said<Option<Position>>>,
    satellites: u16,
    dilution: Option<f32>,
    is_corrected: bool,
    /// By RMC: the same, less exactly.
    recommended: Option<Said<Option<Position>>>,
    utc: Option<Said<UnixMs>>,
    /// By GST: the radius, metres.
    radius_m: Option<Said<f32>>,
    /// By GSV: satellites in view, by constellation.
    in_view: BTreeMap<u8, u16>,
    /// What it all adds up to.
    state: Option<Said<PlaceState>>,
}

impl Listener {
    /// Takes in bytes; how many whole sentences they ended.
    pub(super) fn hear(&mut self, bytes: &[u8], at_ms: u64) -> usize {
        let mut whole = 0;
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let line = core::mem::take(&mut self.line);
                    if !core::mem::take(&mut self.is_overlong) {
                        whole += usize::from(self.line(&line, at_ms));
                    }
                }
                _ if self.is_overlong => {}
                _ if self.line.len() >= LINE_BYTES_MAX => {
                    self.line.clear();
                    self.is_overlong = true;
                }
                _ => self.line.push(*byte),
            }
        }
        whole
    }

    /// The state and when it was told; `None` before any sentence told one.
    pub(super) fn state(&self) -> Option<(PlaceState, u64)> {
        let said = self.state.as_ref()?;
        Some((said.what.clone(), said.at_ms))
    }

    /// One line; what stands before its last `$` is the rest of a half one.
    fn line(&mut self, line: &[u8], at_ms: u64) -> bool {
        let Some(begin) = line.iter().rposition(|byte| *byte == b'$') else {
            return false;
        };
        let text = line.get(begin..).and_then(|l| core::str::from_utf8(l).ok());
        // The crate's errors quote the sentence, which says where we are: they end here.
        let Some(Ok(sentence)) = text.map(parse_str) else {
            return false;
        };
        match sentence {
            ParseResult::GGA(gga) => self.gga(&gga, at_ms),
            ParseResult::RMC(rmc) => self.rmc(&rmc, at_ms),
            ParseResult::GST(gst) => self.gst(&gst, at_ms),
            ParseResult::GSV(gsv) => {
                self.in_view.insert(gsv.gnss_type as u8, gsv.sats_in_view);
            }
            _ => {}
        }
        true
    }

    fn gga(&mut self, gga: &GgaData, at_ms: u64) {
        let is_valid = gga.fix_type.is_some_and(FixType::is_valid);
        let what = position(is_valid, gga.latitude, gga.longitude);
        self.position = Some(Said { what, at_ms });
        self.satellites = gga
            .fix_satellites
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or(0);
        self.dilution = gga.hdop.filter(|h| (0.0..DILUTION_MAX).contains(h));
        self.is_corrected = gga.fix_type.is_some_and(|kind| kind != FixType::Gps);
        self.add_up(at_ms);
    }

    fn rmc(&mut self, rmc: &RmcData, at_ms: u64) {
        let is_valid =
            rmc.status_of_fix != RmcStatusOfFix::Invalid && rmc.faa_mode.is_none_or(is_measured);
        let what = position(is_valid, rmc.lat, rmc.lon);
        self.recommended = Some(Said { what, at_ms });
        if let (true, Some(date), Some(time)) = (is_valid, rmc.fix_date, rmc.fix_time)
            && let Ok(utc) = u64::try_from(date.and_time(time).and_utc().timestamp_millis())
        {
            let what = UnixMs(utc);
            self.utc = Some(Said { what, at_ms });
        }
        self.add_up(at_ms);
    }

    fn gst(&mut self, gst: &GstData, at_ms: u64) {
        let (Some(north), Some(east)) = (gst.lat_sd, gst.long_sd) else {
            return;
        };
        let radius = 2.0 * north.hypot(east);
        if radius.is_finite() && radius > 0.0 {
            self.radius_m = Some(Said {
                what: radius,
                at_ms,
            });
        }
    }

    /// A fix is one that GGA and RMC both gave, of those that spoke lately; GGA, the more exact, says where.
    fn add_up(&mut self, at_ms: u64) {
        let fresh = |said: Option<Said<Option<Position>>>| said.filter(|s| s.is_fresh(at_ms));
        let (by_gga, by_rmc) = (fresh(self.position), fresh(self.recommended));
        let denied = [&by_gga, &by_rmc]
            .into_iter()
            .flatten()
            .any(|said| said.what.is_none());
        let there = by_gga.or(by_rmc).and_then(|said| said.what);
        let what = match there {
            Some(position) if !denied => PlaceState::Fix(self.fix(position, at_ms)),
            _ => PlaceState::NoFix {
                satellites: self.seen(),
            },
        };
        self.state = Some(Said { what, at_ms });
    }

    fn fix(&self, position: Position, at_ms: u64) -> PlaceFix {
        let range_error = if self.is_corrected {
            RANGE_ERROR_CORRECTED_M
        } else {
            RANGE_ERROR_M
        };
        let measured = self.radius_m.filter(|said| said.is_fresh(at_ms));
        PlaceFix {
            latitude_deg: position.latitude_deg,
            longitude_deg: position.longitude_deg,
            accuracy_m: measured
                .map(|said| said.what)
                .or_else(|| self.dilution.map(|dilution| dilution * range_error)),
            satellites: self.satellites,
            utc: self
                .utc
                .filter(|said| said.is_fresh(at_ms))
                .map(|said| said.what),
        }
    }

    fn seen(&self) -> u16 {
        let in_view = self
            .in_view
            .values()
            .fold(0_u16, |a, b| a.saturating_add(*b));
        in_view.max(self.satellites)
    }
}

/// Measured by the receiver: neither typed in, nor reckoned from speed, nor simulated.
const fn is_measured(mode: FaaMode) -> bool {
    matches!(
        mode,
        FaaMode::Autonomous
            | FaaMode::Caution
            | FaaMode::Differential
            | FaaMode::FloatRtk
            | FaaMode::FixedRtk
            | FaaMode::Precise
    )
}

fn position(is_valid: bool, latitude: Option<f64>, longitude: Option<f64>) -> Option<Position> {
    let (latitude_deg, longitude_deg) = (latitude?, longitude?);
    let is_on_earth =
        (-90.0..=90.0).contains(&latitude_deg) && (-180.0..=180.0).contains(&longitude_deg);
    (is_valid && is_on_earth).then_some(Position {
        latitude_deg,
        longitude_deg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sentence with its checksum and its end.
    fn line(body: &str) -> Vec<u8> {
        let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        format!("${body}*{sum:02X}\r\n").into_bytes()
    }

    fn fix_of(listener: &Listener) -> PlaceFix {
        match listener.state() {
            Some((PlaceState::Fix(fix), _)) => fix,
            other => panic!("{other:?}"),
        }
    }

    const GGA: &str = "GNGGA,103000.00,3620.4000,N,04307.2000,E,1,09,1.20,228.1,M,12.5,M,,";
    const RMC: &str = "GNRMC,103000.00,A,3620.4000,N,04307.2000,E,0.02,,170926,,,A";

    #[test]
    fn a_fix_of_any_talker_is_heard_however_the_bytes_are_cut() {
        for talker in ["GP", "GN", "GL"] {
            let mut bytes = line(&GGA.replace("GN", talker));
            bytes.extend(line(&RMC.replace("GN", talker)));
            for piece in 1..20 {
                let mut listener = Listener::default();
                let whole: usize = bytes.chunks(piece).map(|c| listener.hear(c, 5)).sum();
                assert_eq!(whole, 2);
                let fix = fix_of(&listener);
                assert!((fix.latitude_deg - 36.34).abs() < 1e-9);
                assert!((fix.longitude_deg - 43.12).abs() < 1e-9);
                assert_eq!(fix.satellites, 9);
                // 2026-09-17 10:30:00 UTC.
                assert_eq!(fix.utc, Some(UnixMs(1_789_641_000_000)));
            }
        }
    }

    #[test]
    fn south_and_west_are_negative() {
        let mut listener = Listener::default();
        listener.hear(&line(&GGA.replace(",N,", ",S,").replace(",E,", ",W,")), 0);
        let fix = fix_of(&listener);
        assert!(fix.latitude_deg < -36.0 && fix.longitude_deg < -43.0);
    }

    #[test]
    fn a_checksum_that_is_wrong_or_missing_is_not_believed() {
        let good = line(GGA);
        let mut wrong = good.clone();
        wrong[20] ^= 1;
        let without = format!("${GGA}\r\n").into_bytes();
        let mut listener = Listener::default();
        assert_eq!(listener.hear(&wrong, 0) + listener.hear(&without, 0), 0);
        assert!(listener.state().is_none());
        assert_eq!(listener.hear(&good, 0), 1);
    }

    #[test]
    fn garbage_half_lines_and_lines_without_an_end_are_passed_over() {
        let mut listener = Listener::default();
        let mut noise = 7_u32;
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push((noise >> 24) as u8);
        }
        listener.hear(&bytes, 0);
        assert!(listener.state().is_none());
        assert!(listener.line.len() <= LINE_BYTES_MAX);
        listener.hear(b"\r\n$GNGGA,1030", 0);
        // The rest never came; the next sentence begins in the same line.
        assert_eq!(listener.hear(&line(GGA), 0), 1);
        fix_of(&listener);
    }

    #[test]
    fn mutated_sentences_never_stop_the_listener() {
        let mut noise = 11_u32;
        let mut next = move || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 8) as usize
        };
        let bodies = [
            GGA.to_owned(),
            RMC.to_owned(),
            "GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00".to_owned(),
            "GPGST,182141.000,15.5,15.3,7.2,21.8,0.9,0.5,0.8".to_owned(),
            "GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1".to_owned(),
            "GPZDA,160012.71,11,03,2004,-1,00".to_owned(),
            "GPTXT,01,01,02,ANTSTATUS=OK".to_owned(),
        ];
        let mut listener = Listener::default();
        for _ in 0..50_000 {
            let mut body = bodies[next() % bodies.len()].clone().into_bytes();
            for _ in 0..next() % 4 {
                let at = 5 + next() % (body.len() - 5);
                match next() % 3 {
                    0 => body[at] = b",-.0159NSEWAV"[next() % 13],
                    1 => drop(body.remove(at)),
                    _ => body.insert(at, b",-.0159NSEWAV"[next() % 13]),
                }
            }
            // With the right checksum, so that it is the fields that are read.
            listener.hear(&line(core::str::from_utf8(&body).unwrap()), 0);
        }
    }

    #[test]
    fn a_fix_is_lost_when_the_receiver_says_so() {
        let mut listener = Listener::default();
        listener.hear(&line(GGA), 0);
        fix_of(&listener);
        listener.hear(
            &line("GPGSV,1,1,03,03,03,111,00,04,15,270,00,06,01,010,00"),
            900,
        );
        listener.hear(&line("GLGSV,1,1,02,70,03,111,00,71,15,270,00"), 900);
        listener.hear(&line("GNGGA,103001.00,,,,,0,00,99.99,,,,,,"), 1_000);
        assert_eq!(
            listener.state(),
            Some((PlaceState::NoFix { satellites: 5 }, 1_000))
        );
    }

    #[test]
    fn what_is_not_measured_or_is_denied_by_another_sentence_is_no_fix() {
        // Estimated, typed in, simulated.
        for quality in ["6", "7", "8"] {
            let mut listener = Listener::default();
            listener.hear(&line(&GGA.replace(",E,1,", &format!(",E,{quality},"))), 0);
            assert!(matches!(
                listener.state(),
                Some((PlaceState::NoFix { .. }, 0))
            ));
        }
        for rmc in [RMC.replace(",A,36", ",V,36"), RMC.replace(",,,A", ",,,S")] {
            let mut listener = Listener::default();
            listener.hear(&line(GGA), 0);
            listener.hear(&line(&rmc), 100);
            assert!(matches!(
                listener.state(),
                Some((PlaceState::NoFix { .. }, 100))
            ));
        }
        // Far outside the earth.
        let mut listener = Listener::default();
        listener.hear(&line(&GGA.replace("3620.4000", "9920.4000")), 0);
        assert!(!matches!(listener.state(), Some((PlaceState::Fix(_), _))));
    }

    #[test]
    fn accuracy_comes_from_gst_where_it_is_fresh_and_else_from_the_dilution() {
        let mut listener = Listener::default();
        listener.hear(&line(GGA), 0);
        assert_eq!(fix_of(&listener).accuracy_m, Some(1.2 * 15.0));
        listener.hear(&line(&GGA.replace(",E,1,", ",E,2,")), 0);
        assert_eq!(fix_of(&listener).accuracy_m, Some(1.2 * 3.75));
        listener.hear(&line("GNGST,103000.00,20,,,,3.0,4.0,8.0"), 100);
        listener.hear(&line(GGA), 1_000);
        assert_eq!(fix_of(&listener).accuracy_m, Some(10.0));
        listener.hear(&line(GGA), 4_000);
        assert_eq!(fix_of(&listener).accuracy_m, Some(1.2 * 15.0));
        listener.hear(&line(&GGA.replace("1.20", "99.99")), 4_000);
        assert_eq!(fix_of(&listener).accuracy_m, None);
    }

    #[test]
    fn a_receiver_that_says_only_rmc_is_believed_without_an_accuracy() {
        let mut listener = Listener::default();
        listener.hear(&line(RMC), 0);
        let fix = fix_of(&listener);
        assert_eq!((fix.accuracy_m, fix.satellites), (None, 0));
        assert!((fix.latitude_deg - 36.34).abs() < 1e-9);
    }
}
