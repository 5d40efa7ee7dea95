//! What a token may do.

/// In a path: the id of the token's entity.
const ENTITY: &str = "<entity>";

/// Paths and capabilities under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// A policy of these rules.
    #[must_use]
    pub fn new(name: &str, rules: Vec<Rule>) -> Self {
        Self {
            name: name.to_owned(),
            rules,
        }
    }

    /// Reads a policy as Vault writes it, as far as `path "…" { capabilities =
    /// ["…"] }` and comments; the shipped one needs no more. `None`: there is
    /// more in it.
    #[must_use]
    pub fn from_hcl(name: &str, text: &str) -> Option<Self> {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        let text = lines.collect::<Vec<_>>().join(" ");
        let text = text.replace("{{identity.entity.id}}", ENTITY);
        let blocks = text.split('}').map(str::trim);
        let rules = blocks.filter(|block| !block.is_empty()).map(Rule::from_hcl);
        Some(Self::new(name, rules.collect::<Option<Vec<_>>>()?))
    }

    /// The policy as it holds for a token of this entity.
    pub(super) fn of_entity(&self, entity: &str) -> Self {
        let rules = self.rules.iter().map(|rule| Rule {
            path: rule.path.replace(ENTITY, entity),
            capabilities: rule.capabilities.clone(),
        });
        Self::new(&self.name, rules.collect())
    }

    /// Whether the rules of this policy stand for everything.
    pub(super) fn is_root(&self) -> bool {
        self.name == "root"
    }
}

/// Capabilities at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    path: String,
    capabilities: Vec<String>,
}

impl Rule {
    /// `*` at the end of the path stands for any rest, `+` for one segment.
    #[must_use]
    pub fn new(path: &str, capabilities: &[&str]) -> Self {
        Self {
            path: path.to_owned(),
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    /// Reads `path "…" { capabilities = ["…", "…"]`.
    fn from_hcl(block: &str) -> Option<Self> {
        let (path, body) = block.split_once('{')?;
        let path = quoted(path.trim().strip_prefix("path")?)?;
        let list = body.trim().strip_prefix("capabilities")?.trim_start();
        let list = list.strip_prefix('=')?.trim();
        let list = list.strip_prefix('[')?.strip_suffix(']')?;
        let capabilities: Vec<_> = list.split(',').map(quoted).collect::<Option<_>>()?;
        Some(Self::new(path, &capabilities))
    }
}

fn quoted(text: &str) -> Option<&str> {
    text.trim().strip_prefix('"')?.strip_suffix('"')
}

/// What Vault's policy `default` gives, as far as it exists here.
pub(super) fn default_policy() -> Policy {
    Policy::new(
        "default",
        vec![
            Rule::new("auth/token/lookup-self", &["read"]),
            Rule::new("auth/token/renew-self", &["update"]),
            Rule::new("auth/token/revoke-self", &["update"]),
            Rule::new("sys/capabilities-self", &["update"]),
        ],
    )
}

/// The capabilities of several policies at a path: those of the most specific
/// pattern, joined over all policies that have it.
pub(super) fn capabilities<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    path: &str,
) -> Vec<String> {
    let mut best: Option<&str> = None;
    let mut granted: Vec<String> = Vec::new();
    for policy in policies {
        if policy.is_root() {
            return vec!["root".to_owned()];
        }
        for rule in policy.rules.iter().filter(|r| matches(&r.path, path)) {
            let order = best.map_or(std::cmp::Ordering::Greater, |b| {
                more_specific(&rule.path, b)
            });
            match order {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Greater => {
                    best = Some(&rule.path);
                    granted.clone_from(&rule.capabilities);
                }
                std::cmp::Ordering::Equal => granted.extend(rule.capabilities.iter().cloned()),
            }
        }
    }
    granted.sort();
    granted.dedup();
    if granted.is_empty() || granted.iter().any(|c| c == "deny") {
        return vec!["deny".to_owned()];
    }
    granted
}

fn more_specific(a: &str, b: &str) -> std::cmp::Ordering {
    let rank = |p: &str| {
        (
            p.find(['+', '*']).unwrap_or(usize::MAX),
            !p.ends_with('*'),
            p.len(),
        )
    };
    rank(a).cmp(&rank(b))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (fixed, open) = match pattern.strip_suffix('*') {
        Some(fixed) => (fixed, true),
        None => (pattern, false),
    };
    let mut path = path.split('/');
    let segments: Vec<&str> = fixed.split('/').collect();
    let last = segments.len() - 1;
    for (index, segment) in segments.iter().enumerate() {
        let Some(found) = path.next() else {
            return false;
        };
        let fits = match (*segment, index == last && open) {
            ("+", _) => true,
            (segment, true) => found.starts_with(segment),
            (segment, false) => found == segment,
        };
        if !fits {
            return false;
        }
    }
    open || path.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_like_those_of_vault() {
        let cases = [
            ("kv/data/a", "kv/data/a", true),
            ("kv/data/a", "kv/data/ab", false),
            ("kv/data/a", "kv/data/a/b", false),
            ("kv/data/a*", "kv/data/ab/c", true),
            ("kv/data/a/*", "kv/data/a/b/c", true),
            ("kv/data/a/*", "kv/data/a", false),
            ("kv/+/a", "kv/data/a", true),
            ("kv/+/a", "kv/data/x/a", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_shipped_policy_can_be_read() {
        let text = include_str!("../../../deploy/vault/scim-rotator.hcl");
        let policy = Policy::from_hcl("p", text).expect("understood");
        let at = |path: &str| capabilities([&policy].into_iter(), path).join(",");
        assert_eq!(at("kv/data/scim-rotator/crm"), "create,read,update");
        assert_eq!(at("kv/data/scim-rotator/requests/me/crm"), "read");
        let mine = policy.of_entity("me");
        let mine = capabilities(
            std::iter::once(&mine),
            "kv/data/scim-rotator/requests/me/crm",
        );
        assert_eq!(mine.join(","), "create,read,update");
        assert_eq!(at("kv/data/scim-rotator-callers/x"), "read");
        assert_eq!(at("sys/capabilities-self"), "update");
        assert_eq!(at("kv/data/other"), "deny");
        for strange in ["rule \"a\" { }", "path \"a\" { min_wrapping_ttl = \"1s\" }"] {
            assert_eq!(Policy::from_hcl("p", strange), None, "{strange}");
        }
    }

    #[test]
    fn the_most_specific_pattern_decides() {
        let policy = Policy::new(
            "p",
            vec![
                Rule::new("kv/data/*", &["read"]),
                Rule::new("kv/data/a/*", &["create", "update"]),
                Rule::new("kv/data/a/x", &["deny"]),
            ],
        );
        let at = |path: &str| capabilities([&policy].into_iter(), path).join(",");
        assert_eq!(at("kv/data/b"), "read");
        assert_eq!(at("kv/data/a/b"), "create,update");
        assert_eq!(at("kv/data/a/x"), "deny");
        assert_eq!(at("sys/x"), "deny");
    }
}
