//! Credential references.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::ports::Secrets;
use scim_rotator::secret::SecretRef;
use scim_rotator::vault::VaultSecrets;
use serde_json::{Value, json};

use super::bench::{Bench, file};
use scim_rotator::clock::SystemClock;

pub async fn all(bench: &Bench) {
    a_value_is_remembered_until_it_is_refused(bench).await;
    a_new_version_is_taken_up_when_the_memory_ends(bench).await;
    what_cannot_be_read_is_named(bench).await;
    files_are_read_each_time(bench).await;
    any_text_is_a_credential(bench).await;
}

fn secrets(bench: &Bench) -> VaultSecrets {
    let memory = SignedDuration::from_mins(5);
    VaultSecrets::new(Arc::clone(&bench.session), Arc::new(SystemClock), memory)
}

fn reference(bench: &Bench, path: &str, field: &str) -> SecretRef {
    SecretRef::Vault {
        path: format!("{}/{path}", bench.mount),
        field: field.to_owned(),
    }
}

async fn a_value_is_remembered_until_it_is_refused(bench: &Bench) {
    let secrets = secrets(bench);
    let reference = reference(bench, "callers/idp", "secret");
    bench.put("callers/idp", json!({"secret": "first"})).await;
    let first = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(first.value.expose(), "first");
    bench.put("callers/idp", json!({"secret": "second"})).await;
    let again = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(again.fingerprint, first.fingerprint, "remembered");
    secrets.refused(&reference);
    let anew = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(anew.value.expose(), "second");
    assert_ne!(anew.fingerprint, first.fingerprint);
}

async fn a_new_version_is_taken_up_when_the_memory_ends(bench: &Bench) {
    let memory = SignedDuration::from_millis(200);
    let secrets = VaultSecrets::new(Arc::clone(&bench.session), Arc::new(SystemClock), memory);
    let reference = reference(bench, "callers/changed", "secret");
    bench
        .put("callers/changed", json!({"secret": "first"}))
        .await;
    let first = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(first.value.expose(), "first");
    bench
        .put("callers/changed", json!({"secret": "second"}))
        .await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while secrets
        .resolve(&reference)
        .await
        .expect("resolves")
        .value
        .expose()
        != "second"
    {
        assert!(tokio::time::Instant::now() < deadline, "the old one stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn what_cannot_be_read_is_named(bench: &Bench) {
    let secrets = secrets(bench);
    bench
        .put(
            "callers/odd",
            json!({"n": 1, "nul": "canary\u{0}", "empty": ""}),
        )
        .await;
    bench.put("callers/gone", json!({"secret": "canary"})).await;
    let gone = format!("{}/data/callers/gone", bench.mount);
    bench.raw("DELETE", &gone, Value::Null).await;
    let cases = [
        ("callers/none", "secret", "does not exist"),
        ("callers/odd", "secret", "no such field"),
        ("callers/odd", "n", "not a string"),
        ("callers/odd", "nul", "NUL"),
        ("callers/odd", "empty", "empty"),
        ("callers/gone", "secret", "undelete"),
    ];
    for (path, field, part) in cases {
        let reference = reference(bench, path, field);
        let fault = secrets.resolve(&reference).await.expect_err(path);
        assert!(fault.message.contains(part), "{fault}");
        assert!(fault.message.contains(path), "{fault}");
        assert!(!fault.message.contains("canary"), "{fault}");
    }
}

async fn files_are_read_each_time(bench: &Bench) {
    let secrets = secrets(bench);
    let file = file("first");
    let reference = SecretRef::File(file.path().to_owned());
    let read = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(read.value.expose(), "first");
    std::fs::write(file.path(), "second").expect("written");
    let read = secrets.resolve(&reference).await.expect("resolves");
    assert_eq!(read.value.expose(), "second");
}

/// What stands in Vault is taken as it is; a file loses the line end that shells
/// and editors write.
async fn any_text_is_a_credential(bench: &Bench) {
    let secrets = secrets(bench);
    let pem = "-----BEGIN PRIVATE KEY-----\nMIGH\nAgEA\n-----END PRIVATE KEY-----\n";
    let access_token = "ey.".repeat(2000);
    for text in [pem, " mit Umläuten, groß ", access_token.as_str()] {
        bench.put("callers/text", json!({"secret": text})).await;
        let reference = reference(bench, "callers/text", "secret");
        secrets.refused(&reference);
        let read = secrets.resolve(&reference).await.expect("resolves");
        assert_eq!(read.value.expose(), text);
        let file = file(text);
        let reference = SecretRef::File(file.path().to_owned());
        let read = secrets.resolve(&reference).await.expect("resolves");
        assert_eq!(read.value.expose(), text.trim_end_matches('\n'));
    }
}
