//! Einstein summation: any number of arrays, contracted two at a time, the cheapest pair first.

mod subscripts;

use std::collections::BTreeMap;

use smallvec::SmallVec;

use self::subscripts::{Label, name, parse};
use super::Algebra;
use super::bind::Bound;
use super::manipulation::diagonal::diagonal;
use super::row::{Meaning, Operation};
use crate::fault::{Code, Fault};
use crate::ir::{Absorb, Builder, NodeId, Shape, show};

/// Most operands of one call.
const MOST: usize = 64;

/// An array and the label of each of its axes, no label twice.
struct Operand {
    node: NodeId,
    labels: Vec<Label>,
}

/// The length that goes with each label, and the operand it was first read from.
type Sizes = BTreeMap<Label, (usize, usize)>;

fn build_einsum(b: &mut Builder, args: &Bound<'_>) -> Result<NodeId, Fault> {
    let text = args.text("subscripts")?;
    let nodes = args.rest(b)?;
    let wrong = |detail| args.fault(Code::InvalidValue, format!("{detail} (in '{text}')"));
    let subscripts = parse(text).map_err(wrong)?;
    let count = subscripts.inputs.len();
    if nodes.len() != count {
        let fault =
            args.fault(Code::Arity, format!("the subscripts '{text}' do not describe as many arrays as are given"));
        return Err(fault.expected(count.to_string(), nodes.len().to_string()));
    }
    if count > MOST {
        let fault = args.fault(Code::Limit, "there are too many arrays");
        return Err(fault.expected(format!("at most {MOST}"), count.to_string()));
    }
    let mut labels = Vec::with_capacity(count);
    for (i, (term, &node)) in subscripts.inputs.iter().zip(&nodes).enumerate() {
        let shape = b.shape(node);
        labels.push(term.labels(shape.len()).ok_or_else(|| {
            let detail = format!("the subscripts of operand {} do not fit its shape {}", i + 1, show(shape));
            args.fault(Code::Shape, detail).expected(format!("{} axes", term.named()), format!("{} axes", shape.len()))
        })?);
    }
    let output = subscripts.output(&labels).map_err(wrong)?;
    let mut operands = Vec::with_capacity(count);
    for (i, (node, labels)) in nodes.into_iter().zip(labels).enumerate() {
        operands.push(diagonals(b, args, i, Operand { node, labels })?);
    }
    let sizes = sizes(b, args, &operands)?;
    for x in &mut operands {
        drop_repeated(b, x, &sizes);
    }
    sum_lone(b, &mut operands, &output);
    while operands.len() > 1 {
        contract_cheapest(b, &mut operands, &output, &sizes);
    }
    let Some(result) = operands.pop() else { return Err(args.fault(Code::Arity, "there are no arrays")) };
    Ok(arranged(b, &result, &output))
}

/// Takes the diagonal over axes of one label.
fn diagonals(b: &mut Builder, args: &Bound<'_>, position: usize, mut x: Operand) -> Result<Operand, Fault> {
    while let Some((i, j)) = repeated(&x.labels) {
        let (n, m) = (b.shape(x.node)[i], b.shape(x.node)[j]);
        if n != m {
            return Err(unequal(args, x.labels[i], (n, position), (m, position)));
        }
        let plane = diagonal(b, x.node, 0, i, j);
        x.node =
            plane.ok_or_else(|| args.fault(Code::Limit, format!("a matrix of {n} × {n} elements is too large")))?;
        let label = x.labels.remove(j);
        x.labels.remove(i);
        x.labels.push(label);
    }
    Ok(x)
}

/// Two positions of the first label that occurs twice.
fn repeated(labels: &[Label]) -> Option<(usize, usize)> {
    labels.iter().enumerate().find_map(|(j, l)| labels[..j].iter().position(|m| m == l).map(|i| (i, j)))
}

