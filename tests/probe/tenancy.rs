//! Two tokens of one service provider: of the same tenant, or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scim_rotator::ports::Probe;
use scim_rotator::scim::evidence::Tenancy;

use super::server::{OTHER, Reply, Seen, Server, TOKEN, refused, token};

/// What each of the two tokens sees: ids of entries, the id of its account, and
/// a word of the configuration.
#[derive(Clone, Copy)]
struct Tenant {
    entries: &'static [&'static str],
    me: Option<&'static str>,
    word: &'static str,
}

const ACME: Tenant = Tenant {
    entries: &["u-1", "u-2"],
    me: None,
    word: "acme",
};

fn document(tenant: Tenant, seen: &Seen) -> Reply {
    let path = seen.target.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let entry = |id: &str| format!("{{\"id\":\"{id}\"}}");
    let body = match last {
        "Users" => {
            let all: Vec<_> = tenant.entries.iter().map(|id| entry(id)).collect();
            format!("{{\"Resources\":[{}]}}", all.join(","))
        }
        "Me" => match tenant.me {
            Some(id) => entry(id),
            None => return Reply::Json(501, String::new()),
        },
        "ServiceProviderConfig" => {
            let about = "\"meta\":{\"version\":\"";
            format!(
                "{{\"documentationUri\":\"{}\",{about}{last}\"}}}}",
                tenant.word
            )
        }
        id if tenant.entries.contains(&id) => entry(id),
        _ => return Reply::Json(404, String::new()),
    };
    Reply::Json(200, body)
}

/// `None`: that token is refused.
async fn compared(new: Option<Tenant>, old: Option<Tenant>) -> Tenancy {
    let server = Server::start(move |seen| {
        let tenant = match seen.token() {
            Some(TOKEN) => new,
            Some(OTHER) => old,
            Some(_) | None => None,
        };
        tenant.map_or_else(refused, |tenant| document(tenant, seen))
    })
    .await;
    let probe = server.probe();
    probe.compare_tenants(&token(TOKEN), &token(OTHER)).await
}

#[tokio::test]
async fn an_entry_that_one_lists_is_there_for_the_other() {
    assert_eq!(compared(Some(ACME), Some(ACME)).await, Tenancy::Same);
    let newcomer = Tenant {
        entries: &["u-9", "u-2", "u-1"],
        ..ACME
    };
    assert_eq!(compared(Some(newcomer), Some(ACME)).await, Tenancy::Same);
}

#[tokio::test]
async fn another_tenant_is_seen_by_entries_that_are_not_there() {
    let evil = Tenant {
        entries: &["x-1"],
        word: "evil",
        ..ACME
    };
    let empty = Tenant {
        entries: &[],
        ..ACME
    };
    for (new, old) in [(evil, ACME), (empty, ACME), (evil, empty)] {
        let shown = compared(Some(new), Some(old)).await;
        assert!(matches!(shown, Tenancy::Other(_)), "{shown:?}");
    }
}

#[tokio::test]
async fn without_entries_accounts_and_configurations_are_compared() {
    let empty = |me, word| Tenant {
        entries: &[],
        me,
        word,
    };
    let same = compared(
        Some(empty(Some("svc"), "acme")),
        Some(empty(Some("svc"), "acme")),
    );
    assert_eq!(same.await, Tenancy::Same);
    let other = compared(Some(empty(None, "evil")), Some(empty(None, "acme")));
    assert!(matches!(other.await, Tenancy::Other(_)));
    let alike = compared(Some(empty(None, "acme")), Some(empty(None, "acme")));
    assert!(matches!(alike.await, Tenancy::Unknown(_)));
}

#[tokio::test]
async fn a_dead_predecessor_shows_nothing() {
    let shown = compared(Some(ACME), None).await;
    assert!(matches!(shown, Tenancy::Unknown(_)), "{shown:?}");
}

/// What a token saw while it worked, and a new token after it has died.
async fn remembered(new: Tenant, old: Tenant) -> Tenancy {
    let server = Server::start(move |seen| match seen.token() {
        Some(TOKEN) => document(new, seen),
        Some(OTHER) => document(old, seen),
        Some(_) | None => refused(),
    })
    .await;
    let probe = server.probe();
    let mark = probe
        .mark_tenant(&token(OTHER), None)
        .await
        .expect("something");
    // It is stored in between.
    let stored = serde_json::to_string(&mark).expect("stored");
    let mark = serde_json::from_str(&stored).expect("read");
    probe.compare_with_mark(&token(TOKEN), &mark).await
}

#[tokio::test]
async fn what_a_dead_predecessor_saw_is_remembered() {
    let evil = Tenant {
        entries: &["x-1"],
        word: "evil",
        ..ACME
    };
    let empty = |me, word| Tenant {
        entries: &[],
        me,
        word,
    };
    let deleted = Tenant {
        entries: &["u-2", "u-3"],
        ..ACME
    };
    assert_eq!(remembered(ACME, ACME).await, Tenancy::Same);
    assert_eq!(remembered(deleted, ACME).await, Tenancy::Same);
    for new in [evil, empty(None, "acme")] {
        let shown = remembered(new, ACME).await;
        assert!(matches!(shown, Tenancy::Gone(_)), "{shown:?}");
    }
    // A service provider changes its configuration with an update too.
    let updated = remembered(empty(None, "new"), empty(None, "acme")).await;
    assert!(matches!(updated, Tenancy::Unknown(_)), "{updated:?}");
    let account = empty(Some("svc"), "acme");
    assert_eq!(remembered(account, account).await, Tenancy::Same);
    let alike = remembered(empty(None, "acme"), empty(None, "acme")).await;
    assert!(matches!(alike, Tenancy::Unknown(_)), "{alike:?}");
}

#[tokio::test]
async fn a_token_that_is_refused_leaves_no_mark() {
    let server = Server::start(|_| refused()).await;
    assert_eq!(server.probe().mark_tenant(&token(TOKEN), None).await, None);
}

/// A token in use is tested often: what is known of its tenant costs one request.
#[tokio::test]
async fn what_is_remembered_is_kept_while_one_entry_is_there() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let server = Server::start(move |seen| {
        counted.fetch_add(1, Ordering::Relaxed);
        document(ACME, seen)
    })
    .await;
    let probe = server.probe();
    let mark = probe.mark_tenant(&token(TOKEN), None).await;
    let before = requests.swap(0, Ordering::Relaxed);
    assert!(before > 1, "{before}");
    assert_eq!(probe.mark_tenant(&token(TOKEN), mark.as_ref()).await, mark);
    assert_eq!(requests.load(Ordering::Relaxed), 1);
    let other = serde_json::json!({ "entries": ["deleted"] });
    let other = serde_json::from_value(other).expect("a mark");
    let anew = probe.mark_tenant(&token(TOKEN), Some(&other)).await;
    assert_eq!(anew, mark, "it is looked at anew");
}
