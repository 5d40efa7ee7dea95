//! Placeholder values, so that later rules can run although a key is wrong.
//!
//! A key that is missing or wrong is reported, and the reader puts a placeholder
//! value in its place: the rules then check the rest of the configuration. What
//! the rules find only because of the placeholder must not be reported.

use std::collections::BTreeSet;

use crate::problem::Problems;

/// Dotted paths of the keys that have a placeholder value, because they are
/// missing or wrong.
#[derive(Debug, Default)]
pub(super) struct Placeholders(BTreeSet<String>);

impl Placeholders {
    pub(super) fn extend(&mut self, paths: impl IntoIterator<Item = String>) {
        self.0.extend(paths);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this key, or a table that contains it, is a placeholder.
    pub(super) fn cover(&self, path: &str) -> bool {
        let ends = path.match_indices(['.', '[']).map(|(end, _)| end);
        let mut above = ends.chain([path.len()]).map(|end| &path[..end]);
        above.any(|part| self.0.contains(part))
    }

    /// Whether this section has no placeholder.
    pub(super) fn spare(&self, section: &str) -> bool {
        let below = |separator: &str| {
            let start = format!("{section}{separator}");
            let next = self.0.range(start.clone()..).next();
            next.is_some_and(|path| path.starts_with(&start))
        };
        !self.cover(section) && !below(".") && !below("[")
    }

    /// The problems that do not depend on a placeholder: those that the rules
    /// find with small and with large placeholder values, and not at such a key
    /// itself.
    pub(super) fn independent_problems(
        &self,
        problems: &Problems,
        with_other: &Problems,
    ) -> Problems {
        let others = with_other.all().iter();
        let others: BTreeSet<_> = others.map(|p| (&p.path, &p.message)).collect();
        let mut left = Problems::default();
        for problem in problems.all() {
            let path = &problem.path;
            let found_twice = others.contains(&(path, &problem.message));
            if found_twice && !self.cover(path) && !self.inherited(path) {
                left.note(problem.clone());
            }
        }
        left
    }

    /// A token takes over from `[defaults]` what it does not say itself.
    fn inherited(&self, path: &str) -> bool {
        let mut parts = path.splitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("tokens"), Some(_), Some(key)) => self.cover(&format!("defaults.{key}")),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders_at(paths: &[&str]) -> Placeholders {
        Placeholders(paths.iter().map(|p| (*p).to_owned()).collect())
    }

    #[test]
    fn a_placeholder_covers_its_key_and_what_is_below() {
        let placeholders = placeholders_at(&["tokens.crm.connections[1]", "issuers.erp"]);
        for (path, held) in [
            ("tokens.crm.connections[1]", true),
            ("tokens.crm.connections[10]", false),
            ("tokens.crm.connections", false),
            ("issuers.erp.http.mint", true),
            ("issuers.erp2", false),
        ] {
            assert_eq!(placeholders.cover(path), held, "{path}");
        }
        assert!(!placeholders.spare("tokens.crm"));
        assert!(!placeholders.spare("issuers.erp.http"));
        assert!(placeholders.spare("tokens.c"));
    }

    #[test]
    fn what_only_a_placeholder_brought_about_is_not_said() {
        let placeholders = placeholders_at(&["defaults.overlap", "limits.lease"]);
        let mut problems = Problems::default();
        for path in ["tokens.crm.overlap", "limits.lease", "limits.sweep"] {
            problems.error(path, "wrong", "correct it");
        }
        let with_other = problems.clone();
        problems.error(
            "http.read_timeout",
            "longer than a placeholder",
            "correct it",
        );
        let left = placeholders.independent_problems(&problems, &with_other);
        let paths: Vec<_> = left.all().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["limits.sweep"]);
    }
}
