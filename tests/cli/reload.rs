//! A changed configuration is taken up by a daemon that runs, or refused as a
//! whole.

use super::running::Running;
use super::scene::Scene;
use super::systemd::Systemd;

const ERP: &str = r#"
[tokens.erp]
vault_path = "kv/scim/erp"
scim_url = "SCIM_URL"
issuer = "sp"
lifetime = "10d"
overlap = "1h"
refusal_window = "0s"
environment = "test"
"#;

const GOOD: &str = "scim_rotator_config_last_reload_successful 1";
const BAD: &str = "scim_rotator_config_last_reload_successful 0";

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_taken_up_and_a_bad_one_changes_nothing() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let first = scene.read("daemon.toml");
    running.until("crm works", |m| is_fresh(m, "crm")).await;
    assert!(running.metrics().await.contains(GOOD));
    let log = running.log();
    for told in [
        "crm: issue at the issuer sp (",
        "succeeded in ",
        "crm: waits until ",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }

    // By itself.
    let erp = ERP.replace("SCIM_URL", scene.sp.scim_url().as_str());
    scene.write("daemon.toml", &format!("{first}{erp}"));
    systemd.hears("RELOADING=1\nMONOTONIC_USEC=").await;
    let ready = systemd.hears("READY=1").await;
    assert!(ready.contains("STATUS=2 tokens"), "{ready}");
    running.until("erp works", |m| is_fresh(m, "erp")).await;

    // A bad one.
    let bad = first.replace("issuer = \"sp\"", "issuer = \"ps\"");
    scene.write("daemon.toml", &format!("{bad}{erp}"));
    let ready = systemd.hears("READY=1\nSTATUS=the changed").await;
    assert!(ready.contains("refused"), "{ready}");
    running.until("it is refused", |m| m.contains(BAD)).await;
    let metrics = running.metrics().await;
    assert!(is_fresh(&metrics, "crm") && is_fresh(&metrics, "erp"));
    let log = running.log();
    let said = |words: &str| log.lines().any(|line| line.contains(words));
    assert!(said("the old one stays in force"), "{log}");
    let refused = log.lines().find(|line| line.contains("refused: "));
    let refused = refused.expect("a line with what is wrong");
    for part in ["daemon.toml", "line=", "tokens.crm.issuer", "ps"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }

    // Asked for, and what waits for the next start is named.
    let moved = first.replace("127.0.0.1:0", "127.0.0.1:1");
    scene.write(
        "daemon.toml",
        &moved.replace("[vault]", "[vault]\nrequest_timeout = \"20s\""),
    );
    running.hang_up();
    running
        .until("erp has gone", |m| !m.contains("\"erp\""))
        .await;
    running.until("it is in force", |m| m.contains(GOOD)).await;
    let log = running.log();
    assert!(log.contains("removed=\"erp\""), "{log}");
    assert!(
        log.contains("take effect at the next start keys=\"vault.request_timeout,server\""),
        "{log}"
    );
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_out_is_retired_first() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let text = scene.read("scim-rotator.toml");
    // Without a connection: the retirement would wait for its last use.
    let text = text.replace("overlap = \"1h\"", "overlap = \"6s\"");
    let text = text.replace("connections = [\"hr\"]", "");
    // The command waits for the lease of the daemon.
    let text = text.replace(
        "[vault]",
        "[vault]\nrequest_timeout = \"3s\"\nconnect_timeout = \"2s\"",
    );
    let short = "[http]\nrequest_timeout = \"3s\"\nconnect_timeout = \"2s\"\nread_timeout = \"3s\"\n[limits]\nlease = \"6s\"\n";
    let text = format!("{text}\n{short}");
    scene.write("scim-rotator.toml", &text);
    let running = Running::start(&scene, &systemd).await;
    running.until("crm works", |m| is_fresh(m, "crm")).await;
    // The daemon has not read what a command did when the token is taken out.
    let rotated = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    let text = scene.read("daemon.toml");
    let begin = text.find("[tokens.crm]").expect("the token");
    let end = text.find("[issuers.").expect("the issuer");
    scene.write("daemon.toml", &[&text[..begin], &text[end..]].concat());
    running.hang_up();
    systemd.hears("RELOADING=1").await;
    systemd.hears("READY=1").await;
    running
        .until("crm has gone", |m| !m.contains("\"crm\""))
        .await;
    assert_eq!(
        scene.sp.stats().revoked,
        1,
        "its predecessor was retired first"
    );
    let log = running.end().await;
    assert!(
        log.contains("no longer configured, and nothing is left"),
        "{log}"
    );
    assert!(!log.contains("its work is not finished"), "{log}");
}

pub(crate) fn is_fresh(metrics: &str, token: &str) -> bool {
    let stage = "scim_rotator_rotation_stage_entered_timestamp_seconds";
    let idle = format!("{stage}{{token=\"{token}\",stage=\"idle\"}} ");
    let held = format!("scim_rotator_token_expiry_timestamp_seconds{{token=\"{token}\"");
    metrics.contains(&idle) && metrics.contains(&held)
}
