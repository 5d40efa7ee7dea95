//! The client id that comes with a new client secret.

use super::{Answers, after_creation};
use crate::fault::Fault;
use crate::http::exchange::Run;
use crate::secret::{BearerToken, objection_to_client_id};

/// A secret whose client id is announced and not told is of no use.
pub(super) fn with_client_id(
    value: BearerToken,
    answers: &Answers<'_>,
    run: &Run<'_>,
) -> Result<BearerToken, Fault> {
    let mut told = answers.all.iter();
    let Some(answered) = told.find(|answered| answered.call.read.client_id.is_some()) else {
        return Ok(value);
    };
    let id = answers.text(|read| read.client_id.as_ref());
    let objection = match &id {
        None => Some("is missing"),
        Some(id) if value.matches(id) => Some("is the secret itself"),
        Some(id) => objection_to_client_id(id),
    };
    match (id, objection) {
        (Some(id), None) => Ok(value.with_client_id(id)),
        (_, why) => {
            let text = format!(
                "the client id of the new secret {}: correct `issue.read.client_id`",
                why.unwrap_or("is missing")
            );
            let fault = run.about(answered.answer.unexpected(text));
            Err(after_creation(true, fault))
        }
    }
}
