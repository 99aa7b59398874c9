//! What a document wants, made graph: values, first and second derivatives, and their products with
//! directions, each with the place where the answer finds it.

mod derivative;

use super::compile::Roots;
use super::compiled::{Checked, Leaf, Member, Method};
use super::directions::{Directed, Side};
use super::document::{Document, Want, Wanted};
use super::limits::Limits;
use super::part::{Part, Parts};
use super::run::wanted_still;
use crate::diff::{Given, batch, gradient, jvp, pullback};
use crate::exec::Cancel;
use crate::fault::{Code, Fault};
use crate::ir::{Builder, NodeId, elements};
use crate::json::{child, fields::with_hint};
use crate::ops::{Algebra, slice};
use crate::suggest::suggest;

/// What the functions are, what is asked of them, and within which limits.
pub(super) struct Request<'a> {
    /// Raised by whoever no longer wants the answer.
    pub(super) cancel: &'a Cancel,
    pub(super) document: &'a Document,
    pub(super) want: &'a [Wanted],
    pub(super) limits: &'a Limits,
    /// The functions by name.
    pub(super) outputs: &'a [(String, NodeId)],
    /// What they are differentiated by.
    pub(super) wrt: &'a [(String, NodeId)],
    /// Constants that are inputs of the graph.
    pub(super) constants: &'a [(String, NodeId)],
    /// Constants that may be taken at their word.
    pub(super) settled: &'a [(String, Given)],
}

/// What was built.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) members: Vec<Member>,
    /// How the first derivatives are computed, if any are wanted.
    pub(super) first: Option<Method>,
    /// How the second derivatives are computed, if any are wanted.
    pub(super) second: Option<Method>,
    /// Derivatives that can be compared with differences of values.
    pub(super) checked: Vec<Checked>,
    /// Directions as inputs of the graph.
    pub(super) directed: Vec<Directed>,
    /// Values that a derivative is made of in another form, and that form.
    pub(super) computed: Vec<(NodeId, NodeId)>,
    /// Whether a derivative takes the constants at their word.
    pub(super) settled: bool,
    /// Constants that are taken at their word, or decide where elements go and were looked at.
    pub(super) structural: Vec<String>,
}

/// Builds everything wanted.
///
/// # Errors
/// All that is wrong with what is asked for, or that it cannot be built within the limits.
pub(super) fn build(b: &mut Builder, request: &Request<'_>, roots: &mut Roots) -> Result<Built, Vec<Fault>> {
    let mut work = Work { b, request, roots, built: Built::default() };
    let chosen = work.functions()?;
    for step in [Work::first, Work::products, Work::second] {
        wanted_still(request.cancel)?;
        step(&mut work, &chosen)?;
    }
    let order = |member: &Member| request.want.iter().position(|w| w.want == member.want);
    work.built.members.sort_by_key(order);
    Ok(work.built)
}

/// For each thing wanted, the functions it is wanted of.
type Chosen = Vec<(Want, Vec<usize>)>;

struct Work<'a, 'b> {
    b: &'a mut Builder,
    request: &'a Request<'b>,
    roots: &'a mut Roots,
    built: Built,
}

impl Work<'_, '_> {
    /// Which functions each thing is wanted of; that they exist, and are scalar where that is needed.
    fn functions(&self) -> Result<Chosen, Vec<Fault>> {
        let outputs = self.request.outputs;
        let mut faults = Vec::new();
        let mut chosen = Chosen::new();
        for wanted in self.request.want {
            let pointer = child("/want", wanted.want.word());
            let names: Vec<&str> = match &wanted.of {
                Some(names) => names.iter().map(String::as_str).collect(),
                None => outputs.iter().map(|o| o.0.as_str()).collect(),
            };
            let mut found = Vec::new();
            for name in names {
                let Some(i) = outputs.iter().position(|o| o.0 == name) else {
                    let detail = format!("`want` names `{name}`, which is not among the functions in `of`");
                    let fault = Fault::new(Code::UnknownName, detail).at(&pointer);
                    faults.push(with_hint(fault, suggest(name, outputs.iter().map(|o| o.0.as_str()))));
                    continue;
                };
                if matches!(wanted.want, Want::Gradient | Want::Hessian | Want::Hvp) && self.size(outputs[i].1) != 1 {
                    faults.push(self.not_scalar(wanted, &outputs[i], &pointer));
                }
                found.push(i);
            }
            chosen.push((wanted.want, found));
        }
        if faults.is_empty() { Ok(chosen) } else { Err(faults) }
    }

