//! TLS: the version that was agreed on, certificates that change under a running server, and its health over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::{SQUARE, post};
use crate::support::{Server, jacobi};

/// A file among the certificates, which were made for these tests.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tls").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text")
}

/// Shakes hands as one who trusts `root` and speaks `protocol`.
async fn connect(server: &Server, root: &str, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(root)).expect("a certificate")).expect("a root");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(&server.address).await.expect("the server listens");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn start() -> Server {
    Server::start(&["--tls-cert", text(&file("server.pem")), "--tls-key", text(&file("server.key"))])
}

#[tokio::test]
async fn tls_speaks_the_version_that_was_agreed_on() {
    let server = start();
    let mut stream = connect(&server, "ca.pem", b"http/1.1").await.expect("hands are shaken");
    let request = post("/value", SQUARE).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    // The server may close without saying goodbye.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("9.0"), "{answer}");
    let stream = connect(&server, "ca.pem", b"h2").await.expect("hands are shaken");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn sighup_reads_the_certificate_again_and_a_fault_keeps_the_old() {
    let name = |end: &str| std::env::temp_dir().join(format!("jacobi-tls-{}.{end}", std::process::id()));
    let (certificate, key) = (name("pem"), name("key"));
    let put = |from: &str| {
        for (end, path) in [("pem", &certificate), ("key", &key)] {
            std::fs::copy(file(&format!("{from}.{end}")), path).expect("a file can be copied");
        }
    };
    put("server");
    let server = Server::start(&["--tls-cert", text(&certificate), "--tls-key", text(&key)]);
    let mut before = connect(&server, "ca.pem", b"http/1.1").await.expect("hands are shaken");
    assert!(connect(&server, "renewed.pem", b"http/1.1").await.is_err());
    put("renewed");
    server.signal("HUP");
    server.until_logged("is in force");
    connect(&server, "renewed.pem", b"http/1.1").await.expect("the new certificate is shown");
    assert!(connect(&server, "ca.pem", b"http/1.1").await.is_err());
    // Connections from before go on as they are.
    before.write_all(b"GET /version HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("the server reads");
    let mut start = [0; 12];
    before.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    std::fs::write(&certificate, "nonsense").expect("a temporary file can be written");
    server.signal("HUP");
    server.until_logged("the old certificate stays in force");
    connect(&server, "renewed.pem", b"http/1.1").await.expect("the certificate that was sound is shown");
    for path in [certificate, key] {
        std::fs::remove_file(path).expect("it can be removed");
    }
}

#[test]
fn healthcheck_asks_over_tls_where_the_server_was_given_a_certificate() {
    let server = start();
    let check = |variable: Option<&Path>| {
        let mut command = jacobi();
        command.args(["healthcheck", "--listen", &server.address]);
        if let Some(path) = variable {
            command.env("JACOBI_TLS_CERT", path);
        }
        command.output().expect("the program runs").status.code()
    };
    assert_eq!(check(Some(&file("server.pem"))), Some(0));
    // Who does not know that TLS is spoken is not understood.
    assert_eq!(check(None), Some(1));
}

#[test]
fn a_key_that_is_not_there_is_said_in_a_sentence() {
    let output = jacobi()
        .args(["--listen", "127.0.0.1:0", "--tls-key", "/no/such.key", "--tls-cert"])
        .arg(file("server.pem"))
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such.key"));
}
