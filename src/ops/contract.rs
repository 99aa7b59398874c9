//! The one product of arrays: every dot, matrix product and einsum becomes this.

use smallvec::SmallVec;

use super::Algebra;
use super::create::EYE;
use super::structure::{PAD, RESHAPE};
use super::terms;
use crate::ir::{
    Absorb, Argument, Attr, Batch, BatchArg, Builder, Cost, Depends, Flow, Kernel, Node, NodeId, Primitive, Room, Rule,
    Sets, Shape, ShapeError, Single, elements, show,
};
use crate::kernel;

/// `[batch…, free_a…, c…] · [batch…, c…, free_b…] → [batch…, free_a…, free_b…]`, summed over `c…`.
/// Its transposes are itself, with one factor's axes exchanged.
pub(in crate::ops) static CONTRACT: Primitive = Primitive {
    name: "contract",
    shape: contract_shape,
    kernel: Kernel::Dense(|attr, _, args, out, cancel| {
        let Attr::Contract(batch, contracted, absorb) = *attr else { return };
        let absorb = match absorb {
            Absorb::Neither => kernel::Absorb::None,
            Absorb::Left => kernel::Absorb::Left,
            Absorb::Right => kernel::Absorb::Right,
            Absorb::Both => kernel::Absorb::Both,
        };
        let groups = groups(batch, contracted, [args[0].shape, args[1].shape]);
        kernel::contract(args[0], args[1], groups, absorb, out, cancel);
    }),
    rule: Rule::Multilinear {
        term: |b, n, i, t| {
            let Attr::Contract(batch, contracted, _) = b.node(n).attr else { return t };
            let other = b.arg(n, 1 - i);
            if i == 0 {
                b.product(t, other, batch, contracted, Absorb::Left)
            } else {
                b.product(other, t, batch, contracted, Absorb::Right)
            }
        },
        adjoint,
    },
    depends: Depends::Custom(of_product),
    batch: Batch::Custom(batch_rule),
    cost: Cost::Formula(|attr, args, out| {
        let Attr::Contract(batch, contracted, _) = attr else { return 0 };
        let inner = elements(&args[1][*batch..batch + contracted]) as u64;
        (elements(out) as u64).saturating_mul(inner).saturating_mul(2)
    }),
    simplify: Some(simplify),
    kink: None,
    room: Room::Formula(|attr, args| {
        let Attr::Contract(batch, contracted, _) = *attr else { return 0 };
        let [a, b] =
            [0, 1].map(|i| kernel::View { data: &[], offset: 0, shape: &args[i].shape, strides: &args[i].strides });
        kernel::contract_room(a, b, groups(batch, contracted, [a.shape, b.shape]))
    }),
    single: Single::Terms(terms::of_product),
};

/// How many axes of each kind operands of these shapes have.
fn groups(batch: usize, contracted: usize, shapes: [&[usize]; 2]) -> kernel::Groups {
    let [free_a, free_b] = shapes.map(|shape| shape.len() - batch - contracted);
    kernel::Groups { batch, free_a, contracted, free_b }
}

fn contract_shape(attr: &Attr, args: &[&[usize]]) -> Result<Shape, ShapeError> {
    let Attr::Contract(batch, contracted, _) = *attr else {
        return Err(ShapeError::new("a product names its axes", "axes", format!("{attr:?}")));
    };
    let (a, b) = (args[0], args[1]);
    let fits = a.len() >= batch + contracted
        && b.len() >= batch + contracted
        && a[..batch] == b[..batch]
        && a[a.len() - contracted..] == b[batch..batch + contracted];
    if !fits {
        return Err(ShapeError::new("the axes multiplied over have one length", show(a), show(b)));
    }
    Ok(a[..a.len() - contracted].iter().chain(&b[batch + contracted..]).copied().collect())
}

/// Most products of elements that are looked at to see which factors are zero.
const MOST_LOOKED_AT: usize = 1 << 26;

