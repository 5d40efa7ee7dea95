//! The vendor files that are built into the program go through their replays.

use std::path::Path;

use scim_rotator::vendors::replay::{Described, Replay, run};
use scim_rotator::vendors::{Form, Library, Vendor};

/// The replay that stands beside a shipped file.
fn replay(vendor: &Vendor<'_>) -> Replay {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config/vendors")
        .join(vendor.family().section())
        .join(format!("{}.replay.toml", vendor.name));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|e| panic!("{} has no replay: {e}", vendor.name));
    Replay::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[tokio::test]
async fn each_shipped_vendor_goes_through_its_replay() {
    let mut count = 0;
    // Where a person acts there are no exchanges.
    let by_http = Library::shipped().iter();
    for vendor in by_http.filter(|vendor| vendor.form == Form::Http) {
        let replay = replay(vendor);
        assert_eq!(replay.head.vendor, vendor.name);
        let report = run(&Described((**vendor).clone()), &replay, &[]).await;
        let report = report.unwrap_or_else(|why| panic!("{}: {why}", vendor.name));
        assert!(report.is_ok(), "{}: {}", vendor.name, report.failures());
        count += 1;
    }
    assert!(count >= 50, "the library has {count} vendors with calls");
}

/// A rule about the answers of a token endpoint is tested like any other: one
/// that no scene fires fails.
#[tokio::test]
async fn a_rule_of_the_token_endpoint_that_no_scene_fires_fails() {
    let library = Library::shipped();
    let mut vendors = library.iter();
    let keycloak = vendors.find(|vendor| vendor.name == "keycloak");
    let keycloak = keycloak.expect("it is shipped");
    let file = include_str!("../../config/vendors/connections/keycloak.toml");
    let known = "{ means = \"unauthorized\", status = 401,";
    let more = format!("{{ means = \"later\", status = 599 }},\n  {known}");
    let file = file.replacen(known, &more, 1);
    let path = Some(Path::new("keycloak.toml"));
    let vendor = Vendor::read("keycloak", path, &file).expect("sound");
    let report = run(&Described(vendor), &replay(keycloak), &[]).await;
    let report = report.expect("a report");
    assert!(!report.is_ok());
    let missing: Vec<_> = report.not_fired.iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["auth.oauth2.answers[0]"]);
}

/// A replay of a sound vendor file with these parameters.
async fn acme(parameters: &str) -> Result<String, String> {
    let file = include_str!("../vendors/files/issuers/acme.toml");
    let vendor = Vendor::read("acme", Some(Path::new("acme.toml")), file).expect("sound");
    let replay = format!("{parameters}\n{ONE_ISSUE}");
    let replay = Replay::parse(&replay).expect("a replay");
    let report = run(&Described(vendor), &replay, &[]).await?;
    Ok(report.failures())
}

const ONE_ISSUE: &str = r#"
[replay]
vendor = "acme"
family = "issuer"

[[scene]]
name = "one issue"

[[scene.run]]
call = "issue"
expect = { issued = { token = "t-1" } }

[[scene.exchange]]
request = { method = "POST", url = "https://{domain}/api/tokens", headers = { authorization = "Bearer key-1" }, json_contains = { scopes = ["scim"] } }
answer = { status = 201, json = { token = "t-1" } }
"#;

#[tokio::test]
async fn parameters_are_those_of_the_vendor_file() {
    let sound = "parameters.domain = 'd.acme.example'\nparameters.admin_key = 'key-1'";
    assert_eq!(acme(sound).await.as_deref(), Ok(""));
    let said = acme("parameters.admin_key = 'key-1'").await;
    let said = said.expect_err("no domain");
    assert!(said.contains("`domain` is missing: the host"), "{said}");
    let said = acme(&format!("{sound}\nparameters.domian = 'x'")).await;
    let said = said.expect_err("no such parameter");
    let expected = "no parameter `domian`; it has domain";
    assert!(said.contains(expected), "{said}");
}

/// What is listed is never touched: every request of an inventory reads.
#[tokio::test]
async fn the_inventory_of_each_shipped_vendor_sends_no_write() {
    let mut count = 0;
    for vendor in Library::shipped().iter() {
        if vendor.form != Form::Http || vendor.body.get_ref().get("inventory").is_none() {
            continue;
        }
        let adopt = vendor
            .body
            .get_ref()
            .get("inventory")
            .and_then(|i| i.get_ref().get("adopt"));
        let adopt = adopt
            .and_then(|adopt| adopt.get_ref().as_table())
            .expect("adopt");
        for key in adopt.keys() {
            let known = vendor.parameters().any(|(name, _)| name == key.get_ref());
            assert!(
                known,
                "{}: `adopt.{}` is no parameter",
                vendor.name,
                key.get_ref()
            );
        }
        let replay = replay(vendor);
        let scenes: Vec<String> = replay
            .scenes
            .iter()
            .filter(|scene| scene.name.starts_with("inventory"))
            .map(|scene| scene.name.clone())
            .collect();
        assert!(!scenes.is_empty(), "{} has no scene of it", vendor.name);
        let report = run(&Described((**vendor).clone()), &replay, &scenes).await;
        let report = report.unwrap_or_else(|why| panic!("{}: {why}", vendor.name));
        for request in report.scenes.iter().flat_map(|scene| &scene.requests) {
            let logs_in = request.url.contains("token") && request.method == "POST";
            assert!(
                request.method == "GET" || logs_in,
                "{}: {} {}",
                vendor.name,
                request.method,
                request.url
            );
        }
        count += 1;
    }
    assert!(count >= 14, "{count}");
}
