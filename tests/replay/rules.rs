//! What only code could do that is not ours: an issuer of the test's own shows
//! that rules which no scene fires, quoted secrets and endless waits are found.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::http::fired::RuleName;
use scim_rotator::ports::{IssueRequest, Issuer, TokenHandle};
use scim_rotator::rotation::capability::IssuerCapabilities;
use scim_rotator::rotation::outcome::{IssuedToken, ListedToken, Listing};
use scim_rotator::secret::SecretRef;
use scim_rotator::vendors::replay::{Actor, Deps, Family, Replay, Report, Settings, Subject, run};

use super::{CONNECTION, CONNECTION_REPLAY, ISSUER, ISSUER_REPLAY, played};

const REPLAY: &str = r#"
[replay]
vendor = "own"
family = "issuer"
[parameters]
api_key = "test-key/7f+3a"

[[scene]]
name = "first"
[[scene.run]]
call = "get"
with = { id = "0" }
expect = "nothing"

[[scene]]
name = "second"
[[scene.run]]
call = "get"
with = { id = "2" }
expect = "nothing"
"#;

/// An issuer that fires the rule whose index is the id that it is asked for.
struct Own {
    deps: Deps,
    key: SecretRef,
    capabilities: IssuerCapabilities,
}

#[async_trait]
impl Issuer for Own {
    fn capabilities(&self) -> IssuerCapabilities {
        self.capabilities
    }

    fn label(&self, _token: &str, _rotation_id: &str, _attempt: u32) -> String {
        "label".to_owned()
    }

    async fn list(&self, _token: &str) -> Result<Listing, Fault> {
        loop {
            self.deps.clock.sleep(SignedDuration::from_secs(1)).await;
        }
    }

    async fn issue(&self, _request: &IssueRequest) -> Result<IssuedToken, Fault> {
        Err(Fault::new(FaultClass::Rejected, FaultKind::Refused, "no"))
    }

    async fn get(&self, _token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.deps.fired.note("get", id.parse().expect("a number"));
        Ok(None)
    }

    async fn revoke(&self, _token: &str, _handle: &TokenHandle) -> Result<(), Fault> {
        let key = self.deps.secrets.resolve(&self.key).await?;
        let text = format!("it says: no token with {}", key.value.expose());
        Err(Fault::new(FaultClass::Rejected, FaultKind::Refused, text))
    }
}

/// Builds it, with as many rules as it declares.
struct Declares(usize);

impl Subject for Declares {
    fn family(&self) -> Family {
        Family::Issuer
    }

    fn credentials(&self) -> BTreeSet<String> {
        BTreeSet::from(["api_key".to_owned()])
    }

    fn rules(&self, parameters: &toml::Table) -> Result<BTreeSet<RuleName>, String> {
        assert!(parameters["api_key"].is_table(), "a reference");
        Ok(RuleName::all_of("get", self.0).collect())
    }

    fn build(&self, name: &str, parameters: &toml::Table, deps: &Deps) -> Result<Actor, String> {
        assert_eq!(name, "own");
        let key = parameters["api_key"]["env"].as_str().expect("a reference");
        // The capabilities of a real one: nothing here depends on them.
        let real = Settings::parse(ISSUER)?.build(name, parameters, deps)?;
        let Actor::Issuer(real) = real else {
            return Err("not an issuer".to_owned());
        };
        Ok(Actor::Issuer(Arc::new(Own {
            capabilities: real.capabilities(),
            key: SecretRef::Env(key.to_owned()),
            deps: deps.clone(),
        })))
    }
}

async fn ran(rules: usize, replay: &str, only: &[&str]) -> Report {
    let replay = Replay::parse(replay).expect("a replay");
    let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
    run(&Declares(rules), &replay, &only)
        .await
        .expect("it runs")
}

#[tokio::test]
async fn a_rule_that_no_scene_fires_fails() {
    let report = ran(3, REPLAY, &[]).await;
    assert!(report.scenes.iter().all(|scene| scene.failure.is_none()));
    assert_eq!(report.not_fired, [RuleName::new("get", 1)]);
    assert!(!report.is_ok());
    let failures = report.failures();
    assert!(
        failures.starts_with("rule get.answers[1]: no scene fires it"),
        "{failures}"
    );
    assert_eq!(report.to_json()["rules_not_fired"][0]["index"], 1);
    assert_eq!(report.to_json()["result"], "failed");

    let report = ran(1, REPLAY, &[]).await;
    assert!(report.is_ok(), "{}", report.failures());
    let report = ran(3, REPLAY, &["first"]).await;
    assert!(
        report.is_ok(),
        "some scenes do not show what all would fire"
    );
}

/// A replay without the scene of this name.
fn without(replay: &str, scene: &str) -> String {
    let scenes: Vec<_> = replay.split("[[scene]]\n").collect();
    let name = format!("name = \"{scene}\"\n");
    let left: Vec<_> = scenes
        .iter()
        .filter(|text| !text.starts_with(&name))
        .collect();
    assert_eq!(left.len() + 1, scenes.len(), "{scene}");
    let left: Vec<&str> = left.into_iter().copied().collect();
    left.join("[[scene]]\n")
}

#[tokio::test]
async fn the_real_code_tells_which_rules_fire() {
    for (settings, replay, scene, missing) in [
        (
            ISSUER,
            ISSUER_REPLAY,
            "limit of tokens reached",
            RuleName::new("issue", 0),
        ),
        (
            ISSUER,
            ISSUER_REPLAY,
            "404 that means unauthorised",
            RuleName::new("", 0),
        ),
        (
            CONNECTION,
            CONNECTION_REPLAY,
            "refused",
            RuleName::new("test_saved", 0),
        ),
    ] {
        let report = played(settings, &without(replay, scene)).await;
        assert_eq!(report.not_fired, [missing], "{scene}");
        assert!(report.scenes.iter().all(|scene| scene.failure.is_none()));
        assert!(!report.is_ok());
    }
}

#[tokio::test]
async fn a_text_for_people_that_quotes_a_secret_fails() {
    let revoke =
        "call = \"revoke\"\nwith = { id = \"0\" }\nexpect = { fault = { class = \"rejected\" } }";
    let get = "call = \"get\"\nwith = { id = \"0\" }\nexpect = \"nothing\"";
    let report = ran(0, &REPLAY.replace(get, revoke), &["first"]).await;
    let failures = report.failures();
    assert!(
        failures.contains("run 1 (revoke): what is told to people quotes `api_key`"),
        "{failures}"
    );
}

#[tokio::test]
async fn a_wait_without_end_fails_at_once() {
    let list = "call = \"list\"\nexpect = { listed = {} }";
    let get = "call = \"get\"\nwith = { id = \"0\" }\nexpect = \"nothing\"";
    let report = ran(0, &REPLAY.replace(get, list), &["first"]).await;
    let failures = report.failures();
    assert!(
        failures.contains("run 1 (list): it waits without end"),
        "{failures}"
    );
}
