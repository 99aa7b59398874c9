//! The grammar's innermost forms: numbers, names, strings and what may follow an operand directly.

use std::f64::consts::PI;

use super::advice;
use super::expr::{Expr, Kind, Span};
use super::lexer::Token;
use super::names;
use super::parser::{Parsed, Parser, Stop, Tree};
use super::printer;
use crate::fault::Code;

impl Parser<'_> {
    /// An operand and its indexes and attributes.
    pub(super) fn postfix(&mut self) -> Parsed {
        let mut tree = self.atom()?;
        loop {
            tree = match self.token() {
                Token::OpenSquare => self.index(tree)?,
                Token::Dot => self.attribute(tree)?,
                Token::Unknown | Token::Text | Token::Open => {
                    return Err(self.unexpected("an operator", None));
                }
                _ => return Ok(tree),
            };
        }
    }

    fn atom(&mut self) -> Parsed {
        let span = self.span();
        let kind = match self.token() {
            Token::Number => self.number(span)?,
            Token::Text => Kind::Text(unescape(self.word())),
            Token::Name => return self.name(span),
            Token::Open => return self.parenthesised(span),
            Token::OpenSquare => return self.array(span),
            _ => return Err(self.unexpected("an expression", None)),
        };
        self.advance();
        self.grow(Expr { kind, span }, 0)
    }

    fn number(&mut self, span: Span) -> Result<Kind, Stop> {
        let value: f64 = self.word().replace('_', "").parse().unwrap_or(f64::INFINITY);
        if value.is_infinite() {
            let detail = format!("{} is not representable as a double", advice::found(Token::Number, self.word()));
            self.note(span, Code::InvalidValue, detail, Some(format!("the largest double is {:e}", f64::MAX)))?;
        }
        Ok(Kind::Number(value))
    }

    fn name(&mut self, span: Span) -> Parsed {
        self.skip_modules();
        let word = self.word();
        let kind = match word {
            "True" | "False" => Kind::Flag(word == "True"),
            "None" | "newaxis" => Kind::Nothing,
            "pi" => Kind::Number(PI),
            "inf" | "nan" => {
                let detail = format!("`{word}` is not offered: every number in a text is finite");
                let hint = "where(condition, a, b) keeps the branch not taken out of values and derivatives";
                self.note(span, Code::Unsupported, detail, Some(hint.to_owned()))?;
                Kind::Nothing
            }
            _ if names::is_reserved(word) => return Err(self.unexpected("an expression", None)),
            _ if self.next_is(Token::Open) => return self.call(span, word),
            _ => Kind::Name(word.to_owned()),
        };
        self.advance();
        self.grow(Expr { kind, span: self.since(span) }, 0)
    }

    /// Drops `np.` and `np.linalg.` before a name. `.T` is an attribute whatever stands before it.
    fn skip_modules(&mut self) {
        for inner in [false, true] {
            if !(names::is_module(self.word(), inner) && self.next_is(Token::Dot)) {
                return;
            }
            let module = self.mark();
            self.advance();
            self.advance();
            if !self.is(Token::Name) || self.word() == "T" {
                return self.reset(module);
            }
        }
    }

    /// `.T`; methods and other attributes are noted, with the function to call.
    fn attribute(&mut self, base: Tree) -> Parsed {
        let dot = self.span();
        self.advance();
        if !self.is(Token::Name) {
            return Err(self.unexpected("`T` after `.`", None));
        }
        let word = self.word();
        let named = self.span();
        let span = Span { end: named.end, ..base.expr.span };
        if word != "T" && self.next_is(Token::Open) {
            let mut call = self.call(named, word)?;
            if let Kind::Call { args, .. } = &mut call.expr.kind {
                args.insert(0, base.expr);
            }
            let hint = advice::write(&printer::print(&call.expr));
            self.note(
                self.since(dot),
                Code::Unsupported,
                format!("`.{word}()` is not offered: methods are written as functions"),
                hint,
            )?;
            return self.grow(call.expr, call.height.max(base.height));
        }
        self.advance();
        if word != "T" {
            let hint = "functions are called by name, as in `sum(x)`".to_owned();
            self.note(
                self.since(dot),
                Code::Unsupported,
                format!("`.{word}` is not offered: the only attribute is `.T`"),
                Some(hint),
            )?;
        }
        self.grow(Expr::call("transpose", vec![base.expr], Vec::new(), span), base.height)
    }
}

/// What a quoted string says. A backslash before any other character stands for itself, as in Python.
fn unescape(quoted: &str) -> String {
    let mut chars = quoted.get(1..quoted.len() - 1).unwrap_or_default().chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            None => text.push(c),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some(c @ ('\\' | '\'' | '"')) => text.push(c),
            Some(other) => text.extend(['\\', other]),
        }
    }
    text
}
