//! Rehearses a token: has the real issuer make a throw-away token, tests it, has it
//! revoked, and reads each connection, while the token in use and the connections
//! stay as they are.
//!
//! ```text
//! lease + intent ─> issue ─> token stored ─> tests ─> revoke ─> removed from the record
//!        └ after a crash the daemon, or the next command, ends the throw-away token
//! ```
//!
//! It holds the token's lease like a rotation, so that the two never overlap. What
//! may be done is decided in [`crate::rotation::rehearsal`].

mod compare;
mod connections;
mod journal;
mod rows;
mod trials;

use jiff::{SignedDuration, Timestamp};

use self::rows::Said;
pub use self::rows::{Result as TrialResult, Row, Trial};
use super::memory::Memory;
use super::perform::operands::request_for;
use super::run::Runner;
use super::situation::Seen;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ids;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::capability::{ConnectionCapabilities, Recovery};
use crate::rotation::outcome::IssuedToken;
use crate::rotation::record::{HeldToken, Record, StatedEnd};
use crate::rotation::rehearsal::{Accepted, Gate, can_issue, gate, room};
use crate::rotation::situation::{Published, Situation};
use crate::scim::evidence::Evidence;

/// Why nothing was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRehearsed {
    /// It may be possible later.
    NotNow(String),
    /// Not unless the person accepts the consequence, by this option.
    NotUnless(&'static str, String),
    /// The store could not be used.
    Store(StoreError),
}

impl From<StoreError> for NotRehearsed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How often a write of the record is attempted over those of others.
const CONFLICTS: usize = 5;

/// One rehearsal while it runs.
struct Run<'a> {
    runner: &'a Runner,
    unit: &'a Unit,
    memory: Memory,
    connections: Vec<(String, ConnectionCapabilities)>,
    rows: Vec<Row>,
    label: String,
    /// The proof that the throw-away token worked.
    proven: Option<Evidence>,
}

impl Runner {
    /// Rehearses a token, and returns what was shown.
    ///
    /// # Errors
    /// When nothing was issued.
    pub async fn rehearse(
        &self,
        unit: &Unit,
        accepted: Accepted,
    ) -> Result<Vec<Row>, NotRehearsed> {
        let mut run = Run {
            runner: self,
            unit,
            memory: Memory::default(),
            connections: unit.connection_capabilities(),
            rows: Vec::new(),
            proven: None,
            // No rotation has such a label: their attempts count from one.
            label: unit
                .issuer
                .label(&unit.name, &format!("rehearsal-{}", ids::time_ordered()), 0),
        };
        let done = run.all(accepted).await;
        self.release(&mut run.memory).await;
        done.map(|()| run.rows)
    }
}

