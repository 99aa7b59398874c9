//! Loops: a defined function applied over and over.

mod primitive;
mod segments;
mod steps;

pub(in crate::ops) use self::primitive::UNFINISHED;
pub(in crate::ops) use self::primitive::{LOOP, PART};
pub(in crate::ops) use self::segments::run as loop_in_segments;
pub use self::steps::{Carried, Results, Steps};
use super::Algebra;
use super::bind::{Bound, Value, describe};
use super::functions::{Functions, Parts, pair};
use super::row::{Meaning, Operation};
use crate::fault::{Code, Fault};
use crate::ir::{Attr, Builder, NodeId, ShapeError, show};

/// Loops in loops in loops: more levels than this are refused, so that no recursion outgrows its stack.
const MOST_LEVELS: usize = 24;

type Made = Result<Value, Option<Fault>>;

fn scan(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let step = args.function("step")?;
    let b = f.builder();
    let first = Parts::read(b, args, "init", args.value("init"))?;
    let xs = args.array(b, "xs")?;
    let Some((&count, item)) = b.shape(xs).split_first() else {
        let fault = args.fault(Code::Shape, "`xs` is gone through along its first axis, a scalar has none");
        return Err(Some(fault.expected("an array of items", "shape []")));
    };
    let shape = item.to_vec();
    let inside = first.inputs(b);
    let item = b.input(&shape);
    let result = f.apply(step, with_rest(vec![inside.value(), Value::Node(item)], args))?;
    let name = f.name(step);
    let b = f.builder();
    let [next, output] = pair(b, &result).ok_or_else(|| {
        let expected = "a list of two: [carry, output]";
        let detail = format!("`{name}` returns the next carry and an output");
        let hint = "where there is no output, `repeat` or a second value that is not used will do";
        args.fault(Code::Shape, detail).expected(expected, shown(b, &result)).hint(hint)
    })?;
    let next = first.alike(b, args, &format!("the carry of `{name}`"), &next)?;
    let output = Parts::read(b, args, "output", &output)?;
    let mut steps = Steps::new(count);
    steps.carried = carried(&inside, &first, &next);
    steps.items.push((item, xs));
    steps.made.clone_from(&output.nodes);
    let (last, made) = run(b, args, steps, &first)?;
    Ok(Value::List(vec![last.value(), output.with(made).value()]))
}

fn repeat(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let step = args.function("step")?;
    let b = f.builder();
    let first = Parts::read(b, args, "x0", args.value("x0"))?;
    let count = counted(b, args, "n")?;
    let inside = first.inputs(b);
    let result = f.apply(step, with_rest(vec![inside.value()], args))?;
    let name = f.name(step);
    let b = f.builder();
    let next = first.alike(b, args, &format!("the value of `{name}`"), &result)?;
    let steps = Steps { carried: carried(&inside, &first, &next), ..Steps::new(count) };
    Ok(run(b, args, steps, &first)?.0.value())
}

fn while_loop(f: &mut dyn Functions, args: &Bound<'_>) -> Made {
    let (cond, step) = (args.function("cond")?, args.function("step")?);
    let b = f.builder();
    let first = Parts::read(b, args, "x0", args.value("x0"))?;
    let most = counted(b, args, "max")?;
    let inside = first.inputs(b);
    let go = condition(f, args, cond, &inside)?;
    let result = f.apply(step, with_rest(vec![inside.value()], args))?;
    let name = f.name(step);
    let b = f.builder();
    let next = first.alike(b, args, &format!("the value of `{name}`"), &result)?;
    // A step that is not taken changes nothing: in a batch, some go on where others have ended.
    let chosen = inside.nodes.iter().zip(&next.nodes).map(|(&x, &y)| b.choose(go, y, x));
    let next = next.with(chosen.collect());
    let steps = Steps { carried: carried(&inside, &first, &next), go: Some(go), ..Steps::new(most) };
    let (last, _) = run(b, args, steps, &first)?;
    let unfinished = condition(f, args, cond, &last)?;
    let b = f.builder();
    let checked = last.nodes.iter().map(|&x| {
        let unfinished = spread(b, unfinished, x);
        b.apply(&UNFINISHED, &[x, unfinished])
    });
    Ok(last.with(checked.collect()).value())
}

/// The condition of a loop at its carry, as 1 or 0.
fn condition(f: &mut dyn Functions, args: &Bound<'_>, cond: usize, x: &Parts) -> Result<NodeId, Option<Fault>> {
    let result = f.apply(cond, with_rest(vec![x.value()], args))?;
    let name = f.name(cond);
    let b = f.builder();
    match super::to_node(b, &result) {
        Ok(node) if b.shape(node).is_empty() => {
            let ends = b.is(node, 0.0);
            Ok(b.is(ends, 0.0))
        }
        _ => {
            let fault = args.fault(Code::Shape, format!("`{name}` answers whether to go on, with one number"));
            let hint = "reduce it, with max(…), min(…) or sum(…)";
            Err(Some(fault.expected("shape []", shown(b, &result)).hint(hint)))
        }
    }
}

fn spread(b: &mut Builder, scalar: NodeId, like: NodeId) -> NodeId {
    let shape = b.shape(like).clone();
    b.broadcast_to(scalar, &shape)
}

