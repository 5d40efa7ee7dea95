//! The outline of a SCIM message: which schemas it names and how many entries it
//! has. [`outline`](super::outline) reads it from a body.

/// Schema of a list (RFC 7644, section 3.4.2).
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// What the schema of a list ends with, in the drafts of SCIM 2 too.
const LIST_ENDS: &str = ":ListResponse";
/// Schema of an error (RFC 7644, section 3.12).
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// Schema of the service provider's configuration.
pub const SERVICE_PROVIDER_CONFIG: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The one schema of SCIM 1.1, of lists and of entries.
pub const SCIM_1: &str = "urn:scim:schemas:core:1.0";
/// What the schemas of SCIM 2 resources begin with.
const SCIM_2_RESOURCE: &str = "urn:ietf:params:scim:schemas:";

/// The outline of one message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// `schemas`: a list of texts, or one text.
    pub schemas: Vec<String>,
    /// Length of `Resources`, if it is an array.
    pub resources: Option<usize>,
    /// Whether an entry of `Resources` names a schema of SCIM.
    pub has_scim_entry: bool,
    /// Whether `Resources` is something else than an array or nothing.
    pub resources_malformed: bool,
    /// `totalResults`; optional since RFC 9865.
    pub total: Option<f64>,
    /// Whether there is a `nextCursor` (RFC 9865).
    pub has_cursor: bool,
    /// `scimType` of an error, if it is registered.
    pub scim_type: Option<ScimType>,
    /// Whether there is a list `Errors`: an error of SCIM 1.1.
    pub has_errors: bool,
    /// `filter.supported` of a `ServiceProviderConfig`.
    pub filter_supported: Option<bool>,
}

impl Message {
    /// Whether it names this schema.
    #[must_use]
    pub fn names(&self, schema: &str) -> bool {
        self.schemas
            .iter()
            .any(|named| named.eq_ignore_ascii_case(schema))
    }

    /// Whether it is an error of SCIM 2 or of SCIM 1.1.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.names(ERROR) || (self.has_errors && self.resources.is_none())
    }

    /// Whether it has the contents of a list: entries, or no entries and a
    /// total of none.
    #[must_use]
    pub fn is_list(&self) -> bool {
        !self.resources_malformed
            && (self.resources.is_some() || self.total.is_none_or(|total| total <= 0.0))
    }

    /// Whether it names the schema of lists. That of SCIM 1.1 is also the one
    /// of its entries, so a list has a total or entries besides.
    #[must_use]
    pub fn names_list(&self) -> bool {
        let counts = self.resources.is_some() || self.total.is_some();
        let of_a_list = |schema: &String| {
            let at = schema.len().checked_sub(LIST_ENDS.len());
            at.and_then(|at| schema.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(LIST_ENDS))
        };
        self.schemas.iter().any(of_a_list) || (self.names(SCIM_1) && counts)
    }
}

/// Whether a resource that names this schema is one of SCIM.
pub(in crate::scim) fn is_of_scim(schema: &str) -> bool {
    let begins = schema.get(..SCIM_2_RESOURCE.len());
    begins.is_some_and(|begin| begin.eq_ignore_ascii_case(SCIM_2_RESOURCE))
        || schema.eq_ignore_ascii_case(SCIM_1)
}

/// The registered values of `scimType` (RFC 7644 table 9, RFC 9865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScimType(&'static str);

const SCIM_TYPES: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

impl ScimType {
    /// The value, if it is registered. Others are dropped: a hostile server may
    /// write anything there.
    #[must_use]
    pub fn known(word: &str) -> Option<Self> {
        SCIM_TYPES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(word))
            .map(Self)
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}
