//! Vault: whether it answers, the login, what our token may do, and its clock.

use jiff::SignedDuration;

use super::rows::{Row, Word};
use crate::cli::check;
use crate::cli::wiring::World;
use crate::config::Settings;
use crate::fault::Fault;
use crate::http::skew::Verdict;
use crate::telemetry::words::{relative, span};

const VAULT: &str = "vault";

/// The version, and whether it is sealed.
pub(super) async fn version(world: &World, settings: &Settings) -> Vec<Row> {
    let address = settings.vault.address.0.first();
    let address = address.map_or_else(String::new, ToString::to_string);
    match world.session.server().await {
        Ok(server) => {
            let version = server.version.as_deref().unwrap_or("of an unknown version");
            match server.sealed {
                false => vec![Row::ok(VAULT, address, format!("{version}, not sealed"))],
                true => vec![Row::failed(
                    VAULT,
                    address,
                    format!("{version}, sealed"),
                    "unseal it",
                )],
            }
        }
        Err(error) => vec![of_fault(VAULT, &address, error.into())],
    }
}

fn of_fault(area: &'static str, subject: &str, fault: Fault) -> Row {
    Row::of_fault(area, subject, &fault)
}

/// Whether the login works, and how long our token lasts.
pub(super) async fn login(world: &World, settings: &Settings) -> Row {
    let subject = format!("login by {}", settings.vault.auth.name());
    match world.session.login().await {
        Err(error) => of_fault(VAULT, &subject, error.into()),
        Ok(()) => {
            let now = world.clock.now();
            let end = world.session.state().expires_at;
            let lasts = end.map(|end| relative(end, now));
            Row::ok(
                VAULT,
                subject,
                match lasts {
                    Some(end) => format!("logged in; our token ends {end} unless it is renewed"),
                    None => "logged in; our token does not end".to_owned(),
                },
            )
        }
    }
}

/// What our token may not do, and what lies at the paths that stands against the work.
pub(super) async fn policy(world: &World, settings: &Settings) -> Vec<Row> {
    let (missing, obstacles) = match check::ask(world, settings).await {
        Ok(asked) => asked,
        Err(error) => return vec![of_fault("policy", "", error.into())],
    };
    let needs = world.needs().len();
    let mut rows: Vec<Row> = missing
        .iter()
        .map(|lack| {
            let detail = format!(
                "{} is missing, for {}",
                lack.missing.join(", "),
                lack.purpose
            );
            let remedy = format!("add to the policy: {}", lack.policy_line);
            Row::failed("policy", &lack.path, detail, remedy)
        })
        .collect();
    if rows.is_empty() {
        let detail = format!("all {needs} permissions that are needed are given");
        rows.push(Row::ok("policy", "of our token", detail));
    }
    rows.extend(obstacles.iter().map(|obstacle| {
        let (path, what) = (&obstacle.path, &obstacle.what);
        Row::failed("path", path, what, &obstacle.remedy)
    }));
    rows
}

/// Our clock, by the times that Vault and the other servers told in their answers.
pub(super) fn clock(verdict: Option<Verdict>) -> Row {
    const TOLERATED: SignedDuration = SignedDuration::from_mins(2);
    let Some(verdict) = verdict else {
        let row = Row::ok("clock", "of this machine", "no server told its time");
        return Row {
            word: Word::Unknown,
            ..row
        };
    };
    let skew = verdict.skew;
    let subject = "of this machine";
    if skew.abs() <= TOLERATED {
        let detail = format!("within {} of what the servers say", span(skew));
        return Row::ok("clock", subject, detail);
    }
    let way = match skew.is_negative() {
        true => "ahead of",
        false => "behind",
    };
    let detail = format!("{} {way} what the servers say", span(skew));
    let remedy = "set the clock, and let NTP keep it: nothing is retired by a wrong clock";
    Row::failed("clock", subject, detail, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_off_is_wrong_and_says_which_way() {
        let row = |minutes| {
            clock(Some(Verdict {
                skew: SignedDuration::from_mins(minutes),
                vault_agrees: true,
            }))
        };
        assert_eq!(row(1).word, Word::Ok);
        assert_eq!(row(10).word, Word::Failed);
        assert!(row(10).detail.starts_with("10 min behind"), "{:?}", row(10));
        assert!(row(-10).detail.contains("ahead of"), "{:?}", row(-10));
        assert_eq!(clock(None).word, Word::Unknown);
    }
}