    fn not_scalar(&self, wanted: &Wanted, (name, node): &(String, NodeId), pointer: &str) -> Fault {
        let what = if wanted.want == Want::Gradient { "gradient" } else { "Hessian" };
        let detail = format!("`{name}` is not a scalar function, so it has no {what}");
        let hint = if self.request.outputs.len() > 1 {
            format!(
                "say which functions it is for, \"want\": {{\"{}\": \"…\"}}, or reduce it with sum(…)",
                wanted.want.word()
            )
        } else {
            "ask for its Jacobian, or reduce it with sum(…)".to_owned()
        };
        let place = if wanted.of.is_some() { pointer } else { "/of" };
        let fault = Fault::new(Code::NotScalar, detail).at(place).hint(hint);
        fault.expected("shape []", format!("shape {:?}", self.b.shape(*node)))
    }

    fn size(&self, node: NodeId) -> usize {
        elements(self.b.shape(node))
    }

    fn inputs(&self) -> Vec<NodeId> {
        self.request.wrt.iter().map(|w| w.1).collect()
    }

    /// Asks for a node under the names that lead to it.
    fn leaf(&mut self, path: &[&str], node: NodeId) -> Leaf {
        let path = path.iter().map(|&name| name.to_owned()).collect();
        Leaf { path, place: self.roots.add(node), sides: None, pattern: None, also: Vec::new() }
    }

    /// The same for a matrix, whose sides are two arrays flattened.
    fn matrix(&mut self, path: &[&str], node: NodeId, rows: NodeId, columns: NodeId) -> Leaf {
        let sides = [rows, columns].map(|n| self.b.shape(n).to_vec());
        Leaf { sides: Some(sides), ..self.leaf(path, node) }
    }

    /// Values, gradients and Jacobians.
    fn first(&mut self, chosen: &Chosen) -> Result<(), Vec<Fault>> {
        let (outputs, wrt) = (self.request.outputs, self.request.wrt);
        let differentiated =
            |want: Want| matches!(want, Want::Gradient | Want::Jacobian | Want::LogAbsDet | Want::SingularValues);
        let moving: Vec<usize> = (0..outputs.len())
            .filter(|o| chosen.iter().any(|(want, of)| differentiated(*want) && of.contains(o)))
            .collect();
        let mut blocks = Parts::new();
        if chosen.iter().any(|(want, _)| differentiated(*want)) {
            let values: Vec<NodeId> = moving.iter().map(|&o| outputs[o].1).collect();
            let (parts, method) = self.derivative(&values, false)?;
            (blocks, self.built.first) = (parts, Some(method));
        }
        let row = |o: usize| moving.iter().position(|m| *m == o).unwrap_or(0);
        for (want, of) in chosen {
            let mut leaves = Vec::new();
            match want {
                Want::Value => {
                    for &o in of {
                        leaves.push(self.leaf(&[&outputs[o].0], outputs[o].1));
                    }
                }
                Want::Gradient | Want::Jacobian => {
                    for &o in of {
                        for (i, (input, x)) in wrt.iter().enumerate() {
                            let mut part = blocks[row(o)][i].clone();
                            if *want == Want::Gradient {
                                part = Part::Whole(part.whole(self.b));
                            }
                            leaves.push(self.part(&[&outputs[o].0, input], &part, outputs[o].1, *x));
                        }
                    }
                }
                Want::Sparsity => leaves = self.sparsity(of)?,
                Want::LogAbsDet => {
                    for &o in of {
                        let blocks: Vec<NodeId> = blocks[row(o)].iter().map(|part| part.whole(self.b)).collect();
                        leaves.extend(self.determinant(&outputs[o], &blocks)?);
                    }
                }
                Want::SingularValues => {
                    for &o in of {
                        let blocks: Vec<NodeId> = blocks[row(o)].iter().map(|part| part.whole(self.b)).collect();
                        leaves.push(self.singular(&outputs[o].0, &blocks)?);
                    }
                }
                _ => continue,
            }
            self.built.members.push(Member { want: *want, leaves });
        }
        for &o in &moving {
            self.check(outputs[o].0.clone(), outputs[o].1, &blocks[row(o)]);
        }
        Ok(())
    }

