//! Ordinary differential equations: y' = rhs(y, t, …), by the pair of Dormand and Prince.
//!
//! A first loop chooses the steps by an estimate of the error; a second one takes them. Only the second is
//! differentiated, so derivatives, forward or reverse, are those of the numbers that are returned, exactly.

mod pair;

use super::Algebra;
use super::bind::{Bound, Value};
use super::elementwise::rounding::{ABS, STOP};
use super::functions::{Functions, Parts};
use super::implicit::Vector;
use super::loops::{Carried, Steps, UNFINISHED, loop_in_segments, with_rest};
use super::row::{Meaning, Operation};
use crate::fault::{Code, Fault};
use crate::ir::{Body, Builder, NodeId, close, inline};
use pair::{Pair, Tolerance};

/// Most steps tried between two of the times asked for.
const ATTEMPTS: usize = 4096;
/// The first step, as a share of the way to the second time.
const FIRST: f64 = 0.01;
/// A step that is a smaller share of the way than this no longer moves the time.
const LEAST: f64 = 1e-14;

/// The right-hand side, ready to be evaluated anywhere.
struct Field {
    body: Body,
    captured: Vec<NodeId>,
}

impl Field {
    fn at(&self, b: &mut Builder, y: NodeId, t: NodeId) -> NodeId {
        let args: Vec<NodeId> = [y, t].into_iter().chain(self.captured.iter().copied()).collect();
        inline(b, &self.body, &args)[0]
    }
}

fn odeint(f: &mut dyn Functions, args: &Bound<'_>) -> Result<Value, Option<Fault>> {
    let rhs = args.function("rhs")?;
    let b = f.builder();
    let first = Parts::read(b, args, "y0", args.value("y0"))?;
    let times = args.array(b, "ts")?;
    let count = match b.shape(times).as_slice() {
        [n] if *n > 0 => *n,
        other => {
            let got = format!("shape {other:?}");
            let fault = args.fault(Code::Shape, "`ts` is a list of times, the first of them that of y0");
            return Err(Some(fault.expected("shape [n], n at least 1", got)));
        }
    };
    let tolerance = Tolerance { relative: positive(b, args, "rtol")?, absolute: positive(b, args, "atol")? };
    let (start, form) = (Vector::flat(b, &first), Vector::of(first));
    let field = field(f, args, rhs, (&form, start))?;
    let b = f.builder();
    let rows = trajectory(b, &field, tolerance, (start, times, count)).map_err(|e| args.shape_fault(e))?;
    Ok(form.parts(b, rows).value())
}

fn positive(b: &Builder, args: &Bound<'_>, name: &str) -> Result<f64, Fault> {
    let value = args.number(b, name)?;
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    let fault = args.fault(Code::InvalidValue, format!("`{name}` is a tolerance"));
    Err(fault.expected("a number between 0 and 1", value.to_string()))
}

/// The right-hand side of vectors.
fn field(
    f: &mut dyn Functions,
    args: &Bound<'_>,
    rhs: usize,
    (form, start): (&Vector, NodeId),
) -> Result<Field, Option<Fault>> {
    let b = f.builder();
    let shape = b.shape(start).clone();
    let (y, t) = (b.input(&shape), b.input(&[]));
    let inside = form.parts(b, y);
    let result = f.apply(rhs, with_rest(vec![inside.value(), Value::Node(t)], args))?;
    let name = f.name(rhs);
    let b = f.builder();
    let slope = inside.alike(b, args, &format!("the slope that `{name}` gives"), &result)?;
    let slope = Vector::flat(b, &slope);
    let (body, captured) = close(b, &[y, t], &[slope]);
    Ok(Field { body, captured })
}

/// The values at all times, a row each.
fn trajectory(
    b: &mut Builder,
    field: &Field,
    tolerance: Tolerance,
    (start, times, count): (NodeId, NodeId, usize),
) -> Result<NodeId, crate::ir::ShapeError> {
    let width = b.shape(start)[0];
    let head = b.reshape(start, &[1, width]);
    if count == 1 {
        return Ok(head);
    }
    let ends = |b: &mut Builder, from: usize| super::slice(b, times, &[(from, from + count - 1, 1)]);
    let (from, to) = (ends(b, 0), ends(b, 1));
    let (y, pace, t0, t1) = (b.input(&[width]), b.input(&[]), b.input(&[]), b.input(&[]));
    let way = b.sub(t1, t0);
    let chosen = choose(b, field, tolerance, (y, t0, way, pace));
    let end = take(b, field, &chosen, (y, t0, way))?;
    let unfinished = b.broadcast_to(chosen.unfinished, &[width]);
    let end = b.apply(&UNFINISHED, &[end, unfinished]);
    let first_way = {
        let part = |b: &mut Builder, x| {
            let part = super::slice(b, x, &[(0, 1, 1)]);
            b.reshape(part, &[])
        };
        let (first, second) = (part(b, from), part(b, to));
        b.sub(second, first)
    };
    let first_pace = b.times(FIRST, first_way);
    let first_pace = b.apply(&STOP, &[first_pace]);
    let mut outer = Steps::new(count - 1);
    outer.carried = vec![
        Carried { inside: y, first: start, next: end, wanted: true },
        Carried { inside: pace, first: first_pace, next: chosen.pace, wanted: false },
    ];
    outer.items = vec![(t0, from), (t1, to)];
    outer.made = vec![end];
    let rows = loop_in_segments(b, outer)?.made[0];
    Ok(b.join(&[head, rows], 0))
}

/// The steps chosen between two times.
struct Chosen {
    /// Shares of the way, one for each attempt; zero for those that were refused.
    shares: NodeId,
    /// Number of attempts.
    attempts: NodeId,
    /// 1 if the end was not reached.
    unfinished: NodeId,
    /// The step to go on with, in units of time.
    pace: NodeId,
}

