//! JSON → a request understood as far as its words go: what to differentiate, where, and how to
//! answer. Everything wrong is collected and told at once. Nothing here knows built-ins or the shapes
//! inside functions.

mod directions;
mod inputs;
mod options;
mod recall;
mod text;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use directions::Directions;
pub use inputs::Places;
pub use options::{Format, Layout, Mode};
pub(super) use recall::{Texts, recall};
pub use text::Text;
pub use wanted::{Want, Wanted};

use super::cache::Caches;
use crate::exec::Cancel;
use crate::fault::{Code, Fault};
use crate::json::fields::{self, MOST_FAULTS, tell, with_hint, wrong_type};
use crate::json::{self, Fields, Json, Style};
use crate::notation::{Function, Sources, definitions};
use crate::suggest::suggest;
use crate::tensor::Tensor;

/// What a client posted.
#[derive(Debug, Clone)]
pub struct Document {
    /// The defined functions, shared by all documents that define the same.
    pub definitions: Arc<Definitions>,
    /// Named arrays, in the order written.
    pub constants: Vec<(String, Tensor)>,
    /// Which of them are the elements of sparse matrices, and where these are.
    pub sparse: Vec<(String, Places)>,
    /// The functions to evaluate and differentiate: defined, at least one, each once.
    pub of: Vec<String>,
    /// The inputs, in the order written; a list of points is stacked along a leading axis.
    pub at: Vec<(String, Tensor)>,
    /// Whether `at` was a list of points; then every input is in `batch`.
    pub points: bool,
    /// Names to differentiate by, each once; what they name is not known here.
    pub wrt: Option<Vec<String>>,
    /// Inputs with a leading batch axis, all of one length, at least 1.
    pub batch: Vec<String>,
    /// What to return; `None` leaves it to the endpoint.
    pub want: Option<Vec<Wanted>>,
    /// Directions in the space of the inputs.
    pub tangent: Option<Directions>,
    /// Directions in the space of the outputs.
    pub cotangent: Option<Directions>,
    /// How to differentiate.
    pub mode: Mode,
    /// Whether to show the chain.
    pub trace: bool,
    /// Whether to compare with finite differences.
    pub verify: bool,
    /// Whether Jacobians are matrices or tensors.
    pub layout: Layout,
    /// Whether Jacobians are dense or sparse.
    pub format: Format,
    /// How arrays are written.
    pub style: Style,
    /// Most milliseconds the caller will wait.
    pub time_ms: Option<u64>,
}

/// The function part of a document.
#[derive(Debug)]
pub struct Definitions {
    /// Distinguishes these definitions from all others that the same engine has read.
    pub id: u64,
    /// The defined functions, in the order written.
    pub functions: Vec<Function>,
    /// Names of functions that are defined but could not be read.
    pub broken: Vec<String>,
    /// The texts they came from.
    pub sources: Sources,
}

impl Definitions {
    /// Reads a `define`, until `cancel` is set.
    pub(super) fn parse(define: &Json, id: u64, faults: &mut Vec<Fault>, cancel: &Cancel) -> Self {
        let mut sources = Sources::default();
        let functions = definitions(define, &mut sources, faults, cancel);
        let sound: HashSet<&str> = functions.iter().map(|f| f.name.as_str()).collect();
        let broken = defined(define).into_iter().filter(|name| !sound.contains(name)).map(str::to_owned).collect();
        Self { id, functions, broken, sources }
    }
}

const FIELDS: [&str; 18] = [
    "define",
    "constants",
    "of",
    "at",
    "wrt",
    "batch",
    "want",
    "mode",
    "trace",
    "verify",
    "layout",
    "format",
    "encoding",
    "order",
    "nonfinite",
    "limits",
    "tangent",
    "cotangent",
];

/// Reads a document, or tells all that is wrong with it, 100 faults at most.
pub fn read_document(bytes: &[u8]) -> Result<Document, Vec<Fault>> {
    match read_partially(bytes, &Caches::default(), &Cancel::default()) {
        (Some(document), faults) if faults.is_empty() => Ok(document),
        (_, faults) => Err(faults),
    }
}

