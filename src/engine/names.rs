//! Objects within objects, written from the paths of what is in them.

use crate::json::Writer;

/// The objects that are open below the first.
pub(super) struct Names<'a> {
    open: &'a [String],
}

impl<'a> Names<'a> {
    /// Opens the outermost object.
    pub(super) fn begin(w: &mut Writer) -> Self {
        w.begin_object();
        Self { open: &[] }
    }

    /// Opens and closes objects so that what is written next stands at the end of the path. Paths that
    /// begin alike come one after another.
    pub(super) fn lead_to(&mut self, w: &mut Writer, path: &'a [String]) {
        let Some((key, objects)) = path.split_last() else { return };
        let common = self.open.iter().zip(objects).take_while(|(a, b)| a == b).count();
        for _ in common..self.open.len() {
            w.end_object();
        }
        for name in &objects[common..] {
            w.key(name);
            w.begin_object();
        }
        self.open = objects;
        w.key(key);
    }

    /// Closes all.
    pub(super) fn end(self, w: &mut Writer) {
        for _ in 0..=self.open.len() {
            w.end_object();
        }
    }
}
