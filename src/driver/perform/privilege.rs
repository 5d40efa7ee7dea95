//! Asks what a token may do: the issuer for its scopes, and the URLs that must refuse
//! it. The core decides what follows.

use super::dead::Now;
use super::operands::{handle, is_of_another_issuer};
use crate::ports::unit::Unit;
use crate::rotation::privilege;
use crate::rotation::record::HeldToken;
use crate::scim::evidence::{Evidence, Verdict};
use crate::scim::reach::Privilege;
use crate::scim::scopes::Scopes;

/// Adds to a proof what the token may do, if it is time to ask for that.
pub(super) async fn look_at_privilege(
    unit: &Unit,
    token: &HeldToken,
    verdict: Verdict<Evidence>,
    now: &Now<'_>,
) -> Verdict<Evidence> {
    match verdict {
        Verdict::Pass(evidence) => {
            let rules = &unit.policy.privilege;
            let found = match privilege::is_due(rules, token, now()) {
                true => {
                    let scopes = ask_issuer(unit, token).await;
                    let allowed = unit.probe.allowed(&token.value).await;
                    Some(Privilege {
                        scopes,
                        access: allowed.access,
                        reach: allowed.reach,
                        at: now(),
                    })
                }
                false => None,
            };
            Verdict::Pass(evidence.with_privilege(found, token.evidence.as_ref()))
        }
        verdict @ (Verdict::Fail(_) | Verdict::Inconclusive(_)) => verdict,
    }
}

/// An issuer that does not answer tells nothing: the token works, and the next look
/// asks again.
pub(crate) async fn ask_issuer(unit: &Unit, token: &HeldToken) -> Option<Scopes> {
    if is_of_another_issuer(unit, token.issuer.as_deref()) {
        return None;
    }
    match unit.issuer.scopes(&unit.name, &handle(token)).await {
        Ok(scopes) => scopes,
        Err(fault) => {
            tracing::warn!(
                token = %unit.name,
                error = %fault.message,
                "the issuer did not tell what the token may do; it is asked again at the next look"
            );
            None
        }
    }
}
