//! What an answer means: the rules of the call, then those of all calls, then
//! the usual codes of its purpose, then HTTP's own by status.

use jiff::Timestamp;

use super::call::{Call, ErrorPlaces};
use super::condition::Condition;
use super::place::View;
use super::purpose::{Effect, Purpose};
use super::rule::{Means, Rule};
use super::said;
use super::settings::{Shared, TOKEN_ENDPOINT};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::fired::Firings;
use crate::http::message::Answer;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::fault_from;
use crate::secret::mask::Mask;

/// What an answer means.
pub(super) enum Verdict {
    /// It was done.
    Good,
    /// There is no such token or object.
    Gone,
    /// It was not done, or nobody knows.
    Failed {
        fault: Fault,
        /// The rule that said so, if one did.
        rule: Option<Means>,
    },
}

/// What an answer is judged by.
pub(super) struct Judge<'a> {
    /// Name of the call, for who is told which rules fire.
    pub(super) name: &'a str,
    pub(super) own: &'a [Rule],
    pub(super) shared: &'a [Rule],
    pub(super) success: &'a [u16],
    pub(super) gone: &'a [u16],
    pub(super) effect: Effect,
    pub(super) error: &'a ErrorPlaces,
    pub(super) rate_limit: &'a RateLimitDialect,
    pub(super) fired: Option<&'a Firings>,
    pub(super) mask: &'a Mask,
    pub(super) now: Timestamp,
}

impl<'a> Judge<'a> {
    /// By the settings of a call.
    pub(super) fn of(
        call: &'a Call,
        purpose: Purpose,
        shared: &'a Shared,
        mask: &'a Mask,
        now: Timestamp,
    ) -> Self {
        Self {
            name: call.name(purpose),
            own: &call.answers,
            shared: &shared.answers,
            success: purpose.success(),
            gone: purpose.gone(),
            effect: call.effect(purpose),
            error: shared.error_places(call),
            rate_limit: &shared.rate_limit,
            fired: None,
            mask,
            now,
        }
    }

    /// Judges an answer. `earlier` gives the view of an earlier call's answer.
    pub(super) fn verdict(&self, answer: &Answer, earlier: &dyn Earlier) -> Verdict {
        let json = answer.secret_json().ok();
        let view = View::of(answer, json.as_ref());
        if let Some((rule, whose)) = self.rule(answer, view, earlier) {
            return self.by_rule(rule, whose, answer, view);
        }
        let status = answer.status;
        let told = |means| {
            self.own
                .iter()
                .chain(self.shared)
                .any(|rule| rule.means == means)
        };
        let is_gone = !told(Means::Gone) && self.gone.contains(&status);
        let succeeded = !told(Means::Success) && self.success.contains(&status);
        if (is_gone || succeeded) && answer.is_page() {
            let fault = answer.page();
            return Verdict::Failed { fault, rule: None };
        }
        if is_gone {
            return Verdict::Gone;
        }
        if succeeded {
            return Verdict::Good;
        }
        let mut fault = if answer.is_success() {
            self.unruled(answer, told(Means::Success))
        } else {
            fault_from(answer, self.rate_limit, self.now)
        };
        fault.message.push_str(&self.said(view));
        Verdict::Failed { fault, rule: None }
    }

    /// A status that means success, and nothing that says what it means here.
    fn unruled(&self, answer: &Answer, success_is_told: bool) -> Fault {
        let mut rules = self.own.iter().chain(self.shared);
        let looked_into =
            rules.any(|rule| rule.fits(answer) && rule.when.iter().any(Condition::needs_json));
        match answer.secret_json() {
            Err(fault) if looked_into => fault,
            Ok(_) | Err(_) => {
                let what = if success_is_told {
                    "it fits no rule of `answers`, so it is not known what came of it"
                } else {
                    "this is not one of the usual success codes of this call: say in `answers` what it means"
                };
                let shape = self.mask.clean(&answer.shape());
                answer.unexpected(format!("{what}; it has {shape}"))
            }
        }
    }

    fn rule(
        &self,
        answer: &Answer,
        view: View<'_>,
        earlier: &dyn Earlier,
    ) -> Option<(&'a Rule, &'static str)> {
        let fits = |rule: &Rule| {
            rule.fits(answer)
                && rule.when.iter().all(|condition| match &condition.step {
                    None => condition.holds(view).is_ok(),
                    Some(step) => earlier.view(step, &mut |view| condition.holds(view).is_ok()),
                })
        };
        let own = self.own.iter().enumerate();
        let own = own.map(|(index, rule)| (self.name, index, rule, "this call"));
        let shared = self.shared.iter().enumerate();
        let shared = shared.map(|(index, rule)| ("", index, rule, "all calls"));
        let (whose, index, rule, text) = own.chain(shared).find(|(_, _, rule, _)| fits(rule))?;
        if let Some(fired) = self.fired {
            fired.note(whose, index);
        }
        Some((rule, text))
    }

