//! The primitives of loops: a body run over and over, and the parts of its result.

use super::super::Algebra;
use super::super::elementwise::{map2, primitive};
use crate::ir::{
    Attr, Batch, Cost, Depends, Extent, Kernel, Layout, Primitive, Room, Rule, Shape, ShapeError, Single, elements,
    show,
};

/// A [`Loop`](crate::ir::Loop): arguments are the first carry, the sequences, what is captured, and the
/// count, if it is counted. All results lie in it one behind the other; see [`PART`].
pub(in crate::ops) static LOOP: Primitive = Primitive {
    name: "loop",
    shape: |attr, args| {
        let Some(looped) = attr.as_loop() else { return Err(unfit(attr, args)) };
        let inputs = looped.body.inputs.len();
        if args.len() != inputs + usize::from(looped.extent == Extent::Counted) {
            return Err(unfit(attr, args));
        }
        for (i, arg) in args[..inputs].iter().enumerate() {
            let expected = looped.argument_shape(i);
            if **arg != *expected {
                let detail = format!("argument {i} of a loop");
                return Err(ShapeError::new(detail, show(&expected), show(arg)));
            }
        }
        let next = &looped.body.graph;
        let stays = |k: usize| next.node(next.outputs[k]).shape == *looped.input_shape(k);
        if !(0..looped.carries).all(stays) || args[inputs..].iter().any(|count| !count.is_empty()) {
            return Err(unfit(attr, args));
        }
        Ok(Shape::from_slice(&[looped.length()]))
    },
    kernel: Kernel::Loop,
    rule: Rule::Loop,
    batch: Batch::Loop,
    depends: Depends::All,
    cost: Cost::Formula(|attr, _, _| attr.as_loop().map_or(0, |l| l.flops)),
    simplify: None,
    kink: None,
    room: Room::None,
    single: Single::Kernel,
};

/// A part of a loop's result: a carry after the last step, a sequence made, or the number of steps.
pub(in crate::ops) static PART: Primitive = Primitive {
    name: "part",
    shape: |attr, args| match attr {
        Attr::Part(looped, k) if *k < looped.count() && elements(args[0]) == looped.length() => {
            Ok(looped.part(*k).1.clone())
        }
        _ => Err(unfit(attr, args)),
    },
    kernel: Kernel::View(|attr, layout| {
        let Attr::Part(looped, k) = attr else { return layout.clone() };
        let (start, shape) = looped.part(*k);
        Layout { offset: layout.offset + start, ..Layout::dense(shape) }
    }),
    rule: Rule::Part,
    batch: Batch::Loop,
    depends: Depends::Moves,
    cost: Cost::Free,
    simplify: None,
    kink: None,
    room: Room::None,
    single: Single::Kernel,
};

fn unfit(attr: &Attr, args: &[&[usize]]) -> ShapeError {
    ShapeError::new("the arguments do not fit the loop", format!("{attr:?}"), format!("{args:?}"))
}

/// x, or NaN where the loop that made it should have gone on.
pub(in crate::ops) static UNFINISHED: Primitive = primitive(
    "unfinished",
    |a, o| map2(a, o, |x, go| if go == 0.0 { x } else { f64::NAN }),
    1,
    Rule::Linear {
        fixed: &[1],
        adjoint: |b, n, _, ct| {
            let go = b.arg(n, 1);
            b.apply(&UNFINISHED, &[ct, go])
        },
    },
);
