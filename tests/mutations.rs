//! Whatever becomes of a sound document, the server answers it or says in a problem document what is wrong.
//!
//! `MUTATIONS=100000 cargo test --test mutations -- --nocapture` changes that many, `SEED` begins elsewhere.

#![allow(clippy::print_stdout, reason = "what was measured is told to whoever asks for it")]

#[path = "support/contract.rs"]
mod contract;
#[path = "mutations/documents.rs"]
mod documents;
#[path = "found/mutate.rs"]
mod mutate;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use contract::{contract, faults, resolve, validator};
use jsonschema::Validator;
use mutate::Random;
use serde_json::Value;
use support::Server;
use tokio::task::JoinSet;

const ENDPOINTS: [&str; 8] = ["jacobian", "gradient", "value", "hessian", "jvp", "vjp", "hvp", "check"];

/// Settings under which no request takes long, in an unoptimised build either.
const SETTINGS: [&str; 8] = [
    "--max-flops",
    "20000000",
    "--max-memory-bytes",
    "64000000",
    "--memory-budget",
    "1000000000",
    "--log",
    "warn,jacobi::http::server=info",
];

/// So many at one time.
const CLIENTS: usize = 8;

/// Answers that are longer are looked at as JSON, but not held against their schema.
const LONG_ANSWER: usize = 4096;

/// What is asked, and what the contract says of the answers.
struct Exam {
    server: Server,
    documents: Vec<(Vec<u8>, Value)>,
    names: Vec<&'static str>,
    problem: Validator,
    answers: BTreeMap<&'static str, Validator>,
}

/// A changed document on its way.
struct Changed {
    endpoint: &'static str,
    encoding: Option<&'static str>,
    body: Vec<u8>,
}

/// How often each status and problem type came.
type Counts = BTreeMap<(u16, String), usize>;

impl Exam {
    fn new() -> Self {
        let contract = contract();
        let schema = |endpoint: &str| {
            let said = &contract["paths"][format!("/{endpoint}")]["post"]["responses"]["200"];
            validator(&contract, &resolve(&contract, said)["content"]["application/json"]["schema"])
        };
        let operations = jacobi::ops::table().filter(|(_, row)| row.is_public());
        Self {
            server: Server::start(&SETTINGS),
            documents: documents::documents().into_iter().map(|d| (d.to_string().into_bytes(), d)).collect(),
            names: operations.map(|(_, row)| row.name).collect(),
            problem: validator(&contract, &contract["components"]["schemas"]["Problem"]),
            answers: ENDPOINTS.map(|endpoint| (endpoint, schema(endpoint))).into(),
        }
    }

    /// A document changed in one of many ways; the seed says which.
    fn change(&self, seed: u64) -> Changed {
        let mut random = Random(seed);
        let (text, document) = &self.documents[random.below(self.documents.len())];
        let mut body = match random.below(3) {
            0 => mutate::bytes(text, &mut random),
            _ => mutate::structure(document, &self.names, &mut random),
        };
        let encoding = match random.below(40) {
            0 => Some("gzip"),
            1 => Some("zstd"),
            2 => Some("br"),
            _ => None,
        };
        match encoding {
            Some("gzip") => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(&body).expect("it can be compressed");
                body = packed.finish().expect("it can be compressed");
            }
            Some("zstd") => body = zstd::encode_all(&body[..], 1).expect("it can be compressed"),
            _ => {}
        }
        if encoding.is_some() && random.below(2) == 0 {
            body = mutate::bytes(&body, &mut random);
        }
        Changed { endpoint: ENDPOINTS[random.below(ENDPOINTS.len())], encoding, body }
    }

    /// Posts a changed document and holds the answer against the contract; status and problem type.
    async fn ask(&self, changed: Changed) -> Result<(u16, String), String> {
        let url = self.server.url(&format!("/{}", changed.endpoint));
        let mut request = self.server.client.post(url);
        if let Some(encoding) = changed.encoding {
            request = request.header("content-encoding", encoding);
        }
        let answer = request.body(changed.body).send().await.map_err(|e| format!("no answer: {e:?}"))?;
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (kind, retry) = (header("content-type").to_owned(), header("retry-after").to_owned());
        let bytes = answer.bytes().await.map_err(|e| format!("{status} breaks off: {e:?}"))?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|e| format!("{status} is not JSON: {e}"))?;
        if status == 200 {
            let short = bytes.len() <= LONG_ANSWER;
            let wrong = if short { faults(&self.answers[changed.endpoint], &body) } else { Vec::new() };
            return if wrong.is_empty() { Ok((status, String::new())) } else { Err(format!("{wrong:#?}\n{body:#}")) };
        }
        let wrong = faults(&self.problem, &body);
        if kind != "application/problem+json" || body["status"] != status || !wrong.is_empty() {
            return Err(format!("{status} as {kind} is no problem document: {wrong:#?}\n{body:#}"));
        }
        if status >= 500 && (status != 503 || retry.is_empty()) {
            return Err(format!("{status}, retry-after `{retry}`: {body:#}"));
        }
        Ok((status, body["type"].as_str().unwrap_or_default().to_owned()))
    }
}

/// A number from the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_documents_are_answered_or_refused_with_a_sound_problem() {
    let (count, first, start) = (setting("MUTATIONS", 4000), setting("SEED", 0), Instant::now());
    let exam = Arc::new(Exam::new());
    assert!(exam.documents.len() > 300, "only {} documents", exam.documents.len());
    let next = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (exam, next) = (Arc::clone(&exam), Arc::clone(&next));
        clients.spawn(async move {
            let mut counts = Counts::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= count {
                    return counts;
                }
                let changed = exam.change(first + seed);
                let shown = format!("/{} {:?} {}", changed.endpoint, changed.encoding, changed.body.escape_ascii());
                match exam.ask(changed).await {
                    Ok(came) => *counts.entry(came).or_default() += 1,
                    Err(wrong) => panic!("seed {}: {wrong}\n{shown}", first + seed),
                }
            }
        });
    }
    let mut counts = Counts::new();
    while let Some(ended) = clients.join_next().await {
        for (came, times) in ended.expect("every answer is sound") {
            *counts.entry(came).or_default() += times;
        }
    }
    let types: BTreeSet<&str> = counts.keys().map(|(_, kind)| kind.as_str()).filter(|kind| !kind.is_empty()).collect();
    for kind in &types {
        assert_eq!(exam.server.get(kind).await.status(), 200, "{kind}");
    }
    assert!(types.len() > 10 && counts.keys().any(|(status, _)| *status == 200), "little came of it: {counts:#?}");
    println!("{count} changes of {} documents in {:.0?}:", exam.documents.len(), start.elapsed());
    for ((status, kind), times) in &counts {
        println!("{times:8} {status} {kind}");
    }
    println!("peak memory of the server: {} MB", exam.server.peak_memory() >> 20);
}
