//! The client id that comes with a new client secret.

use crate::secret::{BearerToken, objection_to_client_id};

/// The secret with its client id.
///
/// # Errors
/// Says why what was told is no client id, without quoting it.
pub(super) fn joined(value: BearerToken, told: Option<String>) -> Result<BearerToken, String> {
    let refused = |why: &str| {
        Err(format!(
            "the client id of the new secret {why}: correct `issue.read.client_id`"
        ))
    };
    let Some(id) = told else {
        return refused("is missing");
    };
    if value.matches(&id) {
        return refused("is the secret itself");
    }
    match objection_to_client_id(&id) {
        Some(why) => refused(why),
        None => Ok(value.with_client_id(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_client_id_is_refused_without_being_quoted() {
        let secret = || BearerToken::parse("canary-secret").expect("a secret");
        let told = |id: &str| joined(secret(), Some(id.to_owned()));
        let whole = told("app-7").expect("an id");
        let parts = whole.client().expect("a client");
        assert_eq!(parts.id.as_deref(), Some("app-7"));
        assert!(joined(secret(), None).is_err());
        for bad in ["", "  ", "canary\nid", "canary-secret"] {
            let why = told(bad).expect_err(bad);
            assert!(why.contains("issue.read.client_id"), "{why}");
            assert!(!why.contains("canary"), "{why}");
        }
    }
}
