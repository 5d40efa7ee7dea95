//! A token endpoint that keeps what it is sent, and the credentials of its callers.

use axum::body::Bytes;
use axum::routing::post;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::*;

/// Each reference by the name of its environment variable; several values are
/// used one after the other, the next one when the former was refused.
pub(super) struct Named(pub(super) Mutex<Vec<(&'static str, Vec<String>)>>);

impl Named {
    pub(super) fn new(all: &[(&'static str, &[&str])]) -> Self {
        let all = all.iter().map(|(name, values)| {
            let values = values.iter().rev().map(|v| (*v).to_owned());
            (*name, values.collect())
        });
        Self(Mutex::new(all.collect()))
    }
}

#[async_trait]
impl Secrets for Named {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let SecretRef::Env(name) = reference else {
            unreachable!("the tests refer to the environment")
        };
        let value = {
            let all = self.0.lock();
            let (_, values) = all.iter().find(|(n, _)| n == name).expect("known");
            values.last().expect("a value").clone()
        };
        let value = SecretText::parse(value).expect("a credential");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, reference: &SecretRef) {
        let SecretRef::Env(name) = reference else {
            return;
        };
        let mut all = self.0.lock();
        let known = all.iter_mut().find(|(n, _)| n == name);
        if let Some((_, values)) = known
            && values.len() > 1
        {
            values.pop();
        }
    }
}

type Form = Vec<(String, String)>;

/// What the token endpoint got, and what it answers.
pub(super) struct Endpoint {
    pub(super) server: Server,
    pub(super) forms: Arc<Mutex<Vec<Form>>>,
}

impl Endpoint {
    pub(super) async fn start(
        answer: impl Fn(&[(String, String)]) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let forms: Arc<Mutex<Vec<Form>>> = Arc::default();
        let noting = Arc::clone(&forms);
        let answer = Arc::new(answer);
        let token = post(async move |body: Bytes| {
            let form: Vec<_> = url::form_urlencoded::parse(&body).into_owned().collect();
            let (status, json) = answer(&form);
            noting.lock().push(form);
            let status = axum::http::StatusCode::from_u16(status).expect("a status");
            (status, Json(json))
        });
        let server = Server::serving(Router::new().route("/token", token)).await;
        Self { server, forms }
    }

    pub(super) async fn granting() -> Self {
        Self::start(|_| (200, json!({ "access_token": "granted", "expires_in": 60 }))).await
    }

    pub(super) fn auth(&self, text: &str) -> CallerAuth {
        let url = self.server.url.join("token").expect("a URL");
        let text = format!("[oauth2]\ntoken_url = \"{url}\"\n{text}");
        toml::from_str(&text).expect("settings")
    }

    pub(super) async fn log_in(&self, text: &str, secrets: &Named) -> Result<SecretText, Fault> {
        let CallerAuth::Oauth2(client) = self.auth(text) else {
            unreachable!("it is that");
        };
        let granted = login(&http(), secrets, &client, "login", None).await?;
        Ok(granted.token)
    }

    /// The one form that came.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        let mut forms = self.forms.lock();
        let form = forms.pop().expect("a request");
        assert!(forms.is_empty());
        form
    }
}

pub(super) fn http() -> Client {
    let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
    Client::new(&ClientSettings::default(), Target::Idp, clock, observer).expect("a client")
}

pub(super) fn value<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    let found = form.iter().find(|(n, _)| n == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

/// Header and claims of a token that our key signed.
pub(super) fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    });
    (
        parts.next().expect("a header"),
        parts.next().expect("claims"),
    )
}
