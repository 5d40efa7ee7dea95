//! A caller: its credentials in every request, read anew when they change.

use std::sync::Arc;

use http::HeaderName;
use http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::super::client::Client;
use super::super::credential::with_credential;
use super::super::fired::Firings;
use super::super::message::{Answer, Request};
use super::proof::Used;
use super::{AuthHeader, CallerAuth, ClientCredentials, login};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::resolve::Secrets;
use crate::secret::{Fingerprint, SecretText};
use crate::value::Credential;

/// The scheme of RFC 6750.
const BEARER: Option<&str> = Some("Bearer");

/// A caller that authenticates its requests, and once more after a 401.
#[derive(Clone)]
pub struct Caller {
    auth: Arc<CallerAuth>,
    client: Client,
    secrets: Arc<dyn Secrets>,
    access: Arc<Mutex<Option<Access>>>,
    fired: Option<Firings>,
}

struct Access {
    token: SecretText,
    good_until: Option<Timestamp>,
}

impl Caller {
    /// A caller that has not logged in yet.
    #[must_use]
    pub fn new(auth: CallerAuth, client: Client, secrets: Arc<dyn Secrets>) -> Self {
        Self {
            auth: Arc::new(auth),
            client,
            secrets,
            access: Arc::default(),
            fired: None,
        }
    }

    /// Has noted which rules about the answers of its token endpoint decide.
    #[must_use]
    pub fn noting(mut self, fired: Option<Firings>) -> Self {
        self.fired = fired;
        self
    }

    /// The client that it sends through.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Authenticates and sends. A 401 makes the credentials be read again; only
    /// if they changed is the request sent once more: a 401 means that nothing
    /// was carried out.
    ///
    /// # Errors
    /// As [`Client::send`], and when a credential cannot be had.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.send_telling(request, &|_| ()).await
    }

    /// The same; `tell` is told of every credential that is sent, in the form in
    /// which it is sent: the server may quote it.
    ///
    /// # Errors
    /// As [`Caller::send`].
    pub async fn send_telling(
        &self,
        request: Request,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Answer, Fault> {
        let (first, used) = self.authorize(request.clone()).await?;
        self.tell_of(&first, tell);
        let answer = self.client.send(first).await?;
        if answer.status != 401 || used.is_empty() {
            return Ok(answer);
        }
        self.forget(&used).await;
        let Ok((second, fresh)) = self.authorize(request).await else {
            return Ok(answer);
        };
        if fresh == used {
            return Ok(answer);
        }
        self.tell_of(&second, tell);
        self.client.send(second).await
    }

    fn tell_of(&self, request: &Request, tell: &(dyn Fn(&str) + Send + Sync)) {
        let own: Vec<&str> = match &*self.auth {
            CallerAuth::None => Vec::new(),
            CallerAuth::Bearer(_)
            | CallerAuth::Basic { .. }
            | CallerAuth::Oauth2(_)
            | CallerAuth::Jwt(_) => {
                vec![AUTHORIZATION.as_str()]
            }
            CallerAuth::Headers(headers) => headers.iter().map(|h| h.name.as_str()).collect(),
        };
        for name in own {
            let value = request.headers.get(name).and_then(|v| v.to_str().ok());
            // Behind the scheme, if there is one.
            let value = value.map(|value| value.split_once(' ').map_or(value, |(_, v)| v));
            value.into_iter().for_each(tell);
        }
    }

    /// Puts the credentials in; also tells which ones were used.
    async fn authorize(&self, request: Request) -> Result<(Request, Vec<Fingerprint>), Fault> {
        let mut used = Vec::new();
        let request = match &*self.auth {
            CallerAuth::None => request,
            CallerAuth::Bearer(credential) => {
                let value = self.resolve(credential, &mut used).await?;
                let source = format!("the credential in {}", credential.0);
                with_credential(request, &AUTHORIZATION, BEARER, &value, &source)?
            }
            CallerAuth::Headers(headers) => {
                let mut request = request;
                for header in headers {
                    let value = self.resolve(&header.value, &mut used).await?;
                    request = with_header(request, header, &value)?;
                }
                request
            }
            CallerAuth::Basic { username, password } => {
                let password = self.resolve(password, &mut used).await?;
                request.basic(username.source(), password.expose())
            }
            CallerAuth::Oauth2(client) => {
                let token = self.access_token(client).await?;
                used.push(token.fingerprint());
                let source = format!("the access token from {}", client.host());
                with_credential(request, &AUTHORIZATION, BEARER, &token, &source)?
            }
            CallerAuth::Jwt(jwt) => {
                let mut read = Used::default();
                let now = self.client.clock().now();
                let token = jwt.token(&*self.secrets, &mut read, now).await?;
                // A signed token is different each time; what counts is the key.
                used.extend(read.fingerprints());
                let source = "the token that our key signed";
                with_credential(request, &AUTHORIZATION, BEARER, &token, &source)?
            }
        };
        Ok((request, used))
    }

    async fn resolve(
        &self,
        credential: &Credential,
        used: &mut Vec<Fingerprint>,
    ) -> Result<SecretText, Fault> {
        let resolved = self.secrets.resolve(&credential.0).await?;
        used.push(resolved.fingerprint);
        Ok(resolved.value)
    }

    async fn forget(&self, used: &[Fingerprint]) {
        let mut access = self.access.lock().await;
        let ours = access
            .as_ref()
            .is_some_and(|a| used.contains(&a.token.fingerprint()));
        if ours {
            *access = None;
        }
        // The client secret worked; only credentials sent as they are were refused.
        match &*self.auth {
            CallerAuth::Oauth2(_) => {}
            CallerAuth::None
            | CallerAuth::Bearer(_)
            | CallerAuth::Headers(_)
            | CallerAuth::Jwt(_)
            | CallerAuth::Basic { .. } => {
                for reference in self.auth.credentials() {
                    self.secrets.refused(&reference);
                }
            }
        }
    }

    /// The cached access token, or a new one. One login at a time.
    async fn access_token(&self, client: &ClientCredentials) -> Result<SecretText, Fault> {
        let mut access = self.access.lock().await;
        let now = self.client.clock().now();
        if let Some(cached) = access.as_ref()
            && cached.good_until.is_none_or(|until| now < until)
        {
            return Ok(cached.token.clone());
        }
        let granted = login(
            &self.client,
            &*self.secrets,
            client,
            "login",
            self.fired.as_ref(),
        )
        .await?;
        let good_until = granted.expires_in.and_then(|life| reuse_until(now, life));
        *access = Some(Access {
            token: granted.token.clone(),
            good_until,
        });
        Ok(granted.token)
    }
}

/// A token is used again until a tenth of its life, at most a minute, is left.
fn reuse_until(now: Timestamp, life: SignedDuration) -> Option<Timestamp> {
    let margin = (life / 10).min(SignedDuration::from_mins(1));
    now.checked_add(life - margin).ok()
}

fn with_header(
    request: Request,
    header: &AuthHeader,
    value: &SecretText,
) -> Result<Request, Fault> {
    let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| {
        let text = format!("`{}` is not a header name", header.name);
        Fault::new(FaultClass::Rejected, FaultKind::Config, text)
    })?;
    let source = format!("the credential in {}", header.value.0);
    with_credential(request, &name, header.scheme.as_deref(), value, &source)
}
