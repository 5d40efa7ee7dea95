//! The lifetime of one token: what is planned must fit into it.

use jiff::SignedDuration;

use super::Token;
use crate::config::settings::Environment;
use crate::problem::Problems;
use crate::rotation::capability::{ExpirySource, Overlap};
use crate::rotation::policy::Policy;
use crate::value::length;

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn check(token: &Token<'_>, problems: &mut Problems) {
    short_life_is_meant(token, problems);
    renewal_lies_within_the_life(token, problems);
    overlap_ends_before_the_old_token(token, problems);
    overlap_fits_the_issuer(token, problems);
    expiry_is_known(token, problems);
}

/// The life that the configuration counts on.
pub(super) fn life(policy: &Policy) -> Option<SignedDuration> {
    policy.lifetime.or(policy.declared_lifetime)
}

fn life_key(policy: &Policy) -> &'static str {
    if policy.lifetime.is_some() {
        "lifetime"
    } else {
        "declared_lifetime"
    }
}

/// Age at which a token of this life is renewed, cron and jitter aside.
pub(super) fn renewal_age(policy: &Policy, life: SignedDuration) -> SignedDuration {
    let by_share = policy
        .renew
        .fraction
        .and_then(|share| SignedDuration::try_from_secs_f64(life.as_secs_f64() * share).ok());
    let by_lead = policy.renew.before.map(|lead| life.saturating_sub(lead));
    let ages = [by_share, by_lead, policy.renew.max_age];
    let earliest = ages.into_iter().flatten().min();
    earliest.unwrap_or(life).min(life)
}

/// A short life leaves no time for a person to fix what fails.
fn short_life_is_meant(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    let Some(life) = life(policy).filter(|life| *life < DAY) else {
        return;
    };
    let key = token.key(life_key(policy));
    if !token.settings.allow_short_lived {
        problems.error(
            key,
            format!(
                "a life of {} leaves nobody time to fix a failed rotation",
                length(life)
            ),
            "use \"24h\" or more, or say `allow_short_lived = true` if it is meant",
        );
    } else if token.settings.environment == Environment::Production {
        problems.warning(
            key,
            format!(
                "a token of production lives {}: a failed night is an outage",
                length(life)
            ),
            "use a longer life, or have a person on call for its alerts",
        );
    }
}

fn renewal_lies_within_the_life(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    let Some(life) = life(policy) else {
        return;
    };
    let key = life_key(policy);
    if let Some(lead) = policy.renew.before.filter(|lead| *lead >= life) {
        problems.error(
            token.key("renew_before"),
            format!("`renew_before` ({}) is not shorter than `{key}` ({}): every new token would be due at once", length(lead), length(life)),
            "use a shorter time, or a longer life",
        );
    }
    if let Some(age) = policy.renew.max_age.filter(|age| *age >= life) {
        problems.warning(
            token.key("max_age"),
            format!(
                "`max_age` ({}) is never reached: tokens expire after {}",
                length(age),
                length(life)
            ),
            "use a shorter time, or leave the key out",
        );
    }
}

/// The old token must live as long as the overlap promises.
fn overlap_ends_before_the_old_token(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    let Some(life) = life(policy) else {
        return;
    };
    let left = life.saturating_sub(renewal_age(policy, life));
    if policy.overlap > left {
        problems.error(
            token.key("overlap"),
            format!(
                "the overlap ({}) is longer than the old token lives on after a renewal ({} of {})",
                length(policy.overlap),
                length(left),
                length(life)
            ),
            "renew earlier (`renew_at`, `renew_before`), or use a shorter overlap",
        );
    }
}

fn overlap_fits_the_issuer(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    if let Some(Overlap::IssuerTimed { max }) = token.issuer.map(|i| i.overlap)
        && policy.overlap > max
    {
        problems.warning(
            token.key("overlap"),
            format!(
                "the issuer ends the old token after {} at most, before the overlap of {} is over",
                length(max),
                length(policy.overlap)
            ),
            "use an overlap that the issuer grants",
        );
    }
}

/// Without an expiry nothing can warn of one.
fn expiry_is_known(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    let Some(issuer) = token.issuer else {
        return;
    };
    let untold = matches!(issuer.expiry, ExpirySource::Declared | ExpirySource::None);
    if untold && life(policy).is_none() && policy.renew.max_age.is_none() {
        problems.warning(
            token.key("issuer"),
            "nothing tells when tokens of this issuer expire: no renewal is planned by their life, and no alert can warn",
            "write `declared_lifetime` as the service provider states it, or `max_age` if its tokens do not expire",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::{capabilities, said};
    use crate::problem::Severity::{Error, Warning};

    #[test]
    fn renewal_and_overlap_fit_into_the_life() {
        let cases = [
            ("", vec![]),
            ("lifetime = '30d'", vec![]),
            (
                "lifetime = '30d'\noverlap = '10d'",
                vec![(Error, "overlap")],
            ),
            (
                "lifetime = '30d'\noverlap = '10d'\nrenew_before = '20d'",
                vec![],
            ),
            (
                "declared_lifetime = '30d'\nrenew_before = '30d'",
                vec![(Error, "renew_before")],
            ),
            (
                "lifetime = '30d'\nmax_age = '30d'",
                vec![(Warning, "max_age")],
            ),
        ];
        for (policy, expected) in cases {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(severity, key)| (severity, format!("t.{key}")))
                .collect();
            assert_eq!(said(policy, capabilities(), check), expected, "{policy}");
        }
    }

    #[test]
    fn a_short_life_must_be_meant() {
        let short = "lifetime = '1h'\noverlap = '10m'\nprobe_every = '1m'\n";
        let cases = [
            ("", vec![(Error, "t.lifetime".to_owned())]),
            (
                "allow_short_lived = true",
                vec![(Warning, "t.lifetime".to_owned())],
            ),
            ("allow_short_lived = true\nenvironment = 'test'", vec![]),
        ];
        for (more, expected) in cases {
            let policy = format!("{short}{more}");
            assert_eq!(said(&policy, capabilities(), check), expected, "{more}");
        }
    }

    #[test]
    fn an_unknown_expiry_is_warned_of() {
        let mut issuer = capabilities();
        issuer.expiry = ExpirySource::Declared;
        let warned = vec![(Warning, "t.issuer".to_owned())];
        assert_eq!(said("", issuer, expiry_is_known), warned);
        assert_eq!(said("max_age = '90d'", issuer, expiry_is_known), []);
        assert_eq!(
            said("declared_lifetime = '90d'", issuer, expiry_is_known),
            []
        );
    }

    #[test]
    fn an_overlap_beyond_the_issuers_is_warned_of() {
        let mut issuer = capabilities();
        issuer.overlap = Overlap::IssuerTimed {
            max: SignedDuration::from_hours(1),
        };
        let warned = vec![(Warning, "t.overlap".to_owned())];
        assert_eq!(said("", issuer, overlap_fits_the_issuer), warned);
        assert_eq!(said("overlap = '1h'", issuer, overlap_fits_the_issuer), []);
    }
}
