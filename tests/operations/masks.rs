//! `where` never lets the branch not taken poison a derivative, whatever is computed there.

use serde_json::{Value, json};

use crate::numerics::{Array, MODES, ask};
use jacobi::engine::Endpoint;

/// `f(x)`, helper functions, the point, the gradient.
struct Mask(&'static str, &'static [(&'static str, &'static str)], &'static [f64], &'static [f64]);

const MASKS: &[Mask] = &[
    Mask("sum(where(x > 0, sqrt(x), 0*x))", &[], &[4.0, 0.0, -1.0], &[0.25, 0.0, 0.0]),
    Mask("sum(where(x > 0, log(x), 0))", &[], &[2.0, 0.0, -1.0], &[0.5, 0.0, 0.0]),
    Mask("sum(where(x > 0, 1/x, x))", &[], &[2.0, 0.0, -1.0], &[-0.25, 1.0, 1.0]),
    Mask("sum(where(x <= 0, 3*x, 1/x))", &[], &[2.0, 0.0, -1.0], &[-0.25, 3.0, 3.0]),
    Mask("sum(where(x > 0, x^1.5, 0))", &[], &[4.0, 0.0, -1.0], &[3.0, 0.0, 0.0]),
    Mask("sum(where(x > 0, 2^(1/x), 0))", &[], &[1.0, 0.0, -0.0], &[-1.386_294_361_119_890_6, 0.0, 0.0]),
    Mask("sum(where(x > 0, log(x)^x, x))", &[], &[1.0, 0.0, -1.0], &[1.0, 1.0, 1.0]),
    Mask("sum(where(x > 0, sqrt(log(x)/x), 5*x))", &[], &[0.0, -1.0, 0.0], &[5.0, 5.0, 5.0]),
    Mask(
        "sum(where(x > 5, asin(x) + acosh(x) + atanh(x) + erfinv(x) + lgamma(x) + digamma(x), x))",
        &[],
        &[0.0, 1.0, -1.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask(
        "sum(where(x > 5, hypot(1/x, log(x)) + atan2(1/x, log(x)) + tan(1/x), x))",
        &[],
        &[0.0, 0.0, -1.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask("sum(where(x > 5, x*exp(1/x^2), x))", &[], &[0.0, 1e-3, 1.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum([[1, 2, 3], [4, 5, 6]] @ log(x)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask(
        "where(sum(x) > 9, log(x) @ [[1, 2, 0], [4, 0, 6], [7, 8, 9]] @ log(x), sum(x))",
        &[],
        &[1.0, 0.0, 2.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask("where(sum(x) > 9, sum(outer(log(x), 1/x)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, dot(log(x), x), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(cross(log(x), 1/x)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(solve(diag(x), [1, 2, 3])), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(solve(eye(3), log(x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(inv(diag(x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, det(diag(log(x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, slogdet(diag(x))[1], sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(cholesky(diag(x))), sum(x))", &[], &[1.0, 0.0, -2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(triangular_solve(diag(x), [1, 2, 3])), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(qr(diag(x))[0] + qr(diag(x))[1]), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(svd(diag(x))[0] + svd(diag(x))[2]), sum(x))", &[], &[1.0, 0.0, 1.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(svdvals(diag(1/x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(eigh(outer(x, x))[1]), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(eigvalsh(diag(1/x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(lstsq(diag(x), [1, 2, 3])), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(pinv(outer(x, [1, 2]))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(pinv(outer([1, 2], x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(expm(diag(1/x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(matrix_power(diag(1/x), 3)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(matrix_power(diag(x), -2)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, sum(kron(1/x, log(x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0; 3]),
    Mask("where(sum(x) > 9, norm(1/x), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, std(log(x)) + var(1/x) + mean(sqrt(x)), sum(x))", &[], &[1.0, 0.0, -2.0], &[1.0, 1.0, 1.0]),
    Mask(
        "where(sum(x) > 9, sum(conv1d([log(x)], [[1/x]], padding=2)), sum(x))",
        &[],
        &[1.0, 0.0, 2.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask("where(sum(x) > 9, sum(max_pool(1/x, [2], 1, 1)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(avg_pool(log(x), [2], 1, 1)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(layer_norm(1/x, log(x))), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, sum(attention([1/x], [log(x)], [x])), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, prod(log(x)), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask("where(sum(x) > 9, max(log(x)) + min(1/x), sum(x))", &[], &[1.0, 0.0, 2.0], &[1.0, 1.0, 1.0]),
    Mask(
        "where(sum(x) > 9, logsumexp(1/x) + sum(log_softmax(log(x)) * softmax(1/x)), sum(x))",
        &[],
        &[1.0, 0.0, 2.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask("sum(where(x > 0, cumsum(log(x)), x))", &[], &[-1.0, 0.0, -2.0], &[1.0, 1.0, 1.0]),
    Mask("sum(where(x > 0, cumsum(log(x)), x))", &[], &[2.0, 0.0, -2.0], &[0.5, 1.0, 1.0]),
    Mask(
        "where(sum(x) > 9, einsum('i,ij,j', log(x), outer(1/x, x), sqrt(x)), sum(x))",
        &[],
        &[1.0, 0.0, -2.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask(
        "where(sum(x) > 9, sum(affine(log(x), outer(1/x, x), sqrt(x))), sum(x))",
        &[],
        &[1.0, 0.0, -2.0],
        &[1.0, 1.0, 1.0],
    ),
    Mask(
        "sum(where(x > 1, concatenate([log(x[:2]), [1]]), flip(tile(x[0], 3))))",
        &[],
        &[0.0, 0.0, 1.0],
        &[3.0, 0.0, 0.0],
    ),
    // The guard inside instead of outside.
    Mask("sum(log(where(x > 0, x, 1)))", &[], &[2.0, 0.0, -1.0], &[0.5, 0.0, 0.0]),
    Mask("norm(where(x > 0, log(x), 3))", &[], &[1.0, 0.0, -1.0], &[0.0, 0.0, 0.0]),
    // One inside another, and through functions.
    Mask("sum(where(x > 0, where(x < 1, log(1 - x), 1/(x - 1)), x))", &[], &[0.5, 3.0, -1.0], &[-2.0, -0.25, 1.0]),
    Mask("sum(where(x != 0, where(x > 0, sqrt(x), sqrt(-x)), 7*x))", &[], &[4.0, 0.0, -4.0], &[0.25, 7.0, -0.25]),
    Mask(
        "sum(where(x > 0, g(x), h(x)))",
        &[("g(u)", "log(u)"), ("h(u)", "g(u)*0 + u")],
        &[2.0, 4.0, 8.0],
        &[0.5, 0.25, 0.125],
    ),
    Mask(
        "sum(safe(x, g(x)))",
        &[("g(u)", "sqrt(u) @ [[1, 0, 0], [0, 1, 0], [0, 0, 1]]"), ("safe(u, v)", "where(u > 0, v, u)")],
        &[-1.0, -4.0, -9.0],
        &[1.0, 1.0, 1.0],
    ),
];

#[test]
fn a_branch_not_taken_never_reaches_the_derivative() {
    let mut failures = Vec::new();
    for Mask(expression, helpers, x, gradient) in MASKS {
        let mut define = json!({ "f(x)": expression });
        helpers.iter().for_each(|(signature, body)| define[*signature] = json!(body));
        for mode in MODES {
            let document = json!({ "define": define, "of": "f", "at": { "x": x }, "mode": mode, "encoding": "flat" });
            let found = match ask(&document, Endpoint::Gradient) {
                Ok(answer) => Array::read(&answer["gradient"]["f"]["x"]).data,
                Err(faults) => {
                    failures.push(format!("{expression} ({mode}) at {x:?}: {}", faults[0].detail));
                    continue;
                }
            };
            if !found.iter().zip(*gradient).all(|(a, b)| (a - b).abs() <= 4e-16 * b.abs()) {
                failures.push(format!("{expression} ({mode}) at {x:?}: {found:?}, expected {gradient:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_branch_taken_still_tells_the_truth() {
    let document: Value = json!({ "define": { "f(x)": "sum(where(x >= 0, sqrt(x), 0))" }, "at": { "x": [0, 1] } });
    let faults = ask(&document, Endpoint::Gradient).expect_err("the slope of sqrt at 0 is infinite");
    assert!(faults[0].detail.contains("sqrt"), "{faults:?}");
}
