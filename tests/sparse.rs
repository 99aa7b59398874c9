//! Sparse derivatives over HTTP: patterns that are found, answers in sparse formats, sweeps along
//! colours for dense ones, patterns alone, and sparse matrices among the constants.

#[path = "sparse/constants.rs"]
mod constants;
mod support;

use serde_json::{Value, json};
use support::Server;

/// What the server answers, and that it is an answer.
pub(crate) async fn ask(server: &Server, path: &str, document: &Value) -> Value {
    let response = server.post(path, document.to_string()).await;
    let (status, answer) = (response.status(), response.json::<Value>().await.expect("JSON"));
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The problem that the server tells.
pub(crate) async fn refused(server: &Server, path: &str, document: &Value) -> Value {
    let response = server.post(path, document.to_string()).await;
    let (status, problem) = (response.status(), response.json::<Value>().await.expect("JSON"));
    assert_eq!(status, 422, "{problem}");
    problem
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap_or_else(|| panic!("{other} is no number"))],
    }
}

fn sizes(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|x| x as usize).collect()
}

/// Numbers that look random, the same each time.
pub(crate) fn scattered(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|i| ((i + 7 * seed + 1) as f64 * 0.618_033_988_749_895).fract() - 0.4).collect()
}

/// Row and column of each element of a sparse answer.
fn places(matrix: &Value) -> Vec<(usize, usize)> {
    let rows = match matrix["format"].as_str() {
        Some("coo") => sizes(&matrix["rows"]),
        Some("csr") => {
            let starts = sizes(&matrix["indptr"]);
            (0..starts.len() - 1).flat_map(|i| std::iter::repeat_n(i, starts[i + 1] - starts[i])).collect()
        }
        other => panic!("{other:?} is no format"),
    };
    let columns = sizes(&matrix[if matrix["format"] == "coo" { "cols" } else { "indices" }]);
    assert_eq!((rows.len(), columns.len()), (matrix["nnz"].as_u64().expect("nnz") as usize, rows.len()));
    let found: Vec<(usize, usize)> = rows.into_iter().zip(columns).collect();
    assert!(found.windows(2).all(|w| w[0] < w[1]), "row-major order, each once");
    found
}

/// A sparse answer with its zeros, one matrix for each point.
fn whole(matrix: &Value) -> Vec<f64> {
    let shape = sizes(&matrix["shape"]);
    let (n, places, data) = (shape[shape.len() - 1], places(matrix), numbers(&matrix["data"]));
    let size = shape[shape.len() - 2] * n;
    let mut dense = vec![0.0; data.len().checked_div(places.len()).unwrap_or(1) * size];
    for (k, x) in data.iter().enumerate() {
        let (point, (i, j)) = (k / places.len(), places[k % places.len()]);
        dense[point * size + i * n + j] = *x;
    }
    dense
}

pub(crate) fn close(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (k, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-12 * e.abs().max(1.0), "element {k}: {g} is not {e}");
    }
}

fn bratu(n: usize) -> Value {
    json!({
        "define": { "F(u)": [
            "p = pad(u, 1)",
            "4*u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] - h^2*lam*exp(u)"
        ] },
        "constants": { "h": 1.0/(n as f64 + 1.0), "lam": 6 },
        "at": { "u": { "shape": [n, n], "data": scattered(n*n, 1) } }
    })
}

#[tokio::test]
async fn bratus_problem_on_ten_thousand_points_takes_a_handful_of_sweeps() {
    let server = Server::start(&[]);
    let n = 100;
    let mut document = bratu(n);
    document["format"] = json!("csr");
    let answer = ask(&server, "/jacobian", &document).await;
    let (matrix, method) = (&answer["jacobian"]["F"]["u"], &answer["method"]);
    assert_eq!(matrix["shape"], json!([10_000, 10_000]));
    assert_eq!((&matrix["nnz"], &method["mode"]), (&json!(49_600), &json!("sparse")));
    let colours = &method["colours"];
    let sweeps = colours["forward"].as_u64().expect("forward") + colours["reverse"].as_u64().expect("reverse");
    assert!(sweeps <= 8, "{sweeps} sweeps");
    let (u, h) = (scattered(n * n, 1), 1.0 / (n as f64 + 1.0));
    for ((i, j), x) in places(matrix).into_iter().zip(numbers(&matrix["data"])) {
        let expected = if i == j { 4.0 - h * h * 6.0 * u[i].exp() } else { -1.0 };
        assert!((x - expected).abs() < 1e-13, "({i}, {j}): {x} is not {expected}");
    }
}

