use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;
use crate::http::{Client, ClientSettings, NoObserver, Request, Target};
use crate::ports::Probe;
use crate::scim::config::ProbeConfig;
use crate::scim::evidence::{FindingReason, Verdict};
use crate::scim::probe::ScimProbe;

mod groups;

struct Caller {
    server: DemoServiceProvider,
    http: Client,
}

impl Caller {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut options = Options::new(Arc::clone(&clock));
        options.max_live_tokens = 3;
        let server = DemoServiceProvider::start(options).await.expect("a port");
        let observer = Arc::new(NoObserver);
        let http = Client::new(&ClientSettings::default(), Target::Sp, clock, observer);
        Self {
            server,
            http: http.expect("a client"),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&BearerToken>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let url = self.server.base_url().join(path).expect("valid");
        let agent = HeaderValue::from_static("unit-test/1 (+x)");
        let mut request =
            Request::new(method, url, "test").header(HeaderName::from_static("user-agent"), agent);
        if let Some(token) = token {
            request = request.bearer(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.http.send(request).await.expect("an answer");
        (answer.status, answer.json().unwrap_or(Value::Null))
    }

    async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let token = self.server.admin_token().clone();
        self.call(method, path, Some(&token), body).await
    }

    async fn issue(&self, label: &str, ttl: i64) -> (String, BearerToken) {
        let wish = json!({"label": label, "ttl_seconds": ttl});
        let (status, body) = self.admin(Method::POST, "/admin/tokens", Some(&wish)).await;
        assert_eq!(status, 201, "{body}");
        let text = body["token"].as_str().expect("a token");
        let id = body["id"].as_str().expect("an id").to_owned();
        (id, BearerToken::parse(text).expect("sendable"))
    }

    fn probe(&self) -> ScimProbe {
        let config = ProbeConfig::default();
        let clock = Arc::new(SystemClock);
        ScimProbe::new(self.http.clone(), self.server.scim_url(), config, clock)
    }
}

#[tokio::test]
async fn tokens_are_issued_listed_and_revoked() {
    let caller = Caller::new().await;
    let (first, _) = caller.issue("a", 60).await;
    caller.issue("b", 60).await;
    let (status, page) = caller
        .admin(Method::GET, "/admin/tokens?page=1&per_page=1", None)
        .await;
    assert_eq!((status, &page["next_page"]), (200, &json!(2)));
    assert_eq!(page["tokens"][0]["id"], first.as_str());
    assert_eq!(page["tokens"][0]["label"], "a");
    assert_eq!(page["tokens"][0].get("token"), None, "listed without value");
    let (_, page) = caller
        .admin(Method::GET, "/admin/tokens?page=2&per_page=1", None)
        .await;
    assert_eq!(
        (&page["tokens"][0]["label"], &page["next_page"]),
        (&json!("b"), &Value::Null)
    );

    caller.issue("c", 60).await;
    let wish = json!({"label": "d", "ttl_seconds": 60});
    let (status, _) = caller
        .admin(Method::POST, "/admin/tokens", Some(&wish))
        .await;
    assert_eq!(status, 409, "three may be live");

    let path = format!("/admin/tokens/{first}");
    assert_eq!(caller.admin(Method::GET, &path, None).await.0, 200);
    assert_eq!(caller.admin(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(caller.admin(Method::DELETE, &path, None).await.0, 404);
    assert_eq!(caller.admin(Method::GET, &path, None).await.0, 404);
    let stats = caller.server.stats();
    assert_eq!((stats.issued, stats.revoked, stats.live_tokens), (3, 1, 2));
}

#[tokio::test]
async fn the_admin_api_knows_only_its_bearer() {
    let caller = Caller::new().await;
    let (_, scim_token) = caller.issue("a", 60).await;
    for token in [None, Some(&scim_token)] {
        let (status, _) = caller.call(Method::GET, "/admin/tokens", token, None).await;
        assert_eq!(status, 401);
    }
    for body in [
        json!({}),
        json!({"ttl_seconds": 0}),
        json!([]),
        json!({"ttl_seconds": "9"}),
    ] {
        let (status, _) = caller
            .admin(Method::POST, "/admin/tokens", Some(&body))
            .await;
        assert_eq!(status, 400, "{body}");
    }
}

#[tokio::test]
async fn the_probe_tells_live_tokens_from_dead_ones() {
    let caller = Caller::new().await;
    let probe = caller.probe();
    let (old_id, old) = caller.issue("old", 60).await;
    let (_, new) = caller.issue("new", 60).await;
    let verdict = probe.prove(&new).await;
    assert!(
        matches!(&verdict, Verdict::Pass(e) if e.is_full()),
        "{verdict:?}"
    );
    let verdict = probe.prove_refused(&old, &new).await;
    assert!(matches!(&verdict, Verdict::Fail(f) if f.reason == FindingReason::StillAccepted));
    caller
        .admin(Method::DELETE, &format!("/admin/tokens/{old_id}"), None)
        .await;
    let verdict = probe.prove_refused(&old, &new).await;
    assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}");

    caller.server.faults().scim.keep(ScimFault::Throttled);
    let verdict = probe.prove(&new).await;
    assert!(matches!(&verdict, Verdict::Inconclusive(f) if f.reason == FindingReason::Throttled));
    caller.server.faults().scim.plan(ScimFault::Unavailable, 1);
    let verdict = probe.prove(&new).await;
    assert!(matches!(&verdict, Verdict::Inconclusive(f) if f.reason == FindingReason::ServerError));
    let verdict = probe.prove(&new).await;
    assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}");
}

#[tokio::test]
async fn tokens_expire() {
    let caller = Caller::new().await;
    let (_, token) = caller.issue("short", 1).await;
    assert_eq!(
        caller
            .call(Method::GET, "/scim/v2/Users", Some(&token), None)
            .await
            .0,
        200
    );
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    assert_eq!(
        caller
            .call(Method::GET, "/scim/v2/Users", Some(&token), None)
            .await
            .0,
        401
    );
    assert_eq!(caller.server.live_tokens(), 0);
    let counts = caller.server.stats().callers["unit-test"];
    assert_eq!((counts.accepted, counts.refused), (1, 1));
}

#[tokio::test]
async fn a_lost_reply_leaves_a_token_behind() {
    let caller = Caller::new().await;
    caller.server.faults().issue.plan(IssueFault::LoseReply, 1);
    let wish = json!({"label": "lost", "ttl_seconds": 60});
    let url = caller
        .server
        .base_url()
        .join("/admin/tokens")
        .expect("valid");
    let request = Request::new(Method::POST, url, "issue")
        .bearer(caller.server.admin_token())
        .json(&wish);
    let fault = caller
        .http
        .send(request)
        .await
        .expect_err("no whole answer");
    assert_eq!(fault.class, crate::fault::FaultClass::Ambiguous);
    let (_, page) = caller.admin(Method::GET, "/admin/tokens", None).await;
    assert_eq!(page["tokens"][0]["label"], "lost");

    caller.server.faults().issue.plan(IssueFault::Refuse, 1);
    let (status, _) = caller
        .admin(Method::POST, "/admin/tokens", Some(&wish))
        .await;
    assert_eq!((status, caller.server.live_tokens()), (503, 1));
}

#[tokio::test]
async fn a_chosen_token_is_taken_once_and_all_can_be_revoked() {
    let caller = Caller::new().await;
    let wish = json!({"label": "a", "ttl_seconds": 60, "token": "chosen-by-the-caller"});
    let (status, first) = caller
        .admin(Method::POST, "/admin/tokens", Some(&wish))
        .await;
    assert_eq!((status, &first["token"]), (201, &wish["token"]));
    let (status, again) = caller
        .admin(Method::POST, "/admin/tokens", Some(&wish))
        .await;
    assert_eq!((status, &again["id"]), (200, &first["id"]), "sent twice");
    let token = BearerToken::parse("chosen-by-the-caller").expect("sendable");
    let users = || caller.call(Method::GET, "/scim/v2/Users", Some(&token), None);
    assert_eq!(users().await.0, 200);
    caller.server.revoke_all();
    assert_eq!((users().await.0, caller.server.live_tokens()), (401, 0));
}

#[tokio::test]
async fn users_live_a_whole_life() {
    let caller = Caller::new().await;
    let (_, token) = caller.issue("a", 60).await;
    let call = async |method: Method, path: &str, body: Option<Value>| {
        let path = format!("/scim/v2{path}");
        caller
            .call(method, &path, Some(&token), body.as_ref())
            .await
    };
    let ann = json!({"userName": "ann@demo.example", "externalId": "x-1", "id": "77"});
    let (status, made) = call(Method::POST, "/Users", Some(ann.clone())).await;
    assert_eq!(
        (status, &made["id"], &made["active"]),
        (201, &json!("1"), &json!(true))
    );
    let (status, error) = call(
        Method::POST,
        "/Users",
        Some(json!({"userName": "ANN@demo.example"})),
    )
    .await;
    assert_eq!((status, &error["scimType"]), (409, &json!("uniqueness")));

    let (_, found) = call(
        Method::GET,
        "/Users?filter=userName%20eq%20%22Ann@demo.example%22",
        None,
    )
    .await;
    assert_eq!(found["totalResults"], 1);
    let (_, page) = call(Method::GET, "/Users?startIndex=2&count=1", None).await;
    assert_eq!(
        (&page["totalResults"], &page["Resources"]),
        (&json!(1), &json!([]))
    );
    let (status, error) = call(Method::GET, "/Users?filter=title%20pr", None).await;
    assert_eq!((status, &error["scimType"]), (400, &json!("invalidFilter")));

    let patch = json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}, {"op": "replace", "value": {"displayName": "Ann"}}]});
    let (status, user) = call(Method::PATCH, "/Users/1", Some(patch)).await;
    assert_eq!(
        (status, &user["active"], &user["displayName"]),
        (200, &json!(false), &json!("Ann"))
    );
    let bad = json!({"Operations": [{"op": "replace", "path": "id", "value": "9"}]});
    assert_eq!(call(Method::PATCH, "/Users/1", Some(bad)).await.0, 400);
    let (status, user) = call(Method::PUT, "/Users/1", Some(json!({"userName": "ann2"}))).await;
    assert_eq!(
        (status, user.get("displayName"), &user["id"]),
        (200, None, &json!("1"))
    );
    assert_eq!(call(Method::DELETE, "/Users/1", None).await.0, 204);
    assert_eq!(call(Method::GET, "/Users/1", None).await.0, 404);
    assert_eq!(
        call(Method::GET, "/Groups", None).await.1["totalResults"],
        0
    );
    assert_eq!(
        caller
            .call(Method::GET, "/scim/v2/ServiceProviderConfig", None, None)
            .await
            .0,
        200
    );
}
