//! The operators: their symbols, how tightly they bind, and the built-in each of them stands for.
//!
//! Symbols from other languages are here too, with what to write instead.

/// How tightly a form binds, from the loosest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `and`, `|` and their like; not offered, but read so that they can be explained.
    Logic,
    /// Comparisons; they do not chain.
    Compare,
    /// `+ -`
    Sum,
    /// `* / @`
    Product,
    /// `-x`: looser than a power on its right, tighter than a product.
    Unary,
    /// `^ **`, right associative.
    Power,
    /// Names, calls, brackets, `x[i]`, `x.T`.
    Postfix,
}

impl Level {
    /// What the right operand must bind at least as tightly as.
    pub(super) fn right(self) -> Self {
        match self {
            Self::Logic => Self::Compare,
            Self::Compare => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Power => Self::Unary,
            Self::Unary | Self::Postfix => Self::Postfix,
        }
    }

    /// What the left operand must bind at least as tightly as.
    pub(super) fn left(self) -> Self {
        match self {
            Self::Compare => Self::Sum,
            Self::Power => Self::Postfix,
            level => level,
        }
    }
}

/// An operator between two operands.
#[derive(Debug)]
pub(super) struct Infix {
    /// How it is written.
    pub(super) symbol: &'static str,
    /// How tightly it binds.
    pub(super) level: Level,
    /// What it means.
    pub(super) meaning: Meaning,
}

/// What an operator stands for.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A call of this built-in.
    Call(&'static str),
    /// Nothing here: what is wrong, and what to write instead, operands as `{a}` and `{b}`.
    Foreign(&'static str, &'static str),
}

const fn call(symbol: &'static str, level: Level, name: &'static str) -> Infix {
    Infix { symbol, level, meaning: Meaning::Call(name) }
}

const fn foreign(symbol: &'static str, level: Level, wrong: &'static str, instead: &'static str) -> Infix {
    Infix { symbol, level, meaning: Meaning::Foreign(wrong, instead) }
}

const NO_LOGIC: &str = "there are no logical operators; comparisons are 1 where true and 0 elsewhere";
const ELEMENTWISE: &str = "operators are elementwise already";
const PLAIN: &str = "write it with plain characters";

/// Every infix operator; the first symbol of a built-in is the one that is printed.
const INFIX: &[Infix] = &[
    call("+", Level::Sum, "add"),
    call("-", Level::Sum, "subtract"),
    call("−", Level::Sum, "subtract"),
    call("*", Level::Product, "multiply"),
    call("/", Level::Product, "divide"),
    call("@", Level::Product, "matmul"),
    call("^", Level::Power, "power"),
    call("**", Level::Power, "power"),
    call("<", Level::Compare, "less"),
    call("<=", Level::Compare, "less_equal"),
    call(">", Level::Compare, "greater"),
    call(">=", Level::Compare, "greater_equal"),
    call("==", Level::Compare, "equal"),
    call("!=", Level::Compare, "not_equal"),
    foreign("//", Level::Product, "floor division is not offered", "floor({a} / {b})"),
    foreign("%", Level::Product, "the remainder is not offered", "{a} - {b} * floor({a} / {b})"),
    foreign("&", Level::Logic, NO_LOGIC, "{a} * {b}"),
    foreign("&&", Level::Logic, NO_LOGIC, "{a} * {b}"),
    foreign("and", Level::Logic, NO_LOGIC, "{a} * {b}"),
    foreign("|", Level::Logic, NO_LOGIC, "maximum({a}, {b})"),
    foreign("||", Level::Logic, NO_LOGIC, "maximum({a}, {b})"),
    foreign("or", Level::Logic, NO_LOGIC, "maximum({a}, {b})"),
    foreign("<>", Level::Compare, "inequality is `!=`", "{a} != {b}"),
    foreign(".*", Level::Product, ELEMENTWISE, "{a} * {b}"),
    foreign("./", Level::Product, ELEMENTWISE, "{a} / {b}"),
    foreign(".^", Level::Power, ELEMENTWISE, "{a}^{b}"),
    foreign("\\", Level::Product, "left division is not offered", "solve({a}, {b})"),
    foreign("·", Level::Product, PLAIN, "{a} * {b}"),
    foreign("⋅", Level::Product, PLAIN, "{a} * {b}"),
    foreign("×", Level::Product, PLAIN, "{a} * {b}"),
    foreign("∗", Level::Product, PLAIN, "{a} * {b}"),
    foreign("÷", Level::Product, PLAIN, "{a} / {b}"),
    foreign("≤", Level::Compare, PLAIN, "{a} <= {b}"),
    foreign("≥", Level::Compare, PLAIN, "{a} >= {b}"),
    foreign("≠", Level::Compare, PLAIN, "{a} != {b}"),
];

/// The operator written so.
pub(super) fn by_symbol(symbol: &str) -> Option<&'static Infix> {
    INFIX.iter().find(|op| op.symbol == symbol)
}

/// The operator that stands for a built-in.
pub(super) fn by_name(name: &str) -> Option<&'static Infix> {
    INFIX.iter().find(|op| matches!(op.meaning, Meaning::Call(called) if called == name))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::{Token, lex};
    use super::INFIX;

    #[test]
    fn every_symbol_is_one_token() {
        for op in INFIX {
            let tokens = lex(op.symbol).unwrap_or_default();
            assert_eq!(tokens.len(), 2, "{} and the end", op.symbol);
            assert!(matches!(tokens[0].token, Token::Operator | Token::Name), "{}", op.symbol);
        }
    }
}