/// The sets of a product: each element's are those of a row on the left and of a column on the right,
/// where the other factor is not known to be zero.
fn of_product(flow: &Flow<'_>, sets: &mut dyn Sets) -> Option<Vec<u32>> {
    let Attr::Contract(batch, contracted, _) = *flow.attr else { return None };
    let (mut a, mut b) = (flow.args[0], flow.args[1]);
    let rows = elements(&a.shape[batch..a.shape.len() - contracted]);
    let columns = elements(&b.shape[batch + contracted..]);
    let inner = elements(&b.shape[batch..batch + contracted]);
    if elements(flow.shape).saturating_mul(inner) > MOST_LOOKED_AT {
        (a.value, b.value) = (None, None);
    }
    let mut out = Vec::with_capacity(elements(flow.shape));
    for g in 0..elements(&flow.shape[..batch]) {
        let left = |row: usize, c: usize| (g * rows + row) * inner + c;
        let right = |c: usize, column: usize| (g * inner + c) * columns + column;
        // Where nothing is known of the other factor, one union serves a whole row or column.
        let mut whole = |other: &Argument<'_>, count: usize, set: &dyn Fn(usize, usize) -> u32| {
            let one = |i: usize| sets.all(&(0..inner).map(|c| set(i, c)).collect::<Vec<_>>());
            if other.value.is_some() { Some(vec![0; count]) } else { (0..count).map(one).collect::<Option<Vec<_>>>() }
        };
        let of_rows = whole(&b, rows, &|row, c| a.set(left(row, c)))?;
        let of_columns = whole(&a, columns, &|column, c| b.set(right(c, column)))?;
        for (row, &of_row) in of_rows.iter().enumerate() {
            for (column, &of_column) in of_columns.iter().enumerate() {
                let mut met = vec![of_row, of_column];
                if a.value.is_some() {
                    let kept = (0..inner).filter(|&c| !a.is_zero(left(row, c)));
                    met.extend(kept.map(|c| b.set(right(c, column))));
                }
                if b.value.is_some() {
                    let kept = (0..inner).filter(|&c| !b.is_zero(right(c, column)));
                    met.extend(kept.map(|c| a.set(left(row, c))));
                }
                out.push(sets.all(&met)?);
            }
        }
    }
    Some(out)
}

/// Axis counts of a product: batch, free on the left, contracted, free on the right.
fn counts(b: &Builder, n: NodeId) -> (usize, usize, usize, usize) {
    let Attr::Contract(batch, contracted, _) = b.node(n).attr else { return (0, 0, 0, 0) };
    let rank = |i| b.shape(b.arg(n, i)).len() - batch - contracted;
    (batch, rank(0), contracted, rank(1))
}

fn adjoint(b: &mut Builder, n: NodeId, i: usize, ct: NodeId) -> NodeId {
    let (batch, free_a, contracted, free_b) = counts(b, n);
    if i == 0 {
        let right = b.arg(n, 1);
        let swapped = exchange(b, right, batch, contracted, free_b);
        b.product(ct, swapped, batch, free_b, Absorb::Left)
    } else {
        let left = b.arg(n, 0);
        let swapped = exchange(b, left, batch, free_a, contracted);
        b.product(swapped, ct, batch, free_a, Absorb::Right)
    }
}

/// Exchanges two neighbouring groups of axes after the batch: `[batch…, p…, q…] → [batch…, q…, p…]`.
fn exchange(b: &mut Builder, x: NodeId, batch: usize, p: usize, q: usize) -> NodeId {
    let order: SmallVec<[usize; 4]> = (0..batch).chain(batch + p..batch + p + q).chain(batch..batch + p).collect();
    b.permute(x, &order)
}

/// A new batch axis joins the batch if both factors carry it; if one does, it becomes the first free axis of
/// that factor, so that many points still make one large product.
fn batch_rule(b: &mut Builder, node: &Node, args: &[BatchArg], _: usize) -> NodeId {
    let Attr::Contract(batch, contracted, absorb) = node.attr else { return args[0].0 };
    let ((x, x_batched), (y, y_batched)) = (args[0], args[1]);
    let rank = node.shape.len();
    if x_batched && y_batched {
        return b.product(x, y, batch + 1, contracted, absorb);
    }
    if x_batched {
        let order: SmallVec<[usize; 4]> = (1..=batch).chain([0]).chain(batch + 1..b.shape(x).len()).collect();
        let x = b.permute(x, &order);
        let out = b.product(x, y, batch, contracted, absorb);
        let order: SmallVec<[usize; 4]> = [batch].into_iter().chain(0..batch).chain(batch + 1..=rank).collect();
        return b.permute(out, &order);
    }
    // The factors change places, so that what is batched lies item by item in the result too, as elementwise work
    // and further products take it.
    let (free_a, middle, end) = (b.shape(x).len() - batch - contracted, batch + contracted, b.shape(y).len());
    let order: SmallVec<[usize; 4]> = (1..=batch).chain([0]).chain(middle + 1..end).chain(batch + 1..=middle).collect();
    let y = b.permute(y, &order);
    let x = exchange(b, x, batch, free_a, contracted);
    let absorb = match absorb {
        Absorb::Left => Absorb::Right,
        Absorb::Right => Absorb::Left,
        Absorb::Neither | Absorb::Both => absorb,
    };
    let out = b.product(y, x, batch, contracted, absorb);
    let free_a_starts = rank + 1 - free_a;
    let order: SmallVec<[usize; 4]> =
        [batch].into_iter().chain(0..batch).chain(free_a_starts..=rank).chain(batch + 1..free_a_starts).collect();
    b.permute(out, &order)
}

