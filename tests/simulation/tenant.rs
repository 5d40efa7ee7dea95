//! All that the world holds of one token.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::ports::{PublishedSecret, PublishedToken};
use scim_rotator::rotation::capability::Writer;
use scim_rotator::rotation::outcome::Confirmation;
use scim_rotator::rotation::record::Record;
use scim_rotator::scim::evidence::Tenancy;
use scim_rotator::secret::BearerToken;

use crate::asking::Asked;
use crate::checks::Ledger;
use crate::profile::Profile;
use crate::request::{Answered, Failure, Reply, Request};
use crate::service_provider::ServiceProvider;

/// One token at Vault, its service provider and its identity provider.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) profile: Arc<Profile>,
    /// What the configuration calls its issuer.
    pub(crate) issuer_name: &'static str,
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) version: u64,
    pub(crate) published: Option<PublishedToken>,
    pub(crate) published_version: u64,
    pub(crate) provider: ServiceProvider,
    /// What each connection of the identity provider holds.
    pub(crate) held: Vec<Option<BearerToken>>,
    /// What waits for a person at each connection that a person writes.
    pub(crate) waiting: Vec<Option<BearerToken>>,
    /// Nobody writes what waits.
    pub(crate) nobody_writes: bool,
    /// Which connections have left the configuration.
    pub(crate) detached: BTreeSet<usize>,
    /// The first connection will not like the next token that it is given.
    pub(crate) dislikes_next: bool,
    disliked: Option<BearerToken>,
    /// A connection that could not hold a new token.
    pub(crate) cannot_hold: Option<usize>,
    /// Connections that cannot be reached until then.
    pub(crate) away: BTreeMap<usize, Timestamp>,
    /// Connections that take no token.
    pub(crate) refusing: BTreeSet<usize>,
    /// The first connection works with nothing until then.
    pub(crate) quarantined_until: Option<Timestamp>,
    /// Somebody else has a token made just before the next issue.
    pub(crate) overtaken: bool,
    /// What people ask for.
    pub(crate) asked: Asked,
    /// Values that somebody planted at the published path.
    pub(crate) planted: Vec<BearerToken>,
    /// Ids that the issuer has shown.
    pub(crate) shown: BTreeSet<String>,
    pub(crate) ledger: Ledger,
    /// Things have gone wrong for so long that a token may have expired: from
    /// the beginning of a storm until the first rest after it.
    pub(crate) in_storm: bool,
}

impl Tenant {
    pub(crate) fn new(profile: &Arc<Profile>) -> Self {
        Self {
            profile: Arc::clone(profile),
            issuer_name: "admin",
            record: None,
            version: 0,
            published: None,
            published_version: 0,
            provider: ServiceProvider::new(profile.issuer),
            held: vec![None; profile.connections.len()],
            waiting: vec![None; profile.connections.len()],
            nobody_writes: false,
            detached: BTreeSet::new(),
            dislikes_next: false,
            disliked: None,
            cannot_hold: None,
            away: BTreeMap::new(),
            refusing: BTreeSet::new(),
            quarantined_until: None,
            overtaken: false,
            asked: Asked::default(),
            planted: Vec::new(),
            shown: BTreeSet::new(),
            ledger: Ledger::default(),
            in_storm: false,
        }
    }
}

impl Tenant {
    pub(crate) fn carry_out(&mut self, request: &Request, now: Timestamp) -> Answered {
        match request {
            Request::Load => Ok(Reply::Record(
                self.record.clone().map(|r| (r, self.version)),
            )),
            Request::Commit {
                record, expected, ..
            } => self.commit(record, *expected),
            Request::Published => Ok(self.read_published()),
            Request::Publish { value, expected } => self.publish(value, *expected),
            Request::List => {
                let listing = self.provider.list(&self.held, now);
                let ids = listing.tokens.iter().map(|t| t.id.clone());
                self.shown.extend(ids);
                Ok(Reply::Listing(listing))
            }
            Request::Issue(asked) => {
                if std::mem::take(&mut self.overtaken) {
                    drop(self.provider.issue_by_hand(true, now));
                    self.note_cut_from_outside();
                }
                let stale = !self.is_intended(&asked.label);
                let issued = self.provider.issue(asked, stale, now)?;
                self.shown.extend(issued.id.clone());
                self.note_issue(&asked.label);
                if stale {
                    self.note_stale_issue();
                }
                Ok(Reply::Issued(issued))
            }
            Request::Get { id } => {
                let found = self.provider.get(id, &self.held, now);
                self.shown.extend(found.iter().map(|t| t.id.clone()));
                Ok(Reply::Found(found))
            }
            Request::Revoke(handle) => self.provider.revoke(handle, now).map(|()| Reply::Nothing),
            Request::Complete => self.provider.complete(now).map(|()| Reply::Nothing),
            Request::Cancel => {
                self.note_cancellation();
                self.provider.cancel(now).map(|()| Reply::Nothing)
            }
            Request::Preflight { .. } => Ok(Reply::Nothing),
            Request::Deliver { connection, .. } if self.is_away(*connection, now) => {
                Err(Failure::Fault(Fault::new(
                    FaultClass::NotApplied,
                    FaultKind::Network,
                    "connection refused",
                )))
            }
            Request::Deliver { connection, .. } if self.refusing.contains(connection) => {
                let text = "the identity provider takes no token";
                let fault = Fault::new(FaultClass::Rejected, FaultKind::Refused, text);
                Err(Failure::Fault(fault))
            }
            Request::Deliver { value, .. } if self.provider.quirks.quotes_tokens => {
                let text = format!("`{}` is no token", value.expose());
                let fault = Fault::new(FaultClass::Rejected, FaultKind::Refused, text);
                Err(Failure::Fault(fault))
            }
            Request::Deliver { connection, value } if self.is_by_person(*connection) => {
                self.waiting[*connection] = Some(value.clone());
                Ok(Reply::Nothing)
            }
            Request::Deliver { connection, value } => {
                self.hold(*connection, value, now);
                if *connection == 0 && std::mem::take(&mut self.dislikes_next) {
                    self.disliked = Some(value.clone());
                }
                Ok(Reply::Nothing)
            }
            Request::Confirm { connection, value } => {
                Ok(Reply::Confirmation(self.confirm(*connection, value, now)))
            }
            Request::Prove { value } => Ok(Reply::Accepted(self.provider.accepts(value, now))),
            Request::CompareTenants { new, old } => Ok(Reply::Tenancy(self.compare(new, old, now))),
            Request::ProveRefused { old, new } => Ok(Reply::Both {
                old: self.provider.accepts(old, now),
                new: self.provider.accepts(new, now),
            }),
        }
    }

