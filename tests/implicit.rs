//! Values defined by equations (roots, fixed points, minima, trajectories): found to the last digits, and
//! differentiated as closed forms are; what cannot be found is refused.

mod support;

use serde_json::{Value, json};
use support::{ask, numbers};

fn close(what: &str, got: &Value, expected: &[f64], tolerance: f64) {
    let got = numbers(got);
    assert_eq!(got.len(), expected.len(), "{what}: {got:?}");
    let scale = expected.iter().fold(1e-300, |m: f64, x| m.max(x.abs()));
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() <= tolerance * scale, "{what}: {got:?} is not {expected:?}");
    }
}

/// Values, Jacobians in both modes.
async fn both(document: &Value) -> Value {
    let mut document = document.clone();
    document["mode"] = json!("reverse");
    let reverse = ask("/jacobian", &document).await;
    document["mode"] = json!("forward");
    let forward = ask("/jacobian", &document).await;
    for (output, blocks) in forward["jacobian"].as_object().unwrap_or_else(|| panic!("{forward}")) {
        for (input, block) in blocks.as_object().expect("blocks") {
            let pulled = numbers(&reverse["jacobian"][output][input]["data"]);
            close("forward is reverse", &block["data"], &pulled, 1e-12);
        }
    }
    forward
}

#[tokio::test]
async fn a_root_moves_with_its_parameters_by_the_implicit_function_theorem() {
    let document = json!({
        "define": { "g(z, a)": "z^2 - a", "f(a)": "root(g, 1, a)" },
        "at": { "a": 7 }
    });
    let z = 7f64.sqrt();
    let answer = both(&document).await;
    close("√7", &answer["value"]["f"]["data"], &[z], 1e-15);
    close("1/(2√7)", &answer["jacobian"]["f"]["a"]["data"], &[0.5 / z], 1e-14);
    let second = ask("/hessian", &document).await;
    close("-1/(4·7^1.5)", &second["hessian"]["f"]["a"]["a"]["data"], &[-0.25 / z.powi(3)], 1e-13);
}

#[tokio::test]
async fn keplers_equation_is_solved_for_a_batch_of_anomalies() {
    let anomalies = [0.3, 1.0, 2.5, 6.0];
    let document = json!({
        "define": { "kepler(E, M, e)": "E - e*sin(E) - M", "f(M, e)": "root(kepler, M, M, e)" },
        "at": { "M": anomalies, "e": 0.6 }, "batch": "M"
    });
    let answer = both(&document).await;
    let found = numbers(&answer["value"]["f"]["data"]);
    for (i, (&m, &e)) in anomalies.iter().zip(&found).enumerate() {
        assert!((e - 0.6 * e.sin() - m).abs() < 4e-16 * m.max(1.0), "{e} at {m}");
        let by_m = 1.0 / (1.0 - 0.6 * e.cos());
        close("∂E/∂M", &answer["jacobian"]["f"]["M"]["data"][i], &[by_m], 1e-13);
        close("∂E/∂e", &answer["jacobian"]["f"]["e"]["data"][i], &[e.sin() * by_m], 1e-13);
    }
}

#[tokio::test]
async fn several_unknowns_of_any_shape_are_solved_for_together_and_constants_count() {
    // The intersection of a circle and a line, and beside it a linear system for a matrix.
    let document = json!({
        "define": {
            "g(u, r)": ["p, X = u", "[[sum(p^2) - r^2, p[0] - p[1]], A @ X - eye(2)]"],
            "f(r)": ["p, X = root(g, [[1, 0.5], [[1, 0], [0, 1]]], r)", "concatenate([p, ravel(X)])"]
        },
        "constants": { "A": [[2, 1], [1, 3]] },
        "at": { "r": 5 }, "wrt": ["r", "A"]
    });
    let answer = both(&document).await;
    let half = 12.5f64.sqrt();
    close("x", &answer["value"]["f"]["data"], &[half, half, 0.6, -0.2, -0.2, 0.4], 1e-15);
    close("by r", &answer["jacobian"]["f"]["r"]["data"], &[half / 5.0, half / 5.0, 0.0, 0.0, 0.0, 0.0], 1e-14);
    let by_a = numbers(&answer["jacobian"]["f"]["A"]["data"]);
    // d(A⁻¹)ᵢⱼ/dAₖₗ = -A⁻¹ᵢₖ A⁻¹ₗⱼ
    let inverse = [[0.6, -0.2], [-0.2, 0.4]];
    for (i, j, k, l) in (0..16).map(|e| (e / 8, e / 4 % 2, e / 2 % 2, e % 2)) {
        let found = by_a[(2 + 2 * i + j) * 4 + 2 * k + l];
        assert!((found + inverse[i][k] * inverse[l][j]).abs() < 1e-14);
    }
}

