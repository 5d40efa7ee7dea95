//! Our own login at a real token endpoint: Keycloak accepts the assertions that our
//! keys sign, the assertion of a file, and an exchange of tokens, and it refuses what
//! it must refuse.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use scim_rotator::clock::SystemClock;
use scim_rotator::fault::{Fault, FaultClass};
use scim_rotator::http::oauth2::{CallerAuth, login};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::ports::{Resolved, Secrets};
use scim_rotator::secret::{SecretRef, SecretText};
use serde_json::{Value, json};

use super::support::jwt::JwtMaker;
use super::support::keycloak::service_provider::{CLIENT_ID, CLIENT_SECRET, ServiceProvider};

/// The key that RFC 7515, A.2.1, prints, and its public half as a key set.
const RSA: &str = "\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
03k2+ZQwVK0JKSHuLFkuQ3U=
-----END PRIVATE KEY-----
";
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

/// Credentials in files of a folder.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        Self(folder)
    }
}

#[async_trait]
impl Secrets for Files {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let SecretRef::File(name) = reference else {
            unreachable!("the tests name files")
        };
        let name: PathBuf = self.0.path().join(name);
        let text = std::fs::read_to_string(name).expect("a file");
        let value = SecretText::parse(text).expect("a credential");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

struct Realm {
    server: ServiceProvider,
    http: Client,
}

impl Realm {
    async fn start() -> Option<Self> {
        let server = ServiceProvider::start(300).await?;
        let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
        let http = Client::new(&ClientSettings::default(), Target::Sp, clock, observer);
        Some(Self {
            server,
            http: http.expect("a client"),
        })
    }

    /// A client that logs in by assertions of this key set's keys.
    async fn trusts(&self, id: &str, algorithm: &str, keys: &Value) {
        let attributes = json!({
            "use.jwks.string": "true",
            "jwks.string": keys.to_string(),
            "token.endpoint.auth.signing.alg": algorithm,
        });
        let client = json!({
            "clientId": id, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            "clientAuthenticatorType": "client-jwt", "attributes": attributes,
        });
        self.server.add_client(client).await;
    }

    async fn log_in(&self, settings: &str, files: &Files) -> Result<SecretText, Fault> {
        let text = format!(
            "[oauth2]\ntoken_url = \"{}\"\n{settings}",
            self.server.token_url()
        );
        let CallerAuth::Oauth2(client) = toml::from_str(&text).expect("settings") else {
            unreachable!("it is that")
        };
        let granted = login(&self.http, files, &client, "login", None).await?;
        Ok(granted.token)
    }

    async fn refused(&self, settings: &str, files: &Files) -> Fault {
        let granted = self.log_in(settings, files).await.map(|_| ());
        granted.expect_err("Keycloak refuses this")
    }
}

fn rsa_keys(algorithm: &str) -> Value {
    json!({"keys": [{
        "kty": "RSA", "use": "sig", "alg": algorithm, "kid": "rsa-1", "n": MODULUS, "e": "AQAB",
    }]})
}

#[tokio::test]
async fn keycloak_accepts_what_our_keys_sign_and_refuses_what_others_sign() {
    let Some(realm) = Realm::start().await else {
        return;
    };
    let ours = JwtMaker::new();
    let files = Files::new(&[
        ("rsa.pem", RSA),
        ("ec.pem", &ours.private_pem()),
        ("other.pem", &JwtMaker::new().private_pem()),
    ]);
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        let id = format!("signs-{}", algorithm.to_lowercase());
        realm.trusts(&id, algorithm, &rsa_keys(algorithm)).await;
        let settings = format!(
            "client_id = '{id}'\nkey = {{ private_key = {{ file = 'rsa.pem' }}, algorithm = '{algorithm}', key_id = 'rsa-1' }}"
        );
        let granted = realm.log_in(&settings, &files).await;
        assert!(granted.is_ok(), "{algorithm}: {granted:?}");
    }
    let keys = ours.key_set();
    let key_id = keys["keys"][0]["kid"].as_str().expect("an id");
    realm.trusts("signs-es256", "ES256", &keys).await;
    let signed_by = |file: &str, more: &str| {
        format!(
            "client_id = 'signs-es256'\n{more}\nkey = {{ private_key = {{ file = '{file}' }}, key_id = '{key_id}' }}"
        )
    };
    let granted = realm.log_in(&signed_by("ec.pem", ""), &files).await;
    assert!(granted.is_ok(), "{granted:?}");
    for (settings, why) in [
        (signed_by("other.pem", ""), "another key"),
        (signed_by("rsa.pem", ""), "another kind of key"),
        (
            signed_by(
                "ec.pem",
                "assertion_audience = 'https://elsewhere.example.com'",
            ),
            "another audience",
        ),
    ] {
        let fault = realm.refused(&settings, &files).await;
        assert_eq!(fault.class, FaultClass::Unauthorized, "{why}: {fault}");
        assert!(fault.message.contains("clock of this machine"), "{fault}");
        assert!(!fault.message.contains("eyJ"), "{fault}");
    }
}

#[tokio::test]
async fn keycloak_exchanges_a_token_that_a_file_holds() {
    let Some(realm) = Realm::start().await else {
        return;
    };
    let secret = "exchanger-secret-of-the-tests";
    realm
        .server
        .add_client(json!({
            "clientId": "exchanger", "secret": secret, "serviceAccountsEnabled": true,
            "standardFlowEnabled": false,
            "attributes": { "standard.token.exchange.enabled": "true" },
            "protocolMappers": [{
                "name": "self", "protocol": "openid-connect",
                "protocolMapper": "oidc-audience-mapper",
                "config": { "included.client.audience": "exchanger", "access.token.claim": "true" },
            }],
        }))
        .await;
    let files = Files::new(&[("secret", secret), ("rotator", CLIENT_SECRET)]);
    let client = "client_id = 'exchanger'\nclient_secret = { file = 'secret' }";
    let subject = realm.log_in(client, &files).await.expect("granted");
    let subject_file = files.0.path().join("subject");
    std::fs::write(&subject_file, format!("{}\n", subject.expose())).expect("written");
    let exchange = "[oauth2.grant.token_exchange]\nsubject_token = { file = 'subject' }\nsubject_token_type = 'urn:ietf:params:oauth:token-type:access_token'\nrequested_token_type = 'urn:ietf:params:oauth:token-type:access_token'";
    let exchanged = realm.log_in(&format!("{client}\n{exchange}"), &files).await;
    let exchanged = exchanged.expect("exchanged");
    assert_ne!(exchanged, subject, "it is another token");

    // Another client may not exchange it, and nobody what is no token.
    let other = format!("client_id = '{CLIENT_ID}'\nclient_secret = {{ file = 'rotator' }}");
    let fault = realm.refused(&format!("{other}\n{exchange}"), &files).await;
    assert!(!fault.message.contains(subject.expose()), "{fault}");
    std::fs::write(&subject_file, "eyJhbGciOiJub25lIn0.e30.").expect("written");
    let fault = realm
        .refused(&format!("{client}\n{exchange}"), &files)
        .await;
    assert!(!fault.message.contains("eyJ"), "{fault}");
}
