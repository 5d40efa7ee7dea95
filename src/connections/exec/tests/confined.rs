//! A program does not get at the credentials of the daemon.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::process::geteuid;

use super::*;

/// What the program says of itself.
async fn said(bench: &Bench) -> String {
    bench.deliver().await.expect_err("told").message
}

const TELL: &str = "printf '{\"result\": \"not_applied\", \"detail\": \"%s\"}' \"$told\"";

#[tokio::test]
async fn the_files_of_the_daemon_cannot_be_read_and_all_others_can() {
    let bench = in_folder(&format!(
        "cd @DIR@; for file in own/secret own/link link /proc/$PPID/root@DIR@/own/secret /proc/$PPID/environ \
         own/beside beside /etc/passwd; do cat $file >/dev/null 2>&1 && told=\"$told $file\"; done; \
         echo x > written && told=\"$told wrote\"; echo y > own/beside && told=\"$told too\"; {TELL}"
    ));
    let own = bench.dir.path().join("own");
    std::fs::create_dir(&own).expect("a folder");
    for file in [
        own.join("secret"),
        own.join("beside"),
        bench.dir.path().join("beside"),
    ] {
        std::fs::write(file, "text").expect("written");
    }
    symlink("secret", own.join("link")).expect("a link");
    symlink("own/secret", bench.dir.path().join("link")).expect("a link");
    files::set_own(vec![own.join("link")]);
    let confined = said(&bench).await;
    assert!(
        confined.ends_with("own/beside beside /etc/passwd wrote too"),
        "{confined}"
    );
    for part in ["own/secret", "link"] {
        assert!(!confined.contains(part), "{part}: {confined}");
    }
    let free = said(&bench.with(|c| c.confine = false)).await;
    assert!(free.contains("own/secret own/link link"), "{free}");
}

#[tokio::test]
async fn it_can_have_a_user_of_its_own_and_no_group_of_ours() {
    if !geteuid().is_root() {
        return;
    }
    let script = format!("told=\"$(id -u) $(id -g) $(id -G)\"; {TELL}");
    let bench = Bench::new(&script)
        .with(|c| c.user = Some(serde_json::from_str("\"65534:65533\"").expect("a user")));
    for path in [
        bench.dir.path().to_owned(),
        bench.dir.path().join("program.sh"),
    ] {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("set");
    }
    let told = said(&bench).await;
    assert!(told.ends_with("65534 65533 65533"), "{told}");
}

#[tokio::test]
async fn it_gains_no_rights() {
    let bench = Bench::new(&format!(
        "told=$(grep NoNewPrivs /proc/self/status | tr -dc 0-9); {TELL}"
    ));
    assert!(said(&bench).await.ends_with(": 1"));
    assert!(
        said(&bench.with(|c| c.confine = false))
            .await
            .ends_with(": 0")
    );
}
