//! TERM while a step of every stage is under way: each is finished and stored,
//! no other is begun, and all of it within the grace time. The next process
//! completes what was left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::house::{House, executable, is_settled, text};
use super::parts::{due_fields, read_users, scim2_server_issuer_at};
use super::support::meddler::{Gate, Meddle, Meddler};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// Longer than a step is held back here.
const LONGEST_CALL: u32 = 60;
/// What the configuration grants (`limits.shutdown_grace`).
const GRACE: Duration = Duration::from_secs(30);
/// As many times the service provider refuses the token of `discarding`.
const REFUSALS: usize = 60;

/// What holds a step back.
enum Held {
    /// A request to the service provider or to Vault.
    Request(Gate),
    /// A program of a connection.
    Program { reached: PathBuf, go: PathBuf },
    /// Nothing: a person is waited for.
    Nobody,
}

impl Held {
    fn is_reached(&self) -> bool {
        match self {
            Self::Request(gate) => gate.is_reached(),
            Self::Program { reached, .. } => reached.exists(),
            Self::Nobody => true,
        }
    }

    fn let_go(&self) {
        match self {
            Self::Request(gate) => gate.open(),
            Self::Program { go, .. } => std::fs::write(go, "").expect("a file"),
            Self::Nobody => {}
        }
    }
}

/// One token that is held back in the stage that it is named after.
struct Cell {
    name: &'static str,
    meddler: Meddler,
    held: Held,
}

struct Scene {
    house: House,
    server: Scim2Server,
    vault: Meddler,
    cells: Vec<Cell>,
    sections: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_step_runs_is_finished_and_stored_before_the_daemon_ends() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.fill().await;
    let mut daemon = scene.house.run(&scene.sections).await;
    for cell in &scene.cells {
        let what = format!("a step of `{}` is under way", cell.name);
        eventually(&what, async || cell.held.is_reached().then_some(())).await;
    }
    let waits = |r: &Value| r["rotation"]["stage"] == "waiting_operator";
    eventually("a person is asked", async || {
        waits(&scene.house.record_of("waiting-operator").await).then_some(())
    })
    .await;

    daemon.terminate();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(daemon.ended(), None, "it leaves a step behind");
    }
    let let_go_at = Instant::now();
    scene.cells.iter().for_each(|cell| cell.held.let_go());
    assert_eq!(daemon.wait().await.code(), Some(0));
    let took = let_go_at.elapsed();
    assert!(took < GRACE, "{took:?}");
    scene.each_step_is_stored().await;
    scene.goes_on().await;
}

/// An issuer whose new token works only after it was completed. The server knows
/// no phases: that it is asked, and answers, is all that is needed here.
fn two_phase_issuer(name: &str, url: &str) -> String {
    let url = url.trim_end_matches('/');
    format!(
        r#"
[issuers.{name}.http.capabilities]
live_tokens = "many"
issue_effect = "keeps"
overlap = {{ two_phase = {{ next_usable = false }} }}
recovery = "none"
revoke = "never"
expiry = "reported"

[issuers.{name}.http.issue]
url = "{url}/_tokens"
body.json = {{ ttl = 3600 }}
read = {{ token = "/token", id = "/id", expires_at = "/expires_at" }}

[issuers.{name}.http.complete]
method = "GET"
url = "{url}/_tokens"

[issuers.{name}.http.cancel]
method = "GET"
url = "{url}/_tokens"
"#
    )
}

impl Scene {
    async fn new() -> Option<Self> {
        let (mut house, server) = (House::new().await?, Scim2Server::start()?);
        house.longest_call = LONGEST_CALL;
        house.log = "info";
        let vault = Meddler::start(house.vault.url()).await;
        house.vault_addresses = vec![vault.url.to_string()];
        Some(Self {
            house,
            server,
            vault,
            cells: Vec::new(),
            sections: String::new(),
        })
    }

