//! What is wrong with single keys must not hide what is wrong with the rest,
//! and must not be followed by findings that only a guess brought about.

use std::collections::BTreeSet;

use crate::problem::Problems;

/// Dotted paths of keys that are missing or wrong, where a guess stands in for
/// what is meant.
#[derive(Debug, Default)]
pub(super) struct Guesses(BTreeSet<String>);

impl Guesses {
    pub(super) fn extend(&mut self, paths: impl IntoIterator<Item = String>) {
        self.0.extend(paths);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this key, or the table that holds it, was guessed.
    pub(super) fn hold(&self, path: &str) -> bool {
        let ends = path.match_indices(['.', '[']).map(|(end, _)| end);
        let mut above = ends.chain([path.len()]).map(|end| &path[..end]);
        above.any(|part| self.0.contains(part))
    }

    /// Whether this section can be relied on: nothing in it was guessed.
    pub(super) fn spare(&self, section: &str) -> bool {
        let below = |separator: &str| {
            let start = format!("{section}{separator}");
            let next = self.0.range(start.clone()..).next();
            next.is_some_and(|guess| guess.starts_with(&start))
        };
        !self.hold(section) && !below(".") && !below("[")
    }

    /// The problems that stand whatever was meant at the wrong keys: those that
    /// the rules find with either guess, and not at such a key itself.
    pub(super) fn leave(&self, problems: &Problems, with_other: &Problems) -> Problems {
        let others = with_other.all().iter();
        let others: BTreeSet<_> = others.map(|p| (&p.path, &p.message)).collect();
        let mut left = Problems::default();
        for problem in problems.all() {
            let path = &problem.path;
            let stands = others.contains(&(path, &problem.message));
            if stands && !self.hold(path) && !self.inherited(path) {
                left.note(problem.clone());
            }
        }
        left
    }

    /// A token takes over from `[defaults]` what it does not say itself.
    fn inherited(&self, path: &str) -> bool {
        let mut parts = path.splitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("tokens"), Some(_), Some(key)) => self.hold(&format!("defaults.{key}")),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses(paths: &[&str]) -> Guesses {
        Guesses(paths.iter().map(|p| (*p).to_owned()).collect())
    }

    #[test]
    fn a_guess_covers_its_key_and_what_is_below() {
        let guesses = guesses(&["tokens.crm.connections[1]", "issuers.erp"]);
        for (path, held) in [
            ("tokens.crm.connections[1]", true),
            ("tokens.crm.connections[10]", false),
            ("tokens.crm.connections", false),
            ("issuers.erp.http.mint", true),
            ("issuers.erp2", false),
        ] {
            assert_eq!(guesses.hold(path), held, "{path}");
        }
        assert!(!guesses.spare("tokens.crm"));
        assert!(!guesses.spare("issuers.erp.http"));
        assert!(guesses.spare("tokens.c"));
    }

    #[test]
    fn what_only_a_guess_brought_about_is_not_said() {
        let guesses = guesses(&["defaults.overlap", "limits.lease"]);
        let mut problems = Problems::default();
        for path in ["tokens.crm.overlap", "limits.lease", "limits.sweep"] {
            problems.error(path, "wrong", "mend it");
        }
        let with_other = problems.clone();
        problems.error("http.read_timeout", "longer than a guess", "mend it");
        let left = guesses.leave(&problems, &with_other);
        let paths: Vec<_> = left.all().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["limits.sweep"]);
    }
}
