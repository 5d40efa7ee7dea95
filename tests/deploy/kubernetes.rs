//! The manifests against the program.

use std::process::Command;

use crate::read;

const CONFIG: &str = "deploy/kubernetes/scim-rotator.toml";

#[test]
fn the_shipped_configuration_is_valid() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(CONFIG);
    let checked = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(["check", "--strict", "--config"])
        .arg(file)
        .env("CREDENTIALS_DIRECTORY", "/run/credentials")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&checked.stdout) + String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}

#[test]
fn the_port_is_the_same_everywhere() {
    let config = read(CONFIG);
    let listen = config
        .lines()
        .find_map(|line| line.strip_prefix("listen = \"0.0.0.0:"))
        .expect("it listens for Prometheus and the probes");
    let port = listen.trim_end_matches('"');
    let deployment = read("deploy/kubernetes/deployment.yaml");
    assert!(deployment.contains(&format!("containerPort: {port}\n")));
    assert!(deployment.contains(&format!("prometheus.io/port: \"{port}\"\n")));
    assert!(read("deploy/kubernetes/service.yaml").contains(&format!("port: {port}\n")));
}

#[test]
fn the_probes_ask_what_the_server_answers() {
    let deployment = read("deploy/kubernetes/deployment.yaml");
    let path_after = |probe: &str| {
        let (_, rest) = deployment.split_once(probe).expect(probe);
        let (_, rest) = rest.split_once("path: ").expect("a path");
        rest.lines().next().expect("a line").to_owned()
    };
    // An unready process must not be restarted for it.
    assert_eq!(path_after("startupProbe:"), "/healthz");
    assert_eq!(path_after("livenessProbe:"), "/healthz");
    assert_eq!(path_after("readinessProbe:"), "/readyz");
}

#[test]
fn a_running_step_may_end_before_the_process_is_killed() {
    let grace: i64 = read("deploy/kubernetes/deployment.yaml")
        .lines()
        .find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "))
        .and_then(|seconds| seconds.parse().ok())
        .expect("a grace period");
    let limit = scim_rotator::config::Limits::default().shutdown_grace;
    assert!(grace > limit.as_secs() + 10);
    let unit = read("deploy/systemd/scim-rotator.service");
    assert!(unit.contains(&format!("TimeoutStopSec={grace}s\n")));
}