/// The arguments of a function: its own, and what the call hands on.
pub(in crate::ops) fn with_rest(mut own: Vec<Value>, args: &Bound<'_>) -> Vec<Value> {
    own.extend(args.rest.iter().cloned());
    own
}

/// A number of steps, known in advance.
fn counted(b: &Builder, args: &Bound<'_>, name: &str) -> Result<usize, Fault> {
    let count = args.integer(b, name)?;
    usize::try_from(count).map_err(|_| {
        let fault = args.fault(Code::InvalidValue, format!("`{name}` is a number of steps"));
        fault.expected("0 or more", count.to_string())
    })
}

fn carried(inside: &Parts, first: &Parts, next: &Parts) -> Vec<Carried> {
    let parts = inside.nodes.iter().zip(&first.nodes).zip(&next.nodes);
    parts.map(|((&inside, &first), &next)| Carried { inside, first, next, wanted: true }).collect()
}

/// Runs a loop; its last carry in the form of the first, and what it made.
fn run(b: &mut Builder, args: &Bound<'_>, steps: Steps, first: &Parts) -> Result<(Parts, Vec<NodeId>), Fault> {
    let results = segments::run(b, steps).map_err(|e: ShapeError| args.shape_fault(e))?;
    let last: Vec<NodeId> = results.carried.iter().zip(&first.nodes).map(|(last, &x)| last.unwrap_or(x)).collect();
    let levels = results.carried.iter().flatten().find_map(|&last| match &b.node(last).attr {
        Attr::Part(looped, _) => Some(looped.depth),
        _ => None,
    });
    if levels.is_some_and(|levels| levels > MOST_LEVELS) {
        return Err(args.fault(Code::Limit, "loops are nested too deeply"));
    }
    Ok((first.with(last), results.made))
}

/// A value with its shapes, for messages.
fn shown(b: &Builder, value: &Value) -> String {
    match value {
        Value::Node(n) => format!("shape {}", show(b.shape(*n))),
        other => describe(other),
    }
}

const fn loops(name: &'static str, signature: &'static str, meaning: super::functions::Higher) -> Operation {
    Operation {
        derivative: "through the steps, by the start, by what is gone through and by all that is handed on; reverse \
                     mode keeps about √n of n carries and computes the others again",
        shape: "as the carry",
        kinks: "",
        ..Operation::new(name, signature, Meaning::Higher(meaning))
    }
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "The step applied along xs: `step(carry, item, *rest)` returns `[carry, output]`; the result is the \
                  last carry and the outputs, stacked.",
        shape: "a list: as init, and the outputs along a new first axis",
        cases: &[
            ("step(c, a) = [0.5*c + a, c*a]; sum(scan(step, x, y)[1])", &[&[], &[5]]),
            ("step(c, a) = [0.5*c + a, c*a]; scan(step, x, y)[0]", &[&[], &[40]]),
            ("step(c, a) = [tanh(c + a), sum(c*a)]; scan(step, x, y)[1]", &[&[2], &[37, 2]]),
            ("step(c, a, b) = [sin(b@c + a), c]; scan(step, x, y, z)[1][-1]", &[&[2], &[4, 2], &[2, 2]]),
            ("step(c, a) = [[c[0]*a, c[1] + c[0]], c[1]]; scan(step, [x, y], 0.5*z)[1]", &[&[], &[2], &[6]]),
            ("step(c, a) = [c + a, c]; scan(step, x, y)[0]", &[&[2], &[0, 2]]),
        ],
        ..loops("scan", "scan(step, init, xs, *rest)", scan)
    },
    Operation {
        summary: "The step applied n times: `step(x, *rest)`, from x0 on. (With an array first: NumPy's repeat.)",
        cases: &[
            ("step(a) = sin(a) + a; repeat(step, x, 3)", &[&[2]]),
            ("step(a, b) = a - 0.1*a*b; repeat(step, x, 50, y)", &[&[], &[]]),
            (
                "inward(a, b) = a - 0.1*a*b; step(a, b) = 0.9*repeat(inward, a, 34, b); repeat(step, x, 4, y)",
                &[&[2], &[2]],
            ),
            ("step(a) = 2*a; repeat(step, x, 0)", &[&[3]]),
            ("step(a, b) = b@a; repeat(step, y, 6, 0.5*x)", &[&[2, 2], &[2]]),
        ],
        ..loops("repeat", "repeat(step, x0, n, *rest)", repeat)
    },
    Operation {
        summary: "The step applied while `cond(x, *rest)` is not 0, from x0 on.",
        undefined: "a loop whose condition still holds after `max` steps; let it take more, or end it sooner",
        domain: &[(1.1, 2.0)],
        cases: &[
            ("cond(a, b) = abs(a*a - b) > 1e-12; step(a, b) = (a + b/a)/2; while_loop(cond, step, x, 30, x)", &[&[]]),
            ("cond(a) = max(abs(a)) < 100; step(a) = a*a + 0.1; while_loop(cond, step, x, 200)", &[&[3]]),
            (
                "cond(a, b) = a[0] < 8; step(a, b) = [a[0] + 1, a[1]*b]; while_loop(cond, step, [0, x], 50, y)[1]",
                &[&[2], &[]],
            ),
        ],
        ..loops("while_loop", "while_loop(cond, step, x0, max, *rest)", while_loop)
    },
];
