//! Every code. The matches name each variant, so that a new one cannot be forgotten.

use super::{Entry, Family, failures, reasons};
use crate::fault::FaultKind;
use crate::rotation::privilege::PrivilegeVerdict;
use crate::rotation::reason::Reason;
use crate::rotation::record::{HaltCause, RotationResult, StageName, Trigger};
use crate::rotation::state::Word;
use crate::scim::evidence::FindingReason;
use crate::scim::federated::sight::Part;

/// Every code, family by family.
pub(super) fn all() -> Vec<Entry> {
    let mut all = Vec::new();
    let mut add = |family, code, (meaning, remedy)| {
        all.push(Entry {
            family,
            code,
            meaning,
            remedy,
        });
    };
    for one in Reason::ALL {
        let told = (one.sentence(), reasons::remedy(one));
        add(Family::Reason, one.as_str(), told);
    }
    for one in FindingReason::ALL {
        add(Family::Finding, one.as_str(), failures::finding(one));
    }
    for one in FaultKind::ALL {
        add(Family::Failure, one.as_str(), failures::fault(one));
    }
    for one in HaltCause::ALL {
        add(Family::Halt, one.as_str(), failures::halt(one));
    }
    for one in StageName::ALL {
        add(Family::Stage, one.as_str(), stage(one));
    }
    for one in Trigger::ALL {
        add(Family::Trigger, one.as_str(), trigger(one));
    }
    for one in RotationResult::ALL {
        add(Family::Result, one.as_str(), result(one));
    }
    for one in PrivilegeVerdict::ALL {
        add(Family::Privilege, one.as_str(), privilege(one));
    }
    for one in Part::ALL {
        add(Family::Trust, one.as_str(), trust(one));
    }
    for (code, meaning, remedy) in REQUESTS {
        add(Family::Request, code, (meaning, remedy));
    }
    for (code, meaning, remedy) in EXITS {
        add(Family::Exit, code, (meaning, remedy));
    }
    for one in Word::ALL {
        add(Family::State, one.as_str(), state(one));
    }
    all
}

const STATUS_SAYS: &str = "`scim-rotator status TOKEN` says what is the matter, and what to type.";

fn state(word: Word) -> (&'static str, &'static str) {
    match word {
        Word::Fresh => (
            "it was shown to work, at the service provider and at every connection",
            "Nothing.",
        ),
        Word::Renewing => (
            "a new token is made for it, is due, or waits for a window",
            "Nothing, unless a step fails: then fix what `scim-rotator status TOKEN` names.",
        ),
        Word::Unproven => (
            "nothing shows that it works, or a connection has not confirmed it",
            STATUS_SAYS,
        ),
        Word::Refused => (
            "the service provider refuses it: provisioning has stopped",
            STATUS_SAYS,
        ),
        Word::Expiring => (
            "it should have been renewed, and its end comes near",
            STATUS_SAYS,
        ),
        Word::Expired => ("it has expired: provisioning has stopped", STATUS_SAYS),
        Word::LimitReached => (
            "no more tokens may be issued for it now (`issues_per_day`)",
            "Wait, or `scim-rotator rotate TOKEN --override-guards --reason TEXT`.",
        ),
        Word::WaitingForYou => (
            "a person must supply a token, or write it into a connection",
            STATUS_SAYS,
        ),
        Word::Quarantined => (
            "an identity provider has suspended a connection, or it is switched off there",
            "Look at the connection in the identity provider.",
        ),
        Word::Paused => (
            "a person paused it, or all work",
            "`scim-rotator resume TOKEN`, or `scim-rotator resume --all --reason TEXT`.",
        ),
        Word::Halted => (
            "a person must decide first",
            "Fix what `scim-rotator status TOKEN` names, then `scim-rotator rotate TOKEN`.",
        ),
    }
}

const READ_STATUS: &str = "Nothing. `scim-rotator status TOKEN` shows how far it is.";

#[rustfmt::skip]
fn stage(stage: StageName) -> (&'static str, &'static str) {
    match stage {
        StageName::Idle => ("no rotation is in flight", "Nothing."),
        StageName::Issuing => ("the issuer is asked for a new token; the request is stored first", READ_STATUS),
        StageName::Proving => ("the new token is tested at the service provider, and wrong tokens against it", READ_STATUS),
        StageName::Delivering => ("the new token is written into every connection, the canary first", READ_STATUS),
        StageName::Completing => ("the issuer's second step follows, which puts the new token in force", READ_STATUS),
        StageName::Confirming => ("it is waited until each connection is shown to work with the new token", READ_STATUS),
        StageName::Reverting => ("connections are given the old token again", "Read why: `scim-rotator status TOKEN`."),
        StageName::Discarding => ("the new token, which is not used, is revoked", "Read why: `scim-rotator status TOKEN`."),
        StageName::WaitingOperator => ("a person must supply a token, or write one into a connection", "`scim-rotator status TOKEN` names the page, the path and the command."),
        StageName::Halted => ("no step is taken until a person acts", "Remove the cause that `scim-rotator status TOKEN` shows, then `scim-rotator rotate TOKEN`."),
    }
}

