//! What people ask for: requests at their own paths, and the bell, which may be
//! lost or come twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::record::{
    Handled, MOST_REQUESTS, Record, RequestsOf, Trigger, Wish, WrittenRequest,
};

use crate::acts::Order;
use crate::checks::Checked;
use crate::tenant::Tenant;
use crate::world::{Coming, MACHINES, World};

/// Who asks, by turns.
const AUTHORS: [&str; 2] = ["ann", "bob"];
/// How soon a replica that is up hears the bell.
const HEARD_WITHIN: SignedDuration = SignedDuration::from_secs(5);
/// When a bell that comes twice comes again.
const AGAIN: SignedDuration = SignedDuration::from_mins(7);
/// How far the clock of who asks may be ahead.
const FUTURE_TOLERATED: SignedDuration = SignedDuration::from_hours(1);
/// How often all requests are read, whatever the bell brought.
const NET: SignedDuration = SignedDuration::from_hours(1);

/// What people have written for one token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Number of requests that each author has written.
    written: BTreeMap<&'static str, u64>,
    documents: BTreeMap<&'static str, RequestsOf>,
}

impl Asked {
    /// Adds a request; returns how many there are.
    fn write(&mut self, author: &'static str, request: WrittenRequest) -> u64 {
        let written = self.written.entry(author).or_default();
        *written += 1;
        let document = self.documents.entry(author).or_insert_with(|| RequestsOf {
            author: author.to_owned(),
            name: None,
            version: 0,
            requests: Ok(Vec::new()),
        });
        document.version += 1;
        if let Ok(requests) = &mut document.requests {
            requests.push(WrittenRequest {
                seq: *written,
                ..request
            });
            requests.drain(..requests.len().saturating_sub(MOST_REQUESTS));
        }
        self.written.values().sum()
    }

    /// Whether a person asked for anything.
    pub(crate) fn is_any(&self) -> bool {
        !self.written.is_empty()
    }

    /// The documents, as a replica reads them.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &RequestsOf> {
        self.documents.values()
    }
}

impl Tenant {
    /// A request is carried out at most once, and only what its author has asked
    /// for: what a person can change in a record changes only together with the
    /// note of a request that its author has written and that was not noted
    /// before.
    pub(crate) fn check_requested(&self, new: &Record) -> Checked {
        let nothing = Record::new("", Timestamp::UNIX_EPOCH);
        let old = self.record.as_deref().unwrap_or(&nothing);
        let noted = |record: &Record, author: &str| -> Option<Handled> {
            record.handled.iter().find(|n| n.author == author).cloned()
        };
        let mut newly = Vec::new();
        for now in &new.handled {
            let before = noted(old, &now.author).map_or(0, |noted| noted.seq);
            let written = self.asked.written.get(now.author.as_str());
            if now.seq < before || written.is_none_or(|written| now.seq > *written) {
                return Err(format!(
                    "requests: number {} of {} is noted, after {before}, of {written:?} written",
                    now.seq, now.author
                ));
            }
            if now.seq > before {
                newly.push(now);
            }
        }
        if let Some(lost) = old.handled.iter().find(|n| noted(new, &n.author).is_none()) {
            return Err(format!("requests: those of {} are forgotten", lost.author));
        }
        let asked = new.request.as_ref().filter(|_| old.request.is_none());
        let is_forced = asked.is_some_and(|request| request.trigger == Trigger::Force);
        let is_switched = new.paused.is_some() != old.paused.is_some();
        if (is_forced || is_switched) && newly.is_empty() {
            return Err("requests: one is carried out that nobody has written".to_owned());
        }
        let by = new.paused.as_ref().and_then(|paused| paused.by.as_ref());
        if let (None, Some(by)) = (&old.paused, by)
            && newly.iter().all(|noted| noted.by != *by)
        {
            return Err(format!("requests: a pause is noted in the name of {by}"));
        }
        Ok(())
    }
}

impl World {
    /// A person's command. The bell rings at once, not at all, or twice, by
    /// turns.
    pub(crate) fn ask(&mut self, token: &str, request: WrittenRequest, is_rung: bool) {
        let Some((name, tenant)) = self.tenants.get_key_value(token) else {
            return;
        };
        let name = Arc::clone(name);
        let before: u64 = tenant.asked.written.values().sum();
        let author = AUTHORS[usize::from(before % 3 == 1)];
        let asked = self.tenants.get_mut(token).map(|t| &mut t.asked);
        let count = asked.map_or(0, |asked| asked.write(author, request));
        let rings: &[SignedDuration] = match (is_rung, count % 4) {
            (false, 2) => &[NET],
            (_, 3) => &[HEARD_WITHIN, AGAIN, NET],
            (true | false, _) => &[HEARD_WITHIN, NET],
        };
        for ring in rings {
            for machine in 0..MACHINES {
                let at = self.after(*ring);
                let bell = Coming::Bell(machine, Arc::clone(&name));
                self.coming.push((at, bell));
            }
        }
    }

    /// A request of this kind, written by the clock of the first machine. A person
    /// whose clock is further ahead is told so, and asks with a corrected one.
    pub(crate) fn wish(&self, what: Wish) -> WrittenRequest {
        let tolerated = self.offsets[0] <= FUTURE_TOLERATED;
        WrittenRequest {
            id: format!("asked at {}", self.now),
            seq: 0,
            at: if tolerated { self.wall(0) } else { self.now },
            what,
            compromised: false,
            override_guards: false,
            supplied: false,
            reason: String::new(),
            connection: String::new(),
            fingerprint: String::new(),
            issued_at: None,
            expires_at: None,
            token_id: String::new(),
        }
    }

    /// A machine hears the bell: its process reads what is asked for this
    /// token.
    pub(crate) fn ring(&mut self, machine: usize, token: &Arc<str>) {
        self.note(None, "bell", || format!("machine {machine} hears {token}"));
        self.orders.push(Order::Bell(machine, Arc::clone(token)));
    }
}
