//! What can be wrong with an HTTP issuer, found before anything is sent.

use super::config::{HttpIssuer, Operation};
use super::needs::Needs;
use crate::http::predicate::check_codes;
use crate::http::template::Names;
use crate::issuers::lifetime;
use crate::problem::Problems;

impl HttpIssuer {
    /// Notes everything that is wrong. `path` is for example `issuers.crm.http`.
    pub(super) fn check_all(&self, path: &str, problems: &mut Problems) {
        self.capabilities
            .check(&format!("{path}.capabilities"), problems);
        self.check_parts(path, problems);
        self.check_operations(path, problems);
        let needs = Needs { issuer: self, path };
        needs.check(problems);
    }

    /// Everything but the capabilities, for kinds that state their own.
    pub(in crate::issuers) fn check_parts(&self, path: &str, problems: &mut Problems) {
        self.auth.check(&format!("{path}.auth"), problems);
        self.paging.check(&format!("{path}.paging"), problems);
        self.lifetime.check(&format!("{path}.lifetime"), problems);
        self.label.check(&format!("{path}.label"), problems);
        self.rate_limit
            .check(&format!("{path}.rate_limit"), problems);
        self.error_classes
            .check(&format!("{path}.error_classes"), problems);
        check_prefix(
            &self.secret_prefix,
            &format!("{path}.secret_prefix"),
            problems,
        );
        check_headers(
            &self.headers,
            &self.names(&[]),
            &format!("{path}.headers"),
            problems,
        );
    }

    fn check_operations(&self, path: &str, problems: &mut Problems) {
        let path = |operation: &str| format!("{path}.{operation}");
        self.check_mint(&path("mint"), problems);
        if let Some(operation) = &self.list {
            self.check_list(operation, &path("list"), problems);
        }
        if let Some(operation) = &self.get {
            operation.check(&path("get"), &self.names(&["id"]), problems);
        }
        if let Some(operation) = &self.revoke {
            self.check_revoke(operation, &path("revoke"), problems);
        }
        if let Some(operation) = &self.status {
            operation.check(&path("status"), &self.names(&[]), problems);
        }
        for (name, operation) in [("complete", &self.complete), ("cancel", &self.cancel)] {
            if let Some(operation) = operation {
                operation.check(&path(name), &self.names(&[]), problems);
            }
        }
    }

    pub(in crate::issuers) fn check_mint(&self, path: &str, problems: &mut Problems) {
        let known = self.names(&[
            "label",
            "overlap_seconds",
            "etag",
            "id",
            "old_token",
            "token",
        ]);
        let known = lifetime::NAMES.into_iter().fold(known, Names::with);
        self.mint.check(path, &known, problems);
    }

    pub(in crate::issuers) fn check_list(
        &self,
        operation: &Operation<super::ListFields>,
        path: &str,
        problems: &mut Problems,
    ) {
        operation.check(path, &self.names(&[]), problems);
        for (index, condition) in operation.extract.only.iter().enumerate() {
            condition.check(&format!("{path}.extract.only[{index}]"), problems);
        }
        if operation.extract.id.is_none() {
            problems.error(
                format!("{path}.extract.id"),
                "the list does not say where the id of a token stands",
                "write `id = \"/id\"` in `list.extract`",
            );
        }
    }

    pub(in crate::issuers) fn check_revoke(
        &self,
        operation: &Operation<super::NoFields>,
        path: &str,
        problems: &mut Problems,
    ) {
        operation.check(path, &self.names(&["id", "token"]), problems);
        if !operation.uses("id") && !operation.uses("token") {
            problems.error(
                path,
                "the operation names neither the id nor the token: it would not revoke just the old one",
                "put `{{ id }}` into the URL or the body",
            );
        }
    }

    fn names(&self, more: &[&str]) -> Names {
        let secrets = self.secrets.keys().map(|name| format!("secrets.{name}"));
        let config = self.config.keys().map(|name| format!("config.{name}"));
        let absent = self.vendor.iter().flat_map(|vendor| vendor.absent.clone());
        let more = more.iter().map(|name| (*name).to_owned());
        Names::new(secrets.chain(config).chain(absent).chain(more)).with("token_name")
    }
}

impl<E> Operation<E> {
    /// Reports templates, codes and bodies that cannot work.
    pub(in crate::issuers) fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        self.url.check(&format!("{path}.url"), known, problems);
        check_headers(&self.headers, known, &format!("{path}.headers"), problems);
        if let Some(json) = &self.json {
            json.check(&format!("{path}.json"), known, problems);
        }
        for (name, field) in self.form.iter().flatten() {
            field.check(&format!("{path}.form.{name}"), known, problems);
        }
        if self.json.is_some() && self.form.is_some() {
            problems.error(
                path,
                "a request has one body",
                "write either `json` or `form`",
            );
        }
        self.success.check(&format!("{path}.success"), problems);
        check_codes(&self.retriable, &format!("{path}.retriable"), problems);
        let gone = self.gone.as_deref().unwrap_or_default();
        check_codes(gone, &format!("{path}.gone"), problems);
        let source = self.url.source();
        let clear = source.starts_with("http://")
            && url::Url::parse(source).is_ok_and(|u| crate::http::client::allowed(&u).is_err());
        if clear {
            problems.error(
                format!("{path}.url"),
                "http would send credentials in clear text",
                "write an https URL; http is for loopback only",
            );
        }
    }

    /// Whether any template of the operation uses this name.
    pub(in crate::issuers) fn uses(&self, name: &str) -> bool {
        self.url.uses(name)
            || self.headers.values().any(|t| t.uses(name))
            || self.json.as_ref().is_some_and(|json| json.uses(name))
            || self.form.iter().flatten().any(|(_, t)| t.uses(name))
    }
}

fn check_headers(
    headers: &crate::http::template::TemplateMap,
    known: &Names,
    path: &str,
    problems: &mut Problems,
) {
    for (name, template) in headers {
        template.check(&format!("{path}.{name}"), known, problems);
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            problems.error(
                format!("{path}.{name}"),
                format!("`{name}` is not a header name"),
                "write the name alone, without a colon",
            );
        }
    }
}

/// A prefix must keep the token readable for every server and shell.
pub(in crate::issuers) fn check_prefix(prefix: &str, path: &str, problems: &mut Problems) {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if !prefix.bytes().all(good) || prefix.len() > 32 {
        problems.error(
            path,
            "the prefix holds other characters than letters, digits and `_`, or is longer than 32",
            "write for example \"acme_scim_\"",
        );
    }
}