fn simplify(b: &mut Builder, args: &[NodeId], attr: &Attr) -> Option<NodeId> {
    let Attr::Contract(batch, contracted, absorb) = *attr else { return None };
    let is_eye = |b: &Builder, x: NodeId| b.node(x).is(&EYE);
    if batch == 0 && contracted == 1 && is_eye(b, args[1]) {
        return Some(args[0]);
    }
    if batch == 0 && contracted == 1 && is_eye(b, args[0]) {
        return Some(args[1]);
    }
    let shapes = [b.shape(args[0]).clone(), b.shape(args[1]).clone()];
    let shape = contract_shape(attr, &[&shapes[0], &shapes[1]]).ok()?;
    // A derivative that is zero everywhere makes a zero product, and so does an empty sum.
    let is_zero = |i: usize| b.fill_value(args[i]) == Some(0.0);
    let zero_side = match absorb {
        Absorb::Left => is_zero(0),
        Absorb::Right => is_zero(1),
        Absorb::Both => is_zero(0) || is_zero(1),
        Absorb::Neither => false,
    };
    if zero_side || elements(&shapes[1][batch..batch + contracted]) == 0 {
        return Some(b.fill(0.0, &shape));
    }
    // A single one changes nothing but the axes.
    if let Some(i) = (0..2).find(|&i| b.fill_value(args[i]) == Some(1.0) && elements(&shapes[i]) == 1) {
        return Some(b.reshape(args[1 - i], &shape));
    }
    if contracted == 0 && batch == 0 && absorb != Absorb::Both {
        return Some(outer(b, args, &shapes, &shape, absorb));
    }
    if contracted == 1 {
        return of_diagonal(b, args, &shapes, &shape, (batch, absorb));
    }
    None
}

/// A product with diagonal matrices whose zeros absorb takes one factor for each row or column of the other side.
fn of_diagonal(
    b: &mut Builder,
    args: &[NodeId],
    shapes: &[Shape; 2],
    shape: &[usize],
    (batch, absorb): (usize, Absorb),
) -> Option<NodeId> {
    let rank = shape.len();
    let (absorbs_left, absorbs_right) =
        (matches!(absorb, Absorb::Left | Absorb::Both), matches!(absorb, Absorb::Right | Absorb::Both));
    let left = diagonal_of(b, args[0]).filter(|_| absorbs_left && shapes[0].len() > batch + 1);
    let (diagonal, other) = if let Some(diagonal) = left {
        let row = shapes[0].len() - 2;
        let axes: SmallVec<[usize; 4]> = (0..batch).chain(row..rank).collect();
        let all: SmallVec<[usize; 4]> = (0..=row).collect();
        (b.broadcast(diagonal, shape, &all), b.broadcast(args[1], shape, &axes))
    } else {
        let diagonal = diagonal_of(b, args[1]).filter(|_| absorbs_right && shapes[1].len() == batch + 2)?;
        let axes: SmallVec<[usize; 4]> = (0..batch).chain([rank - 1]).collect();
        (b.broadcast(diagonal, shape, &axes), args[0])
    };
    Some(if absorb == Absorb::Both { b.chain(diagonal, other) } else { b.scale(other, diagonal) })
}

/// The diagonals of matrices that are zero elsewhere, if that is how a node is made.
fn diagonal_of(b: &Builder, n: NodeId) -> Option<NodeId> {
    let [.., rows, columns] = *b.shape(n).as_slice() else { return None };
    let padded = b.node(n).is(&RESHAPE).then(|| b.arg(n, 0)).filter(|&p| b.node(p).is(&PAD))?;
    let Attr::Pad(widths) = &b.node(padded).attr else { return None };
    let (last, lead) = widths.split_last()?;
    let diagonal = b.arg(padded, 0);
    let fits = rows == columns
        && *last == (0, 0, columns)
        && lead.iter().all(|w| *w == (0, 0, 0))
        && b.shape(diagonal).split_last()?.1 == &b.shape(n)[..b.shape(n).len() - 2];
    fits.then_some(diagonal)
}

/// A product over no axes is elementwise, which fuses with its neighbours.
fn outer(b: &mut Builder, args: &[NodeId], shapes: &[Shape; 2], shape: &[usize], absorb: Absorb) -> NodeId {
    let free_a = shapes[0].len();
    let left: SmallVec<[usize; 4]> = (0..free_a).collect();
    let right: SmallVec<[usize; 4]> = (free_a..shape.len()).collect();
    let (x, y) = (b.broadcast(args[0], shape, &left), b.broadcast(args[1], shape, &right));
    match absorb {
        Absorb::Neither | Absorb::Both => b.mul(x, y),
        Absorb::Left => b.scale(y, x),
        Absorb::Right => b.scale(x, y),
    }
}
