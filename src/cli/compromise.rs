//! The warning before the rotation of a compromised token: what it will
//! interrupt.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::ports::unit::Unit;
use crate::rotation::capability::{
    ConnectionCapabilities, IssueEffect, IssuerCapabilities, Overlap, Revoke, Supply, Writer,
};

/// The consequences, for a person, in their order.
pub(super) fn warning(unit: &Unit, supplied: bool) -> String {
    let capabilities = unit.issuer.capabilities();
    let place = &unit.labels.vault_path;
    let mut text = format!(
        "The token `{}` is treated as compromised: a new one is {}, proven and given to {} connection(s).\n",
        unit.name,
        match supplied {
            true => "taken from the published path",
            false => "issued",
        },
        unit.connections.len()
    );
    if capabilities.supply == Supply::Operator && !supplied {
        text += &format!(
            "A person must make the new token first, write it to {place}, and run `scim-rotator rotate {} --compromised --supplied --reason TEXT`; until then the old one is accepted.\n",
            unit.name
        );
    }
    text += &match end_of_old(&capabilities) {
        End::AtOnce => format!(
            "Then the old one is revoked at once, without its overlap window. Readers of {place} that still hold it are refused from then on.\n"
        ),
        End::WithIssue => format!(
            "The issuer ends the old one with the issue: provisioning is refused from then until the connections hold the new one. Readers of {place} are refused until they read again.\n"
        ),
        End::ByItself => {
            "The issuer cannot revoke the old one: it is accepted until it expires. End it by hand at the service provider if you can.\n".to_owned()
        }
    };
    let connections = unit.connections.iter();
    text += &by_hand(connections.map(|(name, c)| (name.as_str(), c.capabilities())));
    text
}

/// What it means for the connections that a person writes: nobody waits for them.
fn by_hand<'n>(connections: impl Iterator<Item = (&'n str, ConnectionCapabilities)>) -> String {
    let written = connections.filter(|(_, can)| can.writer == Writer::Person);
    let names: Vec<_> = written.map(|(name, _)| format!("`{name}`")).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "A person writes the connection(s) {}: provisioning through them stops when the old one ends, until that person has written the new one.\n",
        names.join(", ")
    )
}

/// How the old token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    AtOnce,
    WithIssue,
    ByItself,
}

fn end_of_old(capabilities: &IssuerCapabilities) -> End {
    if capabilities.issue_effect == IssueEffect::Kills {
        return End::WithIssue;
    }
    match (capabilities.overlap, capabilities.revoke) {
        (Overlap::None, _) => End::WithIssue,
        (Overlap::TwoPhase { .. }, _) => End::AtOnce,
        (Overlap::IssuerTimed { .. }, _) => End::ByItself,
        (Overlap::ExplicitRetire, Revoke::ById | Revoke::ByValue | Revoke::OfItself) => End::AtOnce,
        (Overlap::ExplicitRetire, Revoke::AllOnly | Revoke::Never) => End::ByItself,
    }
}

/// Asks on the terminal. `None` if there is no terminal.
pub(super) fn confirmed(warning: &str) -> Option<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    let mut stderr = io::stderr();
    let asked = write!(stderr, "{warning}Go on? [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| stdin.lock().read_line(&mut answer));
    Some(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::ConnectionKind;
    use crate::issuers::IssuerKind;

    fn capabilities(text: &str) -> IssuerCapabilities {
        let kind: IssuerKind = toml::from_str(text).expect("an issuer");
        kind.as_kind().capabilities()
    }

    #[test]
    fn the_connections_that_a_person_writes_are_named() {
        let text = "manual = { vault_path = \"kv/handover/hr\", instructions = \"x\" }";
        let manual: ConnectionKind = toml::from_str(text).expect("a connection");
        let by_person = manual.as_kind().capabilities();
        let mut by_daemon = by_person;
        by_daemon.writer = Writer::Daemon;
        assert_eq!(by_hand([("crm", by_daemon)].into_iter()), "");
        let told = by_hand([("crm", by_daemon), ("hr", by_person)].into_iter());
        assert!(
            told.contains("the connection(s) `hr`: provisioning"),
            "{told}"
        );
    }

    #[test]
    fn the_end_of_the_old_token_follows_from_the_capabilities() {
        let operator = |words: &str| format!("[operator]\ninstructions = \"x\"\n{words}");
        let cases = [
            (
                "live_tokens = \"one\"\nissue_effect = \"kills\"",
                End::WithIssue,
            ),
            (
                "live_tokens = \"many\"\nissue_effect = \"keeps\"",
                End::ByItself,
            ),
        ];
        for (words, expected) in cases {
            assert_eq!(
                end_of_old(&capabilities(&operator(words))),
                expected,
                "{words}"
            );
        }
        let mut revocable = capabilities(&operator(cases[1].0));
        revocable.revoke = Revoke::ById;
        assert_eq!(end_of_old(&revocable), End::AtOnce);
        revocable.overlap = Overlap::TwoPhase { next_usable: true };
        assert_eq!(end_of_old(&revocable), End::AtOnce);
    }
}
