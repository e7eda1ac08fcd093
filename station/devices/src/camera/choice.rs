//! Which format a camera is asked for: by its profile, else what suits a portrait.
//!
//! In: what the camera offers, what is wished. Out: one of the offers. Never: an extreme; nothing is chosen by "highest".

use serde::Serialize;

use super::decode::Coding;
use crate::capture::Geometry;
use crate::profile::DeviceProfile;

/// A portrait wants 1080 lines (MOSIP's biometric specification for face cameras).
const USUAL: Geometry = Geometry {
    width_px: 1_920,
    height_px: 1_080,
};
/// Slower than this is no live picture.
const LIVE_FPS: u32 = 10;

/// One stream that a camera offers or gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StreamFormat {
    /// How frames are coded.
    pub coding: Coding,
    /// Their size.
    pub geometry: Geometry,
    /// Frames a second, rounded; 0 when the driver does not say.
    pub fps: u32,
    /// Bytes from one row to the next, of codings with rows; 0 before the driver said.
    pub stride_bytes: u32,
    /// The most bytes of a frame; 0 before the driver said.
    pub frame_bytes_max: u32,
}

/// What is wished of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// Size, when a profile says one; it is then kept to, however slow the camera is at it.
    pub geometry: Option<Geometry>,
    /// Coding, when it matters.
    pub coding: Option<Coding>,
}

impl Wish {
    /// As a profile says.
    pub fn of(profile: Option<&DeviceProfile>) -> Self {
        let camera = profile.and_then(|p| p.camera.as_ref());
        let size = camera.and_then(|c| c.image_px);
        Self {
            geometry: size.map(|[width_px, height_px]| Geometry {
                width_px,
                height_px,
            }),
            coding: camera
                .and_then(|c| c.pixel_format.as_deref())
                .and_then(Coding::from_name),
        }
    }
}

/// The offer that fits best: unless a profile says a size, live before still; then the size nearest to the wish, then the wished coding, then JPEG
/// before YUYV before grey (over USB 2 only JPEG is live at 1080 lines), then the faster.
pub fn choose(offers: &[StreamFormat], wish: &Wish) -> Option<StreamFormat> {
    let size = wish.geometry.unwrap_or(USUAL);
    let wanted = pixels(size);
    offers.iter().copied().min_by_key(|offer| {
        let still = wish.geometry.is_none() && offer.fps != 0 && offer.fps < LIVE_FPS;
        let distance = pixels(offer.geometry).abs_diff(wanted);
        let shape = shape_distance(offer.geometry, size);
        let coding = match (wish.coding, offer.coding) {
            (Some(wished), given) if wished == given => 0_u8,
            (_, Coding::Mjpeg) => 1,
            (_, Coding::Yuyv) => 2,
            (_, Coding::Grey) => 3,
        };
        (still, distance, shape, coding, u32::MAX - offer.fps)
    })
}

fn pixels(geometry: Geometry) -> u64 {
    u64::from(geometry.width_px) * u64::from(geometry.height_px)
}

/// How far two sizes of the same number of pixels are apart.
fn shape_distance(a: Geometry, b: Geometry) -> u32 {
    a.width_px.abs_diff(b.width_px) + a.height_px.abs_diff(b.height_px)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn offer(coding: Coding, width_px: u32, height_px: u32, fps: u32) -> StreamFormat {
        StreamFormat {
            coding,
            geometry: Geometry {
                width_px,
                height_px,
            },
            fps,
            stride_bytes: 0,
            frame_bytes_max: 0,
        }
    }

    /// As an ordinary webcam lists them.
    const WEBCAM: [StreamFormat; 6] = [
        offer(Coding::Yuyv, 640, 480, 30),
        offer(Coding::Yuyv, 1_280, 720, 10),
        offer(Coding::Yuyv, 1_920, 1_080, 5),
        offer(Coding::Mjpeg, 1_280, 720, 30),
        offer(Coding::Mjpeg, 1_920, 1_080, 30),
        offer(Coding::Mjpeg, 3_840, 2_160, 2),
    ];

    #[test]
    fn without_a_profile_the_live_portrait_size_is_chosen() {
        let chosen = choose(&WEBCAM, &Wish::default()).unwrap();
        assert_eq!(chosen, WEBCAM[4]);
    }

    #[test]
    fn a_profile_decides_size_and_coding() {
        let wish = |width_px, height_px, coding| Wish {
            geometry: Some(Geometry {
                width_px,
                height_px,
            }),
            coding,
        };
        let chosen = choose(&WEBCAM, &wish(1_280, 720, Some(Coding::Yuyv))).unwrap();
        assert_eq!(chosen, WEBCAM[1]);
        let chosen = choose(&WEBCAM, &wish(1_280, 720, None)).unwrap();
        assert_eq!(chosen, WEBCAM[3]);
        let chosen = choose(&WEBCAM, &wish(640, 480, Some(Coding::Grey))).unwrap();
        assert_eq!(chosen, WEBCAM[0]);
        // Slow at what a profile asks for, and given all the same.
        let chosen = choose(&WEBCAM, &wish(1_920, 1_080, Some(Coding::Yuyv))).unwrap();
        assert_eq!(chosen, WEBCAM[2]);
    }

    #[test]
    fn a_camera_that_is_only_slow_is_used_all_the_same_and_one_without_offers_is_not() {
        let slow = [WEBCAM[2], WEBCAM[5]];
        assert_eq!(choose(&slow, &Wish::default()), Some(WEBCAM[2]));
        assert_eq!(choose(&[], &Wish::default()), None);
        let infrared = [offer(Coding::Grey, 640, 360, 0)];
        assert_eq!(choose(&infrared, &Wish::default()), Some(infrared[0]));
    }
}
