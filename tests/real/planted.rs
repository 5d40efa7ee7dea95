//! Somebody who may write to the published path, and nothing else, does so; and
//! tokens that were never shown to work.

use serde_json::{Value, json};

use super::house::{House, text};
use super::parts::{Keeper, better_auth_issuer, read_users, token};
use super::support::better_auth::BetterAuth;

/// Ann may write the published secrets. Returns her Vault token.
async fn ann(house: &House) -> String {
    let vault = &house.vault;
    vault
        .must("POST", "sys/auth/userpass", json!({ "type": "userpass" }))
        .await;
    let rules =
        "path \"kv/data/scim/*\" { capabilities = [\"create\", \"update\", \"patch\", \"read\"] }";
    vault
        .must(
            "POST",
            "sys/policies/acl/publisher",
            json!({ "policy": rules }),
        )
        .await;
    let user = json!({ "password": "ann-s", "token_policies": "publisher" });
    vault.must("POST", "auth/userpass/users/ann", user).await;
    let login = json!({ "password": "ann-s" });
    let login = vault.must("POST", "auth/userpass/login/ann", login).await;
    text(&login["auth"]["client_token"]).to_owned()
}

async fn ann_writes(house: &House, ann: &str, fields: Value) {
    let wish = json!({ "data": fields });
    let (status, body) = house
        .vault
        .api_as(ann, "POST", "kv/data/scim/crm", wish)
        .await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_planted_value_is_written_back_and_its_author_is_named() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let scim_url = server.scim_url();
    let found = server.mint("made by hand", 3600).await;
    house.write_by_hand(json!({ "token": found.token })).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&scim_url, "idp", "lifetime = \"1h\"\noverlap = \"5s\""),
    ]
    .concat();
    house.configure(&sections);
    let once = house.command(&["once", "--timeout", "10m"]).await;
    assert_eq!(once.code, Some(0), "{}{}", once.stdout, once.stderr);

    // A working token of somebody else, with the id of the one in use and an end
    // in a far future.
    let ann = ann(&house).await;
    house.plant(&ann);
    let other = server.mint("a stranger's", 3600).await;
    let planted = json!({
        "token": other.token, "token_id": found.id, "expires_at": "2060-01-01T00:00:00Z",
    });
    ann_writes(&house, &ann, planted.clone()).await;
    let once = house.command(&["once", "--timeout", "10m"]).await;
    assert_eq!(once.code, Some(0), "{}{}", once.stdout, once.stderr);
    let record = house.record().await;
    assert_eq!(record["current"]["value"], found.token.as_str());
    assert_eq!(house.published().await["token"], found.token.as_str());
    assert_eq!(keeper.holds(), None, "it reached no identity provider");
    let by = text(&record["supplied"]["by"]);
    assert!(by.contains("ann"), "{by}");
    assert!(record["supplied"]["written_back_at"].is_string());
    let log = format!("{}{}", once.stdout, once.stderr);
    assert!(log.contains(by), "the log names her: {log}");
    let status = house.command(&["status"]).await;
    for part in [by, "was not accepted", "written back"] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }

    // A compromise is answered by the issuer, whatever was planted again.
    ann_writes(&house, &ann, planted).await;
    let args = [
        "rotate",
        "crm",
        "--foreground",
        "--compromised",
        "--reason",
        "leaked",
        "--yes",
        "--timeout",
        "10m",
    ];
    let rotate = house.command(&args).await;
    assert_eq!(rotate.code, Some(0), "{}{}", rotate.stdout, rotate.stderr);
    let record = house.record().await;
    assert_eq!(record["current"]["origin"], "issued");
    assert_eq!(record["history"][0]["trigger"], "compromise");
    assert_eq!(
        read_users(&scim_url, &other.token).await,
        200,
        "not ours to end"
    );
    let published = house.published().await;
    assert_eq!(published["token"], record["current"]["value"]);

    // An end that cannot be read is told, in every place.
    let mut fields = published;
    fields["expires_at"] = json!("the end of March");
    ann_writes(&house, &ann, fields).await;
    house.command(&["once", "--timeout", "10m"]).await;
    let check = house.command(&["check", "--online"]).await;
    assert_ne!(check.code, Some(0), "{}", check.stdout);
    let status = house.command(&["status"]).await;
    for said in [&check.stdout, &status.stdout] {
        assert!(said.contains("`expires_at` cannot be read"), "{said}");
    }
    house.close().await;
}

/// `once` says ok, and `status` says fresh, only of a token that was shown to
/// work.
#[tokio::test]
async fn a_token_that_was_not_shown_to_work_is_never_called_fresh() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let good = server.mint("made by hand", 3600).await;
    let issuer = better_auth_issuer(&mut house, &server).await;
    let right = server.scim_url();
    let wrong = right.join("/nothing/here").expect("a URL");
    let refused = "sp_9sD4fG6hJ0aLZq3vT8yK1mN5bX7cR2wP";
    let cases = [
        ("crm", refused, &right, "refused"),
        ("erp", good.token.as_str(), &wrong, "unproven"),
    ];
    for (name, value, scim_url, word) in cases {
        house
            .write_by_hand_for(name, json!({ "token": value }))
            .await;
        let section = format!(
            "\n[tokens.{name}]\nvault_path = \"kv/scim/{name}\"\nscim_url = \"{scim_url}\"\nissuer = \"sp\"\nlifetime = \"1h\"\noverlap = \"5s\"\nretry_min = \"30m\"\nretry_max = \"1h\"\n"
        );
        house.configure(&format!("{issuer}{section}"));
        let once = house.command(&["once", name, "--timeout", "5s"]).await;
        assert_ne!(once.code, Some(0), "{name}: {}", once.stdout);
        let status = house.command(&["status", name, "--output", "json"]).await;
        let told: Value = serde_json::from_str(&status.stdout).expect("JSON");
        let shown = &told["tokens"][0];
        assert_eq!(shown["state"]["word"], word, "{}", status.stdout);
        assert_eq!(shown["proof"], word, "{}", status.stdout);
        let note = house.command(&["status", name]).await;
        assert!(note.stdout.contains("not shown to work"), "{}", note.stdout);
    }
    house.close().await;
}
