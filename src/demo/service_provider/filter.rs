//! The one filter that every service provider must know: `attribute eq "text"`.

use serde_json::Value;

/// The attributes that may be asked for.
const ATTRIBUTES: [&str; 3] = ["userName", "externalId", "id"];

/// `attribute eq "text"`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    attribute: &'static str,
    text: String,
}

impl Filter {
    /// Reads a filter; `None` if it is of another kind.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().splitn(3, ' ');
        let (attribute, operator, value) = (words.next()?, words.next()?, words.next()?);
        if !operator.eq_ignore_ascii_case("eq") {
            return None;
        }
        let attribute = ATTRIBUTES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(attribute))?;
        // The value is a JSON string (RFC 7644, section 3.4.2.2).
        let text = serde_json::from_str(value).ok()?;
        Some(Self { attribute, text })
    }

    /// Whether a resource is asked for; user names know no case.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        let Some(held) = resource[self.attribute].as_str() else {
            return false;
        };
        match self.attribute {
            "userName" => held.eq_ignore_ascii_case(&self.text),
            _ => held == self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equality_of_known_attributes_is_understood() {
        for good in ["userName eq \"a b\"", "USERNAME EQ \"x\"", "id eq \"7\""] {
            assert!(Filter::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "userName",
            "userName eq x",
            "userName sw \"x\"",
            "emails eq \"x\"",
            "userName eq \"a\" and id eq \"b\"",
        ] {
            assert_eq!(Filter::parse(bad), None, "{bad}");
        }
    }
}
