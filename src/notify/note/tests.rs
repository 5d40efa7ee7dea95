use super::*;
use crate::notify::Target;

fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2027-01-15T12:00:00Z".parse().expect("a time");
    start + SignedDuration::from_hours(hours)
}

fn lasting(event: Event, from: i64, to: Option<i64>) -> Lasting {
    Lasting {
        event,
        matter: format!("{} 1", event.as_str()),
        from: at(from),
        to: to.map(at),
        deadline: None,
        about: Box::default(),
    }
}

fn view(lasting: Vec<Lasting>) -> View {
    View {
        token: "crm".to_owned(),
        environment: "production".to_owned(),
        lasting,
        ..View::default()
    }
}

fn told() -> Told {
    Told {
        until: at(0),
        open: BTreeMap::new(),
    }
}

fn wants(text: &str) -> Wants {
    let target: Target = toml::from_str(text).expect("a target");
    target.wants()
}

/// What is due at this hour, noted as told.
fn tell(told: &mut Told, view: &View, wants: &Wants, hour: i64) -> Vec<(Event, Phase)> {
    let question = Question {
        scope: "kv/s",
        view,
        wants,
        now: at(hour),
    };
    let due = told.due(&question);
    for one in &due {
        told.note(one, at(hour));
    }
    let left = told.due(&question);
    assert!(left.is_empty(), "told once: {left:?}");
    let kinds = due.iter().map(|one| (one.message.event, one.message.phase));
    kinds.collect()
}

#[test]
fn what_lasts_is_told_when_it_begins_again_with_growing_pauses_and_when_it_ends() {
    let wants = wants("remind_after = '4h'\nremind_most = '12h'");
    let halted = view(vec![lasting(Event::Halted, 0, None)]);
    let mut told = told();
    let mut hours = Vec::new();
    for hour in 0..40 {
        for (event, phase) in tell(&mut told, &halted, &wants, hour) {
            assert_eq!(event, Event::Halted);
            hours.push((hour, phase));
        }
    }
    let expected = [
        (0, Phase::Began),
        (4, Phase::Reminder),
        (12, Phase::Reminder),
        (24, Phase::Reminder),
        (36, Phase::Reminder),
    ];
    assert_eq!(hours, expected);
    let ended = tell(&mut told, &view(Vec::new()), &wants, 41);
    assert_eq!(ended, [(Event::Halted, Phase::Ended)]);
    assert!(told.open.is_empty());
}

#[test]
fn the_id_is_the_same_until_it_is_told_and_the_key_for_the_whole_matter() {
    let wants = wants("remind_after = '4h'");
    let halted = view(vec![lasting(Event::Halted, 0, None)]);
    let mut told = told();
    let due = |told: &Told, view: &View, hour: i64| {
        let question = Question {
            scope: "kv/s",
            view,
            wants: &wants,
            now: at(hour),
        };
        told.due(&question).remove(0)
    };
    let began = due(&told, &halted, 0);
    let again = due(&told, &halted, 3);
    assert_eq!(began.message.id, again.message.id, "it was not told yet");
    told.note(&began, at(0));
    let reminder = due(&told, &halted, 5);
    told.note(&reminder, at(5));
    let ended = due(&told, &view(Vec::new()), 6);
    let messages = [&began.message, &reminder.message, &ended.message];
    assert!(messages.iter().all(|m| m.key == began.message.key));
    assert!(began.message.id != reminder.message.id && reminder.message.id != ended.message.id);
    assert_eq!(ended.message.severity, Severity::Info);
}

#[test]
fn a_person_who_is_late_is_told_so_at_the_deadline() {
    let mut waiting = lasting(Event::Waiting, 0, None);
    waiting.deadline = Some(at(2));
    let view = view(vec![waiting]);
    let wants = wants("remind_after = '24h'");
    let mut told = told();
    let hours: Vec<i64> = (0..30)
        .filter(|hour| !tell(&mut told, &view, &wants, *hour).is_empty())
        .collect();
    // After the reminder of the deadline the pause is twice as long.
    assert_eq!(hours, [0, 2]);
    let question = Question {
        scope: "kv/s",
        view: &view,
        wants: &wants,
        now: at(60),
    };
    let late = &told.due(&question)[0].message;
    assert_eq!(late.severity, Severity::Critical);
    assert!(late.summary.ends_with("is late"), "{}", late.summary);
}

#[test]
fn a_target_is_told_what_it_wants() {
    let cases = [
        ("", true),
        ("events = ['halted']", true),
        ("events = ['rotated', 'waiting']", false),
        ("environments = ['staging']", false),
        ("environments = ['production', 'staging']", true),
        ("tokens = ['hr-*', 'crm*']", true),
        ("tokens = ['hr-*']", false),
        ("issuers = ['sp']", false),
    ];
    let view = view(vec![lasting(Event::Halted, 0, None)]);
    for (text, expected) in cases {
        let heard = !tell(&mut told(), &view, &wants(text), 1).is_empty();
        assert_eq!(heard, expected, "{text}");
    }
    let quiet = wants("reminders = false");
    let mut told = told();
    assert_eq!(tell(&mut told, &view, &quiet, 0).len(), 1);
    assert_eq!(tell(&mut told, &view, &quiet, 2400), []);
}

#[test]
fn rotations_are_told_once_in_order_and_not_after_a_day() {
    let past = |hour: i64, event: Event| Past {
        event,
        matter: format!("{} {hour}", event.as_str()),
        at: at(hour),
        detail: None,
    };
    let mut view = view(Vec::new());
    view.past = vec![
        past(-5, Event::Rotated),
        past(1, Event::RotationFailed),
        past(2, Event::RolledBack),
        past(30, Event::Rotated),
    ];
    let wants = wants("");
    let mut told = told();
    let question = Question {
        scope: "kv/s",
        view: &view,
        wants: &wants,
        now: at(31),
    };
    let late: Vec<bool> = told.due(&question).iter().map(|due| due.is_late).collect();
    assert_eq!(late, [true, true, false]);
    let events = tell(&mut told, &view, &wants, 31);
    let expected = [Event::RotationFailed, Event::RolledBack, Event::Rotated];
    assert_eq!(events, expected.map(|event| (event, Phase::Once)));
}

#[test]
fn a_note_can_be_read_again_and_a_new_target_does_not_hear_of_the_past() {
    let mut note = Note::default();
    assert!(note.add(["ops"].into_iter(), at(0)));
    assert!(!note.add(["ops"].into_iter(), at(5)));
    let view = view(vec![lasting(Event::Refused, 0, None)]);
    let told = note.targets.get_mut("ops").expect("a target");
    tell(told, &view, &wants(""), 1);
    let stored = serde_json::to_value(&note).expect("JSON");
    assert_eq!(
        serde_json::from_value::<Note>(stored).expect("a note"),
        note
    );
    assert!(note.add(["ops", "new"].into_iter(), at(5)));
    assert_eq!(note.targets["new"].until, at(5));
}

#[test]
fn the_next_time_is_that_of_the_next_change() {
    let view = view(vec![
        lasting(Event::Expiring, 10, Some(20)),
        lasting(Event::Expired, 20, None),
    ]);
    let wants = wants("remind_after = '24h'");
    let mut told = told();
    for (hour, next) in [(0, 10), (11, 20), (21, 45)] {
        tell(&mut told, &view, &wants, hour);
        let question = Question {
            scope: "kv/s",
            view: &view,
            wants: &wants,
            now: at(hour),
        };
        assert_eq!(told.next(&question), Some(at(next)), "at {hour}");
    }
}
