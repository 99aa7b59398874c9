//! Errors against correctly rounded functions, special values included, and that neither place nor company changes a bit.

use super::super::elementwise::{sigmoid, sigmoid_of_both, sigmoid_of_opposite, softplus};
use super::super::lanes::{map1, map1_unless, map2_unless, pair, pair_unless};
use super::super::random::Random;
use super::*;

/// A function as loops apply it, the correctly rounded one, how many steps between doubles they may differ by, and the
/// ranges looked at.
struct Case {
    name: &'static str,
    along: fn(&[f64], &mut [f64]),
    reference: fn(f64) -> f64,
    steps: u64,
    ranges: &'static [(f64, f64)],
}

macro_rules! along {
    ($f:path) => {
        |x, out| {
            map1(
                [x],
                out,
                #[inline(always)]
                |x| $f(x),
            )
        }
    };
}

const CASES: [Case; 10] = [
    Case {
        name: "exp",
        along: along!(exp),
        reference: exact_exp,
        steps: 1,
        ranges: &[(-1.0, 1.0), (-20.0, 20.0), (-746.0, 710.0)],
    },
    Case {
        name: "expm1",
        along: along!(expm1),
        reference: pxfm::f_expm1,
        steps: 1,
        ranges: &[(-0.4, 0.4), (-3.0, 3.0), (-60.0, 710.0)],
    },
    Case { name: "log", along: along!(log), reference: pxfm::f_log, steps: 1, ranges: &[(0.5, 2.0), (0.0, 1e9)] },
    Case {
        name: "log1p",
        along: along!(log1p),
        reference: pxfm::f_log1p,
        steps: 1,
        ranges: &[(-0.5, 1.0), (-1.0, 9.0), (-1.0, 1e17)],
    },
    Case {
        name: "tanh",
        along: along!(tanh),
        reference: pxfm::f_tanh,
        steps: 1,
        ranges: &[(-0.4, 0.4), (-3.0, 3.0), (-25.0, 25.0)],
    },
    Case {
        name: "sin",
        along: |x, out| {
            map1_unless([x], out, sin, is_near, sin_of_any);
        },
        reference: pxfm::f_sin,
        steps: 1,
        ranges: &[(-7.0, 7.0), (-1e4, 1e4), (-2e6, 2e6)],
    },
    Case {
        name: "cos",
        along: |x, out| {
            map1_unless([x], out, cos, is_near, cos_of_any);
        },
        reference: pxfm::f_cos,
        steps: 1,
        ranges: &[(-7.0, 7.0), (-1e4, 1e4), (-2e6, 2e6)],
    },
    Case {
        name: "sech2",
        along: along!(sech2),
        reference: |x| {
            let cosh = pxfm::f_cosh(x);
            1.0 / cosh / cosh
        },
        // The reference is itself some steps away from the exact value.
        steps: 6,
        ranges: &[(-1.0, 1.0), (-20.0, 20.0), (-350.0, 350.0)],
    },
    Case {
        name: "sigmoid",
        along: along!(sigmoid),
        reference: |x| if x < 0.0 { exact_exp(x) / (1.0 + exact_exp(x)) } else { 1.0 / (1.0 + exact_exp(-x)) },
        steps: 2,
        ranges: &[(-1.0, 1.0), (-40.0, 40.0), (-740.0, 740.0)],
    },
    Case {
        name: "softplus",
        along: along!(softplus),
        reference: |x| (if x < 0.0 { 0.0 } else { x }) + pxfm::f_log1p(exact_exp(-x.abs())),
        steps: 2,
        ranges: &[(-1.0, 1.0), (-40.0, 40.0), (-740.0, 740.0)],
    },
];

/// The correctly rounded exponential; where it is subnormal, and `pxfm` is wrong, the one of the standard library.
fn exact_exp(x: f64) -> f64 {
    if x < -708.0 { x.exp() } else { pxfm::f_exp(x) }
}

