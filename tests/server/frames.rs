//! HTTP/2 by hand, for clients that no library would be (RFC 9113).

#![allow(dead_code, reason = "each test program uses its own part")]

/// What a connection begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// The code of a reset by who no longer wants an answer.
pub(crate) const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// The setting of a window in which nothing may be sent.
pub(crate) const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];

/// A frame of a stream, or of the connection if that is 0.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request as one block: the method and scheme by their places in HPACK's table, path and
/// authority as they are.
pub(crate) fn head(method: &str, path: &str) -> Vec<u8> {
    let method = match method {
        "GET" => 0x82,
        "POST" => 0x83,
        other => panic!("{other} has no place in the table"),
    };
    let length = u8::try_from(path.len()).expect("a short path");
    [&[method, 0x86, 0x04, length], path.as_bytes(), b"\x41\x01x"].concat()
}

/// A whole request on a stream.
pub(crate) fn request(stream: u32, path: &str, body: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = body.chunks(16 << 10).map(|part| frame(DATA, 0, stream, part)).collect();
    let end = frame(DATA, END_STREAM, stream, &[]);
    [frame(HEADERS, END_HEADERS, stream, &head("POST", path)), parts.concat(), end].concat()
}