#[tokio::test]
async fn burgers_equation_on_a_hundred_thousand_points_takes_three() {
    let server = Server::start(&[]);
    let n = 100_000;
    let (u, h) = (scattered(n, 2), 1.0 / (n as f64 + 1.0));
    let document = json!({
        "define": { "F(u)": [
            "p = pad(u, 1)",
            "u - old + dt*(u*(p[2:] - p[:-2])/(2*h) - nu*(p[2:] - 2*u + p[:-2])/h^2)"
        ] },
        "constants": { "h": h, "dt": 1e-3, "nu": 0.01, "old": scattered(n, 3) },
        "at": { "u": u }, "format": "coo", "want": "jacobian"
    });
    let answer = ask(&server, "/jacobian", &document).await;
    let matrix = &answer["jacobian"]["F"]["u"];
    assert_eq!(matrix["nnz"], 299_998);
    assert_eq!(answer["method"]["colours"], json!({ "forward": 3, "reverse": 0 }));
    let (convection, diffusion) = (1e-3 / (2.0 * h), 1e-5 / (h * h));
    let at = |i: usize| u.get(i).copied().unwrap_or(0.0);
    for ((i, j), x) in places(matrix).into_iter().zip(numbers(&matrix["data"])) {
        let before = if i == 0 { 0.0 } else { at(i - 1) };
        let expected = match j.cmp(&i) {
            std::cmp::Ordering::Less => -convection * u[i] - diffusion,
            std::cmp::Ordering::Equal => 1.0 + convection * (at(i + 1) - before) + 2.0 * diffusion,
            std::cmp::Ordering::Greater => convection * u[i] - diffusion,
        };
        assert!((x - expected).abs() <= 1e-12 * expected.abs().max(1.0), "({i}, {j}): {x} is not {expected}");
    }
}

#[tokio::test]
async fn every_format_and_mode_gives_the_same_elements() {
    let server = Server::start(&[]);
    let arrow = json!({
        "define": { "f(x)": ["hub = x[0]", "rim = x[1:]", "concatenate([[sum(sin(x))], hub*rim + rim^3])"] },
        "at": { "x": scattered(30, 4) }
    });
    for document in [bratu(6), arrow] {
        let name = document["define"].as_object().expect("definitions").keys().next().expect("one").clone();
        let (output, input) = (&name[..1], &name[2..3]);
        let of = |answer: &Value| answer["jacobian"][output][input].clone();
        let with = |changes: &[(&str, &str)]| {
            let mut document = document.clone();
            for &(key, value) in changes {
                document[key] = json!(value);
            }
            document
        };
        let dense = numbers(&of(&ask(&server, "/jacobian", &with(&[("mode", "forward")])).await)["data"]);
        let by_colours = ask(&server, "/jacobian", &with(&[("mode", "sparse")])).await;
        assert_eq!(by_colours["method"]["mode"], "sparse");
        close(&numbers(&of(&by_colours)["data"]), &dense);
        for format in ["sparse", "csr", "coo"] {
            for mode in ["auto", "forward", "reverse", "sparse"] {
                let answer = ask(&server, "/jacobian", &with(&[("format", format), ("mode", mode)])).await;
                close(&whole(&of(&answer)), &dense);
            }
        }
    }
}

