//! `status --watch`: again and again, until a person ends it.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::scene::Scene;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_written_anew_until_it_is_interrupted() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let mut child = scene
        .command(&["status", "-w", "-i", "1s", "-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let out = child.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(out).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.expect("in time").expect("read").expect("a line");
        serde_json::from_str::<Value>(&line).expect("one document a look")
    };
    assert_eq!(next().await["tokens"][0]["state"]["word"], "fresh");
    let paused = ["pause", "crm", "--no-wait", "--reason", "a drill"];
    assert_eq!(scene.run(&paused).await.code, 0);
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let seen = async { while next().await["tokens"][0]["state"]["word"] != "paused" {} };
    tokio::time::timeout(PATIENCE, seen)
        .await
        .expect("it is seen");
    interrupt(child.id());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    let status = ended.expect("in time").expect("it ended");
    assert_eq!(status.code(), Some(0), "Ctrl-C is how it ends");
}

fn interrupt(id: Option<u32>) {
    let id = id
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    kill_process(id.expect("it runs"), Signal::INT).expect("told");
}

/// `script` gives it a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_it_is_drawn_in_place_and_the_cursor_comes_back() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let line = format!(
        "stty rows 24 cols 80; exec {} --config {} status --watch --interval 1s",
        env!("CARGO_BIN_EXE_scim-rotator"),
        scene.path("scim-rotator.toml").display()
    );
    let mut child = tokio::process::Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("`script` starts");
    let mut out = child.stdout.take().expect("a pipe");
    let mut seen = Vec::new();
    let two_looks = async {
        while seen.windows(3).filter(|part| part == b"\x1b[H").count() < 2 {
            let mut part = [0; 4096];
            let count = out.read(&mut part).await.expect("read");
            assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&part[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, two_looks)
        .await
        .expect("drawn");
    let text = String::from_utf8_lossy(&seen).into_owned();
    assert_eq!(text.matches("\x1b[2J").count(), 1, "cleared once: {text:?}");
    assert!(text.contains("every 1 s; Ctrl-C ends"), "{text:?}");
    // What a person types.
    let mut stdin = child.stdin.take().expect("a pipe");
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"\x03")
        .await
        .expect("typed");
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, out.read_to_end(&mut rest)).await;
    read.expect("it ends").expect("read");
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.contains("\x1b[?25h"), "the cursor is back: {rest:?}");
}
