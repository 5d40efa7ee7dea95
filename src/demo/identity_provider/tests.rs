use std::time::Duration;

use http::header::IF_MATCH;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;
use crate::demo::service_provider::{self, DemoServiceProvider};
use crate::http::Request;

struct Scene {
    sp: DemoServiceProvider,
    idp: DemoIdentityProvider,
    http: Client,
}

impl Scene {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sp = service_provider::Options::new(Arc::clone(&clock));
        let sp = DemoServiceProvider::start(sp).await.expect("a port");
        let mut options = Options::new(sp.scim_url(), Arc::clone(&clock));
        options.pace = SignedDuration::from_millis(2);
        let idp = DemoIdentityProvider::start(options).await.expect("a port");
        let observer = Arc::new(NoObserver);
        let http = Client::new(&ClientSettings::default(), Target::Idp, clock, observer);
        Self {
            sp,
            idp,
            http: http.expect("a client"),
        }
    }

    async fn send(&self, request: Request) -> (u16, Value) {
        let answer = self.http.send(request).await.expect("an answer");
        (answer.status, answer.json().unwrap_or(Value::Null))
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let url = self.idp.base_url().join(path).expect("valid");
        Request::new(method, url, "test").bearer(self.idp.admin_token())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(self.request(Method::GET, path)).await;
        assert_eq!(status, 200, "{path}");
        body
    }

    async fn put(&self, object: &Value) -> u16 {
        let request = self.request(Method::PUT, "/admin/connection").json(object);
        self.send(request).await.0
    }

    /// Writes a token the way a connector does: read, change, write back.
    async fn hand_over(&self, token: &str) {
        let mut object = self.get("/admin/connection").await;
        object["token"] = token.into();
        assert_eq!(self.put(&object).await, 200);
    }

    async fn issue(&self) -> (String, String) {
        let url = self.sp.base_url().join("/admin/tokens").expect("valid");
        let request = Request::new(Method::POST, url, "issue")
            .bearer(self.sp.admin_token())
            .json(&json!({"label": "x", "ttl_seconds": 60}));
        let (status, body) = self.send(request).await;
        assert_eq!(status, 201);
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        (text("id"), text("token"))
    }

    async fn revoke(&self, id: &str) {
        let path = format!("/admin/tokens/{id}");
        let url = self.sp.base_url().join(&path).expect("valid");
        let request = Request::new(Method::DELETE, url, "revoke").bearer(self.sp.admin_token());
        assert_eq!(self.send(request).await.0, 204);
    }

    async fn until(&self, what: &str, done: impl Fn(&Stats) -> bool) -> Stats {
        for _ in 0..2000 {
            let stats = self.idp.stats();
            if done(&stats) {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{what}: {:?}", self.idp.stats());
    }
}

#[tokio::test]
async fn it_provisions_through_a_change_of_tokens_without_a_refusal() {
    let scene = Scene::new().await;
    assert_eq!(scene.idp.stats().state, ConnectionState::Idle);
    let (old_id, old) = scene.issue().await;
    scene.hand_over(&old).await;
    scene.until("provisions", |s| s.ok >= 130).await;
    let (_, new) = scene.issue().await;
    scene.hand_over(&new).await;
    let fingerprint = BearerToken::parse(new).expect("sendable").fingerprint();
    assert_eq!(scene.idp.holds(), Some(fingerprint));
    let before = scene.idp.stats().ok;
    scene
        .until("works with the new one", |s| s.ok >= before + 5)
        .await;
    scene.revoke(&old_id).await;
    let before = scene.idp.stats().ok;
    let stats = scene.until("goes on", |s| s.ok >= before + 10).await;
    assert_eq!((stats.refused, stats.failed, stats.unreachable), (0, 0, 0));
    assert_eq!(stats.token_changes, 2);
    for operation in ["create", "rename", "find", "deactivate", "remove"] {
        assert!(stats.operations.contains_key(operation), "{stats:?}");
    }
    let seen = scene.sp.stats();
    assert_eq!(seen.callers["demo-identity-provider"].refused, 0);
    assert!(seen.users <= 22, "people are removed again: {}", seen.users);
}

#[tokio::test]
async fn a_dead_token_leads_to_quarantine_and_a_new_one_out_of_it() {
    let scene = Scene::new().await;
    let (id, token) = scene.issue().await;
    scene.hand_over(&token).await;
    scene.until("works", |s| s.ok > 3).await;
    scene.revoke(&id).await;
    let stats = scene
        .until("quarantine", |s| s.state == ConnectionState::Quarantined)
        .await;
    assert!(stats.refused >= 3);
    let state = scene.get("/admin/connection/state").await;
    assert_eq!(
        (&state["state"], &state["last_error_status"]),
        (&json!("quarantined"), &json!(401))
    );
    let request = scene.request(Method::POST, "/admin/connection/test");
    assert_eq!(
        scene.send(request.clone()).await.1,
        json!({"ok": false, "status": 401})
    );

    let (_, token) = scene.issue().await;
    scene.hand_over(&token).await;
    let before = scene.idp.stats().ok;
    scene.until("works again", |s| s.ok > before).await;
    let state = scene.get("/admin/connection/state").await;
    assert_eq!(
        (&state["state"], &state["last_error_status"]),
        (&json!("active"), &Value::Null)
    );
    assert!(state["last_success_at"].as_str() >= state["token_set_at"].as_str());
    assert_eq!(
        scene.send(request).await.1,
        json!({"ok": true, "status": 200})
    );
}

#[tokio::test]
async fn the_object_is_replaced_whole_and_never_shows_the_token() {
    let scene = Scene::new().await;
    let (_, token) = scene.issue().await;
    scene.hand_over(&token).await;
    let mut object = scene.get("/admin/connection").await;
    assert_eq!(object["token"], "********");
    assert_eq!(object["base_url"], scene.sp.scim_url().as_str());
    assert!(!object.to_string().contains(&token));
    object["owner"] = "people team".into();
    object["state"] = "nonsense".into();
    object.as_object_mut().expect("an object").remove("name");
    let held = scene.idp.holds();
    assert_eq!(scene.put(&object).await, 200);
    let after = scene.get("/admin/connection").await;
    assert_eq!(
        (&after["owner"], after.get("name")),
        (&json!("people team"), None)
    );
    assert_eq!(after["state"], "active");
    assert_eq!(scene.idp.holds(), held, "the mask keeps the token");

    let stale = scene
        .request(Method::PUT, "/admin/connection")
        .header(IF_MATCH, HeaderValue::from_static("\"1\""))
        .json(&after);
    assert_eq!(scene.send(stale).await.0, 412);
    for bad in [
        json!({}),
        json!([]),
        json!({"base_url": "nowhere", "token": "x"}),
        json!({"base_url": "https://sp.example", "token": "a b"}),
        json!({"base_url": "https://sp.example"}),
    ] {
        assert_eq!(scene.put(&bad).await, 400, "{bad}");
    }
    let url = scene
        .idp
        .base_url()
        .join("/admin/connection")
        .expect("valid");
    let unknown = Request::new(Method::GET, url, "test").bearer(scene.sp.admin_token());
    assert_eq!(scene.send(unknown).await.0, 401);
}

#[tokio::test]
async fn faults_come_on_demand() {
    let scene = Scene::new().await;
    let (_, token) = scene.issue().await;
    let object = json!({"base_url": scene.sp.scim_url(), "token": token});
    scene.idp.faults().admin.plan(AdminFault::Unavailable, 1);
    assert_eq!(scene.put(&object).await, 503);
    scene.idp.faults().write.plan(WriteFault::Refuse, 1);
    assert_eq!(scene.put(&object).await, 422);
    assert_eq!(scene.idp.holds(), None);
    scene.idp.faults().write.plan(WriteFault::LoseReply, 1);
    let request = scene
        .request(Method::PUT, "/admin/connection")
        .json(&object);
    assert!(scene.http.send(request).await.is_err());
    assert!(scene.idp.holds().is_some(), "saved all the same");
}
