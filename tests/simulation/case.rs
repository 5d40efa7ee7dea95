//! One run: a profile, how it begins, and a script of troubles.

use std::sync::Arc;

use scim_rotator::rotation::record::{Request, Trigger};
use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::fault::Script;
use crate::happy::{TOKEN, due, empty};
use crate::profile::{Profile, strategies, variants};
use crate::rest::patience;
use crate::seasons::play;
use crate::story::Story;
use crate::world::{Call, Event, World};

/// How a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// A token is due for renewal.
    Renewal,
    /// Nothing is known of the token; an operator's stands in Vault.
    First,
    /// A person says that the token is in the wrong hands.
    Compromise,
    /// The next token that is made does not work.
    BadToken,
    /// The first connection refuses the next token that it is given.
    BadDelivery,
}

impl Start {
    pub(crate) const ALL: [Self; 5] = [
        Self::Renewal,
        Self::First,
        Self::Compromise,
        Self::BadToken,
        Self::BadDelivery,
    ];

    /// The world at the beginning.
    pub(crate) fn world(self, profile: &Arc<Profile>) -> World {
        if self == Self::First {
            return empty(profile);
        }
        let mut world = due(profile);
        let at = world.now;
        let tenant = world.tenants.get_mut(TOKEN).expect("the token");
        match self {
            Self::Renewal | Self::First => {}
            Self::Compromise => tenant.request(Request {
                by: None,
                reason: String::new(),
                trigger: Trigger::Compromise,
                at,
                override_guards: false,
                supplied: false,
            }),
            Self::BadToken => tenant.provider.next_is_useless = true,
            Self::BadDelivery => tenant.dislikes_next = true,
        }
        world
    }

    /// The generation of the token at the end.
    fn generation(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Renewal | Self::Compromise | Self::BadToken | Self::BadDelivery => 2,
        }
    }
}

/// How closely a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// For every invariant but I6.
    Quick,
    /// Everything that could be printed is searched for tokens as well.
    Close,
    /// The same, and every event is written down.
    Logged,
}

/// What came of one run.
pub(crate) struct Run {
    /// What was violated.
    pub(crate) violation: Option<String>,
    /// Every port call that was made.
    pub(crate) calls: Vec<Call>,
    pub(crate) log: Vec<Event>,
}

/// Runs through a script of troubles until all is at rest again.
pub(crate) fn run(start: Start, begin: &World, script: &Script, look: Look) -> Run {
    let mut world = begin.clone();
    world.script = script.clone();
    world.log = (look == Look::Logged).then(Vec::new);
    let until = world.after(patience(&world.tenants[TOKEN]));
    let mut cluster = Cluster::start(world, 1, look != Look::Quick);
    let generation = start.generation();
    let missing = cluster.run(until, |world| {
        let missing = world.tenants[TOKEN].unrest(world.now, generation);
        missing.or_else(|| world.disturbed())
    });
    let mut world = cluster.sim.lock();
    if let Some(missing) = missing {
        world.violate(format!("I4: once the troubles were over, {missing}"));
    }
    if let Err(broken) = world.tenants[TOKEN].check_orphans(world.now) {
        world.violate(broken);
    }
    Run {
        violation: world.violation.take(),
        calls: std::mem::take(&mut world.calls),
        log: world.log.take().unwrap_or_default(),
    }
}

/// All that is needed to make a run again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) profile: String,
    pub(crate) start: Start,
    pub(crate) script: Script,
}

impl Case {
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("JSON")
    }

    /// Runs it again, and prints every event. Returns what was violated.
    pub(crate) fn replay(&self) -> Option<String> {
        let known = strategies().into_iter().chain(variants());
        let profile = known.into_iter().find(|p| p.name == self.profile);
        let profile = profile.unwrap_or_else(|| panic!("no profile `{}`", self.profile));
        let begin = self.start.world(&profile);
        let again = run(self.start, &begin, &self.script, Look::Logged);
        print(&again.log);
        again.violation
    }
}

/// Prints an event log, one JSON object a line.
pub(crate) fn print(log: &[Event]) {
    for event in log {
        println!("{}", serde_json::to_string(event).expect("JSON"));
    }
}

/// Makes a run again, given as JSON, or as `@FILE` with an event log.
#[test]
fn replay() {
    #[expect(clippy::disallowed_methods, reason = "how a person names the run")]
    let named = std::env::var("SCIM_ROTATOR_SIM_REPLAY");
    let Ok(mut text) = named else {
        println!("SCIM_ROTATOR_SIM_REPLAY names no run");
        return;
    };
    if let Some(file) = text.strip_prefix('@') {
        let log = std::fs::read_to_string(file).expect("the event log");
        text = log.lines().next().unwrap_or_default().to_owned();
    }
    let named: serde_json::Value = serde_json::from_str(&text).expect("a run as JSON");
    // An event log begins with its story.
    let named = named.get("story").unwrap_or(&named).clone();
    let violation = if named.get("storms").is_some() {
        let story: Story = serde_json::from_value(named).expect("a story");
        let told = play(&story, None, true);
        print(&told.log);
        told.violation
    } else {
        let case: Case = serde_json::from_value(named).expect("a case");
        case.replay()
    };
    assert_eq!(violation, None, "{text}");
}
