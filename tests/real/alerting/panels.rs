//! Every query of every dashboard, as Grafana sends it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::support::dashboards::{self, Query};
use super::watch::Watch;

/// Seconds between the points of a graph.
const STEP: f64 = 2.0;
const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: u32 = 60;
/// No rotation that began ends without a new token here, and those that succeed take less
/// time than there is between two scrapes.
const UNSEEN: [&str; 2] = [
    "fleet.json, Stages, A",
    "token.json, annotation Rotations that did not succeed",
];

/// The queries that found no number so far.
pub struct Panels {
    queries: Vec<Query>,
    empty: BTreeSet<String>,
}

impl Panels {
    /// Of all dashboards, without those about what does not happen here.
    pub fn new() -> Self {
        let dashboards = dashboards::all();
        let here = |query: &Query| {
            let names = super::names_in(&query.expr);
            !UNSEEN.contains(&query.place.as_str())
                && names
                    .iter()
                    .all(|name| !super::OF_EVENTS.contains(&name.as_str()))
        };
        let queries = dashboards.iter().flat_map(|d| d.queries());
        let queries: Vec<Query> = queries.filter(here).collect();
        let empty = queries.iter().map(|query| query.place.clone()).collect();
        Self { queries, empty }
    }

    /// Asks all that found nothing yet, about now and the time since `began`
    /// (seconds since 1970).
    pub async fn ask(&mut self, watch: &Watch, token: &str, began: f64) {
        let now = super::now();
        for query in &self.queries {
            if !self.empty.contains(&query.place) {
                continue;
            }
            let expr = filled_in(&query.expr, token);
            let when = match query.instant {
                true => vec![("time", now)],
                false => vec![("start", began), ("end", now), ("step", STEP)],
            };
            let numbers = watch.numbers(&expr, &when).await;
            if numbers.iter().any(|number| number.is_finite()) {
                self.empty.remove(&query.place);
            }
        }
    }

    /// The same again and again, until all have found something: some need two
    /// scrapes.
    pub async fn ask_until_full(mut self, watch: &Watch, token: &str, began: f64) {
        for _ in 0..PATIENCE {
            if self.empty.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            self.ask(watch, token, began).await;
        }
        let nothing = BTreeSet::new();
        assert_eq!(self.empty, nothing, "{} finds nothing there", watch.part);
    }
}

/// Grafana's variables with what a person would have chosen: every job, and
/// this token where one is shown (`="$token"`), all of them elsewhere.
fn filled_in(expr: &str, token: &str) -> String {
    let filled = expr
        .replace("\"$job\"", "\".*\"")
        .replace("=~\"$token\"", "=~\".*\"")
        .replace("=\"$token\"", &format!("=\"{token}\""))
        .replace("$__rate_interval", "1m");
    // What follows is a group of label_replace.
    let mut rest = filled.split('$').skip(1);
    let is_group = rest.all(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    assert!(is_group, "an unknown variable: {filled}");
    filled
}
