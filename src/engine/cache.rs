//! What is kept between requests: parsed definitions and compiled plans, within a budget of bytes.
//!
//! A repeated request reads its point, runs, writes; it neither reads its functions nor plans again.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};
use rustc_hash::FxBuildHasher;

use super::compiled::Compiled;
use super::document::{Definitions, Directions, Document, Format, Mode, Texts, Wanted};
use super::forms::Forms;
use crate::exec::Cancel;
use crate::fault::Fault;
use crate::ir::Data;
use crate::json::Json;
use crate::tensor::Tensor;

/// Bytes that each of the caches may keep at most, roughly.
const CAPACITY: u64 = 64 << 20;

/// A cache keeps no more than this part of what one request may take: a small machine keeps little.
const SHARE: u64 = 16;

/// So many plans take the constants of one function at their word; then they are seen to change from request to
/// request, and one plan serves them all.
const MOST_SETTLED: usize = 8;

/// How many entries the caches expect.
const ENTRIES: usize = 1000;

/// How many plans: a cache that expects few has few parts, and a large plan finds room in one of them.
const PLANS: usize = 64;

/// Bytes of the trees that are made of a byte of text.
pub(super) const OF_TEXT: u64 = 64;

/// Parsed definitions and compiled plans of recent requests.
#[derive(Debug)]
pub(super) struct Caches {
    forms: Forms,
    /// Function parts by their bytes.
    texts: Texts,
    definitions: Cache<Text, Arc<Definitions>, Weight>,
    plans: Cache<PlanKey, Arc<Compiled>, Weight, FxBuildHasher>,
    /// For plans that depend on the elements of constants, on which; by the key without these. And how many plans that
    /// has taken.
    structural: Cache<PlanKey, (Arc<[String]>, usize), Weight, FxBuildHasher>,
    next: AtomicU64,
}

impl Default for Caches {
    fn default() -> Self {
        Self::of(CAPACITY)
    }
}

impl Caches {
    /// Caches for requests that may take so many bytes each.
    pub(super) fn beside(request: u64) -> Self {
        Self::of(CAPACITY.min(request / SHARE))
    }

    fn of(capacity: u64) -> Self {
        Self {
            // What they hold beside their texts is shared with the others.
            forms: Forms::of(capacity / 8),
            texts: Texts::of(capacity),
            definitions: Cache::with_weighter(ENTRIES, capacity, Weight),
            plans: Cache::with(PLANS, capacity, Weight, FxBuildHasher, DefaultLifecycle::default()),
            structural: Cache::with(ENTRIES, capacity, Weight, FxBuildHasher, DefaultLifecycle::default()),
            next: AtomicU64::new(0),
        }
    }

    /// The parsed form of a `define`. Those with faults are not kept, nor one that was given up half-way.
    pub(super) fn definitions(&self, define: &Json, faults: &mut Vec<Fault>, cancel: &Cancel) -> Arc<Definitions> {
        let sought = Sought::new(define);
        if let Some(known) = self.definitions.get(&sought) {
            return known;
        }
        let before = faults.len();
        let parsed = Arc::new(Definitions::parse(define, self.next.fetch_add(1, Ordering::Relaxed), faults, cancel));
        if faults.len() == before && !cancel.load(Ordering::Relaxed) {
            let key = Text { hash: sought.hash, define: define.clone() };
            self.definitions.insert(key, Arc::clone(&parsed));
        }
        parsed
    }

    /// Documents but for their numbers.
    pub(super) fn forms(&self) -> &Forms {
        &self.forms
    }

    /// Function parts by their bytes.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The plan of a document, if it is known.
    pub(super) fn known_plan(&self, document: &Document, want: &[Wanted]) -> Option<Arc<Compiled>> {
        self.known(&PlanKey::new(document, want), document)
    }

    fn known(&self, bare: &PlanKey, document: &Document) -> Option<Arc<Compiled>> {
        match self.structural.get(bare) {
            None => self.plans.get(bare),
            Some((names, _)) => self.plans.get(&bare.with_contents(document, &names)),
        }
    }

    /// The plan of a document, made by `compile` if it is not known. It is told whether constants may be taken at their
    /// word: where they keep changing they may not.
    pub(super) fn plan(
        &self,
        document: &Document,
        want: &[Wanted],
        compile: impl FnOnce(bool) -> Result<Compiled, Vec<Fault>>,
    ) -> Result<Arc<Compiled>, Vec<Fault>> {
        let bare = PlanKey::new(document, want);
        if let Some(known) = self.known(&bare, document) {
            return Ok(known);
        }
        let before = self.structural.get(&bare).map_or(0, |known| known.1);
        let compiled = Arc::new(compile(before < MOST_SETTLED)?);
        if compiled.structural.is_empty() {
            self.structural.remove(&bare);
            self.plans.insert(bare, Arc::clone(&compiled));
        } else {
            self.plans.insert(bare.with_contents(document, &compiled.structural), Arc::clone(&compiled));
            self.structural.insert(bare, (compiled.structural.as_slice().into(), before + 1));
        }
        Ok(compiled)
    }
}

/// A `define` with its hash; equal values of it mean the same functions at the same places.
#[derive(Debug, Clone)]
struct Text {
    hash: u64,
    define: Json,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.define == other.define
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A `define` that is looked up: it is copied only if it is not known.
struct Sought<'a> {
    hash: u64,
    define: &'a Json,
}

