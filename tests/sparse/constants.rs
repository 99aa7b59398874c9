//! Sparse matrices among the constants: in products, by their elements, large, moved about, and wrong.

use serde_json::{Value, json};

use crate::support::Server;
use crate::{ask, close, numbers, refused, scattered};

/// A 3 × 4 matrix with four elements, one place told twice, and what it is in full.
fn matrices() -> (Value, Value, Value) {
    let coo = json!({
        "shape": [3, 4], "format": "coo", "rows": [0, 2, 2, 1, 2], "cols": [1, 0, 3, 1, 0], "data": [2, -1, 0.5, 4, 3]
    });
    let csr = json!({
        "shape": [3, 4], "format": "csr", "indptr": [0, 1, 2, 4], "indices": [1, 1, 0, 3], "data": [2, 4, 2, 0.5]
    });
    let full = json!([[0, 2, 0, 0], [0, 4, 0, 0], [2, 0, 0, 0.5]]);
    (coo, csr, full)
}

#[tokio::test]
async fn products_with_sparse_constants_are_those_with_dense_ones() {
    let server = Server::start(&[]);
    let (coo, csr, full) = matrices();
    let bodies = [
        ("S @ sin(x)", json!([0.1, 0.2, 0.3, 0.4])),
        ("sin(x) @ S", json!([0.1, 0.2, 0.3])),
        ("S.T @ x^2", json!([0.1, 0.2, 0.3])),
        ("S @ x", json!({ "shape": [4, 2], "data": scattered(8, 1) })),
        ("x @ S", json!({ "shape": [2, 3], "data": scattered(6, 1) })),
        ("S @ x", json!({ "shape": [2, 4, 3], "data": scattered(24, 1) })),
        ("dot(S, x)", json!([0.1, 0.2, 0.3, 0.4])),
        ("affine(x, S)", json!([0.1, 0.2, 0.3, 0.4])),
        ("(S + 1) @ x", json!([0.1, 0.2, 0.3, 0.4])),
        ("S[2] * x", json!([0.1, 0.2, 0.3, 0.4])),
        ("S @ (S.T @ x)", json!([0.1, 0.2, 0.3])),
    ];
    for (body, x) in bodies {
        let document =
            |matrix: &Value| json!({ "define": { "f(x)": body }, "constants": { "S": matrix }, "at": { "x": x } });
        let expected = ask(&server, "/jacobian", &document(&full)).await;
        for matrix in [&coo, &csr] {
            for mode in ["forward", "reverse", "sparse"] {
                let mut document = document(matrix);
                document["mode"] = json!(mode);
                let answer = ask(&server, "/jacobian", &document).await;
                let (got, known) = (&answer["jacobian"]["f"]["x"], &expected["jacobian"]["f"]["x"]);
                assert_eq!(got["shape"], known["shape"], "{body}");
                close(&numbers(&answer["value"]["f"]["data"]), &numbers(&expected["value"]["f"]["data"]));
                close(&numbers(&got["data"]), &numbers(&known["data"]));
            }
        }
    }
}

#[tokio::test]
async fn a_sparse_constant_is_differentiated_by_its_elements() {
    let server = Server::start(&[]);
    let (_, csr, _) = matrices();
    let document = json!({
        "define": { "f(x)": "S @ x" }, "constants": { "S": csr }, "at": { "x": [1, 2, 3, 4] }, "wrt": ["S"], "verify": true
    });
    let answer = ask(&server, "/jacobian", &document).await;
    let matrix = &answer["jacobian"]["f"]["S"];
    assert_eq!(matrix["data"], json!([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 4.0]]));
    assert_eq!(matrix["input_shape"], json!([4]));
}

#[tokio::test]
async fn a_large_sparse_constant_never_becomes_dense_and_its_pattern_is_that_of_the_product() {
    let server = Server::start(&[]);
    let n = 100_000;
    let places: Vec<usize> = (0..n).collect();
    let shifted: Vec<usize> = (0..n).map(|i| (i * 7 + 3) % n).collect();
    let matrix = json!({ "shape": [n, n], "format": "coo", "rows": places, "cols": shifted, "data": scattered(n, 1) });
    let document = |body: &str| {
        json!({
            "define": { "f(x)": body }, "constants": { "S": matrix }, "at": { "x": scattered(n, 2) }, "format": "csr"
        })
    };
    let answer = ask(&server, "/jacobian", &document("S @ x^2")).await;
    assert_eq!(answer["jacobian"]["f"]["x"]["nnz"], n);
    assert_eq!(answer["method"]["colours"], json!({ "forward": 1, "reverse": 0 }));
    let (x, s) = (scattered(n, 2), scattered(n, 1));
    let expected: Vec<f64> = (0..n).map(|i| 2.0 * s[i] * x[(i * 7 + 3) % n]).collect();
    close(&numbers(&answer["jacobian"]["f"]["x"]["data"]), &expected);
    let problem = refused(&server, "/jacobian", &document("(S + 1) @ x")).await;
    assert!(
        problem["detail"].as_str().is_some_and(|d| d.contains("more elements than one array may have")),
        "{problem}"
    );
}

#[tokio::test]
async fn the_places_of_a_sparse_constant_are_never_mistaken() {
    let server = Server::start(&[]);
    for cols in [[0, 1], [1, 0], [1, 1]] {
        let matrix = json!({ "shape": [2, 2], "format": "coo", "rows": [0, 1], "cols": cols, "data": [3, 5] });
        let document = json!({ "define": { "f(x)": "S @ x" }, "constants": { "S": matrix }, "at": { "x": [1, 10] } });
        let answer = ask(&server, "/value", &document).await;
        let at = |j: i32| if j == 0 { 1.0 } else { 10.0 };
        assert_eq!(numbers(&answer["value"]["f"]["data"]), [3.0 * at(cols[0]), 5.0 * at(cols[1])]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_sparse_matrix_is_told_where_it_is() {
    let server = Server::start(&[]);
    let (coo, csr, _) = matrices();
    let cases = [
        (&coo, "rows", json!([0, 2, 2, 1, 3]), "/constants/S/rows/4"),
        (&coo, "cols", json!([1, 0, 3, 1]), "/constants/S/cols"),
        (&coo, "cols", json!([1, 0, 3, 1, 0.5]), "/constants/S/cols/4"),
        (&coo, "format", json!("csc"), "/constants/S/format"),
        (&coo, "shape", json!([3, 4, 1]), "/constants/S/shape"),
        (&coo, "indptr", json!([0]), "/constants/S/indptr"),
        (&csr, "indptr", json!([0, 1, 2, 3]), "/constants/S/indptr"),
        (&csr, "indptr", json!([0, 2, 1, 4]), "/constants/S/indptr"),
        (&csr, "indices", json!([1, 1, 0, 4]), "/constants/S/indices/3"),
        (&csr, "data", json!([[2], [4], [2], [0.5]]), "/constants/S/data"),
    ];
    for (matrix, field, value, pointer) in cases {
        let mut matrix = matrix.clone();
        matrix[field] = value;
        let document =
            json!({ "define": { "f(x)": "S @ x" }, "constants": { "S": matrix }, "at": { "x": [1, 2, 3, 4] } });
        let problem = refused(&server, "/value", &document).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let document = json!({ "define": { "f(x)": "x" }, "at": { "x": coo } });
    let problem = refused(&server, "/value", &document).await;
    assert_eq!(problem["errors"][0]["pointer"], "/at/x", "{problem}");
}
