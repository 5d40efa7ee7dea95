//! The daemon is killed at random moments, again and again, and started again
//! each time. Whatever it was doing, no token is lost and none is left over.
//!
//! `tests/run --rounds N` asks for more rounds; `SCIM_ROTATOR_KILL_SEED`
//! repeats the moments of a run, as far as moments can be repeated.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;

/// Kills, unless `SCIM_ROTATOR_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 200;
/// Worlds side by side: a killed daemon's lease is waited out in each.
const WORLDS: u64 = 4;
/// A kill comes at most this long after the start; a lease lasts two seconds.
const LATEST_KILL_MS: u64 = 3_500;

/// Renewed as soon as it is a second old: a rotation is always due.
const RESTLESS: &str = "lifetime = \"1h\"\nmax_age = \"1s\"\noverlap = \"1s\"";
/// Everything takes its time, so that most kills hit something: method, path,
/// milliseconds.
const SLOW: [(&str, &str, u64); 3] = [
    ("POST", "/_tokens", 250),
    ("DELETE", "/_tokens", 250),
    ("GET", "/v2", 60),
];
const CALM: &str = "lifetime = \"1h\"\noverlap = \"1s\"";

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing_and_leaves_nothing_over() {
    let rounds = number_in("SCIM_ROTATOR_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number_in("SCIM_ROTATOR_KILL_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let worlds = (0..WORLDS).map(|world| kill_often(rounds.div_ceil(WORLDS), seed ^ (world << 32)));
    let tallies: Vec<_> = futures_util::future::join_all(worlds).await;
    let Some(tallies) = tallies.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let (kills, inside, rotations) = (sum(|t| t.kills), sum(|t| t.inside), sum(|t| t.rotations));
    eprintln!(
        "seed {seed}: {kills} kills, {inside} of them inside a rotation; {rotations} rotations, 0 tokens lost, 0 left over"
    );
    assert!(
        inside * 10 >= kills,
        "too few kills hit a rotation ({inside} of {kills}) to show anything"
    );
}

fn slow_answers((method, path, delay_ms): (&str, &str, u64)) -> Value {
    json!({ "path_prefix": path, "method": method, "delay_ms": delay_ms, "count": 1_000_000 })
}

struct Tally {
    kills: u64,
    inside: u64,
    rotations: u64,
}

async fn kill_often(rounds: u64, seed: u64) -> Option<Tally> {
    let (mut house, server) = (House::new().await?, Scim2Server::start()?);
    house.longest_call = 1;
    house.log = "warn";
    for slow in SLOW {
        server.plan_fault(slow_answers(slow)).await;
    }
    let keeper = Keeper::slow(&house, "0.2");
    let sections = |times| {
        [
            scim2_server_issuer(&server),
            keeper.connection(&house),
            token(&server.scim_url(), "idp", times),
        ]
        .concat()
    };
    let (restless, calm) = (sections(RESTLESS), sections(CALM));
    let mut moments = Moments(seed | 1);
    let mut inside = 0;
    for _ in 0..rounds {
        let daemon = house.run(&restless).await;
        tokio::time::sleep(moments.next()).await;
        daemon.kill();
        inside += u64::from(!house.record().await["rotation"].is_null());
    }
    server.clear_faults().await;
    let daemon = house.run(&calm).await;
    let record = house.until("all is at rest", is_settled).await;
    daemon.stop().await;
    check_rest(&house, &server, &keeper, &record).await;
    let rotations = check_history(&house, &server).await;
    house.close().await;
    Some(Tally {
        kills: rounds,
        inside,
        rotations,
    })
}

/// Exactly one token lives, everybody holds it, and nothing is left over.
async fn check_rest(house: &House, server: &Scim2Server, keeper: &Keeper, record: &Value) {
    let current = &record["current"];
    assert_eq!(server.live().await, [text(&current["id"])]);
    assert_eq!(keeper.holds().as_deref(), current["value"].as_str());
    assert_eq!(house.published().await["token"], current["value"]);
    assert!(record["orphans"].is_null(), "{}", record["orphans"]);
    assert_eq!(record["orphans_uncounted"], 0);
    assert_eq!(record["halt"], Value::Null);
}

/// The generation grew by one with each token that came into use, and only
/// then; every token but the last is refused. Returns how often.
async fn check_history(house: &House, server: &Scim2Server) -> u64 {
    let mut used: Vec<(u64, String)> = Vec::new();
    for record in house.every_record().await {
        let Some(value) = record["current"]["value"].as_str() else {
            continue;
        };
        let generation = record["generation"].as_u64().expect("a number");
        match used.last() {
            Some((before, same)) if *before == generation => assert_eq!(same, value),
            Some((before, other)) => {
                assert_eq!(generation, before + 1, "one step at a time");
                assert_ne!(other, value, "a generation is a new token");
                used.push((generation, value.to_owned()));
            }
            None => used.push((generation, value.to_owned())),
        }
    }
    let (last, past) = used.split_last().expect("a token");
    assert_eq!(read_users(&server.scim_url(), &last.1).await, 200);
    for (_, old) in past {
        assert_eq!(read_users(&server.scim_url(), old).await, 401);
    }
    last.0
}

/// Random moments (xorshift).
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % LATEST_KILL_MS)
    }
}

fn number_in(variable: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
