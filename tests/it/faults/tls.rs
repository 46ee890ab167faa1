//! Certificates: right and wrong ones, of the server and of the wall, and what
//! is said about each.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use quanyu::config::access::Tls;
use quanyu::config::source::{Feed, Origin};
use quanyu::domain::health::SourceState;
use quanyu::ingest::probe;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PublicKeyData, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::server::{GOOD, hold, read_request};
use super::{Folder, context, http, source, start, wait_for_health, wait_for_records};

/// An authority of this test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
struct Identity {
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for `host`, good until the year `until`.
    fn issue(&self, host: &str, until: i32) -> Identity {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { chain: vec![certificate.der().clone()], key, pem: certificate.pem() }
    }
}

impl Identity {
    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    /// SHA-256 of its public key.
    fn pin(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.key.subject_public_key_info());
        digest.as_ref().try_into().unwrap()
    }
}

/// A server that shows this certificate and answers well; with `clients`, only
/// to those whom that authority vouches for.
fn serve(identity: &Identity, clients: Option<&Authority>) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = Arc::new(builder.with_single_cert(identity.chain.clone(), identity.private()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let connection = ServerConnection::new(config).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, socket);
                if read_request(&mut stream).is_empty() {
                    // With something unread, closing resets the connection, and
                    // the alert may be lost.
                    _ = stream.sock.shutdown(std::net::Shutdown::Write);
                    hold(&mut stream.sock);
                    return;
                }
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", GOOD.len());
                _ = stream.write_all(head.as_bytes());
                _ = stream.write_all(GOOD.as_bytes());
                stream.conn.send_close_notify();
                _ = stream.flush();
            });
        }
    });
    address
}

fn origin(address: SocketAddr, certificates: &Tls) -> Origin {
    let mut origin = http(format!("https://{address}/"));
    let Origin::Http { access, .. } = &mut origin else { unreachable!() };
    access.tls = certificates.clone();
    origin
}

/// What a look at the server says; nothing when it is let in.
fn said(address: SocketAddr, tls: &Tls) -> String {
    let report = probe(&source(Feed::Events, origin(address, tls)), &context());
    assert_eq!(report.error.is_none(), report.count() == 1, "{report:?}");
    report.error.unwrap_or_default()
}

fn file(folder: &Folder, name: &str, pem: &str) -> PathBuf {
    let path = folder.0.join(name);
    std::fs::write(&path, pem).unwrap();
    path
}

#[test]
fn only_the_right_certificate_of_the_right_authority_is_trusted() {
    let folder = Folder::new("tls");
    let (ours, others) = (Authority::new("ours"), Authority::new("another"));
    let ca =
        |authority: &Authority, name: &str| Tls { ca: Some(file(&folder, name, &authority.0.pem())), ..Tls::default() };
    let (trusted, other) = (ca(&ours, "ca.pem"), ca(&others, "other.pem"));
    let good = serve(&ours.issue("127.0.0.1", 2100), None);
    assert_eq!(said(good, &trusted), "");
    for tls in [Tls::default(), other] {
        let words = said(good, &tls);
        assert!(words.contains("不信任服务器证书的签发机构") && words.contains(&good.to_string()), "{words}");
    }
    let expired = serve(&ours.issue("127.0.0.1", 2001), None);
    assert!(said(expired, &trusted).contains("服务器证书已过期"), "{}", said(expired, &trusted));
    let elsewhere = serve(&ours.issue("platform.example.cn", 2100), None);
    assert!(said(elsewhere, &trusted).contains("不是发给这个主机名"), "{}", said(elsewhere, &trusted));
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in plain.incoming().flatten() {
            _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            hold(&mut socket);
        }
    });
    assert!(said(address, &trusted).contains("说的不是 TLS"), "{}", said(address, &trusted));
}

#[test]
fn a_pin_is_checked_besides_the_certificate() {
    let folder = Folder::new("pin");
    let authority = Authority::new("ours");
    let identity = authority.issue("127.0.0.1", 2100);
    let address = serve(&identity, None);
    let ca = Some(file(&folder, "ca.pem", &authority.0.pem()));
    let right = Tls { ca: ca.clone(), pin: Some(identity.pin()), ..Tls::default() };
    assert_eq!(said(address, &right), "");
    let wrong = Tls { ca, pin: Some([7; 32]), ..Tls::default() };
    assert!(said(address, &wrong).contains("与 tls.pin 不符"), "{}", said(address, &wrong));
    let alone = Tls { pin: right.pin, ..Tls::default() };
    assert!(said(address, &alone).contains("不信任"), "a pin is no substitute: {}", said(address, &alone));
    // What the manual says to write.
    let pin = format!("sha256//{}", BASE64_STANDARD.encode(identity.pin()));
    assert_eq!(pin.len(), 52);
}

#[test]
fn a_server_that_wants_to_know_who_asks() {
    let folder = Folder::new("mtls");
    let (authority, others) = (Authority::new("ours"), Authority::new("another"));
    let address = serve(&authority.issue("127.0.0.1", 2100), Some(&authority));
    let ca = Some(file(&folder, "ca.pem", &authority.0.pem()));
    let client = |identity: &Identity, name: &str| {
        let cert = file(&folder, &format!("{name}.pem"), &identity.pem);
        (cert, file(&folder, &format!("{name}.key"), &identity.key.serialize_pem()))
    };
    let mine = client(&authority.issue("wall", 2100), "wall");
    assert_eq!(said(address, &Tls { ca: ca.clone(), client: Some(mine.clone()), pin: None }), "");
    let nobody = said(address, &Tls { ca: ca.clone(), ..Tls::default() });
    assert!(nobody.contains("服务器要求客户端证书"), "{nobody}");
    let stranger = client(&others.issue("wall", 2100), "stranger");
    let stranger = said(address, &Tls { ca: ca.clone(), client: Some(stranger), pin: None });
    assert!(stranger.contains("服务器不接受客户端证书"), "{stranger}");
    let mixed = said(
        address,
        &Tls { ca: ca.clone(), client: Some((mine.0.clone(), folder.0.join("stranger.key"))), pin: None },
    );
    assert!(mixed.contains("wall.pem:与私钥不配对"), "{mixed}");
    let swapped = said(address, &Tls { ca, client: Some((mine.1, mine.0)), pin: None });
    assert!(swapped.contains("不是 PEM 格式"), "{swapped}");
}

#[test]
fn a_certificate_that_comes_late_or_is_renewed_needs_no_restart() {
    let folder = Folder::new("late");
    let (first, second) = (Authority::new("ours"), Authority::new("another"));
    let address = serve(&second.issue("127.0.0.1", 2100), None);
    let path = folder.0.join("ca.pem");
    let tls = Tls { ca: Some(path.clone()), ..Tls::default() };
    let mut ingest = start(&[source(Feed::Events, origin(address, &tls))]);
    let failing = |words: &'static str| {
        move |health: &quanyu::domain::health::SourceHealth| {
            health.state == SourceState::Failing && health.last_error.as_ref().is_some_and(|said| said.contains(words))
        }
    };
    let health = wait_for_health(&mut ingest, "no file", failing("证书文件 ca.pem:不存在"));
    assert!(!health.last_error.unwrap().contains(folder.0.to_str().unwrap()), "no folder is shown");
    std::fs::write(&path, "no certificate").unwrap();
    wait_for_health(&mut ingest, "no certificate", failing("不是 PEM 格式的证书"));
    std::fs::write(&path, first.0.pem()).unwrap();
    wait_for_health(&mut ingest, "another authority", failing("不信任"));
    std::fs::write(&path, second.0.pem()).unwrap();
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
}
