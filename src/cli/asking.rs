//! Asks the daemon for something: a command writes a request in the person's
//! name, rings the bell, and waits for the answer in the facts.

use jiff::SignedDuration;
use serde_json::Value;

use super::Exit;
use super::output::complain;
use super::wiring::World;
use crate::ids;
use crate::ports::StoreError;
use crate::rotation::record::{Handled, Wish, WrittenRequest};

/// How long a daemon that runs may take to answer.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// How often the facts are read meanwhile.
pub(super) const LOOK: SignedDuration = SignedDuration::from_secs(1);

/// A person who asks.
pub(super) struct Asking<'a> {
    world: &'a World,
    author: String,
}

/// How the daemon answered.
pub(super) enum Answer {
    /// It does what was asked for. With the facts that say so.
    Accepted(Box<Handled>, Value),
    /// It does not, and says why.
    Refused(String),
    /// No daemon answered in time. The request stays where it is.
    None,
}

impl<'a> Asking<'a> {
    /// Logs in.
    ///
    /// # Errors
    /// With the exit code, after a message.
    pub(super) async fn begin(world: &'a World) -> Result<Self, Exit> {
        match world.store.own_entity().await {
            Ok(Some(author)) => Ok(Self { world, author }),
            Ok(None) => {
                complain(
                    "the Vault token belongs to nobody (a root token, or one made by it), and a request is written in the name of a person: log in to Vault by a login method, and set VAULT_TOKEN to the token that it returns\n",
                );
                Err(Exit::Usage)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Writes a request for a token, or for all
    /// ([`ALL`](crate::vault::requests::ALL)), and rings the bell. Returns its
    /// number.
    ///
    /// # Errors
    /// With the exit code, after a message.
    pub(super) async fn ask(&self, name: &str, request: &WrittenRequest) -> Result<u64, Exit> {
        let store = &self.world.store;
        // After the folder of requests was deleted, numbers go on from what was
        // handled.
        let known = store.facts(name).await.ok().and_then(|stored| stored.facts);
        let handled = known.and_then(|facts| self.newest(&facts));
        let least = handled.map_or(1, |handled| handled.seq.saturating_add(1));
        let written = store.write_request(&self.author, name, request, least);
        let seq = written.await.map_err(|error| failed(&error))?;
        self.ring(name).await?;
        Ok(seq)
    }

    async fn ring(&self, name: &str) -> Result<(), Exit> {
        let names = [format!("{}/{name}", self.author)];
        self.world.store.ring(&names).await.map_err(|error| {
            complain(&format!(
                "the request is written, but the daemon was not told of it and notices it within an hour: {error}\n"
            ));
            Exit::TryAgain
        })
    }

    /// Waits for the answer to the request with this number.
    ///
    /// # Errors
    /// With the exit code, after a message, if the facts cannot be read.
    pub(super) async fn answer(&self, name: &str, seq: u64) -> Result<Answer, Exit> {
        let clock = &self.world.clock;
        let began = clock.now();
        loop {
            let stored = self.world.store.facts(name).await;
            let facts = stored.map_err(|error| failed(&error))?.facts;
            let newest = facts.as_ref().and_then(|facts| self.newest(facts));
            if let (Some(handled), Some(facts)) = (newest.filter(|h| h.seq >= seq), facts) {
                // After a newer request, the answer to this one is not told.
                return Ok(
                    match handled.refused.clone().filter(|_| handled.seq == seq) {
                        Some(why) => Answer::Refused(why),
                        None => Answer::Accepted(Box::new(handled), facts),
                    },
                );
            }
            if clock.now().duration_since(began) >= PATIENCE {
                return Ok(Answer::None);
            }
            clock.sleep(LOOK).await;
        }
    }

    fn newest(&self, facts: &Value) -> Option<Handled> {
        let handled: Vec<Handled> = serde_json::from_value(facts["handled"].clone()).ok()?;
        handled
            .into_iter()
            .find(|noted| noted.author == self.author)
    }
}

/// A request that is written now.
pub(super) fn request(world: &World, what: Wish) -> WrittenRequest {
    WrittenRequest {
        id: ids::write(),
        seq: 0,
        at: world.right_clock.now(),
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

/// Says that no daemon has answered.
pub(super) fn complain_of_silence(what: &str, kept: &str) -> Exit {
    complain(&format!(
        "{what}: the request is written, and no daemon has answered within {} s. Is one running? The next start of the daemon, or `once`, carries it out, within {kept}.\n",
        PATIENCE.as_secs()
    ));
    Exit::TryAgain
}

pub(super) fn failed(error: &StoreError) -> Exit {
    complain(&format!("{error}\n"));
    Exit::TryAgain
}
