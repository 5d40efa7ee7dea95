//! Breaks one part during a rotation, repairs it, and waits until the daemon
//! has recovered.

use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Scene;
use crate::demo::identity_provider::{AdminFault, WriteFault};
use crate::demo::service_provider::IssueFault;
use crate::demo::stage::TOKENS;
use crate::telemetry::words;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Break {
    /// The reply to an issue is lost, then issuing is refused.
    Issuer,
    /// An identity provider is down when it should be given the new token.
    Idp,
    /// Vault is sealed when a new token has just been issued.
    Vault,
    /// The daemon is a process of its own, is killed (SIGKILL) when a new
    /// token has just been issued, and started again.
    Crash,
    /// Every token of a service provider is revoked outside of the daemon.
    /// Calls are refused then, which nothing can prevent.
    #[value(hide = true)]
    Revoked,
}

impl Break {
    /// The word on the command line.
    fn word(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Idp => "idp",
            Self::Vault => "vault",
            Self::Crash => "crash",
            Self::Revoked => "revoked",
        }
    }

    /// What happens, and what the daemon must do.
    fn words(self, outage: &str) -> (String, &'static str) {
        match self {
            Self::Issuer => (
                format!("the issuer of crm issued a token and its reply was lost; issuing is refused for {outage} from now on"),
                "the daemon must find the lost token, have another one issued, and revoke the lost one; the old one works on meanwhile",
            ),
            Self::Idp => (
                format!("the identity provider hr is down for {outage}, just when a new token was issued; its answer to the first change afterwards is lost"),
                "the new token must wait, proven; hr provisions with the old one, and is given the new one when it is back",
            ),
            Self::Vault => (
                format!("Vault is sealed for {outage}, just when a new token was issued"),
                "the daemon must not lose that token, and not use it before it is stored",
            ),
            Self::Crash => (
                "the service provider issued a token, and the daemon is killed with SIGKILL before it hears of it".to_owned(),
                "the next process must wait for the lease of the dead one, find the lost token, have another one issued, and revoke the lost one",
            ),
            Self::Revoked => (
                "an administrator revoked every token of crm".to_owned(),
                "the daemon must notice, and have a new token issued",
            ),
        }
    }
}

/// What was broken, and the result.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    what: Break,
    pub(super) struck: bool,
    pub(super) recovered_after: Option<SignedDuration>,
}

impl Broken {
    pub(super) fn new(what: Break) -> Self {
        Self {
            what,
            struck: false,
            recovered_after: None,
        }
    }

    pub(super) fn sentence(&self, interrupted: bool) -> String {
        let word = self.what.word();
        match (self.struck, self.recovered_after) {
            (false, _) if interrupted => format!("{word}: not broken yet when you ended it"),
            (true, None) if interrupted => format!("{word}: not recovered yet when you ended it"),
            (false, _) => format!("{word}: it was never broken, the run was too short"),
            (true, None) => format!("{word}: NOT recovered"),
            (true, Some(time)) => format!("{word}: recovered after {}", words::span(time)),
        }
    }

    /// Why the recovery failed.
    pub(super) fn complaint(&self) -> Option<String> {
        let word = self.what.word();
        match (self.struck, self.recovered_after) {
            (true, Some(_)) => None,
            (true, None) => Some(format!(
                "{word} was broken, and had not recovered at the end"
            )),
            (false, _) => Some(format!("{word} was never broken: the run was too short")),
        }
    }

    pub(super) fn facts(&self) -> Value {
        json!({
            "part": self.what.word(),
            "struck": self.struck,
            "recovered": self.recovered_after.is_some(),
            "recovered_after_seconds": self.recovered_after.map(|time| time.as_secs_f64()),
        })
    }
}

/// The token whose rotation is disturbed.
const TOKEN: &str = TOKENS[0];

