use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::audit::config::FileMode;
use crate::audit::event::{Event, Port, WhoKind};
use crate::audit::pen::text;
use crate::audit::sink::{FileSink, Sink};
use crate::audit::verify::{Verdict, Verifier};

fn own(what: &'static str) -> Event {
    let process = ("a", "p", WhoKind::Daemon);
    Event::of_process(process, Timestamp::UNIX_EPOCH, Port::Audit, what)
}

struct Scene {
    _folder: TempDir,
    path: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        Self {
            path: folder.path().join("audit.jsonl"),
            _folder: folder,
        }
    }

    fn start(&self, stored: Option<Head>) -> AuditLog {
        started(&self.path, stored, MOST_BYTES)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).expect("a file")
    }

    fn verdict(&self, stored: Option<Head>) -> Verdict {
        let mut verifier = Verifier::new(stored);
        verifier
            .file("audit", self.text().as_bytes())
            .expect("read");
        verifier.end()
    }
}

fn started(path: &Path, stored: Option<Head>, most_bytes: usize) -> AuditLog {
    let log = AuditLog::with(most_bytes, Duration::from_millis(300), true);
    let to = Destination {
        sink: Sink::File(FileSink::new(path.to_owned(), FileMode::Group)),
        copy: None,
    };
    log.start(to, "a", stored, Box::new(own)).expect("a thread");
    log
}

fn fields() -> String {
    text(&own("commit"))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..200 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came: {what}");
}

fn whats(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(line["what"].as_str()?.to_owned())
    });
    lines.collect()
}

#[tokio::test]
async fn a_line_is_in_the_file_when_its_writer_goes_on_and_the_chain_outlives_the_process() {
    let scene = Scene::new();
    let log = scene.start(None);
    for number in 1..=3 {
        log.push(fields()).await;
        assert_eq!(whats(&scene.text()).len(), number + 1);
    }
    let head = log.head().await.expect("a head");
    assert_eq!(head.number, 4);
    let mode = fs::metadata(&scene.path).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
    drop(log);
    // The lock of the first process is gone with it; here it is taken away by hand.
    let moved = scene.path.with_extension("1");
    fs::rename(&scene.path, &moved).expect("moved");
    fs::copy(&moved, &scene.path).expect("copied");
    let log = scene.start(Some(head));
    log.push(fields()).await;
    let verdict = scene.verdict(None);
    assert!(verdict.ok && verdict.notes.is_empty(), "{verdict:?}");
    assert_eq!(verdict.last.map(|head| head.number), Some(6));
    assert_eq!(log.health().failing, None);
}

#[tokio::test]
async fn after_a_rotation_of_the_file_the_chain_goes_on_in_the_new_one() {
    let scene = Scene::new();
    let log = scene.start(None);
    log.push(fields()).await;
    let rotated = scene.path.with_extension("jsonl.1");
    fs::rename(&scene.path, &rotated).expect("moved");
    log.push(fields()).await;
    assert!(!scene.path.exists(), "before HUP the old file is written");
    log.reopen();
    log.push(fields()).await;
    let mut verifier = Verifier::default();
    for path in [&rotated, &scene.path] {
        let text = fs::read(path).expect("a file");
        verifier.file("audit", text.as_slice()).expect("read");
    }
    let verdict = verifier.end();
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!((verdict.lines, whats(&scene.text()).len()), (4, 1));
}

#[tokio::test]
async fn the_part_of_a_line_that_a_crash_left_is_marked_and_the_chain_goes_on() {
    let scene = Scene::new();
    let log = scene.start(None);
    log.push(fields()).await;
    let whole = scene.text();
    let crashed = Scene::new();
    fs::write(&crashed.path, format!("{whole}{{\"number\":3,\"ver")).expect("written");
    assert!(!crashed.verdict(None).ok, "not marked yet");
    let log = crashed.start(None);
    log.push(fields()).await;
    let verdict = crashed.verdict(None);
    assert!(verdict.ok, "{verdict:?}\n{}", crashed.text());
    assert_eq!(
        whats(&crashed.text()),
        ["start", "commit", "torn", "start", "commit"]
    );
}