impl Run<'_> {
    async fn all(&mut self, accepted: Accepted) -> Result<(), NotRehearsed> {
        self.enter(accepted).await?;
        if !self.situated(can_issue) {
            self.nobody_to_ask();
            self.read_connections(None).await;
            return Ok(());
        }
        let listing = self.list_before().await;
        let has_room = self.situated(|situation| room(&listing, situation, accepted));
        passed(has_room)?;
        let chosen = match self.unit.issuer.capabilities().recovery {
            Recovery::ClientChosen => self.unit.issuer.choose_secret(),
            Recovery::Replay
            | Recovery::ClientNamed
            | Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::None => None,
        };
        self.begin(&listing, chosen).await?;
        let Some((token, issued_at)) = self.issue().await? else {
            self.read_connections(None).await;
            return Ok(());
        };
        self.test(&token, issued_at).await;
        self.end(&token).await;
        Ok(())
    }

    /// Ends the throw-away token of an earlier rehearsal, and asks whether this one
    /// may begin.
    async fn enter(&mut self, accepted: Accepted) -> Result<(), NotRehearsed> {
        for _ in 0..CONFLICTS {
            self.runner.load(self.unit, &mut self.memory).await?;
            let now = self.now();
            let record = self.record();
            let answer = self.situated(|situation| gate(&record, situation, accepted, now));
            if answer != Gate::EndEarlier {
                return passed(answer);
            }
            self.end_in_record().await?;
            if self.record().rehearsal.is_some() {
                let why = "the throw-away token of an earlier rehearsal could not be revoked";
                return Err(NotRehearsed::NotNow(why.to_owned()));
            }
        }
        Err(NotRehearsed::Store(StoreError::Conflict))
    }

    /// Requests the throw-away token and stores it. `None`: there is none, and a row
    /// says why.
    async fn issue(&mut self) -> Result<Option<(IssuedToken, Timestamp)>, NotRehearsed> {
        let began = self.now();
        let record = self.record();
        let Some(intent) = record.rehearsal.as_deref().map(|r| r.intent.clone()) else {
            return Ok(None);
        };
        let request = request_for(self.unit, &record, &intent);
        let issued = self.within_lease(self.unit.issuer.issue(&request)).await;
        match issued {
            Ok(token) => {
                let token = IssuedToken {
                    value: self.unit.whole(token.value),
                    ..token
                };
                let is_new = self.store_token(&token, &intent).await;
                let detail = token.id.as_ref().map_or_else(
                    || "the issuer told no id".to_owned(),
                    |id| format!("its id is {id}"),
                );
                let said = match is_new {
                    true => Said::shown(detail),
                    false => Said::failed(
                        "same_token",
                        "the issuer returned a token that is already in use, not a new one; it is left as it is: check its `issue` operation",
                    ),
                };
                self.row(Trial::Issue, began, said);
                Ok(is_new.then_some((token, began)))
            }
            Err(fault) => {
                self.row(Trial::Issue, began, Said::fault(&fault));
                self.not_issued(&fault, &intent).await?;
                Ok(None)
            }
        }
    }

    /// Revokes the throw-away token, and shows that it is refused.
    async fn end(&mut self, token: &IssuedToken) {
        let began = self.now();
        let said = self.revoke(token).await;
        let is_revoked = said.result == TrialResult::Shown;
        self.row(Trial::Revoke, began, said);
        if is_revoked {
            self.see_refused(token).await;
            self.see_gone(token).await;
        }
    }

    /// Waits for an answer of a port, at most until the lease that covers it ends.
    async fn within_lease<T>(
        &self,
        call: impl Future<Output = std::result::Result<T, Fault>>,
    ) -> std::result::Result<T, Fault> {
        let answer = self.in_time(call).await;
        answer.unwrap_or_else(|| {
            let text = "it took longer than the lease on the token lasts";
            Err(Fault::new(FaultClass::Ambiguous, FaultKind::Timeout, text))
        })
    }

    /// `None`: the lease ended first. Without a lease, as long as one lasts.
    async fn in_time<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let lease = self.record().lease;
        let ours = lease.filter(|lease| lease.holder == self.runner.holder);
        let left = ours.map_or(self.unit.policy.lease, |lease| {
            lease.expires_at.duration_since(self.now())
        });
        tokio::select! {
            done = call => Some(done),
            () = self.runner.clock.sleep(left.max(SignedDuration::ZERO)) => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.runner.now(self.unit)
    }

    fn record(&self) -> Record {
        let known = self.memory.record().cloned();
        known.unwrap_or_else(|| Record::new(&self.unit.name, self.now()))
    }

    fn current(&self) -> Option<HeldToken> {
        self.record().current
    }

    /// What is decided on, at this moment.
    fn situated<T>(&self, decide: impl FnOnce(&Situation<'_>) -> T) -> T {
        let unread = unread();
        let record = self.record();
        let situation =
            self.runner
                .situation(self.unit, &self.connections, &unread, &self.memory, &record);
        decide(&situation)
    }

    fn row(&mut self, trial: Trial, began: Timestamp, said: Said) {
        self.row_at(trial, None, began, said);
    }

    fn row_at(&mut self, trial: Trial, connection: Option<usize>, began: Timestamp, said: Said) {
        self.rows.push(Row {
            trial,
            connection,
            result: said.result,
            reason: said.reason,
            detail: said.detail,
            took: self.now().duration_since(began),
        });
    }
}

fn passed(gate: Gate) -> Result<(), NotRehearsed> {
    match gate {
        Gate::Open | Gate::EndEarlier => Ok(()),
        Gate::NotNow(why) => Err(NotRehearsed::NotNow(why)),
        Gate::NotUnless(option, why) => Err(NotRehearsed::NotUnless(option, why)),
    }
}

/// The published path has nothing to do with a throw-away token.
fn unread() -> Seen {
    Seen {
        what: Published::Unknown,
        end: StatedEnd::Absent,
    }
}
