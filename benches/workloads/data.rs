//! Numbers that any language makes again bit for bit, and the checksum by which answers are compared.

use serde_json::{Value, json};

/// `n` numbers in [0, 1): the generator splitmix64, its upper 53 bits.
pub(crate) fn uniform(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    };
    (0..n).map(|_| next()).collect()
}

/// `n` numbers in [-1, 1).
pub(crate) fn signed(seed: u64, n: usize) -> Vec<f64> {
    uniform(seed, n).into_iter().map(|u| 2.0 * u - 1.0).collect()
}

/// The weights of a layer: rows × columns numbers of variance 1/columns, row by row.
pub(crate) fn weight(seed: u64, rows: usize, columns: usize) -> Vec<f64> {
    let scale = (3.0 / columns as f64).sqrt();
    signed(seed, rows * columns).into_iter().map(|x| x * scale).collect()
}

/// An array of a document.
pub(crate) fn array(shape: &[usize], data: &[f64]) -> Value {
    json!({ "shape": shape, "data": data })
}

/// Two sums over the elements in row-major order, the first with weights that tell places apart.
pub(crate) fn checksum(elements: impl Iterator<Item = f64>) -> [f64; 2] {
    let mut sums = [0.0, 0.0];
    for (i, x) in elements.enumerate() {
        sums[0] += x * (((i * 7919) % 1009) as f64 / 1009.0 - 0.5);
        sums[1] += x.abs();
    }
    sums
}
