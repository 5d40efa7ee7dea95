//! What each deviation of the field does to the verdict. Nothing may be left behind
//! in any row, unless the row says so.

use scim_rotator::scim::cycle::report::{CycleVerdict, Grade};

use super::directory::Deviation;
use super::{Scene, grade};

use CycleVerdict::{Failed, Passed};
use Grade::{Skipped, Warned};

struct Row {
    name: &'static str,
    deviation: Deviation,
    config: &'static str,
    verdict: CycleVerdict,
    step: (&'static str, Grade),
    left: usize,
}

fn row(name: &'static str, deviation: Deviation) -> Row {
    Row {
        name,
        deviation,
        config: "",
        verdict: Passed,
        step: ("create", Grade::Passed),
        left: 0,
    }
}

impl Row {
    fn with(self, config: &'static str) -> Self {
        Self { config, ..self }
    }

    fn sees(self, step: &'static str, grade: Grade) -> Self {
        Self {
            step: (step, grade),
            ..self
        }
    }

    fn fails(self, step: &'static str) -> Self {
        Self {
            verdict: Failed,
            step: (step, Grade::Failed),
            ..self
        }
    }

    fn leaves_unclear(self, step: &'static str) -> Self {
        Self {
            verdict: CycleVerdict::Inconclusive,
            step: (step, Grade::Inconclusive),
            ..self
        }
    }

    fn leaves(self, left: usize) -> Self {
        Self { left, ..self }
    }
}

fn d() -> Deviation {
    Deviation::default()
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        row("the standard", d()),
        row("200 for a creation", Deviation { create_status: Some(200), ..d() }).sees("create", Warned),
        row("201 without a body", Deviation { create_without_body: true, ..d() }).sees("create", Warned),
        row("202 for every write", Deviation { asynchronous: true, ..d() }).sees("create", Warned),
        row("202, and seen later", Deviation { asynchronous: true, create_late: true, ..d() }).sees("create", Warned),
        row("duplicate is 400", Deviation { duplicate_status: Some(400), ..d() }).sees("duplicate", Warned),
        row("duplicates", Deviation { duplicates: true, ..d() }).fails("duplicate"),
        row("duplicates are known", Deviation { duplicates: true, ..d() }).with("duplicate = false").sees("duplicate", Skipped),
        row("externalId is dropped", Deviation { drops_external_id: true, ..d() }).fails("read").leaves(1),
        row("externalId is dropped, which is known", Deviation { drops_external_id: true, ..d() }).with("external_id = 'dropped'").sees("read", Warned),
        row("displayName is dropped", Deviation { drops_display_name: true, ..d() }).sees("change", Warned),
        row("no PATCH", Deviation { no_patch: true, ..d() }).sees("change", Warned),
        row("by PUT", Deviation { no_patch: true, ..d() }).with("change_by = 'put'").sees("change", Warned),
        row("no groups", Deviation { no_groups: true, ..d() }).sees("group_create", Skipped),
        row("groups are not tested", d()).with("groups = false").sees("group_create", Skipped),
        row("groups show no members", Deviation { hides_members: true, ..d() }).sees("member_add", Warned),
        row("membership by filter", Deviation { hides_members: true, ..d() }).with("membership = 'filter'").sees("member_add", Grade::Passed),
        row("members are removed by value", Deviation { values_only: true, ..d() }).sees("member_remove", Warned),
        row("no filter at all", Deviation { no_filter: true, ..d() }).fails("absent"),
        row("the filter is ignored", Deviation { ignores_filter: true, ..d() }),
        row("active is a text", Deviation { active_as_text: true, ..d() }).sees("deactivate", Grade::Passed),
        row("a deletion deactivates", Deviation { delete_deactivates: true, ..d() }).fails("leftovers").leaves(1),
        row("a deletion deactivates, which is known", Deviation { delete_deactivates: true, ..d() }).with("delete_semantics = 'deactivate'").sees("user_delete", Grade::Passed).leaves(1),
        row("nothing can be deleted", Deviation { no_delete: true, ..d() }).fails("leftovers").leaves(2),
        row("users can be read by anybody", Deviation { open: true, ..d() }).fails("no_token"),
        row("a token without Bearer", Deviation { bare_tokens: true, ..d() }).sees("malformed", Warned),
        row("a fixed user is missing", d()).with("reuse_identity = true").fails("absent"),
        row("a mail address has no type", Deviation { plain_mail: true, ..d() }).sees("create", Warned),
        row("names get capitals", Deviation { upper_cases: true, ..d() }).sees("read", Warned),
        row("a domain is appended", Deviation { name_ends: Some("@tenant.example"), ..d() }).sees("read", Warned),
        row("a domain is appended: who looks for the name that was sent finds nothing", Deviation { name_ends: Some("@tenant.example"), ..d() }).sees("query", Warned),
        row("the domain is another", Deviation { name_domain: Some("tenant.example"), ..d() }).sees("query", Warned),
        row("the domain is another, and nothing is answered", Deviation { name_domain: Some("tenant.example"), create_without_body: true, ..d() }).sees("create", Warned),
        row("names are rewritten, and externalId is dropped", Deviation { name_ends: Some("@tenant.example"), drops_external_id: true, ..d() }).leaves_unclear("create").leaves(1),
        row("Entra ID", d()).with("patch_dialect = 'entra'").sees("member_add", Grade::Passed),
        row("Entra ID at a server that takes nothing else", Deviation { capitals: true, ..d() }).with("patch_dialect = 'entra'").sees("deactivate", Grade::Passed),
        row("the standard at that server", Deviation { capitals: true, ..d() }).fails("change"),
        row("Entra ID at a server that takes small letters only", Deviation { small_letters: true, ..d() }).with("patch_dialect = 'entra'").fails("change"),
        row("Entra ID at a server that takes booleans only", Deviation { strict_booleans: true, ..d() }).with("patch_dialect = 'entra'").fails("deactivate"),
        row("Entra ID at a server that needs a path", Deviation { no_pathless_add: true, ..d() }).with("patch_dialect = 'entra'").sees("member_add", Warned),
        row("Entra ID at a server that removes members by a filter only", Deviation { filters_only: true, ..d() }).with("patch_dialect = 'entra'").fails("member_remove"),
        row("the standard at that server", Deviation { filters_only: true, ..d() }).sees("member_remove", Grade::Passed),
        row("Okta", d()).with("patch_dialect = 'okta'").sees("deactivate", Grade::Passed),
        row("Okta, without PATCH", Deviation { no_patch: true, ..d() }).with("patch_dialect = 'okta'").sees("change", Warned),
        row("no reactivation", d()).with("reactivate = false").sees("reactivate", Skipped),
    ]
}

