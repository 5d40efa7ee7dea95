//! The audit of the real daemon: what it says of a whole rotation, and that it is whole
//! whatever ends the daemon and whatever happens to the file.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{Keeper, scim2_server_issuer, token};
use super::support::part;
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// A rotation is due at all times.
const RESTLESS: &str = "lifetime = \"1h\"\nmax_age = \"1s\"\noverlap = \"1s\"";
const CALM: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

struct Scene {
    house: House,
    server: Scim2Server,
    sections: String,
    file: PathBuf,
}

impl Scene {
    /// A house whose daemon writes its audit to `file`, with further keys of `[audit]`.
    async fn new(times: &str, file: Option<&str>, more: &str) -> Option<Self> {
        let (mut house, server) = (House::new().await?, Scim2Server::start()?);
        house.longest_call = 1;
        house.log = "info";
        let own = house.path("audit.jsonl");
        let file = file.map_or(own, PathBuf::from);
        let keeper = Keeper::new(&house);
        let sections = [
            format!(
                "\n[audit]\npath = {file:?}\nreplica = \"house\"\nhead_every = \"10s\"\n{more}\n"
            ),
            scim2_server_issuer(&server),
            keeper.connection(&house),
            token(&server.scim_url(), "idp", times),
        ];
        Some(Self {
            sections: sections.concat(),
            house,
            server,
            file,
        })
    }

    async fn run(&self) -> Daemon {
        self.house.run(&self.sections).await
    }

    async fn verified(&self, files: &[&Path], more: &[&str]) -> (Option<i32>, Value) {
        let files = files.iter().map(|file| file.to_str().expect("a path"));
        let mut args = vec!["audit", "verify", "--output", "json"];
        args.extend(more);
        args.extend(files);
        let ran = self.house.command(&args).await;
        let verdict = serde_json::from_str(&ran.stdout);
        (ran.code, verdict.unwrap_or_else(|_| panic!("{ran:?}")))
    }

    /// The audit is searched for secrets too.
    async fn close(self) {
        if let Ok(said) = std::fs::read(&self.file) {
            self.house
                .heard()
                .lock()
                .insert("the audit".to_owned(), said);
        }
        self.house.close().await;
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the audit");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

/// The one line about this.
fn the<'l>(lines: &'l [Value], port: &str, what: &str) -> &'l Value {
    let found = lines
        .iter()
        .find(|line| line["port"] == port && line["what"] == what);
    found.unwrap_or_else(|| panic!("no line of {port} about {what}"))
}

