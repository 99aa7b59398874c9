//! The grammar's bracketed forms: parentheses and tuples, array literals, calls, indexes and slices.

use rustc_hash::FxHashSet;

use super::expr::{Expr, Item, Kind, Span};
use super::lexer::Token;
use super::operators::Level;
use super::parser::{Parsed, Parser, Stop, Tree};
use crate::fault::Code;

impl Parser<'_> {
    /// `(a)`, or a tuple: `()`, `(a,)`, `(a, b)`
    pub(super) fn parenthesised(&mut self, open: Span) -> Parsed {
        self.advance();
        if !self.is(Token::Close) {
            let first = self.expression(Level::Logic)?;
            if self.eat(Token::Close) {
                let span = self.since(open);
                return Ok(Tree { expr: Expr { span, ..first.expr }, ..first });
            }
            return self.items(open, Token::Close, Some(first));
        }
        self.items(open, Token::Close, None)
    }

    /// `[a, b]`
    pub(super) fn array(&mut self, open: Span) -> Parsed {
        self.advance();
        self.items(open, Token::CloseSquare, None)
    }

    /// The items of a list up to its closing bracket; the first may have been read before.
    fn items(&mut self, open: Span, close: Token, first: Option<Tree>) -> Parsed {
        let mut height = first.as_ref().map_or(0, |tree| tree.height);
        let read = first.is_some();
        let mut items: Vec<Expr> = first.into_iter().map(|tree| tree.expr).collect();
        if read {
            self.separator(close, open)?;
        }
        while !self.eat(close) {
            let item = self.expression(Level::Logic)?;
            height = height.max(item.height);
            items.push(item.expr);
            self.separator(close, open)?;
        }
        self.grow(Expr::list(items, self.since(open)), height)
    }

    /// A comma, or the closing bracket, which is not read.
    fn separator(&mut self, close: Token, open: Span) -> Result<(), Stop> {
        if self.eat(Token::Comma) || self.is(close) {
            return Ok(());
        }
        let expected = if close == Token::Close { "an operator, `,` or `)`" } else { "an operator, `,` or `]`" };
        Err(self.unexpected(expected, Some(open)))
    }

    /// `name(a, b, key=c)`, beginning at the name.
    pub(super) fn call(&mut self, span: Span, name: &str) -> Parsed {
        self.advance();
        let open = self.span();
        self.advance();
        let (mut args, mut keywords, mut height) = (Vec::new(), Vec::new(), 0);
        let mut given = FxHashSet::default();
        while !self.eat(Token::Close) {
            let key = (self.is(Token::Name) && self.next_is(Token::Assign)).then(|| (self.span(), self.word()));
            if let Some((place, key)) = key {
                self.advance();
                self.advance();
                if !given.insert(key) {
                    self.note(place, Code::DuplicateName, format!("the keyword `{key}` is given twice"), None)?;
                }
            }
            let value = self.expression(Level::Logic)?;
            height = height.max(value.height);
            match key {
                Some((_, key)) => keywords.push((key.to_owned(), value.expr)),
                None if keywords.is_empty() => args.push(value.expr),
                None => {
                    let detail = "a positional argument stands after a keyword argument";
                    self.note(value.expr.span, Code::Syntax, detail, Some("put keyword arguments last".to_owned()))?;
                }
            }
            self.separator(Token::Close, open)?;
        }
        self.grow(Expr::call(name, args, keywords, self.since(span)), height)
    }

    /// `base[items]`, beginning at the bracket.
    pub(super) fn index(&mut self, base: Tree) -> Parsed {
        let open = self.span();
        self.advance();
        let mut height = base.height;
        let mut items = Vec::new();
        if self.is(Token::CloseSquare) {
            return Err(self.unexpected("an index", None));
        }
        while !self.eat(Token::CloseSquare) {
            items.push(self.item(&mut height)?);
            self.separator(Token::CloseSquare, open)?;
        }
        let span = self.since(base.expr.span);
        let kind = Kind::Index { base: Box::new(base.expr), items };
        self.grow(Expr { kind, span }, height)
    }

    fn item(&mut self, height: &mut usize) -> Result<Item, Stop> {
        if self.eat(Token::Ellipsis) {
            return Ok(Item::Ellipsis);
        }
        let start = self.bound(height)?;
        if !self.eat(Token::Colon) {
            return match start {
                Some(Expr { kind: Kind::Nothing, .. }) => Ok(Item::NewAxis),
                Some(expr) => Ok(Item::At(expr)),
                None => Err(self.unexpected("an index", None)),
            };
        }
        let stop = self.bound(height)?;
        let step = if self.eat(Token::Colon) { self.bound(height)? } else { None };
        // `None` says that a part is left out.
        let [start, stop, step] = [start, stop, step].map(|part| part.filter(|expr| expr.kind != Kind::Nothing));
        Ok(Item::Range { start, stop, step })
    }

    /// One of the three parts of a slice, if it is given.
    fn bound(&mut self, height: &mut usize) -> Result<Option<Expr>, Stop> {
        if matches!(self.token(), Token::Colon | Token::Comma | Token::CloseSquare) {
            return Ok(None);
        }
        let part = self.expression(Level::Logic)?;
        *height = part.height.max(*height);
        Ok(Some(part.expr))
    }
}
