//! What a real Vault can be set to, and what people do in it: what
//! `check --online` says, what the program does, and what it tells to do.
//!
//! | in Vault | `check --online` | `rotate`, `once`, `run` |
//! | --- | --- | --- |
//! | mount with `cas_required` | nothing: all our writes have it | rotates |
//! | mount with `max_versions=1` | nothing: only the latest is used | rotates |
//! | mount with `delete_version_after` | names the mount and the way back | rotates, warns with the time |
//! | foreign fields in the published secret | nothing | rotates, keeps them |
//! | mount path of several segments | tells how to write it | with `//` after the mount: rotates |
//! | KV version 1 | tells to enable versioning | writes nothing |
//! | record soft-deleted, destroyed | the command that brings it back | leaves it untouched, tells the same |
//! | record edited by hand | the field that cannot be read | leaves it untouched, tells the same |
//! | record of a newer program | tells to use that version | leaves it untouched, tells the same |
//! | record deleted with all versions | nothing | adopts what is published, warns |
//! | rate-limit quota, with and without headers | says so, exit code 75 | slower, all is done |
//! | lease-count quota | - | the community server has none: a 429 like that of a rate limit |
//! | audit device that blocks | no answer within the time allowed, exit code 75 | waits, goes on by itself |

mod scene;

use std::io::Read as _;

use serde_json::{Value, json};

use super::house::{is_settled, text};
use super::parts::read_users;
use super::wait::eventually;
use scene::Scene;

const RECORD: &str = "kv/data/scim-rotator/crm";
const RECORD_METADATA: &str = "kv/metadata/scim-rotator/crm";

