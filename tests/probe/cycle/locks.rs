//! Before every lock is open, nothing is written.

use scim_rotator::scim::cycle::locks::TenantMarker;
use scim_rotator::scim::cycle::report::CycleVerdict;

use super::Scene;
use super::directory::Deviation;

async fn refuses(scene: &Scene, step: &str) {
    let report = scene.run().await;
    assert_eq!(report.verdict(), CycleVerdict::Failed, "{report:#?}");
    let last = report.decisive().expect("decided");
    assert_eq!(last.step.as_str(), step, "{report:#?}");
    let writes = scene.server.seen();
    let writes: Vec<_> = writes
        .iter()
        .filter(|s| !s.head.starts_with("GET "))
        .collect();
    assert!(writes.is_empty(), "{step}: {writes:?}");
}

#[tokio::test]
async fn a_full_directory_is_taken_for_production() {
    let full = Deviation {
        users: 200,
        ..Deviation::default()
    };
    refuses(&Scene::new(full, "").await, "population").await;
    let silent = Deviation {
        no_total: true,
        ..Deviation::default()
    };
    refuses(&Scene::new(silent, "").await, "population").await;
}

#[tokio::test]
async fn another_tenant_is_found_by_its_marker() {
    let mut scene = Scene::new(Deviation::default(), "").await;
    let pinned = |text: &str| toml::from_str::<TenantMarker>(text).expect(text);
    for marker in [
        "",
        "user = 'john'",
        "group = 'jane2'",
        "user = '../Users'",
        "configuration = '000000000000'",
        "user = 'jane'\nconfiguration = '000000000000'",
    ] {
        let marker = pinned(marker);
        scene.config.tenant_marker = marker;
        refuses(&scene, "tenant").await;
    }
}

#[tokio::test]
async fn the_dry_run_prints_a_marker_that_opens_the_lock_and_writes_nothing() {
    use scim_rotator::ports::Probe;
    use scim_rotator::secret::BearerToken;

    let mut scene = Scene::new(Deviation::default(), "").await;
    scene.config.tenant_marker = TenantMarker::default();
    let token = BearerToken::parse(crate::server::TOKEN).expect("a token");
    let probe = scene.probe();
    let look = probe.full_cycle().expect("allowed").look(&token).await;
    assert_eq!(look.users, Ok(1));
    assert!(look.tenant.is_err());
    let digest = look.configuration.expect("a digest");
    assert!(
        scene
            .server
            .seen()
            .iter()
            .all(|s| s.head.starts_with("GET "))
    );
    scene.config.tenant_marker.user = None;
    scene.config.tenant_marker.configuration = Some(digest);
    assert_eq!(scene.run().await.verdict(), CycleVerdict::Passed);
}
