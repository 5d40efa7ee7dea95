//! The manifests against the program.

use std::process::Command;

use crate::read;

const CONFIG: &str = "deploy/kubernetes/base/scim-rotator.toml";
const DEPLOYMENT: &str = "deploy/kubernetes/base/deployment.yaml";

#[test]
fn the_shipped_configuration_is_valid() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(CONFIG);
    let checked = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(["check", "--strict", "--config"])
        .arg(file)
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
    let deployment = read(DEPLOYMENT);
    assert!(deployment.contains(&format!("containerPort: {port}\n")));
    assert!(deployment.contains(&format!("prometheus.io/port: \"{port}\"\n")));
    assert!(read("deploy/kubernetes/base/service.yaml").contains(&format!("port: {port}\n")));
    assert!(read("deploy/container/Containerfile").contains(&format!("\nEXPOSE {port}\n")));
}

#[test]
fn the_token_for_vault_lies_where_the_configuration_looks() {
    let config = read(CONFIG);
    let (_, rest) = config.split_once("jwt = { file = \"").expect("a file");
    let (file, _) = rest.split_once('"').expect("its path");
    let (folder, name) = file.rsplit_once('/').expect("a folder");
    let deployment = read(DEPLOYMENT);
    assert!(deployment.contains(&format!(
        "- name: vault-token\n          mountPath: {folder}\n"
    )));
    assert!(deployment.contains(&format!("              path: {name}\n")));
}

#[test]
fn the_user_of_the_image_is_that_of_the_pods() {
    let image = read("deploy/container/Containerfile");
    let user = image.lines().find_map(|line| line.strip_prefix("USER "));
    let (user, group) = user.and_then(|u| u.split_once(':')).expect("user:group");
    let deployment = read(DEPLOYMENT);
    assert!(deployment.contains(&format!("runAsUser: {user}\n")));
    assert!(deployment.contains(&format!("runAsGroup: {group}\n")));
}

#[test]
fn the_version_of_the_image_is_that_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let image = read("deploy/container/Containerfile");
    assert!(image.contains(&format!("org.opencontainers.image.version=\"{version}\"")));
    let base = read("deploy/kubernetes/base/kustomization.yaml");
    assert!(base.contains(&format!("newTag: \"{version}\"\n")));
    let chart = read("deploy/helm/scim-rotator/Chart.yaml");
    assert!(chart.contains(&format!("\nversion: {version}\n")));
    assert!(chart.contains(&format!("\nappVersion: \"{version}\"\n")));
}

#[test]
fn the_operator_gets_the_same_rules_as_a_bare_prometheus() {
    let manifest = read("deploy/kubernetes/prometheus-operator/prometheusrule.yaml");
    let (_, spec) = manifest.split_once("\nspec:\n").expect("a spec");
    let rules: Vec<&str> = spec
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line))
        .collect();
    let shipped = read(crate::alerts::RULES);
    let same = rules.iter().copied().eq(shipped.lines());
    assert!(same, "run tests/deploy/prometheusrule.sh");
}

#[test]
fn the_probes_ask_what_the_server_answers() {
    let deployment = read(DEPLOYMENT);
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
    let grace: i64 = read(DEPLOYMENT)
        .lines()
        .find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "))
        .and_then(|seconds| seconds.parse().ok())
        .expect("a grace period");
    let limit = scim_rotator::config::Limits::default().shutdown_grace;
    assert!(grace > limit.as_secs() + 10);
    let unit = read("deploy/systemd/scim-rotator.service");
    assert!(unit.contains(&format!("TimeoutStopSec={grace}s\n")));
}