#[tokio::test]
async fn settings_of_the_mount_and_foreign_fields_do_not_disturb() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.rotates().await;
    let vault = &scene.house.vault;
    for setting in [
        json!({ "cas_required": true }),
        json!({ "max_versions": 1 }),
    ] {
        vault.must("POST", "kv/config", setting.clone()).await;
        scene.check_is_content().await;
        scene.rotates().await;
        let undo = json!({ "cas_required": false, "max_versions": 100_000 });
        vault.must("POST", "kv/config", undo).await;
    }
    let mut fields = scene.house.published().await;
    fields["owner"] = json!("people team");
    scene.house.write_by_hand(fields).await;
    scene.check_is_content().await;
    scene.rotates().await;
    assert_eq!(scene.house.published().await["owner"], "people team");

    let after = json!({ "delete_version_after": "720h" });
    vault.must("POST", "kv/config", after).await;
    scene.rotates().await;
    scene
        .check_says(
            1,
            &[
                "deletes this secret by itself at",
                "-delete-version-after=0s",
            ],
        )
        .await;
    let read = scene.house.command(&["plan", "--from-records"]).await;
    assert!(
        read.stderr.contains("Vault will delete this version"),
        "{read:?}"
    );
    scene.house.close().await;
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_left_untouched_and_the_way_back_is_told() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.rotates().await;
    let vault = &scene.house.vault;

    vault.must("DELETE", RECORD, Value::Null).await;
    scene
        .is_refused(&["version", "was deleted", "vault kv undelete -mount=kv"])
        .await;
    let last = scene.version().await;
    let wish = json!({ "versions": [last] });
    vault
        .must("POST", "kv/undelete/scim-rotator/crm", wish.clone())
        .await;
    scene.rotates().await;

    let sound = scene.house.record().await;
    let last = scene.version().await;
    let wish = json!({ "versions": [last] });
    vault.must("PUT", "kv/destroy/scim-rotator/crm", wish).await;
    scene
        .is_refused(&["was destroyed", "vault kv rollback -mount=kv"])
        .await;
    scene.write_record(&sound).await;

    let mut newer = sound.clone();
    newer["schema"] = json!(2);
    newer["a field of the future"] = json!({ "not": "understood" });
    scene.write_record(&newer).await;
    scene
        .is_refused(&["a newer scim-rotator wrote it; use that version"])
        .await;
    assert_eq!(scene.house.record().await, newer, "untouched");

    let mut edited = sound.clone();
    edited["generation"] = json!("three");
    scene.write_record(&edited).await;
    scene
        .is_refused(&["field `generation` cannot be read"])
        .await;
    scene.write_record(&json!({ "schema": 1 })).await;
    scene.is_refused(&["missing field"]).await;
    scene.write_record(&sound).await;
    scene.rotates().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_record_that_was_deleted_with_all_versions_is_made_anew_from_what_is_published() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.rotates().await;
    let daemon = scene.house.run(&scene.sections).await;
    let says = async |words: &'static str| {
        eventually(words, async || daemon.log().contains(words).then_some(())).await;
    };
    says("waits until").await;
    let published = scene.house.published().await;
    let nothing = Value::Null;
    let vault = &scene.house.vault;
    vault.must("DELETE", RECORD_METADATA, nothing).await;
    // Noticed when the record is read again: it was adopted as it is published.
    says("somebody deleted this secret with all its versions").await;
    let record = scene.house.until("it is adopted", is_settled).await;
    assert_eq!(record["current"]["value"], published["token"]);
    scene.check_is_content().await;
    scene.rotates().await;
    daemon.stop().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_mount_that_is_not_kv_version_2_or_has_several_segments_is_told_how_to_be_named() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let vault = &scene.house.vault;
    vault.mount_kv("team/kv").await;
    let wish = json!({ "type": "kv", "options": { "version": "1" } });
    vault.must("POST", "sys/mounts/old", wish).await;
    vault
        .must("POST", "sys/mounts/sign", json!({ "type": "transit" }))
        .await;
    let shipped = include_str!("../../deploy/vault/scim-rotator.hcl");
    let more: String = ["team/kv/data/*", "team/kv/metadata/*", "old/*", "sign/*"]
        .map(|path| {
            format!("path \"{path}\" {{ capabilities = [\"create\", \"list\", \"read\", \"update\"] }}\n")
        })
        .concat();
    vault
        .policy("scim-rotator", &format!("{shipped}\n{more}"))
        .await;

    scene.mounted_at("old");
    scene
        .check_says(1, &["KV version 1", "vault kv enable-versioning old"])
        .await;
    let once = scene.house.command(&["once", "--timeout", "10s"]).await;
    assert_ne!(once.code, Some(0), "{once:?}");
    assert!(
        once.stderr.contains("KV version 2") || once.stdout.contains("KV version 2"),
        "{once:?}"
    );

    scene.mounted_at("sign");
    scene
        .check_says(1, &["of the kind `transit`", "KV version 2"])
        .await;

    scene.mounted_at("team/kv");
    scene
        .check_says(1, &["the mount is called `team/kv`", "\"team/kv//scim"])
        .await;
    scene.mounted_at("team/kv/");
    scene.check_is_content().await;
    let once = scene.house.command(&["once", "--timeout", "10m"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    let path = "team/kv/data/scim/crm";
    let read = vault.must("GET", path, Value::Null).await;
    let token = text(&read["data"]["data"]["token"]);
    assert_eq!(read_users(&scene.server.scim_url(), token).await, 200);
    scene.house.search().await;
}

#[tokio::test]
async fn under_a_rate_limit_all_is_done_only_slower() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let vault = &scene.house.vault;
    let lease_count = json!({ "max_leases": 1, "path": "auth/approle" });
    let (status, answer) = vault
        .api("POST", "sys/quotas/lease-count/few", lease_count)
        .await;
    assert!(
        (400..500).contains(&status),
        "this server has it: {status} {answer}"
    );

    for headers in [false, true] {
        let before = scene.house_generation().await;
        let wish = json!({ "enable_rate_limit_response_headers": headers });
        vault.must("POST", "sys/quotas/config", wish).await;
        let quota = json!({ "rate": 1, "interval": "1s", "path": "kv" });
        vault
            .must("POST", "sys/quotas/rate-limit/slow", quota)
            .await;
        let rotate = scene
            .house
            .command(&["rotate", "crm", "--foreground", "--timeout", "10m"])
            .await;
        assert_eq!(rotate.code, Some(0), "{rotate:?}");
        vault
            .must("DELETE", "sys/quotas/rate-limit/slow", Value::Null)
            .await;
        assert!(scene.house_generation().await > before);

        // The login itself.
        let none = json!({ "rate": 1, "interval": "1m", "path": "auth/approle" });
        vault.must("POST", "sys/quotas/rate-limit/slow", none).await;
        vault.api("POST", "auth/approle/login", json!({})).await;
        scene
            .check_says(75, &["the rate limit of Vault was hit (status 429)"])
            .await;
        vault
            .must("DELETE", "sys/quotas/rate-limit/slow", Value::Null)
            .await;
    }
    scene.everybody_agrees().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_vault_whose_audit_device_blocks_is_waited_for() {
    let Some(scene) = Scene::with_longest_call(2).await else {
        return;
    };
    scene.rotates().await;
    let pipe = scene.house.path("audit");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    // Open for both, nobody waits for the other end.
    let mut ends = std::fs::OpenOptions::new();
    let mut reader = ends.read(true).write(true).open(&pipe).expect("a pipe");
    let vault = &scene.house.vault;
    let wish = json!({ "type": "file", "options": { "file_path": pipe } });
    vault.must("PUT", "sys/audit/blocked", wish).await;
    // Nobody reads: it is full after a while, and Vault waits for ever.
    let asking = async {
        loop {
            vault.api("GET", RECORD, Value::Null).await;
        }
    };
    let stuck = tokio::time::timeout(std::time::Duration::from_secs(8), asking).await;
    assert!(stuck.is_err());

    let daemon = scene.house.run(&scene.sections).await;
    eventually("it is not ready and says why", async || {
        let (status, body) = daemon.get("/readyz").await?;
        (status == 503 && body.contains("no complete answer within")).then_some(())
    })
    .await;
    scene
        .check_says(75, &["no complete answer within the time allowed"])
        .await;

    // Somebody makes room, until the test program ends.
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while reader.read(&mut buffer).is_ok() {}
    });
    eventually("it is ready", async || {
        (daemon.get("/readyz").await?.0 == 200).then_some(())
    })
    .await;
    scene.rotates().await;
    daemon.stop().await;
    scene.house.close().await;
}
