//! What the suites on derivatives share: random points, questions to the engine, and the examination
//! of a function by everything that must agree about it.

#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

mod examine;
mod random;

pub(crate) use examine::{Examined, Failure, examine};
pub(crate) use random::Random;

use std::fmt::Write;

use jacobi::engine::{Cancel, Endpoint, Engine};
use jacobi::fault::{Code, Fault};
use serde_json::{Value, json};

/// The ways to differentiate that always apply.
pub(crate) const MODES: [&str; 3] = ["forward", "reverse", "sparse"];

/// Asks the engine; its answer is JSON.
pub(crate) fn ask(document: &Value, endpoint: Endpoint) -> Result<Value, Vec<Fault>> {
    let answer = Engine::default().answer(document.to_string().as_bytes(), endpoint, &Cancel::default())?;
    Ok(serde_json::from_slice(&answer).expect("answers are JSON"))
}

/// An array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

impl Array {
    pub(crate) fn new(shape: &[usize], data: Vec<f64>) -> Self {
        Self { shape: shape.to_vec(), data }
    }

    /// Elements drawn evenly from an interval.
    pub(crate) fn random(random: &mut Random, shape: &[usize], (low, high): (f64, f64)) -> Self {
        let count = shape.iter().product();
        Self::new(shape, (0..count).map(|_| random.between(low, high)).collect())
    }

    /// Reads `"shape"` and flat `"data"` of an answer.
    pub(crate) fn read(value: &Value) -> Self {
        let shape = sizes(&value["shape"]);
        let data = match &value["data"] {
            Value::Array(list) => list.iter().map(|x| x.as_f64().expect("a number")).collect(),
            one => vec![one.as_f64().expect("a number")],
        };
        assert_eq!(shape.iter().product::<usize>(), data.len(), "data of another length than its shape");
        Self { shape, data }
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "shape": self.shape, "data": self.data })
    }

    /// Arrays of one shape along a new leading axis.
    pub(crate) fn stack<'a>(arrays: impl IntoIterator<Item = &'a Self>) -> Self {
        let arrays: Vec<&Self> = arrays.into_iter().collect();
        let shape = std::iter::once(arrays.len()).chain(arrays[0].shape.iter().copied()).collect();
        Self { shape, data: arrays.iter().flat_map(|a| a.data.iter().copied()).collect() }
    }

    /// Entry `i` along the leading axis.
    pub(crate) fn entry(&self, i: usize) -> Self {
        let shape = &self.shape[1..];
        let size: usize = shape.iter().product();
        Self::new(shape, self.data[i * size..(i + 1) * size].to_vec())
    }

    /// The largest size of an element.
    pub(crate) fn size(&self) -> f64 {
        self.data.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
    }

    /// The largest difference of two arrays of one shape; infinite for others.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        if self.shape != other.shape {
            return f64::INFINITY;
        }
        let differences = self.data.iter().zip(&other.data).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, |m: f64, d| if d.is_nan() { f64::NAN } else { m.max(d) })
    }
}

/// A list of lengths.
pub(crate) fn sizes(value: &Value) -> Vec<usize> {
    let list = value.as_array().expect("a list of lengths");
    list.iter().map(|n| usize::try_from(n.as_u64().expect("a length")).expect("a length")).collect()
}

/// A function `f` as a document defines it, and the names of its inputs.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) define: Value,
    pub(crate) inputs: Vec<String>,
}

/// A value for each input.
pub(crate) type Point = Vec<Array>;

/// The value of `f` and its derivative by each input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Derivative {
    pub(crate) value: Array,
    pub(crate) blocks: Vec<Array>,
}

impl Program {
    /// `f` of some inputs, as one expression.
    pub(crate) fn expression(inputs: &[&str], expression: &str) -> Self {
        let signature = format!("f({})", inputs.join(", "));
        Self { define: json!({ signature: expression }), inputs: inputs.iter().map(|&n| n.to_owned()).collect() }
    }

    /// The document that asks for `f` at a point.
    pub(crate) fn document(&self, at: &[Array], mode: &str) -> Value {
        let at: serde_json::Map<String, Value> = self.inputs.iter().cloned().zip(at.iter().map(Array::json)).collect();
        json!({ "define": self.define, "of": "f", "at": at, "mode": mode, "encoding": "flat" })
    }

    /// Value and Jacobian at a point.
    pub(crate) fn jacobian(&self, at: &[Array], mode: &str) -> Result<Derivative, String> {
        self.differentiate(&self.document(at, mode))
    }

    /// Value and Jacobian at a point, the chain rule multiplied factor by factor; `None` where all is one
    /// factor.
    pub(crate) fn mixed(&self, at: &[Array]) -> Result<Option<Derivative>, String> {
        let document = self.document(at, "mixed");
        match ask(&document, Endpoint::Jacobian) {
            Err(faults) if faults[0].code == Code::Unsupported && faults[0].pointer == "/mode" => Ok(None),
            _ => self.differentiate(&document).map(Some),
        }
    }

    /// Value and Jacobian that a document of this function asks for; shapes are checked.
    pub(crate) fn differentiate(&self, document: &Value) -> Result<Derivative, String> {
        let answer = ask(document, Endpoint::Jacobian).map_err(|faults| told(document, &faults))?;
        let value = Array::read(&answer["value"]["f"]);
        let mut blocks = Vec::new();
        for name in &self.inputs {
            let block = &answer["jacobian"]["f"][name];
            let (m, n) = (sizes(&block["output_shape"]), sizes(&block["input_shape"]));
            let matrix = Array::read(block);
            let lead = value.shape.len() - m.len();
            let mut expected = value.shape[..lead].to_vec();
            expected.extend([m.iter().product::<usize>(), n.iter().product()]);
            if matrix.shape != expected || value.shape[lead..] != m {
                return Err(format!("the shapes of df/d{name} do not fit in {answer} of {document}"));
            }
            blocks.push(matrix);
        }
        Ok(Derivative { value, blocks })
    }

    /// Values at many points, from one request.
    pub(crate) fn values(&self, points: &[Point]) -> Result<Vec<Array>, String> {
        let stacked: Vec<Array> = (0..self.inputs.len()).map(|i| Array::stack(points.iter().map(|p| &p[i]))).collect();
        let mut document = self.document(&stacked, "auto");
        document["batch"] = json!(self.inputs);
        let answer = ask(&document, Endpoint::Value).map_err(|faults| told(&document, &faults))?;
        let values = Array::read(&answer["value"]["f"]);
        Ok((0..points.len()).map(|i| values.entry(i)).collect())
    }
}

/// A document and what the engine has against it.
pub(crate) fn told(document: &Value, faults: &[Fault]) -> String {
    let mut text = format!("{document}\n");
    for fault in faults {
        let _ = writeln!(text, "    {:?} {} {:?} {:?}", fault.code, fault.detail, fault.expected, fault.got);
    }
    text
}

/// Whether two arrays agree to a tolerance relative to their size, or to rounding relative to `whole`.
pub(crate) fn agree(a: &Array, b: &Array, tolerance: f64, whole: f64) -> bool {
    a.distance(b) <= tolerance * a.size().max(b.size()) + 1e-15 * whole
}
