//! What a line of the audit says.

use jiff::Timestamp;
use serde::Serialize;

use super::chain::{Gap, Torn};
use crate::fault::{Fault, FaultClass};
use crate::ports::StoreError;
use crate::rotation::record::{Handled, Trigger};
use crate::secret::KeyedFingerprint;

/// Most characters of a text in a line.
const MOST_CHARACTERS: usize = 512;

/// One event. A field that is not known is left out of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Version of these fields.
    pub version: u32,
    /// When it was written, by the servers' clock where ours is known to be wrong.
    pub at: Timestamp,
    /// Whose chain the line is in.
    pub replica: String,
    /// The program's run: a random id.
    pub process: String,
    /// Who acted.
    pub who: Who,
    /// At which door.
    pub port: Port,
    /// What was done, such as `issue`, `deliver`, `commit`.
    pub what: &'static str,
    /// Name of the issuer or connection in the configuration, the host that was asked,
    /// or the path in Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Kind of the issuer or connection: the vendor, or a word such as `http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// SHA-256 of the vendor file, or the digest of the issuer's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Name of the token in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Id of the token at its issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The token before, as a keyed fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<KeyedFingerprint>,
    /// The token after: the one that was issued, delivered, tested or is in use now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<KeyedFingerprint>,
    /// Generation of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Id of the rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<String>,
    /// Why the rotation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// The stage of the rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<&'static str>,
    /// Machine word of the decision that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What a commit changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Version of the document in Vault after a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_version: Option<u64>,
    /// Id of the request of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// How it ended.
    pub result: Outcome,
    /// Why, in a sentence: the words of a person, or what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// For the line `gap`: which lines are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// For the line `torn`: the part of a line before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<Torn>,
    /// For the line `lost`: how many lines could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}

/// Version of [`Event`].
pub const VERSION: u32 = 1;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    /// What it is.
    pub kind: WhoKind,
    /// The replica, or the person as Vault tells.
    pub name: String,
    /// The person's entity in Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
}

/// See [`Who::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoKind {
    /// A replica of the daemon.
    Daemon,
    /// A command that works itself: `once`, `rotate --foreground`.
    Command,
    /// A person, by a request.
    Person,
}

/// At which door something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// The store of records and published secrets.
    Store,
    /// An issuer.
    Issuer,
    /// A connection.
    Connection,
    /// The probe of a service provider.
    Probe,
    /// The place where a token waits for a person.
    Handover,
    /// The store of refresh tokens.
    RefreshToken,
    /// What people ask for.
    Request,
    /// The audit itself.
    Audit,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or proven.
    Ok,
    /// It was refused, disproven, or failed; nothing has changed.
    Failed,
    /// Whether it was done, or is so, is not known.
    Unknown,
}

impl Event {
    /// An event of a process, about nothing yet. `replica` names its chain.
    #[must_use]
    pub fn of_process(
        (replica, process, kind): (&str, &str, WhoKind),
        at: Timestamp,
        port: Port,
        what: &'static str,
    ) -> Self {
        Self {
            version: VERSION,
            at,
            replica: replica.to_owned(),
            process: process.to_owned(),
            who: Who {
                kind,
                name: replica.to_owned(),
                entity: None,
            },
            port,
            what,
            target: None,
            kind: None,
            settings: None,
            token: None,
            token_id: None,
            before: None,
            after: None,
            generation: None,
            rotation: None,
            trigger: None,
            stage: None,
            reason: None,
            changes: Vec::new(),
            stored_version: None,
            request: None,
            result: Outcome::Ok,
            why: None,
            gap: None,
            torn: None,
            lost: None,
        }
    }

    /// The event with what a fault says.
    #[must_use]
    pub fn failed(mut self, fault: &Fault) -> Self {
        self.result = match fault.class {
            FaultClass::Ambiguous => Outcome::Unknown,
            FaultClass::NotApplied
            | FaultClass::Throttled
            | FaultClass::Unauthorized
            | FaultClass::Rejected
            | FaultClass::Conflict => Outcome::Failed,
        };
        let (class, kind) = (fault.class.as_str(), fault.kind.as_str());
        self.because(&format!("{class}, {kind}: {}", fault.message))
    }

    /// The event with what an error of the store says.
    #[must_use]
    pub fn not_stored(mut self, error: &StoreError) -> Self {
        match error {
            StoreError::Fault(fault) => self.failed(fault),
            StoreError::Conflict | StoreError::Unusable(_) => {
                self.result = Outcome::Failed;
                self.because(&error.to_string())
            }
        }
    }

    /// The event with a sentence that says why.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        let why = bounded(why);
        self.why = (!why.is_empty()).then_some(why);
        self
    }

    /// The event as what a person has asked for.
    #[must_use]
    pub fn asked(mut self, noted: &Handled) -> Self {
        self.who = Who {
            kind: WhoKind::Person,
            name: bounded(&noted.by),
            entity: Some(bounded(&noted.author)),
        };
        self.port = Port::Request;
        self.what = noted.what.map_or("request", |what| what.as_str());
        self.changes.clone_from(&noted.options);
        self.request = (!noted.id.is_empty()).then(|| bounded(&noted.id));
        match &noted.refused {
            Some(why) => {
                self.result = Outcome::Failed;
                self.because(why)
            }
            None => self.because(&noted.reason),
        }
    }
}

/// A text as it may stand in a line: short, and without control characters.
#[must_use]
pub fn bounded(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MOST_CHARACTERS).map(plain).collect()
}
