//! The primitives of implicit values.

use crate::ir::{Attr, Batch, Cost, Depends, Implicit, Kernel, Level, Primitive, Room, Rule, ShapeError, Single};

/// A value that solves equations: the value as it was found, then what the equations need beside it. It is
/// the value; see [`Implicit`].
pub(super) static IMPLICIT: Primitive = Primitive {
    name: "implicit",
    shape: |attr, args| match attr {
        Attr::Implicit(implicit) if implicit.equations.inputs.len() == args.len() => Ok(args[0].into()),
        _ => Err(ShapeError::new("an implicit value has its equations", "their arguments", format!("{args:?}"))),
    },
    kernel: Kernel::Dense(|_, _, args, out, cancel| args[0].copy_until(out, cancel)),
    rule: Rule::Implicit,
    depends: Depends::All,
    batch: Batch::Custom(|b, node, args, size| {
        let Attr::Implicit(implicit) = &node.attr else { return args[0].0 };
        let mut carrying: smallvec::SmallVec<[bool; 8]> = args.iter().map(|a| a.1).collect();
        let mut nodes: Vec<_> = args.iter().map(|a| a.0).collect();
        if !carrying[0] {
            carrying[0] = true;
            nodes[0] = crate::ops::Algebra::lead(b, nodes[0], size);
        }
        let mut levels = implicit.levels.clone();
        levels.push(Level { size, carrying });
        let implicit = Implicit { equations: implicit.equations.clone(), levels };
        b.make(&IMPLICIT, &nodes, Attr::Implicit(implicit.into()))
    }),
    cost: Cost::Free,
    simplify: None,
    kink: None,
    room: Room::None,
    single: Single::Kernel,
};
