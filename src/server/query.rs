//! What a URL asks for: which tokens, in which order, which page of them. The status
//! page and the API read the same parameters.

use url::form_urlencoded::{Serializer, parse};

use crate::problem::nearest;
use crate::rotation::state::{Group, Word};

/// Which tokens are shown, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// Part of a name, an owner, a path or a connection, in any case.
    pub(super) text: String,
    pub(super) states: Vec<Wanted>,
    pub(super) issuers: Vec<String>,
    pub(super) providers: Vec<String>,
    pub(super) environments: Vec<String>,
    pub(super) connections: Vec<String>,
    pub(super) sort: Sort,
    pub(super) descending: bool,
    /// From 1 on.
    pub(super) page: usize,
    pub(super) per_page: usize,
}

/// A state that is asked for: one word, or a group of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Word(Word),
    Group(Group),
}

/// What the tokens are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The most urgent first.
    Urgency,
    Name,
    Issuer,
    Provider,
    Environment,
    Expires,
    Renews,
    Next,
}

/// Tokens on a page if nothing else is asked for.
const USUAL: usize = 100;
/// Most tokens on a page.
pub(super) const MOST: usize = 1_000;
/// Longest search text, in bytes.
const LONGEST: usize = 200;
/// Most values of one parameter.
const MOST_VALUES: usize = 50;

/// The names of the parameters. A vendor is the kind of an issuer, which metrics and
/// JSON call `provider`.
const NAMES: [&str; 10] = [
    "q",
    "state",
    "issuer",
    "provider",
    "vendor",
    "environment",
    "connection",
    "sort",
    "page",
    "per_page",
];

impl Default for Query {
    fn default() -> Self {
        Self {
            text: String::new(),
            states: Vec::new(),
            issuers: Vec::new(),
            providers: Vec::new(),
            environments: Vec::new(),
            connections: Vec::new(),
            sort: Sort::Urgency,
            descending: false,
            page: 1,
            per_page: USUAL,
        }
    }
}

impl Query {
    /// Reads the part of a URL after `?`.
    ///
    /// # Errors
    /// With a sentence that names the parameter and what it may be.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for (name, value) in parse(text.as_bytes()) {
            let value = value.trim();
            // A form sends what is left empty, too.
            if NAMES.contains(&&*name) && value.is_empty() {
                continue;
            }
            let value = value.to_owned();
            match &*name {
                "q" if value.len() > LONGEST => {
                    return Err(format!("`q` is longer than {LONGEST} bytes"));
                }
                "q" => query.text = value,
                "state" => add(&name, &mut query.states, Wanted::parse(&value)?)?,
                "issuer" => add(&name, &mut query.issuers, value)?,
                "provider" | "vendor" => add(&name, &mut query.providers, value)?,
                "environment" => add(&name, &mut query.environments, value)?,
                "connection" => add(&name, &mut query.connections, value)?,
                "sort" => (query.sort, query.descending) = Sort::parse(&value)?,
                "page" => query.page = number(&name, &value, usize::MAX)?,
                "per_page" => query.per_page = number(&name, &value, MOST)?,
                other => return Err(unknown(other)),
            }
        }
        Ok(query)
    }

    /// The same as the part of a URL after `?`, without what is as usual.
    pub(super) fn text_of(&self) -> String {
        let mut to = Serializer::new(String::new());
        if !self.text.is_empty() {
            to.append_pair("q", &self.text);
        }
        for state in &self.states {
            to.append_pair("state", state.as_str());
        }
        let many = [
            ("issuer", &self.issuers),
            ("provider", &self.providers),
            ("environment", &self.environments),
            ("connection", &self.connections),
        ];
        for (name, values) in many {
            for value in values {
                to.append_pair(name, value);
            }
        }
        if self.sort != Sort::Urgency || self.descending {
            to.append_pair("sort", &self.sort_text());
        }
        if self.per_page != USUAL {
            to.append_pair("per_page", &self.per_page.to_string());
        }
        if self.page != 1 {
            to.append_pair("page", &self.page.to_string());
        }
        to.finish()
    }

    /// The value of `sort`.
    pub(super) fn sort_text(&self) -> String {
        let minus = if self.descending { "-" } else { "" };
        format!("{minus}{}", self.sort.as_str())
    }

    /// Whether some tokens may be left out.
    pub(super) fn is_filtered(&self) -> bool {
        let all = Self {
            sort: self.sort,
            descending: self.descending,
            page: self.page,
            per_page: self.per_page,
            ..Self::default()
        };
        *self != all
    }

    /// The same for another page.
    pub(super) fn on_page(&self, page: usize) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    /// The same sorted by this; the other way round if it is already.
    pub(super) fn sorted_by(&self, sort: Sort) -> Self {
        Self {
            sort,
            descending: self.sort == sort && !self.descending,
            page: 1,
            ..self.clone()
        }
    }

    /// The same with only the tokens of this group.
    pub(super) fn of_group(&self, group: Group) -> Self {
        Self {
            states: vec![Wanted::Group(group)],
            page: 1,
            ..self.clone()
        }
    }
}

