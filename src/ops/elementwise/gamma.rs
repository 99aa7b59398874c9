//! The gamma function and its relatives: logarithm, polygamma, beta, incomplete gamma.

use super::super::Algebra;
use super::super::bind::Bound;
use super::super::row::{Meaning, Operation};
use super::{QUADRATURE, SPECIAL, first_of, map1, map2, map3, of_argument, of_next_order, of_order, primitive, unary};
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, Primitive, Rule};
use crate::kernel;

/// Γ′ = Γψ (DLMF 5.2.2).
static GAMMA: Primitive = primitive(
    "gamma",
    |a, o| map1(a, o, kernel::gamma),
    SPECIAL,
    Rule::Local(|b, n, _| {
        let x = b.arg(n, 0);
        let psi = b.apply(&DIGAMMA, &[x]);
        Some(b.mul(n, psi))
    }),
);

static LGAMMA: Primitive =
    primitive("lgamma", |a, o| map1(a, o, kernel::lgamma), SPECIAL, Rule::Local(|b, n, _| of_argument(b, n, &DIGAMMA)));

static DIGAMMA: Primitive = primitive(
    "digamma",
    |a, o| map1(a, o, kernel::digamma),
    SPECIAL,
    Rule::Local(|b, n, _| Some(first_of(b, n, &POLYGAMMA))),
);

/// The n-th derivative of digamma; the order n is a constant.
static POLYGAMMA: Primitive = primitive(
    "polygamma",
    |a, o| map2(a, o, |n, x| kernel::polygamma(n as u32, x)),
    SPECIAL,
    Rule::Local(|b, n, i| (i == 1).then(|| of_next_order(b, n, &POLYGAMMA))),
);

/// ∂/∂a ln B(a, b) = ψ(a) - ψ(a + b) (DLMF 5.12.1 with 5.2.2).
static BETALN: Primitive = primitive(
    "betaln",
    |a, o| map2(a, o, kernel::betaln),
    2 * SPECIAL,
    Rule::Local(|b, n, i| {
        let (mine, other) = (b.arg(n, i), b.arg(n, 1 - i));
        Some(b.apply(&DIGAMMA_STEP, &[mine, other]))
    }),
);

/// ψ(a) - ψ(a + b).
static DIGAMMA_STEP: Primitive = primitive(
    "digamma_step",
    |a, o| map2(a, o, kernel::digamma_step),
    4 * SPECIAL,
    Rule::Local(|b, n, i| {
        let (x, y) = (b.arg(n, 0), b.arg(n, 1));
        let (first, sum) = (b.fill_like(1.0, x), b.add(x, y));
        let after = b.apply(&POLYGAMMA, &[first, sum]);
        if i == 1 {
            return Some(b.neg(after));
        }
        let before = b.apply(&POLYGAMMA, &[first, x]);
        Some(b.sub(before, after))
    }),
);

/// P(a, x): by a the first of the family of its derivatives, by x the density (DLMF 8.8.13).
static GAMMAINC: Primitive = primitive(
    "gammainc",
    |a, o| map2(a, o, |a, x| kernel::gamma_p(0, a, x)),
    QUADRATURE,
    Rule::Local(|b, n, i| Some(gamma_slope(b, n, i))),
);

/// Q(a, x) = 1 - P(a, x).
static GAMMAINCC: Primitive = primitive(
    "gammaincc",
    |a, o| map2(a, o, kernel::gamma_q),
    QUADRATURE,
    Rule::Local(|b, n, i| {
        let slope = gamma_slope(b, n, i);
        Some(b.neg(slope))
    }),
);

fn gamma_slope(b: &mut Builder, n: NodeId, i: usize) -> NodeId {
    if i == 0 { first_of(b, n, &GAMMAINC_DERIVATIVE) } else { of_order(b, &GAMMA_DENSITY, 0.0, n) }
}

/// The n-th derivative of P(a, x) by a; the order n is a constant of the rules that use it.
static GAMMAINC_DERIVATIVE: Primitive = primitive(
    "gammainc_derivative",
    |a, o| map3(a, o, kernel::gamma_p),
    QUADRATURE,
    Rule::Local(|b, n, i| match i {
        0 => None,
        1 => Some(of_next_order(b, n, &GAMMAINC_DERIVATIVE)),
        _ => {
            let args = b.node(n).args.clone();
            Some(b.apply(&GAMMA_DENSITY, &args))
        }
    }),
);

