//! What people do meanwhile, and what becomes of the processes.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::rotation::capability::{IssueEffect, LiveTokens};
use scim_rotator::rotation::record::{Wish, WrittenRequest};
use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::planted::Planted;
use crate::profile::Profile;
use crate::tenant::Tenant;
use crate::world::World;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// `scim-rotator pause TOKEN`
    Pause(String),
    /// `scim-rotator resume TOKEN`
    Resume(String),
    /// The kill switch.
    PauseAll,
    ResumeAll,
    /// `scim-rotator rotate TOKEN`
    Rotate {
        token: String,
        compromised: bool,
        override_guards: bool,
    },
    /// Somebody else has a token made at the same service provider.
    Foreign(String),
    /// Somebody revokes the token in use at the service provider.
    Revoke(String),
    /// Somebody makes a token by hand and writes it where readers find it.
    Supply(String),
    /// Somebody who may only write there changes what readers find.
    Plant {
        token: String,
        what: Planted,
    },
    /// Somebody deletes what readers find.
    Unpublish(String),
    /// The next token that is made does not work.
    BadToken(String),
    /// New tokens work only after so many minutes, from now on.
    LateTokens {
        token: String,
        minutes: i64,
    },
    /// The first connection refuses the next token that it is given.
    BadDelivery(String),
    /// A connection leaves the configuration.
    Detach {
        token: String,
        connection: usize,
    },
    /// It comes back.
    Attach {
        token: String,
        connection: usize,
    },
    /// The overlap is configured anew.
    Overlap {
        token: String,
        hours: i64,
    },
    /// The clock of the service provider, or else of the identity provider, is
    /// wrong from now on, by so many hours.
    WrongDate {
        idp: bool,
        hours: i64,
    },
    /// A replica is killed.
    Kill(usize),
    /// A replica is told to end, and ends between two steps.
    Terminate(usize),
}

impl Act {
    pub(crate) fn any(dice: &mut Dice, tokens: &[String], replicas: usize) -> Self {
        let token = dice.pick(tokens).clone();
        let connection = dice.below(2);
        match dice.below(20) {
            0 => Self::Pause(token),
            1 => Self::PauseAll,
            2 | 3 => Self::Rotate {
                token,
                compromised: false,
                override_guards: dice.happens(300),
            },
            4 | 5 => Self::Rotate {
                token,
                compromised: true,
                override_guards: dice.happens(300),
            },
            6 => Self::Foreign(token),
            7 => Self::Revoke(token),
            8 => Self::Supply(token),
            9 => Self::Unpublish(token),
            10 => Self::BadToken(token),
            11 => Self::BadDelivery(token),
            12 => Self::Detach { token, connection },
            13 => Self::Overlap {
                token,
                hours: dice.between(1, 5),
            },
            14 | 15 => Self::Plant {
                token,
                what: Planted::any(dice),
            },
            16 => Self::WrongDate {
                idp: dice.happens(500),
                hours: dice.between(-24 * 400, 24 * 400),
            },
            17 => Self::LateTokens {
                token,
                minutes: dice.between(0, 11),
            },
            18 => Self::Kill(dice.below(replicas)),
            _ => Self::Terminate(dice.below(replicas)),
        }
    }

    /// Which token it is about.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Pause(token)
            | Self::Resume(token)
            | Self::Rotate { token, .. }
            | Self::Foreign(token)
            | Self::Revoke(token)
            | Self::Supply(token)
            | Self::Plant { token, .. }
            | Self::Unpublish(token)
            | Self::BadToken(token)
            | Self::BadDelivery(token)
            | Self::LateTokens { token, .. }
            | Self::Detach { token, .. }
            | Self::Attach { token, .. }
            | Self::Overlap { token, .. } => Some(token),
            Self::PauseAll
            | Self::ResumeAll
            | Self::WrongDate { .. }
            | Self::Kill(_)
            | Self::Terminate(_) => None,
        }
    }

    /// What takes it back, later.
    pub(crate) fn undone(&self) -> Option<Self> {
        match self {
            Self::Pause(token) => Some(Self::Resume(token.clone())),
            Self::PauseAll => Some(Self::ResumeAll),
            Self::Detach { token, connection } => Some(Self::Attach {
                token: token.clone(),
                connection: *connection,
            }),
            Self::Resume(_)
            | Self::ResumeAll
            | Self::Rotate { .. }
            | Self::Foreign(_)
            | Self::Revoke(_)
            | Self::Supply(_)
            | Self::Plant { .. }
            | Self::Unpublish(_)
            | Self::BadToken(_)
            | Self::BadDelivery(_)
            | Self::LateTokens { .. }
            | Self::Attach { .. }
            | Self::Overlap { .. }
            | Self::WrongDate { .. }
            | Self::Kill(_)
            | Self::Terminate(_) => None,
        }
    }
}

/// What is to become of the processes; seen to between two wakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    Kill(usize),
    Terminate(usize),
    /// Read the configuration again.
    Reload,
    /// On this machine, read what is asked for this token.
    Bell(usize, Arc<str>),
}

