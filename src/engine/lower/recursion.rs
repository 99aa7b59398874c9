//! Which functions call each other in a circle, in time proportional to the calls.

/// A number for each function: two have the same one if each calls the other, directly or through
/// others. `calls[f]` are the functions that `f` calls. (Tarjan's algorithm, without recursion.)
pub(super) fn components(calls: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; calls.len()];
    let mut lowest = vec![NEW; calls.len()];
    let mut component = vec![NEW; calls.len()];
    let (mut visited, mut found) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for root in 0..calls.len() {
        if order[root] != NEW {
            continue;
        }
        // A function on the way down, and how many of its calls have been followed.
        let mut path = vec![(root, 0)];
        while let Some((f, next)) = path.last_mut() {
            let f = *f;
            if *next == 0 {
                (order[f], lowest[f]) = (visited, visited);
                visited += 1;
                open.push(f);
            }
            if let Some(&callee) = calls[f].get(*next) {
                *next += 1;
                if order[callee] == NEW {
                    path.push((callee, 0));
                } else if component[callee] == NEW {
                    lowest[f] = lowest[f].min(order[callee]);
                }
                continue;
            }
            path.pop();
            if let Some(&(caller, _)) = path.last() {
                lowest[caller] = lowest[caller].min(lowest[f]);
            }
            if lowest[f] == order[f] {
                while let Some(member) = open.pop() {
                    component[member] = found;
                    if member == f {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn circles_share_a_number_and_chains_do_not() {
        let of = components(&[vec![1], vec![2], vec![0, 3], vec![4, 4], vec![], vec![5, 0]]);
        assert!(of[0] == of[1] && of[1] == of[2]);
        let mut others = [of[0], of[3], of[4], of[5]];
        others.sort_unstable();
        assert_eq!(others, [0, 1, 2, 3]);
    }

    #[test]
    fn a_long_chain_is_no_deep_recursion() {
        let chain: Vec<Vec<usize>> = (0..200_000).map(|f| if f == 0 { vec![] } else { vec![f - 1] }).collect();
        assert_eq!(components(&chain), (0..200_000).collect::<Vec<_>>());
    }
}
