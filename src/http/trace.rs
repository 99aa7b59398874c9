//! The `traceparent` header: which trace a request belongs to (W3C Trace Context, level 1).

use axum::http::HeaderMap;

/// Where a request comes from in its trace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parent {
    /// The trace: 32 hexadecimal digits.
    pub(super) trace: String,
    /// The caller's span: 16 hexadecimal digits.
    pub(super) span: String,
}

impl Parent {
    /// What the headers say; a malformed header is as good as none.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all("traceparent").iter();
        let text = given.next()?.to_str().ok()?;
        if given.next().is_some() {
            return None;
        }
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may have more parts, this one may not.
        let ends = version != "00" || parts.next().is_none();
        let sound = ends
            && version != "ff"
            && [(version, 2), (trace, 32), (span, 16), (flags, 2)].iter().all(|(part, digits)| is_hex(part, *digits))
            && [trace, span].iter().all(|part| part.bytes().any(|b| b != b'0'));
        sound.then(|| Self { trace: trace.to_owned(), span: span.to_owned() })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(text: &str) -> Option<Parent> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().expect("a header"));
        Parent::of(&headers)
    }

    #[test]
    fn the_standards_examples_are_read_and_malformed_ones_ignored() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let expected = Some(Parent { trace: trace.into(), span: span.into() });
        assert_eq!(parent(&format!("00-{trace}-{span}-01")), expected);
        assert_eq!(parent(&format!("cc-{trace}-{span}-01-what-the-future-holds")), expected);
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            format!("00-{zeros}-{span}-01"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{span}"),
        ] {
            assert_eq!(parent(&wrong), None, "{wrong}");
        }
    }
}
