//! Examines a function: forward = reverse = along colours = finite differences, a batch = a loop, constants = inputs.

use serde_json::json;

use super::{Array, Derivative, MODES, Point, Program, agree};

/// Points at which a function is examined, each compared with finite differences.
const POINTS: usize = 3;

/// Points drawn at most: near a kink finite differences tell nothing, and another point is tried.
const TRIES: usize = 24;

/// Forward and reverse differ by rounding alone.
const MODES_AGREE: f64 = 1e-12;

/// The larger of two steps of a central difference of sixth order.
const STEP: f64 = 4e-3;

/// Offsets from the point in steps, over both step lengths.
const OFFSETS: [f64; 10] = [-3.0, -2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0];

/// What an examination found.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Entries of Jacobians that were compared with finite differences.
    pub(crate) entries: usize,
    /// The largest difference from these, relative to the largest entry.
    pub(crate) worst: f64,
}

/// Why an examination came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something does not agree.
    Wrong(String),
    /// Finite differences tell too little about this function.
    Unknown(String),
}

impl From<String> for Failure {
    fn from(wrong: String) -> Self {
        Self::Wrong(wrong)
    }
}

/// Examines a function at points drawn by `sample`. A batch may differ from a loop by `rounding`, for
/// products may be summed in another order.
pub(crate) fn examine(
    program: &Program,
    rounding: f64,
    mut sample: impl FnMut() -> Point,
) -> Result<Examined, Failure> {
    let mut examined = Examined { entries: 0, worst: 0.0 };
    let mut points: Vec<Point> = Vec::new();
    let mut loops: Vec<[Derivative; 3]> = Vec::new();
    for _ in 0..TRIES {
        if points.len() == POINTS {
            break;
        }
        let point = sample();
        let all = by_all_modes(program, &point)?;
        if compare(program, &point, &all[1], &mut examined)? {
            points.push(point);
            loops.push(all);
        }
    }
    if points.len() < POINTS {
        let (count, define) = (points.len(), &program.define);
        let unknown = format!("finite differences are reliable at {count} of {TRIES} points only: {define}");
        return Err(Failure::Unknown(unknown));
    }
    batch_is_loop(program, &points, &loops, rounding)?;
    if program.inputs.len() > 1 {
        partial_batch_is_loop(program, &points, rounding)?;
    }
    constants_are_inputs(program, &points[0], &loops[0], rounding)?;
    Ok(examined)
}

/// The derivative by columns, by rows, and along colours; the same by factors, where there are any.
fn by_all_modes(program: &Program, point: &[Array]) -> Result<[Derivative; 3], String> {
    let [forward, reverse, sparse] = MODES.map(|mode| program.jacobian(point, mode));
    let all = [forward?, reverse?, sparse?];
    same(program, point, "forward and reverse", &all[0], &all[1], MODES_AGREE)?;
    same(program, point, "forward and along colours", &all[0], &all[2], MODES_AGREE)?;
    if let Some(mixed) = program.mixed(point)? {
        same(program, point, "forward and mixed", &all[0], &mixed, MODES_AGREE)?;
    }
    Ok(all)
}

fn same(
    program: &Program,
    point: &[Array],
    what: &str,
    a: &Derivative,
    b: &Derivative,
    tolerance: f64,
) -> Result<(), String> {
    // Where all cancels to nothing, rounding is relative to what it was computed from.
    let whole = a.blocks.iter().chain(point).map(Array::size).fold(0.0, f64::max);
    let pairs = a.blocks.iter().zip(&b.blocks);
    let fits = agree(&a.value, &b.value, tolerance, whole) && pairs.clone().all(|(a, b)| agree(a, b, tolerance, whole));
    if fits {
        return Ok(());
    }
    Err(format!("{what} differ for {} at {point:?}:\n  {a:?}\n  {b:?}", program.define))
}