    /// Makes a token for each stage.
    async fn fill(&mut self) {
        for (name, request) in [("issuing", "POST /_tokens"), ("proving", "GET /v2")] {
            let meddler = self.meddler().await;
            let held = Held::Request(meddler.hold(request));
            self.add(name, meddler, held, None);
        }
        let meddler = self.meddler().await;
        let held = Held::Request(meddler.hold("GET /_tokens"));
        self.sections += &two_phase_issuer("completing", meddler.url.as_str());
        self.add_token("completing", &meddler, None);
        self.cells.push(Cell {
            name: "completing",
            meddler,
            held,
        });

        for (name, action) in [("delivering", "deliver"), ("confirming", "confirm")] {
            let meddler = self.meddler().await;
            let held = self.program(name, action, "confirmed");
            self.add(name, meddler, held, Some(name));
        }
        let meddler = self.meddler().await;
        let held = Held::Request(self.vault.hold("POST /v1/kv/data/scim/publishing"));
        self.add("publishing", meddler, held, None);

        let meddler = self.meddler().await;
        self.is_due("retiring").await;
        let held = Held::Request(meddler.hold("DELETE /_tokens"));
        self.add("retiring", meddler, held, None);

        let meddler = self.meddler().await;
        self.is_due("reverting").await;
        let held = self.program("reverting", "give back", "refused");
        self.add("reverting", meddler, held, Some("reverting"));

        let meddler = self.meddler().await;
        for _ in 0..REFUSALS {
            let refusal = Meddle::Answer {
                status: 401,
                header: None,
                body: "",
            };
            meddler.next("GET /v2", refusal);
        }
        let held = Held::Request(meddler.hold("DELETE /_tokens"));
        self.add("discarding", meddler, held, None);

        let meddler = self.meddler().await;
        self.sections += "\n[issuers.waiting-operator.operator]\nlive_tokens = \"many\"\nissue_effect = \"keeps\"\ninstructions = \"make one\"\n";
        self.add_token("waiting-operator", &meddler, None);
        self.cells.push(Cell {
            name: "waiting-operator",
            meddler,
            held: Held::Nobody,
        });
    }

    async fn meddler(&self) -> Meddler {
        Meddler::start(&self.server.base_url().parse().expect("a URL")).await
    }

    /// A token that a person set up, and that is due for renewal. Its label is
    /// one of ours, so that its id is found among those of the other cells.
    async fn is_due(&self, name: &str) {
        let id = "0".repeat(scim_rotator::rotation::rotation_id::LENGTH);
        let label = format!("scim-rotator-{name}-{id}-1");
        let old = self.server.mint_labelled(3600.0, &label).await;
        let fields = due_fields(&old.token, &old.id);
        self.house.write_by_hand_for(name, fields).await;
    }

    fn add(&mut self, name: &'static str, meddler: Meddler, held: Held, connection: Option<&str>) {
        self.sections += &scim2_server_issuer_at(name, meddler.url.as_str());
        self.add_token(name, &meddler, connection);
        self.cells.push(Cell {
            name,
            meddler,
            held,
        });
    }

    fn add_token(&mut self, name: &str, meddler: &Meddler, connection: Option<&str>) {
        let scim_url = meddler.url.join("v2").expect("a path");
        let connections = connection.map_or_else(String::new, |name| format!("\"{name}\""));
        self.sections += &format!(
            "\n[tokens.{name}]\nvault_path = \"kv/scim/{name}\"\nscim_url = \"{scim_url}\"\nissuer = \"{name}\"\nconnections = [{connections}]\nlifetime = \"1h\"\noverlap = \"1s\"\n"
        );
    }

    /// An identity provider that is a program. It waits the first time that it
    /// does this; `give back` is a delivery after a confirmation.
    fn program(&mut self, name: &str, waits_at: &str, confirms: &str) -> Held {
        let [reached, go, asked, held] = ["reached", "go", "asked", "held"]
            .map(|what| self.house.path(&format!("{name}-{what}")));
        let text = format!(
            r#"#!/bin/sh
set -e
umask 077
input=$(cat)
action=$(printf '%s' "$input" | sed -n 's/.*"action":"\([^"]*\)".*/\1/p')
[ "$action" = deliver ] && [ -e '{asked}' ] && action='give back'
if [ "$action" = '{waits_at}' ] && [ ! -e '{go}' ]; then
    touch '{reached}'
    while [ ! -e '{go}' ]; do sleep 0.1; done
fi
if [ "$action" = confirm ]; then
    touch '{asked}'
    # Once it was let go, it finds nothing wrong.
    if [ -e '{go}' ]; then echo '{{"result": "confirmed"}}'; else echo '{{"result": "{confirms}"}}'; fi
else
    printf '%s' "$input" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p' >'{held}'
    echo '{{"result": "applied"}}'
fi
"#,
            asked = asked.display(),
            go = go.display(),
            reached = reached.display(),
            held = held.display(),
        );
        let program = self.house.file(&format!("{name}-program"), &text);
        executable(&program);
        self.sections += &format!(
            "\n[connections.{name}.exec]\ncommand = [{program:?}]\ntimeout = \"{LONGEST_CALL}s\"\nconfirm = true\n"
        );
        Held::Program { reached, go }
    }

