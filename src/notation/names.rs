//! What may be a name: identifiers, reserved words, and the module prefixes that `NumPy` users type.

use super::{advice, limits};

/// Words that mean something in the notation, or would to a reader of Python.
const RESERVED: &[&str] = &[
    "True", "False", "None", "newaxis", "pi", "inf", "nan", "lambda", "if", "else", "elif", "for", "while", "in", "is",
    "not", "and", "or", "def", "return", "import", "from", "as", "class", "with", "pass", "break", "continue", "del",
    "try", "except", "finally", "raise", "yield", "global", "nonlocal", "assert", "async", "await",
];

/// Modules whose names are this notation's: `np.sin` is `sin`.
const MODULES: &[&str] = &["np", "numpy", "jnp", "math", "Math"];
/// Modules inside them that may follow.
const INNER: &[&str] = &["linalg"];

/// Whether a word cannot be defined.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Whether a word before a dot is a module, `inner` after another module.
pub(super) fn is_module(word: &str, inner: bool) -> bool {
    if inner { INNER.contains(&word) } else { MODULES.contains(&word) }
}

/// Why a word cannot be defined as a name, or `None` if it can.
pub(super) fn objection(name: &str) -> Option<String> {
    if name.chars().nth(limits::NAME).is_some() {
        Some(format!("a name is longer than {} characters", limits::NAME))
    } else if !is_identifier(name) {
        Some(format!(
            "`{}` is not a name: a name is letters, digits and `_`, and does not begin with a digit",
            advice::clip(name)
        ))
    } else if is_reserved(name) {
        Some(format!("`{name}` is a reserved word"))
    } else {
        None
    }
}

/// A function's name written by itself, without its module.
pub(super) fn without_module(name: &str) -> &str {
    let name = name.trim();
    let inside = |name: &str, inner: bool| {
        let cut = name.split_once('.').filter(|(module, _)| is_module(module, inner))?.1.len();
        Some(name.len() - cut)
    };
    let Some(first) = inside(name, false) else {
        return name;
    };
    let name = &name[first..];
    inside(name, true).map_or(name, |second| &name[second..])
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(unicode_ident::is_xid_continue)
}

#[cfg(test)]
mod tests {
    use super::{objection, without_module};

    #[test]
    fn names_are_unicode_identifiers() {
        for name in ["x", "_", "W1", "ångström", "λ", "力"] {
            assert_eq!(objection(name), None, "{name}");
        }
        for name in ["", "1x", "a b", "a-b", "#1", "pi", "lambda", &"x".repeat(201)] {
            assert!(objection(name).is_some(), "{name}");
        }
    }

    #[test]
    fn modules_are_dropped() {
        for (written, name) in [("np.sin", "sin"), ("numpy.linalg.inv", "inv"), ("f.g", "f.g"), (" tanh ", "tanh")] {
            assert_eq!(without_module(written), name);
        }
    }
}
