//! The memory of notes, a clock, a count and a secret that a test sets, and what the
//! receiver was told.

use async_trait::async_trait;
use serde_json::Value;

use super::super::*;
use super::receiver::Receiver;
use crate::fault::Fault;
use crate::http::{Client, ClientSettings, NoObserver, Target as Whom};
use crate::notify::event::Event;
use crate::notify::view::Lasting;
use crate::notify::{Deps, Target};
use crate::ports::{Resolved, Secrets, StoreError};
use crate::secret::{SecretRef, SecretText};

/// The notes of all tokens, as Vault keeps them.
#[derive(Default)]
pub(super) struct Shelf {
    notes: Mutex<HashMap<String, (Value, u64)>>,
    pub(super) record: Mutex<u64>,
    pub(super) writes: Mutex<u32>,
    pub(super) is_away: Mutex<bool>,
}

impl Shelf {
    fn asked(&self) -> Result<(), StoreError> {
        match *self.is_away.lock() {
            true => Err(StoreError::Unusable("Vault is away".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Notes for Shelf {
    async fn note(&self, token: &str) -> Result<(Option<Value>, u64), StoreError> {
        self.asked()?;
        let notes = self.notes.lock();
        let known = notes.get(token).cloned();
        Ok(known.map_or((None, 0), |(value, version)| (Some(value), version)))
    }

    async fn write_note(
        &self,
        token: &str,
        note: Value,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        self.asked()?;
        *self.writes.lock() += 1;
        let mut notes = self.notes.lock();
        let latest = notes.get(token).map_or(0, |(_, version)| *version);
        if latest != version {
            return Ok(None);
        }
        notes.insert(token.to_owned(), (note, version + 1));
        Ok(Some(version + 1))
    }

    async fn record_version(&self, _: &str) -> Result<u64, StoreError> {
        self.asked()?;
        Ok(*self.record.lock())
    }
}

/// A clock that is set by hand.
pub(super) struct Hand(Mutex<Timestamp>);

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }

    async fn sleep(&self, duration: SignedDuration) {
        tokio::time::sleep(duration.unsigned_abs()).await;
    }
}

impl Hand {
    pub(super) fn pass(&self, seconds: i64) {
        let mut now = self.0.lock();
        *now += SignedDuration::from_secs(seconds);
    }
}

#[derive(Default)]
pub(super) struct Counted(Mutex<BTreeMap<&'static str, u32>>);

impl Counted {
    fn add(&self, what: &'static str) {
        *self.0.lock().entry(what).or_default() += 1;
    }

    pub(super) fn of(&self, what: &str) -> u32 {
        self.0.lock().get(what).copied().unwrap_or_default()
    }
}

impl Tally for Counted {
    fn expect(&self, _: &str) {}
    fn sent(&self, _: &str) {
        self.add("sent");
    }
    fn failed(&self, _: &str, _: Option<Timestamp>) {
        self.add("failed");
    }
    fn given_up(&self, _: &str) {
        self.add("given_up");
    }
    fn settled(&self, _: &str) {
        self.add("settled");
    }
    fn forget(&self, _: &str) {}
}

/// A secret that changes.
pub(super) struct Changing(pub(super) Mutex<&'static str>);

#[async_trait]
impl Secrets for Changing {
    async fn resolve(&self, _: &SecretRef) -> Result<Resolved, Fault> {
        let value = SecretText::parse(*self.0.lock()).expect("a secret");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

pub(super) struct Stage {
    pub(super) shelf: Arc<Shelf>,
    pub(super) clock: Arc<Hand>,
    pub(super) counted: Arc<Counted>,
    pub(super) secrets: Arc<Changing>,
    pub(super) receiver: Receiver,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let start = "2027-01-15T12:00:00Z".parse().expect("a time");
        Self {
            shelf: Arc::default(),
            clock: Arc::new(Hand(Mutex::new(start))),
            counted: Arc::default(),
            secrets: Arc::new(Changing(Mutex::new("the signing secret"))),
            receiver: Receiver::start().await,
        }
    }

    pub(super) fn messenger(&self, holder: &str) -> Messenger {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let messenger = Messenger::new(
            Arc::clone(&self.shelf) as _,
            Arc::clone(&clock),
            Arc::clone(&self.counted) as _,
            holder.to_owned(),
            "kv/scim-rotator".to_owned(),
        );
        let settings = ClientSettings {
            read_timeout: SignedDuration::from_millis(300),
            ..ClientSettings::default()
        };
        let http = Client::new(
            &settings,
            Whom::Notify,
            Arc::clone(&clock),
            Arc::new(NoObserver),
        );
        let deps = Deps {
            http: http.expect("a client"),
            secrets: Arc::clone(&self.secrets) as _,
            clock,
        };
        let text = format!(
            "url = '{}/hook'\nsecret = {{ file = '/s' }}",
            self.receiver.url()
        );
        let target: Target = toml::from_str(&text).expect("a target");
        messenger.set(vec![Sender::new("ops", &target, deps)]);
        messenger
    }

    /// What the receiver was told, in order.
    pub(super) fn heard(&self) -> Vec<(String, String, String)> {
        let told = self.receiver.got().into_iter().map(|got| {
            let data = &got.json()["data"];
            let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
            (
                text("event"),
                text("phase"),
                got.header("webhook-id").to_owned(),
            )
        });
        told.collect()
    }

    /// The view of a version of the record.
    pub(super) fn view(&self, version: u64, lasting: Vec<Lasting>) -> View {
        *self.shelf.record.lock() = version;
        View {
            token: "crm".to_owned(),
            lasting,
            version: Some(version),
            ..View::default()
        }
    }

    pub(super) fn halted(&self) -> Lasting {
        Lasting {
            event: Event::Halted,
            matter: "halted 1".to_owned(),
            from: "2027-01-15T11:00:00Z".parse().expect("a time"),
            to: None,
            deadline: None,
            about: Box::default(),
        }
    }

    /// Lets a messenger do all that it has to do in this time.
    pub(super) async fn pass(&self, messengers: &[&Messenger], seconds: i64) {
        for _ in 0..seconds {
            self.clock.pass(1);
            for messenger in messengers {
                for _ in 0..3 {
                    messenger.pass(self.clock.now()).await;
                }
            }
        }
    }
}
