//! How much a document may hold. The limits keep every recursive walk of a tree inside a 2 MB
//! stack and what is remembered of a document within a small multiple of its size.

/// Deepest nesting of brackets, powers and unary signs in a text, and of nodes in a body.
pub(super) const NESTING: usize = 200;
/// Greatest height of a tree. Chains such as `a + b + c` are high without being nested.
pub(super) const HEIGHT: usize = 1_000;
/// Longest text, in bytes.
pub(super) const TEXT: usize = 1 << 20;
/// Most tokens in one text.
pub(super) const TOKENS: usize = 200_000;
/// Longest name, in characters.
pub(super) const NAME: usize = 200;
/// Most texts and JSON values in the bodies of one document.
pub(super) const BODIES: usize = 500_000;
/// Most faults told about one text.
pub(super) const FAULTS_IN_TEXT: usize = 16;
/// Most faults told about all definitions together.
pub(super) const FAULTS: usize = 100;
