//! Values defined by equations: roots, fixed points, minima. They are found by loops, and differentiated by
//! the implicit function theorem.

mod newton;
mod primitive;
mod vector;

use super::Algebra;
use super::bind::{Bound, Value};
use super::functions::{Functions, Parts};
use super::loops::{Carried, Steps, UNFINISHED, with_rest};
use super::row::{Meaning, Operation};
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, Implicit, NodeId};
use newton::{At, Problem, far, search, square};
use primitive::IMPLICIT;
pub(in crate::ops) use vector::Vector;

type Made = Result<Value, Option<Fault>>;

/// Most applications of a function on the way to its fixed point, before Newton's method takes over.
const APPLICATIONS: usize = 2000;
/// Values this near each other, squared and relative, are near enough to a fixed point for Newton's method.
const NEAR_FIXED: f64 = 1e-6;

/// `r(x) = 0`: the step solves the linearised equations.
struct Equations {
    /// The residual and its Jacobian.
    linear: At,
    /// The residual alone.
    residual: At,
}

impl Equations {
    fn new(f: &mut dyn Functions, x: NodeId, residual: NodeId) -> Self {
        let jacobian = f.jacobian(residual, x);
        let b = f.builder();
        Self { linear: At::new(b, x, &[residual, jacobian]), residual: At::new(b, x, &[residual]) }
    }
}

impl Problem for Equations {
    fn step(&self, b: &mut Builder, x: NodeId) -> (NodeId, NodeId) {
        let found = self.linear.at(b, x);
        (b.solve(found[1], found[0]), square(b, found[0]))
    }

    /// The residual does not become smaller in proportion to the step.
    fn worse(&self, b: &mut Builder, trial: NodeId, now: NodeId, ratio: NodeId) -> NodeId {
        let residual = self.residual.at(b, trial)[0];
        let then = square(b, residual);
        let share = b.times(-2e-4, ratio);
        let share = b.plus(1.0, share);
        let enough = b.mul(share, now);
        let better = b.greater(enough, then);
        b.is(better, 0.0)
    }
}

/// A minimum of `f(x)`: Newton's step where it leads down, else the gradient's.
struct Minimum {
    /// The value, its gradient and Hessian.
    quadratic: At,
    value: At,
}

impl Problem for Minimum {
    fn step(&self, b: &mut Builder, x: NodeId) -> (NodeId, NodeId) {
        let found = self.quadratic.at(b, x);
        let newton = b.solve(found[2], found[1]);
        let along = b.mul(newton, found[1]);
        let along = b.sum(along, &[0]);
        let zero = b.fill(0.0, &[]);
        let down = b.greater(along, zero);
        let steepest = square(b, found[1]);
        let level = b.is(steepest, 0.0);
        let down = b.add(down, level);
        let step = b.choose(down, newton, found[1]);
        let slope = b.select(down, along, steepest);
        let now = b.reshape(found[0], &[1]);
        let slope = b.reshape(slope, &[1]);
        (step, b.join(&[now, slope], 0))
    }

    /// The value does not fall in proportion to the step (Armijo), beyond what rounding hides.
    fn worse(&self, b: &mut Builder, trial: NodeId, now: NodeId, ratio: NodeId) -> NodeId {
        let then = self.value.at(b, trial)[0];
        let [value, slope] = [0, 1].map(|i| {
            let part = super::slice(b, now, &[(i, i + 1, 1)]);
            b.reshape(part, &[])
        });
        let fall = b.mul(ratio, slope);
        let fall = b.times(1e-4, fall);
        let size = b.mul(value, value);
        let size = b.apply(&super::elementwise::power::SQRT, &[size]);
        let hidden = b.times(1e-14, size);
        let most = b.sub(value, fall);
        let most = b.add(most, hidden);
        let above = b.greater(then, most);
        let sound = b.equal(then, then);
        let lost = b.is(sound, 0.0);
        b.add(above, lost)
    }
}

/// The value that solves the equations, or NaN where none was found.
fn implicit(b: &mut Builder, equations: At, (found, failed): (NodeId, NodeId)) -> NodeId {
    let shape = b.shape(found).clone();
    let failed = b.broadcast_to(failed, &shape);
    let found = b.apply(&UNFINISHED, &[found, failed]);
    let (body, captured) = equations.into_parts();
    let args: Vec<NodeId> = [found].into_iter().chain(captured).collect();
    let implicit = Implicit { equations: body.into(), levels: Vec::new() };
    b.make(&IMPLICIT, &args, Attr::Implicit(implicit.into()))
}

/// What a function gives at a vector in place of its first argument, as a vector.
fn applied(
    f: &mut dyn Functions,
    args: &Bound<'_>,
    (function, form): (usize, &Vector),
    x: NodeId,
) -> Result<NodeId, Option<Fault>> {
    let inside = form.parts(f.builder(), x);
    let result = f.apply(function, with_rest(vec![inside.value()], args))?;
    let name = f.name(function);
    let b = f.builder();
    let found = Parts::read(b, args, &name, &result)?;
    let found = Vector::flat(b, &found);
    if b.shape(found) == b.shape(x) {
        return Ok(found);
    }
    let (got, expected) = (b.shape(found)[0], b.shape(x)[0]);
    let detail = format!("`{name}` gives as many numbers as it is solved for");
    Err(Some(args.fault(Code::Shape, detail).expected(expected.to_string(), got.to_string())))
}

