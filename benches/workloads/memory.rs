//! How much memory a run takes: what it was predicted to take, and by how much the process grew.

use jacobi::engine::{Cancel, Compiled, Limits, read_document};
use jacobi::exec::Workspace;
use serde_json::{Value, json};

/// Runs a document once in memory of its own. Zero or less than a page where the process had room to spare.
pub(crate) fn measure(body: &str, limits: &Limits, line: &mut Value) {
    let document = read_document(body.as_bytes()).expect("a sound document");
    let want = document.want.clone().expect("the document says what it wants");
    let compiled = Compiled::new(&document, &want, limits).expect("a sound document");
    let (inputs, mut workspace) = (compiled.bind(&document), Workspace::default());
    let before = forget_peak();
    compiled.plan.run(&inputs, &mut workspace, &Cancel::new(false)).expect("nobody cancels");
    let after = status("VmHWM:");
    line["bytes"] = json!(compiled.cost.bytes);
    line["peak_bytes"] = json!(after.saturating_sub(before));
}

/// Makes the most that the process ever held what it holds now, and returns that.
fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux forgets peaks");
    status("VmHWM:")
}

/// A figure of the process, in bytes.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux tells of its processes");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line for it");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).expect("a number") * 1024
}
