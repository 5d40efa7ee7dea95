//! What a vendor file says besides the table in the words of a kind.

use std::collections::BTreeMap;

use jiff::civil::Date;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::Family;
use crate::value::HumanDuration;

/// The version of the language that this program reads.
pub const LANGUAGE: i64 = 1;

/// A vendor file without the table in the words of a kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorFile {
    /// Version of the language; see [`LANGUAGE`].
    pub language: i64,
    /// What the file describes.
    pub vendor: About,
    /// What a user of the file fills in.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// What the vendor answers to a token that it must refuse; for `[http]`.
    #[serde(default)]
    pub refused: Refused,
    /// What `[tokens.<name>]` needs with this issuer.
    #[serde(default)]
    pub token: OfToken,
    /// Facts of the file that were not confirmed, by a short name: what is not
    /// known of each, and what the file says in its place.
    #[serde(default)]
    pub unconfirmed: BTreeMap<String, String>,
    /// Why nobody can rotate this, in the place of `[http]`.
    pub forbidden: Option<Forbidden>,
}

/// `[forbidden]`: the credential cannot be changed, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forbidden {
    /// What is impossible, and why.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

/// `[token]`: settings of a token, shown to be copied.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfToken {
    /// The SCIM base URL, with `<placeholders>`; absent where the vendor shows
    /// it beside the token.
    pub scim_url: Option<String>,
    /// The keys of `[tokens.<name>.probe]` that this vendor needs.
    pub probe: toml::Table,
}

/// `[vendor]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Issuer or connection.
    pub family: Family,
    /// The vendor's name as people write it.
    pub title: String,
    /// Where the vendor documents what the file says.
    pub documentation: Vec<Url>,
    /// How far the file was verified.
    pub verified: Verified,
    /// When it was verified last.
    pub verified_on: Day,
    /// What the caller's credential must be permitted, and nothing more.
    pub permissions: Vec<String>,
    /// What a person should know.
    pub notes: Option<String>,
    /// How long a token lives by the documentation.
    pub documented_life: Option<HumanDuration>,
    /// The day on which the vendor ends this API.
    pub sunset: Option<Day>,
    /// The vendor's OpenAPI document that the calls were checked against.
    pub openapi: Option<OpenApi>,
    /// Whether a token dies with the account of the person who had it made.
    #[serde(default)]
    pub owner_bound: bool,
}

/// How far a file was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// Against the vendor's documentation.
    Documented,
    /// Against its OpenAPI document or its own SDK.
    Specification,
    /// Against a server that runs its software.
    Server,
    /// Against a tenant of its service.
    Tenant,
}

impl Verified {
    /// The word of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Specification => "specification",
            Self::Server => "server",
            Self::Tenant => "tenant",
        }
    }
}

/// A pinned OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenApi {
    /// Where it was fetched.
    pub url: Url,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// A day, `"2026-11-27"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| {
            de::Error::custom(
                "this is not a day: write year, month and day, such as \"2026-11-27\"",
            )
        })
    }
}

/// `[parameters.<name>]`: one value that a user of the file fills in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it is, in words that tell a person where to find it.
    pub about: String,
    /// A value that could stand there.
    pub example: Option<toml::Value>,
    /// What holds where the user says nothing.
    pub default: Option<toml::Value>,
    /// Whether it may be left out although it has no default.
    #[serde(default)]
    pub optional: bool,
    /// The parameter that this one is given in place of: of the two, and of others
    /// that name the same one, a user gives exactly one.
    pub instead_of: Option<String>,
    /// What a choice can be.
    #[serde(default)]
    pub choices: Vec<String>,
    /// What values usually look like, as a regular expression over the whole
    /// value. One that looks different is warned of and used.
    pub pattern: Option<String>,
    /// Former names; they work as before.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Says why it should not be used any more, and what to use instead.
    pub deprecated: Option<String>,
}

impl Parameter {
    /// Whether a user must give it, or one that is given in its place.
    #[must_use]
    pub fn is_required(&self) -> bool {
        !self.optional && self.default.is_none() && self.instead_of.is_none()
    }

    /// How it could be written in a configuration.
    #[must_use]
    pub fn assignment(&self, name: &str) -> String {
        let shown = self.example.as_ref().or(self.default.as_ref());
        match (shown, self.choices.first()) {
            (Some(value), _) => format!("{name} = {value}"),
            (None, Some(first)) => format!("{name} = {}", toml::Value::String(first.clone())),
            (None, None) => format!("{name} = …"),
        }
    }

    /// What tells whether a value looks as usual; `None`: there is no pattern,
    /// or it is none.
    #[must_use]
    pub fn usual(&self) -> Option<Regex> {
        self.pattern.as_deref().and_then(|text| whole(text).ok())
    }

    /// The template's object that holds it: `config` or `secrets`.
    #[must_use]
    pub fn object(&self) -> &'static str {
        match self.kind {
            ParameterType::Credential => "secrets",
            ParameterType::Text
            | ParameterType::Host
            | ParameterType::Url
            | ParameterType::Integer
            | ParameterType::Duration
            | ParameterType::Choice
            | ParameterType::List => "config",
        }
    }
}

/// A regular expression that holds for the whole of a value.
///
/// # Errors
/// When the text is none.
pub fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(LARGEST_PATTERN)
        .build()
}

/// Bytes that a compiled pattern may take.
const LARGEST_PATTERN: usize = 1 << 18;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// Any text.
    Text,
    /// A host, or host and port: `acme.example.com`.
    Host,
    /// A whole https URL.
    Url,
    /// A whole number.
    Integer,
    /// A length of time, `"30d"`.
    Duration,
    /// One of `choices`.
    Choice,
    /// A reference to a credential.
    Credential,
    /// A list of texts.
    List,
}

impl ParameterType {
    /// The word of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Host => "host",
            Self::Url => "url",
            Self::Integer => "integer",
            Self::Duration => "duration",
            Self::Choice => "choice",
            Self::Credential => "credential",
            Self::List => "list",
        }
    }
}

/// `[refused]`: what the vendor answers to a token that it must refuse. Of an
/// issuer: its SCIM API. Of a connection: its test or its provisioning state.
/// Without this, a look that succeeds shows nothing: some APIs accept any text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refused {
    /// To a text that never was a token.
    pub wrong: Option<Refusal>,
    /// To a token whose life is over.
    pub expired: Option<Refusal>,
    /// To a token that was revoked.
    pub revoked: Option<Refusal>,
    /// Why none of these is known. Such a vendor is marked *positive only*.
    pub positive_only: Option<String>,
}

impl VendorFile {
    /// The parameters that may be given in place of this one.
    pub fn instead_of<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let parameters = self.parameters.iter();
        let named = parameters.filter(move |(_, p)| p.instead_of.as_deref() == Some(name));
        named.map(|(name, _)| name.as_str())
    }
}

/// One refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refusal {
    /// The status codes; empty where it shows in another way.
    pub status: Vec<u16>,
    /// What it looks like, and where that is documented.
    pub note: Option<String>,
}

impl Refused {
    /// The refusals with their names.
    #[must_use]
    pub fn refusals(&self) -> [(&'static str, Option<&Refusal>); 3] {
        [
            ("wrong", self.wrong.as_ref()),
            ("expired", self.expired.as_ref()),
            ("revoked", self.revoked.as_ref()),
        ]
    }
}
