//! Asking the shared server for an example, and comparing what it answers with what is known.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use faer::Mat;
use serde_json::{Value, json};

use crate::support::Server;

/// Relative rounding allowed where an expectation does not state its own.
pub(crate) const ROUNDING: f64 = 1e-12;

/// What the server answered to an example.
pub(crate) struct Answer(Value);

impl From<Value> for Answer {
    /// An answer that was asked for in one mode alone.
    fn from(body: Value) -> Self {
        Self(body)
    }
}

impl Answer {
    /// The elements of an output, row-major.
    pub(crate) fn value(&self, output: &str) -> Vec<f64> {
        numbers(&self.0["value"][output]["data"])
    }

    /// The Jacobian of an output by several inputs, side by side.
    pub(crate) fn jacobian(&self, output: &str, inputs: &[&str]) -> Mat<f64> {
        let rows = self.value(output).len();
        let blocks: Vec<Vec<f64>> = inputs
            .iter()
            .map(|input| {
                let block = &self.0["jacobian"][output][input];
                let data = numbers(&block["data"]);
                let columns = data.len() / rows;
                assert_eq!(block["shape"], json!([rows, columns]), "{output} by {input}");
                data
            })
            .collect();
        Mat::from_fn(rows, blocks.iter().map(|b| b.len() / rows).sum(), |i, j| {
            let mut column = j;
            for block in &blocks {
                let columns = block.len() / rows;
                if column < columns {
                    return block[i * columns + column];
                }
                column -= columns;
            }
            unreachable!("column {j} lies in one of the blocks")
        })
    }

    /// Checks values and Jacobians entry by entry against `expected`, the inputs in its order;
    /// gives back the inputs.
    pub(crate) fn check<'a>(&self, expected: &'a Value, what: &str) -> Vec<&'a str> {
        let inputs = names(&expected["inputs"]);
        for (output, known) in expected["outputs"].as_object().expect("outputs") {
            if !known["value"].is_null() {
                close(&format!("{what}: {output}"), &self.value(output), &known["value"], ROUNDING);
            }
            if !known["jacobian"].is_null() {
                let got = row_major(&self.jacobian(output, &inputs));
                close(&format!("{what}: J of {output}"), &got, &known["jacobian"], ROUNDING);
            }
        }
        inputs
    }
}

/// One test's line to the server that all tests running at the same time share; the server ends with
/// the last of them. The client is the test's own, because connections belong to a test's runtime.
pub(crate) struct Jacobi {
    server: Arc<Server>,
    client: reqwest::Client,
}

impl Jacobi {
    pub(crate) fn shared() -> Self {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let server = shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Server::start(&[]));
            *shared = Arc::downgrade(&server);
            server
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { server, client }
    }

    /// Posts an example in forward and in reverse mode, which must agree to rounding.
    pub(crate) async fn answer(&self, name: &str) -> Answer {
        self.both(name, &example(name)).await
    }

    /// Posts a document in forward and in reverse mode, which must agree to rounding.
    pub(crate) async fn both(&self, name: &str, document: &Value) -> Answer {
        let forward = self.in_mode("forward", name, document).await;
        let reverse = self.in_mode("reverse", name, document).await;
        let same = |what: &str, pushed: &Value, pulled: &Value| {
            assert_eq!(pushed["shape"], pulled["shape"], "{name}: {what}");
            agree(&format!("{name}: {what}"), &pushed["data"], &pulled["data"]);
        };
        for (output, value) in reverse["value"].as_object().expect("values") {
            same(output, &forward["value"][output], value);
            let blocks = reverse["jacobian"][output].as_object();
            for (input, block) in blocks.expect("Jacobians") {
                same(&format!("{output} by {input}"), &forward["jacobian"][output][input], block);
            }
        }
        Answer(reverse)
    }

    pub(crate) async fn post(&self, name: &str, mode: &str) -> Value {
        self.in_mode(mode, name, &example(name)).await
    }

    async fn in_mode(&self, mode: &str, name: &str, document: &Value) -> Value {
        let mut document = document.clone();
        document["mode"] = json!(mode);
        let (status, body) = self.send(&document).await;
        assert_eq!(status, 200, "{name} in {mode} mode: {body}");
        assert_eq!(body["method"]["mode"], mode, "{name}");
        body
    }

    pub(crate) async fn send(&self, document: &Value) -> (u16, Value) {
        let request = self.client.post(self.server.url("/jacobian")).json(document);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("an answer in JSON"))
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn example(name: &str) -> Value {
    read(&root().join("examples").join(format!("{name}.json")))
}

pub(crate) fn golden(name: &str) -> Value {
    let expected = read(&root().join("tests/golden").join(format!("{name}.json")));
    assert!(expected["origin"].is_string(), "{name}: a number without an origin");
    expected
}

pub(crate) fn names(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list of names").iter().map(|v| v.as_str().expect("a name")).collect()
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// All numbers of a value, however nested, in the order written.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![number(other)],
    }
}

pub(crate) fn row_major(m: &Mat<f64>) -> Vec<f64> {
    (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| m[(i, j)])).collect()
}

/// The rows of a matrix in compressed form, each as pairs of column and element.
pub(crate) fn sparse_rows(block: &Value) -> Vec<Vec<(usize, f64)>> {
    let whole = |key: &str| numbers(&block[key]).iter().map(|&x| x as usize).collect::<Vec<_>>();
    let (start, column, element) = (whole("indptr"), whole("indices"), numbers(&block["data"]));
    assert_eq!((block["format"].as_str(), number(&block["nnz"])), (Some("csr"), element.len() as f64));
    start.windows(2).map(|w| (w[0]..w[1]).map(|i| (column[i], element[i])).collect()).collect()
}

/// Each entry to a relative tolerance of its own size; a zero must be exact.
pub(crate) fn close(what: &str, got: &[f64], expected: &Value, tolerance: f64) {
    let expected = numbers(expected);
    assert_eq!(got.len(), expected.len(), "{what}: number of entries");
    for (i, (g, e)) in got.iter().zip(&expected).enumerate() {
        assert!((g - e).abs() <= tolerance * e.abs(), "{what}, element {i}: got {g:e}, expected {e:e}");
    }
}

/// Two ways to one array: the difference is rounding, measured by the largest entry.
pub(crate) fn agree(what: &str, a: &Value, b: &Value) {
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len(), "{what}: number of entries");
    let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        assert!((x - y).abs() <= ROUNDING * largest, "{what}, element {i}: {x:e} and {y:e}");
    }
}
