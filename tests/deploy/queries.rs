//! Every query of every dashboard against a real Prometheus that scrapes a process to
//! which everything has happened and evaluates the shipped rules: each finds a number.
//! Variables are asked for as Grafana does. Grafana itself is not to be had under a
//! licence that suits.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;
use tokio::time::Instant;

use crate::exposition;
use crate::support::bare_http;
use crate::support::dashboards::{self, Query};
use crate::support::part::{self, Group};
use crate::support::port::free_port;
use crate::support::promtool;

const PATIENCE: Duration = Duration::from_secs(60);
const CONFIG: &str = "\
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
- RULES
scrape_configs:
- job_name: scim-rotator
  static_configs:
  - targets: [DAEMON]
";

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_every_dashboard_finds_a_number() {
    for part in promtool::PARTS {
        let Some(prometheus) = part::find(part) else {
            continue;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = serve(expiring_soon(&exposition::text())).await;
        let asked = Asked::start(&prometheus, folder.path(), &daemon).await;
        for dashboard in dashboards::all() {
            for query in dashboard.queries() {
                asked.until_found(part, &query).await;
            }
            let variables = dashboard.json["templating"]["list"].as_array();
            for variable in variables.expect("variables") {
                if let Some(definition) = variable["definition"].as_str() {
                    asked.until_chosen(part, definition).await;
                }
            }
        }
    }
}

/// The same metrics with a token that expires in a month from now: the fixture knows no
/// real time.
fn expiring_soon(text: &str) -> String {
    let series = "scim_rotator_token_expiry_timestamp_seconds{token=\"erp\"} ";
    let at = SystemClock.now().as_second() + 30 * 86_400;
    let lines = text.lines().map(|line| match line.starts_with(series) {
        true => format!("{series}{at}\n"),
        false => format!("{line}\n"),
    });
    let changed: String = lines.collect();
    assert_ne!(changed, text, "no token to change");
    changed
}

/// The counters after so many more events: without any there are no rates.
fn grown(text: &str, events: u32) -> String {
    let is_counter = |line: &str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let ends = ["_total", "_bucket", "_sum", "_count"];
        !line.starts_with('#') && ends.iter().any(|end| name.ends_with(end))
    };
    let lines = text.lines().map(|line| match line.rsplit_once(' ') {
        Some((series, value)) if is_counter(line) => {
            let value: f64 = value.parse().expect("a number");
            format!("{series} {}\n", value + f64::from(events))
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// Serves this text as metrics, as long as the test runs.
async fn serve(text: String) -> String {
    let scrapes = Arc::new(AtomicU32::new(0));
    let metrics = move || {
        let body = grown(&text, scrapes.fetch_add(1, Ordering::Relaxed));
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], body) }
    };
    let app = Router::new().route("/metrics", get(metrics));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A Prometheus that is asked.
struct Asked {
    url: String,
    http: reqwest::Client,
    _process: Group,
}

impl Asked {
    async fn start(part: &Path, folder: &Path, daemon: &str) -> Self {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join(crate::alerts::RULES);
        let config = CONFIG
            .replace("RULES", &rules.display().to_string())
            .replace("DAEMON", daemon);
        std::fs::write(folder.join("prometheus.yml"), config).expect("written");
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(part.join("bin/prometheus"));
        let option = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
        command
            .arg(option("config.file", "prometheus.yml"))
            .arg(option("storage.tsdb.path", "series"))
            .arg(format!("--web.listen-address={address}"));
        Self {
            url: format!("http://{address}/api/v1"),
            http: bare_http(),
            _process: Group::start(command),
        }
    }

    /// Asks again and again: some queries need two scrapes, others rules that use each
    /// other.
    async fn until_found(&self, part: &str, query: &Query) {
        let expr = filled_in(&query.expr);
        let began = Instant::now();
        loop {
            let answer = self.ask("query", &[("query", &expr)]).await;
            if answer
                .as_ref()
                .is_some_and(|data| !numbers(data).is_empty())
            {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{part}: {} finds nothing by {expr}",
                query.place
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// What `label_values(SERIES, LABEL)` is asked for.
    async fn until_chosen(&self, part: &str, definition: &str) {
        let inside = definition.strip_prefix("label_values(");
        let inside = inside.and_then(|rest| rest.strip_suffix(')'));
        let (series, label) = inside.and_then(|i| i.rsplit_once(", ")).expect("a form");
        let series = filled_in(series);
        let endpoint = format!("label/{label}/values");
        let values = self.ask(&endpoint, &[("match[]", &series)]).await;
        let values = values.expect("an answer");
        assert!(
            values.as_array().is_some_and(|values| !values.is_empty()),
            "{part}: nothing to choose by {definition}"
        );
    }

    /// `None` while it is not ready. Panics if it refuses the query.
    async fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let url = format!("{}/{endpoint}", self.url);
        let answer = self.http.get(url).query(parameters).send().await.ok()?;
        let mut body: Value = answer.json().await.ok()?;
        assert_ne!(body["errorType"], "bad_data", "{parameters:?}: {body}");
        (body["status"] == "success").then(|| body["data"].take())
    }
}

/// Every job and token, and graphs of some seconds.
fn filled_in(expr: &str) -> String {
    expr.replace("\"$job\"", "\".*\"")
        .replace("=\"$token\"", "=~\".*\"")
        .replace("=~\"$token\"", "=~\".*\"")
        .replace("$__rate_interval", "1m")
}

/// The numbers of an answer, without those that are none.
fn numbers(data: &Value) -> Vec<f64> {
    let series = data["result"].as_array().into_iter().flatten();
    let value = series.filter_map(|one| one["value"][1].as_str()?.parse::<f64>().ok());
    value.filter(|number| number.is_finite()).collect()
}
