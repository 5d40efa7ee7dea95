//! The judges of vendor files: the vendors' own SDKs, in Python. `README.md`
//! says what they ask for.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use scim_rotator::vendors::replay::{Described, Replay, run};
use scim_rotator::vendors::{Family, Library};

#[path = "../support/mod.rs"]
mod support;

#[test]
fn each_judge_takes_what_its_vendor_sends_and_refuses_small_changes_to_it() {
    let Some(part) = support::part::find("judges") else {
        return;
    };
    let output = Command::new(part.join("venv/bin/python"))
        // The repository is no place for compiled files.
        .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest"])
        .args(["-q", "test_judges", "test_follow"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges"))
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran 9 tests"), "some did not run: {said}");
}

/// Runs the replay of a shipped vendor and has the vendor's SDK judge what was
/// sent and answered. `exemptions`: `--made-up` or `--foreign`, and a scene.
async fn judge(family: Family, name: &str, exemptions: &[(&str, &str)]) {
    judge_by(family, name, name, exemptions).await;
}

/// The same, where another vendor file has the same judge.
async fn judge_by(family: Family, name: &str, judge: &str, exemptions: &[(&str, &str)]) {
    let Some(part) = support::part::find("judges") else {
        return;
    };
    let vendor = Library::shipped().get(family, name).expect("shipped");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("config/vendors").join(family.section());
    let text = std::fs::read_to_string(folder.join(format!("{name}.replay.toml")));
    let replay = Replay::parse(&text.expect("a replay")).expect("a sound replay");
    let report = run(&Described((**vendor).clone()), &replay, &[]).await;
    let report = report.expect("it runs");
    assert!(report.is_ok(), "{}", report.failures());

    let mut judge = Command::new(part.join("venv/bin/python"))
        // The repository is no place for compiled files.
        .arg("-B")
        .arg(root.join(format!("tests/judges/{judge}_judge.py")))
        .args(["follow", "-"])
        .args(exemptions.iter().flat_map(|(how, scene)| [how, scene]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut input = judge.stdin.take().expect("a pipe");
    // It prints nothing before it has read everything.
    let written = input.write_all(report.recorded_lines().as_bytes());
    drop(input);
    let output = judge.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    written.expect("it read everything");
    let judged: Vec<serde_json::Value> =
        serde_json::from_slice(&output.stdout).expect("a list of what was judged");
    let requests: usize = report.scenes.iter().map(|s| s.requests.len()).sum();
    assert_eq!(judged.len(), requests, "{name}: some were not judged");
}

#[tokio::test]
async fn the_sdk_of_auth0_sends_the_same_and_takes_the_answers() {
    judge(Family::Issuer, "auth0", &[("--made-up", "id missing")]).await;
}

#[tokio::test]
async fn the_sdk_of_terraform_sends_the_same_and_takes_the_answers() {
    // The SDK has the calls of Terraform Enterprise alone.
    let exemptions = [
        ("--foreign", "good path of HCP Terraform"),
        ("--foreign", "lost reply of HCP Terraform"),
        ("--foreign", "two pages of HCP Terraform"),
        ("--foreign", "404 of a revocation by HCP Terraform"),
        ("--made-up", "id missing"),
        ("--made-up", "list without data"),
    ];
    judge(Family::Issuer, "terraform", &exemptions).await;
}

#[tokio::test]
async fn the_sdk_of_entra_sends_the_same_and_takes_the_answers() {
    // The SDK makes nothing of a state that it does not know.
    let exemptions = [("--made-up", "a state that nobody knows")];
    judge(Family::Connection, "entra", &exemptions).await;
}

/// The same SDK knows the keys of a client that holds a secret.
#[tokio::test]
async fn the_sdk_of_entra_knows_the_keys_of_client_credentials() {
    let exemptions = [("--made-up", "a state that nobody knows")];
    judge_by(Family::Connection, "entra-oauth", "entra", &exemptions).await;
}