#[tokio::test]
async fn an_arrow_is_swept_from_both_sides_without_being_asked() {
    let server = Server::start(&[]);
    let document = json!({
        "define": { "f(x)": ["hub = x[0]", "rim = x[1:]", "concatenate([[sum(sin(x))], hub*rim + rim^3])"] },
        "at": { "x": scattered(200, 4) }
    });
    let answer = ask(&server, "/jacobian", &document).await;
    let method = &answer["method"];
    assert_eq!(method["mode"], "sparse", "{method}");
    assert_eq!(method["colours"], json!({ "forward": 2, "reverse": 1 }), "{method}");
}

#[tokio::test]
async fn indices_among_the_constants_decide_the_pattern_and_are_never_mistaken() {
    let server = Server::start(&[]);
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/adbench/ba.json"));
    let mut document: Value = serde_json::from_str(&text.expect("an example")).expect("JSON");
    let (cameras, points, seen) = (20, 60, 150);
    let shifted = |count, width, seed: usize, by: f64| -> Value {
        let data: Vec<f64> = scattered(count * width, seed).into_iter().map(|x| x + by).collect();
        json!({ "shape": [count, width], "data": data })
    };
    document["at"] = json!({
        "cams": shifted(cameras, 11, 1, 0.7), "X": shifted(points, 3, 2, 3.0), "w": scattered(seen, 3)
    });
    document["constants"]["feature"] = shifted(seen, 2, 4, 0.0);
    let picks = |seed: usize, count: usize| -> Vec<usize> { (0..seen).map(|i| (i * seed + seed) % count).collect() };
    for seed in [7, 11] {
        document["constants"]["camera"] = json!(picks(seed, cameras));
        document["constants"]["point"] = json!(picks(seed + 2, points));
        document["mode"] = json!("forward");
        document["format"] = json!("dense");
        let dense = ask(&server, "/jacobian", &document).await;
        document["mode"] = json!("auto");
        document["format"] = json!("csr");
        let sparse = ask(&server, "/jacobian", &document).await;
        let method = &sparse["method"];
        assert_eq!(method["mode"], "sparse", "{method}");
        let sweeps = method["colours"]["forward"].as_u64().expect("a number")
            + method["colours"]["reverse"].as_u64().expect("a number");
        assert!(sweeps <= 20, "{method}");
        let mut nnz = 0;
        for (output, row) in dense["jacobian"].as_object().expect("outputs") {
            for (input, matrix) in row.as_object().expect("inputs") {
                let block = &sparse["jacobian"][output][input];
                close(&whole(block), &numbers(&matrix["data"]));
                nnz += block["nnz"].as_u64().expect("nnz");
            }
        }
        // Of a camera's 11 parameters, each of the two residuals has its own coordinate of the principal point.
        assert_eq!(nnz, 2 * seen as u64 * (10 + 3 + 1) + seen as u64);
    }
}

#[tokio::test]
async fn hessians_are_swept_along_star_colours() {
    let server = Server::start(&[]);
    let rosenbrock = json!({
        "define": { "f(x)": "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)" }, "at": { "x": scattered(50, 5) }
    });
    let arrow = json!({
        "define": { "f(x, s)": "s*sum(x^3) + s^4" }, "at": { "x": scattered(40, 6), "s": 0.7 }
    });
    for (mut document, most) in [(rosenbrock, 3), (arrow, 2)] {
        document["mode"] = json!("forward");
        let dense = ask(&server, "/hessian", &document).await;
        for (mode, format) in [("auto", "dense"), ("auto", "csr"), ("sparse", "coo")] {
            (document["mode"], document["format"]) = (json!(mode), json!(format));
            let answer = ask(&server, "/hessian", &document).await;
            let method = &answer["method"]["hessian"];
            assert_eq!(method["mode"], "sparse", "{method}");
            assert!(method["colours"]["forward"].as_u64().is_some_and(|c| c <= most), "{method}");
            for (a, row) in dense["hessian"]["f"].as_object().expect("inputs") {
                for (input, matrix) in row.as_object().expect("inputs") {
                    let block = &answer["hessian"]["f"][a][input];
                    let found = if format == "dense" { numbers(&block["data"]) } else { whole(block) };
                    close(&found, &numbers(&matrix["data"]));
                }
            }
            for (input, row) in dense["gradient"]["f"].as_object().expect("inputs") {
                let gradient = &answer["gradient"]["f"][input];
                assert_eq!(gradient["shape"], row["shape"], "a gradient is a row, whatever the format");
                close(&numbers(&gradient["data"]), &numbers(&row["data"]));
            }
        }
    }
}