impl<'a> Sought<'a> {
    fn new(define: &'a Json) -> Self {
        let mut hasher = FxBuildHasher.build_hasher();
        hash(define, &mut hasher);
        Self { hash: hasher.finish(), define }
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Text> for Sought<'_> {
    fn equivalent(&self, key: &Text) -> bool {
        self.hash == key.hash && *self.define == key.define
    }
}

fn hash(json: &Json, state: &mut impl Hasher) {
    std::mem::discriminant(json).hash(state);
    match json {
        Json::Null => {}
        Json::Bool(b) => b.hash(state),
        Json::Number(x) => x.to_bits().hash(state),
        Json::Text(t) => t.hash(state),
        Json::Array(t) => {
            t.shape.hash(state);
            t.data.iter().for_each(|x| x.to_bits().hash(state));
        }
        Json::List(items) => items.iter().for_each(|i| hash(i, state)),
        Json::Object(entries) => entries.iter().for_each(|(key, value)| {
            key.hash(state);
            hash(value, state);
        }),
    }
}

/// Everything that a plan depends on: the functions, what is asked of them, and the shapes; of the
/// numbers only scalar constants, which may serve where a number must be known in advance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    definitions: u64,
    of: Vec<String>,
    wrt: Option<Vec<String>>,
    want: Vec<Wanted>,
    mode: Mode,
    trace: bool,
    inputs: Vec<(String, Vec<usize>, bool)>,
    constants: Vec<(String, Vec<usize>, Option<u64>)>,
    /// Shapes of sparse constants, and where their elements are.
    scattered: Vec<(String, [usize; 2], Data)>,
    directions: [Option<Directional>; 2],
    sparse: bool,
    /// Whether derivatives are compared with differences of the values, and so both are needed, whole.
    verified: bool,
    /// The elements of constants that decide where others go.
    contents: Vec<(String, Data)>,
}

/// How many directions if they are a list, and the names and shapes of their arrays.
type Directional = (Option<usize>, Vec<(String, Vec<usize>)>);

fn directional(given: Option<&Directions>) -> Option<Directional> {
    let shapes = |d: &Directions| d.arrays.iter().map(|(name, t)| (name.clone(), t.shape.clone())).collect();
    given.map(|d| (d.list, shapes(d)))
}

fn data(t: &Tensor) -> Data {
    Data { shape: t.shape.as_slice().into(), elements: Arc::clone(&t.data) }
}

impl PlanKey {
    fn new(document: &Document, want: &[Wanted]) -> Self {
        let sparse = document.format != Format::Dense;
        let batched = |name: &String| document.batch.contains(name);
        let inputs = document.at.iter().map(|(name, t)| (name.clone(), t.shape.clone(), batched(name)));
        let scalar = |t: &Tensor| t.shape.is_empty().then(|| t.data[0].to_bits());
        let constants = document.constants.iter().map(|(name, t)| (name.clone(), t.shape.clone(), scalar(t)));
        Self {
            definitions: document.definitions.id,
            of: document.of.clone(),
            wrt: document.wrt.clone(),
            want: want.to_vec(),
            mode: document.mode,
            trace: document.trace,
            inputs: inputs.collect(),
            constants: constants.collect(),
            scattered: document.sparse.iter().map(|(name, p)| (name.clone(), p.shape, data(&p.positions))).collect(),
            directions: [directional(document.tangent.as_ref()), directional(document.cotangent.as_ref())],
            sparse,
            verified: document.verify,
            contents: Vec::new(),
        }
    }

    /// Number of elements of arrays that are part of the key.
    fn contents(&self) -> usize {
        let lists = self.contents.iter().map(|c| &c.1).chain(self.scattered.iter().map(|s| &s.2));
        lists.map(|data| data.elements.len()).sum()
    }

    /// The key of a plan that depends on the elements of some constants.
    fn with_contents(&self, document: &Document, names: &[String]) -> Self {
        let named = document.constants.iter().filter(|(name, _)| names.contains(name));
        Self { contents: named.map(|(name, t)| (name.clone(), data(t))).collect(), ..self.clone() }
    }
}

/// Rough bytes of an entry.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Text, Arc<Definitions>> for Weight {
    fn weight(&self, key: &Text, value: &Arc<Definitions>) -> u64 {
        size(&key.define) + value.functions.len() as u64 * 1024
    }
}

impl Weighter<PlanKey, Arc<Compiled>> for Weight {
    fn weight(&self, key: &PlanKey, value: &Arc<Compiled>) -> u64 {
        value.weight() + key.contents() as u64 * 8
    }
}

impl Weighter<PlanKey, (Arc<[String]>, usize)> for Weight {
    fn weight(&self, key: &PlanKey, _: &(Arc<[String]>, usize)) -> u64 {
        4096 + (key.inputs.len() + key.constants.len()) as u64 * 128 + key.contents() as u64 * 8
    }
}

/// Rough bytes of a JSON value and of the trees made of it.
fn size(json: &Json) -> u64 {
    64 + match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::Text(t) => t.len() as u64 * OF_TEXT,
        Json::Array(t) => t.data.len() as u64 * 8,
        Json::List(items) => items.iter().map(size).sum(),
        Json::Object(entries) => entries.iter().map(|(key, value)| key.len() as u64 + size(value)).sum(),
    }
}
