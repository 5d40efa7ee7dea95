//! Expansion up to the typed settings: their vendor, and the user's servers in the URLs.

use super::*;
use crate::connections::ConnectionKind;
use crate::http::template::Context;
use crate::issuers::IssuerKind;
use crate::ports::kind::Origin;
use crate::vendors::example::testing::CONNECTION;
use crate::vendors::example::{self, Filled};

#[test]
fn the_typed_settings_know_their_vendor() {
    let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
    for filled in [Filled::All, Filled::Required] {
        let values = example::values(&vendor, filled);
        let issuer: IssuerKind = vendor.settings(&values).expect("typed");
        assert_eq!(issuer.as_kind().kind(), "acme");
        let mark = issuer.as_kind().vendor().expect("marked");
        assert_eq!(
            (mark.sha256.as_str(), mark.origin),
            (vendor.sha256.as_str(), Origin::Shipped)
        );
        let life = issuer.as_kind().declared_lifetime().expect("stated");
        assert_eq!(life.as_hours(), 60 * 24);
        let mut problems = crate::problem::Problems::default();
        issuer.as_kind().check("issuers.crm.acme", &mut problems);
        assert_eq!(problems.all(), []);
    }
    let vendor = Vendor::shipped("acme", CONNECTION).expect("sound");
    let values = example::values(&vendor, Filled::All);
    let connection: ConnectionKind = vendor.settings(&values).expect("typed");
    assert_eq!(connection.as_kind().kind(), "acme");
    assert_eq!(connection.as_kind().credentials().len(), 1);
}

#[test]
fn a_url_stands_in_templates_as_a_url_and_elsewhere_as_a_text() {
    let text = CONNECTION.replace("\n[http]\n", "\n[http]\nheaders.X = '{{ config.url }}'\n");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let mut values = example::values(&vendor, Filled::All);
    let own = DeTable::parse("server = 'https://a.example/x'").expect("valid");
    let (_, value) = own.into_inner().into_iter().next().expect("one");
    let key = "server".to_owned();
    values.insert("url".to_owned(), Given { key, value });
    let expansion = expand(&vendor, &values, None, Places::Foreign);
    for path in ["http.address", "http.config.url", "http.config.url.url"] {
        let moved = (path.to_owned(), "server".to_owned());
        assert!(
            expansion.moved.contains(&moved),
            "{path}: {:?}",
            expansion.moved
        );
    }
    let http = plain(expansion.body);
    assert_eq!(http["address"], "https://a.example/x".into());
    let expected = toml("url.url = 'https://a.example/x'\nconnection = 'con_1'");
    assert_eq!(http["config"], expected.into());
}

/// What a user writes for a host or a URL stands in the URLs of the calls.
#[test]
fn hosts_and_urls_lead_to_the_users_server() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let one = |key: &str, value: &'static str| {
        let value = DeValue::parse(value).expect("valid");
        let key = key.to_owned();
        (key.clone(), Given { key, value })
    };
    let text = CONNECTION.replace("{ parameter = \"url\" }", "\"{{ config.url }}/api\"");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let mut values = example::values(&vendor, Filled::Required);
    values.extend([one("url", "'https://login.acme.example:8443/base/'")]);
    let connection: ConnectionKind = vendor.settings(&values).expect("typed");
    let ConnectionKind::Http(settings) = &connection else {
        panic!("{connection:?}");
    };
    let context = Context::new(now).config(&settings.config);
    let address = settings.address.as_ref().expect("an address");
    let url = address.url(&context).map(|url| url.to_string());
    assert_eq!(
        url.as_deref(),
        Ok("https://login.acme.example:8443/base/api")
    );

    let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
    let mut values = example::values(&vendor, Filled::Required);
    values.extend([one("domain", "'127.0.0.1:8443'")]);
    let issuer: IssuerKind = vendor.settings(&values).expect("typed");
    let IssuerKind::Http(settings) = &issuer else {
        panic!("{issuer:?}");
    };
    let context = Context::new(now).config(&settings.config);
    let url = settings.issue.0[0]
        .url
        .url(&context)
        .map(|url| url.to_string());
    assert_eq!(url.as_deref(), Ok("https://127.0.0.1:8443/api/tokens"));
}
