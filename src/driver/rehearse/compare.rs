//! What the throw-away token is compared with.

use jiff::{SignedDuration, Timestamp};

use super::rows::Said;
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::outcome::IssuedToken;
use crate::rotation::record::ExpiryKnown;
use crate::rotation::rehearsal::lives_as_asked;
use crate::scim::scopes::Scopes;

/// Whether the token lives as long as was asked for.
pub(super) fn life(unit: &Unit, token: &IssuedToken, issued_at: Timestamp) -> Said {
    let Some(end) = token.expires_at else {
        return match token.expiry {
            ExpiryKnown::Never => Said::not_shown("no_end", "tokens of this issuer do not expire"),
            ExpiryKnown::Api | ExpiryKnown::Jwt | ExpiryKnown::Declared | ExpiryKnown::Unknown => {
                Said::not_shown(
                    "end_unknown",
                    "neither the issuer nor the token tells when it expires",
                )
            }
        };
    };
    let life = end.duration_since(issued_at);
    let told = words(life);
    let by = token.expiry.as_str();
    if life <= SignedDuration::ZERO {
        return Said::failed("already_expired", format!("it expired at {end}"));
    }
    let wanted = unit.policy.lifetime.or(unit.policy.declared_lifetime);
    match wanted {
        None => Said::shown(format!("{told} ({by}); no lifetime was asked for")),
        Some(wanted) if lives_as_asked(&unit.policy, wanted, life) => {
            Said::shown(format!("{told} ({by}), as asked for"))
        }
        Some(wanted) => Said::failed(
            "other_lifetime",
            format!("{told} ({by}), and {} was asked for", words(wanted)),
        ),
    }
}

fn words(life: SignedDuration) -> String {
    let minutes = life.as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

/// Whether the token has the scopes that were asked for, and no others.
pub(super) fn scopes(asked: Option<Vec<String>>, granted: Option<Scopes>) -> Said {
    match (asked, granted) {
        (None, None) => Said::not_shown(
            "not_told",
            "the settings of the issuer name no scopes, and nothing tells those of the token",
        ),
        (Some(asked), None) => Said::not_shown(
            "not_told",
            format!(
                "{} were asked for; neither the issuer nor the token tells which were granted",
                asked.join(" ")
            ),
        ),
        (None, Some(granted)) => Said::not_shown(
            "not_asked",
            format!(
                "the token has {} ({}); the settings of the issuer name no scopes",
                granted.names.join(" "),
                granted.source.as_str()
            ),
        ),
        (Some(asked), Some(granted)) => compared(&asked, &granted.names),
    }
}

/// What the token may do: as its issuer told with it, tells when it is asked, or as the
/// token itself tells.
pub(super) async fn granted(unit: &Unit, token: &IssuedToken) -> Option<Scopes> {
    if token.scopes.is_some() {
        return token.scopes.clone();
    }
    let handle = TokenHandle {
        id: token.issuer_id(),
        value: Some(token.value.clone()),
    };
    if let Ok(Some(scopes)) = unit.issuer.scopes(&unit.name, &handle).await {
        return Some(scopes);
    }
    Scopes::of_jwt(&token.value)
}

fn compared(asked: &[String], granted: &[String]) -> Said {
    let missing = |from: &[String], of: &[String]| {
        let absent = from.iter().filter(|scope| !of.contains(scope));
        absent.cloned().collect::<Vec<_>>().join(" ")
    };
    let (lacks, more) = (missing(asked, granted), missing(granted, asked));
    match (lacks.as_str(), more.as_str()) {
        ("", "") => Said::shown(format!("{}, as asked for", granted.join(" "))),
        (lacks, "") => Said::failed("scopes_missing", format!("it lacks {lacks}")),
        ("", more) => Said::failed("scopes_excessive", format!("it also has {more}")),
        (lacks, more) => Said::failed(
            "other_scopes",
            format!("it lacks {lacks} and also has {more}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::rehearse::rows::Result;

    #[test]
    fn scopes_are_compared_both_ways() {
        let list = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let said = |asked: &str, granted: &str| compared(&list(asked), &list(granted));
        assert_eq!(said("a b", "b a").result, Result::Shown);
        assert_eq!(said("a b", "a").reason, "scopes_missing");
        assert_eq!(said("a", "a admin").reason, "scopes_excessive");
        assert_eq!(said("a", "admin").detail, "it lacks a and also has admin");
    }
}
