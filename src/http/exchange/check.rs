//! What is wrong with calls, found before anything is sent.

use http::{HeaderName, Method};
use url::Url;

use super::call::{Body, Call, ErrorPlaces, IfMatch};
use super::merge::Merge;
use super::paging::Paging;
use super::purpose::{Effect, Purpose};
use super::rule::{Means, Rule};
use super::settings::Shared;
use crate::http::client::allowed;
use crate::http::template::{JsonTemplate, Names, Template, TemplateMap};
use crate::problem::Problems;

const LONGEST_TIMEOUT_SECONDS: i64 = 600;

/// Looks at the calls of one issuer or connection.
pub struct Checker<'a> {
    /// What they share.
    pub shared: &'a Shared,
    /// The dotted path of the settings, for example `issuers.crm.http`.
    pub path: &'a str,
}

impl Checker<'_> {
    /// Reports what is wrong with what all calls share. `names` gives the names
    /// that templates of a call with this purpose may use, after these steps.
    pub fn check_shared(&self, names: &dyn Fn(Purpose, &[&str]) -> Names, problems: &mut Problems) {
        let at = |key: &str| format!("{}.{key}", self.path);

        self.shared.rate_limit.check(&at("rate_limit"), problems);
        let every = names(Purpose::Login, &[]);
        self.shared.auth.check(&at("auth"), &every, problems);
        check_headers(&self.shared.headers, &every, &at("headers"), problems);
        if let Some(address) = &self.shared.address {
            address.check(&at("address"), &every, problems);
            check_fixed(address.source(), &at("address"), problems);
        }
        check_rules(&self.shared.answers, &at("answers"), &[], &every, problems);
        check_error(&self.shared.error, &at("error"), &every, problems);
        if let Some(login) = &self.shared.login {
            self.check_call(login, &at("login"), Purpose::Login, &[], names, problems);
        }
        self.check_lookups(names, problems);
    }

    fn check_lookups(&self, names: &dyn Fn(Purpose, &[&str]) -> Names, problems: &mut Problems) {
        let mut earlier: Vec<&str> = self.login_step().into_iter().collect();
        for (index, call) in self.shared.lookups.iter().enumerate() {
            let path = format!("{}.lookups[{index}]", self.path);
            match &call.name {
                None => problems.error(
                    format!("{path}.name"),
                    "a lookup needs a name, by which later calls use its answer",
                    "write for example `name = \"object\"`",
                ),
                Some(name) if earlier.contains(&name.as_str()) => problems.error(
                    format!("{path}.name"),
                    format!("an earlier call is already named `{name}`"),
                    "give each its own name",
                ),
                Some(_) => {}
            }
            self.check_call(call, &path, Purpose::Lookup, &earlier, names, problems);
            earlier.push(call.name(Purpose::Lookup));
        }
    }

    /// The steps whose answers the calls of an operation may use: the login and
    /// the lookups.
    #[must_use]
    pub fn steps(&self) -> Vec<&str> {
        let lookups = self.shared.lookups.iter();
        let lookups = lookups.map(|call| call.name(Purpose::Lookup));
        self.login_step().into_iter().chain(lookups).collect()
    }

    fn login_step(&self) -> Option<&'static str> {
        self.shared
            .login
            .is_some()
            .then_some(Purpose::Login.as_str())
    }

    /// Reports what is wrong with one call.
    pub fn check_call(
        &self,
        call: &Call,
        path: &str,
        purpose: Purpose,
        earlier: &[&str],
        names: &dyn Fn(Purpose, &[&str]) -> Names,
        problems: &mut Problems,
    ) {
        let known = names(purpose, earlier);
        check_name(call, path, problems);
        self.check_request(call, path, purpose, earlier, &known, problems);
        for (index, condition) in call.when.iter().enumerate() {
            let at = format!("{path}.when[{index}]");
            condition.check(&at, earlier, &known, problems);
            if condition.step.is_none() {
                problems.error(
                    format!("{at}.step"),
                    "the condition does not say at which earlier answer it looks",
                    "write `step = \"name of the call\"`",
                );
            }
        }
        check_rules(
            &call.answers,
            &format!("{path}.answers"),
            earlier,
            &known,
            problems,
        );
        check_error(&call.error, &format!("{path}.error"), &known, problems);
        let effect = call.effect(purpose);
        if let Some(poll) = &call.poll {
            poll.check(
                &format!("{path}.poll"),
                effect == Effect::None,
                &known,
                problems,
            );
        }
        call.paging
            .check(&format!("{path}.paging"), &known, problems);
        if call.paging != Paging::None && purpose != Purpose::List {
            problems.error(
                format!("{path}.paging"),
                "only `list` has pages",
                "remove it here",
            );
        }
        call.read
            .check(&format!("{path}.read"), purpose, &known, problems);
        if call.repeatable.is_some() && (effect == Effect::None || effect == Effect::Ends) {
            problems.warning(
                format!("{path}.repeatable"),
                "a call without this effect may always be repeated",
                "remove it",
            );
        }
    }

    fn check_request(
        &self,
        call: &Call,
        path: &str,
        purpose: Purpose,
        earlier: &[&str],
        known: &Names,
        problems: &mut Problems,
    ) {
        call.each_template(&mut |key, template| {
            let at = format!("{path}.{key}");
            if key == "url" || key == "body.text.content" {
                template.check(&at, known, problems);
            } else {
                template.check_field(&at, known, problems);
            }
        });
        check_header_names(&call.headers, &format!("{path}.headers"), problems);
        match &call.body {
            Some(Body::Json(json)) => json.check(&format!("{path}.body.json"), known, problems),
            Some(Body::Merge(merge)) => self.check_merge(merge, path, earlier, known, problems),
            Some(Body::Text(text)) => {
                if http::HeaderValue::from_str(&text.content_type).is_err() {
                    problems.error(
                        format!("{path}.body.text.type"),
                        "this is not a content type",
                        "write for example \"application/xml\"",
                    );
                }
            }
            Some(Body::Form(_)) | None => {}
        }
        let method = call.method.clone().unwrap_or(purpose.method());
        if call.body.is_some() && method == Method::GET {
            problems.error(
                format!("{path}.method"),
                "a GET has no body",
                "write `method = \"POST\"`, or remove `body`",
            );
        }
        self.check_url(&call.url, &format!("{path}.url"), problems);
        let seconds = call.timeout.map(|t| t.0.as_secs_f64());
        if seconds.is_some_and(|s| s <= 0.0 || s > LONGEST_TIMEOUT_SECONDS as f64) {
            problems.error(
                format!("{path}.timeout"),
                "the timeout must be longer than 0s and at most 10m",
                "write for example \"30s\"",
            );
        }
        if call.if_match == IfMatch::Require && self.shared.lookups.is_empty() {
            problems.error(
                format!("{path}.if_match"),
                "no lookup shows an ETag",
                "configure a lookup of the object, or remove `if_match`",
            );
        }
    }

    fn check_url(&self, url: &Template, at: &str, problems: &mut Problems) {
        let whole = self.shared.whole_url(url);
        let source = whole.source();
        if source.starts_with('/') {
            problems.error(
                at,
                "the URL has no scheme and host",
                format!("write it whole, or set `address` of `{}`", self.path),
            );
            return;
        }
        check_fixed(source, at, problems);
    }

    fn check_merge(
        &self,
        merge: &Merge<JsonTemplate>,
        path: &str,
        earlier: &[&str],
        names: &Names,
        problems: &mut Problems,
    ) {
        let at = format!("{path}.body.merge");
        if merge.is_empty() {
            problems.error(&at, "nothing is changed", "write `set`, `patch` or `merge`");
        }
        let lookups: Vec<&str> = self
            .shared
            .lookups
            .iter()
            .map(|call| call.name(Purpose::Lookup))
            .collect();
        let made = |name: &str| earlier.contains(&name) && lookups.contains(&name);
        match &merge.onto {
            None if !lookups.last().is_some_and(|last| made(last)) => problems.error(
                &at,
                "there is nothing to merge onto",
                "configure a lookup that reads the object",
            ),
            Some(onto) if !made(onto) => problems.error(
                format!("{at}.onto"),
                format!("no lookup that is made before this call is named `{onto}`"),
                "write the name of the lookup that reads the object",
            ),
            None | Some(_) => {}
        }
        merge.check_places(&at, names, problems);
        let checked: Result<Merge<()>, ()> = merge.try_map(|key, value| {
            value.check(&format!("{at}.{key}"), names, problems);
            Ok(())
        });
        debug_assert!(checked.is_ok(), "looking cannot fail");
    }
}

