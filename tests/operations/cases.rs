//! Calls to try, made up from a row's signature and domain beside those that the row itself names.

use jacobi::ops::{Meaning, Operation, table};

use crate::numerics::{Array, Point, Program, Random};

/// A call: an expression in parameters, their shapes, and where they are drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) expression: String,
    pub(crate) parameters: Vec<&'static str>,
    pub(crate) shapes: Vec<Vec<usize>>,
    pub(crate) domain: &'static [(f64, f64)],
}

impl Case {
    pub(crate) fn program(&self) -> Program {
        // Functions that the call is given stand before it.
        let (functions, call) = self.expression.rsplit_once("; ").unwrap_or(("", &self.expression));
        let mut program = Program::expression(&self.parameters, call);
        for (signature, body) in functions.split("; ").filter_map(|f| f.split_once(" = ")) {
            program.define[signature] = body.into();
        }
        program
    }

    /// A point of the domain.
    pub(crate) fn sample(&self, random: &mut Random) -> Point {
        let last = self.domain.len() - 1;
        let shapes = self.shapes.iter().enumerate();
        shapes.map(|(i, shape)| Array::random(random, shape, self.domain[i.min(last)])).collect()
    }
}

/// The rows that users can call.
pub(crate) fn public() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    table().filter(|(_, row)| row.is_public())
}

/// Parameters of a signature: name and default, where there is one.
pub(crate) fn parameters(row: &Operation) -> Vec<(&'static str, Option<&'static str>)> {
    let inside = row.signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let parts = inside.split(',').map(str::trim).filter(|p| !p.is_empty());
    parts.map(|p| p.split_once('=').map_or((p, None), |(name, value)| (name, Some(value)))).collect()
}

/// Whether the arguments broadcast against each other and the result is computed element by element.
pub(crate) fn is_elementwise(family: &str, row: &Operation) -> bool {
    let defined_so = ["powers and roots", "activation functions"].contains(&family);
    matches!(row.meaning, Meaning::Elementwise(_))
        || row.shape.starts_with("the broadcast of the arguments")
        || defined_so
}

/// All cases of a row.
pub(crate) fn cases(family: &str, row: &Operation) -> Vec<Case> {
    let mut cases = written(row);
    let required: Vec<&str> = parameters(row).into_iter().filter(|p| p.1.is_none()).map(|p| p.0).collect();
    if is_elementwise(family, row) {
        let call = format!("{}({})", row.name, required.join(", "));
        cases.extend(shapes(required.len()).iter().map(|shapes| Case {
            expression: call.clone(),
            parameters: required.clone(),
            shapes: shapes.iter().map(|s| s.to_vec()).collect(),
            domain: row.domain,
        }));
    } else if required == ["x"] && parameters(row).iter().any(|p| p.0 == "axis") && row.name != "squeeze" {
        cases.extend(along_axes(row));
    }
    cases
}

fn written(row: &Operation) -> Vec<Case> {
    let cases = row.cases.iter().map(|&(expression, shapes)| Case {
        expression: expression.to_owned(),
        parameters: ["x", "y", "z"][..shapes.len()].to_vec(),
        shapes: shapes.iter().map(|s| s.to_vec()).collect(),
        domain: row.domain,
    });
    cases.collect()
}

/// Every axis of an array of rank 3 by both its numbers, and arrays that are empty along another axis.
fn along_axes(row: &Operation) -> Vec<Case> {
    let case = |axis: i32, shape: &[usize]| Case {
        expression: format!("{}(x, axis={axis})", row.name),
        parameters: vec!["x"],
        shapes: vec![shape.to_vec()],
        domain: row.domain,
    };
    let whole = (-3..3).map(|axis| case(axis, &[2, 3, 2]));
    whole.chain([case(0, &[2, 0, 3]), case(-1, &[0, 2])]).collect()
}

/// Shapes for so many arguments: scalars to rank 3, empty ones, and broadcasting in every position.
fn shapes(count: usize) -> &'static [&'static [&'static [usize]]] {
    match count {
        1 => &[&[&[]], &[&[3]], &[&[2, 3]], &[&[2, 1, 3]], &[&[0]], &[&[2, 0]]],
        2 => &[
            &[&[], &[]],
            &[&[3], &[3]],
            &[&[2, 3], &[3]],
            &[&[3], &[2, 3]],
            &[&[2, 1], &[1, 3]],
            &[&[1, 3], &[2, 1]],
            &[&[], &[2]],
            &[&[2], &[]],
            &[&[2, 1, 2], &[3, 1]],
            &[&[3, 1], &[2, 1, 2]],
            &[&[0], &[1]],
            &[&[1], &[0]],
            &[&[2, 0], &[]],
            &[&[2, 1], &[2, 0]],
        ],
        _ => &[
            &[&[], &[], &[]],
            &[&[3], &[], &[2, 1]],
            &[&[], &[2], &[2]],
            &[&[2, 1], &[1, 3], &[]],
            &[&[1, 3], &[], &[2, 1]],
            &[&[2], &[2, 2], &[1, 2]],
            &[&[2], &[2, 1, 1], &[2, 1]],
            &[&[0], &[], &[1]],
            &[&[1], &[2, 0], &[]],
        ],
    }
}
