//! What an identity provider accepts as a token, checked before it is asked.

use serde::{Deserialize, Deserializer, de};

use crate::secret::BearerToken;

/// Limits that the identity provider sets for a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// Most characters that it stores; many cut the rest off without a word.
    #[serde(default)]
    pub max_length: Option<usize>,
    /// The characters that it accepts, with ranges: `"A-Za-z0-9._~-"`. A minus
    /// stands first or last.
    #[serde(default)]
    pub allowed_characters: Option<CharacterSet>,
}

impl TokenRules {
    /// Says why the identity provider would not accept this token; no part of
    /// the token is in the answer.
    pub(super) fn objection(&self, token: &BearerToken) -> Option<String> {
        let value = token.expose();
        if let Some(max) = self.max_length
            && value.len() > max
        {
            return Some(format!(
                "it has {} characters and the connection takes at most {max}",
                value.len()
            ));
        }
        let set = self.allowed_characters.as_ref()?;
        let position = value.chars().position(|c| !set.contains(c))?;
        Some(format!(
            "its character {} is none of `{}`",
            position + 1,
            set.text
        ))
    }
}

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharacterSet {
    text: String,
    ranges: Vec<(char, char)>,
}

impl CharacterSet {
    fn parse(text: &str) -> Result<Self, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut ranges = Vec::new();
        let mut rest = &chars[..];
        while let Some((&first, after)) = rest.split_first() {
            if let ['-', last, after @ ..] = after {
                if *last < first {
                    return Err(format!("`{first}-{last}` runs backwards"));
                }
                ranges.push((first, *last));
                rest = after;
            } else {
                ranges.push((first, first));
                rest = after;
            }
        }
        if ranges.is_empty() {
            return Err("no character is allowed: leave the key out instead".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            ranges,
        })
    }

    fn contains(&self, c: char) -> bool {
        self.ranges
            .iter()
            .any(|&(from, to)| (from..=to).contains(&c))
    }
}

impl<'de> Deserialize<'de> for CharacterSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_outside_the_rules_are_named_without_their_value() {
        let rules: TokenRules =
            toml::from_str("max_length = 8\nallowed_characters = \"a-z0-9._-\"").expect("rules");
        let objection = |value: &str| {
            let token = BearerToken::parse(value).expect("a token");
            rules.objection(&token)
        };
        assert_eq!(objection("ab-1._-z"), None);
        assert_eq!(
            objection("abcdefghi").as_deref(),
            Some("it has 9 characters and the connection takes at most 8")
        );
        assert_eq!(
            objection("abC").as_deref(),
            Some("its character 3 is none of `a-z0-9._-`")
        );
    }

    #[test]
    fn sets_that_mean_nothing_are_refused() {
        for text in ["z-a", ""] {
            assert!(CharacterSet::parse(text).is_err(), "{text}");
        }
    }
}
