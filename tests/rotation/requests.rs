//! What people ask for: each request is accepted once, in its author's name, and
//! what is noted of it is bounded.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::apply::{take_requests, take_requests_for_all};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{
    Control, MOST_AUTHORS, Record, RequestsOf, Trigger, Wish, WrittenRequest,
};

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn wish(seq: u64, what: Wish) -> WrittenRequest {
    WrittenRequest {
        id: format!("id-{seq}"),
        seq,
        at: now(),
        what,
        compromised: false,
        override_guards: false,
        supplied: false,
        reason: "because".to_owned(),
        connection: String::new(),
        fingerprint: String::new(),
        issued_at: None,
        expires_at: None,
        token_id: String::new(),
    }
}

fn of(author: &str, version: u64, requests: Vec<WrittenRequest>) -> RequestsOf {
    RequestsOf {
        author: author.to_owned(),
        name: Some(format!("userpass-{author}")),
        version,
        requests: Ok(requests),
    }
}

fn record() -> Record {
    Record::new("crm", ago(1))
}

/// Takes requests as the daemon does: what is stored must be sound.
fn take(record: &Record, from: &[RequestsOf]) -> Record {
    let next = take_requests(record, from, now());
    assert_eq!(invariant::check(&next), Ok(()));
    next
}

#[test]
fn a_request_is_accepted_once_however_often_it_is_read() {
    let asked = [of("ann", 3, vec![wish(1, Wish::Rotate)])];
    let accepted = take(&record(), &asked);
    let request = accepted.request.as_ref().expect("a request");
    assert_eq!((request.trigger, request.at), (Trigger::Force, now()));
    assert_eq!(accepted.updated_at, now());

    // The rotation begins, and the same document is read again.
    let mut done = accepted.clone();
    done.request = None;
    assert_eq!(take(&done, &asked), done);
    // Another version of the document still holds it.
    let more = [of(
        "ann",
        4,
        vec![wish(1, Wish::Rotate), wish(2, Wish::Pause)],
    )];
    let paused = take(&done, &more);
    assert_eq!(paused.request, None, "the first is not carried out again");
    assert!(paused.paused.is_some());
}

#[test]
fn requests_are_carried_out_in_their_order_and_name_their_author() {
    let asked = [of(
        "ann",
        3,
        vec![
            wish(1, Wish::Pause),
            wish(2, Wish::Resume),
            wish(3, Wish::Pause),
        ],
    )];
    let record = take(&record(), &asked);
    let by = record.paused.as_ref().and_then(|paused| paused.by.clone());
    assert_eq!(by.as_deref(), Some("userpass-ann (ann)"));
    let noted = &record.handled[0];
    assert_eq!((noted.seq, noted.what), (3, Some(Wish::Pause)));
    assert_eq!(
        (noted.author.as_str(), noted.refused.as_deref()),
        ("ann", None)
    );

    let resumed = take(&record, &[of("bob", 1, vec![wish(1, Wish::Resume)])]);
    assert_eq!(resumed.paused, None);
    assert_eq!(resumed.handled.len(), 2);
}

#[test]
fn what_is_too_old_or_from_the_future_is_refused_and_that_is_noted() {
    let at = |what, at| WrittenRequest {
        at,
        ..wish(1, what)
    };
    for (request, accepted) in [
        (at(Wish::Rotate, ago(23)), true),
        (at(Wish::Rotate, ago(25)), false),
        (at(Wish::Resume, ago(25)), false),
        (at(Wish::Pause, ago(25)), true),
        (at(Wish::Pause, ago(8 * 24)), false),
        (at(Wish::Rotate, ago(-2)), false),
    ] {
        let next = take(&record(), &[of("ann", 1, vec![request.clone()])]);
        let refused = next.handled[0].refused.as_deref();
        assert_eq!(refused.is_none(), accepted, "{request:?}: {refused:?}");
        let changed = next.request.is_some() || next.paused.is_some();
        assert_eq!(changed, accepted && request.what != Wish::Resume);
    }
}

#[test]
fn a_document_that_cannot_be_used_is_answered_once_and_changes_nothing() {
    let bad = RequestsOf {
        requests: Err("its `requests` are no list".to_owned()),
        ..of("ann", 5, Vec::new())
    };
    let first = take(&record(), std::slice::from_ref(&bad));
    assert_eq!(
        (first.request.as_ref(), first.paused.as_ref()),
        (None, None)
    );
    let why = first.handled[0].refused.as_deref().expect("refused");
    assert!(why.contains("no list"), "{why}");
    assert_eq!(take(&first, &[bad]), first, "it is answered once");
    // What its author writes then is read.
    let fixed = take(&first, &[of("ann", 6, vec![wish(1, Wish::Pause)])]);
    assert!(fixed.paused.is_some());
    assert_eq!(fixed.handled[0].refused, None);
}

#[test]
fn a_later_request_does_not_weaken_an_earlier_one() {
    let compromise = WrittenRequest {
        compromised: true,
        ..wish(1, Wish::Rotate)
    };
    let hasty = take(&record(), &[of("ann", 1, vec![compromise])]);
    let overriding = WrittenRequest {
        override_guards: true,
        ..wish(1, Wish::Rotate)
    };
    let both = take(&hasty, &[of("bob", 1, vec![overriding])]);
    let both = take(&both, &[of("eve", 1, vec![wish(1, Wish::Rotate)])]);
    let request = both.request.expect("a request");
    assert_eq!(request.trigger, Trigger::Compromise);
    assert!(request.override_guards);
}

