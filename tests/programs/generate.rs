//! Makes a program out of a list of choices, so that a shorter list is a shorter program.

use serde_json::{Map, Value, json};

use crate::numerics::{Array, Point, Program, Random, ask};
use crate::templates::{BINARY, HELPERS, UNARY};
use jacobi::engine::Endpoint;

/// How a program is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One function, a list of equations.
    Equations,
    /// A function for each step, called by equations.
    Functions,
    /// A flat graph of named nodes.
    Nodes,
    /// Functions one after the other.
    Sequential,
    /// Functions composed.
    Compose,
}

impl Form {
    /// Whether each step takes what came before and nothing else.
    fn is_pipeline(self) -> bool {
        matches!(self, Self::Sequential | Self::Compose)
    }
}

/// A program and the shapes of its inputs.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) program: Program,
    shapes: Vec<&'static [usize]>,
}

impl Generated {
    pub(crate) fn sample(&self, random: &mut Random) -> Point {
        self.shapes.iter().map(|shape| Array::random(random, shape, DOMAIN)).collect()
    }
}

const DOMAIN: (f64, f64) = (-1.5, 1.5);
const INPUTS: [&str; 3] = ["x", "y", "z"];
const SHAPES: [&[usize]; 8] = [&[], &[3], &[2], &[2, 3], &[2, 2], &[3, 3], &[2, 1, 3], &[3, 2]];

/// Values stay small in number and size, so that rounding does.
const MOST_ELEMENTS: usize = 18;
const LARGEST: f64 = 4.0;
const MOST_STEPS: usize = 10;

/// One step: a template and the values it is applied to.
struct Step {
    template: &'static str,
    args: Vec<String>,
}

impl Step {
    fn text(&self, names: &[&str]) -> String {
        ["{a}", "{b}"].iter().zip(names).fold(self.template.to_owned(), |text, (hole, name)| text.replace(hole, name))
    }

    fn in_place(&self) -> String {
        self.text(&self.args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Reads the choices; what lies beyond their end is the first of everything.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |&c| c as usize % n)
    }
}

/// Makes a program of a form.
pub(crate) fn generate(form: Form, choices: &[u16]) -> Generated {
    let mut choices = Choices(choices.iter());
    let inputs = if form.is_pipeline() { 1 } else { 1 + choices.below(3) };
    let shapes: Vec<&'static [usize]> = (0..inputs).map(|_| SHAPES[choices.below(SHAPES.len())]).collect();
    let names = &INPUTS[..inputs];
    let point: Point = shapes.iter().map(|s| Array::random(&mut Random::of("generate"), s, DOMAIN)).collect();
    let mut steps: Vec<Step> = Vec::new();
    while choices.0.len() > 0 && steps.len() < MOST_STEPS {
        let step = next(form, &mut choices, names, steps.len());
        steps.push(step);
        if !fits(&program(Form::Equations, names, &steps), &point) {
            steps.pop();
        }
    }
    if steps.is_empty() {
        steps.push(Step { template: "sin({a})", args: vec!["x".into()] });
    }
    Generated { program: program(form, names, &steps), shapes }
}

/// Chooses a step; the latest value is taken more often than others.
fn next(form: Form, choices: &mut Choices<'_>, inputs: &[&str], made: usize) -> Step {
    let value = |choices: &mut Choices<'_>| {
        let count = inputs.len() + made;
        let latest = form.is_pipeline() || choices.below(2) == 0;
        let i = if latest { count - 1 } else { choices.below(count) };
        inputs.get(i).map_or_else(|| name(i - inputs.len()), |n| (*n).to_owned())
    };
    if !form.is_pipeline() && choices.below(5) < 2 {
        let args = vec![value(choices), value(choices)];
        return Step { template: BINARY[choices.below(BINARY.len())], args };
    }
    let args = vec![value(choices)];
    Step { template: UNARY[choices.below(UNARY.len())], args }
}

fn name(step: usize) -> String {
    format!("v{step}")
}

/// Whether the last step can be computed and is small.
fn fits(program: &Program, point: &Point) -> bool {
    ask(&program.document(point, "auto"), Endpoint::Value).is_ok_and(|answer| {
        let value = Array::read(&answer["value"]["f"]);
        value.data.len() <= MOST_ELEMENTS && value.size() <= LARGEST
    })
}

fn program(form: Form, inputs: &[&str], steps: &[Step]) -> Program {
    let mut define: Map<String, Value> = HELPERS.iter().map(|(s, b)| ((*s).to_owned(), json!(b))).collect();
    let last = steps.len() - 1;
    if form != Form::Equations {
        for (i, step) in steps.iter().enumerate() {
            let parameters = &["a", "b"][..step.args.len()];
            define.insert(format!("g{i}({})", parameters.join(", ")), json!(step.text(parameters)));
        }
    }
    let equation =
        |i: usize, text: String| if i == last { json!(text) } else { json!(format!("{} = {text}", name(i))) };
    let numbered = || steps.iter().enumerate();
    let body = match form {
        Form::Equations => numbered().map(|(i, step)| equation(i, step.in_place())).collect(),
        Form::Functions => numbered().map(|(i, step)| equation(i, format!("g{i}({})", step.args.join(", ")))).collect(),
        Form::Nodes => numbered()
            .map(|(i, step)| {
                let node = json!({ "op": format!("g{i}"), "args": step.args });
                if i == last { node } else { json!({ "name": name(i), "op": node["op"], "args": node["args"] }) }
            })
            .collect(),
        Form::Sequential => json!({ "sequential": (0..=last).map(|i| format!("g{i}")).collect::<Vec<_>>() }),
        Form::Compose => json!({ "compose": (0..=last).rev().map(|i| format!("g{i}")).collect::<Vec<_>>() }),
    };
    define.insert(format!("f({})", inputs.join(", ")), body);
    Program { define: Value::Object(define), inputs: inputs.iter().map(|&n| n.to_owned()).collect() }
}
