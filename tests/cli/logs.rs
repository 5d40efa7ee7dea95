//! A log that nobody reads stops nothing.

use std::io::{PipeReader, Write as _};
use std::os::fd::AsFd as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use super::scene::Scene;
use super::support::bare_http;
use super::systemd::{PATIENCE, Systemd};

/// A daemon whose standard error is a full pipe, and the end that nobody reads.
async fn unread(scene: &Scene, systemd: &Systemd, port: u16) -> (Child, PipeReader) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = fcntl_getfl(writer.as_fd()).expect("flags");
    fcntl_setfl(writer.as_fd(), flags | OFlags::NONBLOCK).expect("set");
    while writer.write(&[b'.'; 4096]).is_ok() {}
    while writer.write(b".").is_ok() {}
    fcntl_setfl(writer.as_fd(), flags).expect("set");
    let mut command = scene.daemon();
    let text = scene.read("daemon.toml");
    scene.write(
        "daemon.toml",
        &text.replace("127.0.0.1:0", &format!("127.0.0.1:{port}")),
    );
    command
        .env("NOTIFY_SOCKET", systemd.path())
        .stdout(Stdio::null())
        .stderr(writer);
    (command.spawn().expect("the binary runs"), reader)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn term(daemon: &Child) {
    let pid = daemon.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(pid.expect("still running"), Signal::TERM).expect("told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_stops_neither_the_work_nor_the_end() {
    let scene = Scene::new("").await;
    let text = scene.read("scim-rotator.toml");
    scene.write(
        "scim-rotator.toml",
        &format!("{text}\n[log]\nfilter = \"trace\"\n"),
    );
    let systemd = Systemd::new();
    let port = free_port();
    let (mut daemon, reader) = unread(&scene, &systemd, port).await;
    systemd.hears("STATUS=1 token: 1 fresh").await;
    assert_eq!(
        scene.sp.stats().issued,
        1,
        "the token was issued and delivered"
    );
    term(&daemon);
    let ended = tokio::time::timeout(PATIENCE, daemon.wait()).await;
    assert!(ended.expect("TERM ends it").expect("waited for").success());
    drop(reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_were_lost_are_counted() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let port = free_port();
    let (mut daemon, reader) = unread(&scene, &systemd, port).await;
    // Now nobody can read it any more.
    drop(reader);
    systemd.hears("STATUS=1 token: 1 fresh").await;
    let url = format!("http://127.0.0.1:{port}/metrics");
    let lost = async {
        loop {
            let answer = bare_http().get(&url).send().await.expect("an answer");
            let metrics = answer.text().await.expect("text");
            let line = metrics
                .lines()
                .find_map(|line| line.strip_prefix("scim_rotator_log_lines_lost_total "));
            if line.expect("the metric") != "0" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let lost = tokio::time::timeout(PATIENCE, lost).await;
    assert!(lost.is_ok(), "lost lines are counted");
    term(&daemon);
    let ended = tokio::time::timeout(PATIENCE, daemon.wait()).await;
    assert!(ended.expect("TERM ends it").expect("waited for").success());
}
