//! What a person decides holds: across ends of the daemon and for every
//! replica of it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::commands::BINARY;
use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// A rotation is due at all times.
const RESTLESS: &str = "lifetime = \"1h\"\nmax_age = \"1s\"\noverlap = \"1s\"";

#[tokio::test]
async fn the_cap_on_issues_holds_whatever_ends_the_daemon() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.longest_call = 1;
    house.log = "info";
    let keeper = Keeper::new(&house);
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(
            &server.scim_url(),
            "idp",
            &format!("{RESTLESS}\nissues_per_day = 2"),
        ),
    ]
    .concat();
    let mut daemon = house.run(&sections).await;
    daemon.until_reason("crm", "issue_cap").await;
    for clean in [false, true, false] {
        if clean {
            daemon.stop().await;
        } else {
            daemon.kill();
        }
        daemon = house.run(&sections).await;
        daemon.until_reason("crm", "issue_cap").await;
        let record = house.record().await;
        assert_eq!(record["generation"], 2, "{}", record["issues"]);
        assert_eq!(record["issues"].as_array().map(Vec::len), Some(2));
        assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    }
    let ran = house
        .command(&["rotate", "crm", "--foreground", "--timeout", "2s"])
        .await;
    assert_eq!(
        ran.code,
        Some(75),
        "a person's wish alone lifts no guard: {ran:?}"
    );
    let ran = house
        .command(&[
            "rotate",
            "crm",
            "--foreground",
            "--override-guards",
            "--reason",
            "an incident",
        ])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stderr.contains("overrides the runaway guard"),
        "{ran:?}"
    );
    daemon.until_reason("crm", "issue_cap").await;
    assert_eq!(house.record().await["generation"], 3, "one issue, once");
    daemon.stop().await;
    house.close().await;
}

struct Pair {
    house: House,
    sections: String,
    daemons: Vec<Daemon>,
}

impl Pair {
    async fn generation(&self, name: &str) -> u64 {
        let record = self.house.record_of(name).await;
        record["generation"].as_u64().unwrap_or_default()
    }

    /// Waits until this token has turned over twice more.
    async fn turns_over(&self, name: &str) {
        let before = self.generation(name).await;
        eventually(&format!("{name} turns over"), async || {
            (self.generation(name).await >= before + 2).then_some(())
        })
        .await;
    }

    /// Every replica has seen that the token is held.
    async fn is_held(&self, name: &str) {
        for daemon in &self.daemons {
            daemon.until_reason(name, "paused").await;
        }
    }

    async fn start_again(&mut self) {
        for (number, daemon) in std::mem::take(&mut self.daemons).into_iter().enumerate() {
            if number == 0 {
                daemon.kill();
            } else {
                daemon.stop().await;
            }
        }
        self.start().await;
    }

    async fn start(&mut self) {
        for number in 0..2 {
            let daemon = self.house.run_replica(number, &self.sections).await;
            self.daemons.push(daemon);
        }
    }

    async fn must(&self, args: &[&str]) {
        let ran = self.house.command(args).await;
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
    }
}

