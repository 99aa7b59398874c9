//! Special functions and their first derivatives over their whole range, tails and poles included: each number to a
//! relative tolerance of its own size.

use serde_json::{Value, json};

use crate::ask::{Jacobi, golden, names, number, numbers};

/// The largest relative difference, and the element it is at; a zero must be exact.
fn worst(got: &[f64], expected: &[f64]) -> (f64, usize) {
    assert_eq!(got.len(), expected.len(), "number of entries");
    let error = |(g, e): (&f64, &f64)| if g == e { 0.0 } else { ((g - e) / e).abs() };
    let errors = got.iter().zip(expected).map(error).enumerate();
    errors.fold((0.0, 0), |worst, (i, e)| if e > worst.0 || e.is_nan() { (e, i) } else { worst })
}

/// Value and derivative by each input of a function applied element by element.
async fn asked(jacobi: &Jacobi, row: &Value, mode: &str) -> (Vec<f64>, Vec<Vec<f64>>) {
    let inputs = names(&row["inputs"]);
    let document = json!({
        "define": { format!("f({})", inputs.join(", ")): row["call"] },
        "at": row["at"],
        "mode": mode,
    });
    let (status, body) = jacobi.send(&document).await;
    assert_eq!(status, 200, "{}: {body}", row["call"]);
    let value = numbers(&body["value"]["f"]["data"]);
    let slopes = inputs.iter().map(|input| {
        let matrix = numbers(&body["jacobian"]["f"][input]["data"]);
        let count = value.len();
        let off = (0..count * count).filter(|k| k % (count + 1) != 0);
        assert!(off.map(|k| matrix[k]).all(|x| x == 0.0), "{}: elements depend on each other", row["call"]);
        (0..count).map(|k| matrix[k * (count + 1)]).collect()
    });
    let slopes = slopes.collect();
    (value, slopes)
}

#[tokio::test]
async fn special_functions_and_their_derivatives_keep_their_digits_everywhere() {
    let jacobi = Jacobi::shared();
    let expected = golden("special");
    let mut wrong = Vec::new();
    for row in expected["functions"].as_array().expect("functions") {
        let tolerance = number(&row["tolerance"]);
        for mode in ["forward", "reverse"] {
            let (value, slopes) = asked(&jacobi, row, mode).await;
            let mut check = |what: &str, got: &[f64], known: &Value| {
                let known = numbers(known);
                let (error, i) = worst(got, &known);
                if error.is_nan() || error > tolerance {
                    let at = names(&row["inputs"]).iter().map(|n| row["at"][n][i].to_string()).collect::<Vec<_>>();
                    let (call, got, known) = (&row["call"], got[i], known[i]);
                    wrong.push(format!("{call} {what} ({mode}) at {at:?}: {got:e} for {known:e}, off by {error:.1e}"));
                }
            };
            check("value", &value, &row["value"]);
            for (input, slope) in names(&row["inputs"]).iter().zip(&slopes) {
                check(&format!("by {input}"), slope, &row["derivative"][input]);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
