//! `init`: a first configuration, from options and from what Vault holds.

use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::scene::Scene;

/// `init` with these options, beside the servers of the scene.
async fn init(scene: &Scene, args: &[&str]) -> (i32, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    command
        .arg("init")
        .args(args)
        .env("VAULT_TOKEN", scene.root_token())
        .stdin(Stdio::null());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().await.expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_vault_becomes_a_configuration_that_is_valid() {
    let scene = Scene::new("").await;
    for name in ["crm", "erp"] {
        let body = json!({ "data": { "token": "made-by-hand" } });
        scene.store(&format!("kv/data/apps/{name}"), &body).await;
    }
    let out = scene.path("first");
    let out = out.to_str().expect("text");
    let address = scene.vault_address();
    let options = [
        "--vault-address",
        &address,
        "--path",
        "kv/apps",
        "--out",
        out,
    ];
    let (code, said, complained) = init(&scene, &options).await;
    assert_eq!(code, 0, "{said}{complained}");
    assert!(said.contains("below kv/apps lie crm, erp"), "{said}");
    assert!(said.contains("not sealed"), "{said}");
    let text = scene.read("first/scim-rotator.toml");
    assert!(
        text.contains("[tokens.crm]\nvault_path = \"kv/apps/crm\""),
        "{text}"
    );
    assert!(
        text.contains("[tokens.erp]") && text.contains("# EDIT"),
        "{text}"
    );
    assert!(!text.contains("made-by-hand"), "no secret is read: {text}");
    let policy = scene.read("first/scim-rotator.hcl");
    let line = "path \"kv/data/apps/crm\" { capabilities = [\"create\", \"read\", \"update\"] }";
    assert!(policy.lines().any(|l| l == line), "{policy}");
    let check = scene.run_with("first/scim-rotator.toml", &["check"]).await;
    assert_eq!(check.code, 0, "{check:?}");

    // A person has edited it since.
    scene.write("first/scim-rotator.toml", "# mine\n");
    let (code, _, complained) = init(&scene, &options).await;
    assert_eq!(code, 64, "{complained}");
    assert!(complained.contains("--force"), "{complained}");
    assert_eq!(scene.read("first/scim-rotator.toml"), "# mine\n");
    let forced: Vec<&str> = options
        .iter()
        .copied()
        .chain(["--force", "-o", "json"])
        .collect();
    let (code, said, complained) = init(&scene, &forced).await;
    assert_eq!(code, 0, "{complained}");
    let told: Value = serde_json::from_str(&said).expect("one document");
    assert_eq!(told["tokens"], json!(["crm", "erp"]));
    assert_ne!(scene.read("first/scim-rotator.toml"), "# mine\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_and_mistakes_are_told() {
    let scene = Scene::new("").await;
    let out = scene.path("second");
    let out = out.to_str().expect("text");
    let with = |more: &[&'static str]| -> Vec<String> {
        let base = [
            "--vault-address",
            "https://vault.example.com",
            "--offline",
            "--out",
            out,
        ];
        base.iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let run = async |more: &[&'static str]| {
        let args = with(more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        init(&scene, &args).await
    };
    let (code, _, complained) = run(&[]).await;
    assert_eq!(code, 64, "{complained}");
    assert!(complained.contains("--token NAME"), "{complained}");
    let (code, _, complained) = run(&["--token", "crm", "--issuer-vendor", "auht0"]).await;
    assert_eq!(code, 64, "{complained}");
    assert!(complained.contains("did you mean `auth0`?"), "{complained}");
    assert!(
        !scene.path("second/scim-rotator.toml").exists(),
        "nothing is written"
    );
    let (code, _, complained) = run(&[
        "--token",
        "crm",
        "--issuer-vendor",
        "auth0",
        "--connection-vendor",
        "okta",
        "--scim-url",
        "https://crm.example.com/scim/v2",
    ])
    .await;
    assert_eq!(code, 0, "{complained}");
    let text = scene.read("second/scim-rotator.toml");
    for part in [
        "[issuers.service.auth0]",
        "[connections.directory.okta]",
        "connections = [\"directory\"]",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let check = scene.run_with("second/scim-rotator.toml", &["check"]).await;
    assert_eq!(check.code, 0, "{check:?}");
}

/// `script` gives it a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_it_asks_for_what_no_option_says() {
    let scene = Scene::new("").await;
    let line = format!(
        "{} init --offline --out {}",
        env!("CARGO_BIN_EXE_scim-rotator"),
        scene.path("asked").display()
    );
    let mut child = tokio::process::Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env_remove("VAULT_ADDR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("`script` starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Address, folder, vendor of the service, vendor of the identity provider, tokens.
    let answers = b"https://vault.example.com:8200\nkv/apps\n\n\ncrm, erp\n";
    let typed = tokio::io::AsyncWriteExt::write_all(&mut stdin, answers);
    typed.await.expect("typed");
    let patience = std::time::Duration::from_secs(30);
    let ended = tokio::time::timeout(patience, child.wait_with_output()).await;
    let output = ended.expect("in time").expect("it ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    drop(stdin);
    assert!(said.contains("Address of Vault"), "{said}");
    let text = scene.read("asked/scim-rotator.toml");
    assert!(
        text.contains("address = \"https://vault.example.com:8200\""),
        "{text}"
    );
    for name in ["crm", "erp"] {
        let path = format!("[tokens.{name}]\nvault_path = \"kv/apps/{name}\"");
        assert!(text.contains(&path), "{text}");
    }
    let check = scene.run_with("asked/scim-rotator.toml", &["check"]).await;
    assert_eq!(check.code, 0, "{check:?}");
}
