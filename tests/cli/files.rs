//! Files that people provide: what is no regular file stops nothing, and what other
//! users may write is refused with the remedy.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::running::Running;
use super::scene::Scene;
use super::systemd::Systemd;

const BAD: &str = "scim_rotator_config_last_reload_successful 0";

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

/// Puts a pipe that nobody writes to in the place of a file.
fn make_pipe(path: &Path) {
    std::fs::remove_file(path).expect("removed");
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_place_of_the_configuration_stops_nothing() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    make_pipe(&scene.path("daemon.toml"));
    running.until("it is refused", |m| m.contains(BAD)).await;
    running.hang_up();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(running.metrics().await.contains(BAD), "it still answers");
    let log = running.end().await;
    assert!(log.contains("a pipe, not a regular file"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_place_of_a_credential_stops_nothing() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let credential = scene.path("daemon-secret-id");
    std::fs::remove_file(&credential).expect("removed");
    let running = Running::start(&scene, &systemd).await;
    running.says("there is no such file").await;
    std::fs::write(&credential, "").expect("written");
    make_pipe(&credential);
    running.says("it is a pipe, not a regular file").await;
    running.metrics().await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_folders_that_others_may_write_are_refused() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["check"]).await.code, 0);
    for file in ["scim-rotator.toml", "daemon-secret-id", "sp-admin"] {
        let path = scene.path(file);
        for mode in [0o602, 0o666] {
            set_mode(&path, mode);
            let checked = scene.run(&["check"]).await;
            assert_eq!(checked.code, 64, "{file} {mode:o}: {checked:?}");
            let remedy = format!("chmod go-w {}", path.display());
            assert!(
                checked.err.contains(&remedy) || checked.out.contains(&remedy),
                "{checked:?}"
            );
        }
        set_mode(&path, 0o600);
    }
    let folder = scene.path("");
    set_mode(&folder, 0o777);
    let checked = scene.run(&["check"]).await;
    assert_eq!(checked.code, 64, "{checked:?}");
    assert!(checked.out.contains("chmod go-w"), "{checked:?}");
    set_mode(&folder, 0o700);
    assert_eq!(scene.run(&["check"]).await.code, 0);
}

/// What `check` did not see is refused when it is used.
#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_others_may_write_is_not_sent() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let credential = scene.path("daemon-secret-id");
    let text = scene.read("daemon-secret-id");
    std::fs::remove_file(&credential).expect("removed");
    let running = Running::start(&scene, &systemd).await;
    running.says("there is no such file").await;
    let beside = scene.path("beside");
    std::fs::write(&beside, text).expect("written");
    set_mode(&beside, 0o666);
    std::fs::rename(&beside, &credential).expect("put in place");
    running.says("other users may write it (mode 0666)").await;
    set_mode(&credential, 0o600);
    running
        .until("it is used once it is safe", |m| {
            m.contains("scim_rotator_vault_up 1")
        })
        .await;
    running.end().await;
}