#[tokio::test]
async fn points_of_a_batch_share_the_pattern() {
    let server = Server::start(&[]);
    let points: Vec<Value> = (0..3).map(|k| json!({ "x": scattered(8, k) })).collect();
    let document = json!({
        "define": { "f(x)": "x[1:]*x[:-1] - x[1:]^2" }, "at": points, "format": "coo"
    });
    let batch = ask(&server, "/jacobian", &document).await;
    let matrix = &batch["jacobian"]["f"]["x"];
    assert_eq!(matrix["shape"], json!([3, 7, 8]));
    assert_eq!(matrix["data"].as_array().map(Vec::len), Some(3), "one row of elements for each point");
    let mut expected = Vec::new();
    for point in &points {
        let mut alone = document.clone();
        (alone["at"], alone["format"]) = (point.clone(), json!("dense"));
        expected.extend(numbers(&ask(&server, "/jacobian", &alone).await["jacobian"]["f"]["x"]["data"]));
    }
    close(&whole(matrix), &expected);
}

#[tokio::test]
async fn a_pattern_alone_is_told_where_nothing_can_be_computed() {
    let server = Server::start(&[]);
    let document = json!({
        "define": { "f(x, s)": "log(x[:-1])*s/x[1:]", "g(x)": "where([1, 0, 0, 0], x, 2)" },
        "of": ["f", "g"], "at": { "x": [0, -1, 0, -2], "s": 1 }, "want": ["sparsity"], "format": "coo"
    });
    let answer = ask(&server, "/jacobian", &document).await;
    let by_x = &answer["sparsity"]["f"]["x"];
    assert_eq!(places(by_x), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]);
    assert_eq!((&by_x["shape"], by_x.get("data")), (&json!([3, 4]), None));
    assert_eq!(places(&answer["sparsity"]["f"]["s"]), [(0, 0), (1, 0), (2, 0)]);
    assert_eq!(places(&answer["sparsity"]["g"]["x"]), [(0, 0)]);
    assert_eq!(answer["sparsity"]["g"]["s"]["nnz"], 0);
}

#[tokio::test]
async fn a_check_tells_the_pattern_and_a_verification_looks_at_the_whole() {
    let server = Server::start(&[]);
    let mut document = bratu(5);
    document["format"] = json!("csr");
    let check = ask(&server, "/check", &document).await;
    assert_eq!(check["jacobian"]["F"]["u"], json!({ "shape": [25, 25], "format": "csr", "nnz": 5 * 25 - 4 * 5 }));
    assert_eq!(check["method"]["mode"], "sparse");
    document["verify"] = json!(true);
    let verified = ask(&server, "/jacobian", &document).await;
    assert!(verified["verify"]["max_difference"].as_f64().is_some_and(|d| d < 1e-9), "{verified}");
}

#[tokio::test]
async fn what_cannot_be_sparse_is_refused() {
    let server = Server::start(&[]);
    let mut document = bratu(4);
    document["format"] = json!("cso");
    let problem = refused(&server, "/jacobian", &document).await;
    assert_eq!(problem["errors"][0]["pointer"], "/format", "{problem}");
    (document["format"], document["layout"]) = (json!("coo"), json!("tensor"));
    let problem = refused(&server, "/jacobian", &document).await;
    assert_eq!(problem["errors"][0]["pointer"], "/layout", "{problem}");
    let dense = json!({
        "define": { "f(x)": "x*sum(x)" }, "at": { "x": scattered(10_000, 1) }, "mode": "sparse", "format": "csr"
    });
    let problem = refused(&server, "/jacobian", &dense).await;
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("too many elements")), "{problem}");
}
