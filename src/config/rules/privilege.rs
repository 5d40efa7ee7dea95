//! What a token may be allowed to do.

use super::Token;
use crate::http::client::allowed;
use crate::issuers::IssuerKind;
use crate::problem::Problems;
use crate::scim::reach::MOST_URLS;
use crate::scim::scopes::broad_pattern;

pub(super) fn check(token: &Token<'_>, issuer: Option<&IssuerKind>, problems: &mut Problems) {
    urls_can_be_asked(token, problems);
    scopes_are_narrow(token, issuer, problems);
    a_risk_is_accepted_by_somebody(token, problems);
}

fn urls_can_be_asked(token: &Token<'_>, problems: &mut Problems) {
    let urls = &token.settings.must_refuse;
    if urls.len() > MOST_URLS {
        problems.error(
            token.key("must_refuse"),
            format!(
                "{} URLs are more than the {MOST_URLS} that are read each day",
                urls.len()
            ),
            "keep those that show most, such as the list of the organisation's settings",
        );
    }
    for (index, url) in urls.iter().enumerate() {
        let at = token.key(&format!("must_refuse[{index}]"));
        if let Err(why) = allowed(url) {
            problems.error(
                at,
                why,
                "write the https URL that only administrators may read",
            );
        } else if url.host_str() != token.settings.scim_url.host_str() {
            problems.warning(
                at,
                "the token is sent to this host, which is not the one of `scim_url`",
                "name only hosts of the same service provider",
            );
        }
    }
}

fn scopes_are_narrow(token: &Token<'_>, issuer: Option<&IssuerKind>, problems: &mut Problems) {
    let rules = &token.settings.policy.privilege;
    let allowed = rules.scopes_allowed.as_deref();
    if allowed.is_some_and(<[String]>::is_empty) {
        problems.error(
            token.key("scopes_allowed"),
            "no scope is allowed, so every token would be too broad",
            "name the scopes that SCIM needs, or leave the key out",
        );
    }
    let asked_by_issuer = issuer.map(|kind| kind.as_kind().asked_scopes());
    let asked_by_token = token.settings.token_endpoint.as_ref();
    let asked_by_token = asked_by_token.map(|endpoint| endpoint.scopes.clone());
    let both = [asked_by_issuer, asked_by_token].into_iter().flatten();
    let asked: Vec<String> = both.flatten().collect();
    for scope in &asked {
        if allowed.is_some_and(|allowed| !allowed.contains(scope)) {
            problems.warning(
                token.key("scopes_allowed"),
                format!("the scope `{scope}` is asked for, and not allowed: a token that has it would be discarded"),
                "ask for less, or allow it",
            );
        }
    }
    if rules.accepted_risk.is_some() {
        return;
    }
    let key = match allowed {
        Some(_) => "scopes_allowed",
        None => "issuer",
    };
    let mut broad: Vec<_> = allowed.into_iter().flatten().chain(&asked).collect();
    broad.sort_unstable();
    broad.dedup();
    for scope in broad
        .into_iter()
        .filter(|scope| broad_pattern(scope).is_some())
    {
        problems.warning(
            token.key(key),
            format!("the scope `{scope}` allows far more than SCIM needs"),
            "use a narrower one; if the service provider offers none, write accepted_risk = { reason = \"…\", owner = \"…\", until = \"2027-01-31\" }",
        );
    }
}

fn a_risk_is_accepted_by_somebody(token: &Token<'_>, problems: &mut Problems) {
    let Some(risk) = &token.settings.policy.privilege.accepted_risk else {
        return;
    };
    for (key, text) in [("reason", &risk.reason), ("owner", &risk.owner)] {
        if text.trim().is_empty() {
            problems.error(
                token.key(&format!("accepted_risk.{key}")),
                format!("`{key}` is empty"),
                "say why the token must be broad, and who decides that again at `until`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::{capabilities, said, token};
    use crate::problem::Severity::{Error, Warning};

    #[test]
    fn broad_scopes_are_warned_of() {
        let rule = |token: &Token<'_>, problems: &mut Problems| check(token, None, problems);
        let cases = [
            ("scopes_allowed = ['scim']", vec![]),
            ("scopes_allowed = []", vec![(Error, "t.scopes_allowed")]),
            (
                "scopes_allowed = ['scim', 'admin']",
                vec![(Warning, "t.scopes_allowed")],
            ),
            (
                "scopes_allowed = ['*', 'repo']",
                vec![(Warning, "t.scopes_allowed"); 2],
            ),
        ];
        for (policy, expected) in cases {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(s, k)| (s, k.to_owned()))
                .collect();
            assert_eq!(said(policy, capabilities(), rule), expected, "{policy}");
        }
    }

    #[test]
    fn urls_that_must_refuse_the_token_belong_to_the_service_provider() {
        let cases = [
            (vec!["https://crm.example/admin"], vec![]),
            (
                vec!["https://other.example/admin"],
                vec![(Warning, "t.must_refuse[0]")],
            ),
            (
                vec!["http://crm.example/admin"],
                vec![(Error, "t.must_refuse[0]")],
            ),
            (
                vec!["https://u:p@crm.example/"],
                vec![(Error, "t.must_refuse[0]")],
            ),
            (
                vec!["https://crm.example/a"; 4],
                vec![(Error, "t.must_refuse")],
            ),
        ];
        for (urls, expected) in cases {
            let mut settings = token("");
            let parsed = urls.iter().map(|url| url.parse().expect("a URL"));
            settings.must_refuse = parsed.collect();
            let token = Token {
                at: "t".to_owned(),
                settings: &settings,
                issuer: None,
            };
            let mut problems = Problems::default();
            check(&token, None, &mut problems);
            let found = problems.all().iter().map(|p| (p.severity, p.path.as_str()));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{urls:?}");
        }
    }
}
