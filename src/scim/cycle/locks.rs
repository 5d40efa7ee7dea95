//! What must be true of the tenant before anything is written to it. The locks of the
//! configuration are checked before: `environment`, `allow_write_probe`,
//! `limits.write_probe_hosts` and connections of production tokens.

use serde::Deserialize;

/// What tells this tenant from production: exactly one of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TenantMarker {
    /// Id of a group that only this tenant has.
    Group(String),
    /// Id of a user that only this tenant has.
    User(String),
    /// Digest of the `ServiceProviderConfig` that this tenant shows; `verify
    /// --full-cycle --dry-run` prints it.
    Configuration(String),
}

/// Whether the directory has no more users than a test directory.
///
/// # Errors
/// Says why it may be production.
pub fn population(total: Option<u64>, most: u32) -> Result<u64, String> {
    match total {
        None => Err(
            "the service provider does not tell how many users it has, so production cannot be told from a test directory"
                .to_owned(),
        ),
        Some(total) if total > u64::from(most) => Err(format!(
            "there are {total} users, more than `full_cycle.max_expected_users` ({most}): this may be production"
        )),
        Some(total) => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_expected_or_an_unknown_number_lock() {
        assert_eq!(population(Some(0), 200), Ok(0));
        assert_eq!(population(Some(200), 200), Ok(200));
        assert!(population(Some(201), 200).is_err());
        assert!(population(None, 200).is_err());
    }

    #[test]
    fn a_marker_is_one_of_three() {
        let read =
            |text: &str| toml::from_str::<std::collections::BTreeMap<String, TenantMarker>>(text);
        let marker = read("m = { group = 'g1' }").expect("reads");
        assert_eq!(marker["m"], TenantMarker::Group("g1".to_owned()));
        assert!(read("m = { group = 'g1', user = 'u' }").is_err());
        assert!(read("m = { grp = 'g1' }").is_err());
    }
}
