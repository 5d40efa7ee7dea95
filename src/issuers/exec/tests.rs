//! Real programs: shell scripts that answer as the contract says, and otherwise.

use tempfile::TempDir;

use super::*;
use crate::clock::SystemClock;
use crate::problem::Problems;

const OLD: &str = "cAnArY-old+91bc/==y";

struct Bench {
    dir: TempDir,
    config: ExecIssuer,
}

impl Bench {
    /// An issuer whose program is this shell script, run through the shell: a script
    /// that was just written may still be busy in a fork of a neighbouring test.
    fn new(script: &str, more: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("program.sh");
        let script = format!("cd {}\ncat > input\n{script}", dir.path().display());
        std::fs::write(&file, script).expect("written");
        let text = format!(
            "command = [\"/bin/sh\", \"{}\", \"{{{{ action }}}}\"]\nlist = true\ntimeout = \"2s\"\nlifetime.default = \"30d\"\n{more}\n[capabilities]\nlive_tokens = \"many\"\nissue_effect = \"keeps\"\nrecovery = \"by_label\"\nrevoke = \"by_id\"\nexpiry = \"reported\"",
            file.display()
        );
        let config = toml::from_str(&text).expect("settings");
        Self { dir, config }
    }

    fn issuer(&self) -> Arc<dyn Issuer> {
        build("crm", &self.config, Arc::new(SystemClock))
    }

    async fn issue(&self) -> Result<IssuedToken, Fault> {
        self.issuer().issue(&request()).await
    }

    async fn revoke(&self) -> Result<(), Fault> {
        self.issuer().revoke("crm-prod", &handle()).await
    }

    /// What stood on standard input.
    fn input(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.dir.path().join("input")).expect("read");
        serde_json::from_str(&text).expect("JSON")
    }
}

fn handle() -> TokenHandle {
    let old = ListedToken::with_id("tok_1");
    TokenHandle {
        id: Some(old.issuer_id()),
        value: Some(BearerToken::parse(OLD).expect("a token")),
    }
}

fn request() -> IssueRequest {
    IssueRequest {
        token: "crm-prod".to_owned(),
        label: "scim-rotator-crm-prod-r1-1".to_owned(),
        lifetime: None,
        overlap: SignedDuration::from_hours(24),
        etag: None,
        chosen: None,
        current: Some(handle()),
    }
}

#[tokio::test]
async fn a_token_is_issued_with_all_that_the_program_tells() {
    let bench = Bench::new(
        "printf '{\"result\":\"issued\",\"token\":\"n3w-s3cret\",\"id\":\"tok_2\",\"expires_at\":\"2099-01-01T00:00:00Z\"}'",
        "",
    );
    let issued = bench.issue().await.expect("issued");
    assert_eq!(issued.value.expose(), "n3w-s3cret");
    assert_eq!(issued.id.as_deref(), Some("tok_2"));
    let end: Timestamp = "2099-01-01T00:00:00Z".parse().expect("a time");
    assert_eq!(
        (issued.expires_at, issued.expiry),
        (Some(end), ExpiryKnown::Api)
    );
    assert_eq!(issued.old_dies_at, None);
    let input = bench.input();
    assert_eq!(input["action"], "issue");
    assert_eq!(input["token_name"], "crm-prod");
    assert_eq!(input["label"], "scim-rotator-crm-prod-r1-1");
    assert_eq!(input["lifetime_seconds"], 30 * 86_400);
    assert!(
        input["expires_at"]
            .as_str()
            .is_some_and(|t| t.ends_with('Z'))
    );
    assert_eq!(input["overlap_seconds"], 86_400);
    assert_eq!(input["id"], "tok_1");
    assert_eq!(input["old_token"], OLD);
    assert!(input.get("token").is_none());
}

#[tokio::test]
async fn a_zero_time_is_no_end() {
    let answer = r#"{"result":"issued","token":"n3w-s3cret","expires_at":"0001-01-01T00:00:00Z"}"#;
    let bench = Bench::new(&format!("printf '{answer}'"), "");
    let issued = bench.issue().await.expect("issued");
    assert_eq!(
        (issued.expires_at, issued.expiry),
        (None, ExpiryKnown::Unknown)
    );
}

#[tokio::test]
async fn tokens_are_listed_looked_up_and_revoked() {
    let bench = Bench::new(
        r#"case "$1" in
list) printf '{"result":"listed","tokens":[{"id":"tok_1","label":"by hand","created_at":"2026-01-01T00:00:00Z"},{"id":"tok_1"},{"id":"dead","expires_at":"2020-01-01T00:00:00Z"},{"id":"a b"},{"id":"endless","expires_at":"0001-01-01T00:00:00Z"}]}' ;;
revoke) printf '{"result":"revoked"}' ;;
esac"#,
        "",
    );
    let issuer = bench.issuer();
    let listing = issuer.list("crm-prod").await.expect("listed");
    let ids: Vec<_> = listing.tokens.iter().map(|t| t.id.as_str()).collect();
    assert_eq!(
        ids,
        ["tok_1", "endless"],
        "no token twice, no dead one, no id that is none"
    );
    assert_eq!(listing.tokens[1].expires_at, None, "a zero time is none");
    assert_eq!(listing.tokens[0].label.as_deref(), Some("by hand"));
    let found = issuer.get("crm-prod", "tok_1").await.expect("listed");
    assert!(found.is_some());
    assert_eq!(issuer.get("crm-prod", "tok_9").await, Ok(None));
    assert_eq!(bench.revoke().await, Ok(()));
    let input = bench.input();
    assert_eq!(input["action"], "revoke");
    assert_eq!(
        (&input["id"], &input["token"]),
        (&"tok_1".into(), &OLD.into())
    );
}

