//! What could cost an outage or send a token where it does not belong.

use super::Token;
use crate::config::settings::Environment;
use crate::http::client::is_loopback;
use crate::problem::Problems;
use crate::rotation::capability::{ExpirySource, IssueEffect, Revoke, Supply};
use crate::value::https_of;

pub(super) fn check(token: &Token<'_>, problems: &mut Problems) {
    scim_url_is_safe(token, problems);
    a_killing_issue_has_a_window(token, problems);
    production_is_careful(token, problems);
    an_old_token_can_end(token, problems);
}

fn scim_url_is_safe(token: &Token<'_>, problems: &mut Problems) {
    let url = &token.settings.scim_url;
    let meant =
        https_of(url.as_str()).unwrap_or_else(|| "https://crm.example.com/scim/v2".to_owned());
    let remedy = format!("write the base URL of the service provider, such as \"{meant}\"");
    let mut error = |message: &str| problems.error(token.key("scim_url"), message, remedy.clone());
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => error("http would send the token unencrypted: it is for loopback addresses only"),
        _ => error("a SCIM base URL begins with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        error("a credential must not stand in a URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        error("a SCIM base URL has no query and no fragment");
    }
}

/// Such an issuer ends the old token at the moment of issue: when that may
/// happen is for a person to say.
fn a_killing_issue_has_a_window(token: &Token<'_>, problems: &mut Problems) {
    let kills = token
        .issuer
        .is_some_and(|issuer| issuer.issue_effect == IssueEffect::Kills);
    if kills && !token.settings.policy.windows.has_allow() {
        problems.error(
            token.key("windows"),
            "this issuer kills the old token with each issue, and no window says when that may happen",
            "add windows = { allow = [\"Sun 02:00-04:00\"] } with the time at which a short cut is bearable (\"daily 00:00-24:00\" for any time)",
        );
    }
}

/// Settings that are fine elsewhere and risky in production.
fn production_is_careful(token: &Token<'_>, problems: &mut Problems) {
    if token.settings.environment != Environment::Production {
        return;
    }
    let policy = &token.settings.policy;
    let url = &token.settings.scim_url;
    if url.scheme() == "http" && is_loopback(url) {
        problems.warning(
            token.key("scim_url"),
            "a token of production goes to an unencrypted address of this machine",
            "use https, or say `environment = \"development\"`",
        );
    }
    let kills = token
        .issuer
        .is_some_and(|issuer| issuer.issue_effect == IssueEffect::Kills);
    if policy.overlap.is_zero() && !kills {
        problems.warning(
            token.key("overlap"),
            "without an overlap the old token dies while connections may still use it",
            "use an overlap of hours, for example \"24h\"",
        );
    }
    if policy.issues_per_day > 24 {
        problems.warning(
            token.key("issues_per_day"),
            "more than one issue an hour is a runaway, not a rotation",
            "use a small number, for example 3",
        );
    }
}

/// A token that can neither be revoked nor expires lives for ever.
fn an_old_token_can_end(token: &Token<'_>, problems: &mut Problems) {
    let Some(issuer) = token
        .issuer
        .filter(|issuer| issuer.supply == Supply::Issuer)
    else {
        return;
    };
    let stays = matches!(issuer.revoke, Revoke::Never | Revoke::AllOnly)
        && issuer.issue_effect == IssueEffect::Keeps
        && issuer.expiry == ExpirySource::None;
    if stays && token.settings.policy.declared_lifetime.is_none() {
        problems.warning(
            token.key("issuer"),
            "old tokens of this issuer can neither be revoked nor do they expire: each rotation leaves one alive",
            "configure how it revokes, or write `declared_lifetime` if its tokens do expire",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::{capabilities, said, token};
    use crate::problem::Severity::{Error, Warning};

    #[test]
    fn urls_are_encrypted_or_stay_here() {
        let cases = [
            ("https://crm.example/scim", 0),
            ("http://127.0.0.1:8080/scim", 0),
            ("http://[::1]/scim", 0),
            ("http://localhost/scim", 0),
            ("http://crm.example/scim", 1),
            ("http://127.0.0.1.example/scim", 1),
            ("ftp://crm.example", 1),
            ("https://u:p@crm.example", 1),
            ("https://crm.example/?a=b", 1),
        ];
        for (url, count) in cases {
            let mut settings = token("");
            settings.scim_url = url.parse().expect("a URL");
            let token = Token {
                at: "t".to_owned(),
                settings: &settings,
                issuer: None,
            };
            let mut problems = Problems::default();
            scim_url_is_safe(&token, &mut problems);
            assert_eq!(problems.all().len(), count, "{url}: {problems:?}");
        }
    }

    #[test]
    fn an_issue_that_kills_needs_a_window() {
        let mut issuer = capabilities();
        issuer.issue_effect = IssueEffect::Kills;
        let rule = a_killing_issue_has_a_window;
        let expected = vec![(Error, "t.windows".to_owned())];
        assert_eq!(said("", issuer, rule), expected);
        let deny = "windows = { deny = ['Mon 08:00-09:00'] }";
        assert_eq!(said(deny, issuer, rule), expected);
        assert_eq!(
            said("windows = { allow = ['Sun 02:00-04:00'] }", issuer, rule),
            []
        );
    }

    #[test]
    fn production_is_warned() {
        let rule = production_is_careful;
        let cases = [
            ("", None),
            ("overlap = '0s'", Some("t.overlap")),
            ("overlap = '0s'\nenvironment = 'staging'", None),
            ("issues_per_day = 25", Some("t.issues_per_day")),
        ];
        for (policy, expected) in cases {
            let expected: Vec<_> = expected
                .map(|key| (Warning, key.to_owned()))
                .into_iter()
                .collect();
            assert_eq!(said(policy, capabilities(), rule), expected, "{policy}");
        }
    }

    #[test]
    fn tokens_that_never_end_are_warned_of() {
        let mut issuer = capabilities();
        issuer.revoke = Revoke::Never;
        issuer.expiry = ExpirySource::None;
        let warned = vec![(Warning, "t.issuer".to_owned())];
        assert_eq!(said("", issuer, an_old_token_can_end), warned);
        assert_eq!(
            said("declared_lifetime = '90d'", issuer, an_old_token_can_end),
            []
        );
    }
}
