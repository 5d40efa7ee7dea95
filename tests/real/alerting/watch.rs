//! A Prometheus with its Alertmanager, watching a daemon by the shipped files.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::super::house::House;
use super::super::support::bare_http;
use super::super::support::part::{self, Group};
use super::super::support::port::free_port;
use super::super::wait::eventually;
use super::webhook::Webhook;
use super::{shipped, subject};

/// A running pair; both are killed when dropped.
pub struct Watch {
    /// The part whose Prometheus it is.
    pub part: &'static str,
    /// Where the alerts end up.
    pub webhook: Webhook,
    prometheus: String,
    alertmanager: String,
    http: reqwest::Client,
    _processes: [Group; 2],
}

impl Watch {
    /// Starts the Prometheus of this part and an Alertmanager; `None` if a part
    /// is missing.
    pub async fn start(part: &'static str, house: &House, daemon: &str) -> Option<Self> {
        let (its, debian) = (part::find(part)?, part::find("prometheus")?);
        let webhook = Webhook::start(house.heard()).await;
        let [prometheus, alertmanager] =
            [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let folder = shipped::folder(house, part);
        shipped::prometheus(&folder, daemon, &alertmanager);
        shipped::alertmanager(&folder, &webhook.url);
        let processes = [
            run_alertmanager(&debian, &folder, &alertmanager),
            run_prometheus(&its, &folder, &prometheus),
        ];
        let watch = Self {
            part,
            webhook,
            prometheus: format!("http://{prometheus}"),
            alertmanager: format!("http://{alertmanager}"),
            http: bare_http(),
            _processes: processes,
        };
        watch.ready().await;
        Some(watch)
    }

    async fn ready(&self) {
        for server in [&self.prometheus, &self.alertmanager] {
            let what = format!("{} and its Alertmanager answer", self.part);
            eventually(&what, async || {
                let answer = self.http.get(format!("{server}/-/ready")).send().await;
                answer.ok()?.status().is_success().then_some(())
            })
            .await;
        }
    }

    /// The alerts that Prometheus raises now.
    pub async fn firing(&self) -> BTreeSet<String> {
        let data = self.ask("alerts", &[]).await;
        let alerts = data["alerts"].as_array().expect("alerts");
        let firing = alerts.iter().filter(|a| a["state"] == "firing");
        firing.map(|a| subject(&a["labels"])).collect()
    }

    /// The alerts that Alertmanager keeps to itself, as a worse one is told.
    pub async fn inhibited(&self) -> BTreeSet<String> {
        let url = format!("{}/api/v2/alerts", self.alertmanager);
        let answer = self.http.get(url).send().await.expect("an answer");
        let alerts: Value = answer.json().await.expect("JSON");
        let alerts = alerts.as_array().expect("alerts").iter();
        let inhibited = alerts.filter(|a| {
            let by = a["status"]["inhibitedBy"].as_array();
            by.is_some_and(|by| !by.is_empty())
        });
        inhibited.map(|a| subject(&a["labels"])).collect()
    }

    /// The names of all series that were ever scraped or recorded.
    pub async fn names(&self) -> BTreeSet<String> {
        let data = self.ask("label/__name__/values", &[]).await;
        let names = data.as_array().expect("names").iter();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The numbers of an answer to a query: at one moment (`time`), or in a
    /// range (`start`, `end`, `step`). Panics if Prometheus refuses it.
    pub async fn numbers(&self, expr: &str, when: &[(&str, f64)]) -> Vec<f64> {
        let endpoint = match when {
            [_] => "query",
            _ => "query_range",
        };
        let mut parameters = vec![("query", expr.to_owned())];
        parameters.extend(when.iter().map(|(name, at)| (*name, at.to_string())));
        let data = self.ask(endpoint, &parameters).await;
        let series = data["result"].as_array().expect("series").iter();
        series.flat_map(samples).collect()
    }

    async fn ask(&self, endpoint: &str, parameters: &[(&str, String)]) -> Value {
        let url = format!("{}/api/v1/{endpoint}", self.prometheus);
        let request = self.http.get(url).query(parameters);
        let answer = request.send().await.expect("an answer");
        let mut body: Value = answer.json().await.expect("JSON");
        let part = self.part;
        assert_eq!(body["status"], "success", "{part}: {parameters:?} {body}");
        body["data"].take()
    }
}

/// The samples of one series: `value` of an instant, `values` of a range.
fn samples(series: &Value) -> Vec<f64> {
    let range = series["values"].as_array().into_iter().flatten();
    let instant = Some(&series["value"]).filter(|value| value.is_array());
    range
        .chain(instant)
        .filter_map(|sample| sample[1].as_str()?.parse().ok())
        .collect()
}

fn run_prometheus(part: &Path, folder: &Path, address: &str) -> Group {
    let mut command = Command::new(part.join("bin/prometheus"));
    command
        .arg(option("config.file", &folder.join("prometheus.yml")))
        .arg(option("storage.tsdb.path", &folder.join("series")))
        .arg(format!("--web.listen-address={address}"));
    Group::start(command)
}

fn run_alertmanager(part: &Path, folder: &Path, address: &str) -> Group {
    let mut command = Command::new(part.join("bin/alertmanager"));
    command
        .arg(option("config.file", &folder.join("alertmanager.yml")))
        .arg(option("storage.path", &folder.join("alerts")))
        .arg(format!("--web.listen-address={address}"))
        // It has no peers.
        .arg("--cluster.listen-address=");
    Group::start(command)
}

fn option(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}