#[tokio::test]
async fn a_fixed_point_is_the_one_that_applying_the_function_leads_to() {
    let document = json!({
        "define": { "g(x, a)": "cos(a*x)", "f(a)": "fixed_point(g, 0.5, a)" }, "at": { "a": 1 }
    });
    let answer = both(&document).await;
    let x = 0.739_085_133_215_160_6_f64;
    close("Dottie's number", &answer["value"]["f"]["data"], &[x], 1e-15);
    close("derivative", &answer["jacobian"]["f"]["a"]["data"], &[-x * x.sin() / (1.0 + x.sin())], 1e-14);
}

#[tokio::test]
async fn a_minimum_moves_with_what_is_minimised() {
    let document = json!({
        "define": {
            "valley(x, p)": "(p[0] - x[0])^2 + p[1]*(x[1] - x[0]^2)^2 + 0.1*x[1]",
            "f(p)": "minimize(valley, [-1.2, 1], p)"
        },
        "at": { "p": [1, 100] }, "verify": true
    });
    let answer = both(&document).await;
    let x = numbers(&answer["value"]["f"]["data"]);
    let slope = [-2.0 * (1.0 - x[0]) - 400.0 * x[0] * (x[1] - x[0] * x[0]), 200.0 * (x[1] - x[0] * x[0]) + 0.1];
    assert!(slope.iter().all(|s| s.abs() < 1e-13), "{slope:?}");
    assert!(answer["verify"]["relative"].as_f64().is_some_and(|r| r < 1e-7), "{answer}");
}

#[tokio::test]
async fn what_is_not_found_is_refused_and_never_a_wrong_number() {
    for (define, word) in [
        (json!({ "g(z)": "z^2 + 1", "f(x)": "root(g, x)" }), "root"),
        (json!({ "g(z)": "z^2", "f(x)": "0*x + root(g, 0*x)" }), "root"),
        (json!({ "g(z)": "2*z + 1", "f(x)": "fixed_point(g, x)" }), "fixed_point"),
        (json!({ "g(z)": "-z^2", "f(x)": "minimize(g, x)" }), "minimize"),
        (json!({ "g(z)": "z[0]^2 - z[1]^2", "f(x)": "minimize(g, [x, 0])" }), "minimize"),
        (json!({ "g(y, t)": "y^2", "f(x)": "odeint(g, x, [0, 0.5, 2])" }), "odeint"),
    ] {
        let answer = ask("/jacobian", &json!({ "define": define, "of": "f", "at": { "x": 1 } })).await;
        assert_eq!(answer["code"], "non_finite", "{define}: {answer}");
        let error = &answer["errors"][0];
        assert!(error["detail"].as_str().is_some_and(|d| d.contains(word)), "{answer}");
        assert!(error["hint"].as_str().is_some_and(|h| h.contains("undefined: ")), "{answer}");
    }
}

