//! The status page in a real browser: what `page/browser.mjs` looks at, at three sizes,
//! in both colour schemes, in three states; and the API, judged by a validator that
//! nobody here wrote.

mod scene;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use scim_rotator::server::config::ServerConfig;
use scim_rotator::server::{Server, Told};
use scim_rotator::telemetry::Telemetry;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fixture;
use crate::support::part::{self, Group};
use scene::{Fixed, Kept};

/// How long the browser may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(420);

/// A server that tells of a made-up scene.
struct Served {
    url: String,
    telemetry: Telemetry,
}

async fn served(tasks: &mut JoinSet<()>, end: &CancellationToken, fill: fn(&Telemetry)) -> Served {
    let config: ServerConfig = toml::from_str("listen = \"127.0.0.1:0\"").expect("config");
    let bound = Server::bind(&config).await.expect("a free port");
    let telemetry = scene::empty();
    fill(&telemetry);
    let url = format!("http://{}", bound.address());
    let told = Told {
        telemetry: telemetry.clone(),
        clock: Arc::new(Fixed),
        replica: "0199c0de".to_owned(),
        rotations: Arc::new(Kept),
    };
    let served = bound.serve(told, end.clone());
    tasks.spawn(async move { served.await.expect("it serves") });
    Served { url, telemetry }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_finds_no_fault_with_the_status_page() {
    let Some(part) = part::find("chromium") else {
        return;
    };
    let (mut tasks, end) = (JoinSet::new(), CancellationToken::new());
    let fine = served(&mut tasks, &end, scene::all_fine).await;
    let trouble = served(&mut tasks, &end, scene::trouble).await;
    let empty = served(&mut tasks, &end, scene::nothing_and_paused).await;
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = pictures().unwrap_or_else(|| folder.path().to_owned());
    let signal = folder.path().join("signal");
    let task = json!({
        "fine": fine.url, "trouble": trouble.url, "empty": empty.url,
        "signal": signal, "pictures": pictures,
    });
    let mut command = Command::new("node");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/page/browser.mjs"))
        .arg(&part)
        .arg(task.to_string());
    let mut browser = Group::start(command);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = browser.ended() {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "{}", browser.said());
        for server in [&fine, &trouble, &empty] {
            server.telemetry.health.beat();
        }
        // The browser has the page open, and waits for a change of it.
        if signal.exists() {
            std::fs::remove_file(&signal).expect("removed");
            scene::break_one(&fine.telemetry);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let said = browser.said();
    assert!(status.success(), "{said}");
    // It has looked at everything.
    for look in [
        "everySize",
        "keyboard",
        "address",
        "withoutScript",
        "stale",
        "api",
        "live",
    ] {
        assert!(said.contains(&format!("{look}: ")), "{said}");
    }
    println!("{said}");
    for picture in ["status-page-light.png", "status-page-dark.png"] {
        let size = std::fs::metadata(pictures.join(picture))
            .expect("a picture")
            .len();
        assert!(size <= 200_000, "{picture}: {size} bytes");
    }
    // Pages that are open do not keep the server from ending.
    end.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(6), tasks.join_all()).await;
    assert!(ended.is_ok(), "the server did not end in time");
}

/// Where new pictures for the README are to be written.
#[expect(
    clippy::disallowed_methods,
    reason = "the caller says where the pictures go"
)]
fn pictures() -> Option<PathBuf> {
    let folder = std::env::var("SCIM_ROTATOR_PICTURES").ok()?;
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

#[test]
fn the_readme_shows_the_pictures() {
    for picture in ["status-page-light.png", "status-page-dark.png"] {
        let path = format!("deploy/images/{picture}");
        assert!(crate::read("README.md").contains(&path), "{path}");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
        let bytes = std::fs::read(&file).expect("a picture");
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() <= 200_000);
    }
    // The scene is what its pictures show.
    let telemetry = scene::empty();
    scene::trouble(&telemetry);
    let sentence = telemetry.board.sentence(fixture::now());
    assert!(sentence.contains("need you"), "{sentence}");
}
