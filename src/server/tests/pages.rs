//! The pages for people.

use super::*;
use crate::rotation::policy::Policy;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::snapshot::TokenSnapshot;

/// A snapshot of a token whose configuration is like this.
fn snapshot_with(name: &str, change: impl FnOnce(&mut TokenFacts)) -> TokenSnapshot {
    let mut facts = (*fixture::facts(name)).clone();
    change(&mut facts);
    let record = fixture::fresh_record(name);
    let policy: Policy = fixture::policy();
    let decided = fixture::resting();
    TokenSnapshot::from_record(&Arc::new(facts), &record, &decided, &policy, fixture::now())
}

fn expiring(name: &str, hours: i64) -> TokenSnapshot {
    let mut record = fixture::fresh_record(name);
    let current = record.current.as_mut().expect("a token");
    current.expires_at = Some(fixture::now() + SignedDuration::from_hours(hours));
    fixture::snapshot(&record)
}

/// The names of the rows, in their order.
fn rows(page: &str) -> Vec<String> {
    let names = page.split("data-key=\"row-").skip(1);
    let names = names.filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_the_address_asks_for_is_shown() {
    let running = running().await;
    let board = &running.telemetry.board;
    board.set(snapshot_with("alpha", |facts| {
        facts.issuer = "hr".to_owned();
        facts.provider = "okta".to_owned();
        facts.owner = Some("People Team".to_owned());
    }));
    board.set(snapshot_with("beta", |facts| {
        facts.environment = Some("staging".to_owned());
        facts.connections[0].name = "slack".to_owned();
    }));
    board.set(expiring("gamma", -2));
    board.set(expiring("delta", 24 * 90));
    for (path, expected) in [
        ("/", vec!["gamma", "beta", "alpha", "delta"]),
        ("/?sort=name", vec!["alpha", "beta", "delta", "gamma"]),
        ("/?sort=-name", vec!["gamma", "delta", "beta", "alpha"]),
        ("/?sort=expires", vec!["gamma", "alpha", "beta", "delta"]),
        ("/?state=expired", vec!["gamma"]),
        ("/?state=failing", vec!["gamma", "beta"]),
        ("/?state=needs_you", vec![]),
        (
            "/?state=expired&state=fine&sort=name",
            vec!["alpha", "delta", "gamma"],
        ),
        ("/?issuer=hr", vec!["alpha"]),
        ("/?vendor=okta", vec!["alpha"]),
        ("/?provider=okta&issuer=crm", vec![]),
        ("/?environment=staging", vec!["beta"]),
        ("/?connection=slack", vec!["beta"]),
        ("/?q=PEOPLE", vec!["alpha"]),
        ("/?q=slack", vec!["beta"]),
        ("/?sort=name&per_page=3&page=2", vec!["gamma"]),
        ("/?sort=name&per_page=3&page=9", vec![]),
    ] {
        let page = ask(running.address, "GET", path).await;
        assert_eq!(status_of(&page), "200", "{path}");
        assert_eq!(rows(&page), expected, "{path}");
        // What is true of all is told whatever is asked for.
        assert!(page.contains(" failing, "), "{path}");
    }
    let page = ask(running.address, "GET", "/?issuer=hr&sort=name&per_page=1").await;
    for part in [
        "<option value=\"hr\" selected>hr</option>",
        "1 of 4 tokens",
        "<input type=\"hidden\" name=\"per_page\" value=\"1\">",
        "href=\"&#x2f;?issuer=hr&amp;sort=-name&amp;per_page=1\"",
        "aria-sort=\"ascending\"",
        "<a href=\"/api/v1/tokens?issuer=hr",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = ask(running.address, "GET", "/?per_page=2&page=2&sort=name").await;
    assert!(
        page.contains("page 2 of 2") && page.contains("rel=\"prev\""),
        "{page}"
    );
    assert!(
        !page.contains("rel=\"next\"") && !page.contains("Needs you"),
        "{page}"
    );
}

#[tokio::test]
async fn a_token_has_a_page_with_its_plan_its_connections_and_its_rotations() {
    let running = running().await;
    let board = &running.telemetry.board;
    board.set(fixture::snapshot(&fixture::busy_record("crm")));
    let looks = board.looks("crm").expect("known");
    looks.set("entra-hr", Some(fixture::condition()), fixture::now());
    let page = ask(running.address, "GET", "/tokens/crm").await;
    let snapshot = board
        .get("crm")
        .and_then(|entry| entry.snapshot)
        .expect("known");
    let fingerprint = snapshot
        .current
        .as_ref()
        .expect("a token")
        .fingerprint
        .short();
    for part in [
        "<title>crm · scim-rotator</title>",
        &format!("data-copy=\"{fingerprint}\""),
        "<td role=\"cell\" data-label=\"Identity provider says\">healthy, provisioned",
        "<caption>Superseded tokens that are not retired yet</caption>",
        "an old job still used it",
        "a drill &lt;b&gt;of ours&lt;&#x2f;b&gt;",
        "success, <time",
        "rolled back, <time",
        "data-label=\"Took\">0.350 s</td>",
        "data-label=\"Took\">12 s</td>",
        "data-label=\"Failed\">2</td>",
        "<rect class=\"step\" x=\"0\"",
        "<dt>Now</dt>",
        "datetime=\"2027-01-15T11:50:00Z\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("style="), "the policy forbids inline styles");
    board.set(fixture::snapshot(&fixture::fresh_record("unreachable")));
    let page = ask(running.address, "GET", "/tokens/unreachable").await;
    assert!(page.contains("The steps are not known now: Vault is sealed"));
    assert!(page.contains("r-1"), "what the memory has is shown: {page}");
}

#[tokio::test]
async fn a_federated_credential_and_an_unread_token_have_pages() {
    let running = running().await;
    let board = &running.telemetry.board;
    board.expect(fixture::federated("workforce"));
    board.looked("workforce", fixture::broken_trust());
    board.expect(fixture::facts("unread"));
    for (path, part) in [
        ("/tokens/workforce", "<h2 id=\"trust\">Trust</h2>"),
        ("/tokens/unread", "The daemon has not read its record yet."),
        ("/", "data-key=\"row-workforce\""),
    ] {
        let page = ask(running.address, "GET", path).await;
        assert_eq!(status_of(&page), "200", "{page}");
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn the_head_tells_of_vault_replicas_and_configuration_and_what_is_stale() {
    let running = running().await;
    let mut record = fixture::fresh_record("crm");
    record.lease = Some(crate::rotation::record::Lease {
        holder: "another-replica".to_owned(),
        epoch: 1,
        expires_at: fixture::now(),
    });
    running.telemetry.board.set(fixture::snapshot(&record));
    running.telemetry.config_read(true, fixture::now());
    let up = VaultSigns {
        up: true,
        ..VaultSigns::default()
    };
    running.telemetry.vault(up);
    let page = ask(running.address, "GET", "/").await;
    for part in [
        "<dt>Vault</dt><dd>answers</dd>",
        "this one, 1 more in the last hour",
        "another-replica held a lease until 2027-01-15T12:00:00Z",
        "<dt>Configuration in force since</dt><dd><time datetime=\"2027-01-15T12:00:00Z\"",
        "headline fine",
        "<noscript>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        !page.contains("stale") && !page.contains("http-equiv"),
        "{page}"
    );
    running.telemetry.vault(VaultSigns {
        sealed: true,
        ..VaultSigns::default()
    });
    let page = ask(running.address, "GET", "/").await;
    assert!(page.contains("Vault is sealed: unseal it"), "{page}");
    assert!(page.contains("stale: Vault last answered <time"), "{page}");
    assert!(
        page.contains("headline attention"),
        "nobody knows the state"
    );
    let state = json_of(&ask(running.address, "GET", "/api/v1/state").await);
    assert_eq!(state["vault"]["up"], false);
    assert_eq!(state["vault"]["answered_at"], "2027-01-15T12:00:00Z");
    assert_eq!(state["replicas"]["this"], "replica-of-the-test");
}

/// A list of thousands of choices helps nobody, and would be larger than the table.
#[tokio::test]
async fn with_many_connections_one_types_the_name() {
    let running = running().await;
    for number in 0..101 {
        running
            .telemetry
            .board
            .set(snapshot_with(&format!("t{number}"), |facts| {
                facts.connections[0].name = format!("connection-{number}");
            }));
    }
    let path = "/?connection=connection-7";
    let page = ask(running.address, "GET", path).await;
    assert_eq!(rows(&page), ["t7"]);
    let field = "<input name=\"connection\" value=\"connection-7\"";
    assert!(page.contains(field), "{page}");
    assert!(!page.contains("connection-8"), "{page}");
    assert!(page.contains("<select name=\"issuer\">"), "{page}");
}

/// Ten thousand tokens are filtered and cut here: a browser gets a page of them.
#[tokio::test]
async fn a_page_of_ten_thousand_tokens_is_small() {
    let running = running().await;
    let board = &running.telemetry.board;
    for number in 0..10_000 {
        board.set(fixture::snapshot(&fixture::busy_record(&format!(
            "token-{number:05}"
        ))));
    }
    for (path, most, count) in [
        ("/", 400_000, 100),
        ("/?q=token-0123", 60_000, 10),
        ("/api/v1/tokens", 600_000, 100),
        ("/api/v1/tokens?q=token-01234", 10_000, 1),
    ] {
        let answer = ask(running.address, "GET", path).await;
        assert_eq!(status_of(&answer), "200");
        assert!(answer.len() < most, "{path}: {} bytes", answer.len());
        let shown = match path.starts_with("/api") {
            true => json_of(&answer)["tokens"].as_array().map(Vec::len),
            false => Some(rows(&answer).len()),
        };
        assert_eq!(shown, Some(count), "{path}");
    }
}