#[rustfmt::skip]
fn trigger(trigger: Trigger) -> (&'static str, &'static str) {
    match trigger {
        Trigger::Schedule => ("the renewal time came", "Nothing."),
        Trigger::Missing => ("there was no token", "Find out whether somebody deleted the published secret."),
        Trigger::Drift => ("the service provider refused the token in use", "Find out who revoked it or took its rights."),
        Trigger::Force => ("a person asked for it", "`scim-rotator history TOKEN` shows who and why."),
        Trigger::Compromise => ("a person declared the token compromised", "`scim-rotator history TOKEN` shows who, why, and when the old token was shown dead."),
        Trigger::Operator => ("a person wrote a new token to the published path", "Nothing."),
    }
}

#[rustfmt::skip]
fn result(result: RotationResult) -> (&'static str, &'static str) {
    match result {
        RotationResult::Success => ("the new token is in use", "Nothing."),
        RotationResult::Failed => ("it ended before a token was issued", "Read the failure: `scim-rotator history TOKEN`."),
        RotationResult::RolledBack => ("the new token was discarded, and the old one kept", "Read the failure: `scim-rotator history TOKEN`. The old token still works."),
        RotationResult::Halted => ("it stopped until a person acts", "`scim-rotator status TOKEN` shows the cause."),
    }
}

#[rustfmt::skip]
fn privilege(verdict: PrivilegeVerdict) -> (&'static str, &'static str) {
    match verdict {
        PrivilegeVerdict::Exact => ("the token has the scopes that `scopes_allowed` lists", "Nothing."),
        PrivilegeVerdict::Narrower => ("it has some of the allowed scopes and no others", "Shorten `scopes_allowed` if the missing ones are not needed."),
        PrivilegeVerdict::Broader => ("it has scopes that `scopes_allowed` does not list", "Have the issuer grant fewer, or list the scope if it is needed."),
        PrivilegeVerdict::OverPrivileged => ("a URL that must refuse the token let it in", "Take the right away from the account behind the token."),
        PrivilegeVerdict::Broad => ("it has a scope that allows far more than SCIM needs", "Ask the issuer for a SCIM scope, or record an accepted risk with owner and date."),
        PrivilegeVerdict::Unknown => ("neither issuer nor token tells its scopes", "Configure introspection or admin URLs that must be refused, if the service provider has them."),
    }
}

#[rustfmt::skip]
fn trust(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Issuer => ("who signs the assertion (`iss`)", "Compare the issuer at the identity provider with what the service provider trusts."),
        Part::Audience => ("for whom the assertion is made (`aud`)", "Compare the audience in both places."),
        Part::Key => ("with which key the assertion is signed", "Compare the published keys with those that the service provider trusts."),
        Part::Subject => ("about whom the assertion is (`sub`)", "Compare the subject in both places: an application that was created anew has another one."),
        Part::Access => ("access is not granted, and nothing says which part is the cause", "Compare all four parts; `scim-rotator status TOKEN` shows what was seen."),
    }
}

const REQUESTS: [(&str, &str, &str); 6] = [
    (
        "connect",
        "no connection could be made: name resolution, refused, unreachable",
        "Check the address, the network path and the proxy from this machine.",
    ),
    (
        "tls",
        "the certificate was not accepted, or no common TLS version exists",
        "Set `ca_file` in `[http]` or `[[http.hosts]]`, or have the certificate corrected.",
    ),
    (
        "timeout",
        "no complete answer came in time",
        "Check the server and the path to it.",
    ),
    (
        "network",
        "the connection broke before the answer was complete",
        "Check proxies and load balancers on the path.",
    ),
    (
        "too_large",
        "the answer is longer than what is read of one",
        "Ask for less: smaller pages in the vendor file.",
    ),
    (
        "refused_here",
        "the request was not sent: the configuration forbids its address, or its proxy or certificate cannot be used",
        "The log names the cause; check `[http]` and `[[http.hosts]]`.",
    ),
];

const EXITS: [(&str, &str, &str); 5] = [
    ("0", "the command did what it was asked", "Nothing."),
    (
        "1",
        "it was tried and failed, or needs a person; of `status --exit-code`: somebody should look at a token",
        "Read what the command wrote.",
    ),
    (
        "2",
        "of `status --exit-code`: provisioning stops soon or has stopped",
        "Read what the command wrote.",
    ),
    (
        "64",
        "the command line or the configuration is wrong",
        "`scim-rotator check` names each place and its remedy.",
    ),
    (
        "75",
        "the same command may work later: a server is out of reach, or a wait has not ended",
        "Repeat it later.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_in_its_family_and_is_a_sentence() {
        let all = all();
        for (place, entry) in all.iter().enumerate() {
            let same = |other: &Entry| other.family == entry.family && other.code == entry.code;
            assert_eq!(all.iter().position(same), Some(place), "{}", entry.code);
            assert!(entry.meaning.len() > 8, "{}", entry.code);
            assert!(entry.remedy.ends_with('.'), "{}", entry.code);
            let first = entry.remedy.chars().next().expect("a remedy");
            assert!(first.is_uppercase() || first == '`', "{}", entry.code);
        }
    }
}
