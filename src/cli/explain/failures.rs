//! The words of failures: findings of tests, kinds of failed effects, causes of halts.

use crate::fault::FaultKind;
use crate::rotation::record::HaltCause;
use crate::scim::evidence::FindingReason;

/// Meaning and remedy of a finding.
#[rustfmt::skip]
pub(super) fn finding(reason: FindingReason) -> (&'static str, &'static str) {
    match reason {
        FindingReason::Malformed => ("the value cannot be a token: it is empty, too long, or holds spaces or control characters", "Write the token again, as the issuer shows it."),
        FindingReason::NotInForce => ("the token says of itself (JWT) that it has expired or is not valid yet", "Check this machine's clock, then what lifetime the issuer gives."),
        FindingReason::Rejected => ("the service provider answered 401", "The token is wrong, revoked or expired, or `scim_url` belongs to another tenant."),
        FindingReason::Forbidden => ("the service provider answered 403, and a wrong token gets another answer: the token is known, and may not read", "Give the token, or the account that it belongs to, the right to read users over SCIM."),
        FindingReason::Ambiguous403 => ("the service provider answers 403 to every request, with wrong tokens too", "Check IP allow lists, the tenant's plan and whether SCIM is switched on; nothing is concluded about the token."),
        FindingReason::WrongBaseUrl => ("every request got 404", "Correct `scim_url`; it ends before `/Users`."),
        FindingReason::EndpointOpen => ("a request without a token, or with a wrong one, was accepted", "The SCIM endpoint lets anybody in. Tell the owner of the service provider at once; rotating changes nothing."),
        FindingReason::TokenTooLarge => ("the service provider answered 413, 414 or 431 to this token alone", "Have fewer claims put into the token, or the limit of headers raised."),
        FindingReason::NoReadVariant => ("the service provider supports none of the reads that a test uses", "Choose another read in `[tokens.NAME.probe]`."),
        FindingReason::NotScim => ("the answer is not SCIM", "Correct `scim_url`: a login page or a proxy answers there."),
        FindingReason::Redirect => ("the answer is a redirect, which is never followed with a token", "Set `scim_url` to the final address, with `https`."),
        FindingReason::Tls => ("the server's certificate is not trusted, or does not fit its name", "Set `ca_file` in `[http]` or `[[http.hosts]]`, or have the certificate corrected."),
        FindingReason::Unreachable => ("no answer came: name resolution, connection, reset or timeout", "Check the network path, proxy and firewall from this machine."),
        FindingReason::Throttled => ("the service provider answered 429", "Nothing: it is retried later. Raise `probe_every` if it happens often."),
        FindingReason::ServerError => ("the service provider answered with 5xx", "Nothing: it is retried. Nothing is concluded about the token."),
        FindingReason::StillAccepted => ("a token that was revoked is still accepted", "Revoke it at the service provider by hand; it may need minutes to take effect everywhere."),
        FindingReason::Flapping => ("two answers to the same question contradict each other", "Servers behind the address know different tokens; it is tested again until they agree."),
        FindingReason::RefusalUnclear => ("the new token was accepted, and the old one was neither accepted nor refused", "Nothing: it is asked again before anything is concluded."),
        FindingReason::LikeWrongToken => ("the answer is that which a wrong token gets, and is no clear refusal", "`scim-rotator verify TOKEN` shows the answers; a rule in the vendor file can say what the service provider means."),
        FindingReason::ControlsOff => ("whether wrong tokens are refused was not asked: `negative_controls` is off", "Switch `negative_controls` on, or accept that old tokens are retired by their end only."),
        FindingReason::OtherTenant => ("the token works and belongs to another tenant than its predecessor", "Find out who supplied it. If the tenant has moved: `scim-rotator rotate TOKEN --supplied`."),
        FindingReason::NoAccess => ("the token endpoint accepts the client secret, and the access token cannot read at the service provider", "Check the client's scopes, audience and roles: another secret would not change it."),
    }
}

/// Meaning and remedy of a kind of failure.
#[rustfmt::skip]
pub(super) fn fault(kind: FaultKind) -> (&'static str, &'static str) {
    match kind {
        FaultKind::Auth => ("our own credential at the issuer or identity provider was refused, or may not do this", "Renew the administrative credential that the failure names, or give it the right that is missing."),
        FaultKind::Throttled => ("the server asked us to slow down (429)", "Nothing: the time that the server names is waited for."),
        FaultKind::Network => ("name resolution, connection or TLS failed, or the connection was reset", "Check network path, proxy, firewall and certificates from this machine."),
        FaultKind::Timeout => ("no answer came in time", "Check the server and the path to it; `timeout` of the issuer or connection sets the time."),
        FaultKind::Schema => ("the answer does not have the documented shape", "Compare the answer with the vendor file (`scim-rotator vendors show NAME`): the API may have changed, or the pointer may be wrong."),
        FaultKind::Conflict => ("somebody else changed the same object", "Nothing: it is read and decided again. If it goes on, two programs manage the same object."),
        FaultKind::Refused => ("the server refused what was sent (4xx)", "Read the failure in `scim-rotator status TOKEN`: it names the operation and the status."),
        FaultKind::Server => ("the server failed (5xx)", "Nothing: it is retried."),
        FaultKind::Config => ("the configuration cannot be carried out as written", "`scim-rotator check --online` names the place."),
        FaultKind::WrongTarget => ("the identity provider's connection points at another service provider than `scim_url`", "Correct the connection's base URL at the identity provider, or the id of the connection in the configuration. No token is delivered until they agree."),
        FaultKind::VaultUnavailable => ("Vault is sealed, in standby, not initialised or out of reach", "Unseal or restart Vault. Tokens in use go on working meanwhile."),
    }
}

/// Meaning and remedy of a halt.
#[rustfmt::skip]
pub(super) fn halt(cause: HaltCause) -> (&'static str, &'static str) {
    match cause {
        HaltCause::AttemptsUsedUp => ("the permitted number of attempts is used up", "Fix what the last failure names, then `scim-rotator rotate TOKEN`."),
        HaltCause::ForeignTokens => ("tokens were found at the issuer that may be somebody else's", "Look at the issuer's list (`scim-rotator inventory`), remove or rename what is not needed, then `scim-rotator rotate TOKEN`."),
        HaltCause::SlotBlocked => ("the issuer permits no further token, and those that are there are not of this record", "Revoke one at the issuer that nobody uses (`scim-rotator inventory`), then `scim-rotator rotate TOKEN`."),
        HaltCause::EndpointOpen => ("the service provider accepts any token, so that nothing can be proven", "Have the endpoint closed, then `scim-rotator rotate TOKEN`."),
        HaltCause::SameToken => ("the issuer returned a token that is already in use", "The issuer does not make a new token; check the operation `issue` of its vendor file."),
        HaltCause::WrongTarget => ("the identity provider's connection points at another service provider", "Correct the base URL at the identity provider or the connection's id in the configuration, then `scim-rotator rotate TOKEN`."),
        HaltCause::UnusableAnswer => ("the issuer made a token, and its answer cannot be used", "Correct the places in the operation `issue` (`/data/token`, for example); revoke the token that was made, then `scim-rotator rotate TOKEN`."),
    }
}