/// The n-th derivative by a of the density g = x^(a-1) e^(-x)/Γ(a). By x, since g′ = ((a - 1)/x - 1) g, it is
/// ((a - 1)/x - 1) g⁽ⁿ⁾ + n/x g⁽ⁿ⁻¹⁾.
static GAMMA_DENSITY: Primitive = primitive(
    "gamma_density",
    |a, o| map3(a, o, kernel::gamma_density),
    2 * SPECIAL,
    Rule::Local(|b, n, i| {
        let (order, a, x) = (b.arg(n, 0), b.arg(n, 1), b.arg(n, 2));
        match i {
            0 => None,
            1 => Some(of_next_order(b, n, &GAMMA_DENSITY)),
            _ => {
                let above = b.sub(a, x);
                let above = b.plus(-1.0, above);
                let factor = b.div(above, x);
                let slope = b.mul(factor, n);
                if b.fill_value(order) == Some(0.0) {
                    return Some(slope);
                }
                let lower = b.plus(-1.0, order);
                let before = b.apply(&GAMMA_DENSITY, &[lower, a, x]);
                let factor = b.div(order, x);
                let term = b.mul(factor, before);
                Some(b.add(slope, term))
            }
        }
    }),
);

/// The highest order that is offered: beyond it the values leave the range of doubles.
const MAX_ORDER: i64 = 128;

fn build_polygamma(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let order = args.integer(b, "n")?;
    let x = args.array(b, "x")?;
    if !(0..=MAX_ORDER).contains(&order) {
        let fault = args.fault(Code::InvalidValue, "there is no derivative of this order");
        return Err(fault.expected(format!("an order from 0 to {MAX_ORDER}"), order.to_string()));
    }
    if order == 0 {
        return Ok(b.apply(&DIGAMMA, &[x]));
    }
    let order = b.fill_like(order as f64, x);
    Ok(b.apply(&POLYGAMMA, &[order, x]))
}

const fn incomplete(
    name: &'static str,
    signature: &'static str,
    op: &'static Primitive,
    summary: &'static str,
    derivative: &'static str,
) -> Operation {
    Operation {
        summary,
        derivative,
        undefined: "the incomplete gamma function of a negative number or of (0, 0), \
                    or its derivative at x = 0 by x for a < 1 and twice by x",
        domain: &[(0.3, 4.0), (0.2, 5.0)],
        ..Operation::new(name, signature, Meaning::Elementwise(op))
    }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        undefined: "the gamma function at zero or at a negative whole number, and above 171.6 it is too large",
        domain: &[(0.3, 4.0)],
        ..unary("gamma", "gamma(x)", &GAMMA, "Gamma function, Γ(x).", "gamma(x)*digamma(x)")
    },
    Operation {
        aliases: &["gammaln"],
        undefined: "the gamma function at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        ..unary("lgamma", "lgamma(x)", &LGAMMA, "Logarithm of |Γ(x)|.", "digamma(x)")
    },
    Operation {
        aliases: &["psi"],
        undefined: "the digamma function at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        ..unary("digamma", "digamma(x)", &DIGAMMA, "Logarithmic derivative of Γ.", "trigamma(x)")
    },
    Operation {
        summary: "Second derivative of log Γ.",
        shape: "as x",
        derivative: "polygamma(2, x)",
        undefined: "the trigamma function at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        cases: &[("trigamma(x)", &[&[2, 3]])],
        ..Operation::new("trigamma", "trigamma(x)", Meaning::Expand(&["polygamma(1, x)"]))
    },
    Operation {
        summary: "The n-th derivative of digamma, for a whole number n from 0 to 128 known in advance.",
        shape: "as x",
        derivative: "polygamma(n + 1, x) by x",
        undefined: "polygamma functions at zero or at a negative whole number",
        domain: &[(0.3, 4.0)],
        cases: &[("polygamma(0, x)", &[&[3]]), ("polygamma(1, x)", &[&[]]), ("polygamma(3, x)", &[&[2, 3]])],
        ..Operation::new("polygamma", "polygamma(n, x)", Meaning::Build(build_polygamma))
    },
    Operation {
        summary: "Logarithm of the beta function, log(Γ(a)*Γ(b)/Γ(a + b)), without overflow.",
        derivative: "digamma(a) - digamma(a + b) by a, digamma(b) - digamma(a + b) by b",
        undefined: "the beta function at zero or at a negative number",
        domain: &[(0.3, 4.0)],
        ..Operation::new("betaln", "betaln(a, b)", Meaning::Elementwise(&BETALN))
    },
    incomplete(
        "gammainc",
        "gammainc(a, x)",
        &GAMMAINC,
        "Regularised lower incomplete gamma function P(a, x): the gamma distribution function.",
        "x^(a - 1)*exp(-x)/gamma(a) by x; by a the integral of its derivative, to any order up to 16",
    ),
    incomplete(
        "gammaincc",
        "gammaincc(a, x)",
        &GAMMAINCC,
        "Regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x), to full precision where it is small.",
        "-x^(a - 1)*exp(-x)/gamma(a) by x; by a the integral of its derivative, to any order up to 16",
    ),
];
