//! What is wrong with the settings of a connection over HTTP, found before
//! anything is sent.

use http::{HeaderName, Method};
use url::Url;

use super::config::{Body, HttpConnection, Step};
use super::merge::Merge;
use super::purpose::Purpose;
use super::target::{BaseUrlCheck, ShowingStep};
use crate::http::client::allowed;
use crate::http::predicate::Success;
use crate::http::template::{JsonTemplate, Names, Template};
use crate::problem::Problems;

const LONGEST_TIMEOUT_SECONDS: i64 = 600;

impl HttpConnection {
    /// Notes what is wrong with these settings.
    pub(super) fn check_all(&self, path: &str, problems: &mut Problems) {
        self.auth.check(&format!("{path}.auth"), problems);
        self.rate_limit
            .check(&format!("{path}.rate_limit"), problems);
        if self.token_rules.max_length == Some(0) {
            problems.error(
                format!("{path}.token_rules.max_length"),
                "no token is that short",
                "write the most characters that the identity provider stores, or leave it out",
            );
        }
        self.check_base_url(path, problems);
        self.check_order(path, problems);
        for (name, purpose, step) in self.steps() {
            let at = format!("{path}.{name}");
            let names = self.names(purpose);
            step.check(&at, purpose, &names, problems);
            self.check_url(&at, &step.url, problems);
        }
        self.check_secrets_used(path, problems);
    }

    /// The names that the templates of a step may use.
    fn names(&self, purpose: Purpose) -> Names {
        let mut names: Vec<String> = ["token_name", "scim_url", "connection"]
            .map(str::to_owned)
            .to_vec();
        names.extend(self.config.keys().map(|key| format!("config.{key}")));
        names.extend(self.secrets.keys().map(|key| format!("secrets.{key}")));
        names.extend(self.vendor.iter().flat_map(|vendor| vendor.absent.clone()));
        if purpose.may_hold_token() {
            names.extend(["token".to_owned(), "old_token".to_owned()]);
        }
        let configured: Vec<Purpose> = self.steps().into_iter().map(|(_, p, _)| p).collect();
        let earlier = purpose.earlier().iter().filter(|p| configured.contains(p));
        names.extend(earlier.map(|p| format!("steps.{}", p.as_str())));
        Names::new(names)
    }

    fn check_base_url(&self, path: &str, problems: &mut Problems) {
        let at = format!("{path}.base_url");
        match (self.base_url.is_empty(), self.base_url_check) {
            (true, BaseUrlCheck::Required) => problems.error(
                &at,
                "nothing says where the identity provider shows the SCIM base URL that it holds",
                "write base_url = [{ at = \"/path/to/it\" }], so that the token never goes to another server; where it is not shown at all, write base_url_check = \"unavailable\"",
            ),
            (true, BaseUrlCheck::Unavailable) => problems.warning(
                format!("{path}.base_url_check"),
                "whether the identity provider points at the right service provider is not checked: if somebody changes its base URL, it sends the token there",
                "use base_url wherever the identity provider shows it",
            ),
            (false, BaseUrlCheck::Unavailable) => problems.error(
                format!("{path}.base_url_check"),
                "it is both checked and not",
                "remove base_url_check, or base_url",
            ),
            (false, BaseUrlCheck::Required) => {}
        }
        for (index, held) in self.base_url.iter().enumerate() {
            let showing = self.showing(held);
            let there = match showing {
                ShowingStep::Read => self.read.is_some(),
                ShowingStep::Preflight => self.preflight.is_some(),
            };
            if !there {
                problems.error(
                    format!("{at}[{index}]"),
                    "the step whose answer shows it is not configured",
                    "configure `read` or `preflight`, and name the other one with `step`",
                );
            }
        }
    }

    fn check_order(&self, path: &str, problems: &mut Problems) {
        for (name, purpose, step) in self.steps() {
            let merges = matches!(step.body, Some(Body::Merge(_)));
            let at = format!("{path}.{name}");
            if merges && !(purpose.earlier().contains(&Purpose::Read) && self.read.is_some()) {
                problems.error(
                    format!("{at}.body.merge"),
                    "there is nothing to merge into here",
                    "configure `read`; its answer is what push, rollback, post_push and test_candidate can change and send",
                );
            }
            if step.reads.is_some() != (purpose == Purpose::State) {
                problems.error(
                    format!("{at}.reads"),
                    "`reads` tells what the answer of the step `state` means",
                    "write it for `state`, and only there",
                );
            }
        }
        let proves = self.test_saved.is_some() || self.state.is_some();
        if self.confirm.stable_count.is_some() && !proves {
            problems.warning(
                format!("{path}.confirm.stable_count"),
                "nothing is asked that could be counted",
                "configure `test_saved` or `state`",
            );
        }
        if self.confirm.stable_count == Some(0) {
            problems.error(
                format!("{path}.confirm.stable_count"),
                "it must look good at least once",
                "write 1 or more",
            );
        }
    }

    fn check_url(&self, path: &str, url: &Template, problems: &mut Problems) {
        let at = format!("{path}.url");
        let whole = self.whole_url(url);
        let source = whole.source();
        if source.starts_with('/') {
            problems.error(
                at,
                "the URL has no scheme and host",
                "write it whole, or set `address` of the connection",
            );
            return;
        }
        // Up to the first value the URL is fixed, and so are scheme and host
        // in all but odd cases; those are checked when the URL is made.
        let fixed = source.split("{{").next().unwrap_or_default();
        if fixed.is_empty() {
            return;
        }
        match Url::parse(fixed)
            .map_err(|_| "it is not a URL")
            .and_then(|u| allowed(&u))
        {
            Ok(()) => {}
            Err(why) => problems.error(
                at,
                why,
                "write an https URL such as https://idp.example.com/api",
            ),
        }
    }

