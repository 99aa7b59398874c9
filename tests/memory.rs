//! The bytes that a request is predicted to take are, within a tenth, those that it takes: what a server admits by them
//! fits in its memory.
//!
//! An allocator that counts stands in for the program's own. Everything is one test, as it counts what all threads take.

#![allow(clippy::print_stdout, reason = "what was measured is told to whoever asks for it")]

use jacobi::engine::{Cancel, Endpoint, Engine, Limits};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// A name, a document and what is asked of it.
type Case = (&'static str, String, Endpoint);

/// A value made of a scalar.
fn value(name: &'static str, body: impl AsRef<str>) -> Case {
    written(name, "", body.as_ref())
}

/// The same with further fields.
fn written(name: &'static str, fields: &str, body: &str) -> Case {
    let document = format!(
        r#"{{"define": {{"step(x)": "sin(x) + 1", "rhs(y, t)": "sin(t) - y", "f(t)": "{body}"}},
            "of": "f", {fields} "at": {{"t": 0.5}}}}"#
    );
    (name, document, Endpoint::Value)
}

/// A derivative by the elements of a vector, all of them numbers of full precision.
fn by_vector(name: &'static str, n: u32, body: &str, fields: &str, endpoint: Endpoint) -> Case {
    let x: Vec<String> = (0..n).map(|i| format!("{:?}", f64::from(i).sin())).collect();
    let document = format!(
        r#"{{"define": {{"step(x)": "sin(x) + 1", "f(x)": "{body}"}}, "of": "f", {fields} "at": {{"x": [{}]}}}}"#,
        x.join(",")
    );
    (name, document, endpoint)
}

/// A matrix of full rank, made of what is cheap.
fn matrix(m: usize, n: usize) -> String {
    format!("reshape(sin(1 + 997*(t*arange({}))^2), ({m}, {n}))", m * n)
}

/// A symmetric positive definite one.
fn definite(n: usize) -> String {
    format!("({0} + {0}.T + {1}*eye({n}))", matrix(n, n), 8 * n)
}