/// Doubles between two doubles; none between two that are no numbers.
fn steps(x: f64, y: f64) -> u64 {
    if x.is_nan() && y.is_nan() {
        return 0;
    }
    let place = |x: f64| if x < 0.0 { -((x.to_bits() << 1 >> 1) as i64) } else { (x.to_bits() << 1 >> 1) as i64 };
    place(x).abs_diff(place(y))
}

/// Arguments all over a range, evenly and by their exponents, in both directions from zero.
fn arguments(random: &mut Random, (least, most): (f64, f64)) -> Vec<f64> {
    let evenly = |random: &mut Random| least + (most - least) * (random.number() + 1.0) / 2.0;
    let mut all: Vec<f64> = (0..20_000).map(|_| evenly(random)).collect();
    let tiny = (0..20_000).map(|_| random.number() * 2.0_f64.powi(-(random.below(1060) as i32)));
    all.extend(tiny.filter(|x| (least..=most).contains(x)));
    all
}

#[test]
fn results_are_within_a_step_of_the_correctly_rounded_ones() {
    for Case { name, along, reference, steps: allowed, ranges } in CASES {
        let mut random = Random::new(7);
        for &range in ranges {
            let x = arguments(&mut random, range);
            let mut out = vec![f64::NAN; x.len()];
            along(&x, &mut out);
            for (x, y) in x.iter().zip(out) {
                let expected = reference(*x);
                assert!(steps(y, expected) <= allowed, "{name}({x:e}) = {y:e}, not {expected:e}");
            }
        }
    }
}

#[test]
fn ends_of_the_range_and_special_values_are_those_of_the_standard() {
    let tiny = f64::from_bits(1);
    let special = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1.0,
        -1.0,
        tiny,
        -tiny,
        1e-310,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        1e300,
        709.782_712_893_384,
        709.782_712_893_385,
        -745.133_219_101_941,
        -745.133_219_101_942,
        -708.5,
        36.7,
        37.5,
        -36.7,
        -37.5,
        19.0,
        20.5,
        1e6,
        -1e6,
        1e22,
    ];
    for Case { name, along, reference, steps: allowed, .. } in CASES {
        for x in special {
            let mut out = [0.0];
            along(&[x], &mut out);
            let expected = reference(x);
            assert!(steps(out[0], expected) <= allowed, "{name}({x:e}) = {:e}, not {expected:e}", out[0]);
            // What is zero is that exactly, as it absorbs what it is multiplied by.
            if expected == 0.0 {
                assert_eq!(out[0], 0.0, "{name}({x:e})");
                assert_eq!(out[0].is_sign_negative(), expected.is_sign_negative(), "{name}({x:e})");
            }
        }
    }
}

#[test]
fn angles_next_to_multiples_of_a_right_angle_keep_all_digits() {
    for k in (1..600_000_u32).step_by(7) {
        let near = f64::from(k) * std::f64::consts::FRAC_PI_2;
        for x in [near.next_down(), near, near.next_up()] {
            assert!(steps(sin(x), pxfm::f_sin(x)) <= 1, "sin({x:e})");
            assert!(steps(cos(x), pxfm::f_cos(x)) <= 1, "cos({x:e})");
        }
    }
}

/// Two functions of a point, in the order y, x, as loops apply them, and the correctly rounded ones.
type OfPoint = (&'static str, fn(&[f64], &[f64], &mut [f64]), fn(f64, f64) -> f64);

const OF_POINTS: [OfPoint; 2] = [
    ("atan2", |y, x, out| map2_unless([y, x], out, atan2, is_moderate, f64::atan2), pxfm::f_atan2),
    ("hypot", |y, x, out| map2_unless([y, x], out, hypot, is_moderate, f64::hypot), pxfm::f_hypot),
];

#[test]
fn sines_along_with_cosines_are_what_they_are_alone() {
    let mut random = Random::new(10);
    let mut x = arguments(&mut random, (-2e6, 2e6));
    x.extend([0.0, -0.0, f64::NAN, f64::INFINITY, 1e22]);
    let (mut sines, mut cosines) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let any = |x| [sin_of_any(x), cos_of_any(x)];
    pair_unless(&x, [&mut sines, &mut cosines], sin_and_cos, is_near, any);
    let mut alone = vec![0.0; x.len()];
    for (f, otherwise, found) in
        [(sin as fn(f64) -> f64, sin_of_any as fn(f64) -> f64, sines), (cos, cos_of_any, cosines)]
    {
        map1_unless([&x], &mut alone, f, is_near, otherwise);
        assert!(alone.iter().zip(&found).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()));
    }
}

