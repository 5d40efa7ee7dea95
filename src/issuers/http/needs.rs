//! What the stated capabilities need, checked before anything is sent.

use super::config::HttpIssuer;
use crate::http::exchange::Read;
use crate::issuers::lifetime;
use crate::ports::kind::Kind as _;
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
};

/// Capabilities need the calls that carry them out.
pub(super) struct Needs<'i> {
    pub(super) issuer: &'i HttpIssuer,
    pub(super) path: &'i str,
}

impl Needs<'_> {
    pub(super) fn check(&self, problems: &mut Problems) {
        let capabilities = self.issuer.capabilities();
        self.check_issue(&capabilities, problems);
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

    fn check_issue(&self, capabilities: &IssuerCapabilities, problems: &mut Problems) {
        let issue = &self.issuer.issue;
        if capabilities.recovery == Recovery::ClientChosen {
            let sends = issue.uses("token");
            self.demand(
                sends,
                "issue",
                "the secret that we choose is not sent",
                "put `{{ token }}` into the body of `issue`",
                problems,
            );
        } else {
            let read = issue.reads(|read| read.token.clone());
            self.demand(
                read,
                "issue.read.token",
                "it is not said where the new token is in the answer",
                "write `token = \"/token\"` in `issue.read`",
                problems,
            );
        }
        let etag = issue.uses("etag");
        let told = self.issuer.status.is_some()
            || self
                .issuer
                .list
                .as_ref()
                .is_some_and(|l| l.read.etag.is_some());
        self.demand(
            !etag || told,
            "issue",
            "`etag` is used, but nothing tells it",
            "configure `status`",
            problems,
        );
    }

    fn check_recovery(&self, recovery: Recovery, problems: &mut Problems) {
        let list = self.issuer.list.as_ref();
        match recovery {
            Recovery::ByLabel => {
                let labelled = list.is_some_and(|l| l.read.label.is_some());
                self.need(labelled, "recovery", "list.read.label", problems);
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
            self.issuer.issue.uses("label"),
            "issue",
            "the recovery goes by the label, which `issue` does not send",
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
        let call = self.issuer.revoke.as_ref();
        match revoke {
            Revoke::ById => {
                let by_id = call.is_some_and(|o| o.uses("id"));
                self.need_call(by_id, "{{ id }}", problems);
                let id_known = self.issuer.issue.reads(|read| read.id.clone())
                    || self.issuer.id_from_token.is_some()
                    || self
                        .issuer
                        .list
                        .as_ref()
                        .is_some_and(|l| l.read.label.is_some());
                self.demand(
                    id_known,
                    "issue.read.id",
                    "tokens are revoked by id, and nothing tells the id of a new one",
                    "configure `issue.read.id`, `id_from_token`, or a `list` with labels",
                    problems,
                );
            }
            Revoke::ByValue | Revoke::OfItself => {
                let by_value = call.is_some_and(|o| o.uses("token"));
                self.need_call(by_value, "{{ token }}", problems);
            }
            Revoke::AllOnly | Revoke::Never => {
                if call.is_some() {
                    problems.warning(
                        format!("{}.revoke", self.path),
                        "the call is never used, for `capabilities.revoke` rules it out",
                        "write `capabilities.revoke = \"by_id\"`, or drop the call",
                    );
                }
            }
        }
    }

    fn check_expiry(&self, expiry: ExpirySource, problems: &mut Problems) {
        let issue = &self.issuer.issue;
        match expiry {
            ExpirySource::Requested => {
                let asks = lifetime::NAMES.iter().any(|name| issue.uses(name));
                self.demand(
                    asks,
                    "issue",
                    "`expiry` is \"requested\", but the request asks for no lifetime",
                    "put `{{ lifetime }}` into the body of `issue`",
                    problems,
                );
            }
            ExpirySource::Reported => {
                self.need(
                    issue.reads(|read| read.expires_at.clone()),
                    "expiry",
                    "issue.read.expires_at",
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
        let told = |read: &Read| read.last_used_at.is_some();
        let by_list = self.issuer.list.as_ref().is_some_and(|l| told(&l.read));
        let by_get = self.issuer.get.as_ref().is_some_and(|g| told(&g.read));
        self.need(
            by_list || by_get,
            "last_used",
            "list.read.last_used_at",
            problems,
        );
    }

    /// The call that revokes one token, with what tells which one.
    fn need_call(&self, present: bool, which: &str, problems: &mut Problems) {
        let call = self.issuer.revoke.as_ref();
        // Of a call that names nothing, that is said.
        let names_nothing = call.is_some_and(|o| !o.uses("id") && !o.uses("token"));
        if present || names_nothing {
            return;
        }
        let table = format!("[{}.revoke]", self.path);
        problems.error(
            format!("{}.capabilities.revoke", self.path),
            format!("this capability needs the call `revoke` with `{which}` in it, which is not configured"),
            match call {
                Some(_) => format!("put `{which}` into the URL or the body in {table}, or state another `revoke`"),
                None => format!("add {table} with a `url` or a body that contains `{which}`, or state another `revoke`"),
            },
        );
    }

    fn need(&self, present: bool, capability: &str, call: &str, problems: &mut Problems) {
        if !present {
            problems.error(
                format!("{}.capabilities.{capability}", self.path),
                format!("this capability needs `{call}`, which is not configured"),
                format!("configure `{call}`, or state another `{capability}`"),
            );
        }
    }

    fn demand(&self, holds: bool, key: &str, what: &str, remedy: &str, problems: &mut Problems) {
        if !holds {
            problems.error(format!("{}.{key}", self.path), what, remedy);
        }
    }
}
