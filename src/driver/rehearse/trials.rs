//! What is tried with the throw-away token, and at the connections.

use jiff::{SignedDuration, Timestamp};

use super::Run;
use super::compare::{granted, life, scopes};
use super::rows::{Result as TrialResult, Said, Trial};
use crate::fault::{Fault, FaultKind};
use crate::rotation::capability::{Overlap, Recovery};
use crate::rotation::outcome::{IssuedToken, Listing};
use crate::rotation::proof::{NewToken, of_new_token};
use crate::rotation::record::HeldToken;
use crate::scim::evidence::{Evidence, Finding, FindingReason, Verdict, dead};

/// Pause before a test is repeated whose answer may change soon.
const AGAIN: SignedDuration = SignedDuration::from_secs(3);
/// How often the list is read until it shows a change.
const LOOKS: usize = 4;
/// How often a revoked token is tried until it is refused: caches keep it alive.
const REFUSALS: usize = 10;

impl Run<'_> {
    /// The issuer's tokens, where they are listed before an issue.
    pub(super) async fn list_before(&mut self) -> Listing {
        let began = self.now();
        if !self.unit.issuer.capabilities().lists_before_an_issue() {
            let said = Said::not_shown("no_list", "the issuer does not list its tokens");
            self.row(Trial::List, began, said);
            return Listing::default();
        }
        let listed = self.unit.issuer.list(&self.unit.name);
        match self.within_lease(listed).await {
            Ok(listing) => {
                let said = Said::shown(format!("{} token(s)", listing.tokens.len()));
                self.row(Trial::List, began, said);
                listing
            }
            Err(fault) => {
                self.row(Trial::List, began, Said::fault(&fault));
                Listing::default()
            }
        }
    }

    /// A person makes the tokens of this issuer.
    pub(super) fn nobody_to_ask(&mut self) {
        let why = "a person makes the tokens of this issuer, so none can be issued for a test; the connections are read all the same";
        let now = self.now();
        self.row(Trial::Issue, now, Said::not_shown("by_a_person", why));
    }

    /// Everything that is tried while the throw-away token is valid.
    pub(super) async fn test(&mut self, token: &IssuedToken, issued_at: Timestamp) {
        self.see_found(token).await;
        let evidence = self.prove(token, issued_at).await;
        self.proven = evidence;
        let began = self.now();
        self.row(Trial::Life, began, life(self.unit, token, issued_at));
        let began = self.now();
        let told = self.in_time(granted(self.unit, token)).await.flatten();
        let asked = self.unit.issuer.scopes_asked();
        self.row(Trial::Scopes, began, scopes(asked, told));
        self.read_connections(Some(token)).await;
    }

    async fn see_found(&mut self, token: &IssuedToken) {
        let began = self.now();
        let issuer = self.unit.issuer.capabilities();
        let said = if !issuer.looks_up() {
            Said::not_shown("no_list", "the issuer does not list its tokens")
        } else if token.id.is_none() && issuer.recovery != Recovery::ByLabel {
            Said::not_shown("no_id", "the issuer told no id to look for")
        } else {
            self.looked_for(token, true).await
        };
        self.row(Trial::Found, began, said);
    }

    /// Reads the list until it shows the token, or does not show it any more.
    async fn looked_for(&self, token: &IssuedToken, wanted: bool) -> Said {
        let mut last = Said::failed("not_listed", "the issuer does not list the new token");
        for look in 0..LOOKS {
            if look > 0 {
                self.runner.clock.sleep(AGAIN).await;
            }
            match self.is_listed(token).await {
                Ok(there) if there == wanted && wanted => {
                    return Said::shown("by its id or label");
                }
                Ok(there) if there == wanted => return Said::shown("the issuer has it no more"),
                Ok(true) => {
                    last = Said::failed("still_listed", "the issuer still lists the token");
                }
                Ok(false) => {}
                Err(fault) => last = Said::fault(&fault),
            }
        }
        last
    }

    async fn is_listed(&self, token: &IssuedToken) -> Result<bool, Fault> {
        let name = &self.unit.name;
        if let Some(id) = &token.id {
            let found = self.within_lease(self.unit.issuer.get(name, id)).await?;
            return Ok(found.is_some());
        }
        let listing = self.within_lease(self.unit.issuer.list(name)).await?;
        let label = Some(self.label.as_str());
        Ok(listing.tokens.iter().any(|t| t.label.as_deref() == label))
    }

    /// Tests the token until it is accepted, as long as a new token may be refused.
    async fn prove(&mut self, token: &IssuedToken, issued_at: Timestamp) -> Option<Evidence> {
        let began = self.now();
        if self.unit.issuer.capabilities().overlap == (Overlap::TwoPhase { next_usable: false }) {
            let why = "the new token of this issuer works only after the token in use was ended";
            self.row(Trial::Proven, began, Said::not_shown("works_later", why));
            return None;
        }
        let patience = self.unit.policy.new_token_patience;
        loop {
            self.keep_lease().await;
            let Some(seen) = self.in_time(self.unit.probe.prove(&token.value)).await else {
                self.row(Trial::Proven, began, timed_out());
                return None;
            };
            let is_new = self.now().duration_since(issued_at) < patience;
            if is_new && may_be_too_new(&seen) && !self.runner.cancel.is_cancelled() {
                self.runner.clock.sleep(AGAIN).await;
                continue;
            }
            let said = match &seen {
                Verdict::Pass(evidence) if !evidence.is_full() => Said::not_shown(
                    "partly_proven",
                    format!(
                        "the service provider accepts it; that it refuses wrong tokens is not shown{}",
                        evidence
                            .unclear()
                            .map_or_else(String::new, |why| format!(": {}", why.detail))
                    ),
                ),
                verdict @ (Verdict::Pass(_) | Verdict::Fail(_) | Verdict::Inconclusive(_)) => {
                    let shown =
                        "the service provider accepts it, and refuses no token and a wrong token";
                    Said::verdict(verdict, shown)
                }
            };
            self.row(Trial::Proven, began, said);
            return match seen {
                Verdict::Pass(evidence) => Some(evidence),
                Verdict::Fail(_) | Verdict::Inconclusive(_) => None,
            };
        }
    }

    /// The service provider refuses the token after its revocation. Beside a token in
    /// use, that one must be accepted meanwhile.
    pub(super) async fn see_refused(&mut self, token: &IssuedToken) {
        let began = self.now();
        let current = self.current();
        let mut said = Said::not_shown("not_tested", "it was not tested");
        for round in 0..REFUSALS {
            if round > 0 {
                self.runner.clock.sleep(AGAIN).await;
            }
            let (refused, in_use) = self.refused_now(token, current.as_ref()).await;
            said = refused;
            if said.result == TrialResult::Shown || !in_use {
                break;
            }
        }
        let is_refused = said.result == TrialResult::Shown;
        self.row(Trial::Refused, began, said);
        if current.is_some() {
            let said = match is_refused {
                true => Said::shown("it was accepted before and after"),
                false => self.in_use_now().await,
            };
            self.row(Trial::InUse, began, said);
        }
    }

    /// Whether the token is refused now, and whether another look may say more.
    async fn refused_now(&self, token: &IssuedToken, current: Option<&HeldToken>) -> (Said, bool) {
        let shown = "the service provider refuses it";
        if let Some(current) = current {
            let seen = self.unit.probe.prove_refused(&token.value, &current.value);
            let Some(seen) = self.in_time(seen).await else {
                return (timed_out(), false);
            };
            let is_accepted = matches!(&seen, Verdict::Fail(_));
            return (Said::verdict(&seen, shown), is_accepted);
        }
        let Some(seen) = self.in_time(self.unit.probe.prove(&token.value)).await else {
            return (timed_out(), false);
        };
        if dead::is_dead(&seen, self.proven.as_ref()) {
            return (Said::shown(shown), false);
        }
        match &seen {
            Verdict::Pass(_) => {
                let why = "the service provider still accepts it";
                (
                    Said::failed(FindingReason::StillAccepted.as_str(), why),
                    true,
                )
            }
            Verdict::Fail(finding) | Verdict::Inconclusive(finding) => (unclear(finding), true),
        }
    }

    async fn in_use_now(&self) -> Said {
        let Some(current) = self.current() else {
            return Said::not_shown("none", "there is no token in use");
        };
        let seen = self.in_time(self.unit.probe.prove(&current.value)).await;
        seen.map_or_else(timed_out, |seen| {
            Said::verdict(&seen, "the service provider accepts it")
        })
    }

    pub(super) async fn see_gone(&mut self, token: &IssuedToken) {
        let began = self.now();
        let said = match self.unit.issuer.capabilities().looks_up() {
            true => self.looked_for(token, false).await,
            false => Said::not_shown("no_list", "the issuer does not list its tokens"),
        };
        self.row(Trial::Gone, began, said);
    }
}

fn timed_out() -> Said {
    Said::not_shown(FaultKind::Timeout.as_str(), "no answer came in time")
}

fn unclear(finding: &Finding) -> Said {
    Said::not_shown(finding.reason.as_str(), finding.detail.clone())
}

/// A new token that is refused may be too new. A rotation would wait for it, or not, in the
/// same way.
fn may_be_too_new(seen: &Verdict<Evidence>) -> bool {
    match seen {
        Verdict::Pass(_) => false,
        Verdict::Fail(finding) => of_new_token(finding.reason) == NewToken::MayWorkLater,
        Verdict::Inconclusive(_) => true,
    }
}
