//! The fields that choose: what to return, how to differentiate, how to write the answer.

use crate::fault::{Code, Fault};
use crate::json::fields::{tell, wrong_type};
use crate::json::{Encoding, Fields, Json, Nonfinite, Order, Style};

/// How to differentiate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// The cheapest way.
    #[default]
    Auto,
    /// Column by column.
    Forward,
    /// Row by row.
    Reverse,
    /// Factor by factor, in the cheapest order.
    Mixed,
    /// Along colours of the pattern.
    Sparse,
    /// Number by number, in the cheapest order.
    Elimination,
}

/// The shape of a Jacobian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// Elements of the output by elements of the input.
    #[default]
    Matrix,
    /// Axes of the output, then axes of the input.
    Tensor,
}

/// The storage of a Jacobian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Every element.
    #[default]
    Dense,
    /// Elements of the pattern, compressed by rows.
    Csr,
    /// Elements of the pattern, each with its row and column.
    Coo,
}

/// The choices with their defaults filled in.
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) trace: bool,
    pub(super) verify: bool,
    pub(super) layout: Layout,
    pub(super) format: Format,
    pub(super) style: Style,
    pub(super) time_ms: Option<u64>,
}

const MODE: [(&str, Mode); 6] = [
    ("auto", Mode::Auto),
    ("forward", Mode::Forward),
    ("reverse", Mode::Reverse),
    ("mixed", Mode::Mixed),
    ("sparse", Mode::Sparse),
    ("elimination", Mode::Elimination),
];
const LAYOUT: [(&str, Layout); 2] = [("matrix", Layout::Matrix), ("tensor", Layout::Tensor)];
const FORMAT: [(&str, Format); 4] =
    [("dense", Format::Dense), ("sparse", Format::Csr), ("csr", Format::Csr), ("coo", Format::Coo)];
const ENCODING: [(&str, Encoding); 3] =
    [("nested", Encoding::Nested), ("flat", Encoding::Flat), ("base64", Encoding::Base64)];
const ORDER: [(&str, Order); 2] = [("C", Order::C), ("F", Order::F)];
const NONFINITE: [(&str, Nonfinite); 3] =
    [("error", Nonfinite::Error), ("string", Nonfinite::Text), ("null", Nonfinite::Null)];

/// All other choices.
pub(super) fn options(fields: &Fields, faults: &mut Vec<Fault>) -> Options {
    let mode = fields.choice("mode", &MODE, faults);
    let layout = fields.choice("layout", &LAYOUT, faults);
    let format = fields.choice("format", &FORMAT, faults);
    if layout == Some(Layout::Tensor) && !matches!(format, None | Some(Format::Dense)) {
        let detail = "A sparse matrix has rows and columns: `layout` \"tensor\" goes with `format` \"dense\".";
        tell(faults, || Fault::new(Code::InvalidValue, detail).at(fields.pointer("layout")));
    }
    let encoding = fields.choice("encoding", &ENCODING, faults);
    let order = fields.choice("order", &ORDER, faults);
    let nonfinite = fields.choice("nonfinite", &NONFINITE, faults);
    Options {
        mode: mode.unwrap_or_default(),
        trace: fields.flag("trace", faults),
        verify: fields.flag("verify", faults),
        layout: layout.unwrap_or_default(),
        format: format.unwrap_or_default(),
        style: Style {
            encoding: encoding.unwrap_or_default(),
            order: order.unwrap_or_default(),
            nonfinite: nonfinite.unwrap_or_default(),
        },
        time_ms: time(fields, faults),
    }
}

/// `limits.time_ms`: a caller may ask for less time than the server would grant.
fn time(fields: &Fields, faults: &mut Vec<Fault>) -> Option<u64> {
    let given = fields.get("limits")?;
    let pointer = fields.pointer("limits");
    match given {
        Json::Object(object) => {
            let limits = Fields::new(object, &pointer, &["time_ms"], faults);
            match limits.get("time_ms")? {
                Json::Number(ms) if *ms >= 1.0 && ms.fract() == 0.0 => Some(*ms as u64),
                other => {
                    let expected = "a positive integer of milliseconds";
                    tell(faults, || wrong_type(&limits.pointer("time_ms"), expected, other));
                    None
                }
            }
        }
        other => {
            tell(faults, || wrong_type(&pointer, "an object", other));
            None
        }
    }
}