/// A name is a part of `{{ steps.<name>… }}`.
fn check_name(call: &Call, path: &str, problems: &mut Problems) {
    let Some(name) = &call.name else {
        return;
    };
    let letters = |c: char| c.is_ascii_alphabetic() || c == '_';
    let good = name.starts_with(letters) && name.chars().all(|c| letters(c) || c.is_ascii_digit());
    if !good {
        problems.error(
            format!("{path}.name"),
            format!("templates cannot use the name `{name}`"),
            "write letters, digits and `_`, with a letter first",
        );
    }
}

/// Reports rules that fit every answer, or can never fit.
pub fn check_rules(
    rules: &[Rule],
    path: &str,
    steps: &[&str],
    known: &Names,
    problems: &mut Problems,
) {
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("{path}[{index}]");
        if rule.status.is_any() && rule.when.is_empty() {
            problems.error(
                &at,
                "this rule fits every answer",
                "write `status`, `when` or both",
            );
        }
        for (number, condition) in rule.when.iter().enumerate() {
            condition.check(&format!("{at}.when[{number}]"), steps, known, problems);
        }
        if rule.means == Means::Success && rule.status.fits(401) && !rule.status.is_any() {
            problems.warning(
                format!("{at}.status"),
                "a 401 that counts as a success hides that our credential was refused",
                "write the status codes of successes",
            );
        }
    }
}