/// Texts of answers.
fn texts() -> Vec<Case> {
    vec![
        written("nested", "", "sin(t*arange(1000000))"),
        written("flat", r#""encoding": "flat","#, "sin(t*arange(1000000))"),
        written("base64", r#""encoding": "base64","#, "sin(t*arange(1000000))"),
        written("columns", r#""encoding": "flat", "order": "F","#, "reshape(sin(t*arange(1000000)), (1000, 1000))"),
        written("a transposed view", "", "reshape(sin(t*arange(1000000)), (1000, 1000)).T"),
        written("a repeated row", "", "broadcast_to(sin(t*arange(1000)), (1000, 1000))"),
    ]
}

/// Kernels, each of which takes memory in its own way.
fn kernels() -> Vec<Case> {
    vec![
        value("sum", "sum(sin(t*arange(2000000)))"),
        value("product", format!("sum({0} @ {0})", matrix(1000, 1000))),
        value("product of views", format!("sum({0}[::2, ::2] @ {0}[::-2, ::2].T)", matrix(1500, 1500))),
        value("products", format!("sum(reshape(sin(t*arange(1048576)), (64, 128, 128)) @ {})", matrix(128, 128))),
        value("einsum", format!("sum(einsum('ijk,kjl->il', {0}, {0}))", "reshape(t*arange(1000000), (100, 100, 100))")),
        value("solve, a vector", format!("sum(solve({}, arange(1000)))", definite(1000))),
        value("solve, a matrix", format!("sum(solve({}, {}))", definite(800), matrix(800, 800))),
        value("inverse", format!("sum(inv({}))", definite(800))),
        value("determinant", format!("slogdet({})[1]", definite(1000))),
        value("cholesky", format!("sum(cholesky({}))", definite(1000))),
        value("triangular", format!("sum(triangular_solve({0}, {0}, lower=True))", definite(800))),
        value("qr", format!("sum(qr({})[1])", matrix(600, 600))),
        value("qr, tall", format!("sum(qr({})[1])", matrix(4000, 200))),
        value("qr, wide", format!("sum(qr({})[1])", matrix(300, 2000))),
        value("least squares", format!("sum(lstsq({}, arange(3000)))", matrix(3000, 300))),
        value("least squares, square", format!("sum(lstsq({0}, {0}.T))", matrix(500, 500))),
        value("svd", format!("sum(svd({})[1])", matrix(400, 400))),
        value("svd, tall", format!("sum(svd({})[1])", matrix(3000, 300))),
        value("svd, not so tall", format!("sum(svd({})[1])", matrix(600, 450))),
        value("singular values", format!("sum(svdvals({}))", matrix(500, 500))),
        value("eigh", format!("sum(eigh({})[1])", definite(500))),
        value("expm", format!("sum(expm({}/2000))", matrix(500, 500))),
        ("expm, gradient", value("", format!("sum(expm({}/2000))", matrix(300, 300))).1, Endpoint::Gradient),
        ("singular cofactors", value("", "det(outer(sin(t*arange(700)), cos(t*arange(700))))").1, Endpoint::Gradient),
        value("matrix power", format!("sum(matrix_power({}/2000, 6))", matrix(800, 800))),
        value("running sums", "sum(cumsum(t*arange(1000000)))"),
        value("running sums of a view", "sum(cumsum(reshape(t*arange(1000000), (1000, 1000)).T, axis=0))"),
        value("greatest", "sum(max(reshape(t*arange(1000000), (1000, 1000)), axis=0))"),
        value("take", "sum(take(t*arange(1000000), 999999 - arange(1000000))^2)"),
        value("join", "sum(cumsum(concatenate([t*arange(500000), t*arange(500000)])))"),
        value("join of a view", format!("sum(concatenate([{0}.T, {0}])^2)", matrix(700, 700))),
        value("kron", format!("sum(cumsum(kron({0}, {0})))", matrix(32, 32))),
        value(
            "convolution",
            "sum(conv2d(reshape(t*arange(262144), (1, 16, 128, 128)), reshape(t*arange(2304), (16, 16, 3, 3))))",
        ),
        value("pooling", "sum(max_pool(reshape(t*arange(1000000), (1000, 1000)), [3, 3], stride=1))"),
        value("softmax", "sum(softmax(reshape(t*arange(1000000), (1000, 1000)), axis=0))"),
        value("loop", "sum(repeat(step, t*ones(400000), 5))"),
        value("equation", "sum(odeint(rhs, t*ones(2000), linspace(0, 0.1, 300)))"),
    ]
}

/// Derivatives.
fn derivatives() -> Vec<Case> {
    use Endpoint::{Gradient, Hessian, Jacobian};
    let point = |i: u32| format!("[{:?},{:?}]", f64::from(i).sin(), f64::from(i).cos());
    let points: Vec<String> = (0..100_000).map(point).collect();
    let batch = format!(
        r#"{{"define": {{"f(x)": "[x[0]*cos(x[1]), x[0]*sin(x[1])]"}}, "at": {{"x": [{}]}}, "batch": ["x"]}}"#,
        points.join(",")
    );
    let product = "cumsum(1 + sin(x))*sum(sin(x))";
    vec![
        by_vector("gradient", 500_000, "sum(sin(x)*cos(x))", "", Gradient),
        by_vector("jacobian", 1000, product, "", Jacobian),
        by_vector("jacobian, base64", 1000, product, r#""encoding": "base64","#, Jacobian),
        by_vector("hessian", 1000, "sum(sin(x))^2", "", Hessian),
        by_vector("sparse jacobian", 200_000, "x[1:]*sin(x[:-1])", r#""format": "csr","#, Jacobian),
        by_vector("coordinates", 200_000, "x[1:]*sin(x[:-1])", r#""format": "coo","#, Jacobian),
        by_vector("loop, gradient", 1000, "sum(repeat(step, x, 1000))", "", Gradient),
        by_vector("verified", 1000, product, r#""verify": true,"#, Jacobian),
        ("batch", batch, Jacobian),
    ]
}

#[test]
fn the_bytes_a_request_takes_are_those_predicted() {
    // On several threads, which share large work. The first product of each takes some memory that it keeps.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    pool.broadcast(|_| measure(&value("", format!("sum({0} @ {0})", matrix(100, 100)))));
    pool.install(compare);
}

fn compare() {
    let mut wrong = Vec::new();
    for case in [texts(), kernels(), derivatives()].concat() {
        let (predicted, taken) = measure(&case);
        let ratio = taken as f64 / predicted as f64;
        if !(0.9..=1.1).contains(&ratio) {
            wrong.push(format!("{}: {taken} bytes where {predicted} were predicted, {ratio:.2}", case.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let read = reading(&derivatives()[0]);
    assert!(read < 4.0, "reading takes {read:.1} times the text");

    let planned = planning();
    assert!(planned < 0.75, "planning takes {planned:.2} of what a request may");

    // Short numbers take less than was reckoned with, but memory is reserved for what they take.
    let (predicted, taken) = measure(&value("short", "0*sin(t*arange(1000000))"));
    assert!(taken < predicted && taken < (1_000_000 * 5 + 16_000_000), "{taken} of {predicted}");

    let kept = keeping();
    assert!(kept < 0.25, "what is kept between requests takes {kept:.2} of what one request may");
}

/// The most that planning takes beside reading, of what one request may take: patterns whose positions are as many as
/// they may be, in a few ways of their own.
fn planning() -> f64 {
    let limits = Limits { max_bytes: 64 << 20, ..Limits::default() };
    let cases = [
        (1000, "cumsum(x)"),
        (250_000, "sum(reshape(x, (62500, 4)), axis=1)"),
        (150_000, "x[1:]*sin(x[:-1])"),
        (100_000, "take(x, 99999 - arange(100000))*x + x^2"),
    ];
    let taken = cases.map(|(n, body)| {
        let x = vec!["0"; n].join(",");
        let document = format!(r#"{{"define": {{"f(x)": "{body}"}}, "format": "csr", "at": {{"x": [{x}]}}}}"#);
        let engine = Engine::new(limits);
        ALLOCATED.reset_peak_usage();
        let before = ALLOCATED.current_usage() + 4 * document.len();
        let prepared = engine.prepare(document.as_bytes(), Endpoint::Jacobian, &Cancel::new(false));
        prepared.unwrap_or_else(|e| panic!("{body}: {e:?}"));
        let taken = ALLOCATED.peak_usage().saturating_sub(before) as f64 / limits.max_bytes as f64;
        println!("planning {body} takes {taken:.2} of what a request may");
        taken
    });
    taken.into_iter().fold(0.0, f64::max)
}

/// The bytes that reading a document and planning it take for each of its own.
fn reading((name, body, endpoint): &Case) -> f64 {
    let engine = Engine::new(Limits::default());
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    engine.prepare(body.as_bytes(), *endpoint, &Cancel::new(false)).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    (ALLOCATED.peak_usage() - before) as f64 / body.len() as f64
}

/// The bytes predicted for a run with its answer, and those taken.
fn measure((name, body, endpoint): &Case) -> (u64, u64) {
    let engine = Engine::new(Limits { max_flops: 1 << 50, ..Limits::default() });
    let cancel = Cancel::new(false);
    let prepared = engine.prepare(body.as_bytes(), *endpoint, &cancel).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    engine.run(&prepared, &cancel).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    (prepared.cost().bytes, (ALLOCATED.peak_usage() - before) as u64)
}

/// The memory that an engine keeps after many functions that it never sees again, by what one request may take.
fn keeping() -> f64 {
    let limits = Limits { max_bytes: 32 << 20, ..Limits::default() };
    let engine = Engine::new(limits);
    let before = ALLOCATED.current_usage();
    for n in 0..250 {
        let terms: Vec<String> = (0..20).map(|i| format!("{n}.5*sin(1.25*x[{i}]*x[{}])", i + 1)).collect();
        let document = format!(r#"{{"define": {{"f(x)": "{}"}}, "at": {{"x": {:?}}}}}"#, terms.join(" + "), [0.5; 21]);
        engine.answer(document.as_bytes(), Endpoint::Hessian, &Cancel::default()).expect("an answer");
    }
    (ALLOCATED.current_usage() - before) as f64 / limits.max_bytes as f64
}
