//! Groups, changes as identity providers write them, and what is kept from everybody.

use http::Method;
use serde_json::{Value, json};

use super::Caller;
use crate::secret::BearerToken;

struct Scim {
    caller: Caller,
    token: BearerToken,
}

impl Scim {
    async fn new() -> Self {
        let caller = Caller::new().await;
        let (_, token) = caller.issue("a", 60).await;
        Self { caller, token }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/scim/v2{path}");
        let body = Some(&body).filter(|body| !body.is_null());
        self.caller
            .call(method, &path, Some(&self.token), body)
            .await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The status of a change by these operations.
    async fn patch(&self, path: &str, operations: Value) -> u16 {
        let body = json!({ "Operations": operations });
        self.call(Method::PATCH, path, body).await.0
    }
}

#[tokio::test]
async fn members_come_and_go_in_every_dialect() {
    let scim = Scim::new().await;
    for name in ["ann", "bob"] {
        let made = scim
            .call(Method::POST, "/Users", json!({ "userName": name }))
            .await;
        assert_eq!(made.0, 201, "{}", made.1);
    }
    let wish = json!({ "displayName": "staff", "members": [{ "value": "1" }] });
    let (status, group) = scim.call(Method::POST, "/Groups", wish).await;
    assert_eq!((status, &group["id"]), (201, &json!("3")));
    let path = "/Groups/3";
    let members = async || {
        let group = scim.get(path).await;
        let all = group["members"].as_array().cloned().unwrap_or_default();
        let ids = all
            .iter()
            .map(|member| member["value"].as_str().unwrap_or_default());
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    let second = json!([{ "value": "2" }]);
    for (operations, expected) in [
        (
            json!([{ "op": "add", "path": "members", "value": second }]),
            &["1", "2"][..],
        ),
        (
            json!([{ "op": "add", "path": "members", "value": second }]),
            &["1", "2"],
        ),
        (
            json!([{ "op": "remove", "path": "members[value eq \"1\"]" }]),
            &["2"],
        ),
        (
            json!([{ "op": "Add", "value": { "members": [{ "value": "1" }] } }]),
            &["2", "1"],
        ),
        (
            json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "2" }] }]),
            &["1"],
        ),
        (
            json!([{ "op": "replace", "path": "members", "value": second }]),
            &["2"],
        ),
        (json!([{ "op": "remove", "path": "members" }]), &[]),
    ] {
        assert_eq!(
            scim.patch(path, operations.clone()).await,
            200,
            "{operations}"
        );
        assert_eq!(members().await, expected, "{operations}");
    }
    assert_eq!(
        scim.patch(
            path,
            json!([{ "op": "add", "path": "members", "value": second }])
        )
        .await,
        200
    );
    let found = scim
        .get("/Groups?filter=id%20eq%20%223%22%20and%20members%20eq%20%222%22")
        .await;
    assert_eq!(found["totalResults"], 1);
    assert_eq!(
        scim.call(Method::DELETE, "/Users/2", Value::Null).await.0,
        204
    );
    assert_eq!(members().await, [""; 0], "a user that is gone is no member");
}

#[tokio::test]
async fn parts_of_a_user_are_changed_by_their_path() {
    let scim = Scim::new().await;
    let wish = json!({ "userName": "ann", "password": "never shown", "shoeSize": 44 });
    let (_, user) = scim.call(Method::POST, "/Users", wish).await;
    assert!(
        user.get("password").is_none() && user.get("shoeSize").is_none(),
        "{user}"
    );
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let department = format!("{enterprise}:department");
    for operations in [
        json!([{ "op": "Replace", "path": "name.familyName", "value": "F" }]),
        json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@b.example" }]),
        json!([{ "op": "replace", "value": { "name": { "givenName": "G" }, "active": "False" } }]),
        json!([{ "op": "add", "path": department, "value": "D" }]),
        json!([{ "op": "replace", "path": "password", "value": "never shown" }]),
    ] {
        assert_eq!(
            scim.patch("/Users/1", operations.clone()).await,
            200,
            "{operations}"
        );
    }
    let user = scim.get("/Users/1").await;
    assert_eq!(user["name"], json!({ "familyName": "F", "givenName": "G" }));
    assert_eq!(
        user["emails"],
        json!([{ "type": "work", "value": "a@b.example" }])
    );
    assert_eq!(
        (&user["active"], &user[enterprise]["department"]),
        (&json!(false), &json!("D"))
    );
    assert_eq!(user["schemas"].as_array().map(Vec::len), Some(2));
    assert!(!user.to_string().contains("never shown"), "{user}");
    for operations in [
        json!([]),
        json!([{ "op": "replace", "path": "shoeSize", "value": 1 }]),
        json!([{ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "x" }]),
        json!([{ "op": "remove" }]),
        json!([{ "op": "remove", "path": "userName" }]),
        json!([{ "op": "replace", "path": "active", "value": "maybe" }]),
    ] {
        assert_eq!(
            scim.patch("/Users/1", operations.clone()).await,
            400,
            "{operations}"
        );
    }
    let one = scim.get("/Users/1?attributes=name.givenName").await;
    assert_eq!(one.as_object().map(serde_json::Map::len), Some(3), "{one}");
    let body = json!({ "excludedAttributes": ["emails"], "filter": "userName eq \"ann\"" });
    let (_, found) = scim.call(Method::POST, "/.search", body).await;
    assert_eq!(
        (&found["totalResults"], found["Resources"][0].get("emails")),
        (&json!(1), None)
    );
}

#[tokio::test]
async fn what_is_not_there_is_an_error_of_scim() {
    let scim = Scim::new().await;
    let get = Method::GET;
    for (method, path, expected) in [
        (get.clone(), "/nothing", 404),
        (get.clone(), "/Schemas/nothing", 404),
        (get.clone(), "/Groups/1", 404),
        (Method::DELETE, "/Schemas", 405),
        (Method::PUT, "/ServiceProviderConfig", 405),
        (Method::POST, "/Users/1", 405),
    ] {
        let (status, body) = scim.call(method, path, Value::Null).await;
        assert_eq!(
            (status, &body["status"]),
            (expected, &json!(expected.to_string())),
            "{path}"
        );
    }
    let nobody = scim.caller.call(get, "/scim/v2/nothing", None, None).await;
    assert_eq!(nobody.0, 401, "what is there is not told to everybody");
}