/// Reads what can be read of a document, and tells what cannot: a function with a fault is left out
/// and named in [`Definitions::broken`], so that the others can be looked at further. The function part of an
/// earlier document is taken over as it was. Nothing of it is of use once `cancel` is set.
pub(super) fn read_partially(bytes: &[u8], caches: &Caches, cancel: &Cancel) -> (Option<Document>, Vec<Fault>) {
    if let Some(document) = recall(bytes, None, usize::MAX, caches, cancel) {
        return (Some(document), Vec::new());
    }
    let body = match json::read_until(bytes, cancel) {
        Ok(body) => body,
        Err(fault) => return (None, vec![fault]),
    };
    let Json::Object(object) = &body else {
        return (None, vec![wrong_type("", "an object", &body)]);
    };
    let mut faults = Vec::new();
    let fields = Fields::new(object, "", &FIELDS, &mut faults);
    let define = fields.required("define", "an object of functions by signature", &mut faults);
    let definitions = define.map(|define| caches.definitions(define, &mut faults, cancel));
    let defined = define.map(defined).unwrap_or_default();
    let (constants, sparse) = inputs::constants(&fields, &defined, &mut faults);
    let part = FunctionPart { definitions, constants, sparse };
    let document = understand(&fields, &defined, part, &mut faults);
    faults.truncate(MOST_FAULTS);
    if faults.is_empty()
        && !cancel.load(Ordering::Relaxed)
        && let Some(document) = &document
    {
        recall::remember(bytes, document, caches);
    }
    (document, faults)
}

/// What a document says of its functions, beside which of them it asks for.
struct FunctionPart {
    definitions: Option<Arc<Definitions>>,
    constants: inputs::Named,
    sparse: inputs::Scattered,
}

/// The whole document, whose function part is read already; `None` only after a fault.
fn understand(fields: &Fields, defined: &[&str], part: FunctionPart, faults: &mut Vec<Fault>) -> Option<Document> {
    let of = if defined.is_empty() { Vec::new() } else { of(fields, defined, faults) };
    let inputs = inputs::inputs(fields, faults);
    let wrt = fields.names("wrt", faults);
    not_empty("wrt", "leave it out for every input", fields, faults);
    let want = wanted::want(fields, faults);
    let tangent = directions::directions("tangent", fields, faults);
    let cotangent = directions::directions("cotangent", fields, faults);
    let options = options::options(fields, faults);
    let inputs = inputs?;
    Some(Document {
        definitions: part.definitions?,
        constants: part.constants,
        sparse: part.sparse,
        of,
        at: inputs.at,
        points: inputs.points,
        wrt: wrt.map(|names| names.into_iter().map(|(name, _)| name.to_owned()).collect()),
        batch: inputs.batch,
        want,
        tangent,
        cotangent,
        mode: options.mode,
        trace: options.trace,
        verify: options.verify,
        layout: options.layout,
        format: options.format,
        style: options.style,
        time_ms: options.time_ms,
    })
}

/// The names that `define` defines, each once, its faulty definitions included: that a function does
/// not parse must not make its name unknown as well.
fn defined(define: &Json) -> Vec<&str> {
    let Json::Object(object) = define else {
        return Vec::new();
    };
    let mut seen = HashSet::new();
    let names = object.iter().map(|(signature, _)| signature.split('(').next().unwrap_or_default().trim());
    names.filter(|&name| seen.insert(name)).collect()
}

/// The functions asked for: those given, else `f`, else the only one.
fn of(fields: &Fields, defined: &[&str], faults: &mut Vec<Fault>) -> Vec<String> {
    let Some(given) = fields.names("of", faults) else {
        let only = if defined.contains(&"f") { Some("f") } else { defined.first().copied() };
        if fields.get("of").is_none() && defined.len() > 1 && only != Some("f") {
            tell(faults, || {
                let names = defined.iter().take(20).map(|name| fields::short(name)).collect::<Vec<_>>();
                let listed = names.join(", ");
                let detail = format!("The field `of` is missing: say which function, one of {listed}.");
                Fault::new(Code::MissingField, detail).at("/of")
            });
        }
        return only.into_iter().map(str::to_owned).collect();
    };
    not_empty("of", "leave it out for `f` or the only function", fields, faults);
    let known: HashSet<&str> = defined.iter().copied().collect();
    for (name, pointer) in &given {
        if !known.contains(name) {
            tell(faults, || {
                let detail = format!("`of` names `{}`, which is not defined.", fields::short(name));
                let fault = Fault::new(Code::UnknownName, detail).at(pointer);
                with_hint(fault, suggest(name, defined.iter().copied()))
            });
        }
    }
    given.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Refuses an empty list where leaving the field out is what has a meaning.
fn not_empty(field: &str, instead: &str, fields: &Fields, faults: &mut Vec<Fault>) {
    if matches!(fields.get(field), Some(Json::List(list)) if list.is_empty()) {
        let detail = format!("`{field}` is empty; {instead}.");
        tell(faults, || Fault::new(Code::InvalidValue, detail).at(fields.pointer(field)));
    }
}
