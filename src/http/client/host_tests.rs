//! A host with an authority of its own, which asks who we are.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use url::Url;

use super::*;
use crate::clock::SystemClock;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signs"))
    }

    fn sign(&self, name: &str) -> (String, String) {
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }
}

/// Answers 200 to everybody whose certificate this authority signed.
fn server(authority: &Authority) -> u16 {
    let (certificate, key) = authority.sign("127.0.0.1");
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(der(&authority.0.pem())).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.expect("a verifier"))
        .with_single_cert(
            vec![der(&certificate)],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key"),
        );
    let config = Arc::new(config.expect("a server"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("TLS");
            let mut stream = StreamOwned::new(connection, stream);
            let mut head = [0; 4096];
            if stream.read(&mut head).is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                drop(stream.write_all(answer));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    port
}

fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

async fn ask(hosts: Vec<HostSettings>, port: u16) -> Result<u16, String> {
    let settings = ClientSettings {
        hosts,
        ..ClientSettings::default()
    };
    let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
    let client = Client::new(&settings, Target::Idp, clock, observer)?;
    let url = Url::parse(&format!("https://127.0.0.1:{port}/")).expect("a URL");
    let request = Request::new(http::Method::GET, url, "test");
    match client.send(request).await {
        Ok(answer) => Ok(answer.status),
        Err(fault) => Err(fault.message),
    }
}

#[tokio::test]
async fn a_host_has_its_own_authority_and_is_shown_its_own_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let port = server(&authority);
    let (certificate, key) = authority.sign("scim-rotator.example.com");
    let ca_file = write(folder.path(), "ca.pem", &authority.0.pem());
    let ours = ClientCertificate {
        cert_file: write(folder.path(), "cert.pem", &certificate),
        key_file: write(folder.path(), "key.pem", &key),
    };
    let host = |name: &str, ours: Option<&ClientCertificate>| HostSettings {
        name: name.to_owned(),
        ca_file: Some(ca_file.clone()),
        client_certificate: ours.cloned(),
        proxy: None,
        proxy_auth_file: None,
    };
    let with_port = format!("127.0.0.1:{port}");
    let rows = [
        (vec![host("127.0.0.1", Some(&ours))], Ok(200)),
        (vec![host(&with_port, Some(&ours))], Ok(200)),
        (vec![host("127.0.0.1", None)], Err("client certificate")),
        (
            vec![host("other.example.com", Some(&ours))],
            Err("is not trusted here"),
        ),
        (
            vec![host("127.0.0.1:1", Some(&ours))],
            Err("is not trusted here"),
        ),
        (Vec::new(), Err("is not trusted here")),
    ];
    for (hosts, expected) in rows {
        let names: Vec<_> = hosts.iter().map(|host| host.name.clone()).collect();
        match (ask(hosts, port).await, expected) {
            (Ok(status), Ok(wanted)) => assert_eq!(status, wanted),
            (Err(said), Err(part)) => assert!(said.contains(part), "{names:?}: {said}"),
            (other, _) => panic!("{names:?}: {other:?}"),
        }
    }
    let broken = vec![HostSettings {
        ca_file: Some(folder.path().join("nowhere.pem")),
        ..host("idp.example.com", None)
    }];
    let said = ask(broken, port).await.expect_err("no such file");
    assert!(said.contains("idp.example.com"), "{said}");
}
