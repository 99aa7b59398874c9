//! How large values can become, as far as their operations alone tell: sines stay within 1 and sums of bounded numbers
//! are bounded. A zero times what is bounded is zero and need not be multiplied out; times what may be infinite or no
//! number it has to be.

use super::attr::Attr;
use super::graph::{Node, NodeId};
use super::primitive::{Arithmetic, Kernel, Primitive, Single};

/// The bound of a node that is about to be made: see [`Node::bound`].
pub(super) fn bound(nodes: &[Node], op: &Primitive, args: &[NodeId], attr: &Attr) -> f64 {
    let of = |k: usize| args.get(k).map_or(f64::INFINITY, |a| nodes[a.index()].bound);
    let found = match (op.kernel, attr, op.single) {
        (Kernel::Fill, Attr::Fill(_, bits), _) => f64::from_bits(*bits).abs(),
        (Kernel::View(_) | Kernel::Reshape, ..) => of(0),
        (Kernel::Elementwise(_), _, Single::Bounded(most)) if of(0).is_finite() => most,
        (Kernel::Elementwise(_), _, Single::Paired(pair)) if of(0).is_finite() => pair.bound,
        (Kernel::Elementwise(_), _, Single::Arithmetic(arithmetic)) => of_arithmetic(arithmetic, of(0), of(1), of(2)),
        _ => f64::INFINITY,
    };
    // What is no number is bounded by nothing.
    if found.is_nan() { f64::INFINITY } else { found }
}

fn of_arithmetic(arithmetic: Arithmetic, x: f64, y: f64, z: f64) -> f64 {
    match arithmetic {
        Arithmetic::Add | Arithmetic::Subtract => x + y,
        Arithmetic::Negate => x,
        Arithmetic::Multiply | Arithmetic::Scale | Arithmetic::Chain => x * y,
        Arithmetic::Select => y.max(z),
        Arithmetic::Divide => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::super::builder::Builder;
    use super::super::graph::NodeId;
    use crate::ops::Algebra;

    #[test]
    fn a_zero_times_what_is_bounded_is_not_multiplied_out() {
        let mut b = Builder::default();
        let (known, any) = (b.finite_input(&[3]), b.input(&[3]));
        let zero = b.fill(0.0, &[3]);
        let vanishes = |b: &mut Builder, x: NodeId| {
            let product = b.mul(zero, x);
            b.fill_value(product) == Some(0.0)
        };
        assert!(vanishes(&mut b, known), "a finite number");
        assert!(!vanishes(&mut b, any), "it may be infinite");
        let twice = b.add(known, known);
        assert!(!vanishes(&mut b, twice), "a sum of finite numbers may overflow");
        let (one, half) = (b.fill(1.0, &[3]), b.fill(0.5, &[3]));
        let quotient = b.div(one, known);
        assert!(!vanishes(&mut b, quotient), "a quotient may be anything");
        let tamed = b.select(known, half, one);
        let sum = b.add(tamed, one);
        assert!(vanishes(&mut b, sum), "at most two");
    }

    #[test]
    fn zero_absorbs_by_itself_between_bounded_factors() {
        let mut b = Builder::default();
        let (c, any) = (b.finite_input(&[3]), b.input(&[3]));
        let (one, half) = (b.fill(1.0, &[3]), b.fill(0.5, &[3]));
        let tamed = b.select(c, half, one);
        let plain = b.mul(tamed, tamed);
        assert_eq!([b.chain(tamed, tamed), b.scale(tamed, tamed)], [plain; 2]);
        let guarded = [b.chain(tamed, any), b.scale(any, tamed)];
        let product = b.mul(tamed, any);
        assert!(!guarded.contains(&product) && b.mul(any, tamed) == product, "it may be infinite");
        let scaled = b.scale(any, half);
        assert_eq!(scaled, b.mul(any, half), "known not to be zero");
        let turned = b.neg(tamed);
        let opposite = b.neg(plain);
        assert_eq!(b.mul(turned, tamed), opposite, "signs go outwards");
        let sum = b.add(any, opposite);
        assert_eq!(sum, b.sub(any, plain));
    }
}
