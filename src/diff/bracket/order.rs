//! The cheapest order to multiply the factors of the chain rule, by dynamic programming over the chain
//! (Griewank & Naumann, *Accumulating Jacobians as chained sparse matrix products*, Mathematical
//! Programming 95, 2003; Naumann, *Matrix-Free Jacobian Chaining*, arXiv:2406.11862, 2024).
//!
//! Factor i is the derivative of stop i+1 by stop i. The derivative of stop k by stop i is made in one
//! of three ways, whichever is predicted to take the fewest operations: of a shorter one whose columns
//! are pushed through the last segment, of a shorter one whose rows are pulled through the first, or
//! as the product of two.

/// Operations that depend on how many columns or rows go through a segment at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sweep {
    /// For the unit vectors, none of which is multiplied out.
    pub(super) units: u64,
    /// For given vectors: once.
    pub(super) once: u64,
    /// For given vectors: for each of them.
    pub(super) each: u64,
}

impl Sweep {
    fn of(&self, count: usize) -> u64 {
        self.once.saturating_add(self.each.saturating_mul(count as u64))
    }
}

/// What a segment costs to be gone through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    /// Columns, from its first stop to its second.
    pub(super) forward: Sweep,
    /// Rows, from its second stop to its first.
    pub(super) reverse: Sweep,
}

impl Link {
    /// A segment whose factor is there already, m × n without a zero in it.
    pub(super) fn dense(m: usize, n: usize) -> Self {
        let sweep = Sweep { units: 0, once: 0, each: product(m, n, 1) };
        Self { forward: sweep, reverse: sweep }
    }
}

/// Operations of a product of matrices, m × k by k × n.
fn product(m: usize, k: usize, n: usize) -> u64 {
    [m, k, n].iter().fold(2, |all, &n| all.saturating_mul(n as u64))
}

/// How a derivative is accumulated along the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// A factor by columns.
    Columns(usize),
    /// A factor by rows.
    Rows(usize),
    /// The columns of a derivative pushed through the segment after it.
    Push(usize, Box<Order>),
    /// The rows of a derivative pulled through the segment before it.
    Pull(Box<Order>, usize),
    /// Two derivatives multiplied, the later one first.
    Product(Box<Order>, Box<Order>),
}

impl Order {
    /// Whether one end is swept from all the way to the other.
    pub(super) fn is_one_sweep(&self) -> bool {
        let mut order = self;
        let mut ways = [true, true];
        loop {
            let (way, rest) = match order {
                Self::Push(_, before) => (0, before),
                Self::Pull(after, _) => (1, after),
                Self::Columns(_) => return ways[0],
                Self::Rows(_) => return ways[1],
                Self::Product(..) => return false,
            };
            ways[1 - way] = false;
            order = rest;
        }
    }

    /// The brackets, with each factor's name: `(J4·J3)·(J2·J1)`.
    pub(super) fn in_words(&self, name: &dyn Fn(usize) -> String) -> String {
        let inner = |order: &Order| match order {
            Self::Columns(i) | Self::Rows(i) => name(*i),
            _ => format!("({})", order.in_words(name)),
        };
        match self {
            Self::Columns(i) | Self::Rows(i) => name(*i),
            Self::Push(i, before) => format!("{}·{}", name(*i), inner(before)),
            Self::Pull(after, i) => format!("{}·{}", inner(after), name(*i)),
            Self::Product(after, before) => format!("{}·{}", inner(after), inner(before)),
        }
    }
}

/// The last step that makes the derivative of one stop by another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Columns,
    Rows,
    Push,
    Pull,
    Product(usize),
}

/// The cheapest order and its operations; `widths` has one more entry than there are `links`, of which
/// there is at least one.
pub(super) fn cheapest(widths: &[usize], links: &[Link]) -> (Order, u64) {
    let count = links.len();
    // best[i][k]: from stop i to stop k.
    let mut best = vec![vec![(Step::Columns, 0u64); count + 1]; count + 1];
    for length in 1..=count {
        for i in 0..=count - length {
            let k = i + length;
            best[i][k] = if length == 1 {
                let (columns, rows) = (links[i].forward.units, links[i].reverse.units);
                if columns <= rows { (Step::Columns, columns) } else { (Step::Rows, rows) }
            } else {
                let push = best[i][k - 1].1.saturating_add(links[k - 1].forward.of(widths[i]));
                let pull = best[i + 1][k].1.saturating_add(links[i].reverse.of(widths[k]));
                let products = (i + 1..k).map(|j| {
                    let parts = best[i][j].1.saturating_add(best[j][k].1);
                    (Step::Product(j), parts.saturating_add(product(widths[k], widths[j], widths[i])))
                });
                let sweeps = if push <= pull { (Step::Push, push) } else { (Step::Pull, pull) };
                products.fold(sweeps, |least, next| if next.1 < least.1 { next } else { least })
            };
        }
    }
    (unfold(&best, 0, count), best[0][count].1)
}

