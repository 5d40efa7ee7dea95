//! Who is told: each target, and whether the tokens that it names exist.

use super::Whole;
use crate::problem::Problems;

pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    for (name, target) in whole.notify {
        let at = format!("notify.{name}");
        target.check(&at, problems);
        for (index, text) in target.tokens.iter().flatten().enumerate() {
            let Ok(pattern) = glob::Pattern::new(text) else {
                continue;
            };
            if !whole
                .names
                .tokens
                .iter()
                .any(|token| pattern.matches(token))
            {
                problems.warning(
                    format!("{at}.tokens[{index}]"),
                    format!("no token has the name `{text}`"),
                    "correct it, or remove it",
                );
            }
        }
        for (index, issuer) in target.issuers.iter().flatten().enumerate() {
            if !whole.names.issuers.contains(issuer) {
                problems.error(
                    format!("{at}.issuers[{index}]"),
                    format!("there is no issuer `{issuer}`"),
                    "write the name of a table [issuers.<name>]",
                );
            }
        }
    }
}
