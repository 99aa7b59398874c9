//! The document's `define`: signatures and bodies into functions, with all that is wrong in any of them.

use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashSet;

use super::body::Reader;
use super::expr::Span;
use super::function::Function;
use super::lexer::Token;
use super::lines;
use super::names;
use super::parser::{Parser, Stop};
use super::source::Sources;
use crate::fault::{Code, Fault};
use crate::json::Json;

/// Reads every function of `define`. What cannot be read is told in `faults` and left out; what is not read when
/// `cancel` is set is left out untold.
pub fn definitions(
    define: &Json,
    sources: &mut Sources,
    faults: &mut Vec<Fault>,
    cancel: &AtomicBool,
) -> Vec<Function> {
    let root = sources.add("/define", None);
    let span = Span { source: root, ..Span::default() };
    let mut reader = Reader::new(sources, faults);
    let Json::Object(entries) = define else {
        reader.fault(span, Code::InvalidValue, "`define` is not an object", EXAMPLE);
        return Vec::new();
    };
    if entries.is_empty() {
        reader.fault(span, Code::InvalidValue, "`define` defines no function", EXAMPLE);
    }
    let mut seen = FxHashSet::default();
    let mut functions = Vec::new();
    for (key, body) in entries {
        if reader.is_full() || cancel.load(Ordering::Relaxed) {
            break;
        }
        functions.extend(definition(&mut reader, root, key, body, &mut seen));
    }
    functions
}

const EXAMPLE: &str = "\"define\": {\"f(x)\": \"sum(x^2)\"}";

fn definition(
    reader: &mut Reader<'_>,
    root: u32,
    key: &str,
    body: &Json,
    seen: &mut FxHashSet<String>,
) -> Option<Function> {
    let span = reader.source(root, key, Some(key))?;
    let signature = reader.text(span.source, 0, signature)?;
    if !seen.insert(signature.name.clone()) {
        let detail = format!("the function `{}` is defined twice", signature.name);
        let place = Span { end: signature.name.len() as u32, ..span };
        reader.fault(place, Code::DuplicateName, detail, "a name stands for one function, whatever its parameters");
        return None;
    }
    let pointer = reader.sources.pointer(span);
    let lines = lines::lines(reader, body, root, key, &signature.params)?;
    Some(Function { name: signature.name, params: signature.params, lines, pointer })
}

/// What a key of `define` says.
#[derive(Debug)]
struct Signature {
    name: String,
    params: Vec<String>,
}

/// name `(` name `,` … `)`
fn signature(parser: &mut Parser<'_>) -> Result<Signature, Stop> {
    let name = parser.defined_name("a function's name")?;
    if parser.is(Token::End) {
        let hint = format!("write `{name}(x)`, with the parameters' names");
        return Err(parser.stop(parser.span(), Code::Syntax, "the signature has no parameters", Some(hint)));
    }
    let open = parser.span();
    parser.expect(Token::Open, "`(`", None)?;
    let mut params = Vec::new();
    let mut seen = FxHashSet::default();
    while !parser.eat(Token::Close) {
        let span = parser.span();
        let param = parser.defined_name("a parameter's name or `)`")?;
        if !seen.insert(param.clone()) {
            parser.note(span, Code::DuplicateName, format!("the parameter `{param}` is named twice"), None)?;
        }
        params.push(param);
        if !parser.is(Token::Close) {
            parser.expect(Token::Comma, "`,` or `)`", Some(open))?;
        }
    }
    parser.expect(Token::End, "the end of the signature", None)?;
    Ok(Signature { name, params })
}

impl Parser<'_> {
    fn defined_name(&mut self, expected: &str) -> Result<String, Stop> {
        let (span, word) = (self.span(), self.word());
        self.expect(Token::Name, expected, None)?;
        if let Some(objection) = names::objection(word) {
            self.note(span, Code::Syntax, objection, Some("choose another name".to_owned()))?;
        }
        Ok(word.to_owned())
    }

    fn expect(&mut self, token: Token, expected: &str, opened: Option<Span>) -> Result<(), Stop> {
        if self.is(token) {
            self.advance();
            return Ok(());
        }
        Err(self.unexpected(expected, opened))
    }
}
