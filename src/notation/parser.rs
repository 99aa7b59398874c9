//! Tokens into expression trees: the walk over the tokens, and operators by how tightly they bind.
//!
//! A mistake whose meaning is clear (`a // b`, `x.sum()`) is noted and reading goes on; any other
//! ends the text, so that one slip is told once.

use super::advice;
use super::expr::{Expr, Span};
use super::lexer::{Lexeme, Token, lex};
use super::limits;
use super::names;
use super::operators::{self, Infix, Level, Meaning};
use super::printer;
use super::source::Sources;
use crate::fault::{Code, Fault};

/// Reads one expression; `pointer` says where in the document the text stands.
pub fn parse_expr(sources: &mut Sources, pointer: &str, text: &str) -> Result<Expr, Vec<Fault>> {
    let source = sources.add(pointer, Some(text));
    read(sources, source, 0, whole)
}

/// Reads `name = expr`, `name, name = expr`, or an expression alone.
pub fn parse_line(sources: &mut Sources, pointer: &str, text: &str) -> Result<(Vec<String>, Expr), Vec<Fault>> {
    let source = sources.add(pointer, Some(text));
    read(sources, source, 0, line)
}

/// Reads the text of a source that stands `depth` nodes deep.
pub(super) fn read<T>(
    sources: &Sources,
    source: u32,
    depth: usize,
    rule: impl FnOnce(&mut Parser<'_>) -> Result<T, Stop>,
) -> Result<T, Vec<Fault>> {
    let text = sources.text(source);
    let tokens = lex(&text).map_err(|(detail, Lexeme { start, end, .. })| {
        vec![sources.fault(Span { source, start, end }, Code::Limit, detail)]
    })?;
    let mut parser = Parser { sources, source, text: &text, tokens, at: 0, depth, faults: Vec::new() };
    match rule(&mut parser) {
        Ok(result) if parser.faults.is_empty() => Ok(result),
        _ => Err(parser.faults),
    }
}

/// The text cannot be read further; the reason is among the parser's faults.
#[derive(Debug)]
pub(super) struct Stop;

/// A tree and its height, which is kept so that no tree grows higher than it can be walked.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) height: usize,
}

/// What every rule of the grammar returns.
pub(super) type Parsed = Result<Tree, Stop>;

/// One text being read.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    sources: &'a Sources,
    source: u32,
    pub(super) text: &'a str,
    tokens: Vec<Lexeme>,
    at: usize,
    depth: usize,
    faults: Vec<Fault>,
}

/// expression, then nothing more
pub(super) fn whole(parser: &mut Parser<'_>) -> Result<Expr, Stop> {
    if parser.is(Token::End) {
        let detail = "the text is empty: expected an expression";
        return Err(parser.stop(parser.span(), Code::Syntax, detail, None));
    }
    let tree = parser.expression(Level::Logic)?;
    if parser.is(Token::End) {
        return Ok(tree.expr);
    }
    Err(parser.unexpected("an operator or the end of the text", None))
}

/// [name {`,` name} `=`] expression
pub(super) fn line(parser: &mut Parser<'_>) -> Result<(Vec<String>, Expr), Stop> {
    let mut names = Vec::new();
    let start = parser.mark();
    while parser.is(Token::Name) && (parser.next_is(Token::Comma) || parser.next_is(Token::Assign)) {
        names.push((parser.span(), parser.word()));
        parser.advance();
        let last = parser.is(Token::Assign);
        parser.advance();
        if !last {
            continue;
        }
        for &(span, name) in &names {
            if let Some(objection) = names::objection(name) {
                parser.note(span, Code::Syntax, objection, None)?;
            }
        }
        let names = names.into_iter().map(|(_, name)| name.to_owned()).collect();
        return Ok((names, whole(parser)?));
    }
    parser.reset(start);
    Ok((Vec::new(), whole(parser)?))
}

