//! The levels of verification one by one, and the URLs that must refuse a token.

use std::sync::Arc;

use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::levels::{Level, LevelVerdict, Levels};
use scim_rotator::scim::probe::ScimProbe;
use scim_rotator::scim::reach::ReachAnswer;
use scim_rotator::scim::round::MOST_REQUESTS;
use url::Url;

use super::server::{Reply, Seen, Server, TOKEN, list, refused, token};
use super::support::scim2_server::Scim2Server;
use super::table::{keyed, status};

fn short(levels: &Levels) -> Vec<(Level, LevelVerdict, &str)> {
    let reports = levels.reports.iter();
    reports
        .map(|report| (report.level, report.verdict, report.reason.as_str()))
        .collect()
}

fn knows(seen: &Seen) -> bool {
    seen.token() == Some(TOKEN)
}

fn urls(server: &Server, paths: &[&str]) -> Arc<[Url]> {
    let base = server.scim_url();
    let join = |path: &&str| base.join(path).expect("a URL");
    paths.iter().map(join).collect()
}

async fn walk(server: &Server) -> Levels {
    server.probe().levels(&token(TOKEN)).await
}

#[tokio::test]
async fn a_good_token_passes_what_can_be_asked() {
    use LevelVerdict::Pass;
    let server = Server::knowing(&[TOKEN]).await;
    let levels = walk(&server).await;
    let expected = [
        (Level::L0, Pass, "sound"),
        (Level::L1, Pass, "protected"),
        (Level::L2, Pass, "accepted"),
        (Level::L3, Pass, "listed"),
    ];
    assert_eq!(short(&levels), expected);
    assert_eq!(usize::from(levels.requests), server.seen().len());
    assert_eq!(levels.budget, MOST_REQUESTS);
    assert!(levels.proof.is_some_and(|proof| proof.is_full()));
    // The same requests as those of the daemon's probe.
    let of_levels: Vec<_> = server.seen().iter().map(|s| s.target.len()).collect();
    let server = Server::knowing(&[TOKEN]).await;
    server.probe().prove(&token(TOKEN)).await;
    let of_proof: Vec<_> = server.seen().iter().map(|s| s.target.len()).collect();
    assert_eq!(of_levels, of_proof);
}