fn unequal(args: &Bound<'_>, label: Label, (n, first): (usize, usize), (m, second): (usize, usize)) -> Fault {
    let (index, first, second) = (name(label), first + 1, second + 1);
    let detail = format!("index {index} has length {n} in operand {first} and {m} in operand {second}");
    args.fault(Code::Shape, detail).expected(format!("length {n}"), format!("length {m}"))
}

/// The length of every label; as in NumPy, length 1 goes with any other.
fn sizes(b: &Builder, args: &Bound<'_>, operands: &[Operand]) -> Result<Sizes, Fault> {
    let mut sizes = Sizes::new();
    for (i, x) in operands.iter().enumerate() {
        for (&label, &n) in x.labels.iter().zip(b.shape(x.node)) {
            let known = sizes.entry(label).or_insert((n, i));
            if known.0 == 1 {
                *known = (n, i);
            } else if n != 1 && n != known.0 {
                return Err(unequal(args, label, *known, (n, i)));
            }
        }
    }
    Ok(sizes)
}

/// Drops axes of length 1 whose label is longer elsewhere: the operand is constant along them.
fn drop_repeated(b: &mut Builder, x: &mut Operand, sizes: &Sizes) {
    let shape: Shape = b.shape(x.node).clone();
    let kept: Vec<usize> = (0..shape.len()).filter(|&i| shape[i] == sizes[&x.labels[i]].0).collect();
    let lengths: Shape = kept.iter().map(|&i| shape[i]).collect();
    x.node = b.reshape(x.node, &lengths);
    x.labels = kept.iter().map(|&i| x.labels[i]).collect();
}

/// Sums over the labels that one operand alone has and the result does not.
fn sum_lone(b: &mut Builder, operands: &mut [Operand], output: &[Label]) {
    for i in 0..operands.len() {
        let needed =
            |l: &Label| output.contains(l) || operands.iter().enumerate().any(|(j, x)| j != i && x.labels.contains(l));
        let labels = &operands[i].labels;
        let axes: Vec<usize> = (0..labels.len()).filter(|&axis| !needed(&labels[axis])).collect();
        let kept = labels.iter().copied().filter(|l| needed(l)).collect();
        operands[i] = Operand { node: b.sum(operands[i].node, &axes), labels: kept };
    }
}

