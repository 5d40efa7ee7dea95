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

use scim_rotator::vendors::file::Verified;
use scim_rotator::vendors::replay::{Described, Replay, run};
use scim_rotator::vendors::{Family, Library};

#[path = "../support/mod.rs"]
mod support;

#[test]
fn each_judge_takes_what_its_vendor_sends_and_refuses_small_changes_to_it() {
    let Some(part) = support::part::find("judges") else {
        return;
    };
    let mut python = Command::new(part.join("venv/bin/python"));
    // Without it the judge that needs it is left out.
    if let Some(frodo) = support::part::find("frodo") {
        python.env("FRODO", frodo);
    }
    let output = python
        // The repository is no place for compiled files.
        .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest"])
        .args(["-q", "test_judges", "test_follow"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges"))
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran 10 tests"), "some did not run: {said}");
}

/// Runs the replay of a shipped vendor and has the vendor's SDK judge what was
/// sent and answered: `script` is its judge's. `exemptions`: `--made-up`
/// or `--foreign`, and a scene.
async fn judge(script: &str, family: Family, name: &str, exemptions: &[(&str, &str)]) {
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

    let mut python = Command::new(part.join("venv/bin/python"));
    if script == "openidm" {
        let Some(frodo) = support::part::find("frodo") else {
            return;
        };
        python.env("FRODO", frodo);
    }
    let mut judge = python
        // The repository is no place for compiled files.
        .arg("-B")
        .arg(root.join(format!("tests/judges/{script}_judge.py")))
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

/// One test for each file that is judged, and the list of them.
macro_rules! judged {
    ($($test:ident: $judge:literal, $family:ident $name:literal, [$($how:literal $scene:literal),* $(,)?];)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                judge($judge, Family::$family, $name, &[$(($how, $scene)),*]).await;
            }
        )*
        const JUDGED: &[(Family, &str)] = &[$((Family::$family, $name)),*];
    };
}

judged! {
    the_sdk_of_auth0_sends_the_same_and_takes_the_answers: "auth0", Issuer "auth0", ["--made-up" "id missing"];
    the_sdk_of_auth0_writes_a_client_secret_as_we_do: "auth0", Issuer "auth0-client-secret", [];
    the_sdk_of_entra_makes_client_secrets_as_we_do: "entra", Issuer "entra-app-secret", ["--made-up" "id missing"];
    the_sdk_of_okta_makes_client_secrets_as_we_do: "okta", Issuer "okta-app-secret", ["--made-up" "id missing"];
    // The SDK has the calls of Terraform Enterprise alone.
    the_sdk_of_terraform_sends_the_same_and_takes_the_answers: "terraform", Issuer "terraform", [
        "--foreign" "good path of HCP Terraform",
        "--foreign" "lost reply of HCP Terraform",
        "--foreign" "two pages of HCP Terraform",
        "--foreign" "404 of a revocation by HCP Terraform",
        "--made-up" "id missing",
        "--made-up" "list without data",
    ];
    // The SDK makes nothing of a state that it does not know.
    the_sdk_of_entra_sends_the_same_and_takes_the_answers: "entra", Connection "entra", [
        "--made-up" "a state that nobody knows",
    ];
    the_sdk_of_entra_knows_the_keys_of_client_credentials: "entra", Connection "entra-oauth", [
        "--made-up" "a state that nobody knows",
    ];
    the_sdk_of_okta_sends_the_same_and_takes_the_answers: "okta", Connection "okta", [];
    // The SDK is of a version that shows no token and has modes.
    the_sdk_of_authentik_sends_the_same_and_takes_the_answers: "authentik", Connection "authentik", [
        "--made-up" "an old version that shows the token",
    ];
    the_sdk_of_authentik_sets_a_key_as_we_do: "authentik", Issuer "authentik", [
        "--made-up" "an unusual success",
    ];
    the_sdk_of_cloudflare_sends_the_same_and_its_types_fit_the_answers: "cloudflare", Issuer "cloudflare", [
        "--made-up" "id missing",
    ];
    // Its types say that the token is shown, masked or not.
    the_sdk_of_cloudflare_saves_an_application_as_we_do: "cloudflare", Connection "cloudflare-access", [
        "--made-up" "absent read-back",
        "--made-up" "an answer without the application",
    ];
    the_sdk_of_databricks_sends_the_same_and_takes_the_answers: "databricks", Issuer "databricks", [
        "--made-up" "id missing",
        "--made-up" "no tokens at all",
    ];
    the_sdk_of_databricks_makes_secrets_as_we_do: "databricks", Issuer "databricks-secret", [
        "--made-up" "id missing",
        "--made-up" "no secrets at all",
    ];
    the_sdk_of_gitlab_sends_the_same: "gitlab", Issuer "gitlab", [
        "--made-up" "id missing",
        "--made-up" "a login page instead of the list",
    ];
    the_sdk_of_datadog_sends_the_same_and_takes_the_answers: "datadog", Issuer "datadog", [
        "--made-up" "id missing",
    ];
    // The SDK wants to be told of the next token, also where there is none.
    the_sdk_of_stytch_sends_the_same_and_takes_the_answers: "stytch", Issuer "stytch", [
        "--made-up" "an answer without the token",
        "--made-up" "the next token is not named",
    ];
    the_sdk_of_scaleway_sends_the_same_and_takes_the_answers: "scaleway", Issuer "scaleway", [
        "--made-up" "id missing",
    ];
    the_sdk_of_zitadel_sends_the_same_and_takes_the_answers: "zitadel", Issuer "zitadel", [
        "--made-up" "no tokens yet",
    ];
    the_sdk_of_descope_sends_the_same: "descope", Connection "descope-outbound", [];
    // Of the issuer's calls the SDK has the deletion alone.
    the_sdk_of_descope_deletes_a_key_as_we_do: "descope", Issuer "descope", [];
    pings_own_tool_sends_the_same_to_ping_idm: "openidm", Connection "openidm", [];
    pings_own_tool_sends_the_same_to_advanced_identity_cloud: "openidm", Connection "advanced-identity-cloud", [];
}

/// Compared by hand with the OpenAPI document of the vendor, or of its server.
const BY_HAND: [(Family, &str); 2] = [
    (Family::Connection, "pingone"),
    (Family::Connection, "rauthy"),
];

#[test]
fn each_file_that_says_specification_is_judged_by_one() {
    for vendor in Library::shipped().iter() {
        let file = (vendor.family(), vendor.name.as_str());
        let says = vendor.file.vendor.verified == Verified::Specification;
        // What its SDK has one call of says that it follows the documentation.
        let judged = JUDGED.contains(&file) && file != (Family::Issuer, "descope");
        assert_eq!(says, judged || BY_HAND.contains(&file), "{file:?}");
    }
}
