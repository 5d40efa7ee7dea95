//! Errors and explanations must not quote a secret, not even a test value.

use std::collections::BTreeMap;

use super::perform::Outcome;
use crate::rotation::outcome::Confirmation;
use crate::secret::spellings::spellings;

/// Shorter values stand in innocent texts by chance.
const SHORTEST: usize = 6;

/// # Errors
/// Names the secret that a text for people quotes.
pub(super) fn check(outcome: &Outcome, secrets: &BTreeMap<String, String>) -> Result<(), String> {
    let text = match outcome {
        Outcome::Fault(fault) => fault.message.clone(),
        Outcome::Confirmation(
            Confirmation::NotYet { detail, .. } | Confirmation::Refused { detail },
        ) => detail.clone(),
        Outcome::Connections(listed) => format!("{:?}", listed.seen),
        Outcome::Confirmation(Confirmation::Works | Confirmation::CannotTell)
        | Outcome::Done
        | Outcome::Issued(_)
        | Outcome::Listed(_)
        | Outcome::Found(_)
        | Outcome::Condition(_) => return Ok(()),
    };
    match secrets.iter().find(|(_, value)| is_quoted(&text, value)) {
        Some((name, _)) => Err(format!("what is told to people quotes `{name}`: {text}")),
        None => Ok(()),
    }
}

fn is_quoted(text: &str, secret: &str) -> bool {
    if secret.len() < SHORTEST {
        return false;
    }
    let spellings = spellings(secret);
    let mut spellings = spellings.iter().map(|spelling| spelling.text.as_str());
    spellings.any(|spelling| text.contains(spelling))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultClass, FaultKind};

    #[test]
    fn every_spelling_is_found_and_named() {
        let secrets = [("client_secret".to_owned(), "a/b+c\"d=e".to_owned())];
        let secrets = BTreeMap::from(secrets);
        let check = |text: &str| {
            let fault = Fault::new(FaultClass::Rejected, FaultKind::Refused, text);
            super::check(&Outcome::Fault(fault), &secrets)
        };
        for text in [
            "it said a/b+c\"d=e",
            "it said {\"secret\":\"a/b+c\\\"d=e\"}",
            "it said a%2Fb%2Bc%22d%3De",
            "it said YS9iK2MiZD1l",
        ] {
            let told = check(text).expect_err(text);
            assert!(told.contains("`client_secret`"), "{told}");
        }
        assert_eq!(check("it said nothing"), Ok(()));
    }
}