    pub(crate) fn is_by_person(&self, connection: usize) -> bool {
        self.profile.connections[connection].1.writer == Writer::Person
    }

    /// A connection holds this token from now on.
    fn hold(&mut self, connection: usize, value: &BearerToken, now: Timestamp) {
        self.note_delivery(connection, value);
        self.provider.not_used_any_more(&self.held[connection], now);
        self.held[connection] = Some(value.clone());
    }

    /// A person writes what waits; returns the names of the connections, and the
    /// fingerprints of the tokens.
    pub(crate) fn write_by_hand(&mut self, now: Timestamp) -> Vec<(String, String)> {
        let mut written = Vec::new();
        for connection in 0..self.waiting.len() {
            if let Some(value) = self.waiting[connection].take() {
                self.hold(connection, &value, now);
                let name = self.profile.connections[connection].0.clone();
                written.push((name, value.fingerprint().short()));
            }
        }
        written
    }

    fn compare(&self, new: &BearerToken, old: &BearerToken, now: Timestamp) -> Tenancy {
        let tenant = |token| self.provider.is_strangers(token);
        match self.provider.accepts(old, now) {
            false => Tenancy::Unknown("the predecessor is refused".to_owned()),
            true if tenant(new) == tenant(old) => Tenancy::Same,
            true => Tenancy::Other("they list different entries".to_owned()),
        }
    }

    /// The entry that a token lists: each tenant of the service provider has one.
    pub(crate) fn entry_seen_by(
        &self,
        token: &BearerToken,
        now: Timestamp,
    ) -> Option<&'static str> {
        let entry = match self.provider.is_strangers(token) {
            true => "a stranger's",
            false => "ours",
        };
        self.provider.accepts(token, now).then_some(entry)
    }

    fn commit(&mut self, record: &Arc<Record>, expected: u64) -> Answered {
        if expected != self.version {
            return Err(Failure::Conflict);
        }
        self.version += 1;
        self.record = Some(Arc::clone(record));
        Ok(Reply::Written(self.version))
    }

    fn is_away(&self, connection: usize, now: Timestamp) -> bool {
        let until = self.away.get(&connection);
        until.is_some_and(|until| now < *until)
    }

    pub(crate) fn mend_connection(&mut self) {
        self.disliked = None;
    }

    fn read_published(&self) -> Reply {
        let secret = match &self.published {
            None => PublishedSecret::Absent,
            Some(token) => PublishedSecret::Token(token.clone()),
        };
        Reply::Published(secret, self.published_version)
    }

    fn publish(&mut self, value: &PublishedToken, expected: u64) -> Answered {
        if expected != self.published_version {
            return Err(Failure::Conflict);
        }
        self.published_version += 1;
        self.published = Some(value.clone());
        Ok(Reply::Written(self.published_version))
    }

    fn confirm(&self, connection: usize, value: &BearerToken, now: Timestamp) -> Confirmation {
        use scim_rotator::rotation::capability::ConnectionTest;
        if connection == 0 && self.quarantined_until.is_some_and(|until| now < until) {
            return Confirmation::NotYet {
                detail: "in quarantine".to_owned(),
                ask_again: None,
            };
        }
        let holds = self.held[connection].as_ref() == Some(value);
        let disliked = connection == 0 && self.disliked.as_ref() == Some(value);
        let works = holds && !disliked && self.provider.accepts(value, now);
        if self.is_by_person(connection) && !holds {
            // What shows there is a log: nothing was changed, which proves nothing.
            return Confirmation::CannotTell;
        }
        match (self.profile.connections[connection].1.test, works) {
            (ConnectionTest::None, _) => Confirmation::CannotTell,
            (ConnectionTest::Candidate | ConnectionTest::Saved, true) => Confirmation::Works,
            (ConnectionTest::Candidate | ConnectionTest::Saved, false) => Confirmation::Refused {
                detail: "the service provider refuses it".to_owned(),
            },
        }
    }
}
