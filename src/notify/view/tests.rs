use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::ports::unit::HandoverPlace;
use crate::rotation::record::{Halt, HaltCause};
use crate::telemetry::fixture::{busy_record, fresh_record, handed_over_record, held, now, policy};

fn labels() -> Labels {
    let place = HandoverPlace {
        vault_path: "kv/handover/by-hand/crm".to_owned(),
        instructions: "Paste it.".to_owned(),
        command: "scim-rotator ack crm by-hand --reason …".to_owned(),
    };
    Labels {
        environment: "production".to_owned(),
        vault_path: "kv/scim/crm".to_owned(),
        token_field: "bearer".to_owned(),
        instructions: Some("Settings, Tokens, New.".to_owned()),
        handovers: BTreeMap::from([("by-hand".to_owned(), place)]),
        ..Labels::default()
    }
}

fn view(record: &Record) -> View {
    let subject = Subject {
        name: "crm",
        issuer: "sp",
        labels: &labels(),
        policy: &policy(),
    };
    View::of(&subject, record, 7)
}

fn events(view: &View, at: Timestamp) -> Vec<Event> {
    let lasting = view.lasting.iter().filter(|lasting| lasting.lasts(at));
    lasting.map(|lasting| lasting.event).collect()
}

#[test]
fn a_fresh_token_is_told_of_when_its_end_comes_near_and_at_its_end() {
    let record = fresh_record("crm");
    let view = view(&record);
    let end = view.expires_at.expect("an end");
    // The renewal is planned 77 days before the end.
    let overdue = end - SignedDuration::from_hours(24 * 77) * 7 / 10;
    let minute = SignedDuration::from_mins(1);
    assert_eq!(events(&view, now()), []);
    assert_eq!(events(&view, overdue - minute), []);
    assert_eq!(events(&view, overdue + minute), [Event::Expiring]);
    assert_eq!(events(&view, end), [Event::Expired]);
    assert_eq!(view.past.len(), 1);
    assert_eq!(view.past[0].event, Event::Rotated);
}

#[test]
fn a_person_is_told_what_to_type() {
    let waiting = view(&handed_over_record("crm"));
    let found = waiting.lasting.iter().find(|l| l.event == Event::Waiting);
    let found = found.expect("it waits");
    assert!(found.deadline.is_some());
    assert_eq!(found.about.connection.as_deref(), Some("by-hand"));
    let command = found.about.command.as_deref().unwrap_or_default();
    assert!(
        command.starts_with("scim-rotator ack crm by-hand"),
        "{command}"
    );
    let steps = found.about.instructions.as_deref().unwrap_or_default();
    assert!(steps.contains("kv/handover/by-hand/crm") && steps.contains("Paste it."));

    let mut record = busy_record("crm");
    let rotation = record.rotation.as_mut().expect("in flight");
    rotation.stage = Stage::WaitingOperator;
    let waiting = view(&record);
    let found = waiting.lasting.iter().find(|l| l.event == Event::Waiting);
    let about = &found.expect("it waits").about;
    let command = about.command.as_deref();
    assert_eq!(command, Some("vault kv put kv/scim/crm bearer=@file"));
    let steps = about.instructions.as_deref().unwrap_or_default();
    assert!(steps.contains("Settings, Tokens, New."), "{steps}");
}

#[test]
fn a_halt_hides_the_wait_and_another_halt_is_another_matter() {
    let mut record = busy_record("crm");
    record.rotation.as_mut().expect("in flight").stage = Stage::WaitingOperator;
    let mut halt = Halt {
        step: String::new(),
        retry_at: None,
        may_pass: false,
        asked: None,
        settings: String::new(),
        cause: HaltCause::SlotBlocked,
        since: now(),
        detail: "every slot is taken".to_owned(),
        compromised: false,
    };
    record.halt = Some(halt.clone());
    let first = view(&record);
    assert_eq!(events(&first, now()), [Event::Halted]);
    assert!(first.lasting[0].about.summary.contains("slot blocked"));
    halt.since = now() + SignedDuration::from_hours(1);
    record.halt = Some(halt);
    assert_ne!(view(&record).lasting[0].matter, first.lasting[0].matter);
}

/// The texts that people are sent name a token, and never hold one.
#[test]
fn no_view_holds_a_token() {
    for record in [
        fresh_record("crm"),
        busy_record("crm"),
        handed_over_record("crm"),
    ] {
        let shown = format!("{:?}", view(&record));
        for value in ["crm-current", "crm-pending", "crm-old"] {
            let value = held(value);
            assert!(!shown.contains(value.value.expose()), "{shown}");
        }
    }
}
