//! Asking a server whether it is alive, as `jacobi healthcheck` does: for images without curl.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection.
trait Both: Read + Write {}

impl<T: Read + Write> Both for T {}

/// Asks the server that listens at `place`, an address and port or `unix:` and a path, for `GET /health/live` in
/// HTTP/1.1. Over TLS any certificate will do: the place is this machine's own, nothing secret is said, and a
/// certificate that has run out is no reason to start the server anew.
///
/// # Errors
/// A sentence, when it does not answer, or not that it is alive.
pub fn probe(place: &str, tls: bool) -> Result<(), String> {
    let mut start = [0; "HTTP/1.1 200".len()];
    connect(place, tls)
        .and_then(|stream| ask(stream, &mut start))
        .map_err(|error| format!("{place} does not answer: {error}"))?;
    if start.ends_with(b" 200") { Ok(()) } else { Err(format!("{place} answered {}", String::from_utf8_lossy(&start))) }
}

fn connect(place: &str, tls: bool) -> io::Result<Box<dyn Both>> {
    let stream: Box<dyn Both> = match place.strip_prefix("unix:") {
        #[cfg(unix)]
        Some(path) => Box::new(unix_stream(path)?),
        #[cfg(not(unix))]
        Some(_) => return Err(io::ErrorKind::Unsupported.into()),
        None => Box::new(tcp_stream(place)?),
    };
    if tls { Ok(Box::new(StreamOwned::new(client().map_err(io::Error::other)?, stream))) } else { Ok(stream) }
}

fn tcp_stream(place: &str) -> io::Result<TcpStream> {
    let mut address = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    // A server that listens everywhere is asked at home.
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

#[cfg(unix)]
fn unix_stream(path: &str) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn ask(mut stream: impl Read + Write, start: &mut [u8]) -> io::Result<()> {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    stream.flush()?;
    stream.read_exact(start)
}

fn client() -> Result<ClientConnection, Error> {
    let provider = Arc::new(ring::default_provider());
    let anyone = Anyone(provider.signature_verification_algorithms);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(anyone))
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::from(Ipv4Addr::LOCALHOST))
}

/// Takes every certificate, from whoever holds its key.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
