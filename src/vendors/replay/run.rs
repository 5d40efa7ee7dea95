//! Runs the scenes of a replay against the real code.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::Family;
use super::clock::SceneClock;
use super::facts;
use super::file::{Call, Operation, Replay, Scene, json};
use super::pattern::Values;
use super::perform::{Outcome, Performance};
use super::quoted;
use super::report::{Report, SceneReport};
use super::script::{Mode, Script};
use super::secrets::TestSecrets;
use super::server::Server;
use super::subject::{Actor, Deps, Subject};
use crate::clock::Clock;
use crate::http::fired::Firings;
use crate::http::{Client, NoObserver, Target};

/// Longest real time of one operation; the client's own limits are shorter.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a replay against an issuer or a connection: all scenes, or those with
/// these names. Rules that no scene fires are looked for with all scenes only.
///
/// # Errors
/// When nothing can be run at all: the replay is of another family, has no
/// scene of a name, or the parameters cannot be used.
pub async fn run(
    subject: &dyn Subject,
    replay: &Replay,
    only: &[String],
) -> Result<Report, String> {
    if subject.family() != replay.head.family {
        return Err(format!(
            "the replay is of family `{}`, and what it runs against is of family `{}`",
            replay.head.family.as_str(),
            subject.family().as_str()
        ));
    }
    let scenes: Vec<&Scene> = if only.is_empty() {
        replay.scenes.iter().collect()
    } else {
        let named = only.iter().map(|name| replay.scene(name));
        named.collect::<Result<_, _>>()?
    };
    let firings = Firings::default();
    let mut reports = Vec::with_capacity(scenes.len());
    for scene in scenes {
        reports.push(play(subject, replay, scene, &firings).await);
    }
    let not_fired = if only.is_empty() {
        let parameters = referenced(subject, &replay.parameters);
        firings.missing(&subject.rules(&parameters)?)
    } else {
        Vec::new()
    };
    Ok(Report {
        vendor: replay.head.vendor.clone(),
        family: replay.head.family,
        scenes: reports,
        not_fired,
    })
}

/// The parameters with references in place of credentials.
fn referenced(subject: &dyn Subject, parameters: &toml::Table) -> toml::Table {
    let mut all = parameters.clone();
    for name in subject.credentials() {
        if let Some(value) = all.get_mut(&name) {
            let reference = [("env".to_owned(), toml::Value::String(name))];
            *value = toml::Value::Table(reference.into_iter().collect());
        }
    }
    all
}

async fn play(
    subject: &dyn Subject,
    replay: &Replay,
    scene: &Scene,
    firings: &Firings,
) -> SceneReport {
    let mut report = SceneReport {
        name: scene.name.clone(),
        about: scene.about.clone(),
        failure: None,
        requests: Vec::new(),
    };
    match Stage::set(subject, replay, scene, firings).await {
        Ok(stage) => {
            report.failure = stage.play(scene).await.err();
            report.requests = stage.script.recorded();
        }
        Err(why) => report.failure = Some(why),
    }
    report
}

/// All that one scene runs with.
struct Stage {
    script: Arc<Script>,
    clock: Arc<SceneClock>,
    actor: Actor,
    secrets: Arc<TestSecrets>,
    _server: Server,
}

impl Stage {
    async fn set(
        subject: &dyn Subject,
        replay: &Replay,
        scene: &Scene,
        firings: &Firings,
    ) -> Result<Self, String> {
        let clock = Arc::new(SceneClock::at(replay.begin(scene)));
        let time: Arc<dyn Clock> = Arc::<SceneClock>::clone(&clock);
        let values = beginning(replay, scene);
        let exchanges = replay.exchanges_of(scene)?;
        let script = Script::new(
            &scene.name,
            exchanges,
            values,
            Mode::Exact,
            Arc::clone(&time),
        );
        let script = Arc::new(script);
        let server = Server::start(Arc::clone(&script), 0)
            .await
            .map_err(|e| format!("the replay server does not start: {e}"))?;
        let target = match replay.head.family {
            Family::Issuer => Target::Sp,
            Family::Connection => Target::Idp,
        };
        let parameters = replay.parameters_of(scene);
        let secrets = Arc::new(TestSecrets::of(&parameters));
        let deps = Deps {
            http: Client::for_replay(
                server.address(),
                target,
                Arc::clone(&time),
                Arc::new(NoObserver),
            )?,
            secrets: Arc::<TestSecrets>::clone(&secrets),
            clock: time,
            fired: firings.clone(),
        };
        let parameters = referenced(subject, &parameters);
        Ok(Self {
            actor: subject.build(&replay.head.vendor, &parameters, &deps)?,
            script,
            clock,
            secrets,
            _server: server,
        })
    }

