//! Text into tokens. Spaces, line ends and `#` comments separate tokens and mean nothing else.
//!
//! Patterns have no repetition: what may be long is measured by a plain loop, because a generated
//! automaton may call itself for each character and so exhaust the stack on a long text.

use logos::{Lexer, Logos};

use super::limits;

/// What a stretch of text is. Its characters are looked up in the text when they matter.
#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a reserved word.
    #[regex(r"[\p{XID_Start}_]", |lexer| take(lexer, unicode_ident::is_xid_continue))]
    Name,
    /// `1`, `1.`, `.5`, `1e-3`, `1_000`
    #[regex(r"[0-9]|\.[0-9]", number)]
    Number,
    /// A string in single or double quotes, on one line.
    #[regex(r#"['"]"#, string)]
    Text,
    /// Any operator, this notation's or another's.
    #[regex(r"[-+*/@^<>%&|\\−·⋅×∗÷≤≥≠]|\*\*|<=|>=|==|!=|<>|//|&&|\|\||\.[*/^]")]
    Operator,
    #[token("(")]
    Open,
    #[token(")")]
    Close,
    #[token("[")]
    OpenSquare,
    #[token("]")]
    CloseSquare,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("...")]
    Ellipsis,
    #[token("=")]
    Assign,
    /// `:=` or `;`: the next statement, in other languages.
    #[token(":=")]
    #[token(";")]
    Statement,
    /// Spaces and comments; left out of what [`lex`] returns.
    #[regex(r"\s", |lexer| take(lexer, char::is_whitespace))]
    #[token("#", |lexer| take(lexer, |c| c != '\n'))]
    Blank,
    /// A character that begins nothing.
    Unknown,
    /// After the last token.
    End,
}

/// A token and the bytes it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The tokens of a text, ending in [`Token::End`]; `Err` says which limit is broken, and where.
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, (String, Lexeme)> {
    let mut lexemes: Vec<Lexeme> = Vec::new();
    let mut lexeme = Lexeme { token: Token::End, start: 0, end: 0 };
    if text.len() > limits::TEXT {
        return Err((format!("the text is longer than {} bytes", limits::TEXT), lexeme));
    }
    for (token, range) in Token::lexer(text).spanned() {
        if token == Ok(Token::Blank) {
            continue;
        }
        let token = token.unwrap_or(Token::Unknown);
        let first = text[range.start..].chars().next().map_or(0, char::len_utf8);
        let end = if token == Token::Unknown { range.start + first } else { range.end };
        lexeme = Lexeme { token, start: range.start as u32, end: end as u32 };
        if lexemes.len() >= limits::TOKENS {
            return Err((format!("the text has more than {} tokens", limits::TOKENS), lexeme));
        }
        if token == Token::Name && text[range].chars().nth(limits::NAME).is_some() {
            return Err((format!("a name is longer than {} characters", limits::NAME), lexeme));
        }
        lexemes.push(lexeme);
        // No text is read past such a character, and an open quote would be searched for again.
        if token == Token::Unknown {
            break;
        }
    }
    lexemes.push(Lexeme { token: Token::End, start: lexeme.end, end: lexeme.end });
    Ok(lexemes)
}

/// Takes the characters that follow as long as they belong.
fn take(lexer: &mut Lexer<'_, Token>, belongs: impl Fn(char) -> bool) {
    let rest = lexer.remainder();
    lexer.bump(rest.find(|c| !belongs(c)).unwrap_or(rest.len()));
}

/// Takes the rest of a string; `false` when it does not end on its line.
fn string(lexer: &mut Lexer<'_, Token>) -> bool {
    let quote = lexer.slice().chars().next();
    let mut escaped = false;
    for (i, c) in lexer.remainder().char_indices() {
        match c {
            '\n' => return false,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if Some(c) == quote => {
                lexer.bump(i + 1);
                return true;
            }
            _ => {}
        }
    }
    false
}

/// Takes the rest of a number.
fn number(lexer: &mut Lexer<'_, Token>) {
    let text = &lexer.source().as_bytes()[lexer.span().start..];
    let at = |i: usize| text.get(i).copied().unwrap_or(0);
    let digits = |from: usize| {
        let mut i = from;
        while at(i).is_ascii_digit() || (i > from && at(i) == b'_' && at(i + 1).is_ascii_digit()) {
            i += 1;
        }
        i
    };
    let mut end = digits(0);
    if at(end) == b'.' {
        end = digits(end + 1);
    }
    if matches!(at(end), b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(at(end + 1), b'+' | b'-'));
        end = if at(exponent).is_ascii_digit() { digits(exponent) } else { end };
    }
    lexer.bump(end.saturating_sub(lexer.slice().len()));
}
