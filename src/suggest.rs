//! "Did you mean …?": the known name closest to one that was not found.

use std::cmp::Reverse;

/// Names longer than this are never misspellings of ours, and comparing them would cost too much.
const LONGEST: usize = 64;

/// The candidate that `name` is most likely a misspelling of, if any is close enough: about one slip
/// (a letter changed, added, left out, or two swapped) for every three letters, capitals aside. Among
/// equals, the one that begins alike the longest.
///
/// The answer does not depend on the order of the candidates.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != name)
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let longest = other.chars().count().max(length);
            let distance = strsim::damerau_levenshtein(&lower, &other);
            let close = distance <= (longest / 3).max(1) && distance < longest;
            close.then(|| {
                let shared = name.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
                (distance, strsim::damerau_levenshtein(name, candidate), Reverse(shared), candidate)
            })
        })
        .min()
        .map(|(_, _, _, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::suggest;

    fn of(name: &str, candidates: &[&str]) -> Option<String> {
        suggest(name, candidates.iter().copied())
    }

    #[test]
    fn finds_slips_swaps_and_capitals() {
        assert_eq!(of("jacobain", &["gradient", "jacobian"]).as_deref(), Some("jacobian"));
        assert_eq!(of("Tanh", &["tan", "tanh"]).as_deref(), Some("tanh"));
        assert_eq!(of("g3", &["f", "g1"]).as_deref(), Some("g1"));
        assert_eq!(of("w", &["W", "b"]).as_deref(), Some("W"));
    }

    #[test]
    fn says_nothing_rather_than_nonsense() {
        assert_eq!(of("x", &["y", "z"]), None);
        assert_eq!(of("softmax", &["relu", "sum"]), None);
        assert_eq!(of("f", &["f"]), None);
        assert_eq!(of(&"a".repeat(1000), &["a"]), None);
    }

    #[test]
    fn does_not_depend_on_the_order() {
        assert_eq!(of("g0", &["g2", "g1"]), of("g0", &["g1", "g2"]));
    }
}
