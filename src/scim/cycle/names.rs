//! The names of what a run creates. They follow from the id of the run, which is in
//! the journal, so that any process finds them again.

/// What every name of ours begins with.
pub const PREFIX: &str = "scimrot-probe-";
/// What people see of a user or group of ours.
pub const DISPLAY_NAME: &str = "SCIM rotator probe - safe to delete";
/// The same after it was changed.
pub const CHANGED_NAME: &str = "SCIM rotator probe (changed) - safe to delete";

/// The names of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Of the user.
    pub user_name: String,
    /// The display name of the group.
    pub group_name: String,
    /// Of both; never a number, which some servers take for an id of theirs.
    pub external_id: String,
    /// Whether the mail address of the user, which is its name, is sent without a type.
    pub plain_mail: bool,
}

impl Names {
    /// The names of the run with this id; `id` is the token's name where the same user
    /// is used by every run.
    #[must_use]
    pub fn new(environment: &str, id: &str, domain: &str) -> Self {
        let id: String = id
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        Self {
            user_name: format!("{PREFIX}{environment}-{id}@{domain}"),
            group_name: format!("{PREFIX}{environment}-{id}"),
            external_id: format!("scimrot:probe:{id}"),
            plain_mail: false,
        }
    }
}

/// What a service provider made of a name that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Same,
    /// It changed the case of letters.
    OtherCase,
    /// It wrote something before or behind the part of it that no other run has, for
    /// example another domain.
    Rewritten,
}

/// What became of the name `sent`, which is one of [`Names`]; `None` if `shown` is the
/// name of something else.
#[must_use]
pub fn kept(sent: &str, shown: &str) -> Option<Kept> {
    if sent == shown {
        return Some(Kept::Same);
    }
    if sent.eq_ignore_ascii_case(shown) {
        return Some(Kept::OtherCase);
    }
    let own = sent.split('@').next()?.to_ascii_lowercase();
    let is_one_of_ours = own.len() > PREFIX.len() && own.starts_with(PREFIX);
    let is_in_it = shown.to_ascii_lowercase().contains(&own);
    (is_one_of_ours && is_in_it).then_some(Kept::Rewritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_plain_characters_and_follow_from_the_id() {
        let names = Names::new("staging", "0199AB-x y", "probe.invalid");
        assert_eq!(
            names.user_name,
            "scimrot-probe-staging-0199ab-xy@probe.invalid"
        );
        assert_eq!(names.group_name, "scimrot-probe-staging-0199ab-xy");
        assert_eq!(names.external_id, "scimrot:probe:0199ab-xy");
        assert_eq!(names, Names::new("staging", "0199AB-x y", "probe.invalid"));
        assert!(names.external_id.parse::<u64>().is_err());
    }

    #[test]
    fn a_rewritten_name_is_known_by_the_part_that_is_ours_alone() {
        let sent = "scimrot-probe-staging-0199ab@probe.invalid";
        for (shown, expected) in [
            (sent, Some(Kept::Same)),
            (
                "SCIMROT-probe-staging-0199AB@probe.invalid",
                Some(Kept::OtherCase),
            ),
            (
                "scimrot-probe-staging-0199ab@tenant.example",
                Some(Kept::Rewritten),
            ),
            (
                "TENANT\\Scimrot-Probe-staging-0199ab",
                Some(Kept::Rewritten),
            ),
            ("scimrot-probe-staging-0199ac@probe.invalid", None),
            ("jane@probe.invalid", None),
            ("", None),
        ] {
            assert_eq!(kept(sent, shown), expected, "{shown}");
        }
        assert_eq!(kept("jane", "jane@tenant.example"), None);
        assert_eq!(kept("scimrot-probe-", "scimrot-probe-x"), None);
    }
}
