//! What is wrong with calls, found before anything is sent.

mod name;
mod request;
mod rules;

use super::call::Call;
use super::paging::Paging;
use super::purpose::{Effect, Purpose};
use super::settings::Shared;
use crate::http::template::Names;
use crate::problem::Problems;

use self::name::check_name;
pub(in crate::http) use self::request::{check_fixed, check_headers};
pub(in crate::http) use self::rules::check_error;
pub use self::rules::check_rules;

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

    /// The step of the login, if there is one.
    #[must_use]
    pub fn login_step(&self) -> Option<&'static str> {
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
            if condition.step.is_none() && condition.value.is_none() {
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
        if call.paging != Paging::None && !purpose.lists() {
            problems.error(
                format!("{path}.paging"),
                "only `list` and `inventory` have pages",
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
}
