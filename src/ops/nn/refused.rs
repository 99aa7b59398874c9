//! Layers that are no functions, and what to do instead.

use crate::fault::{Code, Fault};

/// Why a layer of this name cannot be differentiated; `None` for every other name.
pub fn refused(name: &str) -> Option<Fault> {
    let dropout = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"];
    dropout.contains(&name).then(|| {
        let detail = format!("`{name}` is random: it is no fixed function of its arguments and has no derivative");
        Fault::new(Code::Unsupported, detail).hint(
            "leave it out, as a trained network does; to train with it, draw a mask of ones and zeros yourself, \
             give it as an input, and write `x * mask / (1 - rate)`",
        )
    })
}
