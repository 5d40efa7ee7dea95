//! `vendors replay` with the real binary.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::ISSUER_REPLAY;
use super::support::bare_http;

/// A server that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/replay")
        .join(name)
}

fn command(replay: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    command
        .args(["vendors", "replay"])
        .arg(here("issuer.toml"))
        .arg(replay)
        .args(args);
    command
}

fn ran(replay: &Path, args: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(replay, args).output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("a code"), text(stdout), text(stderr))
}

#[test]
fn a_table_of_scenes_and_what_is_wrong() {
    let good = here("issuer.replay.toml");
    let record = tempfile::NamedTempFile::new().expect("a file");
    let path = record.path().to_str().expect("text");
    let (code, out, err) = ran(&good, &["--record", path]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let rows: Vec<_> = out.lines().collect();
    assert_eq!(rows.len(), 13, "{out}");
    assert!(rows[0].starts_with("SCENE"), "{out}");
    let row: Vec<_> = rows[1].split_whitespace().take(5).collect();
    assert_eq!(row, ["good", "path", "ok", "4", "A"], "{out}");
    let lines = std::fs::read_to_string(record.path()).expect("the record");
    assert_eq!(lines.lines().count(), 36);
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["url"], "https://acme.example.com/oauth/token");

    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.toml");
    std::fs::write(&bad, ISSUER_REPLAY.replace("days = 30", "days = 31")).expect("written");
    let (code, out, _) = ran(&bad, &["--scene", "lost reply"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("lost reply  failed"), "{out}");
    assert!(
        out.contains("scene `lost reply`:\n  exchange 2, during run 1 (issue)"),
        "{out}"
    );
    let args = [
        "--scene",
        "lost reply",
        "--scene",
        "two pages",
        "--output",
        "json",
    ];
    let (code, out, _) = ran(&bad, &args);
    assert_eq!(code, 1, "{out}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["result"], "failed");
    assert_eq!(report["scenes"][0]["result"], "failed");
    assert_eq!(report["scenes"][1]["result"], "ok");
    assert_eq!(report["rules_not_fired"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_run_ends_with_usage() {
    let good = here("issuer.replay.toml");
    for (replay, args, told) in [
        (&good, &["--scene", "none"][..], "no scene `none`"),
        (&good, &["--serve", "none"], "no scene `none`"),
        (&here("none.toml"), &[], "cannot be read"),
        (&here("issuer.toml"), &[], "unknown field `issuers`"),
        (&good, &["--port", "1"], "--serve"),
    ] {
        let (code, out, err) = ran(replay, args);
        assert_eq!((code, out.as_str()), (64, ""), "{args:?} {err}");
        assert!(err.contains(told), "{args:?} {err}");
    }
}

#[tokio::test]
async fn a_scene_is_served_until_a_signal() {
    let record = tempfile::NamedTempFile::new().expect("a file");
    let path = record.path().to_str().expect("text");
    let args = ["--serve", "good path", "--record", path];
    let child = command(&here("issuer.replay.toml"), &args)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().expect("a pipe")).lines();
    let url = lines.next().expect("a line").expect("text");
    let login = bare_http().post(format!("{url}/oauth/token"));
    let login = login.form(&[("grant_type", "other")]).send().await;
    let login: Value = login.expect("an answer").json().await.expect("JSON");
    assert_eq!(login["access_token"], "access-1");
    let recorded = std::fs::read_to_string(record.path()).expect("the record");
    let recorded: Value = serde_json::from_str(&recorded).expect("one line");
    assert_eq!(recorded["body"], "grant_type=other");
    kill_process(Pid::from_child(&running.0), Signal::TERM).expect("told to end");
    assert_eq!(running.0.wait().expect("an end").code(), Some(0));
}
