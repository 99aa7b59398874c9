//! Where connections come from: an address and port, or a Unix socket; with TLS or without.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// A connection as bytes.
pub(in crate::http) type Stream = Box<dyn Bytes>;

/// Both directions of a stream.
pub(in crate::http) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

/// Before another try after a failure that is not the client's: there may be no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Something that listens.
#[derive(Debug)]
pub(in crate::http) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Listens on `address:port` or `unix:path`.
    ///
    /// # Errors
    /// A sentence.
    pub(in crate::http) async fn bind(address: &str) -> Result<Self, String> {
        let bound = match address.strip_prefix("unix:") {
            #[cfg(unix)]
            Some(path) => unix(Path::new(path)).await,
            #[cfg(not(unix))]
            Some(_) => Err(io::ErrorKind::Unsupported.into()),
            None => TcpListener::bind(address).await.map(Self::Tcp),
        };
        bound.map_err(|e| format!("cannot listen on {address}: {e}"))
    }

    /// Where it listens, as a client would write it.
    pub(in crate::http) fn place(&self, scheme: &str) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}"),
                Err(_) => scheme.to_owned(),
            },
            #[cfg(unix)]
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    /// Whether only this machine can reach it.
    pub(in crate::http) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(listener) => listener.local_addr().is_ok_and(|address| address.ip().is_loopback()),
            #[cfg(unix)]
            Self::Unix(..) => true,
        }
    }

    /// The next connection, and whom it is with.
    pub(in crate::http) async fn accept(&self) -> (Stream, Option<SocketAddr>) {
        loop {
            let accepted: io::Result<(Stream, _)> = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    // Without it small answers may wait for the client's acknowledgement; with an error they only wait.
                    let _ = stream.set_nodelay(true);
                    (Box::new(stream) as Stream, Some(peer))
                }),
                #[cfg(unix)]
                Self::Unix(listener, _) => {
                    listener.accept().await.map(|(stream, _)| (Box::new(stream) as Stream, None))
                }
            };
            match accepted {
                Ok(accepted) => return accepted,
                Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    tracing::error!("no connection can be accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Listens on a socket in the file system, in place of one that a server left there which has ended.
#[cfg(unix)]
async fn unix(path: &Path) -> io::Result<Listener> {
    let bound = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    Ok(Listener::Unix(bound, path.to_owned()))
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Self::Unix(_, path) = self {
            // Somebody may have taken it away already.
            let _ = std::fs::remove_file(path);
        }
    }
}