    /// Sign and logarithm of the determinant of the Jacobian by all inputs side by side.
    fn determinant(&mut self, output: &(String, NodeId), blocks: &[NodeId]) -> Result<[Leaf; 2], Vec<Fault>> {
        let whole = self.b.join(blocks, 1);
        let shape = self.b.shape(whole).to_vec();
        if shape[0] != shape[1] {
            let detail = format!("the Jacobian of `{}` is not square, so it has no determinant", output.0);
            let fault = Fault::new(Code::Shape, detail)
                .at("/want")
                .hint("choose inputs with `wrt`, or ask for `singular_values`");
            return Err(vec![fault.expected("as many outputs as inputs", format!("shape {shape:?}"))]);
        }
        let (sign, log) = self.b.sign_and_logabsdet(whole);
        Ok([self.leaf(&[&output.0, "sign"], sign), self.leaf(&[&output.0, "logabsdet"], log)])
    }

    /// The singular values of the Jacobian by all inputs side by side, largest first; how many are not zero
    /// to rounding; and the ratio of the first to the last, infinite if that is zero to rounding.
    fn singular(&mut self, output: &str, blocks: &[NodeId]) -> Result<Leaf, Vec<Fault>> {
        let b = &mut *self.b;
        let whole = b.join(blocks, 1);
        let (m, n) = (b.shape(whole)[0], b.shape(whole)[1]);
        let count = m.min(n);
        if count == 0 {
            let detail = format!("the Jacobian of `{output}` has no elements, so it has no singular values");
            return Err(vec![Fault::new(Code::Shape, detail).at("/want")]);
        }
        let values = b.singular_values(whole);
        let [first, last] = [0, count - 1].map(|i| {
            let part = slice(b, values, &[(i, i + 1, 1)]);
            b.reshape(part, &[])
        });
        // The tolerance of NumPy's matrix_rank.
        let least = b.times(m.max(n) as f64 * f64::EPSILON, first);
        let least = b.broadcast_to(least, &[count]);
        let seen = b.greater(values, least);
        let rank = b.sum(seen, &[0]);
        let (ratio, full, infinite) = (b.div(first, last), b.is(rank, count as f64), b.fill(f64::INFINITY, &[]));
        let condition = b.select(full, ratio, infinite);
        let also = vec![("rank", self.roots.add(rank)), ("condition", self.roots.add(condition))];
        Ok(Leaf { also, ..self.leaf(&[output], values) })
    }

    /// Jacobians times tangents, cotangents times Jacobians, Hessians times tangents.
    fn products(&mut self, chosen: &Chosen) -> Result<(), Vec<Fault>> {
        for (want, of) in chosen {
            let (side, mode) = match want {
                Want::Jvp | Want::Hvp => (Side::Tangent, "forward"),
                Want::Vjp => (Side::Cotangent, "reverse"),
                _ => continue,
            };
            let mut directions: Vec<Directed> =
                self.built.directed.iter().filter(|d| d.side == side).cloned().collect();
            if directions.is_empty() {
                directions = self.directions(side, of)?;
                self.built.directed.extend(directions.iter().cloned());
            }
            let leaves = match want {
                Want::Jvp => self.pushed(of, &directions),
                Want::Hvp => self.curved(of, &directions),
                _ => self.pulled(&directions),
            };
            let places: Vec<NodeId> = leaves.iter().map(|leaf: &Leaf| self.roots.node(leaf.place)).collect();
            if self.built.first.is_none() {
                self.built.first = Some(Method::only(mode, self.b.flops(&places)));
            }
            self.built.members.push(Member { want: *want, leaves });
        }
        Ok(())
    }

