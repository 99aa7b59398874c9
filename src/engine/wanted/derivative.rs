//! Derivatives of values by all inputs in the cheapest way, whole or sparse, and where they may differ from zero.

use std::cell::{Cell, OnceCell};

use super::super::colours;
use super::super::compiled::{Checked, Leaf, Method};
use super::super::document::Format;
use super::super::mode::{Task, choose};
use super::super::part::{Part, Parts, split};
use super::super::run::wanted_still;
use super::super::settled;
use super::Work;
use crate::fault::Fault;
use crate::ir::NodeId;

impl Work<'_, '_> {
    /// The same for a part of a derivative, sparse or whole.
    pub(super) fn part(&mut self, path: &[&str], part: &Part, rows: NodeId, columns: NodeId) -> Leaf {
        Leaf { pattern: part.pattern().cloned(), ..self.matrix(path, part.node(), rows, columns) }
    }

    /// The derivative of values by all inputs, in the cheapest way.
    pub(super) fn derivative(&mut self, values: &[NodeId], symmetric: bool) -> Result<(Parts, Method), Vec<Fault>> {
        let (document, inputs) = (self.request.document, self.inputs());
        let known = colours::given(self.b, values, &inputs, self.request.constants, &document.constants);
        let task = Task {
            values,
            inputs: &inputs,
            limits: self.request.limits,
            mode: document.mode,
            symmetric,
            sparse: document.format != Format::Dense,
            known: &known,
            constants: self.request.settled,
            least: Cell::new(u64::MAX),
            found: OnceCell::new(),
        };
        let chosen = choose(self.b, &task);
        wanted_still(self.request.cancel)?;
        let chosen = chosen?;
        if task.found.get().is_some() {
            self.depends_on(known.iter().map(|k| &k.0));
        }
        if chosen.settled {
            self.built.settled = true;
            self.depends_on(settled::used(self.b, values, self.request.settled));
        }
        let computed = chosen.values.unwrap_or_default();
        self.built.computed.extend(values.iter().copied().zip(computed).filter(|(value, computed)| value != computed));
        Ok((chosen.parts, chosen.method))
    }

    fn depends_on<'a>(&mut self, names: impl Iterator<Item = &'a String>) {
        for name in names {
            if !self.built.structural.contains(name) {
                self.built.structural.push(name.clone());
            }
        }
    }

    /// Where Jacobians may differ from zero.
    pub(super) fn sparsity(&mut self, of: &[usize]) -> Result<Vec<Leaf>, Vec<Fault>> {
        let (outputs, wrt, inputs) = (self.request.outputs, self.request.wrt, self.inputs());
        let values: Vec<NodeId> = of.iter().map(|&o| outputs[o].1).collect();
        let document = self.request.document;
        let known = colours::given(self.b, &values, &inputs, self.request.constants, &document.constants);
        self.depends_on(known.iter().map(|k| &k.0));
        let found = colours::find(self.b, &values, &inputs, &known, self.request.limits);
        wanted_still(self.request.cancel)?;
        let found = found.map_err(|fault| vec![fault])?;
        let sizes = |nodes: &[NodeId]| nodes.iter().map(|&n| self.size(n)).collect::<Vec<_>>();
        let patterns = split(&found, &sizes(&values), &sizes(&inputs));
        let mut leaves = Vec::new();
        for (&o, row) in of.iter().zip(patterns) {
            for ((input, x), pattern) in wrt.iter().zip(row) {
                // Nothing is computed; the value stands in for what would be.
                let leaf = self.matrix(&[&outputs[o].0, input], outputs[o].1, outputs[o].1, *x);
                leaves.push(Leaf { pattern: Some(pattern), ..leaf });
            }
        }
        Ok(leaves)
    }

    /// Remembers what is to be compared with differences of values, if that is asked for.
    pub(super) fn check(&mut self, what: String, value: NodeId, parts: &[Part]) {
        if !self.request.document.verify {
            return;
        }
        let whole: Vec<NodeId> = parts.iter().map(|part| part.whole(self.b)).collect();
        let blocks = whole.into_iter().map(|n| self.roots.add(n)).collect();
        let value = self.roots.add(value);
        self.built.checked.push(Checked { what, value, blocks });
    }
}