pub(in crate::http) fn check_error(
    error: &ErrorPlaces,
    path: &str,
    known: &Names,
    problems: &mut Problems,
) {
    for (key, place) in [("code", &error.code), ("text", &error.text)] {
        if let Some(place) = place {
            place.check(&format!("{path}.{key}"), known, problems);
        }
    }
}

pub(super) fn check_headers(
    headers: &TemplateMap,
    known: &Names,
    path: &str,
    problems: &mut Problems,
) {
    for (name, template) in headers {
        template.check_field(&format!("{path}.{name}"), known, problems);
    }
    check_header_names(headers, path, problems);
}

fn check_header_names(headers: &TemplateMap, path: &str, problems: &mut Problems) {
    for name in headers.keys() {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            problems.error(
                format!("{path}.{name}"),
                format!("`{name}` is not a header name"),
                "write the name alone, without a colon",
            );
        }
    }
}

/// Up to the first value a URL is fixed, and so are scheme and host in most
/// cases; the others are checked when the URL is made.
pub(in crate::http) fn check_fixed(source: &str, at: &str, problems: &mut Problems) {
    let fixed = source.split("{{").next().unwrap_or_default();
    if fixed.is_empty() || fixed == "https://" || fixed == "http://" {
        return;
    }
    let parsed = Url::parse(fixed).map_err(|_| "it is not a URL");
    if let Err(why) = parsed.and_then(|url| allowed(&url)) {
        problems.error(
            at,
            why,
            "write an https URL such as https://api.example.com/v1; http is for loopback only",
        );
    }
}
