//! What can be wrong with an HTTP issuer, found before anything is sent.

use super::config::HttpIssuer;
use super::needs::Needs;
use crate::http::exchange::{Call, Checker, Effect, Purpose, Sequence, Shared};
use crate::http::names::{Configured, Names, Side};
use crate::problem::Problems;

impl HttpIssuer {
    /// Notes everything that is wrong. `path` is for example `issuers.crm.http`.
    pub(super) fn check_all(&self, path: &str, problems: &mut Problems) {
        self.capabilities
            .check(&format!("{path}.capabilities"), problems);
        self.check_parts(path, problems);
        let calls = Calls::of(self, path);
        calls.check_issue(&format!("{path}.issue"), problems);
        calls.check_others(problems);
        let needs = Needs { issuer: self, path };
        needs.check(problems);
    }

    /// Everything but the capabilities and the calls, for kinds that state
    /// their own.
    pub(in crate::issuers) fn check_parts(&self, path: &str, problems: &mut Problems) {
        self.lifetime.check(&format!("{path}.lifetime"), problems);
        self.label.check(&format!("{path}.label"), problems);
        check_prefix(
            &self.secret_prefix,
            &format!("{path}.secret_prefix"),
            problems,
        );
        let calls = Calls::of(self, path);
        calls
            .checker()
            .check_shared(&|purpose, steps| calls.names(purpose, steps), problems);
    }
}

/// The calls of an issuer, as they are checked.
pub(in crate::issuers) struct Calls<'i> {
    issuer: &'i HttpIssuer,
    shared: Shared,
    path: &'i str,
}

impl<'i> Calls<'i> {
    pub(in crate::issuers) fn of(issuer: &'i HttpIssuer, path: &'i str) -> Self {
        Self {
            issuer,
            shared: issuer.shared(),
            path,
        }
    }

    fn checker(&self) -> Checker<'_> {
        Checker {
            shared: &self.shared,
            path: self.path,
        }
    }

    fn check_others(&self, problems: &mut Problems) {
        let issuer = self.issuer;
        let single = [
            (Purpose::Get, &issuer.get),
            (Purpose::Status, &issuer.status),
            (Purpose::Complete, &issuer.complete),
            (Purpose::Cancel, &issuer.cancel),
        ];
        for (purpose, call) in single {
            if let Some(call) = call {
                let at = format!("{}.{}", self.path, purpose.as_str());
                self.check_call(call, &at, purpose, problems);
            }
        }
        let path = format!("{}.issue", self.path);
        let issue = issuer.issue.with_paths(&path);
        let issue = issue.map(|(at, call)| (at, Purpose::Issue, call));
        let others = single.into_iter().chain([(Purpose::List, &issuer.list)]);
        let others = others.filter_map(|(purpose, call)| {
            let at = format!("{}.{}", self.path, purpose.as_str());
            Some((at, purpose, call.as_ref()?))
        });
        let revoke_path = format!("{}.revoke", self.path);
        let revoke = issuer.revoke.iter();
        let revoke = revoke.flat_map(|sequence| sequence.with_paths(&revoke_path));
        let revoke = revoke.map(|(at, call)| (at, Purpose::Revoke, call));
        let all = issue.chain(revoke).chain(others);
        self.checker().check_names(all, problems);
        if let Some(call) = &issuer.list {
            self.check_list(call, &format!("{}.list", self.path), problems);
        }
        if let Some(sequence) = &issuer.revoke {
            self.check_revoke(sequence, &revoke_path, problems);
        }
    }

    pub(in crate::issuers) fn check_issue(&self, path: &str, problems: &mut Problems) {
        let sequence = &self.issuer.issue;
        if sequence.0.is_empty() {
            problems.error(
                path,
                "there is no call",
                "write the call that issues a token",
            );
        }
        self.check_sequence(sequence, path, Purpose::Issue, problems);
        let creates = |call: &Call| call.effect(Purpose::Issue) == Effect::Creates;
        if !sequence.0.is_empty() && !sequence.0.iter().any(creates) {
            problems.error(
                path,
                "no call creates a token",
                "write `effect = \"creates\"` for the call after which the token exists",
            );
        }
    }

    pub(in crate::issuers) fn check_list(&self, call: &Call, path: &str, problems: &mut Problems) {
        self.check_call(call, path, Purpose::List, problems);
        if call.read.id.is_none() {
            problems.error(
                format!("{path}.read.id"),
                "the list does not say where the id of a token is",
                "write `id = \"/id\"` in `list.read`",
            );
        }
    }

    pub(in crate::issuers) fn check_revoke(
        &self,
        sequence: &Sequence,
        path: &str,
        problems: &mut Problems,
    ) {
        self.check_sequence(sequence, path, Purpose::Revoke, problems);
        let changes = |call: &Call| call.effect(Purpose::Revoke) != Effect::None;
        if !sequence.0.last().is_some_and(changes) {
            problems.error(
                path,
                "no call ends the token: the last one must",
                "write the call that revokes a token as the last one, with `effect = \"ends\"`",
            );
        }
        // Each that changes something must change that token alone.
        for (at, call) in sequence.with_paths(path) {
            if changes(call) && !call.uses("id") && !call.uses("token") {
                problems.error(
                    at,
                    "the call names neither the id nor the token: it would not revoke just the old one",
                    "put `{{ id }}` into the URL or the body",
                );
            }
        }
    }

    /// Each call may use the answers of those before it.
    fn check_sequence(
        &self,
        sequence: &Sequence,
        path: &str,
        purpose: Purpose,
        problems: &mut Problems,
    ) {
        let checker = self.checker();
        let mut earlier = checker.steps();
        for (at, call) in sequence.with_paths(path) {
            self.check_after(call, &at, purpose, &earlier, problems);
            if call.name.is_none() && sequence.0.len() > 1 {
                problems.error(
                    format!("{at}.name"),
                    "each of several calls needs a name, by which later calls use its answer",
                    "write for example `name = \"create\"`",
                );
            }
            earlier.push(call.name(purpose));
        }
    }

    fn check_call(&self, call: &Call, path: &str, purpose: Purpose, problems: &mut Problems) {
        let steps = self.checker().steps().join("\n");
        let steps: Vec<&str> = steps.lines().collect();
        self.check_after(call, path, purpose, &steps, problems);
    }

    fn check_after(
        &self,
        call: &Call,
        path: &str,
        purpose: Purpose,
        earlier: &[&str],
        problems: &mut Problems,
    ) {
        let names = |purpose: Purpose, steps: &[&str]| self.names(purpose, steps);
        self.checker()
            .check_call(call, path, purpose, earlier, &names, problems);
    }

    /// The names that templates may use.
    fn names(&self, purpose: Purpose, steps: &[&str]) -> Names {
        let configured = Configured::default()
            .config(&self.issuer.config)
            .secrets(self.issuer.secrets.keys())
            .steps(steps);
        let names = Names::of(Side::Issuer, purpose, &configured);
        let absent = self.issuer.vendor.iter().flat_map(|vendor| &vendor.absent);
        absent.fold(names, |names, name| names.with(name))
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
