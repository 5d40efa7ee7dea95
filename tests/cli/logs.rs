//! A log, or the output of a command, that nobody reads stops nothing.

use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use super::reload::is_fresh;
use super::running::Running;
use super::scene::Scene;
use super::support::bare_http;
use super::support::port::free_port;
use super::systemd::{PATIENCE, Systemd};

/// A full pipe: the end that nobody reads, and the other.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = fcntl_getfl(writer.as_fd()).expect("flags");
    fcntl_setfl(writer.as_fd(), flags | OFlags::NONBLOCK).expect("set");
    while writer.write(&[b'.'; 4096]).is_ok() {}
    while writer.write(b".").is_ok() {}
    fcntl_setfl(writer.as_fd(), flags).expect("set");
    (reader, writer)
}

/// A daemon whose standard error is a full pipe, and the end that nobody reads.
async fn unread(scene: &Scene, systemd: &Systemd, port: u16) -> (Child, PipeReader) {
    let (reader, writer) = full_pipe();
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
    systemd.hears("STATUS=1 token: 1 fine").await;
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
    systemd.hears("STATUS=1 token: 1 fine").await;
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

/// Runs a rotation whose output nobody reads; `errors` gets what it complains of.
async fn rotate_unread(scene: &Scene, args: &[&str], errors: impl Into<Stdio>) -> Output {
    let (reader, writer) = full_pipe();
    let mut command = scene.command(args);
    let rotating = command.stdout(writer).stderr(errors).spawn();
    let rotating = rotating.expect("the binary runs").wait_with_output();
    let ended = tokio::time::timeout(PATIENCE, rotating).await;
    let ended = ended.expect("the rotation ends").expect("it runs");
    drop(reader);
    ended
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

const LOST: &str = "of the output were lost: standard output was not read";

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_output_nobody_reads_is_done_and_what_was_lost_is_told() {
    let scene = Scene::new("").await;
    let args = ["rotate", "crm", "--foreground"];
    let ended = rotate_unread(&scene, &args, Stdio::piped()).await;
    let told = complaint(&ended);
    assert!(ended.status.success(), "{told}");
    assert_eq!(scene.sp.stats().issued, 1);
    let line = told.lines().find(|line| line.contains(LOST));
    let line = line.unwrap_or_else(|| panic!("nothing is told: {told}"));
    let lines: u32 = line
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("how many");
    assert!(lines > 4, "every step was one: {line}");

    // Nobody reads what is told either.
    let (reader, writer) = full_pipe();
    let ended = rotate_unread(&scene, &args, writer).await;
    assert!(ended.status.success());
    assert_eq!(scene.sp.stats().issued, 2);
    drop(reader);

    // Where everything is read, nothing of this is told.
    let read = scene.run(&args).await;
    assert_eq!(read.code, 0, "{read:?}");
    assert!(!read.err.contains(LOST), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_follows_the_daemon_and_reads_nothing_stops_nothing() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let mut drained = tokio::task::JoinSet::new();
    drained.spawn(async move { systemd.drain().await });
    running.until("crm works", |m| is_fresh(m, "crm")).await;
    let ended = rotate_unread(&scene, &["rotate", "crm"], Stdio::piped()).await;
    let told = complaint(&ended);
    assert!(ended.status.success(), "{told}\n{}", running.log());
    assert!(told.contains(LOST), "{told}");
    assert_eq!(scene.sp.stats().issued, 2);
    running.end().await;
    drained.abort_all();
}
