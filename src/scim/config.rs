//! The keys of a token's `probe` table.

use jiff::SignedDuration;
use serde::Deserialize;

use super::answer_rules::check_meanings;
use crate::http::exchange::{Rule, check_fields};
use crate::http::names::{Configured, Purpose, Side};
use crate::http::template::{Names, Template, TemplateMap};
use crate::problem::Problems;
use crate::secret::MAX_ACCESS_TOKEN_LEN;
use crate::value::HumanDuration;

/// How the probes of one token read from its service provider. The defaults
/// suit a server that follows RFC 7644.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// The protected collection that is read, below the SCIM base URL.
    pub path: String,
    /// Which read is tried first; the others follow if the server does not
    /// support it.
    pub read: Read,
    /// Whether `ServiceProviderConfig` is requested first, without the token.
    /// Then an unreachable server is noticed before the token is sent.
    pub discovery: bool,
    /// Whether a listing follows a search that was accepted. Turn it off where
    /// the service provider offers no listing.
    pub listing: bool,
    /// Whether the same read must be refused without a token and with a wrong
    /// one. Without these controls the proof suffices for a delivery only:
    /// superseded tokens are then kept until they expire.
    pub negative_controls: bool,
    /// Whether a list is accepted that does not name the `ListResponse` schema
    /// (SCIM 1.1, self-written servers). An `Error` is never accepted.
    pub accept_non_scim: bool,
    /// Headers of every request, also `User-Agent` and `Accept`. Those that use
    /// `token` carry it; without one, `Authorization: Bearer …` does.
    pub headers: TemplateMap,
    /// Query parameters of every request, besides those of the read.
    pub query: TemplateMap,
    /// How long one request may take; not longer than the HTTP client allows.
    pub timeout: Option<HumanDuration>,
    /// Pause between the requests of one probe.
    pub pace: HumanDuration,
    /// What answers mean, first rule first, where they are no SCIM list.
    pub answers: Vec<Rule>,
    /// Longest token that the server accepts, in bytes.
    pub max_token_length: Option<usize>,
    /// How many refusals in a row, within one round, prove that an old token is
    /// refused; several, because servers behind a load balancer cache tokens.
    pub refusals_needed: u8,
}

/// A read that a service provider may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// `?filter=userName eq "<nobody>"&count=1`: reads no person's data.
    Filter,
    /// `?startIndex=1&count=1`: reads one entry.
    Count,
    /// The collection without a query: the server's default page.
    Plain,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            path: "Users".to_owned(),
            read: Read::Filter,
            discovery: true,
            listing: true,
            negative_controls: true,
            accept_non_scim: false,
            headers: TemplateMap::new(),
            query: TemplateMap::new(),
            timeout: None,
            pace: HumanDuration(SignedDuration::ZERO),
            answers: Vec::new(),
            max_token_length: None,
            refusals_needed: 2,
        }
    }
}

/// More refusals would not fit into the requests of a round.
const MOST_REFUSALS: u8 = 4;
/// A round of ten requests must end within a lease.
const LONGEST_PACE: SignedDuration = SignedDuration::from_secs(30);
/// As for the calls of issuers and connections.
const LONGEST_TIMEOUT: SignedDuration = SignedDuration::from_mins(10);
/// Where the token is sent if no template says so.
const USUAL_HEADER: (&str, &str) = ("Authorization", "Bearer {{ token }}");

impl ProbeConfig {
    /// Query parameters and headers of a request with the token or without it:
    /// then those that use the token are left out.
    #[must_use]
    pub fn fields(&self, with_token: bool) -> (TemplateMap, TemplateMap) {
        let sent = |fields: &TemplateMap| -> TemplateMap {
            let kept = fields
                .iter()
                .filter(|(_, t)| with_token || !t.uses("token"));
            kept.map(|(name, t)| (name.clone(), t.clone())).collect()
        };
        let mut headers = sent(&self.headers);
        if with_token && !self.says_where_the_token_is() {
            let (name, template) = USUAL_HEADER;
            headers.insert(name.to_owned(), Template::new(template));
        }
        (sent(&self.query), headers)
    }

    /// Whether a header or a query parameter carries the token.
    #[must_use]
    pub fn says_where_the_token_is(&self) -> bool {
        let mut fields = self.headers.values().chain(self.query.values());
        fields.any(|template| template.uses("token"))
    }

    /// Notes what is wrong with these settings; `path` is the dotted path of
    /// their table.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        if !is_relative_path(&self.path) {
            problems.error(
                at("path"),
                format!("`{}` is not a path below the SCIM base URL", self.path),
                "name the collection alone, such as \"Users\", without a scheme, a query, `..` or a leading slash",
            );
        }
        self.check_requests(path, problems);
        let allowed = 1..=MAX_ACCESS_TOKEN_LEN;
        if let Some(length) = self.max_token_length.filter(|n| !allowed.contains(n)) {
            problems.error(
                at("max_token_length"),
                format!("{length} is outside 1 to {MAX_ACCESS_TOKEN_LEN}"),
                "write the length that the service provider takes, or leave the key out",
            );
        }
        if !(1..=MOST_REFUSALS).contains(&self.refusals_needed) {
            problems.error(
                at("refusals_needed"),
                format!("{} is outside 1 to {MOST_REFUSALS}", self.refusals_needed),
                "write a small number, or leave the key out",
            );
        }
        if !self.negative_controls {
            problems.warning(
                at("negative_controls"),
                "without controls no probe shows that the service provider checks tokens at all, so superseded tokens are never revoked, only left to expire",
                "leave the key out unless the service provider locks accounts after one wrong token",
            );
        }
    }
}

