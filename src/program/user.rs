//! The user that a program runs as.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};

use crate::files;

/// Where systems list their users.
const USERS: &str = "/etc/passwd";
const LONGEST: u64 = 1024 * 1024;

/// A user and a group by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The user as the configuration names it: `"name"` or `"1234:1234"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// Its numbers.
    ///
    /// # Errors
    /// When there is no such user on this machine.
    pub(crate) fn look_up(&self) -> Result<User, String> {
        if let Some(user) = numbers(&self.0) {
            return Ok(user);
        }
        let table = files::read(Path::new(USERS), LONGEST)
            .map_err(|fault| format!("{USERS} cannot be read: {fault}"))?;
        let table = String::from_utf8_lossy(&table);
        in_table(&table, &self.0).ok_or_else(|| {
            format!(
                "there is no user `{}` in {USERS}: write the name of one, or numbers such as \"1234:1234\"",
                self.0
            )
        })
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
        if numbers(&text).is_some() || !text.is_empty() && text.chars().all(is_name) {
            return Ok(Self(text));
        }
        Err(de::Error::custom(
            "a user is a name, or two numbers such as \"1234:1234\"",
        ))
    }
}

fn numbers(text: &str) -> Option<User> {
    let (uid, gid) = text.split_once(':')?;
    Some(User {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
    })
}

fn in_table(table: &str, name: &str) -> Option<User> {
    let mut lines = table.lines().map(|line| line.split(':'));
    let mut fields = lines.find(|fields| fields.clone().next() == Some(name))?;
    let (uid, gid) = (fields.nth(2)?, fields.next()?);
    numbers(&format!("{uid}:{gid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<UserName, String> {
        let from = de::value::StrDeserializer::<de::value::Error>::new(text);
        UserName::deserialize(from).map_err(|error| error.to_string())
    }

    #[test]
    fn users_are_names_or_numbers() {
        for good in ["scim-push", "nobody", "1234:1234", "0:0"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "1234:", ":1", "a:b", "-1:1x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_looked_up() {
        let table = "root:x:0:0:root:/root:/bin/sh\nscim-push:x:997:996::/:/bin/false\nbad:x\n";
        let user = |uid, gid| Some(User { uid, gid });
        assert_eq!(in_table(table, "scim-push"), user(997, 996));
        assert_eq!(in_table(table, "root"), user(0, 0));
        assert_eq!(in_table(table, "scim"), None);
        assert_eq!(in_table(table, "bad"), None);
        let unknown = read("no-such-user-here").expect("a name").look_up();
        assert!(unknown.is_err_and(|why| why.contains("1234:1234")));
        assert_eq!(read("12:34").expect("numbers").look_up().ok(), user(12, 34));
    }
}