impl World {
    pub(crate) fn act(&mut self, act: &Act) {
        self.note(None, "act", || serde_json::to_string(act).expect("JSON"));
        let now = self.now;
        match act {
            Act::PauseAll => self.pause_all(true),
            Act::ResumeAll => self.pause_all(false),
            Act::WrongDate { idp, hours } => {
                // One server alone: most of them are right.
                self.dates_off = [SignedDuration::ZERO; 2];
                self.dates_off[usize::from(*idp)] = SignedDuration::from_hours(*hours);
            }
            Act::Kill(machine) => self.orders.push(Order::Kill(*machine)),
            Act::Terminate(machine) => self.orders.push(Order::Terminate(*machine)),
            Act::Pause(token) => self.ask(token, self.wish(Wish::Pause), false),
            Act::Resume(token) => self.ask(token, self.wish(Wish::Resume), false),
            Act::Rotate {
                token,
                compromised,
                override_guards,
            } => self.ask_for(token, *compromised, *override_guards),
            Act::Foreign(token) => self.with(token, |tenant| tenant.make_foreign(now)),
            Act::Revoke(token) => self.with(token, |tenant| tenant.revoke_in_use(now)),
            Act::Supply(token) => self.with(token, |tenant| {
                if tenant.profile.takes_more_tokens() {
                    tenant.supply(now);
                }
            }),
            Act::Plant { token, what } => self.with(token, |tenant| tenant.plant(*what, now)),
            Act::Unpublish(token) => self.with(token, |tenant| {
                tenant.published = None;
                tenant.note_person_at_path();
            }),
            Act::BadToken(token) => self.with(token, |t| t.provider.next_is_useless = true),
            Act::LateTokens { token, minutes } => self.with(token, |t| {
                t.provider.quirks.works_after = SignedDuration::from_mins(*minutes);
            }),
            Act::BadDelivery(token) => self.with(token, |t| t.dislikes_next = true),
            Act::Detach { token, connection } => self.configure(token, |tenant| {
                tenant.detached.insert(*connection);
            }),
            Act::Attach { token, connection } => self.configure(token, |tenant| {
                tenant.attach(*connection);
            }),
            Act::Overlap { token, hours } => self.configure(token, |tenant| {
                let mut profile = Profile::clone(&tenant.profile);
                profile.policy.overlap = SignedDuration::from_hours(*hours);
                tenant.profile = Arc::new(profile);
            }),
        }
    }

    fn with(&mut self, token: &str, change: impl FnOnce(&mut Tenant)) {
        if let Some(tenant) = self.tenants.get_mut(token) {
            change(tenant);
        }
    }

    /// A change of the configuration, which all replicas read again.
    pub(crate) fn configure(&mut self, token: &str, change: impl FnOnce(&mut Tenant)) {
        self.with(token, change);
        self.orders.push(Order::Reload);
    }

    fn pause_all(&mut self, paused: bool) {
        self.all_paused = paused;
        self.all_paused_since = paused.then(|| self.all_paused_since.unwrap_or(self.now));
    }

    fn ask_for(&mut self, token: &str, compromised: bool, override_guards: bool) {
        let request = WrittenRequest {
            compromised,
            override_guards,
            ..self.wish(Wish::Rotate)
        };
        self.ask(token, request, false);
        self.with(token, |tenant| tenant.note_request(compromised));
    }

    /// The storm is over: what people broke or stopped, they mend.
    pub(crate) fn calm_down(&mut self) {
        self.pause_all(false);
        let tokens: Vec<_> = self.tenants.keys().cloned().collect();
        for token in tokens {
            self.ask(&token, self.wish(Wish::Resume), true);
            self.with(&token, |tenant| {
                tenant.provider.next_is_useless = false;
                tenant.dislikes_next = false;
                tenant.mend_connection();
                for connection in std::mem::take(&mut tenant.detached) {
                    tenant.note_attached(connection);
                }
            });
        }
        self.orders.push(Order::Reload);
    }
}

impl Tenant {
    /// Somebody else's token appears, where there is room for it.
    pub(crate) fn make_foreign(&mut self, now: jiff::Timestamp) {
        if self.profile.takes_more_tokens() {
            drop(self.provider.issue_by_hand(true, now));
        }
    }

    fn revoke_in_use(&mut self, now: jiff::Timestamp) {
        let current = self.record.as_deref().and_then(|r| r.current.as_ref());
        if let Some(value) = current.map(|token| token.value.clone()) {
            self.provider.end(&value, now);
            self.note_cut_from_outside();
        }
    }

    pub(crate) fn attach(&mut self, connection: usize) {
        if self.detached.remove(&connection) {
            self.note_attached(connection);
        }
    }
}

impl Profile {
    /// Whether others may have tokens beside ours.
    pub(crate) fn takes_more_tokens(&self) -> bool {
        let can = &self.issuer.can;
        can.live_tokens == LiveTokens::Many && can.issue_effect == IssueEffect::Keeps
    }
}
