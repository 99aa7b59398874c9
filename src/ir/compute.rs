//! One node's value from the values of its arguments, outside any plan: for what is known before
//! anything runs, and for following elements through a node that moves them.

use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::attr::Attr;
use super::graph::Node;
use super::primitive::Kernel;
use super::shape::{Layout, elements};
use crate::kernel::View;

impl Node {
    /// The elements of this node, row-major, from its arguments' elements and shapes; `None` for an
    /// input, and for a loop, which takes a plan to run. Elements have no meaning once `cancel` is set.
    pub fn compute(&self, args: &[(&[f64], &[usize])], cancel: &AtomicBool) -> Option<Vec<f64>> {
        match (self.op.kernel, &self.attr) {
            (Kernel::Leaf, Attr::Data(data)) => Some(data.elements.to_vec()),
            (Kernel::Fill, Attr::Fill(_, bits)) => Some(vec![f64::from_bits(*bits); elements(&self.shape)]),
            (Kernel::Leaf | Kernel::Loop | Kernel::Fill, _) => None,
            (Kernel::Reshape, _) => args.first().map(|a| a.0.to_vec()),
            (Kernel::Elementwise(kernel), _) => {
                let slices: SmallVec<[&[f64]; 3]> = args.iter().map(|a| a.0).collect();
                let mut out = vec![0.0; elements(&self.shape)];
                kernel(&slices, &mut out);
                Some(out)
            }
            (Kernel::View(look), attr) => {
                let (data, shape) = *args.first()?;
                Some(view(data, &look(attr, &Layout::dense(shape))).contiguous_until(cancel).into_owned())
            }
            (Kernel::Dense(kernel), attr) => {
                let layouts: SmallVec<[Layout; 3]> = args.iter().map(|a| Layout::dense(a.1)).collect();
                let views: SmallVec<[View<'_>; 3]> = args.iter().zip(&layouts).map(|(a, l)| view(a.0, l)).collect();
                let mut out = vec![0.0; elements(&self.shape)];
                kernel(attr, &self.shape, &views, &mut out, cancel);
                Some(out)
            }
        }
    }
}

fn view<'a>(data: &'a [f64], layout: &'a Layout) -> View<'a> {
    View { data, offset: layout.offset, shape: &layout.shape, strides: &layout.strides }
}
