//! Microsoft Graph and its provisioning job: it holds a token and a SCIM address,
//! tests them when it is asked to, and sends users out with them.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::{Reply, Served, carries, reply, serve};
use crate::parts::read_users;
use crate::support::bare_http;

pub const CLIENT_SECRET: &str = "entra-client-secret-of-the-tests";
const PRINCIPAL: &str = "b6cbd9bb-4d3e-4a02-a5d7-3a3d3b4b5a7e";
const ACCESS: &str = "entra-access-token-of-the-tests";

/// What it holds, and what came of it.
#[derive(Default)]
struct Held {
    token: String,
    scim_url: String,
    sent: u32,
    refused: u32,
    tested: u32,
}

/// The tenant.
pub struct Entra {
    pub server: Served,
    held: Arc<Mutex<Held>>,
}

impl Entra {
    /// Starts it, with a job that provisions by this token.
    pub async fn start(token: &str, scim_url: &Url) -> Self {
        let held = Arc::new(Mutex::new(Held {
            token: token.to_owned(),
            scim_url: scim_url.to_string(),
            ..Held::default()
        }));
        let base = format!("/v1.0/servicePrincipals/{PRINCIPAL}/synchronization");
        let at = |path: &str| format!("{base}/{path}");
        let routes = Router::new()
            .route("/acme.onmicrosoft.com/oauth2/v2.0/token", post(login))
            .route(&at("secrets"), get(secrets).put(save))
            .route(&at("jobs"), get(jobs))
            .route(&at("jobs/job-1"), get(job))
            .route(&at("jobs/job-1/validateCredentials"), post(validate))
            .with_state(Arc::clone(&held));
        let server = serve(routes).await;
        Self { server, held }
    }

    /// `[connections.hr.entra]` at this server.
    pub fn connection(&self, secret: &str) -> String {
        let address = &self.server.address;
        format!(
            r#"
[connections.hr.entra]
tenant = "acme.onmicrosoft.com"
service_principal = "{PRINCIPAL}"
client_id = "rotator"
client_secret = {secret}
http.address = "{address}/v1.0/servicePrincipals/{{{{ config.service_principal }}}}/synchronization"
http.auth.oauth2.token_url = "{address}/{{{{ config.tenant }}}}/oauth2/v2.0/token"
"#
        )
    }

    /// Somebody is hired: the job sends the user out with the token it holds.
    pub async fn hire(&self, name: &str) {
        let (url, token) = {
            let held = self.held.lock();
            (format!("{}/Users", held.scim_url), held.token.clone())
        };
        let user =
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name });
        let sent = bare_http().post(url).bearer_auth(token).json(&user).send();
        let status = sent.await.expect("an answer").status().as_u16();
        let mut held = self.held.lock();
        match status {
            201 => held.sent += 1,
            _ => held.refused += 1,
        }
    }

    /// The token that it holds.
    pub fn holds(&self) -> String {
        self.held.lock().token.clone()
    }

    /// How many users were sent, how many were refused, and how often a
    /// credential was tested.
    pub fn counts(&self) -> (u32, u32, u32) {
        let held = self.held.lock();
        (held.sent, held.refused, held.tested)
    }
}

async fn login(body: String) -> Reply {
    let right = body.contains(&format!("client_secret={CLIENT_SECRET}"));
    match right && body.contains("grant_type=client_credentials") {
        true => reply(
            200,
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": ACCESS}),
        ),
        false => reply(
            401,
            json!({"error": "invalid_client", "error_description": "AADSTS7000215"}),
        ),
    }
}

fn stranger() -> Reply {
    reply(
        401,
        json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty."}}),
    )
}

type Shared = State<Arc<Mutex<Held>>>;

async fn secrets(State(held): Shared, headers: HeaderMap) -> Reply {
    if !carries(&headers, ACCESS) {
        return stranger();
    }
    let address = held.lock().scim_url.clone();
    reply(
        200,
        json!({"value": [{"key": "BaseAddress", "value": address}, {"key": "SecretToken", "value": "*"}]}),
    )
}

/// The values of a request's credentials.
fn credentials(list: &Value) -> (String, String) {
    let find = |key: &str| {
        let all = list.as_array().into_iter().flatten();
        let mut found = all.filter(|one| one["key"] == key);
        let value = found.next().and_then(|one| one["value"].as_str());
        value.unwrap_or_default().to_owned()
    };
    (find("SecretToken"), find("BaseAddress"))
}

async fn save(State(held): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Reply {
    if !carries(&headers, ACCESS) {
        return stranger();
    }
    let (token, scim_url) = credentials(&body["value"]);
    let mut held = held.lock();
    (held.token, held.scim_url) = (token, scim_url);
    reply(204, Value::Null)
}

async fn jobs(headers: HeaderMap) -> Reply {
    match carries(&headers, ACCESS) {
        true => reply(200, json!({"value": [{"id": "job-1"}]})),
        false => stranger(),
    }
}

async fn job(headers: HeaderMap) -> Reply {
    match carries(&headers, ACCESS) {
        true => reply(200, json!({"id": "job-1", "status": {"code": "Active"}})),
        false => stranger(),
    }
}

/// As Entra does: it asks the service provider.
async fn validate(State(held): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Reply {
    if !carries(&headers, ACCESS) {
        return stranger();
    }
    let (token, scim_url) = match body["useSavedCredentials"] == true {
        true => {
            let held = held.lock();
            (held.token.clone(), held.scim_url.clone())
        }
        false => credentials(&body["credentials"]),
    };
    held.lock().tested += 1;
    let url: Url = scim_url.parse().expect("a URL");
    match read_users(&url, &token).await {
        200 => reply(204, Value::Null),
        _ => reply(
            400,
            json!({"error": {"code": "CredentialValidationUnavailable", "message": "We received this unexpected response"}}),
        ),
    }
}
