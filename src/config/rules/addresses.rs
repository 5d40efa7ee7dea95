//! URLs of tokens that name an address which is never contacted.

use url::Url;

use super::Whole;
use crate::config::settings::TokenSettings;
use crate::http::{ClientSettings, Forbidden};
use crate::problem::Problems;

pub(super) fn check(whole: &Whole<'_>, http: &ClientSettings, problems: &mut Problems) {
    for (name, token) in whole.tokens {
        for (key, url) in urls(token) {
            if let Err(forbidden) = http.addresses.check_host(url) {
                let said = format!("the URL names {}", forbidden.said());
                problems.error(format!("tokens.{name}.{key}"), said, Forbidden::REMEDY);
            }
        }
    }
}

fn urls(token: &TokenSettings) -> impl Iterator<Item = (&'static str, &Url)> {
    let refusing = token.must_refuse.iter().map(|url| ("must_refuse", url));
    std::iter::once(("scim_url", &token.scim_url)).chain(refusing)
}
