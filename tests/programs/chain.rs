//! The factors that `trace` shows, multiplied along the chain and added over its paths, are the whole
//! Jacobian.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::numerics::{Array, MODES, Program, agree, ask, told};
use jacobi::engine::Endpoint;

/// Multiplies the factors of a program's chain and compares with its Jacobian.
pub(crate) fn multiplies_out(program: &Program, at: &[Array]) -> Result<(), String> {
    for mode in MODES {
        let mut document = program.document(at, mode);
        document["trace"] = json!(true);
        let answer = ask(&document, Endpoint::Jacobian).map_err(|faults| told(&document, &faults))?;
        let stages = answer["chain"]["stages"].as_array().ok_or("a chain has stages")?;
        let last = stages.last().map(|stage| &stage["value"]["data"]);
        if last.is_some_and(|value| *value != answer["value"]["f"]["data"]) {
            return Err(format!("the last stage of {document} is not its value"));
        }
        for (input, value) in program.inputs.iter().zip(at) {
            let whole = Array::read(&answer["jacobian"]["f"][input]);
            let product = by_input(stages, input, value.data.len())?;
            // Without a stage, `f` is a constant or the input itself.
            let product = if last.is_none() && whole.size() > 0.0 { Some(unit(value.data.len())) } else { product };
            let size = value.size().max(whole.size());
            let fits = match &product {
                Some(product) => agree(product, &whole, 1e-12, size),
                None => whole.size() == 0.0,
            };
            if !fits {
                return Err(format!(
                    "the chain of {document} by {input} ({mode}) gives {product:?}, the Jacobian is {whole:?}: {}",
                    answer["chain"]
                ));
            }
        }
    }
    Ok(())
}

/// The derivative of the last stage by an input, from the stages' own; `None` where no path leads there.
fn by_input(stages: &[Value], input: &str, size: usize) -> Result<Option<Array>, String> {
    let mut known = BTreeMap::from([(input.to_owned(), unit(size))]);
    let mut latest = None;
    for stage in stages {
        let name = stage["name"].as_str().ok_or("a stage has a name")?;
        let mut sum: Option<Array> = None;
        for (by, factor) in stage["jacobian"].as_object().ok_or("a stage has its Jacobian")? {
            let Some(inner) = known.get(by) else { continue };
            let term = product(&Array::read(factor), inner);
            sum = Some(match sum {
                Some(sum) => Array::new(&sum.shape, sum.data.iter().zip(&term.data).map(|(a, b)| a + b).collect()),
                None => term,
            });
        }
        latest.clone_from(&sum);
        if let Some(sum) = sum
            && known.insert(name.to_owned(), sum).is_some()
        {
            return Err(format!("two stages are called {name}"));
        }
    }
    Ok(latest)
}

fn unit(size: usize) -> Array {
    Array::new(&[size, size], (0..size * size).map(|i| f64::from(u8::from(i % (size + 1) == 0))).collect())
}

fn product(a: &Array, b: &Array) -> Array {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    assert_eq!(k, b.shape[0], "factors fit together");
    let entry = |i: usize, j: usize| (0..k).map(|l| a.data[i * k + l] * b.data[l * n + j]).sum();
    Array::new(&[m, n], (0..m * n).map(|e| entry(e / n, e % n)).collect())
}
