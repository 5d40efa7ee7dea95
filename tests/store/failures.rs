//! Lost replies, rate limits and nodes that cannot serve.

use jiff::SignedDuration;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::ports::{Store, StoreError};

use super::bench::{Bench, published, record, v};
use super::support::meddler::{Meddle, Meddler};

pub async fn all(bench: &Bench) {
    a_commit_whose_answer_was_lost_is_found(bench).await;
    a_commit_that_never_arrived_is_made_again(bench).await;
    a_rival_behind_a_lost_request_is_a_conflict(bench).await;
    a_publication_whose_answer_was_lost_is_found(bench).await;
    answers_of_a_vault_in_trouble_are_typed(bench).await;
    a_node_that_lags_behind_is_asked_again(bench).await;
    a_redirect_is_not_followed(bench).await;
    a_short_absence_under_a_rate_limit_is_waited_out(bench).await;
}

async fn a_commit_whose_answer_was_lost_is_found(bench: &Bench) {
    let store = bench.store("lost");
    store.commit(&record("w1"), v(0)).await.expect("commits");
    bench.meddler.next("POST", Meddle::LoseReply);
    assert_eq!(store.commit(&record("w2"), v(1)).await, Ok(v(2)));
    assert_eq!(bench.get("state/lost/crm").await["write_id"], "w2");
}

async fn a_commit_that_never_arrived_is_made_again(bench: &Bench) {
    let store = bench.store("never");
    bench.meddler.next("POST", Meddle::LoseRequest);
    assert_eq!(store.commit(&record("w1"), v(0)).await, Ok(v(1)));
    bench.meddler.next("POST", Meddle::LoseRequest);
    bench.meddler.next("POST", Meddle::LoseReply);
    assert_eq!(store.commit(&record("w2"), v(1)).await, Ok(v(2)));
    assert_eq!(bench.version("state/never/crm").await, Some(2));
}

async fn a_rival_behind_a_lost_request_is_a_conflict(bench: &Bench) {
    let store = bench.store("rival");
    let rival = bench.store("rival");
    store.commit(&record("w1"), v(0)).await.expect("commits");
    rival.commit(&record("other"), v(1)).await.expect("commits");
    bench.meddler.next("POST", Meddle::LoseRequest);
    let result = store.commit(&record("w2"), v(1)).await;
    assert_eq!(result, Err(StoreError::Conflict));
    assert_eq!(bench.get("state/rival/crm").await["write_id"], "other");
}

async fn a_publication_whose_answer_was_lost_is_found(bench: &Bench) {
    let store = bench.store("pub-lost");
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    bench.meddler.next("POST", Meddle::LoseReply);
    let result = store.publish("crm", &published("tok-2", 2)).await;
    assert_eq!(result, Ok(()));
    bench.meddler.next("POST", Meddle::LoseRequest);
    let result = store.publish("crm", &published("tok-3", 3)).await;
    assert_eq!(result, Ok(()), "it is made again");
    assert_eq!(bench.get("published/pub-lost").await["token"], "tok-3");
}

async fn answers_of_a_vault_in_trouble_are_typed(bench: &Bench) {
    let store = bench.store("trouble");
    let sealed = r#"{"errors":["Vault is sealed"]}"#;
    let cases = [
        (
            503,
            sealed,
            FaultClass::NotApplied,
            FaultKind::VaultUnavailable,
        ),
        (501, "", FaultClass::NotApplied, FaultKind::VaultUnavailable),
        (473, "", FaultClass::NotApplied, FaultKind::VaultUnavailable),
        (429, "", FaultClass::Throttled, FaultKind::Throttled),
        (500, "", FaultClass::NotApplied, FaultKind::Server),
        (200, "<html>", FaultClass::NotApplied, FaultKind::Schema),
    ];
    for (status, body, class, kind) in cases {
        let header = Some(("retry-after", "7".to_owned()));
        bench.meddler.next(
            "GET",
            Meddle::Answer {
                status,
                header,
                body,
            },
        );
        let fault = fault(store.load("crm").await);
        assert_eq!(
            (fault.class, fault.kind),
            (class, kind),
            "{status}: {fault}"
        );
        let wait = (status == 429).then(|| SignedDuration::from_secs(7));
        assert_eq!(fault.retry_after, wait, "{status}");
    }
    // A write that met a failing server may have happened, and is looked for.
    let header = None;
    let body = "";
    bench.meddler.next(
        "POST",
        Meddle::Answer {
            status: 500,
            header,
            body,
        },
    );
    let result = store.commit(&record("w"), v(0)).await;
    assert_eq!(result, Ok(v(1)), "it did not happen: it is made again");
    assert_eq!(bench.version("state/trouble/crm").await, Some(1));
}

async fn a_node_that_lags_behind_is_asked_again(bench: &Bench) {
    let store = bench.store("lag");
    for _ in 0..2 {
        let header = None;
        let lag = Meddle::Answer {
            status: 412,
            header,
            body: "",
        };
        bench.meddler.next("GET", lag);
    }
    assert_eq!(store.load("crm").await, Ok(None));
}

async fn a_short_absence_under_a_rate_limit_is_waited_out(bench: &Bench) {
    let store = bench.store("limited");
    for (what, header) in [
        ("POST", None),
        ("POST", Some(("retry-after", "1".to_owned()))),
        ("GET", None),
        ("GET", None),
    ] {
        let limited = Meddle::Answer {
            status: 429,
            header,
            body: "",
        };
        bench.meddler.next(what, limited);
    }
    assert_eq!(store.commit(&record("w1"), v(0)).await, Ok(v(1)));
    let read = store.load("crm").await.expect("reads");
    assert_eq!(read.expect("is there").version, v(1));
}

async fn a_redirect_is_not_followed(bench: &Bench) {
    let store = bench.store("redirect");
    let trap = Meddler::start(&bench.meddler.url).await;
    let there = trap.url.join("/v1/trap").expect("a URL").to_string();
    let header = Some(("location", there));
    let redirect = Meddle::Answer {
        status: 307,
        header,
        body: "",
    };
    bench.meddler.next("GET", redirect);
    let fault = fault(store.load("crm").await);
    assert_eq!(fault.kind, FaultKind::VaultUnavailable, "{fault}");
    assert_eq!(trap.seen(), [""; 0], "our token would have gone there");
}

fn fault<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Fault {
    match result {
        Err(StoreError::Fault(fault)) => fault,
        other => panic!("expected a fault: {other:?}"),
    }
}