#[tokio::test]
async fn misfits_are_told_where_they_stand() {
    for (body, code) in [
        ("root(g, [x, x])", "shape"),
        ("root(x, 1)", "invalid_value"),
        ("root(g)", "arity"),
        ("minimize(h, x)", "not_scalar"),
        ("odeint(m, x, [0, 1])", "shape"),
        ("odeint(k, x, 1)", "shape"),
        ("odeint(k, x, [0, 1], rtol=0)", "invalid_value"),
    ] {
        let define = json!({ "g(z)": "sum(z)", "h(z)": "[z, z]", "k(y, t)": "-y", "m(y, t)": "[y, t]", "f(x)": body });
        let answer = ask("/value", &json!({ "define": define, "of": "f", "at": { "x": 1 } })).await;
        let error = &answer["errors"][0];
        assert_eq!(error["code"], code, "{body}: {answer}");
        assert!(error["pointer"].as_str().is_some_and(|p| p.starts_with("/define/f(x)")), "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_trajectory_and_its_sensitivities_are_those_of_the_closed_form() {
    // y'' = -w² y: y = y0 cos wt + v0/w sin wt.
    let document = json!({
        "define": { "rhs(s, t, w)": "[s[1], -w^2*s[0]]", "f(s, w, ts)": "odeint(rhs, s, ts, w, rtol=1e-11, atol=1e-13)[:, 0]" },
        "of": "f",
        "at": { "s": [0.8, -0.3], "w": 1.7, "ts": [0.5, 1.0, 2.5, 4.0] }
    });
    let answer = both(&document).await;
    let (y0, v0, w, t0) = (0.8, -0.3, 1.7f64, 0.5);
    let times = [0.5, 1.0, 2.5, 4.0];
    let rows = |row: &dyn Fn(f64, f64, f64) -> Vec<f64>| -> Vec<f64> {
        times.iter().flat_map(|t| row(t - t0, (w * (t - t0)).cos(), (w * (t - t0)).sin())).collect()
    };
    close("y", &answer["value"]["f"]["data"], &rows(&|_, c, s| vec![y0 * c + v0 / w * s]), 1e-9);
    close("by s", &answer["jacobian"]["f"]["s"]["data"], &rows(&|_, c, s| vec![c, s / w]), 1e-9);
    let by_w = rows(&|t, c, s| vec![-y0 * t * s + v0 * (t * c / w - s / (w * w))]);
    close("by w", &answer["jacobian"]["f"]["w"]["data"], &by_w, 1e-9);
    let by_ts = numbers(&answer["jacobian"]["f"]["ts"]["data"]);
    for (i, t) in times.iter().enumerate().skip(1) {
        let speed = -y0 * w * (w * (t - t0)).sin() + v0 * (w * (t - t0)).cos();
        assert!((by_ts[i * 4 + i] - speed).abs() < 1e-8, "{by_ts:?}");
        assert!((by_ts[i * 4] + speed).abs() < 1e-8, "a later start is an earlier end");
    }
}

#[tokio::test]
async fn a_trajectory_depends_on_time_and_may_run_backwards_in_a_batch() {
    // y' = a t y: y = y0 exp(a (t² - t0²)/2).
    let document = json!({
        "define": { "rhs(y, t, a)": "a*t*y", "f(y, a)": "odeint(rhs, y, [2, 1, 0], a)" },
        "of": "f", "at": [{ "y": 1.0, "a": 0.5 }, { "y": -2.0, "a": -1.0 }]
    });
    let answer = both(&document).await;
    for (i, (y, a)) in [(1.0, 0.5), (-2.0, -1.0)].into_iter().enumerate() {
        let row = |t: f64| (a * (t * t - 4.0) / 2.0f64).exp();
        let expected: Vec<f64> = [2.0, 1.0, 0.0].iter().map(|&t| y * row(t)).collect();
        close("y", &answer["value"]["f"]["data"][i], &expected, 1e-8);
        let by_a: Vec<f64> = [2.0, 1.0, 0.0].iter().map(|&t: &f64| y * row(t) * (t * t - 4.0) / 2.0).collect();
        close("by a", &answer["jacobian"]["f"]["a"]["data"][i], &by_a, 1e-7);
    }
}

#[tokio::test]
async fn solvers_nest_in_loops_and_in_each_other() {
    // The implicit midpoint rule, a root in every step, for y' = -k y: y_{n+1} = y_n (1 - hk/2)/(1 + hk/2).
    let document = json!({
        "define": {
            "equation(z, y, k)": "z - y + 0.1*k*(y + z)/2",
            "step(y, k)": "root(equation, y, y, k)",
            "f(y, k)": "repeat(step, y, 4, k)",
            "miss(k, target)": "f(1, k) - target",
            "h(target)": "root(miss, 0.5, target)"
        },
        "of": ["f", "h"], "at": { "y": 2, "k": 0.7, "target": 0.8 }
    });
    let answer = both(&document).await;
    let factor = |k: f64| ((1.0 - 0.05 * k) / (1.0 + 0.05 * k)).powi(4);
    let slope = |k: f64| factor(k) * 4.0 * (-0.05 / (1.0 - 0.05 * k) - 0.05 / (1.0 + 0.05 * k));
    close("f", &answer["value"]["f"]["data"], &[2.0 * factor(0.7)], 1e-14);
    close("by y", &answer["jacobian"]["f"]["y"]["data"], &[factor(0.7)], 1e-13);
    close("by k", &answer["jacobian"]["f"]["k"]["data"], &[2.0 * slope(0.7)], 1e-13);
    let found = numbers(&answer["value"]["h"]["data"])[0];
    assert!((factor(found) - 0.8).abs() < 1e-15, "{found}");
    close("by the target", &answer["jacobian"]["h"]["target"]["data"], &[1.0 / slope(found)], 1e-12);
}