fn unfold(best: &[Vec<(Step, u64)>], i: usize, k: usize) -> Order {
    match best[i][k].0 {
        Step::Columns => Order::Columns(i),
        Step::Rows => Order::Rows(i),
        Step::Push => Order::Push(k - 1, Box::new(unfold(best, i, k - 1))),
        Step::Pull => Order::Pull(Box::new(unfold(best, i + 1, k)), i),
        Step::Product(j) => Order::Product(Box::new(unfold(best, j, k)), Box::new(unfold(best, i, j))),
    }
}

/// Operations of a sweep forwards along the whole chain.
pub(super) fn all_forward(widths: &[usize], links: &[Link]) -> u64 {
    links[1..].iter().fold(links[0].forward.units, |sum, link| sum.saturating_add(link.forward.of(widths[0])))
}

/// Operations of a sweep backwards along the whole chain.
pub(super) fn all_reverse(widths: &[usize], links: &[Link]) -> u64 {
    let (last, width) = (links.len() - 1, widths[links.len()]);
    links[..last].iter().fold(links[last].reverse.units, |sum, link| sum.saturating_add(link.reverse.of(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(widths: &[usize]) -> Vec<Link> {
        widths.windows(2).map(|pair| Link::dense(pair[1], pair[0])).collect()
    }

    fn named(i: usize) -> String {
        format!("J{}", i + 1)
    }

    /// Multiplications forwards, backwards and in the cheapest order, and that order.
    fn multiplications(widths: &[usize]) -> ([u64; 3], String) {
        let links = dense(widths);
        let (order, best) = cheapest(widths, &links);
        let counts = [all_forward(widths, &links), all_reverse(widths, &links), best];
        (counts.map(|flops| flops / 2), order.in_words(&named))
    }

    #[test]
    fn the_order_of_dense_factors_is_that_of_the_textbooks() {
        assert_eq!(multiplications(&[64, 2, 64, 2, 64]), ([24_576, 24_576, 8704], "J4·((J3·J2)·J1)".into()));
        // Cormen, Leiserson, Rivest & Stein, Introduction to Algorithms, section 14.2; read from the right, the
        // product of the chain rule has these sizes.
        let (counts, order) = multiplications(&[30, 35, 15, 5, 10, 20, 25]);
        assert_eq!(counts, [40_500, 47_500, 15_125]);
        assert_eq!(order, "(J6·(J5·J4))·((J3·J2)·J1)");
        assert_eq!(multiplications(&[100, 50, 20, 10, 1]).0, [121_000, 6200, 6200]);
        assert_eq!(multiplications(&[500, 500, 2, 500, 500]).1, "(J4·J3)·(J2·J1)");
    }

    /// Multiplications of every bracketing in turn, the least of them.
    fn tried_in_turn(widths: &[usize]) -> u64 {
        let last = widths.len() - 1;
        let split = |j: usize| {
            let outer = (widths[0] * widths[j] * widths[last]) as u64;
            tried_in_turn(&widths[..=j]) + tried_in_turn(&widths[j..]) + outer
        };
        (1..last).map(split).min().unwrap_or(0)
    }

    #[test]
    fn no_bracketing_beats_the_one_chosen() {
        let mut state = 12_345u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..1000 {
            let widths: Vec<usize> = (0..random(8) + 2).map(|_| random(60) as usize).collect();
            let ([forward, reverse, best], order) = multiplications(&widths);
            assert_eq!(best, tried_in_turn(&widths), "{widths:?}: {order}");
            assert!(best <= forward.min(reverse));
            assert_eq!(cost_of(&cheapest(&widths, &dense(&widths)).0, &widths).2, best, "{widths:?}: {order}");
        }
    }

    /// First and last stop of an order, and its multiplications, added up along it.
    fn cost_of(order: &Order, widths: &[usize]) -> (usize, usize, u64) {
        let joined = |(i, j, before): (usize, usize, u64), (from, k, after): (usize, usize, u64)| {
            assert_eq!(j, from, "factors are neighbours");
            (i, k, before + after + (widths[i] * widths[j] * widths[k]) as u64)
        };
        match order {
            Order::Columns(i) | Order::Rows(i) => (*i, i + 1, 0),
            Order::Push(i, before) => joined(cost_of(before, widths), (*i, i + 1, 0)),
            Order::Pull(after, i) => joined((*i, i + 1, 0), cost_of(after, widths)),
            Order::Product(after, before) => joined(cost_of(before, widths), cost_of(after, widths)),
        }
    }

    #[test]
    fn a_factor_that_is_dear_to_make_is_not_made() {
        // Through the second segment vectors pass cheaply, but its factor would take long to write down.
        let widths = [3, 100, 100, 3];
        let mut links = dense(&widths);
        let sweep = Sweep { units: 1_000_000, once: 10, each: 100 };
        links[1] = Link { forward: sweep, reverse: sweep };
        let (order, flops) = cheapest(&widths, &links);
        assert_eq!(order, Order::Push(2, Box::new(Order::Push(1, Box::new(Order::Columns(0))))));
        assert_eq!(flops, 310 + 2 * 3 * 100 * 3);
    }
}
