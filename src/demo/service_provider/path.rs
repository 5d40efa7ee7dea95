//! Paths of attributes (RFC 7644, section 3.10): `name.familyName`,
//! `emails[type eq "work"].value`, also behind the URN of a schema.

use super::filter::Filter;
use super::schema::{Attribute, Kind, extension_attributes, find};

/// Where a change is made.
#[derive(Debug)]
pub(super) struct Path {
    /// Whether the attribute is one of the extension.
    pub(super) extended: bool,
    /// `None`: the whole extension.
    pub(super) attribute: Option<&'static Attribute>,
    /// Which of several values.
    pub(super) filter: Option<Filter>,
    /// A part of the value.
    pub(super) sub: Option<&'static Attribute>,
}

impl Path {
    /// `None` if it names nothing that there is.
    pub(super) fn parse(text: &str, kind: Kind) -> Option<Self> {
        if let Some(rest) = kind.extension().and_then(|urn| behind(text, urn)) {
            return match rest {
                "" => Some(Self {
                    extended: true,
                    attribute: None,
                    filter: None,
                    sub: None,
                }),
                rest => Self::within(rest.strip_prefix(':')?, true, extension_attributes()),
            };
        }
        let rest = match behind(text, kind.schema()) {
            Some(rest) => rest.strip_prefix(':')?,
            None => text,
        };
        Self::within(rest, false, kind.attributes())
    }

    fn within(text: &str, extended: bool, known: &'static [Attribute]) -> Option<Self> {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let attribute = find(known, name)?;
        let mut filter = None;
        if let Some(inner) = rest.strip_prefix('[') {
            let (inner, after) = inner.rsplit_once(']')?;
            filter = Some(Filter::parse(inner, &attribute.sub_attributes)?);
            if !attribute.multi_valued {
                return None;
            }
            rest = after;
        }
        let sub = match rest {
            "" => None,
            rest => Some(find(&attribute.sub_attributes, rest.strip_prefix('.')?)?),
        };
        Some(Self {
            extended,
            attribute: Some(attribute),
            filter,
            sub,
        })
    }

    /// Whether the service provider alone writes there.
    pub(super) fn is_read_only(&self) -> bool {
        [self.attribute, self.sub]
            .into_iter()
            .flatten()
            .any(Attribute::is_read_only)
    }
}

/// What follows this prefix, in whatever case it is written.
fn behind<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_attributes_of_the_schema() {
        for good in [
            "userName",
            "USERNAME",
            "urn:ietf:params:scim:schemas:core:2.0:User:title",
            "name.familyName",
            "emails[type eq \"work\"].value",
            "emails[value eq \"a]b\"]",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        ] {
            assert!(Path::parse(good, Kind::User).is_some(), "{good}");
        }
        for bad in [
            "",
            "shoeSize",
            "name.shoeSize",
            "name[familyName eq \"x\"]",
            "emails[type eq \"work\"",
            "emails[type gt \"work\"]",
            "emails[type eq \"work\"]value",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:Group:members",
        ] {
            assert!(Path::parse(bad, Kind::User).is_none(), "{bad}");
        }
        assert!(Path::parse("members[value eq \"7\"]", Kind::Group).is_some());
    }
}