/// Chooses steps so that the estimated error of each is within the tolerance.
fn choose(
    b: &mut Builder,
    field: &Field,
    tolerance: Tolerance,
    (start, t0, way, pace): (NodeId, NodeId, NodeId, NodeId),
) -> Chosen {
    let shape = b.shape(start).clone();
    let (y, done, share) = (b.input(&shape), b.input(&[]), b.input(&[]));
    let (one, zero) = (b.fill(1.0, &[]), b.fill(0.0, &[]));
    let left = b.sub(one, done);
    let whole = b.greater(share, left);
    let tried = b.select(whole, left, share);
    let (t, step) = place(b, (t0, way), done, tried);
    let pair = Pair::at(b, |b, y, t| field.at(b, y, t), (y, t, step));
    let error = pair.error(b, y, tolerance);
    let refused = b.greater(error, one);
    let sound = b.equal(error, error);
    let accepted = b.select(refused, zero, sound);
    let grown = pair::factor(b, error);
    let shrunk = b.fill(0.2, &[]);
    let grown = b.select(sound, grown, shrunk);
    let next_share = b.mul(tried, grown);
    // A step cut short by the end says nothing against longer ones.
    let longer = b.greater(share, next_share);
    let kept = b.mul(longer, accepted);
    let kept = b.mul(kept, whole);
    let next_share = b.select(kept, share, next_share);
    let further = b.add(done, tried);
    let reached = b.select(whole, one, further);
    let next_done = b.select(accepted, reached, done);
    let next_y = b.choose(accepted, pair.end, y);
    let taken = b.mul(accepted, tried);
    let least = b.fill(LEAST, &[]);
    let (able, unready) = (b.greater(share, least), b.greater(one, done));
    let go = b.mul(able, unready);
    // Times may turn back: a step is as long either way.
    let first_share = b.div(pace, way);
    let first_share = b.apply(&ABS, &[first_share]);
    let standing = b.is(way, 0.0);
    let first_share = b.select(standing, one, first_share);
    let first_share = b.apply(&STOP, &[first_share]);
    let (next_y, next_done, next_share) =
        (b.choose(go, next_y, y), b.select(go, next_done, done), b.select(go, next_share, share));
    let mut steps = Steps::new(ATTEMPTS);
    steps.carried = vec![
        Carried { inside: y, first: start, next: next_y, wanted: false },
        Carried { inside: done, first: zero, next: next_done, wanted: true },
        Carried { inside: share, first: first_share, next: next_share, wanted: true },
    ];
    steps.made = vec![taken];
    steps.go = Some(go);
    let results = steps.run(b);
    let (done, share) = (results.carried[1].unwrap_or(zero), results.carried[2].unwrap_or(zero));
    let reached = b.equal(done, one);
    let unfinished = b.is(reached, 0.0);
    let pace = b.mul(share, way);
    let taken = results.taken.unwrap_or(zero);
    let [shares, attempts, pace] = [results.made[0], taken, pace].map(|x| b.apply(&STOP, &[x]));
    Chosen { shares, attempts, unfinished, pace }
}

/// Takes the steps chosen.
fn take(
    b: &mut Builder,
    field: &Field,
    chosen: &Chosen,
    (start, t0, way): (NodeId, NodeId, NodeId),
) -> Result<NodeId, crate::ir::ShapeError> {
    let shape = b.shape(start).clone();
    let (y, done, share, index) = (b.input(&shape), b.input(&[]), b.input(&[]), b.input(&[]));
    let (t, step) = place(b, (t0, way), done, share);
    let end = Pair::at(b, |b, y, t| field.at(b, y, t), (y, t, step)).end;
    let (next_done, next_index) = (b.add(done, share), b.plus(1.0, index));
    let zero = b.fill(0.0, &[]);
    let mut steps = Steps::new(ATTEMPTS);
    steps.carried = vec![
        Carried { inside: y, first: start, next: end, wanted: true },
        Carried { inside: done, first: zero, next: next_done, wanted: false },
        Carried { inside: index, first: zero, next: next_index, wanted: false },
    ];
    steps.items = vec![(share, chosen.shares)];
    // Where others of a batch go on, shares past the end are zero and change nothing.
    steps.go = Some(b.greater(chosen.attempts, index));
    Ok(loop_in_segments(b, steps)?.carried[0].unwrap_or(start))
}

/// The time and the length of a step, from shares of the way.
fn place(b: &mut Builder, (t0, way): (NodeId, NodeId), done: NodeId, share: NodeId) -> (NodeId, NodeId) {
    let gone = b.mul(done, way);
    (b.add(t0, gone), b.mul(share, way))
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[Operation {
    summary: "The solution of `y' = rhs(y, t, *rest)` with y = y0 at the first of the times ts, at all of them: Dormand and \
              Prince's pair of orders 5 and 4, with steps chosen so that the estimated error of each is below \
              atol + rtol·|y|.",
    shape: "as y0, with the times along a new first axis",
    derivative: "of the steps taken, by y0, ts and all that is handed on; what chose their length stands still",
    undefined: "an equation whose steps become too many or too small: it is stiff or its solution ends before the time asked for",
    cases: &[
        ("r(y, t, a) = sin(t) - a*y; odeint(r, x, [0, 0.5, 1], y, rtol=1e-13, atol=1e-13)", &[&[2], &[2]]),
        ("r(y, t) = -y*t; odeint(r, 1, x, rtol=1e-13, atol=1e-13)", &[&[3]]),
    ],
    ..Operation::new("odeint", "odeint(rhs, y0, ts, *rest, rtol=1e-9, atol=1e-9)", Meaning::Higher(odeint))
}];