/// Breaks a part during the next renewal of a token. `kill` ends the daemon's
/// process.
pub(super) async fn break_one(scene: &Scene, broken: &mut Broken, kill: &Notify) {
    let what = broken.what;
    scene
        .tally
        .until(|counts| counts.generation(TOKEN) >= 1)
        .await;
    let before = scene.tally.counts().generation(TOKEN);
    let issued = scene.stage.crm.stats().issued;
    set_up(scene, what);
    match what {
        Break::Issuer | Break::Idp | Break::Vault | Break::Crash => {
            until_issued(scene, issued).await;
        }
        Break::Revoked => until_provisioned(scene).await,
    }
    strike(scene, what, kill);
    broken.struck = true;
    let began = scene.clock.now();
    tell_broken(scene, what, began);
    match what {
        Break::Issuer | Break::Idp | Break::Vault => {
            scene.clock.sleep(scene.stage.pace.outage()).await;
            repair(scene);
            tell_repaired(scene, what);
        }
        Break::Crash | Break::Revoked => {}
    }
    scene
        .tally
        .until(|counts| counts.generation(TOKEN) > before)
        .await;
    let now = scene.clock.now();
    let after = now.duration_since(began);
    broken.recovered_after = Some(after);
    let text = format!(
        "a new token of {TOKEN} is in use {} later; {} calls refused so far",
        words::span(after),
        scene.stage.provisioning().refused
    );
    scene.tell(
        "RECOVERED",
        &text,
        json!({ "event": "recovered", "broken": broken.facts() }),
    );
}

/// How long the answer to an issuance request is delayed, so that the part is
/// broken before the daemon continues.
const AIM: SignedDuration = SignedDuration::from_millis(300);

/// Prepares faults that must be in place before the rotation begins.
fn set_up(scene: &Scene, what: Break) {
    let stage = &scene.stage;
    let issuing = &stage.crm.faults().issue;
    match what {
        Break::Issuer => issuing.plan(IssueFault::LoseReply, 1),
        Break::Idp => {
            stage.hr.faults().write.plan(WriteFault::LoseReply, 1);
            issuing.plan(IssueFault::Slow(AIM), 1);
        }
        Break::Vault => issuing.plan(IssueFault::Slow(AIM), 1),
        Break::Crash => issuing.plan(IssueFault::Slow(stage.pace.lifetime()), 1),
        Break::Revoked => {}
    }
}

fn strike(scene: &Scene, what: Break, kill: &Notify) {
    let stage = &scene.stage;
    match what {
        Break::Issuer => stage.crm.faults().issue.keep(IssueFault::Refuse),
        Break::Idp => stage.hr.faults().admin.keep(AdminFault::Unavailable),
        Break::Vault => stage.vault.seal(true),
        Break::Crash => kill.notify_one(),
        Break::Revoked => stage.crm.revoke_all(),
    }
}

fn repair(scene: &Scene) {
    let stage = &scene.stage;
    stage.crm.faults().issue.clear();
    stage.hr.faults().admin.clear();
    stage.vault.seal(false);
}

/// How often the state of a server is polled.
const LOOK: Duration = Duration::from_millis(2);

async fn until_issued(scene: &Scene, before: u64) {
    while scene.stage.crm.stats().issued == before {
        tokio::time::sleep(LOOK).await;
    }
}

async fn until_provisioned(scene: &Scene) {
    while scene.stage.hr.stats().ok == 0 {
        tokio::time::sleep(LOOK).await;
    }
}

fn tell_broken(scene: &Scene, what: Break, now: Timestamp) {
    let (happens, expect) = what.words(&words::span(scene.stage.pace.outage()));
    let facts = json!({
        "event": "broken",
        "part": what.word(),
        "detail": happens,
        "expect": expect,
        "since": now,
    });
    scene.tell("BROKEN", &format!("{happens}: {expect}"), facts);
}

fn tell_repaired(scene: &Scene, what: Break) {
    let text = match what {
        Break::Issuer => "the issuer of crm issues again",
        Break::Idp => "the identity provider hr is back",
        Break::Vault => "Vault is unsealed",
        Break::Crash | Break::Revoked => return,
    };
    scene.tell(
        "REPAIRED",
        text,
        json!({ "event": "repaired", "part": what.word() }),
    );
}