impl<'a> Parser<'a> {
    /// Operands joined by operators that bind at least as tightly as `least`.
    pub(super) fn expression(&mut self, least: Level) -> Parsed {
        self.enter()?;
        let mut left = self.prefix()?;
        let mut compared = None;
        while let Some(op) = self.infix().filter(|op| op.level >= least) {
            let sign = self.span();
            self.at += 1;
            let right = self.expression(op.level.right())?;
            if op.level == Level::Compare && compared.replace(op.symbol).is_some() {
                self.note_chain(sign, &left.expr, op, &right.expr)?;
            }
            left = self.binary(op, sign, left, right)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn infix(&self) -> Option<&'static Infix> {
        let may_be = matches!(self.token(), Token::Operator | Token::Name);
        operators::by_symbol(self.word()).filter(|_| may_be)
    }

    fn binary(&mut self, op: &Infix, sign: Span, left: Tree, right: Tree) -> Parsed {
        let span = Span { end: right.expr.span.end, ..left.expr.span };
        let name = match op.meaning {
            Meaning::Call(name) => name,
            Meaning::Foreign(wrong, instead) => {
                let [a, b] = [&left.expr, &right.expr].map(|expr| printer::print_at(expr, Level::Postfix));
                let hint = advice::write(&instead.replace("{a}", &a).replace("{b}", &b));
                self.note(sign, Code::Unsupported, format!("unknown operator `{}`: {wrong}", op.symbol), hint)?;
                op.symbol
            }
        };
        let height = left.height.max(right.height);
        self.grow(Expr::call(name, vec![left.expr, right.expr], Vec::new(), span), height)
    }

    /// Notes `a < b < c`, given the comparison `a < b` and `< c`.
    fn note_chain(&mut self, sign: Span, left: &Expr, op: &Infix, right: &Expr) -> Result<(), Stop> {
        let [first, last] = [left, right].map(|expr| printer::print_at(expr, Level::Sum));
        let middle = match &left.kind {
            super::Kind::Call { args, .. } => args.last().map(|expr| printer::print_at(expr, Level::Sum)),
            _ => None,
        };
        let hint = middle.and_then(|middle| advice::write(&format!("{first} * ({middle} {} {last})", op.symbol)));
        self.note(sign, Code::Unsupported, "comparisons cannot be chained: multiply two of them", hint)
    }

    fn prefix(&mut self) -> Parsed {
        let span = self.span();
        match (self.token(), self.word()) {
            (Token::Operator, "-" | "−") => {
                self.at += 1;
                let Tree { expr, height } = self.expression(Level::Unary)?;
                let span = Span { end: expr.span.end, ..span };
                self.grow(Expr::call("negative", vec![expr], Vec::new(), span), height)
            }
            (Token::Operator, "+") => {
                self.at += 1;
                self.expression(Level::Unary)
            }
            _ => self.postfix(),
        }
    }

    /// One level of nesting more, if there may be.
    fn enter(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            let detail = format!("nested more than {} levels deep", limits::NESTING);
            let hint = "name the inner parts as functions or equations of their own";
            return Err(self.stop(self.span(), Code::Limit, detail, Some(hint.to_owned())));
        }
        Ok(())
    }

    /// A tree on top of others, if it may be that high.
    pub(super) fn grow(&mut self, expr: Expr, below: usize) -> Parsed {
        let height = below + 1;
        if self.depth + height > limits::HEIGHT {
            let detail = format!("more than {} operations depend on one another in a row", limits::HEIGHT);
            let hint = "split the text into equations, or use sum([a, b, …])";
            return Err(self.stop(expr.span, Code::Limit, detail, Some(hint.to_owned())));
        }
        Ok(Tree { expr, height })
    }

    /// The token to be read next.
    pub(super) fn token(&self) -> Token {
        self.lexeme(self.at).token
    }

    /// Its characters.
    pub(super) fn word(&self) -> &'a str {
        self.slice(self.span())
    }

    /// Where it stands.
    pub(super) fn span(&self) -> Span {
        let Lexeme { start, end, .. } = self.lexeme(self.at);
        Span { source: self.source, start, end }
    }

    /// From the beginning of `start` to the end of the last token read.
    pub(super) fn since(&self, start: Span) -> Span {
        Span { end: self.lexeme(self.at.saturating_sub(1)).end, ..start }
    }

    pub(super) fn is(&self, token: Token) -> bool {
        self.token() == token
    }

    pub(super) fn next_is(&self, token: Token) -> bool {
        self.lexeme(self.at + 1).token == token
    }

    /// Reads the token if it is this one.
    pub(super) fn eat(&mut self, token: Token) -> bool {
        let found = self.is(token);
        self.at += usize::from(found);
        found
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// How far the text has been read, for [`Self::reset`].
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn reset(&mut self, mark: usize) {
        self.at = mark;
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn lexeme(&self, at: usize) -> Lexeme {
        let end = Lexeme { token: Token::End, start: 0, end: 0 };
        self.tokens.get(at).or(self.tokens.last()).copied().unwrap_or(end)
    }

    /// Notes a fault after which reading goes on.
    pub(super) fn note(
        &mut self,
        span: Span,
        code: Code,
        detail: impl Into<String>,
        hint: Option<String>,
    ) -> Result<(), Stop> {
        let fault = self.sources.fault(span, code, detail);
        self.faults.push(Fault { hint, ..fault });
        if self.faults.len() < limits::FAULTS_IN_TEXT { Ok(()) } else { Err(Stop) }
    }

    /// Notes a fault that ends the text.
    pub(super) fn stop(&mut self, span: Span, code: Code, detail: impl Into<String>, hint: Option<String>) -> Stop {
        // Reading ends whether or not this was the last fault that may be told.
        let _ = self.note(span, code, detail, hint);
        Stop
    }

    /// The next token is not what it has to be; `opened` is the bracket not yet closed.
    pub(super) fn unexpected(&mut self, expected: &str, opened: Option<Span>) -> Stop {
        let before = self.at.checked_sub(1).map(|at| self.lexeme(at));
        let gap = before.map_or("", |b| self.text.get(b.end as usize..self.span().start as usize).unwrap_or_default());
        let before = before.map_or("", |b| self.slice(Span { source: self.source, start: b.start, end: b.end }));
        let after_operand = expected.starts_with("an operator");
        let hint = match (self.token(), opened) {
            (Token::End, Some(bracket)) => self.sources.place(bracket).map(|place| {
                format!("`{}` on line {}, column {} is not closed", self.slice(bracket), place.line, place.column)
            }),
            (token, _) if after_operand => advice::after_operand(before, gap, token, self.word()),
            (token, _) => advice::for_operand(token, self.word()),
        };
        let detail = format!("expected {expected}, found {}", advice::found(self.token(), self.word()));
        self.stop(self.span(), Code::Syntax, detail, hint)
    }
}
