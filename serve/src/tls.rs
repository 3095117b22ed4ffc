//! Certificates for encrypted connections, from PEM files.

use std::path::Path;
use std::sync::Arc;

use tidegate_core::problem::Fault;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What encrypts with a chain of certificates and its key.
///
/// # Errors
/// Files that cannot be read, hold something else, or do not belong together.
pub(crate) fn acceptor(chain: &Path, key: &Path) -> Result<TlsAcceptor, Fault> {
    let wrong = |path: &Path, why: String| Fault::user(format!("{}: {why}", path.display()));
    let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|why| wrong(chain, why.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong(chain, "there is no certificate in it".into()).remedy("give a chain in PEM"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| wrong(key, why.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| Fault::ours(why.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, secret)
        .map_err(|why| wrong(chain, why.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