fn add<T>(name: &str, all: &mut Vec<T>, value: T) -> Result<(), String> {
    if all.len() >= MOST_VALUES {
        return Err(format!("`{name}` is given more than {MOST_VALUES} times"));
    }
    all.push(value);
    Ok(())
}

fn number(name: &str, value: &str, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| *number >= 1);
    let number = number.filter(|number| *number <= most);
    number.ok_or_else(|| match most {
        usize::MAX => format!("`{name}` is not a whole number from 1 on"),
        most => format!("`{name}` is not a whole number from 1 to {most}"),
    })
}

fn unknown(name: &str) -> String {
    let known = NAMES.join("`, `");
    match nearest(name, NAMES) {
        Some(near) => format!("there is no parameter `{name}`; did you mean `{near}`?"),
        None => format!("there is no parameter `{name}`; there are `{known}`"),
    }
}

impl Wanted {
    /// Every value of `state`, groups first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let groups = Group::ALL.into_iter().map(Self::Group);
        groups.chain(Word::ALL.into_iter().map(Self::Word))
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Word(word) => word.as_str(),
            Self::Group(group) => group.as_str(),
        }
    }

    /// The word for people.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Word(word) => word.text(),
            Self::Group(group) => group.text(),
        }
    }

    fn parse(value: &str) -> Result<Self, String> {
        Self::all()
            .find(|wanted| wanted.as_str() == value)
            .ok_or_else(|| {
                let all: Vec<&str> = Self::all().map(Self::as_str).collect();
                format!(
                    "`state` is none of the states; they are `{}`",
                    all.join("`, `")
                )
            })
    }
}

impl Sort {
    pub(super) const ALL: [Self; 8] = [
        Self::Urgency,
        Self::Name,
        Self::Issuer,
        Self::Provider,
        Self::Environment,
        Self::Expires,
        Self::Renews,
        Self::Next,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Name => "name",
            Self::Issuer => "issuer",
            Self::Provider => "provider",
            Self::Environment => "environment",
            Self::Expires => "expires",
            Self::Renews => "renews",
            Self::Next => "next",
        }
    }

    fn parse(value: &str) -> Result<(Self, bool), String> {
        let (word, descending) = match value.strip_prefix('-') {
            Some(word) => (word, true),
            None => (value, false),
        };
        let sort = Self::ALL.into_iter().find(|sort| sort.as_str() == word);
        let sort = sort.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!(
                "`sort` is none of `{}`, with `-` before it for the other way round",
                all.join("`, `")
            )
        })?;
        Ok((sort, descending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        let text = "q=a+b%26c&state=needs_you&state=expired&issuer=crm&provider=okta&environment=production&connection=hr&sort=-expires&per_page=20&page=3";
        let query = Query::parse(text).expect("valid");
        assert_eq!(query.text, "a b&c");
        assert_eq!(query.text_of(), text);
        assert!(query.is_filtered());
        assert_eq!(Query::default().text_of(), "");
        let empty = Query::parse("q=&state=&issuer=&page=&vendor=").expect("a form");
        assert_eq!(empty, Query::default());
        let vendor = Query::parse("vendor=okta").expect("valid");
        assert_eq!(vendor.text_of(), "provider=okta");
    }

    #[test]
    fn a_mistake_is_named_with_its_remedy() {
        let long = format!("q={}", "x".repeat(LONGEST + 1));
        let many = "issuer=a&".repeat(MOST_VALUES + 1);
        for (text, part) in [
            ("isuer=crm", "did you mean `issuer`?"),
            ("color=red", "there are `q`, `state`"),
            ("state=broken", "`waiting_for_you`"),
            ("sort=age", "`urgency`, `name`"),
            ("page=0", "`page` is not a whole number from 1 on"),
            ("per_page=1001", "from 1 to 1000"),
            ("per_page=-1", "from 1 to 1000"),
            (&long, "longer than 200 bytes"),
            (&many, "more than 50 times"),
        ] {
            let why = Query::parse(text).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn a_second_click_sorts_the_other_way_round() {
        let query = Query::default().on_page(4).sorted_by(Sort::Name);
        assert_eq!(query.text_of(), "sort=name");
        assert_eq!(query.sorted_by(Sort::Name).text_of(), "sort=-name");
        let group = query.of_group(Group::Failing);
        assert_eq!(group.text_of(), "state=failing&sort=name");
    }
}
