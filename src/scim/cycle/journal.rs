//! The journal of full cycles of one token: what is stored before each creation, so
//! that any process can delete what another one left behind, and the last result.
//! It is one document, so that the result and what is left behind cannot disagree.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::names::Names;
use super::report::CycleVerdict;
pub use crate::scim::evidence::Passed;
use crate::secret::Fingerprint;

/// The version of the document's form.
pub const SCHEMA: u32 = 1;
/// The journal takes no more entries: somebody has to look first.
pub const MOST_ENTRIES: usize = 10;
/// How long a creation whose answer was lost may still take effect.
pub const SETTLE: SignedDuration = SignedDuration::from_mins(2);

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalDocument {
    /// Version of its form.
    pub schema: u32,
    /// The process that runs a cycle or deletes what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunBy>,
    /// What may be at the service provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// The last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastRun>,
    /// The last run that passed, unless a later one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<Passed>,
}

impl Default for JournalDocument {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            runner: None,
            entries: Vec::new(),
            last: None,
            passed: None,
        }
    }
}

/// The process that runs a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBy {
    /// Its random id.
    pub holder: String,
    /// From when on another process may take over.
    pub until: Timestamp,
}

/// A user or a group that may be at the service provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The run that made it.
    pub run: String,
    /// What it is.
    pub kind: Kind,
    /// Where it is. It is deleted only while the configuration names the same place.
    pub scim_url: String,
    /// `userName`, or the `displayName` of a group.
    pub name: String,
    /// `externalId`.
    pub external_id: String,
    /// Its ids, as far as they are known. More than one if the service provider made
    /// a second user of the same name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// What is known of it.
    pub state: EntryState,
    /// When this entry was written.
    pub created_at: Timestamp,
    /// How often a deletion was tried in vain.
    #[serde(default)]
    pub attempts: u32,
    /// Why it is still there, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// When a creation was sent whose answer is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_at: Option<Timestamp>,
    /// Whether every run uses the same user, which is only deactivated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
}

/// What is known of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Its creation is about to be sent, or was sent.
    Intent,
    /// The service provider has created it.
    Created,
}

/// The last run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its id.
    pub run: String,
    /// When it ended.
    pub at: Timestamp,
    /// What it shows.
    pub verdict: CycleVerdict,
    /// The step that decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The token that it was run with.
    pub fingerprint: Fingerprint,
}

/// Why the journal could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process wrote first.
    #[error("another process wrote the journal first")]
    Conflict,
    /// It cannot be read or written.
    #[error("the journal of full cycles cannot be used: {0}")]
    Failed(String),
}

/// Stores journals; implemented by Vault.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Reads the journal of a token, with its version.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    async fn read(&self, token: &str) -> Result<(JournalDocument, u64), JournalError>;

    /// Writes it over this version, and returns the new one.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] if another version is stored.
    async fn write(
        &self,
        token: &str,
        document: &JournalDocument,
        version: u64,
    ) -> Result<u64, JournalError>;

    /// Tells every replica that these tokens, which waited for a full cycle, may go on.
    async fn wake(&self, tokens: &[String]) {
        let _ = tokens;
    }
}

impl JournalDocument {
    /// Whether another process runs a cycle now.
    #[must_use]
    pub fn is_taken(&self, holder: &str, now: Timestamp) -> bool {
        let runner = self.runner.as_ref();
        runner.is_some_and(|runner| runner.holder != holder && runner.until > now)
    }

    /// Notes that this process runs, for so long at most.
    pub fn take(&mut self, holder: &str, now: Timestamp, lasts: SignedDuration) {
        self.runner = Some(RunBy {
            holder: holder.to_owned(),
            until: now.checked_add(lasts).unwrap_or(now),
        });
    }

