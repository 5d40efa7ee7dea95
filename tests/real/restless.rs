//! A token that is always due, for tests that disturb its rotations at random
//! moments, and what must hold when all is at rest again.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;

/// Renewed as soon as it is a second old: a rotation is always due.
const RESTLESS: &str = "lifetime = \"1h\"\nmax_age = \"1s\"\noverlap = \"1s\"";
const CALM: &str = "lifetime = \"1h\"\noverlap = \"1s\"";
/// Everything takes its time, so that most disturbances hit something: method,
/// path, milliseconds.
const SLOW: [(&str, &str, u64); 3] = [
    ("POST", "/_tokens", 250),
    ("DELETE", "/_tokens", 250),
    ("GET", "/v2", 60),
];

/// A house whose token never rests.
pub struct Restless {
    pub house: House,
    pub sections: String,
    calm: String,
    server: Scim2Server,
    keeper: Keeper,
}

/// What there was when all was at rest.
pub struct Rested {
    /// How many tokens came into use.
    pub rotations: u64,
    /// Labels of the tokens that the service provider ever minted, as it tells.
    pub minted: Vec<String>,
}

impl Restless {
    /// With servers that take their time; `None` if a part is missing.
    pub async fn new() -> Option<Self> {
        let mut house = House::new().await?;
        house.longest_call = 1;
        Self::at(house).await
    }

    /// In a house of one's own.
    pub async fn at(house: House) -> Option<Self> {
        let keeper = Keeper::slow(&house, "0.2");
        let connection = keeper.connection(&house);
        Self::with(house, keeper, &connection).await
    }

    /// In a house of one's own, with an identity provider whose proof is waited
    /// for.
    pub async fn waiting_for_proof(house: House) -> Option<Self> {
        let keeper = Keeper::hesitant(&house, "0.2");
        let connection = keeper.connection_with_proof(&house);
        Self::with(house, keeper, &connection).await
    }

    async fn with(mut house: House, keeper: Keeper, connection: &str) -> Option<Self> {
        let server = Scim2Server::start()?;
        house.log = "warn";
        for slow in SLOW {
            server.plan_fault(slow_answers(slow)).await;
        }
        let sections = |times| {
            [
                scim2_server_issuer(&server),
                connection.to_owned(),
                token(&server.scim_url(), "idp", times),
            ]
            .concat()
        };
        let (sections, calm) = (sections(RESTLESS), sections(CALM));
        Some(Self {
            house,
            sections,
            calm,
            server,
            keeper,
        })
    }

    /// The stage of the rotation that is in flight, or that an old token is to
    /// be retired; empty at rest.
    pub async fn stage(&self) -> String {
        let record = self.house.record().await;
        let at_rest = if record["retiring"].is_null() {
            ""
        } else {
            "retiring"
        };
        let stage = record["rotation"]["stage"].as_str();
        stage.unwrap_or(at_rest).to_owned()
    }

    /// Whether a rotation is in flight.
    pub async fn is_rotating(&self) -> bool {
        !self.house.record().await["rotation"].is_null()
    }

    /// Nothing disturbs any more: waits until all is at rest, and checks what
    /// is there then.
    pub async fn rest(self) -> Rested {
        self.server.clear_faults().await;
        let daemon = self.house.run(&self.calm).await;
        let at_rest = |record: &Value| is_settled(record) && record["orphans"].is_null();
        let record = self.house.until("all is at rest", at_rest).await;
        daemon.stop().await;
        self.check_rest(&record).await;
        let rotations = self.check_history().await;
        let minted = self.server.minted().await;
        self.house.close().await;
        Rested { rotations, minted }
    }

    /// Exactly one token lives, everybody holds it, and nothing is left over.
    async fn check_rest(&self, record: &Value) {
        let current = &record["current"];
        assert_eq!(self.server.live().await, [text(&current["id"])]);
        assert_eq!(self.keeper.holds().as_deref(), current["value"].as_str());
        assert_eq!(self.house.published().await["token"], current["value"]);
        assert_eq!(record["orphans_uncounted"], serde_json::json!([]));
        assert_eq!(record["halt"], Value::Null);
    }

    /// The generation grew by one with each token that came into use, and only
    /// then; every token but the last is refused. Returns how often.
    async fn check_history(&self) -> u64 {
        let mut used: Vec<(u64, String)> = Vec::new();
        for record in self.house.every_record().await {
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
        let scim_url = self.server.scim_url();
        let (last, past) = used.split_last().expect("a token");
        assert_eq!(read_users(&scim_url, &last.1).await, 200);
        for (_, old) in past {
            assert_eq!(read_users(&scim_url, old).await, 401);
        }
        last.0
    }
}

fn slow_answers((method, path, delay_ms): (&str, &str, u64)) -> Value {
    json!({ "path_prefix": path, "method": method, "delay_ms": delay_ms, "count": 1_000_000 })
}

/// Random numbers (xorshift), repeatable by their seed.
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// A time of at most so many milliseconds.
    pub fn time(&mut self, limit_ms: u64) -> Duration {
        Duration::from_millis(self.below(limit_ms))
    }
}

/// A number that whoever runs the tests may set.
pub fn number_in(variable: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
