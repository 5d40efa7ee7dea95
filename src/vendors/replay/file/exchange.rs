//! An exchange: the request that is expected, and its answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::Json;

/// A request that is expected, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The request.
    pub request: ExpectedRequest,
    /// Its answer.
    pub answer: GivenAnswer,
    /// How many times it comes, one after the other.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// An exchange of a scene: written there, or one of `[exchanges]` by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    #[serde(default, rename = "use")]
    named: Option<String>,
    #[serde(default)]
    request: Option<ExpectedRequest>,
    #[serde(default)]
    answer: Option<GivenAnswer>,
    #[serde(default)]
    times: Option<u32>,
}

impl Listed {
    /// The whole exchange. What stands here goes before what the name stands for.
    pub(super) fn written_out(
        &self,
        named: &BTreeMap<String, Exchange>,
    ) -> Result<Exchange, String> {
        let base = match &self.named {
            Some(name) => Some(named.get(name).ok_or_else(|| {
                let names = named.keys().map(|name| format!("`{name}`"));
                let names = names.collect::<Vec<_>>().join(", ");
                format!("there is no [exchanges.{name}]; there is {names}")
            })?),
            None => None,
        };
        let request = self.request.as_ref().or(base.map(|b| &b.request));
        let answer = self.answer.as_ref().or(base.map(|b| &b.answer));
        let (Some(request), Some(answer)) = (request, answer) else {
            return Err("it needs both `request` and `answer`, or `use = \"name\"`".to_owned());
        };
        Ok(Exchange {
            request: request.clone(),
            answer: answer.clone(),
            times: self.times.or(base.map(|b| b.times)).unwrap_or(1),
        })
    }
}

/// What a request must look like. All texts may hold placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// Its method.
    pub method: String,
    /// Its https URL; a query may stand here or in `query`.
    pub url: String,
    /// Its query parameters, all of them.
    #[serde(default)]
    pub query: BTreeMap<String, OneOrMore>,
    /// Headers that it must carry; others are allowed.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers that it must not carry.
    #[serde(default)]
    pub absent_headers: Vec<String>,
    /// It carries no headers but those in `headers`, and those of the transport.
    #[serde(default)]
    pub headers_exact: bool,
    /// Its JSON body, whole.
    #[serde(default)]
    pub json: Option<Json>,
    /// What its JSON body must hold, with any other members.
    #[serde(default)]
    pub json_contains: Option<Json>,
    /// The fields of its form body, all of them.
    #[serde(default)]
    pub form: Option<BTreeMap<String, OneOrMore>>,
    /// Its body as text. Where no body is expected, none may come.
    #[serde(default)]
    pub text: Option<String>,
}

/// The answer to a request. All texts may hold placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenAnswer {
    /// Its status; needed unless the answer is lost.
    #[serde(default)]
    pub status: Option<u16>,
    /// Its headers, beside a content type that fits the body.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMore>,
    /// Its body as JSON.
    #[serde(default)]
    pub json: Option<Json>,
    /// Its body as text.
    #[serde(default)]
    pub text: Option<String>,
    /// The answer does not arrive.
    #[serde(default)]
    pub lost: Option<Lost>,
}

/// How an answer is lost. The sender of the request cannot tell whether it was
/// carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// The connection ends before a byte of an answer: the server died before
    /// it did anything.
    Before,
    /// The answer breaks off in its middle: the server has carried it out.
    After,
}

/// One text, or several of the same name in their order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(texts) => texts,
        }
    }
}
