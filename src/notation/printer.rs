//! Expression trees back into text, with as few parentheses as the notation needs.
//!
//! Reading what is printed gives the same tree.

use std::f64::consts::PI;

use super::expr::{Expr, Item, Kind};
use super::operators::{self, Infix, Level};
use crate::tensor::Tensor;

/// The expression in the notation.
pub fn print(expr: &Expr) -> String {
    print_at(expr, Level::Logic)
}

/// The expression as an operand that must bind at least as tightly as `level`.
pub(super) fn print_at(expr: &Expr, level: Level) -> String {
    let mut out = String::new();
    write(&mut out, expr, level);
    out
}

fn write(out: &mut String, expr: &Expr, least: Level) {
    let inside = level(expr) < least;
    if inside {
        out.push('(');
    }
    match &expr.kind {
        Kind::Number(value) => out.push_str(&number(*value)),
        Kind::Name(name) => out.push_str(name),
        Kind::Text(text) => out.push_str(&quoted(text)),
        Kind::Flag(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Kind::Nothing => out.push_str("None"),
        Kind::Array(array) => write_array(out, array, 0, &mut array.data.iter()),
        Kind::List(items) => {
            out.push('[');
            separated(out, items, |out, item| write(out, item, Level::Logic));
            out.push(']');
        }
        Kind::Call { name, args, keywords } => match (operator(expr), args.as_slice()) {
            (Some(Form::Infix(op)), [a, b]) => {
                write(out, a, op.level.left());
                let gap = if op.level == Level::Power { "" } else { " " };
                out.extend([gap, op.symbol, gap]);
                write(out, b, op.level.right());
            }
            (Some(Form::Negative), [a]) => {
                out.push('-');
                write(out, a, Level::Unary);
            }
            (Some(Form::Transpose), [a]) => {
                write_base(out, a);
                out.push_str(".T");
            }
            _ => write_call(out, name, args, keywords),
        },
        Kind::Index { base, items } => {
            write_base(out, base);
            out.push('[');
            separated(out, items, write_item);
            out.push(']');
        }
    }
    if inside {
        out.push(')');
    }
}

/// The ways of writing a call other than as a call.
enum Form {
    Infix(&'static Infix),
    Negative,
    Transpose,
}

fn operator(expr: &Expr) -> Option<Form> {
    let Kind::Call { name, args, keywords } = &expr.kind else {
        return None;
    };
    match (name.as_str(), args.len()) {
        _ if !keywords.is_empty() => None,
        ("negative", 1) => Some(Form::Negative),
        ("transpose", 1) => Some(Form::Transpose),
        (name, 2) => operators::by_name(name).map(Form::Infix),
        _ => None,
    }
}

fn level(expr: &Expr) -> Level {
    match (&expr.kind, operator(expr)) {
        (Kind::Number(value), _) if value.is_sign_negative() => Level::Unary,
        (_, Some(Form::Infix(op))) => op.level,
        (_, Some(Form::Negative)) => Level::Unary,
        _ => Level::Postfix,
    }
}

/// What stands before `[` or `.T`; a number does so in parentheses, for `2.T` would be read as `2. T`.
fn write_base(out: &mut String, base: &Expr) {
    if matches!(base.kind, Kind::Number(value) if value.is_sign_positive()) {
        out.extend(["(", &print(base), ")"]);
    } else {
        write(out, base, Level::Postfix);
    }
}

fn write_call(out: &mut String, name: &str, args: &[Expr], keywords: &[(String, Expr)]) {
    out.extend([name, "("]);
    separated(out, args, |out, arg| write(out, arg, Level::Logic));
    if !args.is_empty() && !keywords.is_empty() {
        out.push_str(", ");
    }
    separated(out, keywords, |out, (key, value)| {
        out.extend([key, "="]);
        write(out, value, Level::Logic);
    });
    out.push(')');
}

fn write_item(out: &mut String, item: &Item) {
    match item {
        Item::At(expr) => write(out, expr, Level::Logic),
        Item::Ellipsis => out.push_str("..."),
        Item::NewAxis => out.push_str("None"),
        Item::Range { start, stop, step } => {
            let mut part = |sign: &str, part: &Option<Expr>| {
                out.push_str(sign);
                if let Some(expr) = part {
                    write(out, expr, Level::Logic);
                }
            };
            part("", start);
            part(":", stop);
            if step.is_some() {
                part(":", step);
            }
        }
    }
}

fn write_array(out: &mut String, array: &Tensor, axis: usize, data: &mut std::slice::Iter<'_, f64>) {
    let Some(length) = array.shape.get(axis) else {
        out.extend(data.next().map(|value| number(*value)));
        return;
    };
    out.push('[');
    for i in 0..*length {
        if i > 0 {
            out.push_str(", ");
        }
        write_array(out, array, axis + 1, data);
    }
    out.push(']');
}

fn separated<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
}

/// The fewest digits that are read back as the same double.
fn number(value: f64) -> String {
    if value.abs() == PI {
        return if value < 0.0 { "-pi" } else { "pi" }.to_owned();
    }
    let digits = format!("{value:?}");
    digits.strip_suffix(".0").map_or_else(|| digits.clone(), str::to_owned)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}
