//! Documents that take seconds, each in one kernel or one phase of compiling.

use jacobi::engine::Endpoint;

/// A name, a document, and what is asked of it.
pub(crate) type Heavy = (&'static str, String, Endpoint);

/// One function of one scalar.
fn scalar(body: &str) -> String {
    format!(r#"{{"define": {{"f(t)": "{body}"}}, "at": {{"t": 0.5}}}}"#)
}

/// A full matrix of `n` rows, made of what is cheap.
fn matrix(n: usize) -> String {
    format!("reshape(sin(t*arange({})), ({n}, {n}))", n * n)
}

/// A symmetric positive definite one.
fn definite(n: usize) -> String {
    format!("({} + {}*eye({n}))", matrix(n), 2 * n)
}

/// All documents.
pub(crate) fn documents() -> Vec<Heavy> {
    use Endpoint::{Gradient, Hessian, Jacobian, Value};
    let value = |name, body: String| (name, scalar(&body), Value);
    let values = vec![
        value("product", format!("sum({0} @ {0})", matrix(4000))),
        value("product, batch", format!("sum(reshape(sin(t*arange(16777216)), (64, 512, 512)) @ {})", matrix(512))),
        value("product, thin", format!("sum({} @ sin(t*arange(8000)))", matrix(8000))),
        value("lu solve", format!("sum(solve({}, arange(5000)))", definite(5000))),
        value("inverse", format!("sum(inv({}))", definite(3000))),
        value("det", format!("slogdet({})[1]", definite(5000))),
        value("cofactor, gradient", format!("det({}/3000)", definite(1500))),
        value("cholesky", format!("sum(cholesky({}))", definite(5000))),
        value("triangular", format!("sum(triangular_solve({0}, {0}, lower=True))", definite(4000))),
        value("qr", format!("sum(qr({})[1])", definite(2500))),
        value("lstsq", format!("sum(lstsq({}, arange(2500)))", definite(2500))),
        value("svd", format!("sum(svd({})[1])", definite(1500))),
        value("svdvals", format!("sum(svdvals({}))", definite(2000))),
        value("eigh", format!("sum(eigh({})[1])", definite(2000))),
        value("expm", format!("sum(expm({}/2000))", matrix(1800))),
        value("matrix_power", format!("sum(matrix_power({}/2000, 6))", matrix(3000))),
        value("special, bessel", "sum(bessel_j1(t*arange(100000000)))".to_owned()),
        value("special, gammainc", "sum(gammainc(3.5, t*arange(10000000)))".to_owned()),
        value("cumsum", "sum(cumsum(t*arange(100000000)))".to_owned()),
        value("cumsum, axis", "sum(cumsum(reshape(t*arange(100000000), (10000, 10000)), axis=0))".to_owned()),
        value("max, axis", "sum(max(reshape(t*arange(100000000), (10000, 10000)), axis=0))".to_owned()),
        value("transpose", "sum(cumsum(reshape(t*arange(100000000), (10000, 10000)).T, axis=1))".to_owned()),
        value("take", "sum(take(t*arange(30000000), (7919*arange(30000000)) - 30000000*floor(7919*arange(30000000)/30000000)))".to_owned()),
        value("concatenate", "sum(cumsum(concatenate([t*arange(50000000), t*arange(50000000)])))".to_owned()),
        value("kron", format!("sum(cumsum(kron({0}, {0})))", matrix(90))),
        value("einsum", "sum(einsum('ijk,kjl->il', reshape(t*arange(27000000), (300,300,300)), reshape(t*arange(27000000), (300,300,300))))".to_owned()),
        value("convolution", "sum(conv2d(reshape(t*arange(4194304), (1, 16, 512, 512)), reshape(t*arange(36864), (16, 16, 12, 12))))".to_owned()),
        value("pooling", "sum(max_pool(reshape(t*arange(16777216), (4096, 4096)), [9, 9], stride=1))".to_owned()),
        value("scan", "sum(repeat(step, t*ones(1000), 2000000))".to_owned()),
        value("ode", "sum(odeint(rhs, t*ones(100), linspace(0, 3000, 10)))".to_owned()),
        value("softmax", "sum(softmax(reshape(t*arange(64000000), (8000, 8000)), axis=0))".to_owned()),
        value("sum of views", "sum(reshape(t*arange(100000000), (10000, 10000)).T[::3, ::3]) + sum(cumsum(reshape(t*arange(100000000), (10000, 10000))[::-1].T))".to_owned()),
    ];
    let mut all: Vec<Heavy> = values
        .into_iter()
        .map(|(name, body, endpoint)| {
            let more = r#""step(x)": "sin(x) + 1", "rhs(y, t)": "sin(t) - y","#;
            (name, body.replace(r#""f(t)""#, &format!(r#"{more} "f(t)""#)), endpoint)
        })
        .map(|(name, body, endpoint)| (name, body.replace(r#""at""#, r#""of": "f", "at""#), endpoint))
        .collect();
    all.push(("cofactor", scalar(&format!("det({}/6000)", definite(2500))), Gradient));
    all.extend(compiled(Jacobian, Hessian));
    all.extend(written());
    all
}

/// A document of `n` scalar inputs whose `m` outputs each name several of them.
fn scalars(n: usize, m: usize) -> String {
    let names: Vec<String> = (0..n).map(|i| format!("x{i}")).collect();
    let output = |k: usize| {
        let terms: Vec<String> =
            (0..12).map(|i| format!("sin({}*{})", names[(k * 7 + i) % n], names[(k * 13 + 5 * i) % n])).collect();
        terms.join(" + ")
    };
    let outputs: Vec<String> = (0..m).map(output).collect();
    let at: Vec<String> = names.iter().map(|n| format!("\"{n}\": 0.5")).collect();
    format!(r#"{{"define": {{"f({})": "[{}]"}}, "at": {{{}}}}}"#, names.join(", "), outputs.join(", "), at.join(", "))
}

/// What takes time to read and to compile rather than to run.
fn compiled(jacobian: Endpoint, hessian: Endpoint) -> Vec<Heavy> {
    let sum = |n: usize| -> String {
        let terms: Vec<String> = (0..n).map(|i| format!("sin(x*{i})*exp(x/{})", i + 1)).collect();
        terms.join(" + ")
    };
    let deep: Vec<String> = (0..20_000).map(|i| format!("\"g{}(x)\": \"sin(g{i}(x)) + {i}*x\"", i + 1)).collect();
    let sparse = r#"{"define": {"f(x)": "take(x, arange(1999) + 1)*x[:1999] + x[:1999]^2 + sum(x)"}, "at": {"x": X}, "want": "jacobian", "format": "csr"}"#;
    let point = format!("[{}]", vec!["0.5"; 2000].join(","));
    let wide = format!("[{}]", vec!["0.5"; 1_000_000].join(","));
    vec![
        ("compile, text", format!(r#"{{"define": {{"f(x)": "{}"}}, "at": {{"x": 0.5}}}}"#, sum(16_000)), jacobian),
        ("compile, scalars", scalars(400, 400), jacobian),
        ("compile, scalars hessian", scalars(300, 60).replace(r#": "["#, r#": "sum(["#).replace(r#"]""#, r#"])""#), hessian),
        (
            "compile, functions",
            format!(r#"{{"define": {{"g0(x)": "x", {}, "f(x)": "g900(x)"}}, "of": "f", "at": {{"x": 0.5}}}}"#, deep.join(", ")),
            jacobian,
        ),
        ("compile, pattern", sparse.replace('X', &point), jacobian),
        (
            "compile, wide pattern",
            r#"{"define": {"f(x)": "x[1:]*x[:-1] + cumsum(x)[1:]*0 + x[1:]^2"}, "at": {"x": X}, "want": "jacobian", "format": "csr"}"#.replace('X', &wide),
            jacobian,
        ),
        (
            "compile, colouring",
            r#"{"define": {"f(x)": "take(x, 1000*arange(1000))[:, None]*reshape(x, (1000, 1000))"}, "at": {"x": X}, "want": "jacobian", "format": "csr"}"#.replace('X', &wide),
            jacobian,
        ),
        (
            "compile, sparse hessian",
            r#"{"define": {"f(x)": "sum(x[1:]^2*x[:-1]) + sum(sin(x[::2]*x[1::2]))"}, "at": {"x": X}, "want": "hessian", "format": "csr"}"#.replace('X', &wide),
            hessian,
        ),
    ]
}

/// What takes time to read from JSON and to write to it.
fn written() -> Vec<Heavy> {
    let numbers: Vec<String> = (0..4_000_000).map(|i| format!("{:.9}", f64::from(i) / 7.0)).collect();
    let read = format!(r#"{{"define": {{"f(x)": "sum(x)"}}, "at": {{"x": [{}]}}}}"#, numbers.join(","));
    let rows: Vec<String> = (0..400_000).map(|i| format!("{{\"op\": \"sin\", \"in\": [{i}]}}")).collect();
    let odd = format!(r#"{{"define": {{"f(x)": "x"}}, "at": {{"x": 1}}, "wrt": [{}]}}"#, rows.join(","));
    let many: Vec<String> = (0..300_000).map(|i| format!(r#"{{"x": {i}}}"#)).collect();
    let points = format!(r#"{{"define": {{"f(x)": "sin(x)"}}, "at": [{}]}}"#, many.join(","));
    let write = |encoding: &str| scalar("sin(t*arange(20000000))").replace(r#""at""#, &format!(r#"{encoding} "at""#));
    vec![
        ("json, read", read, Endpoint::Gradient),
        ("json, read objects", odd, Endpoint::Value),
        ("json, read points", points, Endpoint::Value),
        ("json, write", write(""), Endpoint::Value),
        ("json, write flat", write(r#""encoding": "flat","#), Endpoint::Value),
        ("json, write base64", write(r#""encoding": "base64","#), Endpoint::Value),
        (
            "json, write columns",
            scalar("reshape(sin(t*arange(20000000)), (4000, 5000))")
                .replace(r#""at""#, r#""order": "F", "encoding": "flat", "at""#),
            Endpoint::Value,
        ),
    ]
}
