//! Whether the identity provider points at the service provider that the token
//! belongs to. A token that goes elsewhere is a token given away.

use serde::Deserialize;
use url::Url;

use crate::http::exchange::{JoinPart, JsonPlace, Place, View, from_keys, from_parts};

/// Where the identity provider shows the SCIM base URL that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawHeldUrl")]
pub struct HeldUrl {
    /// Name of the lookup that shows it; the last one by default.
    pub step: Option<String>,
    /// Where in its answer.
    pub place: Place,
    /// What the identity provider holds more than the base, such as `/Users`.
    pub strip_suffix: Option<String>,
}

/// As it is written: the keys of a place, and ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeldUrl {
    step: Option<String>,
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    #[serde(default)]
    text: bool,
    between: Option<(String, String)>,
    #[serde(default)]
    join: Vec<JoinPart>,
    strip_suffix: Option<String>,
}

impl TryFrom<RawHeldUrl> for HeldUrl {
    type Error = &'static str;

    fn try_from(raw: RawHeldUrl) -> Result<Self, Self::Error> {
        let one = from_keys(raw.at, raw.json_text, raw.header, raw.text, raw.between);
        let place = match (raw.join.is_empty(), one) {
            (true, one) => one?,
            (false, Err(_)) => from_parts(raw.join, false)?,
            (false, Ok(_)) => return Err("write a place or `join`, not both"),
        };
        Ok(Self {
            step: raw.step,
            place,
            strip_suffix: raw.strip_suffix,
        })
    }
}

/// Whether the base URL can be checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseUrlCheck {
    /// It is, where `base_url` says.
    #[default]
    Required,
    /// The identity provider does not show it: a person answers for it.
    Unavailable,
}

/// Why the token is not sent to an identity provider.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// For a person.
    pub(super) text: String,
    /// Whether it points at another address, rather than at none that is shown.
    pub(super) is_elsewhere: bool,
}

/// Compares what the identity provider holds with the configured base URL.
///
/// # Errors
/// Names both addresses and what to do.
pub(super) fn check(held: &HeldUrl, view: View<'_>, scim_url: &Url) -> Result<(), Mismatch> {
    let at = &held.place;
    let Some(text) = at.text(view) else {
        let text = format!(
            "the identity provider shows no base URL at {at}, so it is not known where it would send the token (it should be {scim_url}): correct `base_url`, or say base_url_check = \"unavailable\""
        );
        return Err(Mismatch {
            text,
            is_elsewhere: false,
        });
    };
    let suffix = held.strip_suffix.as_deref().unwrap_or_default();
    let base = text.trim().trim_end_matches('/');
    let base = base.strip_suffix(suffix).unwrap_or(base);
    if same(base, scim_url) {
        return Ok(());
    }
    let text = format!(
        "the identity provider points at {} (at {at}), but `scim_url` of the token is {scim_url}; the token was not sent. Correct the one that is wrong",
        shown(&text)
    );
    Err(Mismatch {
        text,
        is_elsewhere: true,
    })
}

/// Whether both are the same SCIM base URL. Letter case of scheme and host, a
/// default port and a slash at the end make no difference.
fn same(held: &str, configured: &Url) -> bool {
    Url::parse(held.trim()).is_ok_and(|held| normal(&held) == normal(configured))
}

/// An address as it may stand in an error: without user, password, query and
/// fragment, which may hold secrets.
fn shown(text: &str) -> String {
    let Ok(mut url) = Url::parse(text.trim()) else {
        return "something that is not an address".to_owned();
    };
    let bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if !bare && url.has_authority() {
        return "an address that cannot be shown".to_owned();
    }
    let more = url.query().is_some() || url.fragment().is_some();
    url.set_query(None);
    url.set_fragment(None);
    let mark = if more { "?…" } else { "" };
    format!("{url}{mark}")
}

/// The `url` crate has put scheme and host in lower case and dropped a default
/// port already.
fn normal(url: &Url) -> String {
    let mut url = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_be_in_a_header_or_in_a_longer_text() {
        let body = serde_json::json!({"inner": "{\"url\":\"x?to=https://crm.example.com/scim/v2&y\"}", "host": "crm.example.com", "path": "/scim/v2"});
        let configured = Url::parse("https://crm.example.com/scim/v2").expect("an address");
        for (toml, expected) in [
            (
                "at = '/url'\njson_text = '/inner'\nbetween = ['to=', '&']",
                true,
            ),
            (
                "at = '/url'\njson_text = '/inner'\nbetween = ['to=', '/v2&']",
                false,
            ),
            ("header = 'X-Base'", false),
            (
                "join = [{ fixed = 'https://' }, { at = '/host' }, { at = '/path' }]",
                true,
            ),
            ("join = [{ at = '/host' }, { at = '/path' }]", false),
            (
                "join = [{ fixed = 'https://' }, { at = '/host' }, { at = '/nowhere' }]",
                false,
            ),
        ] {
            let held: HeldUrl = toml::from_str(toml).expect(toml);
            let seen = check(&held, View::item(&body), &configured);
            assert_eq!(seen.is_ok(), expected, "{toml}: {seen:?}");
        }
    }

    #[test]
    fn spelling_does_not_matter_and_everything_else_does() {
        let configured = Url::parse("https://crm.example.com/scim/v2").expect("an address");
        let cases = [
            ("https://crm.example.com/scim/v2", true),
            ("https://crm.example.com/scim/v2/", true),
            (" https://crm.example.com/scim/v2\n", true),
            ("HTTPS://CRM.Example.COM:443/scim/v2", true),
            ("http://crm.example.com/scim/v2", false),
            ("https://crm.example.com:8443/scim/v2", false),
            ("https://crm.example.com/SCIM/v2", false),
            ("https://crm.example.com/scim", false),
            ("https://crm.example.com/scim/v2?x=1", false),
            ("https://user@crm.example.com/scim/v2", false),
            ("https://crm.example.com.evil.example/scim/v2", false),
            (
                "https://evil.example/?https://crm.example.com/scim/v2",
                false,
            ),
            ("crm.example.com/scim/v2", false),
            ("", false),
        ];
        for (held, expected) in cases {
            assert_eq!(same(held, &configured), expected, "{held:?}");
        }
        let bare = Url::parse("https://crm.example.com").expect("an address");
        assert!(same("https://crm.example.com/", &bare));
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        let shown_text = shown("https://user:hunter2@idp.example.com/x?token=hunter2#hunter2");
        assert_eq!(shown_text, "https://idp.example.com/x?…");
        assert_eq!(shown("hunter2"), "something that is not an address");
    }
}