    async fn each_step_is_stored(&self) {
        for cell in &self.cells {
            let name = cell.name;
            let record = self.house.record_of(name).await;
            assert!(record["lease"].is_null(), "{name}: the lease is given back");
            let rotation = &record["rotation"];
            let pending = &rotation["pending"];
            let delivery = &rotation["deliveries"][name]["state"];
            let stored = match name {
                "issuing" => pending["value"].is_string() && pending["evidence"].is_null(),
                // Nobody else must hold it: the proof brings it into use.
                "proving" => record["current"]["evidence"].is_object() && rotation.is_null(),
                "completing" => rotation["stage"] == "proving" && rotation["completed"] == true,
                "delivering" => *delivery == "delivered",
                "confirming" => record["generation"] == 1 || *delivery == "confirmed",
                "publishing" => record["generation"] == 1 && rotation.is_null(),
                "retiring" => record["generation"] == 2 && record["retiring"].is_null(),
                "reverting" => *delivery == "reverted" || rotation["stage"] == "discarding",
                "discarding" => {
                    rotation.is_null() && record["history"][0]["result"] == "rolled_back"
                }
                "waiting-operator" => rotation["stage"] == "waiting_operator",
                other => panic!("no such cell: {other}"),
            };
            assert!(stored, "{name}: {rotation}");
        }
        self.no_further_step_was_begun().await;
    }

    async fn no_further_step_was_begun(&self) {
        let seen = |name: &str, what: &str| {
            let cell = self.cells.iter().find(|cell| cell.name == name);
            let seen = cell.expect("a cell").meddler.seen();
            seen.iter().filter(|line| line.starts_with(what)).count()
        };
        assert_eq!(seen("issuing", "GET /v2"), 0, "it was not proven");
        assert_eq!(seen("completing", "GET /v2"), 0, "it was not proven");
        let (_, published) = self.published("proving").await;
        assert!(published.is_null(), "it was not published");
        assert_eq!(seen("publishing", "DELETE"), 0);
        assert_eq!(seen("retiring", "DELETE"), 1);
        assert_eq!(seen("discarding", "DELETE"), 1);
        let (current, published) = self.published("publishing").await;
        assert_eq!(published, current, "the publication is there");
        let held = self.house.path("delivering-held");
        let held = std::fs::read_to_string(held).expect("it was delivered");
        let record = self.house.record_of("delivering").await;
        assert_eq!(held.trim(), text(&record["rotation"]["pending"]["value"]));
    }

    /// The token in use, and the one that readers find.
    async fn published(&self, name: &str) -> (Value, Value) {
        let path = format!("kv/data/scim/{name}");
        let (_, mut body) = self.house.vault.api("GET", &path, Value::Null).await;
        let mut record = self.house.record_of(name).await;
        (
            record["current"]["value"].take(),
            body["data"]["data"]["token"].take(),
        )
    }

    /// The next process finds nothing amiss and completes everything.
    async fn goes_on(self) {
        self.cells.iter().for_each(|cell| cell.meddler.forget());
        let made = self.server.mint(3600.0).await;
        let by_hand = json!({ "token": made.token, "token_id": made.id });
        self.house
            .write_by_hand_for("waiting-operator", by_hand)
            .await;
        let daemon = self.house.run(&self.sections).await;
        let mut current = BTreeSet::new();
        for cell in &self.cells {
            let name = cell.name;
            let record = eventually(&format!("{name} is settled"), async || {
                let record = self.house.record_of(name).await;
                let has_a_token = record["current"].is_object();
                (has_a_token && is_settled(&record)).then_some(record)
            })
            .await;
            assert!(record["orphans"].is_null(), "{name}");
            let value = text(&record["current"]["value"]);
            let status = read_users(&self.server.scim_url(), value).await;
            assert_eq!(status, 200, "{name}");
            // The id of a person's token is what the person wrote.
            let ids = ["id", "stated_id"].map(|key| record["current"][key].as_str());
            current.insert(ids.into_iter().flatten().next().expect(name).to_owned());
        }
        let live: BTreeSet<_> = self.server.live().await.into_iter().collect();
        assert_eq!(live, current, "one token each, and nothing left over");
        daemon.stop().await;
        self.house.close().await;
    }
}
