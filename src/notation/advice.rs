//! What to write instead: the suggestions for what people carry over from other languages.

use std::borrow::Cow;

use super::lexer::Token;

/// Longest suggestion and longest quotation from the text, in characters.
const LONGEST: usize = 80;

/// "write …", unless it is too long to help.
pub(super) fn write(instead: &str) -> Option<String> {
    instead.chars().nth(LONGEST).is_none().then(|| format!("write `{instead}`"))
}

/// A token, as it is named in a sentence.
pub(super) fn found(token: Token, word: &str) -> String {
    match token {
        Token::End => "the end of the text".to_owned(),
        _ => format!("`{}`", clip(word)),
    }
}

/// As much of a text as fits in a sentence.
pub(super) fn clip(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// For a token that cannot follow an operand; `gap` is what lies between them.
pub(super) fn after_operand(before: &str, gap: &str, token: Token, word: &str) -> Option<String> {
    let operand = if before.ends_with([')', ']']) { "(…)" } else { before };
    let hint = match (token, word) {
        (Token::Comma, _) => "several values are one array: [a, b]",
        (Token::Assign, _) => "`==` compares; to name a value, begin the text with `name = `",
        (Token::Statement, _) => "a body of several steps is a list of texts: [\"u = …\", \"v = …\", \"u + v\"]",
        (Token::Name, "if" | "else") => "write `where(condition, a, b)`",
        (Token::Name, "for" | "in" | "while") => {
            "there are no loops in a text: write whole-array operations, or use scan"
        }
        (Token::Name, "is") => "`==` compares",
        (Token::Text | Token::Unknown, _) if word.starts_with('\'') => {
            return write(&format!("{operand}.T"));
        }
        (Token::Unknown, "²") => return write(&format!("{operand}^2")),
        (Token::Unknown, "³") => return write(&format!("{operand}^3")),
        (Token::Unknown, "!") => "n! is exp(lgamma(n + 1))",
        (Token::Name | Token::Number | Token::Open | Token::Text, _) if gap.contains('\n') => {
            "a body of several lines is a list of texts: [\"u = …\", \"v = …\", \"u + v\"]"
        }
        (Token::Open, _) => "only a name can be called; a product needs its sign: `a * (b)`",
        (Token::Name, _) if is_hexadecimal(before, word) => "numbers are decimal",
        (Token::Name | Token::Number, _) => return write(&format!("{operand} * {word}")),
        _ => return None,
    };
    Some(hint.to_owned())
}

/// For a token with which no operand begins.
pub(super) fn for_operand(token: Token, word: &str) -> Option<String> {
    let hint = match (token, word) {
        (Token::Name, "lambda" | "def") => "write the function under `define` and use its name",
        (Token::Name, "not") | (Token::Unknown, "!" | "~") => "write `x == 0`",
        (Token::Name, "if") => "write `where(condition, a, b)`",
        (Token::Operator, "|") => "write `abs(x)`",
        (Token::Unknown, "√") => "write `sqrt(x)`",
        (Token::Unknown, "'" | "\"") => "the string is not closed",
        (Token::Unknown, "“" | "”" | "‘" | "’") => "strings take plain quotes: 'text'",
        (Token::Unknown, "{") => "arrays are written [a, b]",
        (Token::Colon | Token::Ellipsis, _) => "slices are written inside an index: x[1:3]",
        (Token::Assign, _) => "`==` compares",
        (Token::Statement, _) => "a body of several steps is a list of texts: [\"u = …\", \"v = …\", \"u + v\"]",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn is_hexadecimal(before: &str, word: &str) -> bool {
    before == "0" && word.starts_with(['x', 'b', 'o'])
}