    /// The URL of a step with the address of the connection.
    pub(super) fn whole_url(&self, url: &Template) -> Template {
        match &self.address {
            Some(address) if url.source().starts_with('/') => {
                Template::new(format!("{}{}", address.trim_end_matches('/'), url.source()))
            }
            Some(_) | None => url.clone(),
        }
    }

    fn check_secrets_used(&self, path: &str, problems: &mut Problems) {
        for name in self.secrets.keys() {
            let whole = format!("secrets.{name}");
            if !self.steps().iter().any(|(_, _, step)| step.uses(&whole)) {
                problems.warning(
                    format!("{path}.{whole}"),
                    "no template uses this credential",
                    "remove it, so that it is not read for nothing",
                );
            }
        }
    }
}

impl Step {
    fn check(&self, path: &str, purpose: Purpose, names: &Names, problems: &mut Problems) {
        self.each_template(|key, template| {
            template.check(&format!("{path}.{key}"), names, problems);
        });
        match &self.body {
            Some(Body::Json(json)) => json.check(&format!("{path}.body.json"), names, problems),
            Some(Body::Merge(merge)) => check_merge(merge, path, names, problems),
            Some(Body::Form(_)) | None => {}
        }
        for name in self.headers.keys() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.error(
                    format!("{path}.headers"),
                    format!("`{name}` is not a header name"),
                    "write the name alone",
                );
            }
        }
        self.success.check(&format!("{path}.success"), problems);
        for (key, predicate) in [
            ("fatal", &self.fatal),
            ("retryable", &self.retryable),
            ("applied", &self.applied),
        ] {
            if let Some(predicate) = predicate {
                check_predicate(predicate, &format!("{path}.{key}"), problems);
            }
        }
        if let Some(reads) = &self.reads {
            reads.check(&format!("{path}.reads"), problems);
        }
        let seconds = self.timeout.map(|t| t.0.as_secs_f64());
        if seconds.is_some_and(|s| s <= 0.0 || s > LONGEST_TIMEOUT_SECONDS as f64) {
            problems.error(
                format!("{path}.timeout"),
                "the timeout must be longer than 0s and at most 10m",
                "write for example \"30s\"",
            );
        }
        if purpose == Purpose::Push || purpose == Purpose::Rollback {
            self.check_write(path, problems);
        }
    }

    fn check_write(&self, path: &str, problems: &mut Problems) {
        if self.method == Method::GET || self.method == Method::DELETE {
            problems.error(
                format!("{path}.method"),
                format!("{} does not write a token", self.method),
                "write POST, PUT or PATCH",
            );
        }
        if !self.uses("token") {
            problems.error(
                path,
                "no template of this step uses `{{ token }}`: the identity provider would not get it",
                "put \"{{ token }}\" where it belongs, in most cases into the body",
            );
        }
        let in_url = self.url.uses("token") || self.query.values().any(|t| t.uses("token"));
        if in_url {
            problems.warning(
                format!("{path}.url"),
                "the token stands in the URL, and servers write URLs to their logs",
                "send it in the body, if the identity provider allows that",
            );
        }
    }

    /// Whether any template of the step uses this name.
    pub(super) fn uses(&self, name: &str) -> bool {
        let mut found = false;
        let (head, _) = name.split_once('.').unwrap_or((name, ""));
        let one = |template: &Template| {
            template.uses(head) && (head == name || template.source().contains(name))
        };
        self.each_template(|_, template| found |= one(template));
        let json = |json: &JsonTemplate| {
            json.uses(head) && (head == name || json.0.to_string().contains(name))
        };
        found
            || match &self.body {
                Some(Body::Json(body)) => json(body),
                Some(Body::Merge(merge)) => merge
                    .try_map(|_, value| if json(value) { Err(()) } else { Ok(()) })
                    .is_err(),
                Some(Body::Form(_)) | None => false,
            }
    }

    fn each_template(&self, mut look: impl FnMut(&str, &Template)) {
        look("url", &self.url);
        for (name, template) in &self.query {
            look(&format!("query.{name}"), template);
        }
        for (name, template) in &self.headers {
            look(&format!("headers.{name}"), template);
        }
        if let Some(Body::Form(fields)) = &self.body {
            for (name, template) in fields {
                look(&format!("body.form.{name}"), template);
            }
        }
    }
}

fn check_merge(merge: &Merge<JsonTemplate>, path: &str, names: &Names, problems: &mut Problems) {
    let at = format!("{path}.body.merge");
    if merge.is_empty() {
        problems.error(&at, "nothing is changed", "write `set`, `patch` or `merge`");
    }
    let checked: Result<Merge<()>, ()> = merge.try_map(|key, value| {
        value.check(&format!("{at}.{key}"), names, problems);
        Ok(())
    });
    debug_assert!(checked.is_ok(), "looking cannot fail");
}

/// A predicate that demands nothing would hold for every answer.
fn check_predicate(predicate: &Success, path: &str, problems: &mut Problems) {
    predicate.check(path, problems);
    if predicate.status.is_empty() && predicate.body.is_empty() {
        problems.error(
            path,
            "this holds for every answer",
            "write `status`, `body` or both",
        );
    }
}