/// What an issue, a list and a revocation come to, for each answer.
#[tokio::test]
async fn each_answer_has_its_meaning_and_no_token_is_told() {
    use FaultClass::{Ambiguous, NotApplied, Rejected};
    let cases = [
        (
            "printf '{\"result\":\"not_applied\",\"retry_after_seconds\":30}'",
            NotApplied,
            NotApplied,
        ),
        ("printf '{\"result\":\"unknown\"}'", Ambiguous, NotApplied),
        (
            "printf '{\"result\":\"refused\",\"detail\":\"no right\"}'",
            Rejected,
            Rejected,
        ),
        ("printf '{\"result\":\"listed\"}'", Ambiguous, NotApplied),
        ("printf '{\"result\":\"issued\"}'", Ambiguous, NotApplied),
        (
            "printf '{\"result\":\"issued\",\"token\":\"Bearer cAnArY-x\"}'",
            Ambiguous,
            NotApplied,
        ),
        (
            "printf '{\"result\":\"issued\",\"token\":\"cAnArY-new\"}'; echo cAnArY-new >&2; exit 3",
            Ambiguous,
            NotApplied,
        ),
        (
            "printf '{\"result\":\"issued\",\"token\":\"cAnArY-new\",\"id\":\"a/cAnArY-new\"}'",
            Ambiguous,
            NotApplied,
        ),
        (
            "printf '{\"result\":\"issued\",\"token\":\"cAnArY-new\",\"expires_at\":\"soon\"}'",
            Ambiguous,
            NotApplied,
        ),
        (
            "printf 'cAnArY-new'; echo cAnArY-new >&2",
            Ambiguous,
            NotApplied,
        ),
        ("true", Ambiguous, NotApplied),
        (
            "head -c 70000 /dev/zero | tr '\\0' x",
            Ambiguous,
            NotApplied,
        ),
        ("sleep 30", Ambiguous, NotApplied),
    ];
    for (script, issue, revoke) in cases {
        let bench = Bench::new(script, "");
        let fault = bench.issue().await.map(|_| ()).expect_err(script);
        assert_eq!(fault.class, issue, "{script}: {fault}");
        assert!(!fault.message.contains("cAnArY"), "{script}: {fault}");
        let fault = bench.revoke().await.expect_err(script);
        assert_eq!(fault.class, revoke, "{script}: {fault}");
        if script.contains("Bearer") {
            continue;
        }
        let listed = bench.issuer().list("crm-prod").await;
        assert!(listed.is_err(), "{script}");
    }
    let later = Bench::new(
        "printf '{\"result\":\"not_applied\",\"retry_after_seconds\":30}'",
        "",
    );
    let fault = later.issue().await.map(|_| ()).expect_err("later");
    assert_eq!(fault.retry_after, Some(SignedDuration::from_secs(30)));
    assert!(
        fault
            .message
            .contains("issuer `crm`, `issue` of token `crm-prod`"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_secret_that_we_choose_is_given_and_taken_as_it_is() {
    let bench = Bench::new(
        "printf '{\"result\":\"issued\",\"token\":\"another-one\",\"id\":\"tok_2\"}'",
        "",
    );
    let mut config = bench.config.clone();
    config.capabilities.recovery = Some(Recovery::ClientChosen);
    let issuer = build("crm", &config, Arc::new(SystemClock));
    let chosen = issuer.choose_secret().expect("it chooses");
    assert!(chosen.expose().starts_with("srot_"));
    let request = IssueRequest {
        chosen: Some(chosen.clone()),
        ..request()
    };
    let issued = issuer.issue(&request).await.expect("issued");
    assert_eq!(issued.value, chosen);
    assert_eq!(bench.input()["token"], chosen.expose());
}

#[test]
fn settings_are_checked_before_anything_runs() {
    let stated = "live_tokens = 'many'\nissue_effect = 'keeps'";
    let cases = [
        ("command = ['push']".to_owned(), stated, "x.command"),
        (
            "command = ['/bin/sh', '{{ token }}']".to_owned(),
            stated,
            "x.command[1]",
        ),
        (
            "command = ['/bin/sh']".to_owned(),
            "",
            "x.capabilities.live_tokens",
        ),
        (
            "command = ['/bin/sh']".to_owned(),
            "live_tokens = 'many'\nissue_effect = 'keeps'\nrecovery = 'by_label'",
            "x.list",
        ),
        (
            "command = ['/bin/sh']".to_owned(),
            "live_tokens = 'many'\nissue_effect = 'keeps'\nrecovery = 'by_status'",
            "x.capabilities.recovery",
        ),
        (
            "command = ['/bin/sh']".to_owned(),
            "live_tokens = 'two'\nissue_effect = 'keeps'\noverlap = { two_phase = {} }",
            "x.list",
        ),
        (
            "command = ['/bin/sh']\nlifetime.unit = 'days'".to_owned(),
            stated,
            "x.lifetime.unit",
        ),
        (
            "command = ['/bin/sh']\ntimeout = '1h'".to_owned(),
            stated,
            "x.timeout",
        ),
    ];
    for (text, capabilities, path) in cases {
        let text = format!("{text}\n[capabilities]\n{capabilities}");
        let config: ExecIssuer = toml::from_str(&text).expect(&text);
        let mut problems = Problems::default();
        config.check("x", &mut problems);
        let paths: Vec<_> = problems.all().iter().map(|p| p.path.as_str()).collect();
        assert!(paths.contains(&path), "{text}: {paths:?}");
    }
}
