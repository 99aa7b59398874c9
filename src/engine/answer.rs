//! Values → the answer's JSON, every array with its shape.

use super::chain::Chain;
use super::compiled::{Compiled, Leaf, Member, Method};
use super::document::{Document, Layout, Want};
use super::names::Names;
use super::run::Values;
use super::sparse;
use super::verify::Verified;
use super::warning::Warning;
use crate::diff::sparse::Pattern;
use crate::exec::Cancel;
use crate::fault::{Code, Fault};
use crate::json::{Nonfinite, Style, Writer};

/// Writes the whole answer; it is no JSON once `cancel` is set.
pub(super) fn write(
    document: &Document,
    compiled: &Compiled,
    values: &Values,
    verified: Option<&Verified>,
    cancel: &Cancel,
) -> Result<Vec<u8>, Vec<Fault>> {
    let w = Writer::until(cancel.shared(), room(document, compiled, values));
    let mut answer = Answer { w, document, compiled, values };
    answer.all(verified).map_err(|fault| vec![fault])?;
    Ok(answer.w.finish())
}

/// Bytes of all that an answer says beside arrays, mostly.
const FRAME: usize = 1 << 10;

/// Bytes of memory to reserve for the text.
fn room(document: &Document, compiled: &Compiled, values: &Values) -> usize {
    let leaves = compiled.members.iter().filter(|m| m.want != Want::Sparsity).flat_map(|m| &m.leaves);
    let places = leaves.flat_map(|leaf| std::iter::once(leaf.place).chain(leaf.also.iter().map(|also| also.1)));
    let arrays = places.map(|place| values.room(compiled, place, document.style));
    let patterns = compiled.members.iter().flat_map(|m| &m.leaves).filter_map(|leaf| leaf.pattern.as_deref());
    let positions = patterns.map(|pattern| sparse::room(pattern, document.format));
    let known = arrays.chain(positions).fold(FRAME, usize::saturating_add);
    known.saturating_add(known / 64)
}

struct Answer<'a> {
    w: Writer,
    document: &'a Document,
    compiled: &'a Compiled,
    values: &'a Values,
}

impl Answer<'_> {
    fn all(&mut self, verified: Option<&Verified>) -> Result<(), Fault> {
        let compiled = self.compiled;
        self.w.begin_object();
        for member in &compiled.members {
            self.w.key(member.want.word());
            self.member(member)?;
        }
        if let Some(chain) = &compiled.chain {
            self.w.key("chain");
            self.chain(chain)?;
        }
        self.w.key("method");
        method(&mut self.w, compiled);
        if let Some(verified) = verified {
            self.w.key("verify");
            verified.write(&mut self.w);
        }
        self.w.key("warnings");
        warnings(&mut self.w, &self.values.warnings);
        self.w.end_object();
        Ok(())
    }

    /// Arrays under the names that lead to them.
    fn member(&mut self, member: &Member) -> Result<(), Fault> {
        let mut names = Names::begin(&mut self.w);
        for leaf in &member.leaves {
            names.lead_to(&mut self.w, &leaf.path);
            match (&leaf.sides, &leaf.pattern) {
                (Some(sides), Some(pattern)) => self.sparse(leaf.place, member.want, pattern, sides)?,
                (Some([rows, columns]), None) => self.matrix(leaf.place, rows, columns)?,
                (None, _) => self.array_of(leaf)?,
            }
        }
        names.end(&mut self.w);
        Ok(())
    }

    /// An array with those that belong to it. An infinity that is no fault is written as a string, unless
    /// the document asks for something else.
    fn array_of(&mut self, leaf: &Leaf) -> Result<(), Fault> {
        let style = match self.document.style {
            Style { nonfinite: Nonfinite::Error, .. } => Style { nonfinite: Nonfinite::Text, ..self.document.style },
            style => style,
        };
        self.w.begin_object();
        let (data, shape) = self.values.get(self.compiled, leaf.place);
        array(&mut self.w, shape, &data, style)?;
        for &(name, place) in &leaf.also {
            self.w.key(name);
            self.w.begin_object();
            let (data, shape) = self.values.get(self.compiled, place);
            array(&mut self.w, shape, &data, style)?;
            self.w.end_object();
        }
        self.w.end_object();
        Ok(())
    }

    fn value(&mut self, place: usize) -> Result<(), Fault> {
        self.w.begin_object();
        let (data, shape) = self.values.get(self.compiled, place);
        array(&mut self.w, shape, &data, self.document.style)?;
        self.w.end_object();
        Ok(())
    }

    /// A derivative as a matrix, or as the tensor of its two shapes; with a leading batch axis if there is one.
    fn matrix(&mut self, place: usize, output_shape: &[usize], input_shape: &[usize]) -> Result<(), Fault> {
        let (data, shape) = self.values.get(self.compiled, place);
        let shape = laid_out(self.document, self.compiled, shape, [output_shape, input_shape]);
        self.w.begin_object();
        array(&mut self.w, &shape, &data, self.document.style)?;
        self.sides(output_shape, input_shape);
        self.w.end_object();
        Ok(())
    }

    /// A derivative as the elements of its pattern; of a pattern asked for by itself, that alone.
    fn sparse(&mut self, place: usize, want: Want, pattern: &Pattern, sides: &[Vec<usize>; 2]) -> Result<(), Fault> {
        let batch = self.compiled.batch.filter(|_| want != Want::Sparsity);
        self.w.begin_object();
        sparse::pattern(&mut self.w, pattern, self.document.format, batch);
        if want != Want::Sparsity {
            let (data, shape) = self.values.get(self.compiled, place);
            self.w.key("data");
            elements(&mut self.w, shape, &data, self.document.style)?;
        }
        self.sides(&sides[0], &sides[1]);
        self.w.end_object();
        Ok(())
    }

    fn sides(&mut self, output_shape: &[usize], input_shape: &[usize]) {
        self.w.key("output_shape");
        self.w.usizes(output_shape);
        self.w.key("input_shape");
        self.w.usizes(input_shape);
    }

    fn chain(&mut self, chain: &Chain) -> Result<(), Fault> {
        self.w.begin_object();
        self.w.key("stages");
        self.w.begin_list();
        for stage in &chain.stages {
            self.w.begin_object();
            self.w.key("name");
            self.w.string(&stage.name);
            self.w.key("value");
            self.value(stage.value)?;
            self.w.key("jacobian");
            self.w.begin_object();
            for factor in &stage.factors {
                self.w.key(&factor.by);
                self.matrix(factor.place, &factor.output_shape, &factor.input_shape)?;
            }
            self.w.end_object();
            self.w.end_object();
        }
        self.w.end_list();
        self.w.key("product");
        self.w.begin_object();
        for (k, product) in chain.products.iter().enumerate() {
            if k == 0 || chain.products[k - 1].output != product.output {
                if k > 0 {
                    self.w.end_object();
                }
                self.w.key(&product.output);
                self.w.begin_object();
            }
            self.w.key(&product.input);
            self.w.begin_object();
            self.w.key("formula");
            self.w.string(&product.formula);
            self.w.key("shapes");
            self.w.string(&product.shapes);
            self.w.end_object();
        }
        if !chain.products.is_empty() {
            self.w.end_object();
        }
        self.w.end_object();
        self.w.end_object();
        Ok(())
    }
}

