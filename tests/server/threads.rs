//! Any number of threads, and whatever else is computed at the time, gives the same bits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::Server;

/// Numbers in no order, the same every time.
fn numbers(count: usize) -> Vec<f64> {
    (1..=count).map(|i| (i as f64 * 0.618_033_988_749_895).fract() - 0.4).collect()
}

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("an example")).expect("JSON")
}

/// Documents of every kind that could be shared out among threads, and where they are posted.
fn spectrum() -> BTreeMap<&'static str, (&'static str, Value)> {
    let matrix = |rows: usize, columns: usize| json!({ "shape": [rows, columns], "data": numbers(rows * columns) });
    let all = json!(["value", "gradient", "hessian"]);
    [
        (
            "second derivatives",
            "/jacobian",
            json!({"define": {"f(x)": ["A = outer(sin(x), cos(x))", "sum(tanh(A @ A.T) @ x) + mean(A)"]},
                "at": {"x": numbers(7)}, "want": all}),
        ),
        (
            "a product of matrices",
            "/vjp",
            json!({"define": {"f(A, B)": "A @ B @ A.T"}, "at": {"A": matrix(190, 310), "B": matrix(310, 310)},
                "cotangent": {"f": matrix(190, 190)}}),
        ),
        (
            "a product with a vector",
            "/jacobian",
            json!({"define": {"f(x)": "tanh(A @ x)"}, "constants": {"A": matrix(120, 700)}, "at": {"x": numbers(700)}}),
        ),
        (
            "reductions",
            "/gradient",
            json!({"define": {"f(x)": "sum(sin(x)) + logsumexp(x*7) + std(x) + norm(x) + prod(1 + x/1e6) + sum(cumsum(x))"},
                "at": {"x": numbers(40_001)}}),
        ),
        (
            "reductions along axes",
            "/jacobian",
            json!({"define": {"f(x)": "concatenate([sum(x*x, axis=0), mean(x, axis=1), max(x, axis=0), var(x, axis=1)])"},
                "at": {"x": matrix(37, 41)}}),
        ),
        (
            "a batch",
            "/jacobian",
            json!({"define": {"f(x, a)": "[sum(sin(a*x)), exp(-x @ x), x[0]/(1 + a^2)]"},
                "at": {"x": matrix(2_000, 5), "a": 0.3}, "batch": "x"}),
        ),
        (
            "a batch of products of matrices",
            "/jacobian",
            json!({"define": {"f(x)": "tanh(C @ tanh(A @ tanh(B @ x)))"},
                "constants": {"A": matrix(64, 64), "B": matrix(64, 10), "C": matrix(4, 64)},
                "at": {"x": matrix(1024, 10)}, "batch": "x"}),
        ),
        (
            "long sums of products",
            "/gradient",
            json!({"define": {"f(W)": "sum(tanh(X @ W)^2)"}, "constants": {"X": matrix(2100, 50)},
                "at": {"W": matrix(50, 60)}}),
        ),
        (
            "linear algebra",
            "/gradient",
            json!({"define": {"f(A)": ["S = A @ A.T + 60*eye(60)", "sum(solve(S, A)) + slogdet(S)[1] + sum(eigvalsh(S)^0.5) + sum(svdvals(A))"]},
                "at": {"A": matrix(60, 60)}}),
        ),
        (
            "contractions",
            "/vjp",
            json!({"define": {"f(x, y)": "einsum('bij,bkj->bik', x, y)"},
                "at": {"x": {"shape": [9, 40, 50], "data": numbers(18_000)}, "y": {"shape": [9, 30, 50], "data": numbers(13_500)}},
                "cotangent": {"f": {"shape": [9, 40, 30], "data": numbers(10_800)}}}),
        ),
        (
            "special functions",
            "/jacobian",
            json!({"define": {"f(x)": "lgamma(x + 2) + erf(x) + bessel_j0(9*x) + gammainc(2, x + 1)"},
                "at": {"x": numbers(300)}, "mode": "forward"}),
        ),
        ("a convolutional network", "/jacobian", example("lenet.json")),
        ("a sparse Jacobian", "/jacobian", example("burgers.json")),
        (
            "a sparse Hessian",
            "/hessian",
            json!({"define": {"f(x)": "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)"}, "at": {"x": numbers(200)},
                "format": "csr"}),
        ),
        ("a loop", "/jacobian", example("lorenz_rk4.json")),
        ("a loop backwards", "/gradient", example("lstm.json")),
        ("a trajectory", "/jacobian", example("robertson.json")),
    ]
    .into_iter()
    .map(|(name, path, document)| (name, (path, document)))
    .collect()
}

/// The answers of a server with so many threads, each document asked three times, all at one time.
async fn answers(threads: &str) -> BTreeMap<&'static str, Vec<String>> {
    let patience = ["--queue-timeout", "300", "--request-timeout", "600"];
    let server = Arc::new(Server::start(&[&["--threads", threads], &patience[..]].concat()));
    let mut asked = JoinSet::new();
    for _ in 0..3 {
        for (name, (path, document)) in spectrum() {
            let server = Arc::clone(&server);
            asked.spawn(async move {
                let answer = server.post(path, document.to_string()).await;
                let status = answer.status();
                let text = answer.text().await.expect("an answer");
                assert_eq!(status, 200, "{name}: {text:.400}");
                (name, text)
            });
        }
    }
    let mut answers = BTreeMap::<_, Vec<String>>::new();
    for (name, text) in asked.join_all().await {
        answers.entry(name).or_default().push(text);
    }
    answers
}

#[tokio::test]
async fn any_number_of_threads_gives_the_same_bits() {
    let alone = answers("1").await;
    for threads in ["2", "8"] {
        for (name, answers) in answers(threads).await {
            let first = &alone[name][0];
            assert!(answers.iter().chain(&alone[name]).all(|answer| answer == first), "{name} by {threads} threads");
        }
    }
}
