//! The pages for people. They render the states as `rotation::state` tells them and
//! judge nothing. Every value goes through the templates' escaping.

mod filters;
mod life;
mod list;
mod rows;
mod runbook;
mod token;

use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};
use serde::Serialize;

use super::whole::Whole;
use crate::rotation::state::Urgency;

pub(super) use list::List;
pub(super) use token::Detail;

pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("script.js");

/// The compiled templates. Their names end in `.html`, so values are escaped.
pub(super) struct Pages {
    environment: Environment<'static>,
    /// The runbook as a page body; the same for everybody.
    runbook: Arc<str>,
}

impl Pages {
    pub(super) fn new() -> Result<Self, Error> {
        let mut environment = Environment::new();
        let templates = [
            ("layout.html", include_str!("layout.html")),
            ("list.html", include_str!("list.html")),
            ("token.html", include_str!("token.html")),
            ("runbook.html", include_str!("runbook.html")),
            ("message.html", include_str!("message.html")),
        ];
        for (name, text) in templates {
            environment.add_template(name, text)?;
        }
        filters::add_to(&mut environment);
        let sections = runbook::sections();
        let runbook = environment
            .get_template("runbook.html")?
            .render(context! { sections => Value::from(Serde(&sections)) })?;
        Ok(Self {
            environment,
            runbook: runbook.into(),
        })
    }

    /// All tokens.
    pub(super) fn list(&self, whole: &Whole, list: &List) -> Result<String, Error> {
        let body = self.body("list.html", whole, list)?;
        self.page(whole, None, &body)
    }

    /// One token.
    pub(super) fn token(&self, whole: &Whole, detail: &Detail) -> Result<String, Error> {
        let body = self.body("token.html", whole, detail)?;
        self.page(whole, Some(detail.name()), &body)
    }

    /// What each alert means and what to do.
    pub(super) fn runbook(&self, whole: &Whole) -> Result<String, Error> {
        self.page(whole, Some("runbook"), &self.runbook)
    }

    /// What is wrong with a request.
    pub(super) fn message(&self, whole: &Whole, title: &str, why: &str) -> Result<String, Error> {
        let message = context! { title, why };
        let body = self
            .environment
            .get_template("message.html")?
            .render(message)?;
        self.page(whole, Some(title), &body)
    }

    fn body(&self, name: &str, whole: &Whole, of: &impl Serialize) -> Result<String, Error> {
        let now = whole.now.to_string();
        let of = Value::from(Serde(of));
        self.environment
            .get_template(name)?
            .render(context! { now, of })
    }

    /// `body` with the head that all pages have.
    fn page(&self, whole: &Whole, title: Option<&str>, body: &str) -> Result<String, Error> {
        let troubled = whole.summary.need_you + whole.summary.failing;
        let urgency = match (whole.ready, whole.banners.is_empty()) {
            (true, true) => whole.summary.urgency,
            // What is shown may be old, or no token is worked on.
            _ => whole.summary.urgency.max(Urgency::Attention),
        };
        self.environment
            .get_template("layout.html")?
            .render(context! {
                now => whole.now.to_string(),
                title,
                troubled,
                urgency => urgency.as_str(),
                headline => headline(urgency),
                whole => Value::from(Serde(whole)),
                body => Value::from_safe_string(body.to_owned()),
            })
    }
}

/// The state of the whole in one word.
fn headline(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Fine => "fine",
        Urgency::Attention => "needs attention",
        Urgency::Urgent => "urgent",
    }
}

/// The icon of the browser's tab.
pub(super) fn favicon(urgency: &str) -> Option<&'static str> {
    match urgency {
        "fine" => Some(include_str!("fine.svg")),
        "attention" => Some(include_str!("attention.svg")),
        "urgent" => Some(include_str!("urgent.svg")),
        _ => None,
    }
}