    /// # Errors
    /// Says what was the first to differ from the replay.
    async fn play(&self, scene: &Scene) -> Result<(), String> {
        let mut issues = 0;
        for (index, operation) in scene.run.iter().enumerate() {
            issues += u32::from(operation.call == Call::Issue);
            let about = format!("run {} ({})", index + 1, operation.call.as_str());
            self.script.during(&about);
            let came = self.perform(operation, issues).await;
            // What led to an outcome is told before the outcome.
            if let Some(trouble) = self.script.trouble() {
                return Err(trouble);
            }
            came.map_err(|why| format!("{about}: {why}"))?;
        }
        match self.script.left() {
            Some(left) => Err(left),
            None => Ok(()),
        }
    }

    async fn perform(&self, operation: &Operation, attempt: u32) -> Result<(), String> {
        if let Some(after) = operation.after {
            self.clock.pass(after.0)?;
        }
        let performance = Performance {
            script: &self.script,
            call: operation.call,
            with: &operation.with,
            attempt,
        };
        let outcome = tokio::select! {
            outcome = timeout(PATIENCE, performance.on(&self.actor)) => {
                outcome.map_err(|_| format!("it does not end within {} s", PATIENCE.as_secs()))??
            }
            () = self.clock.endless() => return Err("it waits without end".to_owned()),
        };
        let slept = self.clock.slept();
        self.judge(operation, &outcome)?;
        match operation.slept {
            Some(wanted) if wanted.0 != slept => {
                let wanted = wanted.0;
                Err(format!(
                    "it waited {slept:#} in all, and {wanted:#} were expected"
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn judge(&self, operation: &Operation, outcome: &Outcome) -> Result<(), String> {
        let mut secrets = self.secrets.resolved();
        self.script.with_values(|values| {
            if let Outcome::Issued(issued) = outcome {
                values.set("issued_token", issued.value.expose());
            }
            for name in ["token", "old_token", "issued_token"] {
                if let Some(token) = values.get(name).and_then(|value| value.as_str()) {
                    secrets.insert(name.to_owned(), token.to_owned());
                }
            }
            facts::compare(&operation.expect, outcome, values)
        })?;
        quoted::check(outcome, &secrets)
    }
}

/// What placeholders stand for when a scene begins.
pub(super) fn beginning(replay: &Replay, scene: &Scene) -> Values {
    let mut values = Values::default();
    values.set("token_name", "crm");
    if replay.head.family == Family::Connection {
        // With signs that every encoding changes.
        values.set("token", "new-token/7f3a+b\"\\==x");
        values.set("old_token", "old-token/91bc+d\"\\==y");
        values.set("scim_url", "https://sp.example.com/scim/v2");
        // Of the client whose secret the token is, for connections that hold one.
        values.set("scim_client_id", "new-scim-client");
        values.set("old_scim_client_id", "old-scim-client");
        values.set(
            "scim_token_url",
            "https://login.sp.example.com/oauth2/token",
        );
        values.set("scim_scope", "scim.read scim.write");
    }
    for (name, value) in replay.parameters_of(scene) {
        // A time of TOML is no placeholder: its user is told so.
        if let Ok(value) = json(value) {
            values.set(&name, value);
        }
    }
    for (name, text) in replay.values.iter().chain(&scene.values) {
        values.set(name, text.as_str());
    }
    values
}
