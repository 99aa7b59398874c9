//! Documents that ask for far too much, or are far too much themselves.

use serde_json::{Map, Value, json};

/// A document that attacks: its name, where it is posted, its text, and the types of the problems that answer it;
/// none where it is no more than odd.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: String,
    pub(crate) refused: &'static [&'static str],
}

const LIMIT: &[&str] = &["/problems/limit"];
const COST: &[&str] = &["/problems/over-budget"];
const INVALID: &[&str] = &["/problems/invalid-value"];
const NON_FINITE: &[&str] = &["/problems/non-finite"];

/// A document of one function of a number.
fn of(body: impl Into<Value>) -> String {
    json!({ "define": { "f(x)": body.into() }, "at": { "x": 0.5 } }).to_string()
}

/// A document of several functions.
fn with(define: Value, body: &str) -> String {
    let mut define = define;
    define["f(x)"] = json!(body);
    json!({ "define": define, "of": "f", "at": { "x": 0.5 } }).to_string()
}

fn object(count: usize, part: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..count).map(part).collect::<Map<_, _>>())
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub(crate) fn documents() -> Vec<Attack> {
    let million = 1_000_000;
    let name = "n".repeat(1 << 20);
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let vectors = vec!["v"; 26].join(", ");
    let einsum = |result: &str| with(json!({}), &format!("sum(einsum('{}->{result}', {vectors}))", letters.join(",")));
    let einsum = |result: &str| einsum(result).replace("\"at\"", "\"constants\":{\"v\":[1,2,3,4]},\"at\"");
    let step = json!({ "step(z)": "sin(z) + 1e-3" });
    let nested = json!({ "step(z)": "sin(z)", "many(z)": "repeat(step, z, 100000)" });
    let doubling = object(40, |i| (format!("g{}(x)", i + 1), json!(format!("g{i}(x + {i})*g{i}(x - {i})"))));
    let mut doubling = doubling;
    doubling["g0(x)"] = json!("sin(x)");
    let loops = |count| {
        let mut loops = object(count, |i| (format!("s{}(z)", i + 1), json!(format!("repeat(s{i}, z, 1)"))));
        loops["s0(z)"] = json!("sin(z)");
        loops
    };
    let deep_nodes = format!("{}\"x\"{}", "{\"op\":\"sin\",\"args\":[".repeat(100_000), "]}".repeat(100_000));
    let sparse = |body: &str, rows: u64, columns: u64| {
        json!({ "define": { "f(x)": body }, "at": { "x": 1 }, "constants": { "S":
            { "shape": [rows, columns], "format": "coo", "rows": [0], "cols": [0], "data": [1] } } })
        .to_string()
    };
    let attack = |name, body, refused| Attack { name, path: "/jacobian", body, refused };
    vec![
        attack("a million brackets in JSON", "[".repeat(million), LIMIT),
        attack("a million parentheses", of("(".repeat(million) + "x" + &")".repeat(million)), LIMIT),
        attack("90 000 parentheses", of("(".repeat(90_000) + "x" + &")".repeat(90_000)), LIMIT),
        attack("90 000 brackets", of("[".repeat(90_000) + "x" + &"]".repeat(90_000)), LIMIT),
        attack("60 000 calls in each other", of("sin(".repeat(60_000) + "x" + &")".repeat(60_000)), LIMIT),
        attack("a million brackets in an expression", of("[".repeat(million) + "x" + &"]".repeat(million)), LIMIT),
        attack("a million minus signs", of("-".repeat(million) + "x"), LIMIT),
        attack("100 000 calls in each other", of("sin(".repeat(100_000) + "x" + &")".repeat(100_000)), LIMIT),
        attack(
            "100 000 nodes in each other",
            format!("{{\"define\":{{\"f(x)\":{deep_nodes}}},\"at\":{{\"x\":1}}}}"),
            LIMIT,
        ),
        attack("2⁴⁰ calls by 40 functions", with(doubling, "g40(x)"), LIMIT),
        attack("16 loops in each other", with(loops(16), "s16(x)"), &[]),
        attack("300 loops in each other", with(loops(300), "s300(x)"), LIMIT),
        attack("10⁹ steps of repeat", with(step.clone(), "repeat(step, x, 1000000000)"), COST),
        attack("10¹⁵ steps of repeat", with(step.clone(), "repeat(step, x, 1e15)"), COST),
        attack("10⁵ steps of 10⁵ steps", with(nested, "repeat(many, x, 100000)"), COST),
        attack(
            "while_loop of 10¹² steps",
            with(json!({"on(z)": "z > 0", "step(z)": "z"}), "while_loop(on, step, x, 1e12)"),
            COST,
        ),
        attack("einsum of 26 indices", einsum(""), &[]),
        attack("einsum to 26 axes", einsum(&letters.concat()), COST),
        attack("a name of 1 MB", of(name.clone()), LIMIT),
        attack(
            "a function's name of 1 MB",
            json!({ "define": { format!("{name}(x)"): "x" }, "at": { "x": 1 } }).to_string(),
            LIMIT,
        ),
        attack("a number of 1 MB", of("9".repeat(1 << 20)), INVALID),
        attack(
            "10⁵ constants",
            json!({ "define": { "f(x)": "x" }, "at": { "x": 1 },
            "constants": object(100_000, |i| (format!("c{i}"), json!(i))) })
            .to_string(),
            LIMIT,
        ),
        attack(
            "10⁵ definitions",
            with(object(100_000, |i| (format!("g{i}(x)"), json!(format!("x + {i}")))), "g7(x)"),
            &[],
        ),
        attack(
            "10⁵ unknown fields",
            object(100_000, |i| (format!("u{i}"), json!(i))).to_string(),
            &["/problems/unknown-field"],
        ),
        attack("10⁵ indices", of(format!("x[{}]", "0,".repeat(100_000))), LIMIT),
        attack("zeros of 10¹² elements", of("sum(zeros((1000000, 1000000)) + x)"), COST),
        attack("zeros of more than can be counted", of("sum(zeros((4294967296, 4294967296, 4294967296)) + x)"), COST),
        attack("zeros of a million axes", of(format!("sum(zeros(({})) + x)", "1,".repeat(million))), LIMIT),
        attack("eye of 10⁹", of("trace(eye(1000000000)) * x"), COST),
        attack("arange of 10¹⁵", of("sum(arange(0, 1e15)) * x"), COST),
        attack("tile by 10¹⁰", of("sum(tile([x, x], (100000, 100000)))"), COST),
        attack("pad by 10¹²", of("sum(pad([x, x], 1000000000000))"), COST),
        attack(
            "an array's shape of 2⁶⁴",
            r#"{"define":{"f(x)":"x"},"at":{"x":{"shape":[4294967296,4294967296],"data":[]}}}"#.into(),
            LIMIT,
        ),
        attack("a sparse constant, made dense", sparse("sum(S + x)", 100_000, 100_000), COST),
        attack("a sparse constant of 4·10⁹ rows", sparse("sum(S @ (x*ones(3)))", 4_000_000_000, 3), COST),
        attack(
            "a Jacobian of 10¹⁰ elements",
            of("outer(arange(0, 100000), x*ones(1000)) @ ones(1000)").replace("0.5", &json!(vec![1; 1000]).to_string()),
            COST,
        ),
        attack("powers of powers", of("9**9**9**9**9 * x"), NON_FINITE),
        Attack {
            path: "/hessian",
            ..attack(
                "a Hessian of 10¹⁰ elements",
                of("sum(outer(sin(x), cos(x)))").replace("0.5", &json!(vec![1; 100_000]).to_string()),
                COST,
            )
        },
        attack("an equation without a solution", with(json!({ "g(z, x)": "exp(z) + x" }), "root(g, x, x)"), NON_FINITE),
        attack(
            "a trajectory that explodes",
            with(json!({ "rhs(y, t)": "y^2" }), "odeint(rhs, [x], [0, 1e9])[-1][0]"),
            NON_FINITE,
        ),
    ]
}