/// Contracts the pair that takes the fewest multiplications; among equals, that of the smallest result.
fn contract_cheapest(b: &mut Builder, operands: &mut Vec<Operand>, output: &[Label], sizes: &Sizes) {
    let needed = |l: &Label, i: usize, j: usize| {
        output.contains(l) || operands.iter().enumerate().any(|(k, x)| k != i && k != j && x.labels.contains(l))
    };
    let cost = |i: usize, j: usize| {
        let (x, y) = (&operands[i].labels, &operands[j].labels);
        let union = x.iter().chain(y.iter().filter(|l| !x.contains(l)));
        union.fold((1u64, 1u64), |(flops, result), l| {
            let n = sizes[l].0 as u64;
            (flops.saturating_mul(n), if needed(l, i, j) { result.saturating_mul(n) } else { result })
        })
    };
    let pairs = (1..operands.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let Some((i, j)) = pairs.min_by_key(|&(i, j)| cost(i, j)) else { return };
    let kept: Vec<Label> = operands[i].labels.iter().copied().filter(|l| needed(l, i, j)).collect();
    let y = operands.remove(j);
    operands[i] = contract(b, &operands[i], &y, &kept, sizes);
}

/// The product of two operands, summed over the labels they share but for those in `kept`.
fn contract(b: &mut Builder, x: &Operand, y: &Operand, kept: &[Label], sizes: &Sizes) -> Operand {
    let (shared, free_x): (Vec<Label>, Vec<Label>) = x.labels.iter().partition(|l| y.labels.contains(l));
    let (batch, summed): (Vec<Label>, Vec<Label>) = shared.iter().partition(|l| kept.contains(l));
    let free_y: Vec<Label> = y.labels.iter().copied().filter(|l| !shared.contains(l)).collect();
    let labels = [batch.as_slice(), &free_x, &free_y].concat();
    if summed.is_empty() {
        let (left, right) = (spread(b, x, &labels, sizes), spread(b, y, &labels, sizes));
        return Operand { node: b.mul(left, right), labels };
    }
    let left = arranged(b, x, &[batch.as_slice(), &free_x, &summed].concat());
    let right = arranged(b, y, &[batch.as_slice(), &summed, &free_y].concat());
    let node = b.product(left, right, batch.len(), summed.len(), Absorb::Neither);
    Operand { node, labels }
}

/// The operand with its axes in the order of `labels`, which are its own.
fn arranged(b: &mut Builder, x: &Operand, labels: &[Label]) -> NodeId {
    let order: SmallVec<[usize; 4]> = labels.iter().filter_map(|l| x.labels.iter().position(|m| m == l)).collect();
    b.permute(x.node, &order)
}

/// The operand broadcast to all of `labels`.
fn spread(b: &mut Builder, x: &Operand, labels: &[Label], sizes: &Sizes) -> NodeId {
    let places: Vec<usize> = (0..labels.len()).filter(|&i| x.labels.contains(&labels[i])).collect();
    let own: Vec<Label> = places.iter().map(|&i| labels[i]).collect();
    let moved = arranged(b, x, &own);
    let shape: Shape = labels.iter().map(|l| sizes[l].0).collect();
    b.broadcast(moved, &shape, &places)
}

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[Operation {
    summary: "Einstein summation: 'ij,jk->ik' multiplies arrays index by index and sums over what the output does not name; \
              '...' stands for axes that are not named, which broadcast.",
    shape: "the lengths of the output's indices",
    derivative: "the sum of the same expression with each operand in turn replaced by its differential",
    cases: &[
        ("einsum('ij,jk->ik', x, y)", &[&[2, 3], &[3, 2]]),
        ("einsum('ij, jk', x, y)", &[&[2, 3], &[3, 2]]),
        ("einsum('ii', x)", &[&[3, 3]]),
        ("einsum('ii->i', x)", &[&[3, 3]]),
        ("einsum('iji->j', x)", &[&[2, 3, 2]]),
        ("einsum('iii->i', x)", &[&[2, 2, 2]]),
        ("einsum('ij->ji', x)", &[&[2, 3]]),
        ("einsum('ij->', x)", &[&[2, 3]]),
        ("einsum('i,j->ij', x, y)", &[&[2], &[3]]),
        ("einsum('bi,bj->bij', x, y)", &[&[2, 2], &[2, 3]]),
        ("einsum('bij,bjk->bki', x, y)", &[&[2, 2, 3], &[2, 3, 2]]),
        ("einsum('i,ij,j', x, y, z)", &[&[2], &[2, 3], &[3]]),
        ("einsum('ijk,k,j->i', x, y, z)", &[&[2, 3, 2], &[2], &[3]]),
        ("einsum('...i,...i->...', x, y)", &[&[2, 3], &[3]]),
        ("einsum('...ij,jk', x, y)", &[&[2, 2, 3], &[3, 2]]),
        ("einsum('i...,...->...i', x, y)", &[&[3, 2], &[2, 1]]),
        ("einsum('ij,kl->il', x, y)", &[&[2, 2], &[3, 2]]),
        ("einsum('i,i', x, y)", &[&[1], &[3]]),
        ("einsum(',i->i', x, y)", &[&[], &[3]]),
        ("einsum('ij,jk->ik', x, y)", &[&[2, 0], &[0, 2]]),
        ("einsum('ij,ij,ij->ij', x, x, x)", &[&[2, 2]]),
    ],
    ..Operation::new("einsum", "einsum(subscripts, *operands)", Meaning::Build(build_einsum))
}];
