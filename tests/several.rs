//! Several values at once: a function whose result is a list of arrays of different shapes, taken
//! apart by equations with several names or by an index.

mod support;

use serde_json::{Value, json};
use support::Server;

async fn ask(define: Value) -> Value {
    let server = Server::start(&[]);
    let document = json!({ "define": define, "of": "f", "at": { "x": [1.0, 2.0, 4.0] } });
    server.post("/value", document.to_string()).await.json().await.expect("an answer in JSON")
}

#[tokio::test]
async fn parts_of_different_shapes_are_named_or_picked() {
    let pair = "[sum(x), 2*x]";
    for body in [
        json!(["a, b = pair(x)", "a + b"]),
        json!(["p = pair(x)", "p[0] + p[1]"]),
        json!("pair(x)[0] + pair(x)[-1]"),
        json!(["p = pair(x)", "q = again(p)", "q[0] + q[1][:]"]),
    ] {
        let answer = ask(json!({ "pair(x)": pair, "again(p)": "p", "f(x)": body })).await;
        assert_eq!(answer["value"]["f"]["data"], json!([9.0, 11.0, 15.0]), "{answer}");
    }
}

#[tokio::test]
async fn the_rows_of_an_array_are_named_as_the_parts_of_a_list_are() {
    let answer = ask(json!({ "f(x)": ["a, b, c = x", "u, v = [x, x*x]", "a + b*c + u*v"] })).await;
    assert_eq!(answer["value"]["f"]["data"], json!([10.0, 17.0, 73.0]), "{answer}");
}

#[tokio::test]
async fn names_and_values_are_of_one_number() {
    for (body, got) in [("a, b = x", "3"), ("a, b = [sum(x), x, x]", "3"), ("a, b = sum(x)", "1")] {
        let answer = ask(json!({ "f(x)": [body, "a + b"] })).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["code"], &error["expected"], &error["got"]), (&json!("shape"), &json!("2"), &json!(got)));
        assert_eq!(error["pointer"], "/define/f(x)/0", "{answer}");
    }
}

#[tokio::test]
async fn a_list_of_different_shapes_is_no_array() {
    for body in ["[x, 1]", "[x, 1] + x", "[x, [x, 1]][1]", "[sum(x), x][2]"] {
        let answer = ask(json!({ "f(x)": body })).await;
        assert_eq!(answer["errors"][0]["code"], "shape", "{body}: {answer}");
    }
}
