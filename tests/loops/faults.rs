//! What is wrong with a loop is told before it runs, where that can be seen.

use jacobi::engine::Endpoint;
use jacobi::fault::{Code, Fault};
use serde_json::{Value, json};

use crate::numerics::ask;

fn faults(define: &Value, endpoint: Endpoint) -> Vec<Fault> {
    let document = json!({ "define": define, "of": "f", "at": { "x": [0.5, 2.0] } });
    ask(&document, endpoint).expect_err("it is refused")
}

/// Definitions, and what is wrong with them.
fn wrong() -> Vec<(Value, Code, &'static str)> {
    let step = |step: &str, call: &str| json!({ "step(c, x)": step, "f(x)": call });
    vec![
        (step("[sum(c) + x, x]", "scan(step, x, x)[0]"), Code::Shape, "keeps its shape"),
        (step("c + x", "scan(step, 0, x)[0]"), Code::Shape, "returns the next carry and an output"),
        (step("[c, x, x]", "scan(step, 0, x)[0]"), Code::Shape, "returns the next carry and an output"),
        (step("[c, x]", "scan(step, 0, 1)[0]"), Code::Shape, "a scalar has none"),
        (step("[c, x]", "scan(step, 0, x, 1)[0]"), Code::Arity, "step takes 2 arguments, got 3"),
        (step("[c, x]", "repeat(step, x, 3)"), Code::Arity, "step lacks its argument `x`"),
        (step("[c, x]", "scan(x, 0, x)[0]"), Code::InvalidValue, "the name of a defined function"),
        (step("[c, x]", "scan(stop, 0, x)[0]"), Code::UnknownName, "there is no `stop`"),
        (step("c*x", "repeat(step, x, sum(x), x)"), Code::InvalidValue, "`n` of repeat"),
        (step("c*x", "repeat(step, x, -1, x)"), Code::InvalidValue, "a number of steps"),
        (step("c*x", "repeat(step, x, 1.5, x)"), Code::InvalidValue, "`n` of repeat"),
        (step("[c, x]", "repeat(step, x, 3, x)"), Code::Shape, "keeps its shape"),
        (step("repeat(step, c, 3, x)", "repeat(step, x, 3, x)"), Code::Recursion, "calls itself"),
        (step("c*x", "while_loop(step, step, x, 9, x)"), Code::Shape, "with one number"),
        (step("c*x", "repeat(step, x, 1000000000, x)"), Code::OverBudget, "retrying does not help"),
        (step("c*x", "repeat(step, x, 9000000000000000, x)"), Code::OverBudget, "retrying does not help"),
    ]
}

#[test]
fn each_mistake_has_a_message_of_its_own() {
    for (define, code, detail) in wrong() {
        let found = faults(&define, Endpoint::Jacobian);
        let fits = |f: &Fault| f.code == code && f.detail.contains(detail);
        assert!(found.iter().any(fits), "{define}: {found:?}");
    }
}

#[test]
fn a_step_that_is_not_asked_for_is_looked_at_too() {
    let define = json!({
        "f(x)": "x", "step(c, x)": "[c, x]", "unused(x)": "scan(step, 0, x)[0] + repeat(again, x, 3, x, 1, 2)",
        "again(x, a)": "repeat(again, x, 2, a)",
    });
    let found = faults(&define, Endpoint::Value);
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::Recursion], "{found:?}");
}

#[test]
fn a_loop_that_does_not_end_is_no_answer() {
    let define = json!({ "up(x)": "max(x) > 0", "double(x)": "2*x", "f(x)": "while_loop(up, double, x, 100)" });
    let found = faults(&define, Endpoint::Jacobian);
    assert_eq!(found[0].code, Code::NonFinite);
    assert!(found[0].detail.contains("`while_loop` in `f`"), "{found:?}");
    assert!(found[0].hint.as_ref().is_some_and(|h| h.contains("still holds after `max` steps")), "{found:?}");
}

#[test]
fn a_loop_that_overflows_is_named_with_its_stage() {
    let define = json!({
        "step(c)": "c*c", "f(x)": ["grown = repeat(step, x, 40)", "sum(grown)"],
    });
    let found = faults(&define, Endpoint::Jacobian);
    assert_eq!(found[0].code, Code::NonFinite);
    assert!(found[0].detail.contains("`repeat`") && found[0].detail.contains("`grown`"), "{found:?}");
}
