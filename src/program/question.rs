//! What a program is asked.

use jiff::Timestamp;
use url::Url;

use crate::fault::FaultClass;
use crate::http::template::Context;

/// What a program is asked. Its standard input is written by the kind.
pub(crate) struct Question<'a> {
    /// Kind of section and name, for messages: "issuer `crm`".
    pub(crate) owner: String,
    /// What the program is to do.
    pub(crate) action: &'static str,
    /// The token that it is about.
    pub(crate) token_name: &'a str,
    /// The address of the service provider, where programs of this kind are told it.
    pub(crate) scim_url: Option<&'a Url>,
    /// The class of a failure after which nobody knows whether it was done.
    pub(crate) unclear: FaultClass,
    /// The secrets that the program is given: masked in what it says.
    pub(crate) given: Vec<&'a str>,
    /// Whether the answer holds a token that only the program knows until then.
    pub(crate) yields_token: bool,
}

impl Question<'_> {
    /// Who is asked for what.
    pub(super) fn subject(&self, program: &str) -> String {
        format!(
            "{}, `{}` of token `{}` by {program}",
            self.owner, self.action, self.token_name
        )
    }

    /// What arguments may name.
    pub(super) fn context(&self, now: Timestamp) -> Context {
        let context = Context::new(now)
            .text("token_name", self.token_name)
            .text("action", self.action);
        match self.scim_url {
            Some(url) => context.url("scim_url", url),
            None => context,
        }
    }

    /// The variables of the environment.
    pub(super) fn facts(&self) -> Vec<(&'static str, &str)> {
        let mut facts = vec![("TOKEN_NAME", self.token_name), ("ACTION", self.action)];
        facts.extend(self.scim_url.map(|url| ("SCIM_URL", url.as_str())));
        facts
    }
}
