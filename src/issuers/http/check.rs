//! What can be wrong with an HTTP issuer, found before anything is sent.

use super::config::{HttpIssuer, Operation};
use crate::config::problem::Problems;
use crate::http::predicate::check_codes;
use crate::http::template::Names;
use crate::issuers::lifetime;
use crate::rotation::capability::{
    ExpirySource, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
};

impl HttpIssuer {
    /// Notes everything that is wrong. `path` is for example `issuers.crm.http`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
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
        let more = more.iter().map(|name| (*name).to_owned());
        Names::new(secrets.chain(more)).with("token_name")
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

/// Capabilities need the operations that carry them out.
struct Needs<'i> {
    issuer: &'i HttpIssuer,
    path: &'i str,
}

impl Needs<'_> {
    fn check(&self, problems: &mut Problems) {
        let capabilities = self.issuer.capabilities();
        self.check_mint(&capabilities, problems);
        self.check_recovery(capabilities.recovery, problems);
        self.check_overlap(capabilities.overlap, problems);
        self.check_revoke(capabilities.revoke, problems);
        self.check_expiry(capabilities.expiry, problems);
        if capabilities.live_tokens == LiveTokens::Two {
            self.need(self.issuer.list.is_some(), "live_tokens", "list", problems);
        }
        if capabilities.last_used != LastUsed::None {
            self.check_last_used(problems);
        }
    }

    fn check_mint(&self, capabilities: &IssuerCapabilities, problems: &mut Problems) {
        let mint = &self.issuer.mint;
        if capabilities.recovery == Recovery::ClientChosen {
            let sends = mint.uses("token");
            self.demand(
                sends,
                "mint",
                "the secret that we choose is not sent",
                "put `{{ token }}` into the body of `mint`",
                problems,
            );
        } else {
            let read = mint.extract.token.is_some();
            self.demand(
                read,
                "mint.extract.token",
                "it is not said where the new token stands in the answer",
                "write `token = \"/token\"` in `mint.extract`",
                problems,
            );
        }
        let etag = mint.uses("etag");
        let told = self.issuer.status.is_some()
            || self
                .issuer
                .list
                .as_ref()
                .is_some_and(|l| l.extract.etag.is_some());
        self.demand(
            !etag || told,
            "mint",
            "`etag` is used, but nothing tells it",
            "configure `status`",
            problems,
        );
    }

    fn check_recovery(&self, recovery: Recovery, problems: &mut Problems) {
        let list = self.issuer.list.as_ref();
        match recovery {
            Recovery::ByLabel => {
                let labelled = list.is_some_and(|l| l.extract.label.is_some());
                self.need(labelled, "recovery", "list.extract.label", problems);
                self.need_label(problems);
            }
            Recovery::BySetDifference => self.need(list.is_some(), "recovery", "list", problems),
            Recovery::ByStatus => {
                self.need(self.issuer.status.is_some(), "recovery", "status", problems);
            }
            Recovery::ClientNamed => {
                let found = list.is_some() || self.issuer.get.is_some();
                self.need(found, "recovery", "get", problems);
                self.need_label(problems);
            }
            Recovery::Replay => self.need_label(problems),
            Recovery::ClientChosen | Recovery::None => {}
        }
    }

    fn need_label(&self, problems: &mut Problems) {
        self.demand(
            self.issuer.mint.uses("label"),
            "mint",
            "the recovery goes by the label, which `mint` does not send",
            "put `{{ label }}` into the request: as description, name or request id",
            problems,
        );
    }

    fn check_overlap(&self, overlap: Overlap, problems: &mut Problems) {
        match overlap {
            Overlap::TwoPhase { .. } => {
                self.need(
                    self.issuer.complete.is_some(),
                    "overlap",
                    "complete",
                    problems,
                );
                self.need(self.issuer.cancel.is_some(), "overlap", "cancel", problems);
            }
            Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => {}
        }
    }

    fn check_revoke(&self, revoke: Revoke, problems: &mut Problems) {
        let operation = self.issuer.revoke.as_ref();
        match revoke {
            Revoke::ById => {
                let by_id = operation.is_some_and(|o| o.uses("id"));
                self.need(by_id, "revoke", "revoke (with `{{ id }}`)", problems);
                let id_known = self.issuer.mint.extract.id.is_some()
                    || self.issuer.id_from_token.is_some()
                    || self
                        .issuer
                        .list
                        .as_ref()
                        .is_some_and(|l| l.extract.label.is_some());
                self.demand(
                    id_known,
                    "mint.extract.id",
                    "tokens are revoked by id, and nothing tells the id of a new one",
                    "configure `mint.extract.id`, `id_from_token`, or a `list` with labels",
                    problems,
                );
            }
            Revoke::ByValue | Revoke::OfItself => {
                let by_value = operation.is_some_and(|o| o.uses("token"));
                self.need(by_value, "revoke", "revoke (with `{{ token }}`)", problems);
            }
            Revoke::AllOnly | Revoke::Never => {
                if operation.is_some() {
                    problems.warning(
                        format!("{}.revoke", self.path),
                        "the operation is never used, for `capabilities.revoke` rules it out",
                        "write `capabilities.revoke = \"by_id\"`, or drop the operation",
                    );
                }
            }
        }
    }

    fn check_expiry(&self, expiry: ExpirySource, problems: &mut Problems) {
        let mint = &self.issuer.mint;
        match expiry {
            ExpirySource::Requested => {
                let asks = lifetime::NAMES.iter().any(|name| mint.uses(name));
                self.demand(
                    asks,
                    "mint",
                    "`expiry` is \"requested\", but the request asks for no lifetime",
                    "put `{{ lifetime }}` into the body of `mint`",
                    problems,
                );
            }
            ExpirySource::Reported => {
                self.need(
                    mint.extract.expires_at.is_some(),
                    "expiry",
                    "mint.extract.expires_at",
                    problems,
                );
            }
            ExpirySource::Declared => {
                if self.issuer.lifetime.declared.is_none() {
                    problems.warning(
                        format!("{}.lifetime.declared", self.path),
                        "`expiry` is \"declared\", but the issuer declares no lifetime: each of its tokens must",
                        "write for example `declared = \"180d\"` in `lifetime`",
                    );
                }
            }
            ExpirySource::Jwt | ExpirySource::None => {}
        }
    }

    fn check_last_used(&self, problems: &mut Problems) {
        let told = |fields: super::TokenFields| fields.last_used_at.is_some();
        let by_list = self
            .issuer
            .list
            .as_ref()
            .is_some_and(|l| told(l.extract.token()));
        let by_get = self
            .issuer
            .get
            .as_ref()
            .is_some_and(|g| told(g.extract.clone()));
        self.need(
            by_list || by_get,
            "last_used",
            "list.extract.last_used_at",
            problems,
        );
    }

    fn need(&self, present: bool, capability: &str, operation: &str, problems: &mut Problems) {
        if !present {
            problems.error(
                format!("{}.capabilities.{capability}", self.path),
                format!("this capability needs `{operation}`, which is not configured"),
                format!("configure `{operation}`, or state another `{capability}`"),
            );
        }
    }

    fn demand(&self, holds: bool, key: &str, what: &str, remedy: &str, problems: &mut Problems) {
        if !holds {
            problems.error(format!("{}.{key}", self.path), what, remedy);
        }
    }
}