impl ProbeConfig {
    fn check_requests(&self, path: &str, problems: &mut Problems) {
        let names = Names::of(Side::Probe, Purpose::Probe, &Configured::default());
        check_fields(
            &self.query,
            &self.headers,
            &self.answers,
            path,
            &names,
            problems,
        );
        check_meanings(&self.answers, &format!("{path}.answers"), problems);
        let mut names = self.headers.keys();
        let usual = USUAL_HEADER.0;
        if let Some(name) = names.find(|name| name.eq_ignore_ascii_case(usual))
            && !self.says_where_the_token_is()
        {
            problems.error(
                format!("{path}.headers.{name}"),
                "no header carries the token",
                "write it where it belongs, such as \"Token token={{ token }}\"",
            );
        }
        for (name, _) in self.query.iter().filter(|(_, t)| t.uses("token")) {
            problems.warning(
                format!("{path}.query.{name}"),
                "a token in a URL is written into logs on its way",
                "send it in one of `headers` if the service provider takes it there",
            );
        }
        if self.pace.0 > LONGEST_PACE {
            problems.error(
                format!("{path}.pace"),
                format!(
                    "a pause of {:#} between requests is longer than {LONGEST_PACE:#}",
                    self.pace.0
                ),
                "write a shorter one, or leave the key out",
            );
        }
        if self
            .timeout
            .is_some_and(|t| t.0.is_zero() || t.0 > LONGEST_TIMEOUT)
        {
            problems.error(
                format!("{path}.timeout"),
                "the timeout must be longer than 0s and at most 10m",
                "write for example \"30s\"",
            );
        }
    }
}

fn is_relative_path(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|segment| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_silent() {
        let mut problems = Problems::default();
        ProbeConfig::default().check("tokens.crm.probe", &mut problems);
        assert!(problems.all().is_empty(), "{problems:?}");
    }

    #[test]
    fn every_bad_value_is_named_by_its_key() {
        let cases = [
            ("path = \"../admin\"", "path"),
            ("path = \"https://evil.example\"", "path"),
            ("path = \"Users?x=1\"", "path"),
            ("path = \"\"", "path"),
            ("headers = { 'X Y' = \"{{ token }}\" }", "headers.X Y"),
            (
                "headers = { Authorization = \"Bearer\" }",
                "headers.Authorization",
            ),
            ("headers = { X = \"{{ tokn }}\" }", "headers.X"),
            ("query = { x = \"{{ id }}\" }", "query.x"),
            (
                "query = { access_token = \"{{ token }}\" }",
                "query.access_token",
            ),
            ("pace = \"31s\"", "pace"),
            ("timeout = \"0s\"", "timeout"),
            (
                "answers = [{ means = \"success\", status = 302 }]",
                "answers[0].status",
            ),
            (
                "answers = [{ means = \"success\", status = 404 }]",
                "answers[0]",
            ),
            (
                "answers = [{ means = \"refused\", status = \"5xx\" }]",
                "answers[0].status",
            ),
            (
                "answers = [{ means = \"gone\", status = 429 }]",
                "answers[0].status",
            ),
            (
                "answers = [{ means = \"refused\", status = 200 }]",
                "answers[0]",
            ),
            (
                "answers = [{ means = \"applied\", status = 409 }]",
                "answers[0].means",
            ),
            ("answers = [{ means = \"later\" }]", "answers[0]"),
            ("max_token_length = 0", "max_token_length"),
            ("refusals_needed = 9", "refusals_needed"),
            ("negative_controls = false", "negative_controls"),
        ];
        for (text, key) in cases {
            let config: ProbeConfig = toml::from_str(text).expect(text);
            let mut problems = Problems::default();
            config.check("p", &mut problems);
            let paths: Vec<_> = problems.all().iter().map(|p| p.path.as_str()).collect();
            assert_eq!(paths, [format!("p.{key}")], "{text}");
        }
    }

    #[test]
    fn rules_that_can_be_justified_are_silent() {
        let text = "answers = [
            { means = \"refused\", status = [500, \"3xx\"] },
            { means = \"refused\", status = 200, when = [{ text = true, contains = \"<html\" }] },
            { means = \"success\", status = 404, when = [{ at = \"/scimType\", equals = \"noTarget\" }] },
            { means = \"success\", when = [{ at = \"/users\", exists = true }] },
            { means = \"later\", status = 503 },
            { means = \"gone\", status = 410 },
        ]";
        let config: ProbeConfig = toml::from_str(text).expect("valid");
        let mut problems = Problems::default();
        config.check("p", &mut problems);
        assert!(problems.all().is_empty(), "{problems:?}");
    }

    #[test]
    fn unknown_keys_and_reads_are_refused() {
        assert!(toml::from_str::<ProbeConfig>("user_path = \"Users\"").is_err());
        assert!(toml::from_str::<ProbeConfig>("read = \"search\"").is_err());
        let config: ProbeConfig = toml::from_str("read = \"plain\"").expect("valid");
        assert_eq!(config.read, Read::Plain);
    }
}