    /// Notes a creation that is about to be sent.
    pub fn intend(&mut self, run: &str, kind: Kind, names: &Names, scim_url: &str, now: Timestamp) {
        self.entries.push(Entry {
            run: run.to_owned(),
            kind,
            scim_url: scim_url.to_owned(),
            name: match kind {
                Kind::User => names.user_name.clone(),
                Kind::Group => names.group_name.clone(),
            },
            external_id: names.external_id.clone(),
            ids: Vec::new(),
            state: EntryState::Intent,
            created_at: now,
            attempts: 0,
            trouble: None,
            unanswered_at: Some(now),
            reused: false,
        });
    }

    /// Notes that it was created with this id.
    pub fn created(&mut self, run: &str, kind: Kind, id: &str) {
        let entry = self.entries.iter_mut();
        if let Some(entry) = entry.rev().find(|e| e.run == run && e.kind == kind) {
            entry.state = EntryState::Created;
            entry.unanswered_at = None;
            if !entry.ids.iter().any(|known| known == id) {
                entry.ids.push(id.to_owned());
            }
        }
    }

    /// Notes that a further creation of the same name was not answered.
    pub fn unanswered(&mut self, run: &str, kind: Kind, now: Timestamp) {
        let mut entries = self.entries.iter_mut().rev();
        if let Some(entry) = entries.find(|e| e.run == run && e.kind == kind) {
            entry.unanswered_at = Some(now);
        }
    }

    /// Notes that no further creation of the same name is seen.
    pub fn created_again(&mut self, run: &str, kind: Kind) {
        let mut entries = self.entries.iter_mut().rev();
        if let Some(entry) = entries.find(|e| e.run == run && e.kind == kind) {
            entry.unanswered_at = None;
        }
    }

    /// Notes a result. A run that shows nothing leaves an earlier proof as it is.
    pub fn conclude(&mut self, run: LastRun, issued_at: Timestamp) {
        match run.verdict {
            CycleVerdict::Passed => {
                self.passed = Some(Passed {
                    at: run.at,
                    fingerprint: run.fingerprint,
                    issued_at,
                });
            }
            CycleVerdict::Failed => self.passed = None,
            CycleVerdict::Inconclusive => {}
        }
        self.last = Some(run);
        self.runner = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).expect("a time")
    }

    fn ran(verdict: CycleVerdict, minute: i64) -> LastRun {
        LastRun {
            run: "r".to_owned(),
            at: at(minute),
            verdict,
            detail: String::new(),
            fingerprint: Fingerprint::of("token"),
        }
    }

    #[test]
    fn only_a_failure_takes_a_proof_away() {
        let mut journal = JournalDocument::default();
        journal.conclude(ran(CycleVerdict::Inconclusive, 0), at(0));
        assert_eq!(journal.passed, None);
        journal.conclude(ran(CycleVerdict::Passed, 1), at(0));
        assert_eq!(journal.passed.as_ref().map(|p| p.at), Some(at(1)));
        journal.conclude(ran(CycleVerdict::Inconclusive, 2), at(0));
        assert_eq!(journal.passed.as_ref().map(|p| p.at), Some(at(1)));
        journal.conclude(ran(CycleVerdict::Failed, 3), at(0));
        assert_eq!(journal.passed, None);
    }

    #[test]
    fn a_process_that_is_gone_is_taken_over_after_its_time() {
        let mut journal = JournalDocument::default();
        journal.take("a", at(0), SignedDuration::from_mins(15));
        assert!(!journal.is_taken("a", at(1)));
        assert!(journal.is_taken("b", at(14)));
        assert!(!journal.is_taken("b", at(15)));
    }

    #[test]
    fn the_document_can_be_read_back() {
        let mut journal = JournalDocument::default();
        journal.take("a", at(0), SignedDuration::from_mins(15));
        let names = Names::new("test", "r", "x.invalid");
        journal.intend("r", Kind::User, &names, "https://x.example/scim", at(0));
        journal.created("r", Kind::User, "7");
        journal.created("r", Kind::User, "7");
        journal.conclude(ran(CycleVerdict::Passed, 1), at(0));
        let text = serde_json::to_string(&journal).expect("JSON");
        assert_eq!(
            serde_json::from_str::<JournalDocument>(&text).expect("reads"),
            journal
        );
        assert_eq!(journal.entries[0].ids, ["7"]);
    }
}