    fn by_rule(&self, rule: &Rule, whose: &str, answer: &Answer, view: View<'_>) -> Verdict {
        let means = rule.means;
        let (class, kind, what) = match means {
            Means::Success => return Verdict::Good,
            Means::Applied => {
                tracing::debug!(
                    call = self.name,
                    status = answer.status,
                    "the answer looks like an error, but a rule says that the change was made"
                );
                return Verdict::Good;
            }
            Means::Gone => return Verdict::Gone,
            Means::Refused => (
                FaultClass::Rejected,
                FaultKind::Refused,
                "a permanent error",
            ),
            Means::Later => (
                FaultClass::NotApplied,
                FaultKind::Server,
                "nothing was done; tried again later",
            ),
            Means::Throttled => (
                FaultClass::Throttled,
                FaultKind::Throttled,
                "too many requests; sent again later",
            ),
            Means::Unauthorized => (
                FaultClass::Unauthorized,
                FaultKind::Auth,
                "our credential was not accepted, or lacks a permission",
            ),
            Means::Conflict => (
                FaultClass::Conflict,
                FaultKind::Conflict,
                "it was changed by somebody else, or a limit is reached",
            ),
            Means::Unknown if self.effect == Effect::None => (
                FaultClass::NotApplied,
                FaultKind::Server,
                "it is not known what this means; asked again later",
            ),
            Means::Unknown => (
                FaultClass::Ambiguous,
                FaultKind::Server,
                "whether it was carried out is not known",
            ),
        };
        let text = format!(
            "{} answered {}, which means by a rule of {whose} ({}): {what}{}",
            answer.origin,
            answer.status,
            means.as_str(),
            self.said(view)
        );
        let retry = answer.retry_after(self.now, self.rate_limit);
        let retry = retry.or(rule.after.map(|after| after.0));
        Verdict::Failed {
            fault: Fault::new(class, kind, text).after(retry),
            rule: Some(means),
        }
    }

    /// What the other side says of its error, masked and cut.
    fn said(&self, view: View<'_>) -> String {
        match told(self.error, view, self.mask) {
            Some(error) => format!("; it says: {error}"),
            None => String::new(),
        }
    }
}

/// Code and text of an error, masked and cut. Where no place is configured, a
/// success that cannot be used is looked at in the usual ones.
pub(super) fn told(places: &ErrorPlaces, view: View<'_>, mask: &Mask) -> Option<String> {
    if places.code.is_none() && places.text.is_none() {
        return view.is_success().then(|| said::usual(view, mask)).flatten();
    }
    let read = |place: &Option<super::place::Place>| {
        let text = place.as_ref()?.text(view)?;
        (!text.trim().is_empty()).then(|| mask.quote(&text))
    };
    match (read(&places.code), read(&places.text)) {
        (Some(code), Some(text)) => Some(format!("{code}: {text}")),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    }
}

/// The answers of earlier calls.
pub(super) trait Earlier {
    /// Whether `test` holds for the answer of this call; `false` if it was not
    /// made.
    fn view(&self, step: &str, test: &mut dyn FnMut(View<'_>) -> bool) -> bool;
}

/// For calls before which no other is made.
pub(super) struct NoEarlier;

impl Earlier for NoEarlier {
    fn view(&self, _step: &str, _test: &mut dyn FnMut(View<'_>) -> bool) -> bool {
        false
    }
}

/// What the answer of a token endpoint means: the configured rules, then a 200
/// alone is a success, then HTTP's own meaning by status.
///
/// # Errors
/// The fault, and the rule that said so, if one did.
pub fn judge_grant(
    answer: &Answer,
    rules: &[Rule],
    error: &ErrorPlaces,
    mask: &Mask,
    now: Timestamp,
    fired: Option<&Firings>,
) -> Result<(), (Fault, Option<Means>)> {
    let judge = Judge {
        name: TOKEN_ENDPOINT,
        own: rules,
        shared: &[],
        success: &[200],
        gone: &[],
        effect: Effect::None,
        error,
        rate_limit: &RateLimitDialect::default(),
        fired,
        mask,
        now,
    };
    match judge.verdict(answer, &NoEarlier) {
        Verdict::Good => Ok(()),
        Verdict::Gone => {
            let text = format!(
                "{} answered {}: there is no such client",
                answer.origin, answer.status
            );
            let fault = Fault::new(FaultClass::Unauthorized, FaultKind::Auth, text);
            Err((fault, Some(Means::Gone)))
        }
        Verdict::Failed { fault, rule } => Err((fault, rule)),
    }
}

#[cfg(test)]
mod tests;
