//! Service providers that lie about ids, echo the token, and answer with pages.

use scim_rotator::scim::cycle::report::{CycleVerdict, Grade};

use super::directory::{Deviation, Fault};
use super::{Scene, grade};
use crate::server::TOKEN;

/// An id that leads elsewhere is not used: the user is found by its name, and no
/// collection and no other user is deleted.
#[tokio::test]
async fn ids_that_lead_elsewhere_delete_nothing_else() {
    for id in [
        "../../Users",
        "..",
        ".",
        "",
        "%2e%2e/",
        "a/b",
        "a?b",
        "a#b",
        "a\0b",
        "Users/",
        "jane",
    ] {
        let deviation = Deviation {
            fixed_id: Some(id),
            ..Deviation::default()
        };
        let scene = Scene::new(deviation, "groups = false").await;
        let report = scene.run().await;
        assert!(scene.directory.is_unharmed(), "{id:?}");
        assert!(scene.directory.left().is_empty(), "{id:?}: {report:#?}");
        let text = serde_json::to_string(&report).expect("JSON");
        if id.len() > 2 {
            assert!(!text.contains(id), "{id:?}: no id is shown");
        }
    }
}

#[tokio::test]
async fn an_answer_with_another_user_is_no_creation() {
    let deviation = Deviation {
        other_user: true,
        ..Deviation::default()
    };
    let scene = Scene::new(deviation, "").await;
    let report = scene.run().await;
    assert_eq!(report.verdict(), CycleVerdict::Failed);
    assert_eq!(grade(&report, "create"), Some(Grade::Failed));
    assert!(scene.directory.is_unharmed());
    assert!(
        scene.directory.left().is_empty(),
        "ours is found by its name"
    );
}

#[tokio::test]
async fn an_echo_of_the_token_reaches_no_report_and_no_journal() {
    let deviation = Deviation {
        echoes: true,
        ..Deviation::default()
    };
    let scene = Scene::new(deviation, "").await;
    let report = scene.run().await;
    let text = serde_json::to_string(&report).expect("JSON");
    assert!(!text.contains(TOKEN), "{text}");
    let journal = serde_json::to_string(&scene.document().await).expect("JSON");
    assert!(!journal.contains(TOKEN), "{journal}");
    assert!(scene.directory.left().is_empty());
}

#[tokio::test]
async fn an_administrative_url_that_answers_is_found() {
    for (admin_answers, verdict) in [(true, CycleVerdict::Failed), (false, CycleVerdict::Passed)] {
        let deviation = Deviation {
            admin_answers,
            ..Deviation::default()
        };
        let mut scene = Scene::new(deviation, "").await;
        let mut url = scene.server.scim_url();
        url.set_path("/admin/tokens");
        scene.must_refuse = vec![url];
        let report = scene.run().await;
        assert_eq!(report.verdict(), verdict, "{report:#?}");
    }
}

/// Whatever happens to any single request, nothing is left behind, nobody else is
/// touched, and the number of requests stays bounded.
#[tokio::test]
async fn a_fault_at_any_request_leaves_nothing() {
    let whole = Scene::new(Deviation::default(), "").await;
    whole.run().await;
    let requests = whole.directory.requests();
    for fault in [
        Fault::HangupBefore,
        Fault::HangupAfter,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::Busy,
        Fault::Page,
    ] {
        for at in 1..=requests {
            let scene = Scene::new(Deviation::default(), "").await;
            *scene.directory.fault.lock() = Some((at, fault));
            let report = scene.run().await;
            let case = format!("{fault:?} at {at}: {report:#?}");
            assert!(report.requests <= 60, "{case}");
            assert_ne!(
                report.verdict(),
                CycleVerdict::Failed,
                "a fault is no proof: {case}"
            );
            scene.clock.pass(jiff::SignedDuration::from_mins(5));
            let left = scene.sweep("b").await;
            assert_eq!(left, Ok(0), "{case}");
            assert!(scene.directory.left().is_empty(), "{case}");
            assert!(scene.directory.is_unharmed(), "{case}");
        }
    }
}
