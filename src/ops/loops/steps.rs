//! A loop as rules write it down: nodes that stand for what changes from step to step, and what a step
//! makes of them.

use crate::ir::{Builder, Extent, Loop, NodeId, close, reachable};
use crate::ops::Algebra;

/// A value carried from step to step.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The node that stands for it in the step.
    pub inside: NodeId,
    /// Its value before the first step.
    pub first: NodeId,
    /// What a step makes of it.
    pub next: NodeId,
    /// Whether its last value is asked for. What is not asked for, and serves nothing else, is left out.
    pub wanted: bool,
}

/// A loop to be run.
#[derive(Debug)]
pub struct Steps {
    /// Number of steps, at most.
    pub steps: usize,
    /// What is carried.
    pub carried: Vec<Carried>,
    /// The node that stands for an item, and the sequence it is taken from.
    pub items: Vec<(NodeId, NodeId)>,
    /// Values of a step that are stacked along a leading axis.
    pub made: Vec<NodeId>,
    /// How many steps are taken, if not all; stacked values of others are zero.
    pub count: Option<NodeId>,
    /// A scalar of a step: the loop ends before the step in which it is zero.
    pub go: Option<NodeId>,
    /// Whether items are taken from the end.
    pub backwards: bool,
}

/// What comes out of a loop.
#[derive(Debug)]
pub struct Results {
    /// The carries after the last step; `None` for those left out.
    pub carried: Vec<Option<NodeId>>,
    /// The values stacked.
    pub made: Vec<NodeId>,
    /// The number of steps taken, where the steps decide it.
    pub taken: Option<NodeId>,
}

impl Steps {
    /// So many steps of nothing yet.
    pub fn new(steps: usize) -> Self {
        Self { steps, carried: vec![], items: vec![], made: vec![], count: None, go: None, backwards: false }
    }

    /// Whether a node is needed by what is asked for.
    pub fn needs(&self, b: &Builder) -> impl Fn(NodeId) -> bool + use<> {
        let needed = self.needed(b).1;
        move |n| needed.get(n.index()).copied().unwrap_or(false)
    }

    /// Which carries are needed, and which nodes.
    fn needed(&self, b: &Builder) -> (Vec<bool>, Vec<bool>) {
        let mut kept: Vec<bool> = self.carried.iter().map(|c| c.wanted).collect();
        loop {
            let roots = self.outputs(&kept);
            let needed = reachable(b.nodes(), &roots);
            let more: Vec<usize> =
                (0..kept.len()).filter(|&i| !kept[i] && needed[self.carried[i].inside.index()]).collect();
            if more.is_empty() {
                return (kept, needed);
            }
            for i in more {
                kept[i] = true;
            }
        }
    }

    fn outputs(&self, kept: &[bool]) -> Vec<NodeId> {
        let next = self.carried.iter().zip(kept).filter(|(_, kept)| **kept).map(|(c, _)| c.next);
        next.chain(self.made.iter().copied()).chain(self.go).collect()
    }

    /// Adds the loop to the graph.
    pub fn run(mut self, b: &mut Builder) -> Results {
        let (kept, needed) = self.needed(b);
        // What is known to be the same in every step is in the step already.
        self.items.retain(|(inside, _)| b.fill_value(*inside).is_none() && needed[inside.index()]);
        let carried: Vec<&Carried> =
            self.carried.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(c, _)| c).collect();
        let inputs: Vec<NodeId> = carried.iter().map(|c| c.inside).chain(self.items.iter().map(|i| i.0)).collect();
        let (body, captured) = close(b, &inputs, &self.outputs(&kept));
        let extent = match (self.count, self.go) {
            (_, Some(_)) => Extent::Until,
            (Some(_), None) => Extent::Counted,
            (None, None) => Extent::All,
        };
        let looped = Loop::new(body, self.steps, carried.len(), self.items.len(), extent, self.backwards);
        let args: Vec<NodeId> = carried
            .iter()
            .map(|c| c.first)
            .chain(self.items.iter().map(|i| i.1))
            .chain(captured)
            .chain(self.count)
            .collect();
        let run = b.run(&looped, &args);
        let mut places = 0..looped.count();
        let mut next = |b: &mut Builder| places.next().map(|k| b.part(run, k));
        Results {
            carried: kept.iter().map(|&kept| if kept { next(b) } else { None }).collect(),
            made: self.made.iter().filter_map(|_| next(b)).collect(),
            taken: self.go.and_then(|_| next(b)),
        }
    }
}