    fn directions(&mut self, side: Side, of: &[usize]) -> Result<Vec<Directed>, Vec<Fault>> {
        let named: Vec<(String, NodeId)> = match side {
            Side::Tangent => self.request.wrt.to_vec(),
            Side::Cotangent => of.iter().map(|&o| self.request.outputs[o].clone()).collect(),
        };
        super::directions::declare(self.b, self.request.document, side, &named)
    }

    fn pushed(&mut self, of: &[usize], directions: &[Directed]) -> Vec<Leaf> {
        let outputs = self.request.outputs;
        let values: Vec<NodeId> = of.iter().map(|&o| outputs[o].1).collect();
        let pushed = self.along(&values, directions);
        of.iter().zip(pushed).map(|(&o, node)| self.leaf(&[&outputs[o].0], node)).collect()
    }

    fn curved(&mut self, of: &[usize], directions: &[Directed]) -> Vec<Leaf> {
        let inputs = self.inputs();
        let mut leaves = Vec::new();
        for &o in of {
            let (name, value) = &self.request.outputs[o];
            let slopes = gradient(self.b, *value, &inputs);
            let pushed = self.along(&slopes, directions);
            for ((input, _), node) in self.request.wrt.iter().zip(pushed) {
                leaves.push(self.leaf(&[name, input], node));
            }
        }
        leaves
    }

    /// The change of values along the tangents; along each of them if they came as a list.
    fn along(&mut self, values: &[NodeId], directions: &[Directed]) -> Vec<NodeId> {
        let seeds: Vec<_> = directions.iter().map(|d| (d.of, Some(d.seed))).collect();
        let pushed = jvp(self.b, values, &seeds);
        let zeros = |b: &mut Builder, (t, &v): (Option<NodeId>, &NodeId)| t.unwrap_or_else(|| b.fill_like(0.0, v));
        let pushed: Vec<NodeId> = pushed.into_iter().zip(values).map(|pair| zeros(self.b, pair)).collect();
        self.for_each_direction(&pushed, directions)
    }

    fn pulled(&mut self, directions: &[Directed]) -> Vec<Leaf> {
        let inputs = self.inputs();
        let ends: Vec<(NodeId, NodeId)> = directions.iter().map(|d| (d.of, d.seed)).collect();
        let pulled = pullback(self.b, &ends, &inputs);
        let pulled = self.for_each_direction(&pulled, directions);
        self.request.wrt.iter().zip(pulled).map(|((input, _), node)| self.leaf(&[input], node)).collect()
    }

    fn for_each_direction(&mut self, nodes: &[NodeId], directions: &[Directed]) -> Vec<NodeId> {
        let Some(count) = directions.iter().find_map(|d| d.count) else { return nodes.to_vec() };
        let replaced: Vec<(NodeId, NodeId)> = directions.iter().map(|d| (d.seed, d.node)).collect();
        batch(self.b, nodes, &replaced, count)
    }

    /// Hessians: the Jacobian of the gradient, forward over reverse unless another way is cheaper.
    fn second(&mut self, chosen: &Chosen) -> Result<(), Vec<Fault>> {
        let Some((want, of)) = chosen.iter().find(|(want, _)| *want == Want::Hessian) else { return Ok(()) };
        let (outputs, wrt, inputs) = (self.request.outputs, self.request.wrt, self.inputs());
        let mut slopes = Vec::new();
        for &o in of {
            slopes.extend(gradient(self.b, outputs[o].1, &inputs));
        }
        let (blocks, method) = self.derivative(&slopes, true)?;
        self.built.second = Some(method);
        let mut leaves = Vec::new();
        for ((&o, blocks), slopes) in
            of.iter().zip(blocks.chunks(inputs.len().max(1))).zip(slopes.chunks(inputs.len().max(1)))
        {
            for ((a, x), row) in wrt.iter().zip(blocks) {
                for ((input, y), part) in wrt.iter().zip(row) {
                    leaves.push(self.part(&[&outputs[o].0, a, input], part, *x, *y));
                }
            }
            for (((a, _), row), &slope) in wrt.iter().zip(blocks).zip(slopes) {
                self.check(format!("∂{}/∂{a}", outputs[o].0), slope, row);
            }
        }
        self.built.members.push(Member { want: *want, leaves });
        Ok(())
    }
}