#[tokio::test]
async fn a_file_that_was_cut_is_told_by_a_gap_and_found() {
    let scene = Scene::new();
    let log = scene.start(None);
    for _ in 0..4 {
        log.push(fields()).await;
    }
    let head = log.head().await.expect("a head");
    let cut = Scene::new();
    let kept: Vec<_> = scene.text().lines().take(2).map(str::to_owned).collect();
    fs::write(&cut.path, format!("{}\n", kept.join("\n"))).expect("written");
    let log = cut.start(Some(head));
    log.push(fields()).await;
    assert!(
        whats(&cut.text()).contains(&"gap".to_owned()),
        "{}",
        cut.text()
    );
    let verdict = cut.verdict(None);
    let problem = &verdict.problems[0];
    assert!(
        problem.detail.contains("3 to 5") && problem.detail.contains("noted"),
        "{verdict:?}"
    );
    // A file that is gone: the chain goes on after what Vault knows.
    let gone = Scene::new();
    let log = gone.start(Some(head));
    log.push(fields()).await;
    let verdict = gone.verdict(None);
    assert!(verdict.ok && verdict.first == Some(6), "{verdict:?}");
    assert!(
        verdict.notes[0].detail.contains("Vault knew line 5"),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_full_disk_costs_no_time_and_what_was_lost_is_told_once_it_has_room() {
    // /dev/full has no room ever; a link to it becomes a file later.
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).expect("a link");
    let most = 10 * fields().len();
    let log = started(&path, None, most);
    until("the failure is seen", || log.health().failing.is_some()).await;
    let began = tokio::time::Instant::now();
    for _ in 0..25 {
        log.push(fields()).await;
    }
    assert!(began.elapsed() < Duration::from_millis(200), "nobody waits");
    let health = log.health();
    assert!(health.failing.is_some_and(|why| why.contains("space")));
    assert_eq!((health.written, health.lost), (0, 15));
    fs::remove_file(&path).expect("removed");
    log.reopen();
    until("it is written", || {
        log.health().failing.is_none() && log.health().written > 11
    })
    .await;
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(whats(&text).last().map(String::as_str), Some("lost"));
    let mut verifier = Verifier::default();
    verifier.file("audit", text.as_bytes()).expect("read");
    let verdict = verifier.end();
    assert!(
        verdict.ok && verdict.notes[0].detail.contains("15 events"),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_named_pipe_without_a_reader_and_with_one_that_stalls_costs_no_time() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("audit.pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo").success());
    assert!(!crate::audit::sink::is_held(&path), "and is asked at once");
    let log = started(&path, None, MOST_BYTES);
    until("nobody reads", || {
        log.health()
            .failing
            .is_some_and(|why| why.contains("nobody reads"))
    })
    .await;
    let mut reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .expect("a reader");
    until("it is read", || log.health().failing.is_none()).await;
    // The pipe takes some 64 KiB, and then nothing.
    let began = tokio::time::Instant::now();
    for _ in 0..500 {
        log.push(fields()).await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert!(log.health().failing.is_some(), "it stalls");
    let mut text = Vec::new();
    while text.iter().filter(|byte| **byte == b'\n').count() < 501 {
        let mut part = [0; 4096];
        let count = reader.read(&mut part).expect("read");
        text.extend_from_slice(&part[..count]);
    }
    until("all is written", || log.health().written == 501).await;
    assert_eq!(log.health().failing, None);
    let mut verifier = Verifier::default();
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .expect("a line");
    verifier.file("pipe", &text[..=whole]).expect("read");
    let verdict = verifier.end();
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!(log.health().lost, 0);
}

#[tokio::test]
async fn two_processes_never_write_one_file() {
    let scene = Scene::new();
    let first = scene.start(None);
    first.push(fields()).await;
    assert!(crate::audit::sink::is_held(&scene.path));
    let second = scene.start(None);
    second.push(fields()).await;
    let why = second.health().failing.expect("it is refused");
    assert!(why.contains("another process"), "{why}");
    assert_eq!(whats(&scene.text()), ["start", "commit"]);
    assert!(!crate::audit::sink::is_held(
        &scene.path.with_extension("other")
    ));
}

#[tokio::test]
async fn a_file_that_others_may_read_is_narrowed() {
    let scene = Scene::new();
    fs::write(&scene.path, "").expect("written");
    fs::set_permissions(&scene.path, fs::Permissions::from_mode(0o666)).expect("set");
    let log = scene.start(None);
    log.push(fields()).await;
    let mode = fs::metadata(&scene.path).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
}

#[tokio::test]
async fn who_goes_on_knows_that_its_line_is_on_the_disk_unless_that_is_switched_off() {
    let scene = Scene::new();
    let log = scene.start(None);
    let synced = |log: &AuditLog| log.shared.synced.load(Ordering::Relaxed);
    log.push(fields()).await;
    let after_one = synced(&log);
    assert!(
        after_one >= 1,
        "the line is in the memory of the machine only"
    );
    log.push(fields()).await;
    assert!(synced(&log) > after_one);

    let scene = Scene::new();
    let lazy = AuditLog::with(MOST_BYTES, PATIENCE, false);
    let to = Destination {
        sink: Sink::File(FileSink::new(scene.path.clone(), FileMode::Group)),
        copy: None,
    };
    lazy.start(to, "a", None, Box::new(own)).expect("a thread");
    lazy.push(fields()).await;
    assert_eq!(whats(&scene.text()), ["start", "commit"]);
    assert_eq!(synced(&lazy), 0);
}

/// One synchronisation serves all that wait at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_come_together_are_synchronised_together() {
    const LINES: u64 = 2_000;
    let scene = Scene::new();
    let log = Arc::new(scene.start(None));
    let began = tokio::time::Instant::now();
    let all = (0..LINES).map(|_| {
        let log = Arc::clone(&log);
        async move { log.push(fields()).await }
    });
    futures_util::future::join_all(all).await;
    let (took, synced) = (began.elapsed(), log.shared.synced.load(Ordering::Relaxed));
    eprintln!("{LINES} lines on the disk in {took:?} with {synced} synchronisations");
    assert_eq!(whats(&scene.text()).len() as u64, LINES + 1);
    assert!((1..=LINES / 10).contains(&synced), "{synced}");
}
