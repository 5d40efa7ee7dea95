//! What a vendor file says of itself, and what follows from it, for people and
//! for programs.

use serde_json::{Map, Value, json};

use super::words;
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::ports::kind::Origin;
use crate::rotation::capability::ConnectionTest;
use crate::telemetry::facts::strategy;
use crate::vendors::example::{Filled, values};
use crate::vendors::{Family, Form, Vendor};

/// What its issuer or connection can do, as pairs of a name and a word. `None`:
/// the file cannot be read into the typed settings.
pub(super) fn abilities(vendor: &Vendor<'_>) -> Option<Vec<(&'static str, String)>> {
    let values = values(vendor, Filled::All);
    match vendor.family() {
        Family::Issuer => {
            let issuer: IssuerKind = vendor.settings(&values).ok()?;
            let can = issuer.as_kind().capabilities();
            Some(vec![
                (
                    "live_tokens",
                    words::live_tokens(can.live_tokens).to_owned(),
                ),
                (
                    "issue_effect",
                    words::issue_effect(can.issue_effect).to_owned(),
                ),
                ("strategy", strategy(&can).to_owned()),
                ("overlap", words::overlap(can.overlap)),
                ("recovery", words::recovery(can.recovery).to_owned()),
                ("revoke", words::revoke(can.revoke).to_owned()),
                ("expiry", words::expiry(can.expiry).to_owned()),
                ("last_used", words::last_used(can.last_used).to_owned()),
            ])
        }
        Family::Connection => {
            let connection: ConnectionKind = vendor.settings(&values).ok()?;
            let can = connection.as_kind().capabilities();
            let state = match vendor.body.get_ref().get("state") {
                Some(_) => "shown",
                None => "none",
            };
            Some(vec![
                ("test", tests(vendor, can.test)),
                ("state", state.to_owned()),
            ])
        }
    }
}

/// What can be tested at the identity provider: a token before it is saved, the
/// saved one, or both.
fn tests(vendor: &Vendor<'_>, test: ConnectionTest) -> String {
    let word = words::test(test);
    let candidate = vendor.body.get_ref().get("test_candidate").is_some();
    match (candidate, test) {
        (true, ConnectionTest::Saved) => {
            format!("{}, {word}", words::test(ConnectionTest::Candidate))
        }
        (true | false, _) => word.to_owned(),
    }
}

/// Who rotates it: the program, a person, or nobody.
pub(super) fn by(vendor: &Vendor<'_>) -> &'static str {
    match vendor.form {
        Form::Http => "program",
        Form::Operator | Form::Manual => "person",
        Form::Forbidden => "nobody",
    }
}

/// What a person is told, with the examples of the parameters.
pub(super) fn instructions(vendor: &Vendor<'_>) -> Option<String> {
    let values = values(vendor, Filled::All);
    match vendor.family() {
        Family::Issuer => {
            let issuer: IssuerKind = vendor.settings(&values).ok()?;
            issuer.as_kind().instructions()
        }
        Family::Connection => {
            let connection: ConnectionKind = vendor.settings(&values).ok()?;
            connection.as_kind().instructions()
        }
    }
}

/// A word of the body, such as `life` of `[operator]`.
pub(super) fn word<'v>(vendor: &'v Vendor<'_>, key: &str) -> Option<&'v str> {
    vendor.body.get_ref().get(key)?.get_ref().as_str()
}

/// How far the file was verified, with what a person should know of that.
pub(super) fn verified(vendor: &Vendor<'_>) -> String {
    let about = &vendor.file.vendor;
    let mut text = format!("{} {}", about.verified.as_str(), about.verified_on.0);
    if vendor.file.refused.positive_only.is_some() {
        text.push_str(", positive only");
    }
    if !vendor.file.unconfirmed.is_empty() {
        text.push_str(", partly unconfirmed");
    }
    if let Some(day) = about.sunset {
        text.push_str(&format!(", ends {}", day.0));
    }
    if vendor.origin == Origin::Own {
        text.push_str(", own file");
    }
    text
}

/// The same for programs.
pub(super) fn as_json(vendor: &Vendor<'_>) -> Map<String, Value> {
    let about = &vendor.file.vendor;
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    put("vendor", json!(vendor.name));
    put("family", json!(vendor.family().as_str()));
    put("title", json!(about.title));
    put("origin", json!(vendor.origin.as_str()));
    put("sha256", json!(vendor.sha256));
    put("verified", json!(about.verified.as_str()));
    put("verified_on", json!(about.verified_on.0.to_string()));
    let refused = &vendor.file.refused;
    put("positive_only", json!(refused.positive_only.is_some()));
    put("sunset", json!(about.sunset.map(|day| day.0.to_string())));
    put("owner_bound", json!(about.owner_bound));
    put("by", json!(by(vendor)));
    put("life", json!(word(vendor, "life")));
    put("gap_starts_at", json!(word(vendor, "gap_starts_at")));
    put("instructions", json!(instructions(vendor)));
    put("unconfirmed", json!(vendor.file.unconfirmed));
    let forbidden = vendor.file.forbidden.as_ref();
    put(
        "forbidden",
        json!(forbidden.map(|f| json!({ "why": f.why, "instead": f.instead }))),
    );
    for (name, word) in abilities(vendor).unwrap_or_default() {
        put(name, json!(word));
    }
    object
}
