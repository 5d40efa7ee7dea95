//! What is wrong with the settings of a connection over HTTP, found before
//! anything is sent.

use http::Method;

use super::config::HttpConnection;
use super::inventory::Inventory;
use super::target::BaseUrlCheck;
use crate::http::exchange::{Call, Checker, Effect, Purpose, Shared};
use crate::http::names::{Configured, Names, Side};
use crate::problem::Problems;

impl HttpConnection {
    /// Notes what is wrong with these settings.
    pub(super) fn check_all(&self, path: &str, problems: &mut Problems) {
        let shared = self.shared();
        let checker = Checker {
            shared: &shared,
            path,
        };
        let names = |purpose, steps: &[&str]| self.names(purpose, steps);
        checker.check_shared(&names, problems);
        if self.token_rules.max_length == Some(0) {
            problems.error(
                format!("{path}.token_rules.max_length"),
                "no token is that short",
                "write the most characters that the identity provider stores, or leave it out",
            );
        }
        self.check_base_url(path, problems);
        self.check_calls(&checker, problems);
        self.check_confirm(path, problems);
        self.check_secrets_used(&shared, path, problems);
    }

    /// The names that templates may use.
    fn names(&self, purpose: Purpose, steps: &[&str]) -> Names {
        let configured = Configured::default()
            .config(&self.config)
            .secrets(self.secrets.keys())
            .steps(steps);
        let names = Names::of(Side::Connection, purpose, &configured);
        let absent = self.vendor.iter().flat_map(|vendor| &vendor.absent);
        absent.fold(names, |names, name| names.with(name))
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
        let lookups = self.lookups.iter();
        let lookups: Vec<_> = lookups.map(|call| call.name(Purpose::Lookup)).collect();
        let known = self.names(Purpose::Lookup, &[]);
        for (index, held) in self.base_url.iter().enumerate() {
            let at = format!("{at}[{index}]");
            held.place.check(&at, &known, problems);
            match &held.step {
                None if lookups.is_empty() => problems.error(
                    at,
                    "no call is made whose answer shows it",
                    "configure a lookup: lookups = [{ name = \"object\", url = \"…\" }]",
                ),
                Some(step) if !lookups.contains(&step.as_str()) => problems.error(
                    format!("{at}.step"),
                    format!("no lookup is named `{step}`"),
                    "write the name of the lookup whose answer shows it",
                ),
                None | Some(_) => {}
            }
        }
    }

    /// What a delivery writes of a client, its revert writes back.
    fn check_client(&self, call: &Call, path: &str, purpose: Purpose, problems: &mut Problems) {
        let forgets =
            purpose == Purpose::Revert && self.deliver.uses("client_id") && !call.uses("client_id");
        if forgets {
            problems.error(
                path,
                "`deliver` writes the client id, and `revert` does not write the former one back",
                "put `{{ client_id }}` into `revert` beside `{{ token }}`",
            );
        }
    }

    fn check_calls(&self, checker: &Checker<'_>, problems: &mut Problems) {
        let names = |purpose, steps: &[&str]| self.names(purpose, steps);
        let looked_up = checker.steps();
        let mut written = looked_up.clone();
        written.push(self.deliver.name(Purpose::Deliver));
        for (key, purpose, call) in self.calls() {
            let path = format!("{}.{key}", checker.path);
            let follows = purpose == Purpose::AfterDeliver;
            let earlier = if follows { &written } else { &looked_up };
            checker.check_call(call, &path, purpose, earlier, &names, problems);
            if purpose == Purpose::Deliver || purpose == Purpose::Revert {
                check_write(call, &path, purpose, problems);
                self.check_client(call, &path, purpose, problems);
            } else if follows && call.uses("client_id") && !call.uses("token") {
                problems.error(
                    path,
                    "the client id is written in another call than the client secret: for a while the identity provider would hold the id of one client and the secret of another",
                    "put `{{ client_id }}` into the call that has `{{ token }}`",
                );
            }
            if follows {
                written.extend(call.name.as_deref());
            }
        }
        if let Some(inventory) = &self.inventory {
            inventory.check(checker, checker.login_step().as_slice(), &names, problems);
        }
        let all = self.calls().map(|(key, purpose, call)| {
            let path = format!("{}.{key}", checker.path);
            (path, purpose, call)
        });
        checker.check_names(all, problems);
    }

    fn check_confirm(&self, path: &str, problems: &mut Problems) {
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

    fn check_secrets_used(&self, shared: &Shared, path: &str, problems: &mut Problems) {
        for name in self.secrets.keys() {
            let whole = format!("secrets.{name}");
            let by_call = self.calls().any(|(_, _, call)| call.uses(&whole));
            let mut listing = self.inventory.iter().flat_map(Inventory::calls);
            let by_listing = listing.any(|(_, call)| call.uses(&whole));
            if !by_call && !by_listing && !shared.uses(&whole) {
                problems.warning(
                    format!("{path}.{whole}"),
                    "no template uses this credential",
                    "remove it, so that it is not read for nothing",
                );
            }
        }
    }
}

fn check_write(call: &Call, path: &str, purpose: Purpose, problems: &mut Problems) {
    let method = call.method.clone().unwrap_or(purpose.method());
    if method == Method::GET || method == Method::DELETE {
        problems.error(
            format!("{path}.method"),
            format!("{method} does not write a token"),
            "write POST, PUT or PATCH",
        );
    }
    match call.effect(purpose) {
        Effect::Creates | Effect::Writes => {}
        Effect::None | Effect::Ends => problems.error(
            format!("{path}.effect"),
            "this call writes the token",
            "write \"writes\", or leave it out",
        ),
    }
    if !call.when.is_empty() {
        problems.error(
            format!("{path}.when"),
            "the write of the token cannot be left out",
            "let a rule of `answers` refuse what a lookup shows, so that nothing is sent",
        );
    }
    if !call.uses("token") {
        problems.error(
            path,
            "no template of this call uses `{{ token }}`: the identity provider would not get it",
            "put \"{{ token }}\" where it belongs, in most cases into the body",
        );
    }
    let in_url = call.url.uses("token") || call.query.values().any(|t| t.uses("token"));
    if in_url {
        problems.warning(
            format!("{path}.url"),
            "the token stands in the URL, and servers write URLs to their logs",
            "send it in the body, if the identity provider allows that",
        );
    }
}
