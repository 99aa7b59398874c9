//! A client that speaks just enough HTTP to cost little: what is measured is the server.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it goes over the wire; each header is a line without its end.
pub(crate) fn post(host: &str, path: &str, headers: &[String], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| header.to_owned() + "\r\n").collect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    request
}

/// A connection that does not wait to send small parts.
pub(crate) async fn connect(host: &str) -> TcpStream {
    let stream = TcpStream::connect(host).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP stream");
    stream
}

/// Sends a request and reads the whole answer, which must be a good one.
pub(crate) async fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) {
    stream.write_all(request).await.expect("the server reads");
    answer.clear();
    let mut whole = None;
    loop {
        assert_ne!(stream.read_buf(answer).await.expect("the server writes"), 0, "the server hung up");
        whole = whole.or_else(|| length(answer));
        if whole.is_some_and(|whole| answer.len() >= whole) {
            return assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
        }
    }
}

/// Bytes of an answer, head and body; `None` before the whole head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?.to_ascii_lowercase();
    let body = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + body.trim().parse::<usize>().ok()?)
}