#[tokio::test]
async fn each_level_fails_for_its_own_reason_and_ends_the_walk() {
    use LevelVerdict::{Fail, Inconclusive, Pass};
    type Answer = fn(&Seen) -> Reply;
    let rows: [(&str, Answer, Level, LevelVerdict, &str); 9] = [
        ("refused", |_| refused(), Level::L2, Fail, "rejected"),
        ("open", |_| list(), Level::L2, Fail, "endpoint_open"),
        (
            "not there",
            |_| status(404),
            Level::L2,
            Fail,
            "wrong_base_url",
        ),
        (
            "limited",
            |_| status(429),
            Level::L1,
            Inconclusive,
            "throttled",
        ),
        (
            "away",
            |_| status(503),
            Level::L1,
            Inconclusive,
            "server_error",
        ),
        (
            "hangs up",
            |_| Reply::Hangup,
            Level::L1,
            Inconclusive,
            "unreachable",
        ),
        (
            "forbids all",
            |_| status(403),
            Level::L2,
            Inconclusive,
            "ambiguous_403",
        ),
        (
            "a login page",
            |seen| match knows(seen) {
                true => Reply::Json(200, "<html>login</html>".to_owned()),
                false => refused(),
            },
            Level::L2,
            Inconclusive,
            "not_scim",
        ),
        (
            "no listing for this token",
            |seen| match (knows(seen), seen.target.contains("startIndex")) {
                (true, false) => list(),
                (true, true) | (false, _) => refused(),
            },
            Level::L3,
            Inconclusive,
            "flapping",
        ),
    ];
    for (sentence, answer, level, verdict, reason) in rows {
        let server = Server::start(answer).await;
        let levels = walk(&server).await;
        let last = short(&levels).pop().expect("a level");
        assert_eq!(last, (level, verdict, reason), "{sentence}");
        assert!(levels.requests <= MOST_REQUESTS, "{sentence}");
        let before = levels.reports.iter().rev().skip(1);
        assert!(before.clone().all(|r| r.verdict == Pass), "{sentence}");
        assert!(levels.proof.is_none(), "{sentence}");
        let told = format!("{levels:?}");
        assert!(!told.contains(TOKEN), "{sentence}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_token_is_not_sent() {
    let server = Server::knowing(&[TOKEN]).await;
    let levels = server.probe().levels(&token("changeme")).await;
    assert_eq!(
        short(&levels),
        [(Level::L0, LevelVerdict::Fail, "malformed")]
    );
    assert_eq!((levels.requests, server.seen().len()), (0, 0));
}

#[tokio::test]
async fn what_is_switched_off_is_not_asked() {
    let server = Server::knowing(&[TOKEN]).await;
    let config = keyed("discovery = false\nlisting = false");
    let levels = server.probe_with(config).levels(&token(TOKEN)).await;
    let verdicts = levels.reports.iter().map(|r| (r.level, r.verdict));
    let not_asked: Vec<_> = verdicts
        .filter(|(_, verdict)| *verdict == LevelVerdict::NotAsked)
        .map(|(level, _)| level)
        .collect();
    assert_eq!(not_asked, [Level::L1, Level::L3]);
}

#[tokio::test]
async fn a_url_that_must_refuse_the_token_is_read_once_and_tells() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/admin/refuses" => status(403),
        "/admin/hides" => status(404),
        "/admin/lets-in" if knows(seen) => Reply::Json(200, "{\"secret\": 1}".to_owned()),
        "/admin/lets-in" => status(401),
        "/admin/public" => Reply::Json(200, "welcome".to_owned()),
        "/admin/moves" => status(302),
        "/admin/fails" => status(500),
        "/admin/hangs" => Reply::Hangup,
        "/admin/endless" if knows(seen) => Reply::Endless,
        _ => refused(),
    })
    .await;
    let rows = [
        ("/admin/refuses", ReachAnswer::Refused, 1),
        ("/admin/hides", ReachAnswer::Refused, 1),
        ("/admin/lets-in", ReachAnswer::LetIn, 2),
        // Everybody is let in: that says nothing of the token.
        ("/admin/public", ReachAnswer::Unclear, 2),
        ("/admin/moves", ReachAnswer::Unclear, 1),
        ("/admin/fails", ReachAnswer::Unclear, 1),
        ("/admin/hangs", ReachAnswer::Unclear, 1),
        ("/admin/endless", ReachAnswer::LetIn, 2),
    ];
    for (path, answer, asked) in rows {
        let before = server.seen().len();
        let probe = server.probe().refused_by(urls(&server, &[path]));
        let reach = probe.reach(&token(TOKEN)).await;
        assert_eq!(reach.len(), 1, "{path}");
        assert_eq!(reach[0].answer, answer, "{path}");
        let seen = server.seen().split_off(before);
        assert_eq!(seen.len(), asked, "{path}");
        assert!(seen.iter().all(|s| s.head.starts_with("GET ")), "{path}");
        assert!(seen.iter().skip(1).all(|s| s.token().is_none()), "{path}");
    }
    let none = server.probe().reach(&token(TOKEN)).await;
    assert_eq!(none, [], "none is configured");
}

#[tokio::test]
async fn all_levels_together_stay_within_the_budget() {
    let server = Server::start(|seen| match (knows(seen), seen.target.contains("/admin")) {
        (true, _) => list(),
        (false, true) => list(),
        (false, false) => refused(),
    })
    .await;
    let paths = ["/admin/a", "/admin/b", "/admin/c"];
    let probe = server.probe().refused_by(urls(&server, &paths));
    let levels = probe.levels(&token(TOKEN)).await;
    assert!(server.seen().len() <= usize::from(MOST_REQUESTS));
    let reach = levels.reach.expect("the token was accepted");
    assert_eq!(reach.len(), 3);
    assert!(reach.iter().all(|r| r.answer != ReachAnswer::Refused));
}

#[tokio::test]
async fn a_real_service_provider_level_by_level() {
    use LevelVerdict::{Fail, Pass};
    let Some(server) = Scim2Server::start() else {
        return;
    };
    let clock = Arc::new(scim_rotator::clock::SystemClock);
    let client = super::server::client(super::server::PATIENT);
    let probe = ScimProbe::new(client, server.scim_url(), ProbeConfig::default(), clock);
    let good = server.mint(600.0).await;
    let levels = probe.levels(&token(&good.token)).await;
    let all: Vec<_> = short(&levels).iter().map(|(_, v, _)| *v).collect();
    assert_eq!(all, [Pass; 4], "{levels:?}");
    server.revoke(&good.id).await;
    let levels = probe.levels(&token(&good.token)).await;
    let last = short(&levels).pop();
    assert_eq!(last, Some((Level::L2, Fail, "rejected")));
}
