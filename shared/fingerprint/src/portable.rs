//! Functions that give the same bits on every platform: the standard library's own come from the platform.
//!
//! In: finite numbers. Out: sine, cosine, arctangent, exponential, logarithm, to about 1e-7.
//! Never: calls the platform's mathematics; sums, products, quotients and square roots are exact by IEEE 754.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LOG2_E, PI};

/// Sine and cosine of an angle in radians.
pub(crate) fn sin_cos(angle: f32) -> (f32, f32) {
    let angle = f64::from(angle);
    let quarter = (angle / FRAC_PI_2 + if angle < 0.0 { -0.5 } else { 0.5 }) as i64;
    let x = angle - quarter as f64 * FRAC_PI_2;
    let q = x * x;
    let sin = x
        * (1.0
            - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0)))));
    let cos = 1.0
        - q / 2.0
            * (1.0
                - q / 12.0
                    * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0 * (1.0 - q / 132.0)))));
    let (sin, cos) = match quarter.rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    };
    (sin as f32, cos as f32)
}

/// The angle of the vector `(x, y)`, −π to π; 0 for the zero vector.
pub(crate) fn atan2(y: f32, x: f32) -> f32 {
    let (y, x) = (f64::from(y), f64::from(x));
    let (ay, ax) = (y.abs(), x.abs());
    if ax + ay == 0.0 {
        return 0.0;
    }
    let swap = ay > ax;
    let t = if swap { ax / ay } else { ay / ax };
    // Around 0 or around 1, so that the series is short.
    let (base, u) = if t > 0.414_213_562 {
        (FRAC_PI_4, (t - 1.0) / (t + 1.0))
    } else {
        (0.0, t)
    };
    let q = u * u;
    let mut series = 1.0 / 17.0;
    for k in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = 1.0 / k - q * series;
    }
    let mut angle = base + u * series;
    if swap {
        angle = FRAC_PI_2 - angle;
    }
    if x < 0.0 {
        angle = PI - angle;
    }
    (if y < 0.0 { -angle } else { angle }) as f32
}

/// Length of the vector `(x, y)`.
pub(crate) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// e to the power of `x`; 0 below −80, the value at 80 above.
pub(crate) fn exp(x: f32) -> f32 {
    if x < -80.0 {
        return 0.0;
    }
    let x = f64::from(x.min(80.0));
    let power = (x * LOG2_E + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let r = x - power as f64 * LN_2;
    let mut series = 1.0;
    for k in [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
        series = 1.0 + r / k * series;
    }
    (series * f64::from_bits(((1023 + power) as u64) << 52)) as f32
}

/// Natural logarithm of a positive number; that of the smallest normal number for anything below it.
pub(crate) fn ln(x: f64) -> f64 {
    let x = x.max(f64::MIN_POSITIVE);
    let bits = x.to_bits();
    let power = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    let (power, mantissa) = if mantissa > core::f64::consts::SQRT_2 {
        (power + 1, mantissa / 2.0)
    } else {
        (power, mantissa)
    };
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let q = t * t;
    let mut series = 1.0 / 15.0;
    for k in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = 1.0 / k + q * series;
    }
    power as f64 * LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_agree_with_the_platform() {
        for i in -4_000..4_000 {
            let a = i as f32 * 0.01;
            let (sin, cos) = sin_cos(a);
            assert!(
                (sin - a.sin()).abs() < 2e-6 && (cos - a.cos()).abs() < 2e-6,
                "{a}"
            );
            let (y, x) = ((a * 1.7).sin() * 3.0, (a * 0.9).cos() * 2.0);
            assert!((atan2(y, x) - y.atan2(x)).abs() < 1e-6, "{y} {x}");
            assert!((exp(a) - a.exp()).abs() <= 1e-6 * a.exp(), "{a}");
            let positive = f64::from(a) * f64::from(a) + 1e-9;
            assert!((ln(positive) - positive.ln()).abs() < 1e-9, "{positive}");
        }
        assert_eq!(atan2(0.0, 0.0), 0.0);
        assert_eq!(exp(-1e9), 0.0);
    }

    #[test]
    fn known_bits_stay() {
        // The same on every machine, or templates differ between machines.
        assert_eq!(sin_cos(1.0).0.to_bits(), 0x3f57_6aa4);
        assert_eq!(exp(-1.5).to_bits(), 0x3e64_7c3c);
    }
}
