//! Paths of secrets in KV v2.

use std::fmt;

/// `<mount>/<path>` of a secret, without the `data/` of the HTTP API. The first
/// segment is the mount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvPath {
    mount: String,
    path: String,
}

impl KvPath {
    /// Parses `<mount>/<path>`. After a mount of several segments there are two
    /// slashes: `team/kv//path`.
    ///
    /// # Errors
    /// Names the rule that is broken. Segments such as `..` are refused,
    /// because URL handling would remove them and read another secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = match text.split_once("//") {
            Some((mount, path)) => {
                check_segments(mount)?;
                check_segments(path)?;
                Some((mount, path))
            }
            None => {
                check_segments(text)?;
                text.split_once('/')
            }
        };
        match parts {
            Some((mount, path)) => Ok(Self {
                mount: mount.to_owned(),
                path: path.to_owned(),
            }),
            None => Err(format!(
                "`{text}` has no path below the mount: write \"<mount>/<path>\""
            )),
        }
    }

    /// The path one level below this one.
    ///
    /// # Errors
    /// When `name` cannot be one segment.
    pub fn child(&self, name: &str) -> Result<Self, String> {
        if name.contains('/') {
            return Err(format!("`{name}` has more than one segment"));
        }
        check_segments(name)?;
        Ok(Self {
            mount: self.mount.clone(),
            path: format!("{}/{name}", self.path),
        })
    }

    /// The mount of the KV engine.
    #[must_use]
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// The path below the mount.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of its metadata in policies: `<mount>/metadata/<path>`.
    #[must_use]
    pub fn metadata(&self) -> String {
        format!("{}/metadata/{}", self.mount, self.path)
    }

    /// The path in policies: `<mount>/data/<path>`.
    #[must_use]
    pub fn data(&self) -> String {
        format!("{}/data/{}", self.mount, self.path)
    }
}

impl fmt::Display for KvPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.mount.contains('/') { "//" } else { "/" };
        write!(f, "{}{end}{}", self.mount, self.path)
    }
}

/// Whether every segment of a path can be sent to Vault, and used in a policy,
/// as it is.
///
/// # Errors
/// Names the rule that is broken.
pub fn check_segments(text: &str) -> Result<(), String> {
    for segment in text.split('/') {
        if segment.is_empty() {
            return Err(format!(
                "`{text}` has an empty segment: no slash at either end and none doubled"
            ));
        }
        if segment == "." || segment == ".." {
            return Err(format!("`{text}` has a segment `{segment}`"));
        }
        if let Some(bad) = segment.chars().find(|c| !is_plain(*c)) {
            return Err(format!(
                "`{text}` holds the character {bad:?}: use letters, digits and - _ . @ : = ,"
            ));
        }
    }
    if text.ends_with('.') {
        return Err(format!("`{text}` ends with a period, which Vault refuses"));
    }
    Ok(())
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.@:=,".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_would_read_another_secret_are_refused() {
        let cases = [
            ("kv", "no path below the mount"),
            ("/kv/x", "empty segment"),
            ("kv/x/", "empty segment"),
            ("kv//", "empty segment"),
            ("//x", "empty segment"),
            ("kv//x//y", "empty segment"),
            ("kv///x", "empty segment"),
            ("kv/../sys", "segment `..`"),
            ("kv/./x", "segment `.`"),
            ("kv/x.", "period"),
            ("kv/x?version=1", "'?'"),
            ("kv/x#f", "'#'"),
            ("kv/%2e%2e/x", "'%'"),
            ("kv/x*", "'*'"),
            ("kv/+/x", "'+'"),
            ("kv/x y", "' '"),
        ];
        for (text, expected) in cases {
            let error = KvPath::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_good_path_knows_its_parts() {
        let path = KvPath::parse("kv/scim/crm-prod.v2").expect("good");
        assert_eq!(path.data(), "kv/data/scim/crm-prod.v2");
        assert_eq!(path.to_string(), "kv/scim/crm-prod.v2");
        let child = path.child("a").expect("good");
        assert_eq!(child.data(), "kv/data/scim/crm-prod.v2/a");
        let deep = KvPath::parse("team/kv//scim/crm").expect("good");
        assert_eq!(deep.data(), "team/kv/data/scim/crm");
        assert_eq!(deep.to_string(), "team/kv//scim/crm");
        assert_eq!(KvPath::parse("kv//x"), KvPath::parse("kv/x"));
        assert!(path.child("..").is_err());
        assert!(path.child("a/b").is_err());
    }
}
