//! Messengers with a shared memory of notes and a real receiver.

mod stage;

use std::time::Duration;

use super::super::event::Phase;
use super::*;

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../../../tests/support/receiver.rs"]
mod receiver;

use receiver::Reply;
use stage::Stage;

fn kinds(heard: &[(String, String, String)]) -> Vec<(&str, &str)> {
    let kinds = heard.iter();
    kinds
        .map(|(event, phase, _)| (event.as_str(), phase.as_str()))
        .collect()
}

#[tokio::test]
async fn what_lasts_is_told_once_signed_and_ended_also_after_a_restart() {
    let stage = Stage::new().await;
    let first = stage.messenger("a");
    first.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&first], 5).await;
    assert_eq!(kinds(&stage.heard()), [("halted", "began")]);
    let got = stage.receiver.got().remove(0);
    assert!(got.is_signed_with(b"the signing secret"));
    assert!(!got.is_signed_with(b"another secret"));
    assert_eq!(got.json()["type"], "scim_rotator.halted.began");
    drop(first);

    // The next process says nothing of it again, and tells its end.
    let second = stage.messenger("b");
    second.put(stage.view(2, vec![stage.halted()]), SOON);
    stage.pass(&[&second], 5).await;
    assert_eq!(stage.heard().len(), 1);
    *stage.secrets.0.lock() = "the next secret";
    second.put(stage.view(3, Vec::new()), SOON);
    stage.pass(&[&second], 5).await;
    assert_eq!(
        kinds(&stage.heard()),
        [("halted", "began"), ("halted", "ended")]
    );
    let ended = stage.receiver.got().remove(1);
    assert!(ended.is_signed_with(b"the next secret"), "it is read again");
    let writes = *stage.shelf.writes.lock();
    second.put(stage.view(4, Vec::new()), SOON);
    stage.pass(&[&second], 60).await;
    assert_eq!(
        *stage.shelf.writes.lock(),
        writes,
        "an idle token costs nothing"
    );
}

#[tokio::test]
async fn two_replicas_do_not_tell_the_same() {
    let stage = Stage::new().await;
    let (a, b) = (stage.messenger("a"), stage.messenger("b"));
    for replica in [&a, &b] {
        replica.put(stage.view(1, vec![stage.halted()]), SOON);
    }
    stage.clock.pass(2);
    // Both at the same moment.
    tokio::join!(a.pass(stage.clock.now()), b.pass(stage.clock.now()));
    stage.pass(&[&a, &b], 300).await;
    assert_eq!(kinds(&stage.heard()), [("halted", "began")]);
}

#[tokio::test]
async fn a_replica_whose_view_is_old_tells_nothing() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    // Another replica has written the record since.
    *stage.shelf.record.lock() = 2;
    stage.pass(&[&a], 200).await;
    assert_eq!(kinds(&stage.heard()), []);
    a.put(stage.view(2, Vec::new()), SOON);
    stage.pass(&[&a], 10).await;
    assert_eq!(kinds(&stage.heard()), []);
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_with_the_same_id() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    let replies = [
        Reply::status(500),
        Reply {
            status: 429,
            headers: vec![("retry-after", "60".to_owned())],
            ..Reply::default()
        },
        Reply {
            status: 302,
            headers: vec![("location", "http://127.0.0.1:9/elsewhere".to_owned())],
            ..Reply::default()
        },
        Reply {
            status: 200,
            after: Duration::from_secs(1),
            ..Reply::default()
        },
        Reply {
            status: 200,
            headers: vec![("content-type", "text/html".to_owned())],
            body: "<!doctype html><title>Log in</title>",
            ..Reply::default()
        },
        Reply::status(204),
    ];
    let tries = replies.len();
    replies
        .into_iter()
        .for_each(|reply| stage.receiver.then(reply));
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&a], 20).await;
    assert_eq!(stage.heard().len(), 2, "after 60 s, as the receiver asks");
    stage.pass(&[&a], 800).await;
    let heard = stage.heard();
    assert_eq!(heard.len(), tries, "{heard:?}");
    let ids: BTreeSet<_> = heard.iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids.len(), 1);
    let (sent, failed) = (stage.counted.of("sent"), stage.counted.of("failed"));
    assert_eq!((sent, failed), (1, 5));
    for got in stage.receiver.got() {
        assert!(got.is_signed_with(b"the signing secret"));
    }
}

#[tokio::test]
async fn a_message_that_is_refused_again_and_again_is_given_up_and_stops_no_other() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    for _ in 0..5 {
        stage.receiver.then(Reply::status(400));
    }
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&a], 600).await;
    assert_eq!(stage.counted.of("given_up"), 1);
    assert_eq!(stage.heard().len(), 5);
    a.put(stage.view(2, Vec::new()), SOON);
    stage.pass(&[&a], 5).await;
    let last = stage.heard().pop().expect("told");
    assert_eq!((last.0.as_str(), last.1.as_str()), ("halted", "ended"));
}

#[tokio::test]
async fn while_vault_is_away_nothing_is_told_and_nothing_is_lost() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    *stage.shelf.is_away.lock() = true;
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&a], 60).await;
    assert_eq!(kinds(&stage.heard()), []);
    *stage.shelf.is_away.lock() = false;
    stage.pass(&[&a], 60).await;
    assert_eq!(kinds(&stage.heard()), [("halted", "began")]);
}

#[tokio::test]
async fn a_token_that_is_removed_waits_for_nobody_any_more() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&a], 5).await;
    a.removed("crm");
    stage.pass(&[&a], 5).await;
    assert_eq!(
        kinds(&stage.heard()),
        [("halted", "began"), ("halted", "ended")]
    );
    assert_eq!(Phase::Ended.as_str(), stage.heard()[1].1);
}

#[tokio::test]
async fn a_replica_whose_receiver_failed_sees_that_another_one_has_told_it() {
    let stage = Stage::new().await;
    let (a, b) = (stage.messenger("a"), stage.messenger("b"));
    stage.receiver.then(Reply::status(503));
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&a], 2).await;
    assert_eq!(stage.counted.of("failed"), 1);
    b.put(stage.view(1, vec![stage.halted()]), SOON);
    stage.pass(&[&b], 2).await;
    assert_eq!(stage.counted.of("sent"), 1);
    assert_eq!(stage.counted.of("settled"), 0);
    stage.pass(&[&a], 30).await;
    assert_eq!(stage.counted.of("settled"), 1);
    assert_eq!(stage.heard().len(), 2);
}

#[tokio::test]
async fn the_end_of_a_command_sends_all_that_waits_and_does_not_wait_for_a_receiver_that_fails() {
    let stage = Stage::new().await;
    let a = stage.messenger("a");
    for number in 0..70 {
        let view = stage.view(1, vec![stage.halted()]);
        let token = format!("t{number}");
        a.put(View { token, ..view }, SOON);
    }
    a.flush().await;
    assert_eq!(stage.heard().len(), 70);
    stage.receiver.always(Some(Reply::status(500)));
    a.put(stage.view(1, vec![stage.halted()]), SOON);
    a.flush().await;
    assert_eq!(stage.heard().len(), 71);
}