#[tokio::test]
async fn a_whole_rotation_is_told_by_a_chain_that_vault_confirms() {
    let Some(scene) = Scene::new(CALM, None, "mode = \"0640\"").await else {
        return;
    };
    let daemon = scene.run().await;
    scene.house.until("the first token", is_settled).await;
    let rotate = ["rotate", "crm", "--reason", "a drill of ours"];
    let ran = scene.house.command(&rotate).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let record = scene
        .house
        .until("the second token alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(record["history"][0]["asked_why"], "a drill of ours");
    for what in ["pause", "resume"] {
        let args = [what, "--all", "--reason", "a drill of all"];
        let ran = scene.house.command(&args).await;
        assert_eq!(ran.code, Some(0), "{what}: {ran:?}");
    }
    daemon.stop().await;

    let told = lines(&scene.file);
    for what in ["pause", "resume"] {
        let line = the(&told, "request", what);
        assert_eq!(
            (&line["why"], &line["token"]),
            (&"a drill of all".into(), &Value::Null)
        );
        assert_eq!(line["who"]["kind"], "person");
    }
    let asked = the(&told, "request", "rotate");
    assert_eq!(asked["who"]["kind"], "person");
    assert!(text(&asked["who"]["name"]).contains("approle"), "{asked}");
    assert!(asked["who"]["entity"].is_string(), "{asked}");
    assert_eq!(asked["why"], "a drill of ours");
    assert_eq!(asked["token"], "crm");
    let issued: Vec<_> = told.iter().filter(|line| line["what"] == "issue").collect();
    assert_eq!(issued.len(), 2, "{issued:?}");
    let (old, new) = (&issued[0]["after"], &issued[1]["after"]);
    assert!(old.is_string() && new.is_string() && old != new);
    assert_eq!(issued[1]["before"], *old);
    assert_eq!(issued[1]["trigger"], "force");
    assert_eq!(issued[1]["reason"], "in_flight");
    assert_eq!(issued[1]["target"], "sp");
    assert_eq!(issued[1]["kind"], "http");
    assert_eq!(issued[1]["rotation"], record["history"][0]["id"]);
    let revoked = the(&told, "issuer", "revoke");
    assert_eq!(
        (&revoked["before"], &revoked["result"]),
        (old, &"ok".into())
    );
    let refused = the(&told, "probe", "prove_refused");
    assert_eq!((&refused["before"], &refused["after"]), (old, new));
    assert_eq!(refused["result"], "ok");
    for (port, what) in [
        ("connection", "deliver"),
        ("connection", "confirm"),
        ("store", "publish"),
        ("store", "commit"),
        ("probe", "prove"),
        ("audit", "start"),
        ("audit", "stop"),
    ] {
        the(&told, port, what);
    }
    let changes: Vec<_> = told
        .iter()
        .flat_map(|line| line["changes"].as_array().cloned().unwrap_or_default())
        .collect();
    for change in [
        "record_created",
        "lease_taken",
        "rotation_began",
        "intent_stored",
        "new_token_stored",
        "promoted",
        "rotation_success",
        "old_token_kept_for_overlap",
        "old_token_retired",
    ] {
        assert!(changes.contains(&change.into()), "{change}: {changes:?}");
    }
    // The intent is written down before the token that follows from it, and that before
    // the delivery.
    let place = |wanted: &dyn Fn(&Value) -> bool| told.iter().position(wanted).expect("a line");
    let intent = place(&|line| line["changes"].to_string().contains("intent_stored"));
    let issue = place(&|line| line["what"] == "issue");
    let deliver = place(&|line| line["what"] == "deliver");
    assert!(
        intent < issue && issue < deliver,
        "{intent} {issue} {deliver}"
    );

    let (code, verdict) = scene.verified(&[&scene.file], &["--against-vault"]).await;
    assert_eq!(code, Some(0), "{verdict}");
    assert_eq!(verdict["stored"], verdict["last"], "stored at the end");
    cut_off_lines_are_found(&scene).await;
    every_line_is_an_event_of_ocsf(&scene.file);
    scene.close().await;
}

/// The published schema takes what the shipped program makes of the lines.
fn every_line_is_an_event_of_ocsf(file: &Path) {
    let Some(part) = part::find("ocsf") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pipeline = format!(
        "set -o pipefail; python3 {} < {} | {} {}",
        root.join("deploy/audit/ocsf.py").display(),
        file.display(),
        part.join("venv/bin/python").display(),
        root.join("tests/judges/ocsf_judge.py").display(),
    );
    let judged = Command::new("bash").args(["-c", &pipeline]).output();
    let judged = judged.expect("bash");
    let said = String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{said}");
    let count = String::from_utf8_lossy(&judged.stdout).trim().parse();
    assert_eq!(count, Ok(lines(file).len()), "{said}");
}

/// Lines at the end are cut off: the files alone do not show it.
async fn cut_off_lines_are_found(scene: &Scene) {
    let text = std::fs::read_to_string(&scene.file).expect("the audit");
    let kept: Vec<_> = text.lines().collect();
    let cut = scene.house.file(
        "cut.jsonl",
        &format!("{}\n", kept[..kept.len() - 2].join("\n")),
    );
    let (code, verdict) = scene.verified(&[&cut], &[]).await;
    assert_eq!(code, Some(0), "{verdict}");
    let (code, verdict) = scene.verified(&[&cut], &["--against-vault"]).await;
    assert_eq!(code, Some(1), "{verdict}");
    assert_eq!(verdict["problems"][0]["kind"], "truncated");
    let without = [&kept[..3], &kept[4..]].concat().join("\n");
    let without = scene.house.file("without.jsonl", &format!("{without}\n"));
    let (code, verdict) = scene.verified(&[&without], &[]).await;
    assert_eq!(code, Some(1), "{verdict}");
    let problem = &verdict["problems"][0];
    assert_eq!(
        (&problem["kind"], &problem["line"]),
        (&"missing".into(), &4.into())
    );
}

#[tokio::test]
async fn the_chain_is_whole_whenever_the_daemon_is_killed() {
    let Some(scene) = Scene::new(RESTLESS, None, "").await else {
        return;
    };
    for round in 0..12_u64 {
        let daemon = scene.run().await;
        let moment = 700 + (round * 379) % 1900;
        tokio::time::sleep(std::time::Duration::from_millis(moment)).await;
        daemon.kill();
    }
    let daemon = scene.run().await;
    let generation = scene.house.record().await["generation"].as_u64();
    scene
        .house
        .until("it goes on", |record| {
            record["generation"].as_u64() > generation
        })
        .await;
    daemon.stop().await;
    let (code, verdict) = scene.verified(&[&scene.file], &["--against-vault"]).await;
    assert_eq!(code, Some(0), "{verdict}");
    let told = std::fs::read_to_string(&scene.file).expect("the audit");
    let starts = told
        .lines()
        .filter(|line| line.contains("\"what\":\"start\""))
        .count();
    assert!(starts >= 8, "{starts} of 13 starts came to the audit");
    let issues = told
        .lines()
        .filter(|line| line.contains("\"what\":\"issue\""))
        .count();
    assert!(issues > 5, "{issues} issues");
    scene.close().await;
}

#[tokio::test]
async fn on_hup_the_file_is_opened_anew_and_the_chain_goes_on() {
    let Some(scene) = Scene::new(RESTLESS, None, "").await else {
        return;
    };
    let daemon = scene.run().await;
    let mut files = Vec::new();
    for number in 1..=3 {
        eventually("some lines", async || {
            let told = std::fs::read_to_string(&scene.file).unwrap_or_default();
            (told.lines().count() > 10).then_some(())
        })
        .await;
        let rotated = scene.house.path(&format!("audit.jsonl.{number}"));
        std::fs::rename(&scene.file, &rotated).expect("moved");
        files.push(rotated);
        daemon.hang_up();
        eventually("a new file", async || scene.file.exists().then_some(())).await;
    }
    // Moved away while no daemon runs: the next one finds where the chain ended.
    daemon.stop().await;
    let rotated = scene.house.path("audit.jsonl.4");
    std::fs::rename(&scene.file, &rotated).expect("moved");
    files.push(rotated);
    let daemon = scene.run().await;
    eventually("a new file", async || scene.file.exists().then_some(())).await;
    daemon.stop().await;
    files.push(scene.file.clone());
    let files: Vec<_> = files.iter().map(PathBuf::as_path).collect();
    let (code, verdict) = scene.verified(&files, &["--against-vault"]).await;
    assert_eq!(code, Some(0), "{verdict}");
    assert_eq!(verdict["notes"], Value::Array(Vec::new()), "{verdict}");
    let (code, verdict) = scene.verified(&files[1..], &[]).await;
    assert_eq!(code, Some(0), "{verdict}");
    let gap = [files[0], files[2]];
    let (code, verdict) = scene.verified(&gap, &[]).await;
    assert_eq!(code, Some(1), "{verdict}");
    assert_eq!(verdict["problems"][0]["kind"], "missing");
    scene.close().await;
}

#[tokio::test]
async fn a_full_disk_is_counted_and_stops_nothing_unless_that_is_wanted() {
    let Some(scene) = Scene::new(CALM, Some("/dev/full"), "").await else {
        return;
    };
    let daemon = scene.run().await;
    scene.house.until("the first token", is_settled).await;
    eventually("it is told", async || {
        let failing = daemon.metric("scim_rotator_audit_failing").await?;
        (failing == 1.0).then_some(())
    })
    .await;
    assert!(daemon.log().contains("the audit is not written"));
    daemon.stop().await;
    scene.house.close().await;
}

/// Limits the size of the files that a process may write.
fn limit_files_of(process: u32, size: &str) {
    let ran = Command::new("prlimit")
        .args([
            "--pid",
            &process.to_string(),
            &format!("--fsize={size}:unlimited"),
        ])
        .status();
    assert!(ran.expect("prlimit").success());
}

#[tokio::test]
async fn a_file_that_may_not_grow_any_more_stops_nothing_and_the_chain_goes_on_later() {
    let Some(scene) = Scene::new(RESTLESS, None, "").await else {
        return;
    };
    let daemon = scene.run().await;
    let generation = async || scene.house.record().await["generation"].as_u64();
    scene
        .house
        .until("some rotations", |record| {
            record["generation"].as_u64() > Some(1)
        })
        .await;
    let size = std::fs::metadata(&scene.file).expect("the audit").len();
    // In the middle of a line.
    limit_files_of(daemon.id(), &(size + 250).to_string());
    let failing = async |wanted: f64| {
        eventually("the metric tells", async || {
            let failing = daemon.metric("scim_rotator_audit_failing").await?;
            (failing == wanted).then_some(())
        })
        .await;
    };
    failing(1.0).await;
    let before = generation().await;
    scene
        .house
        .until("it goes on", |record| {
            record["generation"].as_u64() > before.map(|n| n + 1)
        })
        .await;
    limit_files_of(daemon.id(), "unlimited");
    failing(0.0).await;
    daemon.stop().await;
    let (code, verdict) = scene.verified(&[&scene.file], &["--against-vault"]).await;
    assert_eq!(code, Some(0), "{verdict}");
    assert_eq!(
        verdict["notes"],
        Value::Array(Vec::new()),
        "nothing was lost or torn"
    );
    scene.close().await;
}

#[tokio::test]
async fn no_rotation_begins_while_nobody_reads_where_that_is_wanted() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let pipe = folder.path().join("audit.pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let stop = "on_failure = \"stop_new_rotations\"";
    let path = pipe.to_str().expect("a path");
    let Some(scene) = Scene::new(CALM, Some(path), stop).await else {
        return;
    };
    let daemon = scene.run().await;
    daemon.until_reason("crm", "audit_fails").await;
    assert!(scene.server.live().await.is_empty(), "nothing was issued");
    // There are no facts in Vault of a token without a record.
    let (_, told) = daemon.get("/api/v1/tokens/crm").await.expect("it runs");
    assert!(told.contains("audit_fails"), "{told}");

    let reader = pipe.clone();
    let read = std::thread::spawn(move || std::fs::read(reader).expect("read"));
    scene.house.until("it begins", is_settled).await;
    daemon.stop().await;
    let told = read.join().expect("a reader");
    let file = scene
        .house
        .file("read.jsonl", &String::from_utf8(told).expect("UTF-8"));
    let (code, verdict) = scene.verified(&[&file], &["--against-vault"]).await;
    assert_eq!(code, Some(0), "{verdict}");
    the(&lines(&file), "issuer", "issue");
    scene.house.close().await;
}

#[tokio::test]
async fn commands_that_only_read_write_nothing_and_once_has_a_chain_of_its_own_beside_a_daemon() {
    let Some(scene) = Scene::new(CALM, None, "").await else {
        return;
    };
    scene.house.configure(&scene.sections);
    for args in [["status"], ["plan"], ["check"]] {
        scene.house.command(&args).await;
    }
    assert!(!scene.file.exists());
    let once = scene.house.command(&["once"]).await;
    assert!(scene.file.exists(), "{once:?}");
    let daemon = scene.run().await;
    scene.house.until("a token", is_settled).await;
    let once = scene.house.command(&["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    daemon.stop().await;
    let beside = scene.house.path("audit.jsonl.command");
    for (file, replica) in [(&scene.file, "house"), (&beside, "house.command")] {
        let (code, verdict) = scene.verified(&[file], &["--against-vault"]).await;
        assert_eq!(code, Some(0), "{verdict}");
        assert_eq!(verdict["replica"], replica);
    }
    scene.close().await;
}
