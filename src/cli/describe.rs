//! `describe`: everything about one token on one screen, from the facts in Vault and the
//! configuration. It changes nothing, and reads no token.

mod shown;

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts;
use super::load;
use super::output::{Output, complain};
use super::report::rotations;
use super::status::{Status, token};
use super::{Exit, OutputFormat, history};
use crate::config::{self, Rule};
use crate::ports::unit::Unit;

/// `describe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which token.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
}

/// Everything that is known of a token.
struct Described {
    /// As `status` tells it.
    status: Status,
    /// As the daemon wrote it.
    facts: Value,
    scim_url: Option<String>,
    rules: Vec<Rule>,
    now: Timestamp,
}

/// Shows the token.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let names = std::slice::from_ref(&args.token);
    let (world, (units, federated)) = match load::world_of_a_person_of_both(config, names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let now = world.right_clock.now();
        let read = match facts::reader::read(&world, &units, &federated).await {
            Ok(read) => read,
            Err(exit) => return exit,
        };
        let Some((name, facts)) = read.tokens.into_iter().next() else {
            return Exit::Usage;
        };
        let facts = match facts {
            Ok(facts) => facts,
            Err(error) => {
                complain(&format!("{name}: {error}\n"));
                return Exit::TryAgain;
            }
        };
        let unit = units.first();
        let told = vec![(name.clone(), Ok(token(facts.clone())))];
        let described = Described {
            status: Status::of(told, read.banners, now),
            scim_url: unit.map(|unit| unit.scim_url.to_string()),
            rules: unit.map_or_else(Vec::new, |unit| rules(config, unit)),

            facts,
            now,
        };
        // If nobody reads the output any more, there is nothing to do.
        drop(match output.format() {
            OutputFormat::Json => output.json(&described.json()),
            OutputFormat::Text => {
                let text = shown::text_of(&described, output);
                output.text(&text)
            }
        });
        Exit::Ok
    })
}

fn rules(config: &Path, unit: &Unit) -> Vec<Rule> {
    config::rules_in_force(config, &unit.name, &unit.policy)
}

impl Described {
    /// What `status` tells, with what `plan` and `history` tell, and the settings.
    fn json(&self) -> Value {
        let mut all = self.status.json();
        let token = &mut all["tokens"][0];
        let past = rotations(&self.facts).into_iter();
        let past: Vec<Value> = past.map(history::with_seconds).collect();
        token["rotations"] = json!(past);
        token["plan"] = json!({ "now": self.facts["now"], "next": self.facts["next"] });
        token["scim_url"] = json!(self.scim_url);
        let settings = self.rules.iter().map(|rule| {
            let place = rule.place.as_ref();
            json!({
                "key": rule.key,
                "value": rule.value,
                "table": rule.table,
                "file": place.map(|(file, _)| file),
                "line": place.map(|(_, line)| line),
            })
        });
        token["settings"] = settings.collect();
        all
    }
}