#[tokio::test]
async fn a_pause_and_the_kill_switch_hold_for_every_replica_and_drop_nothing() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.longest_call = 1;
    house.sweep = "2s";
    house.log = "info";
    let one = |name: &str| {
        format!(
            "\n[tokens.{name}]\nvault_path = \"kv/scim/{name}\"\nscim_url = \"{}\"\nissuer = \"sp\"\n{RESTLESS}\n",
            server.scim_url()
        )
    };
    let sections = [scim2_server_issuer(&server), one("held"), one("free")].concat();
    let mut pair = Pair {
        house,
        sections,
        daemons: Vec::new(),
    };
    pair.start().await;
    pair.turns_over("held").await;
    pair.must(&["pause", "held", "--reason", "audit"]).await;
    pair.is_held("held").await;
    let held = pair.generation("held").await;
    pair.turns_over("free").await;
    pair.start_again().await;
    pair.is_held("held").await;
    pair.turns_over("free").await;
    assert_eq!(pair.generation("held").await, held, "one token");

    pair.must(&["pause", "--all", "--reason", "incident"]).await;
    pair.is_held("free").await;
    let free = pair.generation("free").await;
    let asked = pair.house.command(&["rotate", "free"]).await;
    assert_eq!(asked.code, Some(75), "{asked:?}");
    assert!(asked.stderr.contains("resume --all"), "{asked:?}");
    let by = pair.house.record_of("free").await["handled"][0]["by"].take();
    assert!(text(&by).contains("approle"), "who asked: {by}");
    pair.start_again().await;
    pair.is_held("free").await;
    let record = pair.house.record_of("free").await;
    assert_eq!(record["generation"], free, "all tokens");
    assert_eq!(record["request"]["trigger"], "force", "queued, not dropped");

    pair.must(&["resume", "--all", "--reason", "over"]).await;
    pair.turns_over("free").await;
    let record = pair.house.record_of("free").await;
    let past = record["history"].as_array().expect("a history").iter();
    let forced = past.filter(|past| past["trigger"] == "force");
    assert_eq!(forced.count(), 1, "what was asked for was done, once");
    assert_eq!(pair.generation("held").await, held, "paused by its name");
    pair.must(&["resume", "held"]).await;
    pair.turns_over("held").await;
    for daemon in std::mem::take(&mut pair.daemons) {
        daemon.stop().await;
    }
    pair.house.close().await;
}

/// A command on a terminal, with what a person types there. Returns its exit
/// code and what they read.
fn on_a_terminal(house: &House, args: &str, typed: &str) -> (Option<i32>, String) {
    let config = house.config();
    let mut command = Command::new("/usr/bin/script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{BINARY} --config {} {args}", config.display()))
        .arg("/dev/null")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("util-linux is installed");
    let mut keyboard = process.stdin.take().expect("a pipe");
    keyboard.write_all(typed.as_bytes()).expect("it is typed");
    let output = process.wait_with_output().expect("it ends");
    drop(keyboard);
    let mut heard = house.heard().lock();
    let said = heard.entry(format!("{args}: terminal")).or_default();
    said.extend_from_slice(&output.stdout);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_token_is_asked_about_and_revoked_before_its_overlap_ends() {
    let (Some(house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(
            &server.scim_url(),
            "idp",
            "lifetime = \"1h\"\noverlap = \"10m\"",
        ),
    ]
    .concat();
    house.configure(&sections);
    let ran = house.command(&["once"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let first = house.record().await["current"].clone();

    let says = "revoked at once, without its overlap window";
    let compromised = "rotate crm --foreground --compromised --reason leaked";
    let blind = house
        .command(&["rotate", "crm", "--compromised", "--reason", "leaked"])
        .await;
    assert_eq!(blind.code, Some(64), "{blind:?}");
    assert!(blind.stderr.contains(says) && blind.stderr.contains("--yes"));
    let (code, read) = on_a_terminal(&house, compromised, "n\n");
    assert_eq!(code, Some(1), "{read}");
    assert!(
        read.contains(says) && read.contains("Go on? [y/N]"),
        "{read}"
    );
    assert!(read.contains("nothing was done"), "{read}");
    let untouched = house.record().await;
    assert_eq!(untouched["generation"], 1);
    assert_eq!(untouched["request"], Value::Null);

    let (code, read) = on_a_terminal(&house, compromised, "y\n");
    assert_eq!(code, Some(0), "{read}");
    let record = house.until("it is settled", is_settled).await;
    assert_eq!(record["generation"], 2);
    assert_eq!(record["history"][0]["trigger"], "compromise");
    assert!(record["history"][0]["old_refused"].is_object());
    let old = text(&first["value"]);
    assert_eq!(
        read_users(&server.scim_url(), old).await,
        401,
        "long before"
    );
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    assert_eq!(
        keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    assert_eq!(house.published().await["token"], record["current"]["value"]);
    assert_eq!(record["orphans_uncounted"], json!([]));
    house.close().await;
}
