//! TLS 1.2 and 1.3 by rustls, with the certificate and key of two PEM files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::listener::Stream;

/// What turns bytes into TLS.
#[derive(Clone)]
pub(in crate::http) struct Tls {
    certificates: PathBuf,
    key: PathBuf,
    acceptor: Arc<RwLock<TlsAcceptor>>,
    patience: Duration,
}

impl Tls {
    /// Reads certificate chain and key.
    ///
    /// # Errors
    /// A sentence, when a file cannot be read or the two do not fit.
    pub(in crate::http) fn read(certificates: &Path, key: &Path, patience: Duration) -> Result<Self, String> {
        let acceptor = Arc::new(RwLock::new(acceptor(certificates, key)?));
        Ok(Self { certificates: certificates.to_owned(), key: key.to_owned(), acceptor, patience })
    }

    /// Reads both again, for the connections to come, and says in the log how that went.
    pub(in crate::http) fn renew(&self) {
        match acceptor(&self.certificates, &self.key) {
            Ok(fresh) => {
                *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                tracing::info!("the certificate in {} is in force", self.certificates.display());
            }
            Err(message) => tracing::error!("{message}; the old certificate stays in force"),
        }
    }

    /// Shakes hands; `None` when that fails or takes too long, which is the client's affair.
    pub(in crate::http) async fn accept(&self, stream: Stream) -> Option<Stream> {
        let acceptor = self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone();
        match tokio::time::timeout(self.patience, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => {
                tracing::debug!("a TLS handshake failed: {error}");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake did not end in time");
                None
            }
        }
    }
}

fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let wrong = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect).map_err(|e| wrong(certificates, &e))?;
    if chain.is_empty() {
        return Err(wrong(certificates, &"there is no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|e| wrong(certificates, &e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
