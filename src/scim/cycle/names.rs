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
        }
    }
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
}
