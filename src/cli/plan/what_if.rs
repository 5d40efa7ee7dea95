//! `plan --what-if`: what a change of the policy costs, in rotations, in hours of
//! persons, and which issuers cannot follow it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::calendar::{Change, Token, with_tokens};
use crate::cli::output::{Output, Table};
use crate::cli::{Exit, OutputFormat};
use crate::config;
use crate::issuers::IssuerKind;
use crate::telemetry::words::span;
use crate::value::HumanDuration;

/// The time over which both policies are compared.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A change as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    text: String,
    change: Change,
}

impl WhatIf {
    /// Reads `lifetime=47d`.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((key, value)) = text.split_once('=') else {
            return Err("write a key and a value, such as lifetime=47d".to_owned());
        };
        let of = match key.trim() {
            "lifetime" => Change::Lifetime,
            "renew_before" => Change::RenewBefore,
            "max_age" => Change::MaxAge,
            "overlap" => Change::Overlap,
            other => {
                return Err(format!(
                    "`{other}` cannot be tried: write lifetime, renew_before, max_age or overlap"
                ));
            }
        };
        let value = HumanDuration::parse(value.trim().trim_matches('"'))?.0;
        match value.is_positive() {
            true => Ok(Self {
                text: text.trim().to_owned(),
                change: of(value),
            }),
            false => Err("the value must be longer than nothing".to_owned()),
        }
    }
}

/// Shows both policies beside each other.
pub(super) fn run(
    config: &Path,
    names: &[String],
    what_if: &WhatIf,
    minutes: u32,
    output: &mut Output,
) -> Exit {
    with_tokens(config, names, |tokens, mut notes, now| {
        // It was valid a moment ago.
        let issuers =
            config::load(config).map_or_else(|_| BTreeMap::new(), |loaded| loaded.settings.issuers);
        let (changed, cannot) = apply(&tokens, what_if.change, &issuers);
        notes.extend(cannot);
        let both = [
            Cost::of(&tokens, minutes, now),
            Cost::of(&changed, minutes, now),
        ];
        // If nobody reads the output any more, there is nothing to do.
        drop(show(&both, &what_if.text, minutes, &notes, output));
        Exit::Ok
    })
}

/// The tokens after the change, and why some do not follow it.
fn apply(
    tokens: &[Token],
    change: Change,
    issuers: &BTreeMap<String, IssuerKind>,
) -> (Vec<Token>, BTreeSet<String>) {
    let mut cannot = BTreeSet::new();
    let changed = tokens.iter().map(|token| {
        let Change::Lifetime(wish) = change else {
            return token.changed(change);
        };
        let issuer = issuers.get(&token.issuer);
        let asked = issuer.and_then(|kind| kind.as_kind().asked_lifetime(wish));
        let name = &token.issuer;
        match asked {
            _ if token.is_supplied => {
                cannot.insert(format!(
                    "issuer {name}: a person must choose {} for each token",
                    span(wish)
                ));
                token.changed(change)
            }
            Some(asked) => {
                if asked != wish {
                    cannot.insert(format!(
                        "issuer {name} cannot: it is asked for {} at these limits",
                        span(asked)
                    ));
                }
                token.changed(Change::Lifetime(asked))
            }
            None => {
                let life = token.next_life.map_or("without an end".to_owned(), span);
                cannot.insert(format!(
                    "issuer {name} cannot: it is not asked for a life, and its tokens live {life}"
                ));
                token.clone()
            }
        }
    });
    (changed.collect(), cannot)
}

/// What a policy costs in a year.
#[derive(Debug, PartialEq)]
struct Cost {
    rotations: usize,
    turns: u64,
    minutes: u64,
}

impl Cost {
    fn of(tokens: &[Token], minutes: u32, now: Timestamp) -> Self {
        let until = now.checked_add(YEAR).unwrap_or(Timestamp::MAX);
        let counted = tokens.iter().map(|token| {
            let count = token.in_the_long_run(now, until).len();
            (count, u64::from(token.turns) * count as u64)
        });
        let (rotations, turns) = counted.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        Self {
            rotations,
            turns,
            minutes: turns * u64::from(minutes),
        }
    }

    fn a_day(&self) -> f64 {
        self.rotations as f64 / 365.0
    }

    fn hours(&self) -> f64 {
        self.minutes as f64 / 60.0
    }
}

fn show(
    both: &[Cost; 2],
    change: &str,
    minutes: u32,
    notes: &[String],
    output: &mut Output,
) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let cost = |cost: &Cost| {
            json!({
                "rotations_a_year": cost.rotations,
                "rotations_a_day": cost.a_day(),
                "turns_of_persons_a_year": cost.turns,
                "hours_of_persons_a_year": cost.hours(),
            })
        };
        let [now, then] = both;
        return output.json(&json!({
            "what_if": change,
            "minutes_per_turn": minutes,
            "now": cost(now),
            "then": cost(then),
            "notes": notes,
        }));
    }
    let mut table = Table::new(["IN A YEAR", "NOW", change]);
    let mut row = |name: &str, of: &dyn Fn(&Cost) -> String| {
        table.row([name.to_owned(), of(&both[0]), of(&both[1])]);
    };
    row("rotations", &|cost| cost.rotations.to_string());
    row("rotations a day", &|cost| format!("{:.2}", cost.a_day()));
    row("steps by persons", &|cost| cost.turns.to_string());
    row("hours of persons", &|cost| format!("{:.1}", cost.hours()));
    let mut text = table.text();
    text.push_str(&format!(
        "\nA step by a person counts {minutes} minutes (`--minutes`).\n"
    ));
    for note in notes {
        text.push_str(&format!("! {note}\n"));
    }
    output.text(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_key_and_a_length_of_time() {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        for (text, change) in [
            ("lifetime=47d", Change::Lifetime(days(47))),
            ("lifetime = \"47d\"", Change::Lifetime(days(47))),
            ("renew_before=10d", Change::RenewBefore(days(10))),
            ("max_age=90d", Change::MaxAge(days(90))),
            ("overlap=1d", Change::Overlap(days(1))),
        ] {
            assert_eq!(
                WhatIf::parse(text).map(|one| one.change),
                Ok(change),
                "{text}"
            );
        }
        for text in [
            "lifetime",
            "lifetime=",
            "lifetime=0d",
            "lifetme=1d",
            "lifetime=47",
        ] {
            assert!(WhatIf::parse(text).is_err(), "{text}");
        }
    }
}
