//! Clients that connect to the HTTP server and stay silent: what the daemon needs for
//! Vault, issuers and identity providers stays free.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::reload::is_fresh;
use super::running::Running;
use super::scene::Scene;
use super::systemd::Systemd;

const CLIENTS: usize = 1024;

/// The daemon with this many descriptors.
fn limited(daemon: &Command, descriptors: usize) -> Command {
    let daemon = daemon.as_std();
    let mut limited = Command::new("/bin/sh");
    limited
        .arg("-c")
        .arg(format!("ulimit -n {descriptors}; exec \"$@\""))
        .arg("sh")
        .arg(daemon.get_program())
        .args(daemon.get_args())
        .kill_on_drop(true);
    if let Some(folder) = daemon.get_current_dir() {
        limited.current_dir(folder);
    }
    for (name, value) in daemon.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

/// This process opens as many connections as the daemon is sent.
fn permit_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(8192, |most| most.min(8192));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as are permitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_clients_take_no_descriptor_that_a_rotation_needs() {
    permit_descriptors();
    for descriptors in [128, CLIENTS] {
        let scene = Scene::new("").await;
        let systemd = Systemd::new();
        let running = Running::start_as(limited(&scene.daemon(), descriptors), &systemd).await;
        let mut drained = tokio::task::JoinSet::new();
        drained.spawn(async move { systemd.drain().await });
        running.until("crm works", |m| is_fresh(m, "crm")).await;

        let address = running.url().replace("http://", "");
        let mut crowd = Vec::new();
        for _ in 0..CLIENTS {
            let connecting = TcpStream::connect(&address);
            let connected = tokio::time::timeout(Duration::from_secs(5), connecting).await;
            crowd.extend(connected.ok().and_then(Result::ok));
        }
        assert!(crowd.len() > CLIENTS / 2, "{}", crowd.len());
        let rotated = scene.run(&["rotate", "crm"]).await;
        assert_eq!(rotated.code, 0, "{rotated:?}\n{}", running.log());
        assert_eq!(scene.sp.stats().issued, 2);
        let metrics = running.metrics().await;
        assert!(is_fresh(&metrics, "crm"), "it answers too: {metrics}");
        drop(crowd);
        running.end().await;
        drained.abort_all();
    }
}
