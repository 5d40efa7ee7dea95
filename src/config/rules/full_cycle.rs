//! Full cycles: which locks are closed, and whether a token that waits for the full
//! cycle of another one can ever be rotated.

use super::Whole;
use crate::config::settings::{Environment, TokenSettings, WriteProbe};
use crate::config::write_probe::closed;
use crate::problem::Problems;
use crate::rotation::full_cycle::FullCycleGate;

pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    for (name, token) in whole.tokens {
        if let Some(probe) = &token.write_probe {
            probe_is_sound(whole, name, probe, problems);
        }
        if let Some(gate) = &token.policy.full_cycle {
            gate_can_open(whole, name, token, gate, problems);
        }
    }
}

fn probe_is_sound(whole: &Whole<'_>, name: &str, probe: &WriteProbe, problems: &mut Problems) {
    let at = |key: &str| format!("tokens.{name}.{key}");
    let hosts = whole.write_probe_hosts;
    probe.config.check(&at("full_cycle"), problems);
    if probe.scheduled && !probe.allowed {
        problems.error(
            at("schedule_write_probe"),
            "full cycles are scheduled, and not allowed",
            "write `allow_write_probe = true` too",
        );
    }
    if probe.every < jiff::SignedDuration::from_mins(10) {
        problems.error(
            at("write_probe_every"),
            "a full cycle runs at most every 10m",
            "write for example \"24h\"",
        );
    }
    if probe.allowed && !probe.config.tenant_marker.is_set() {
        problems.warning(
            at("full_cycle"),
            "nothing tells this tenant from production, so no full cycle is run",
            "write full_cycle = { tenant_marker = { group = \"<id>\" } } with the id of a group (or `user`) that only the test tenant has, or the digest that `verify --full-cycle --dry-run` shows (`configuration`)",
        );
    }
    if probe.allowed {
        for lock in closed(whole.tokens, hosts, name) {
            problems.error(at(lock.key), lock.message, lock.remedy);
        }
    }
}

fn gate_can_open(
    whole: &Whole<'_>,
    name: &str,
    token: &TokenSettings,
    gate: &FullCycleGate,
    problems: &mut Problems,
) {
    let at = format!("tokens.{name}.require_full_cycle_on");
    if gate.within < jiff::SignedDuration::from_hours(1) {
        problems.error(
            format!("tokens.{name}.full_cycle_within"),
            "a full cycle counts for at least an hour",
            "write for example \"24h\"",
        );
    }
    if gate.on == name {
        let how = "name the token of a test tenant";
        problems.error(at, "a token cannot wait for its own full cycle", how);
        return;
    }
    let Some(other) = whole.tokens.get(&gate.on) else {
        if !whole.names.tokens.contains(&gate.on) {
            let how = "name the token of a test tenant of the same kind of issuer";
            problems.error(at, format!("there is no token `{}`", gate.on), how);
        }
        return;
    };
    let probe = other.write_probe.as_ref();
    if other.environment == Environment::Production || !probe.is_some_and(|p| p.allowed) {
        problems.error(
            at,
            format!("the token `{}` runs no full cycle, so this one would be rotated only shortly before it expires", gate.on),
            "name a token that is not of production and has `allow_write_probe = true`",
        );
        return;
    }
    let kind = |token: &TokenSettings| {
        let issuer = whole.issuers.get(&token.issuer)?;
        Some(issuer.as_kind().kind().to_owned())
    };
    let kinds = (kind(token), kind(other));
    if let (Some(own), Some(its)) = kinds
        && own != its
    {
        problems.error(
            at,
            format!("the token `{}` has an issuer of another kind (`{its}`, not `{own}`), so its full cycle shows nothing of this one's issuer", gate.on),
            "name a token whose issuer is of the same kind",
        );
        return;
    }
    if !probe.is_some_and(|probe| probe.scheduled) {
        problems.warning(
            at,
            format!("nobody runs the full cycle of `{}` by itself", gate.on),
            "write `schedule_write_probe = true` there, or run `verify --full-cycle` before each renewal",
        );
    }
}
