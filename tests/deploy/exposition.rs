//! `/metrics` of a process to which everything has happened, taken apart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::http::{Observer, Target};
use scim_rotator::notify::Tally as _;
use scim_rotator::ports::condition::{Condition, ConnectionState};
use scim_rotator::ports::pulse::Pulse;
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::inventory::Coverage;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::privilege::PrivilegeVerdict;
use scim_rotator::rotation::reason::Reason;
use scim_rotator::rotation::record::{ExpiryKnown, Paused, StageName};
use scim_rotator::scim::cycle::journal::JournalDocument;
use scim_rotator::telemetry::board::{Board, CycleFacts};
use scim_rotator::telemetry::notify::Notifier;
use scim_rotator::telemetry::{Telemetry, VaultSigns};

use crate::fixture;

/// One metric: its type, and for each of its labels the values that were seen.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) labels: BTreeMap<String, BTreeSet<String>>,
}

/// The text of `/metrics` in which every metric has a sample.
pub(crate) fn text() -> String {
    let telemetry = Telemetry::new(fixture::now(), Notifier::silent()).expect("telemetry");
    telemetry
        .board
        .set(fixture::judged("erp", PrivilegeVerdict::Broader));
    telemetry
        .board
        .set(fixture::snapshot(&fixture::busy_record("crm")));
    telemetry
        .board
        .set(fixture::snapshot(&fixture::handed_over_record("wiki")));
    telemetry
        .board
        .set(fixture::judged("portal", PrivilegeVerdict::OverPrivileged));
    let journal = fixture::journal();
    telemetry.witness().full_cycle("erp", &journal);
    in_every_state(&telemetry.board);
    telemetry.board.expect(fixture::federated("hr"));
    telemetry.board.looked("hr", fixture::broken_trust());
    for (token, state) in [
        ("crm", ConnectionState::Healthy),
        ("erp", ConnectionState::Quarantined),
        ("portal", ConnectionState::Disabled),
    ] {
        let looks = telemetry.board.looks(token).expect("a token of ours");
        let condition = Condition {
            state,
            ..fixture::condition()
        };
        looks.set("entra-hr", Some(condition), fixture::now());
    }
    telemetry.config_read(true, fixture::now());
    telemetry.vault(VaultSigns {
        up: true,
        sealed: false,
        unwrap_failed: false,
        token_expires_at: Some(fixture::now() + SignedDuration::from_hours(1)),
        failure: None,
    });
    telemetry.witness().beat(fixture::now());
    let metrics = &telemetry.metrics;
    metrics.request(Target::Vault, "read", "200", 0.01);
    metrics.clock_skew(Target::Vault, "vault", 0.5);
    metrics.vault_restored(fixture::now());
    let some = Coverage {
        managed: 3,
        seen: 4,
    };
    let seen = (some, fixture::now());
    let issuers = BTreeMap::from([("crm".to_owned(), seen)]);
    let providers = BTreeMap::from([("Keycloak corp".to_owned(), some)]);
    metrics.inventory(&issuers, &providers);
    metrics.expect("oncall");
    metrics.failed("oncall", Some(fixture::now()));
    let failed = Outcome::Failed {
        step: Step::Issue,
        fault: Fault::new(FaultClass::NotApplied, FaultKind::Network, "unreachable"),
    };
    metrics.step("crm", &Step::Issue, &failed, Duration::from_millis(70));
    metrics.dispatch_paused(Some("an upgrade"));
    metrics.render(fixture::now()).expect("text")
}

/// Tokens in the states that the rules and dashboards ask for.
fn in_every_state(board: &Board) {
    board.set(fixture::judged("desk", PrivilegeVerdict::Broad));

    board.set(fixture::snapshot(&fixture::capped_record("portal-2")));

    let mut waiting = fixture::snapshot(&fixture::fresh_record("payroll"));
    waiting.reason = Reason::WaitingFullCycle;
    board.set(waiting);

    let mut halted = fixture::fresh_record("travel");
    halted.orphans_uncounted.push(fixture::now());
    halted.failures.consecutive = 3;
    if let Some(holds) = halted.connections.get_mut("entra-hr") {
        holds.fingerprint = fixture::held("an-older-one").fingerprint();
    }
    let mut halted = fixture::snapshot(&halted);
    halted.stage = StageName::Halted;
    board.set(halted);
    let failed = CycleFacts {
        passed: Some(false),
        leftovers: 2,
        ..CycleFacts::of(&JournalDocument::default())
    };
    board.full_cycle("travel", failed);

    let mut refused = fixture::fresh_record("legal");
    refused.probe.as_mut().expect("probed").refused = 1;
    board.set(fixture::snapshot(&refused));
    board.trouble("legal", "Vault is sealed");

    let mut unproven = fixture::fresh_record("sales");
    unproven.probe = None;
    let current = unproven.current.as_mut().expect("a token");
    (current.expires_at, current.expiry) = (None, ExpiryKnown::Unknown);
    let mut unproven = fixture::snapshot(&unproven);
    unproven.paused = Some(Box::new(Paused {
        since: fixture::now(),
        reason: "the vendor migrates".to_owned(),
        by: None,
    }));
    board.set(unproven);
}

/// The families of a text, by name.
pub(crate) fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("# TYPE ") {
            let (name, kind) = header.split_once(' ').expect("a name and a type");
            families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().expect("a name");
            let family = family_of(name, &mut families);
            for (label, value) in labels_of(line) {
                if label != "le" {
                    family.labels.entry(label).or_default().insert(value);
                }
            }
        }
    }
    families
}

fn family_of<'a>(sample: &str, families: &'a mut BTreeMap<String, Family>) -> &'a mut Family {
    let name = family_name(sample, families).to_owned();
    families.get_mut(&name).unwrap_or_else(|| {
        panic!("{name} has no TYPE");
    })
}

/// The family of a sample: its own name, unless it is a part of a histogram.
pub(crate) fn family_name<'a>(sample: &'a str, families: &BTreeMap<String, Family>) -> &'a str {
    let of_histogram = ["_bucket", "_sum", "_count"]
        .iter()
        .filter_map(|end| sample.strip_suffix(end))
        .find(|name| families.get(*name).is_some_and(|f| f.kind == "histogram"));
    of_histogram.unwrap_or(sample)
}

/// The labels between the braces; no value of ours holds a comma or a quote.
pub(crate) fn labels_of(line: &str) -> Vec<(String, String)> {
    let Some((_, rest)) = line.split_once('{') else {
        return Vec::new();
    };
    let (inside, _) = rest.split_once('}').expect("a closing brace");
    let pairs = inside.split("\",").filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once("=\"").expect("name=\"value\"");
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}
