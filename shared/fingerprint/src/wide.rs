//! Wide registers: lines of this crate compiled again for AVX2 and for AVX-512 with VPOPCNTDQ, chosen when the program
//! runs.
//!
//! In: `Lines`. Out: their answer, equal bit for bit to the portable one: the source is the same, and Rust neither
//! reorders nor fuses floating-point operations. Owns: the only `unsafe` of this crate, two calls.
//! Never: holds an algorithm of its own.
#![allow(
    unsafe_code,
    reason = "calling a function compiled for more than the baseline processor is unsafe: it must be there"
)]

/// Which registers are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// What every processor of the target has.
    Portable,
    /// AVX2, POPCNT and BMI: eight numbers at a time.
    Avx2,
    /// AVX-512 with VPOPCNTDQ: eight popcounts in one instruction.
    Avx512,
}

impl Kernel {
    /// The widest this processor has; asked once, then remembered by the standard library.
    #[inline]
    pub fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("popcnt") && has!("bmi1") && has!("bmi2") {
                let wide = has!("avx512f") && has!("avx512bw") && has!("avx512dq");
                if wide && has!("avx512vl") && has!("avx512vpopcntdq") {
                    return Self::Avx512;
                }
                return Self::Avx2;
            }
        }
        Self::Portable
    }
}

/// Lines worth wide registers. `run` and all it calls must be `#[inline(always)]`, or the wider instructions end at
/// the first call.
pub(crate) trait Lines {
    /// What comes out.
    type Answer;
    fn run(self) -> Self::Answer;
}

/// Runs the lines with the widest registers of this processor.
#[inline]
pub(crate) fn wide<L: Lines>(lines: L) -> L::Answer {
    match Kernel::here() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `here` names it only where every feature the function is compiled for was detected.
        Kernel::Avx512 => unsafe { run_avx512(lines) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Avx2 => unsafe { run_avx2(lines) },
        _ => portable(lines),
    }
}

/// Runs the lines with what every processor of the target has.
#[inline(never)]
pub(crate) fn portable<L: Lines>(lines: L) -> L::Answer {
    lines.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi1,bmi2")]
fn run_avx2<L: Lines>(lines: L) -> L::Answer {
    lines.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(
    enable = "avx2,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq"
)]
fn run_avx512<L: Lines>(lines: L) -> L::Answer {
    lines.run()
}