/// `"shape": …, "data": …`.
fn array(w: &mut Writer, shape: &[usize], data: &[f64], style: Style) -> Result<(), Fault> {
    w.key("shape");
    w.usizes(shape);
    w.key("data");
    elements(w, shape, data, style)
}

fn elements(w: &mut Writer, shape: &[usize], data: &[f64], style: Style) -> Result<(), Fault> {
    w.array(shape, data, style).map_err(|element| {
        Fault::new(Code::NonFinite, format!("element {element} of the answer is not a finite number"))
    })
}

/// The shape a matrix is written in: as it is, or as the tensor of its two sides.
pub(super) fn laid_out(document: &Document, compiled: &Compiled, shape: &[usize], sides: [&[usize]; 2]) -> Vec<usize> {
    match document.layout {
        Layout::Matrix => shape.to_vec(),
        Layout::Tensor => compiled.batch.iter().chain(sides[0]).chain(sides[1]).copied().collect(),
    }
}

/// How the derivative was computed.
pub(super) fn method(w: &mut Writer, compiled: &Compiled) {
    w.begin_object();
    way(w, &compiled.method);
    if let Some(second) = &compiled.second {
        w.key("hessian");
        w.begin_object();
        way(w, second);
        w.end_object();
    }
    w.end_object();
}

fn way(w: &mut Writer, method: &Method) {
    w.key("mode");
    w.string(method.mode);
    w.key("flops");
    w.begin_object();
    for &(name, flops) in method.ways.iter().chain([&("chosen", method.chosen)]) {
        w.key(name);
        w.usize(usize::try_from(flops).unwrap_or(usize::MAX));
    }
    w.end_object();
    if let Some([forward, reverse]) = method.colours {
        w.key("colours");
        w.begin_object();
        w.key("forward");
        w.usize(forward);
        w.key("reverse");
        w.usize(reverse);
        w.end_object();
    }
    if let Some(bracketing) = &method.bracketing {
        w.key("bracketing");
        w.string(bracketing);
    }
}

/// The list of warnings.
pub(super) fn warnings(w: &mut Writer, warnings: &[Warning]) {
    w.begin_list();
    for warning in warnings {
        w.begin_object();
        w.key("code");
        w.string(warning.code);
        w.key("message");
        w.string(&warning.message);
        let texts = [
            ("operation", warning.operation.as_deref()),
            ("stage", warning.stage.as_deref()),
            ("pointer", warning.pointer.as_deref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                w.key(key);
                w.string(text);
            }
        }
        if let Some(element) = &warning.element {
            w.key("element");
            w.usizes(element);
        }
        if let Some(place) = &warning.place {
            w.key("line");
            w.usize(place.line);
            w.key("column");
            w.usize(place.column);
            w.key("snippet");
            w.string(&place.snippet);
        }
        w.end_object();
    }
    w.end_list();
}
