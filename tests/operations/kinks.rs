//! Where a derivative follows a convention: which, in both modes, and that the answer says so.

use serde_json::json;

use crate::cases::public;
use crate::numerics::{Array, MODES, Program, ask};
use jacobi::engine::Endpoint;

/// An expression in `x` (and `y`), a point, the derivative by each, and where the answer reports a
/// kink: operation and element.
struct Kink(&'static str, &'static [(&'static [usize], &'static [f64])], &'static [&'static [f64]], Report);

/// Operation and element, or nothing at points that are no kink.
type Report = Option<(&'static str, &'static [usize])>;

const THIRD: f64 = 1.0 / 3.0;

const KINKS: &[Kink] = &[
    Kink(
        "relu(x)",
        &[(&[3], &[0.0, -1.0, 2.0])],
        &[&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]],
        Some(("relu", &[0])),
    ),
    Kink("relu(x)", &[(&[], &[-0.0])], &[&[0.0]], Some(("relu", &[]))),
    Kink("abs(x)", &[(&[2], &[-3.0, 0.0])], &[&[-1.0, 0.0, 0.0, 0.0]], Some(("abs", &[1]))),
    Kink("leaky_relu(x)", &[(&[], &[0.0])], &[&[0.01]], Some(("leaky_relu", &[]))),
    Kink("elu(x, alpha=0.5)", &[(&[], &[0.0])], &[&[0.5]], Some(("elu", &[]))),
    Kink("elu(x)", &[(&[], &[0.0])], &[&[1.0]], None),
    Kink("softplus(x)", &[(&[], &[0.0])], &[&[0.5]], None),
    Kink("sign(x)", &[(&[2], &[1.0, 0.0])], &[&[0.0; 4]], Some(("sign", &[1]))),
    Kink("floor(x)", &[(&[2], &[0.5, 2.0])], &[&[0.0; 4]], Some(("floor", &[1]))),
    Kink("ceil(x)", &[(&[2], &[-1.0, 0.5])], &[&[0.0; 4]], Some(("ceil", &[0]))),
    Kink("round(x)", &[(&[3], &[2.0, 2.4, 2.5])], &[&[0.0; 9]], Some(("round", &[2]))),
    Kink(
        "hypot(x, y)",
        &[(&[2], &[3.0, 0.0]), (&[2], &[4.0, 0.0])],
        &[&[0.6, 0.0, 0.0, 0.0], &[0.8, 0.0, 0.0, 0.0]],
        Some(("hypot", &[1])),
    ),
    Kink("norm(x)", &[(&[3], &[0.0; 3])], &[&[0.0; 3]], Some(("norm", &[]))),
    Kink(
        "norm(x, axis=1)",
        &[(&[2, 2], &[3.0, 4.0, 0.0, 0.0])],
        &[&[0.6, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
        Some(("norm", &[1])),
    ),
    Kink("norm(x)", &[(&[3], &[0.0, 3.0, 4.0])], &[&[0.0, 0.6, 0.8]], None),
    Kink("norm(x)", &[(&[2], &[3e-200, 4e-200])], &[&[0.6, 0.8]], None),
    Kink("norm(x)", &[(&[2], &[3e200, -4e200])], &[&[0.6, -0.8]], None),
    Kink("std(x)", &[(&[3], &[2.0; 3])], &[&[0.0; 3]], Some(("std", &[]))),
    Kink("std(x)", &[(&[3], &[0.1; 3])], &[&[0.0; 3]], Some(("std", &[]))),
    Kink("std(x, ddof=1)", &[(&[7], &[0.1; 7])], &[&[0.0; 7]], Some(("std", &[]))),
    Kink("std(x)", &[(&[1], &[1e300])], &[&[0.0]], Some(("std", &[]))),
    Kink(
        "std(x, axis=0)",
        &[(&[2, 2], &[0.1, 1.0, 0.1, 3.0])],
        &[&[0.0, 0.0, 0.0, 0.0, 0.0, -0.5, 0.0, 0.5]],
        Some(("std", &[0])),
    ),
    Kink("var(x)", &[(&[3], &[0.1; 3])], &[&[0.0; 3]], None),
    Kink("max(x)", &[(&[3], &[1.0, 3.0, 3.0])], &[&[0.0, 0.5, 0.5]], Some(("max", &[]))),
    Kink("max(x)", &[(&[3], &[2.0; 3])], &[&[THIRD; 3]], Some(("max", &[]))),
    Kink(
        "max(x, axis=1)",
        &[(&[2, 2], &[1.0, 2.0, 5.0, 5.0])],
        &[&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]],
        Some(("max", &[1])),
    ),
    Kink("max(x)", &[(&[3], &[1.0, 1.0, 3.0])], &[&[0.0, 0.0, 1.0]], None),
    Kink(
        "max_pool(x, [2])",
        &[(&[4], &[1.0, 1.0, 2.0, 3.0])],
        &[&[0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]],
        Some(("max_pool", &[0])),
    ),
    // Padding is below every number: it neither wins nor takes a share.
    Kink("max_pool(x, [2], padding=1)", &[(&[2], &[-3.0, -7.0])], &[&[1.0, 0.0, 0.0, 1.0]], None),
    Kink("min(x)", &[(&[3], &[1.0, 1.0, 3.0])], &[&[0.5, 0.5, 0.0]], Some(("min", &[]))),
    Kink(
        "maximum(x, y)",
        &[(&[2], &[2.0, 1.0]), (&[2], &[2.0, 0.0])],
        &[&[0.5, 0.0, 0.0, 1.0], &[0.5, 0.0, 0.0, 0.0]],
        Some(("maximum", &[0])),
    ),
    Kink("maximum(x, 0)", &[(&[], &[0.0])], &[&[0.5]], Some(("maximum", &[]))),
    Kink(
        "minimum(x, y)",
        &[(&[2], &[2.0, 1.0]), (&[2], &[2.0, 0.0])],
        &[&[0.5, 0.0, 0.0, 0.0], &[0.5, 0.0, 0.0, 1.0]],
        Some(("minimum", &[0])),
    ),
    Kink("minimum(x, x)", &[(&[], &[2.0])], &[&[1.0]], Some(("minimum", &[]))),
    Kink("clip(x, 0, 1)", &[(&[], &[0.0])], &[&[0.5]], Some(("clip", &[]))),
    Kink("clip(x, 0, 1)", &[(&[], &[1.0])], &[&[0.5]], Some(("clip", &[]))),
    Kink(
        "clip(x, y, 2)",
        &[(&[2], &[1.5, 1.0]), (&[], &[1.0])],
        &[&[1.0, 0.0, 0.0, 0.5], &[0.0, 0.5]],
        Some(("clip", &[1])),
    ),
    Kink("clip(x, 0, 1)", &[(&[2], &[0.5, 7.0])], &[&[1.0, 0.0, 0.0, 0.0]], None),
    // By the base, or by an exponent of another base, a power has no kink.
    Kink("x^y", &[(&[], &[0.0]), (&[], &[2.0])], &[&[0.0], &[0.0]], Some(("power", &[]))),
    Kink("x^y", &[(&[], &[0.0]), (&[], &[2.5])], &[&[0.0], &[0.0]], Some(("power", &[]))),
    Kink("x^y", &[(&[], &[0.0]), (&[], &[1.0])], &[&[1.0], &[0.0]], Some(("power", &[]))),
    Kink("2 * x^y", &[(&[], &[0.0]), (&[], &[2.0])], &[&[0.0]], None),
    Kink("0^x", &[(&[], &[2.0])], &[&[0.0]], Some(("power", &[]))),
    Kink("x^y", &[(&[], &[-2.0]), (&[], &[3.0])], &[&[12.0]], None),
    Kink("x^2.5", &[(&[], &[0.0])], &[&[0.0]], None),
    Kink("x^3", &[(&[], &[0.0])], &[&[0.0]], None),
    Kink("x^0", &[(&[], &[0.0])], &[&[0.0]], None),
    Kink("power(x, y)", &[(&[], &[3.0]), (&[], &[0.0])], &[&[0.0]], None),
    Kink("xlogy(2 * 0, x)", &[(&[2], &[0.0, 3.0])], &[&[0.0; 4]], Some(("xlogy", &[0]))),
    Kink("xlogy(x, 3)", &[(&[], &[0.0])], &[&[1.098_612_288_668_109_8]], None),
    Kink("prod(x)", &[(&[3], &[0.0, 2.0, 3.0])], &[&[6.0, 0.0, 0.0]], None),
    Kink("prod(x)", &[(&[3], &[0.0, 0.0, 3.0])], &[&[0.0; 3]], None),
    Kink("prod(x, axis=0)", &[(&[2, 2], &[0.0, 5.0, 2.0, 0.0])], &[&[2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0]], None),
    Kink("det(x)", &[(&[2, 2], &[0.0; 4])], &[&[0.0; 4]], None),
    Kink("logsumexp(x)", &[(&[2], &[3.0, 3.0])], &[&[0.5, 0.5]], None),
    Kink("softmax(x)[0]", &[(&[2], &[3.0, 3.0])], &[&[0.25, -0.25]], None),
    Kink(
        "eigvalsh(x)",
        &[(&[3, 3], &[5.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0])],
        &[&[
            0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5, //
            0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5, //
            1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        ]],
        Some(("eigvalsh", &[0])),
    ),
    Kink("sum(eigvalsh(x))", &[(&[2, 2], &[1.0, 0.0, 0.0, 1.0])], &[&[1.0, 0.0, 0.0, 1.0]], Some(("eigvalsh", &[0]))),
    Kink("sum(eigvals(x))", &[(&[2, 2], &[1.0, 0.0, 0.0, 1.0])], &[&[1.0, 0.0, 0.0, 1.0]], Some(("eigvals", &[0]))),
    Kink("eigh(x)[0][0]", &[(&[2, 2], &[0.0; 4])], &[&[0.5, 0.0, 0.0, 0.5]], Some(("eigh", &[0]))),
    Kink("eigvalsh(x)", &[(&[1, 1], &[0.0])], &[&[1.0]], None),
    Kink("eigvalsh(x)[0]", &[(&[2, 2], &[1.0, 0.0, 0.0, 3.0])], &[&[1.0, 0.0, 0.0, 0.0]], None),
    Kink(
        "svdvals(x)",
        &[(&[2, 2], &[3.0, 0.0, 0.0, 3.0])],
        &[&[0.5, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5]],
        Some(("svdvals", &[0])),
    ),
    Kink(
        "svd(x)[1]",
        &[(&[2, 3], &[2.0, 0.0, 0.0, 0.0, 0.0, 0.0])],
        &[&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
        Some(("svd", &[1])),
    ),
    Kink("svdvals(x)", &[(&[1, 1], &[0.0])], &[&[0.0]], Some(("svdvals", &[0]))),
    Kink("svdvals(x)", &[(&[1, 1], &[-2.0])], &[&[-1.0]], None),
    Kink("x * (x == 2) + (x > 2)", &[(&[], &[2.0])], &[&[1.0]], None),
    // A value that the derivative does not pass through is no kink of it.
    Kink("where(abs(x) > 1, x, 2 * x)", &[(&[], &[0.0])], &[&[2.0]], None),
    Kink("x + relu(0 * 2)", &[(&[], &[1.0])], &[&[1.0]], None),
];

#[test]
fn kinks_follow_their_conventions_and_are_reported() {
    for Kink(expression, point, expected, report) in KINKS {
        let names = &["x", "y"][..point.len()];
        let program = Program::expression(names, expression);
        let at: Vec<Array> = point.iter().map(|(shape, data)| Array::new(shape, data.to_vec())).collect();
        for mode in MODES {
            // Where the derivative by `y` is not told, it is not asked for.
            let mut document = program.document(&at, mode);
            document["wrt"] = json!(names[..expected.len()]);
            let answer = ask(&document, Endpoint::Jacobian).unwrap_or_else(|f| panic!("{expression}: {f:?}"));
            for (name, &expected) in names.iter().zip(*expected) {
                let block = Array::read(&answer["jacobian"]["f"][name]);
                let close = block.data.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2e-16);
                assert!(
                    close && block.data.len() == expected.len(),
                    "{expression} by {name} ({mode}) at {at:?}: {block:?}, expected {expected:?}"
                );
            }
            let kinks: Vec<_> =
                answer["warnings"].as_array().expect("warnings").iter().filter(|w| w["code"] == "kink").collect();
            match (report, kinks.as_slice()) {
                (None, []) => {}
                (Some((operation, element)), [kink, ..]) => {
                    assert_eq!(kink["operation"], json!(operation), "{expression}: {kink}");
                    assert_eq!(kink["element"], json!(element), "{expression}: {kink}");
                    assert_eq!(kink["stage"], json!("f"), "{expression}: {kink}");
                }
                _ => panic!("{expression} ({mode}) at {at:?} reports {kinks:?}"),
            }
        }
    }
}

#[test]
fn every_operation_with_a_kink_is_looked_at_there() {
    for (_, row) in public().filter(|(_, row)| !row.kinks.is_empty()) {
        let called = format!("{}(", row.name);
        assert!(KINKS.iter().any(|k| k.0.contains(&called)), "no kink of {} is tested", row.name);
    }
}

#[test]
fn a_kink_in_a_batch_names_its_point() {
    let document = json!({
        "define": { "g(x)": "abs(x)", "f(x)": "sum(g(x))" },
        "at": [{ "x": [1, 2] }, { "x": [1, 0] }, { "x": [0, 1] }],
        "of": "f",
    });
    let answer = ask(&document, Endpoint::Jacobian).expect("an answer");
    let kink = &answer["warnings"][0];
    assert_eq!((&kink["stage"], &kink["element"]), (&json!("g"), &json!([1, 1])));
}

#[test]
fn values_alone_are_never_at_a_kink() {
    let document = json!({ "define": { "f(x)": "abs(x)" }, "at": { "x": 0 } });
    assert_eq!(ask(&document, Endpoint::Value).expect("an answer")["warnings"], json!([]));
}
