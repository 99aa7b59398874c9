//! Activation functions of neural networks.

use super::super::Algebra;
use super::super::row::{Meaning, Operation};
use super::{LIBRARY, at_zero, map1, of_argument, pair, primitive, vector};
use crate::ir::{Pair, Primitive, Rule, Single};
use crate::kernel;

/// The logistic function of a number and of its opposite share an exponential.
static SIGMOID_OF_BOTH: Pair =
    Pair { of: ["sigmoid", "sigmoid of the opposite"], bound: 1.0, kernel: pair!(kernel::sigmoid_of_both) };

/// Logistic function. Its slope is σ(x)·σ(-x), which keeps the digits that 1 - σ loses.
static SIGMOID: Primitive = Primitive {
    single: Single::Paired(&SIGMOID_OF_BOTH),
    ..primitive(
        "sigmoid",
        |a, o| vector!(a, o, kernel::sigmoid),
        LIBRARY + 4,
        Rule::Local(|b, n, _| {
            let x = b.arg(n, 0);
            let other = b.apply(&SIGMOID_OF_OPPOSITE, &[x]);
            Some(b.mul(n, other))
        }),
    )
};

/// σ(-x).
static SIGMOID_OF_OPPOSITE: Primitive = Primitive {
    single: Single::Paired(&SIGMOID_OF_BOTH),
    ..primitive(
        "sigmoid of the opposite",
        |a, o| vector!(a, o, kernel::sigmoid_of_opposite),
        LIBRARY + 4,
        Rule::Local(|b, n, _| {
            let x = b.arg(n, 0);
            let other = b.apply(&SIGMOID, &[x]);
            let product = b.mul(n, other);
            Some(b.neg(product))
        }),
    )
};

static SOFTPLUS: Primitive = primitive(
    "softplus",
    |a, o| vector!(a, o, kernel::softplus),
    2 * LIBRARY,
    Rule::Local(|b, n, _| of_argument(b, n, &SIGMOID)),
);

/// max(x, 0) with relu'(0) = 0; NaN stays NaN.
static RELU: Primitive = Primitive {
    kink: Some(at_zero),
    ..primitive(
        "relu",
        |a, o| map1(a, o, |x| if x <= 0.0 { 0.0 } else { x }),
        1,
        Rule::Local(|b, n, _| {
            let x = b.arg(n, 0);
            let zero = b.fill_like(0.0, x);
            Some(b.greater(x, zero))
        }),
    )
};

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        aliases: &["expit", "logistic"],
        summary: "Logistic function, 1/(1 + exp(-x)).",
        shape: "as x",
        derivative: "sigmoid(x)*sigmoid(-x)",
        ..Operation::new("sigmoid", "sigmoid(x)", Meaning::Elementwise(&SIGMOID))
    },
    Operation {
        summary: "log(1 + exp(x)), without overflow.",
        shape: "as x",
        derivative: "sigmoid(x)",
        ..Operation::new("softplus", "softplus(x)", Meaning::Elementwise(&SOFTPLUS))
    },
    Operation {
        summary: "The positive part, max(x, 0).",
        shape: "as x",
        derivative: "x > 0",
        kinks: "0 at 0",
        ..Operation::new("relu", "relu(x)", Meaning::Elementwise(&RELU))
    },
    Operation {
        summary: "x where positive, slope times x elsewhere.",
        shape: "as x",
        derivative: "where(x > 0, 1, negative_slope)",
        kinks: "negative_slope at 0",
        cases: &[("leaky_relu(x)", &[&[5]]), ("leaky_relu(x, negative_slope=0.2)", &[&[2, 3]])],
        ..Operation::new(
            "leaky_relu",
            "leaky_relu(x, negative_slope=0.01)",
            Meaning::Expand(&["u = _corner(x)", "where(u > 0, u, negative_slope * u)"]),
        )
    },
    Operation {
        summary: "x where positive, alpha*(exp(x) - 1) elsewhere.",
        shape: "as x",
        derivative: "where(x > 0, 1, alpha*exp(x))",
        kinks: "alpha at 0 (a corner only if alpha is not 1)",
        cases: &[("elu(x)", &[&[5]]), ("elu(x, alpha=0.5)", &[&[2, 3]])],
        ..Operation::new(
            "elu",
            "elu(x, alpha=1.0)",
            Meaning::Expand(&[
                "u = where(alpha == 1, x, _corner(x))",
                "where(u > 0, u, alpha * expm1(where(u > 0, 0, u)))",
            ]),
        )
    },
    Operation {
        summary: "x times the normal distribution function of x (the exact form, not the tanh approximation).",
        shape: "as x",
        derivative: "(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*pi)",
        cases: &[("gelu(x)", &[&[5]])],
        ..Operation::new("gelu", "gelu(x)", Meaning::Expand(&["x * (erfc(-x / sqrt(2)) / 2)"]))
    },
    Operation {
        aliases: &["swish"],
        summary: "x times the logistic function of x.",
        shape: "as x",
        derivative: "sigmoid(x)*(1 + x*sigmoid(-x))",
        cases: &[("silu(x)", &[&[5]])],
        ..Operation::new("silu", "silu(x)", Meaning::Expand(&["x * sigmoid(x)"]))
    },
];
