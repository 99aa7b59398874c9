//! Documents that are simple and long: their time must grow with their length, not with its square.

use serde_json::{Map, Value, json};

/// Documents by name.
pub(crate) fn documents() -> Vec<(&'static str, Value)> {
    let join =
        |count: usize, by: &str, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>().join(by);
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>();
    let object = |count: usize, part: &dyn Fn(usize) -> (String, Value)| (0..count).map(part).collect::<Map<_, _>>();
    let one = json!({"x": 1});
    let of = |body: Value, at: &Value| json!({"define": {"f(x)": body}, "at": at});

    let mut functions = object(20_000, &|i| (format!("g{i}(x)"), json!("x + 1")));
    functions.insert("f(x)".into(), json!("x"));
    let mut chain = object(10_000, &|i| (format!("g{i}(x)"), json!(format!("g{}(x)", i + 1))));
    chain.insert("g10000(x)".into(), json!("x"));
    chain.insert("f(x)".into(), json!("x"));
    let mut constants = of(json!(lines(9_000, &|i| format!("a{i} = x + {i}"))), &one);
    constants["constants"] = Value::Object(object(9_000, &|i| (format!("c{i}"), json!(i))));
    let inputs = join(1_500, ", ", &|i| format!("x{i}"));
    let product = lines(1_500, &|i| if i == 0 { "a0 = x0".into() } else { format!("a{i} = a{} * x{i}", i - 1) });
    let mut traced = of(
        json!(lines(20_000, &|i| format!("a{i} = sin({})", if i == 0 { "x".into() } else { format!("a{}", i - 1) }))),
        &one,
    );
    traced["trace"] = json!(true);

    vec![
        ("functions that nothing calls", json!({"define": functions, "at": one})),
        ("functions that call the next", json!({"define": chain, "at": one})),
        ("constants and equations", constants),
        (
            "scalar inputs",
            json!({"define": {format!("f({inputs})"): product}, "at": object(1_500, &|i| (format!("x{i}"), json!(1)))}),
        ),
        ("equations", of(json!(lines(20_000, &|i| format!("a{i} = x * {i}"))), &one)),
        ("unknown functions", of(json!(lines(20_000, &|i| format!("a{i} = zz{i}(x)"))), &one)),
        ("unknown names in one text", of(json!(format!("[{}]", join(50_000, ",", &|i| format!("zz{i}")))), &one)),
        ("unknown inputs", of(json!("x"), &Value::Object(object(9_000, &|i| (format!("q{i}"), json!(1)))))),
        (
            "arrays joined",
            of(json!(format!("sum(concatenate([{}]))", join(30_000, ",", &|_| "x".into()))), &json!({"x": [1, 2]})),
        ),
        ("stages of a chain", traced),
    ]
}