/// Compares with finite differences; `false` where these are not reliable.
fn compare(program: &Program, point: &Point, derivative: &Derivative, examined: &mut Examined) -> Result<bool, String> {
    let mut shifted = Vec::new();
    for (i, array) in point.iter().enumerate() {
        for j in 0..array.data.len() {
            for offset in OFFSETS {
                let mut moved = point.clone();
                moved[i].data[j] += offset * STEP;
                shifted.push(moved);
            }
        }
    }
    if shifted.is_empty() || derivative.value.data.is_empty() {
        return Ok(true);
    }
    let values = program.values(&shifted)?;
    let mut columns = values.chunks(OFFSETS.len());
    let scale = derivative.blocks.iter().map(Array::size).fold(derivative.value.size(), f64::max);
    // Where all entries cancel to nothing, so do the estimates, up to rounding.
    let scale = point.iter().map(|a| 1e-3 * a.size()).fold(scale, f64::max);
    let (mut entries, mut worst) = (0, 0.0_f64);
    for (i, array) in point.iter().enumerate() {
        let n = array.data.len();
        for j in 0..n {
            let column = columns.next().expect("ten values for each element");
            for k in 0..derivative.value.data.len() {
                let v: Vec<f64> = column.iter().map(|a| a.data[k]).collect();
                let coarse = central([v[0], v[1], v[3], v[6], v[8], v[9]], STEP);
                let fine = central([v[2], v[3], v[4], v[5], v[6], v[7]], STEP / 2.0);
                let doubt = (coarse - fine).abs();
                if doubt > 1e-6 * scale {
                    return Ok(false);
                }
                let exact = derivative.blocks[i].data[k * n + j];
                let difference = (exact - fine).abs();
                if difference.is_nan() || difference > doubt + 1e-10 * scale {
                    return Err(format!(
                        "df[{k}]/d{}[{j}] is {exact:e}, by finite differences {fine:e} (± {doubt:e}): {} at {point:?}",
                        program.inputs[i], program.define
                    ));
                }
                entries += 1;
                worst = worst.max(difference / scale.max(f64::MIN_POSITIVE));
            }
        }
    }
    examined.entries += entries;
    examined.worst = examined.worst.max(worst);
    Ok(true)
}

/// The derivative from values at -3, -2, -1, 1, 2, 3 steps.
fn central(v: [f64; 6], step: f64) -> f64 {
    (45.0 * (v[3] - v[2]) - 9.0 * (v[4] - v[1]) + (v[5] - v[0])) / (60.0 * step)
}

/// A list of points is answered as each of them is.
fn batch_is_loop(program: &Program, points: &[Point], loops: &[[Derivative; 3]], rounding: f64) -> Result<(), String> {
    for (mode, name) in MODES.iter().enumerate() {
        let mut document = program.document(&points[0], name);
        let list: Vec<_> = points.iter().map(|p| program.document(p, name)["at"].clone()).collect();
        document["at"] = json!(list);
        let batch = program.differentiate(&document)?;
        for (i, point) in points.iter().enumerate() {
            same(program, point, "a batch and a loop", &entry(&batch, i), &loops[i][mode], rounding)?;
        }
    }
    Ok(())
}

/// The first input differs from point to point, the others are shared.
fn partial_batch_is_loop(program: &Program, points: &[Point], rounding: f64) -> Result<(), String> {
    for mode in MODES {
        let mut at = points[0].clone();
        at[0] = Array::stack(points.iter().map(|p| &p[0]));
        let mut document = program.document(&at, mode);
        document["batch"] = json!(program.inputs[0]);
        let batch = program.differentiate(&document)?;
        for (i, point) in points.iter().enumerate() {
            at[0].clone_from(&point[0]);
            let alone = program.jacobian(&at, mode)?;
            same(program, &at, "a batch of one input and a loop", &entry(&batch, i), &alone, rounding)?;
        }
    }
    Ok(())
}

fn entry(batch: &Derivative, i: usize) -> Derivative {
    Derivative { value: batch.value.entry(i), blocks: batch.blocks.iter().map(|b| b.entry(i)).collect() }
}

/// Differentiating by constants is differentiating by inputs.
fn constants_are_inputs(
    program: &Program,
    point: &[Array],
    known: &[Derivative; 3],
    rounding: f64,
) -> Result<(), String> {
    for (mode, known) in MODES.iter().zip(known) {
        let mut document = program.document(point, mode);
        let constants = document["at"].take();
        let call = format!("f({})", program.inputs.join(", "));
        let mut define = document["define"].as_object().cloned().expect("definitions");
        let body = define.remove(&call).expect("f");
        let inner = format!("inner({})", program.inputs.join(", "));
        define.insert(inner.clone(), body);
        // The inputs of `inner` are the constants; `f` itself has an input that it does not use.
        define.insert("f(unused_)".into(), json!(inner));
        document["define"] = json!(define);
        document["constants"] = constants;
        document["at"] = json!({ "unused_": 0 });
        document["wrt"] = json!(program.inputs);
        let by_constants = program.differentiate(&document)?;
        same(program, point, "by constants and by inputs", &by_constants, known, rounding)?;
    }
    Ok(())
}