#[test]
fn a_flood_of_authors_and_versions_is_bounded_and_drops_nobody_of_today() {
    let mut stored = record();
    for number in 0..MOST_AUTHORS + 20 {
        let author = format!("author-{number}");
        for seq in 1..4 {
            let asked = of(&author, seq, vec![wish(seq, Wish::Pause)]);
            stored = take(&stored, &[asked]);
        }
    }
    assert_eq!(stored.handled.len(), MOST_AUTHORS);
    assert_eq!(stored.handled[0].author, "author-0");
    let size = serde_json::to_string(&stored).expect("JSON").len();
    assert!(size < 16 * 1024, "{size}");

    // After nine days nothing of theirs can be carried out any more.
    let later = now() + SignedDuration::from_hours(9 * 24);
    let asked = WrittenRequest {
        at: later,
        ..wish(1, Wish::Resume)
    };
    let next = take_requests(&stored, &[of("new", 1, vec![asked])], later);
    assert_eq!((next.handled.len(), next.paused.as_ref()), (1, None));
    let replayed = of("author-0", 3, vec![wish(3, Wish::Pause)]);
    let next = take_requests(&next, &[replayed], later);
    assert_eq!(next.paused, None, "what was dropped is too old");
}

#[test]
fn the_switch_of_all_tokens_is_set_once_and_keeps_who_set_it() {
    let take = |control: &Control, from: RequestsOf| take_requests_for_all(control, &[from], now());
    let pause = of("ann", 1, vec![wish(1, Wish::Pause)]);
    let paused = take(&Control::default(), pause.clone());
    assert_eq!(take(&paused, pause.clone()), paused);
    let by = paused.paused.as_ref().and_then(|paused| paused.by.clone());
    assert_eq!(by.as_deref(), Some("userpass-ann (ann)"));
    let resumed = take(&paused, of("bob", 1, vec![wish(1, Wish::Resume)]));
    assert_eq!(resumed.paused, None);
    assert_eq!(
        take(&resumed, pause),
        resumed,
        "an old pause does not come back"
    );
    let rotate = take(&resumed, of("bob", 2, vec![wish(2, Wish::Rotate)]));
    let refused = rotate.handled.iter().find(|noted| noted.author == "bob");
    assert!(refused.is_some_and(|noted| noted.refused.is_some()));
}

#[test]
fn a_record_from_before_requests_is_read_and_keeps_what_was_asked_for() {
    let old = serde_json::json!({
        "schema": 1,
        "token": "crm",
        "generation": 0,
        "write_id": "w",
        "updated_at": "2026-01-01T00:00:00Z",
        "paused": { "since": "2026-01-01T00:00:00Z", "reason": "audit" },
        "request": { "trigger": "force", "at": "2026-01-01T00:00:00Z" },
    });
    let read: Record = serde_json::from_value(old).expect("readable");
    assert_eq!(
        read.paused.as_ref().map(|paused| paused.by.clone()),
        Some(None)
    );
    assert!(read.request.is_some() && read.handled.is_empty());
}

#[test]
fn why_something_was_asked_for_is_kept_with_its_author() {
    let asked = WrittenRequest {
        override_guards: true,
        reason: "the vendor was breached".to_owned(),
        ..wish(1, Wish::Rotate)
    };
    let stored = take(&record(), &[of("ann", 1, vec![asked])]);
    let request = stored.request.as_ref().expect("a request");
    assert_eq!(request.reason, "the vendor was breached");
    let noted = &stored.handled[0];
    assert_eq!(noted.reason, "the vendor was breached");
    assert_eq!(noted.options, ["override_guards"]);
    let stored = serde_json::to_string(&stored).expect("JSON");
    let read: Record = serde_json::from_str(&stored).expect("read");
    assert_eq!(read.handled[0].options, ["override_guards"]);
}

#[test]
fn every_request_that_is_handled_at_once_is_noted() {
    let asked = vec![
        wish(1, Wish::Pause),
        WrittenRequest {
            at: now() - SignedDuration::from_hours(48),
            ..wish(2, Wish::Rotate)
        },
        wish(3, Wish::Resume),
    ];
    let stored = take(&record(), &[of("ann", 1, asked)]);
    let noted = &stored.handled[0];
    assert_eq!((noted.seq, noted.what), (3, Some(Wish::Resume)));
    let earlier: Vec<_> = noted
        .earlier
        .iter()
        .map(|one| (one.seq, one.what, one.refused.is_some()))
        .collect();
    assert_eq!(
        earlier,
        [(1, Some(Wish::Pause), false), (2, Some(Wish::Rotate), true)]
    );
    // The next write replaces them.
    let next = take(&stored, &[of("ann", 2, vec![wish(4, Wish::Pause)])]);
    assert!(next.handled[0].earlier.is_empty());
}

#[test]
fn what_is_dangerous_is_not_carried_out_without_a_reason() {
    let dangerous: [fn(&mut WrittenRequest); 3] = [
        |asked| asked.compromised = true,
        |asked| asked.override_guards = true,
        |asked| asked.supplied = true,
    ];
    for make in dangerous {
        let mut asked = wish(1, Wish::Rotate);
        make(&mut asked);
        assert_eq!(asked.malformation(), None);
        asked.reason = "  ".to_owned();
        let why = asked.malformation().expect("malformed");
        assert!(why.contains("--reason"), "{why}");
    }
    let plain = WrittenRequest {
        reason: String::new(),
        ..wish(1, Wish::Rotate)
    };
    assert_eq!(plain.malformation(), None, "a plain rotation is harmless");
    for what in [Wish::Pause, Wish::Resume] {
        let asked = WrittenRequest {
            reason: String::new(),
            ..wish(1, what)
        };
        let letter = of("ann", 1, vec![asked]);
        let control = take_requests_for_all(&Control::default(), &[letter], now());
        assert_eq!(control.paused, None);
        let refused = control.handled[0].refused.as_deref();
        assert!(refused.is_some_and(|why| why.contains("--reason")));
    }
}
