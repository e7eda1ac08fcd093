//! What is known of the place: values, and nothing of them in a log.

use core::fmt;

use qayd_model::UnixMs;

/// What is known now.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceView {
    /// What the receiver says.
    pub state: PlaceState,
    /// How long ago it said so, milliseconds; of [`PlaceState::NoReceiver`], for how long there has been none.
    pub age_ms: u64,
    /// Invented: no receiver stands behind it.
    pub simulated: bool,
}

impl PlaceView {
    /// The fix, where it is one of a real receiver and no older than `age_ms_max`: what may be kept as where somebody was.
    pub fn fix(&self, age_ms_max: u64) -> Option<&PlaceFix> {
        match &self.state {
            PlaceState::Fix(fix) if !self.simulated && self.age_ms <= age_ms_max => Some(fix),
            _ => None,
        }
    }
}

/// What a receiver says of the place.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaceState {
    /// None is understood: not plugged in, silent, or not looked for long enough yet.
    NoReceiver,
    /// It is there and does not know where it is: indoors, or for a minute after it was plugged in.
    NoFix {
        /// Satellites that it sees, where it says so; else that it uses.
        satellites: u16,
    },
    /// It knows where it is.
    Fix(PlaceFix),
}

/// A position and its time. `Debug` shows neither: where an enrolment took place says where a person was.
#[derive(Clone, PartialEq)]
pub struct PlaceFix {
    /// WGS 84, degrees, north positive, −90 to 90.
    pub latitude_deg: f64,
    /// WGS 84, degrees, east positive, −180 to 180.
    pub longitude_deg: f64,
    /// Radius in which the truth lies in about 95 of 100 cases, metres; `None` where the receiver gives nothing to reckon
    /// it from.
    ///
    /// From the receiver's own error figures (GST) as twice their root sum of squares (2DRMS). Else from the dilution of
    /// precision (HDOP) times 15 m, or 3.75 m with a differential correction: what gpsd takes for the error of a range at
    /// 95 % (`H_UERE_NO_DGPS`, `H_UERE_WITH_DGPS`). The second is a rule of thumb and rather too large than too small.
    pub accuracy_m: Option<f32>,
    /// Satellites that were used.
    pub satellites: u16,
    /// What the receiver's clock said with this fix, where it says a date. An old receiver counts weeks wrongly and is then
    /// off by 1024 of them; whoever sets a clock by it has to doubt it.
    pub utc: Option<UnixMs>,
}

impl fmt::Debug for PlaceFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaceFix({} satellites, …)", self.satellites)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_place_shows_no_coordinate_and_no_time() {
        let view = PlaceView {
            state: PlaceState::Fix(PlaceFix {
                latitude_deg: 36.25,
                longitude_deg: 43.75,
                accuracy_m: Some(4.5),
                satellites: 9,
                utc: Some(UnixMs(1_790_000_000_000)),
            }),
            age_ms: 12,
            simulated: false,
        };
        let shown = format!("{view:?} {view:#?}");
        for secret in ["36", "43", "25", "75", "4.5", "179"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains('9'));
    }

    #[test]
    fn only_a_fresh_fix_of_a_real_receiver_may_be_kept() {
        let view = |age_ms, simulated| PlaceView {
            state: PlaceState::Fix(PlaceFix {
                latitude_deg: 1.0,
                longitude_deg: 2.0,
                accuracy_m: None,
                satellites: 4,
                utc: None,
            }),
            age_ms,
            simulated,
        };
        assert!(view(1_000, false).fix(1_000).is_some());
        assert!(view(1_001, false).fix(1_000).is_none());
        assert!(view(0, true).fix(1_000).is_none());
    }
}