/// The function and the start of a call.
fn start(f: &mut dyn Functions, args: &Bound<'_>) -> Result<(usize, Vector, NodeId), Option<Fault>> {
    let function = args.function("g")?;
    let b = f.builder();
    let first = Parts::read(b, args, "x0", args.value("x0"))?;
    let first_vector = Vector::flat(b, &first);
    Ok((function, Vector::of(first), first_vector))
}

fn root(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let (g, form, first) = start(f, args)?;
    let x = f.builder().input_like(first);
    let residual = applied(f, args, (g, &form), x)?;
    let equations = Equations::new(f, x, residual);
    let b = f.builder();
    let found = search(b, &equations, first);
    let z = implicit(b, equations.residual, found);
    Ok(form.parts(b, z).value())
}

fn fixed_point(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let (g, form, first) = start(f, args)?;
    let x = f.builder().input_like(first);
    let next = applied(f, args, (g, &form), x)?;
    let residual = f.builder().sub(x, next);
    let equations = Equations::new(f, x, residual);
    let b = f.builder();
    let go = far(b, residual, next, NEAR_FIXED);
    let chosen = b.choose(go, next, x);
    let carried = vec![Carried { inside: x, first, next: chosen, wanted: true }];
    let steps = Steps { carried, go: Some(go), ..Steps::new(APPLICATIONS) };
    let near = steps.run(b).carried[0].unwrap_or(first);
    let apart = equations.residual.at(b, near)[0];
    let astray = far(b, apart, near, 2.0 * NEAR_FIXED);
    let (found, failed) = search(b, &equations, near);
    let failed = b.add(failed, astray);
    let z = implicit(b, equations.residual, (found, failed));
    Ok(form.parts(b, z).value())
}

fn minimize(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let (g, form, first) = start(f, args)?;
    let x = f.builder().input_like(first);
    let inside = form.parts(f.builder(), x);
    let result = f.apply(g, with_rest(vec![inside.value()], args))?;
    let name = f.name(g);
    let b = f.builder();
    let value = Parts::read(b, args, &name, &result)?.nodes;
    let value = match value.as_slice() {
        [one] if crate::ir::elements(b.shape(*one)) == 1 => b.reshape(*one, &[]),
        _ => {
            let fault = args.fault(Code::NotScalar, format!("`{name}` gives one number, which is made least"));
            return Err(Some(fault.expected("shape []", "more than one number").hint("reduce it with sum(…)")));
        }
    };
    let gradient = f.jacobian(value, x);
    let b = f.builder();
    let shape = b.shape(x).clone();
    let gradient = b.reshape(gradient, &shape);
    let hessian = f.jacobian(gradient, x);
    let b = f.builder();
    let problem = Minimum { quadratic: At::new(b, x, &[value, gradient, hessian]), value: At::new(b, x, &[value]) };
    let stationary = At::new(b, x, &[gradient]);
    let (found, failed) = search(b, &problem, first);
    // Stationary points that are no minima are no answers.
    let hessian = problem.quadratic.at(b, found)[2];
    let factor = b.cholesky(hessian);
    let sum = b.sum(factor, &[0, 1]);
    let sound = b.equal(sum, sum);
    let saddle = b.is(sound, 0.0);
    let failed = b.add(failed, saddle);
    let z = implicit(b, stationary, (found, failed));
    Ok(form.parts(b, z).value())
}

const fn solver(name: &'static str, signature: &'static str, meaning: super::functions::Higher) -> Operation {
    Operation {
        shape: "as x0",
        derivative: "by the implicit function theorem, by all that is handed on; x0 only says where to look",
        ..Operation::new(name, signature, Meaning::Higher(meaning))
    }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "The x with `g(x, *rest) = 0` that Newton's method finds from x0, with the Jacobian of g and a line search.",
        undefined: "a root that Newton's method does not find from x0, or at which the Jacobian of g is singular; start nearer",
        cases: &[
            ("g(z, a) = z^3 + z - a; root(g, 0*x, x)", &[&[3]]),
            ("g(z, a, b) = [z[0]*a - z[1], z[0] + exp(z[1]) - b]; root(g, [1, 1], x, y)", &[&[], &[]]),
        ],
        domain: &[(0.5, 1.5)],
        ..solver("root", "root(g, x0, *rest)", root)
    },
    Operation {
        summary: "The x with `g(x, *rest) = x` that applying g from x0 on leads to, to the last digits by Newton's method.",
        undefined: "a fixed point that applying g does not lead to from x0; start nearer, or solve g(x) - x = 0 with root",
        cases: &[("g(z, a) = 0.5*cos(z) + 0.2*a; fixed_point(g, 0*x, x)", &[&[2, 2]])],
        ..solver("fixed_point", "fixed_point(g, x0, *rest)", fixed_point)
    },
    Operation {
        summary: "The x near x0 at which the scalar `g(x, *rest)` is least, by Newton's method with a line search.",
        undefined: "a minimum that is not found from x0, or at which the Hessian is not positive definite; start nearer",
        cases: &[("g(z, a) = sum(cosh(z - a) + 0.1*z^2 + 0.2*z[0]*z); minimize(g, 0*x, x)", &[&[3]])],
        ..solver("minimize", "minimize(g, x0, *rest)", minimize)
    },
];