#[tokio::test]
async fn every_known_deviation_has_its_verdict_and_leaves_nothing() {
    for row in rows() {
        let scene = Scene::new(row.deviation, row.config).await;
        let report = scene.run().await;
        let name = row.name;
        assert_eq!(report.verdict(), row.verdict, "{name}: {report:#?}");
        assert_eq!(
            grade(&report, row.step.0),
            Some(row.step.1),
            "{name}: {report:#?}"
        );
        assert_eq!(
            scene.directory.left().len(),
            row.left,
            "{name}: {report:#?}"
        );
        assert!(scene.directory.is_unharmed(), "{name}");
        assert!(report.requests <= 60, "{name}: {}", report.requests);
        let journal = scene.document().await;
        assert_eq!(journal.passed.is_some(), row.verdict == Passed, "{name}");
        let kept = journal.entries.len();
        assert_eq!(kept, report.leftovers, "{name}: {journal:#?}");
        assert_eq!(journal.runner, None, "{name}");
    }
}

/// The name is the same in each run, so the second finds the first one's user.
#[tokio::test]
async fn a_user_that_is_never_deleted_is_used_again() {
    let deviation = Deviation {
        delete_deactivates: true,
        ..d()
    };
    let scene = Scene::new(deviation, "delete_semantics = 'deactivate'").await;
    for run in ["r1", "r2", "r3"] {
        let report = scene.run_as("a", run).await;
        assert_eq!(report.verdict(), Passed, "{report:#?}");
        let left = scene.directory.left();
        assert_eq!(left.len(), 1, "{left:?}");
        let user = scene.directory.resource(&left[0]).expect("there");
        assert_eq!(user["active"], false);
    }
    // A person's user of that kind is used, and never deleted.
    let mut scene = scene;
    scene.config.reuse_identity = true;
    let report = scene.run_as("a", "r4").await;
    assert_eq!(report.verdict(), Passed, "{report:#?}");
    assert_eq!(grade(&report, "create"), Some(Skipped));
    assert_eq!(scene.directory.left().len(), 1);
}

/// What the first run left is under another name than the second one sends.
#[tokio::test]
async fn a_user_under_another_name_is_used_again_too() {
    let deviation = Deviation {
        delete_deactivates: true,
        name_ends: Some("@tenant.example"),
        ..d()
    };
    let scene = Scene::new(deviation, "delete_semantics = 'deactivate'").await;
    for run in ["r1", "r2"] {
        let report = scene.run_as("a", run).await;
        assert_eq!(report.verdict(), Passed, "{report:#?}");
        assert_eq!(scene.directory.left().len(), 1, "{run}");
    }
}

#[tokio::test]
async fn what_was_left_is_deleted_once_the_deviation_is_known() {
    let deviation = Deviation {
        drops_external_id: true,
        ..d()
    };
    let mut scene = Scene::new(deviation, "").await;
    assert_eq!(scene.run().await.verdict(), Failed);
    assert_eq!(scene.directory.left().len(), 1);
    scene.config.external_id = scim_rotator::scim::cycle::profile::ExternalId::Dropped;
    let report = scene.run_as("b", "r2").await;
    assert_eq!(report.verdict(), Passed, "{report:#?}");
    assert!(scene.directory.left().is_empty());
}