#[test]
fn tangents_along_with_their_slopes_are_what_they_are_alone() {
    let mut random = Random::new(11);
    let mut x = arguments(&mut random, (-400.0, 400.0));
    x.extend([0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300]);
    let (mut first, mut second, mut alone) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut check = |both: fn(f64) -> [f64; 2], ones: [fn(f64) -> f64; 2]| {
        pair(&x, [&mut first, &mut second], both);
        for (f, found) in ones.into_iter().zip([&first, &second]) {
            map1([&x], &mut alone, f);
            assert!(alone.iter().zip(found).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()));
        }
    };
    check(tanh_and_sech2, [tanh, sech2]);
    check(sigmoid_of_both, [sigmoid, sigmoid_of_opposite]);
}

#[test]
fn angles_and_distances_are_within_a_step_of_the_correctly_rounded_ones() {
    let mut random = Random::new(9);
    for exponents in [1, 3, 60, 300] {
        let mut coordinate =
            || random.number() * 2.0_f64.powi(random.below(2 * exponents + 1) as i32 - exponents as i32);
        let (y, x): (Vec<f64>, Vec<f64>) = (0..50_000).map(|_| (coordinate(), coordinate())).unzip();
        for (name, along, reference) in OF_POINTS {
            let mut out = vec![f64::NAN; x.len()];
            along(&y, &x, &mut out);
            for ((y, x), found) in y.iter().zip(&x).zip(out) {
                let expected = reference(*y, *x);
                assert!(steps(found, expected) <= 1, "{name}({y:e}, {x:e}) = {found:e}, not {expected:e}");
            }
        }
    }
}

#[test]
fn angles_and_distances_of_special_points_are_those_of_the_standard() {
    let tiny = f64::from_bits(1);
    let positive = [0.0, tiny, 1e-310, 1e-200, 1e-140, 1e-50, 0.25, 0.5, 0.7, 1.0, 1.5, 1e50, 1e140, 1e200, f64::MAX];
    let mut special: Vec<f64> = positive.iter().flat_map(|&x| [x, -x]).collect();
    special.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    for (name, along, _) in OF_POINTS {
        let reference: fn(f64, f64) -> f64 = if name == "atan2" { f64::atan2 } else { f64::hypot };
        for &y in &special {
            // All at once, and each alone; one coordinate for many points.
            let mut together = vec![0.0; special.len()];
            along(&[y], &special, &mut together);
            for (&x, together) in special.iter().zip(together) {
                let mut out = [0.0];
                along(&[y], &[x], &mut out);
                let expected = reference(y, x);
                assert!(steps(out[0], expected) <= 1, "{name}({y:e}, {x:e}) = {:e}, not {expected:e}", out[0]);
                assert!(
                    out[0].is_nan() || out[0].is_sign_negative() == expected.is_sign_negative(),
                    "{name}({y}, {x})"
                );
                assert!(out[0].to_bits() == together.to_bits() || out[0].is_nan(), "{name}({y}, {x})");
            }
        }
    }
}

#[test]
fn neither_place_nor_company_changes_a_bit() {
    let mut random = Random::new(8);
    let mut x: Vec<f64> = (0..67).map(|_| 30.0 * random.number()).collect();
    x[5] = f64::NAN;
    x[40] = 1e9;
    for Case { name, along, .. } in CASES {
        let alone = x.iter().map(|x| {
            let mut out = [0.0];
            along(&[*x], &mut out);
            out[0].to_bits()
        });
        let alone: Vec<u64> = alone.collect();
        for start in 0..9 {
            let mut out = vec![0.0; x.len() - start];
            along(&x[start..], &mut out);
            assert!(out.iter().map(|y| y.to_bits()).eq(alone[start..].iter().copied()), "{name} from {start} on");
        }
    }
}
