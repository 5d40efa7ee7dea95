//! The shipped files as the test runs them: with its addresses, and with short
//! waits. What is shortened are durations that only say how long to wait: `for`
//! of an alert, how often Prometheus looks, how long Alertmanager collects. What must hold
//! for a day is left: nothing does in the minutes of the test. No expression, label, text
//! or route is touched.

use std::path::Path;

use url::Url;

use super::super::house::House;

/// How often Prometheus scrapes.
pub const SCRAPE: &str = "2s";
/// How often it evaluates the rules, and for how long an alert must hold.
const LOOK: &str = "1s";
const HOLDS: &str = "2s";
/// Alertmanager's group_wait, group_interval and repeat_interval.
const COLLECT: &str = "1s";
const AGAIN: &str = "2s";
const REPEAT: &str = "1h";

/// Where the runbook is, set in the one place of the rules.
pub const WIKI: &str = "https://runbooks.example.org/scim";

/// Writes `prometheus.yml` with the shipped rules beside it into a folder.
pub fn prometheus(folder: &Path, daemon: &str, alertmanager: &str) {
    let rules = Shipped::read("deploy/prometheus/scim-rotator.rules.yml")
        .set("for: ", HOLDS)
        .change("https://wiki.example.com/scim-rotator", WIKI);
    rules.write(folder, "scim-rotator.rules.yml");
    let scrape = Shipped::read("deploy/prometheus/scrape.yml")
        .set("scrape_interval: ", SCRAPE)
        .change("127.0.0.1:9767", host(daemon));
    let around = format!(
        "global:\n  evaluation_interval: {LOOK}\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: [\"{}\"]\n",
        host(alertmanager)
    );
    Shipped(around + &scrape.0).write(folder, "prometheus.yml");
}

/// Writes `alertmanager.yml` into a folder.
pub fn alertmanager(folder: &Path, webhook: &Url) {
    let mut shipped = Shipped::read("deploy/alertmanager/alertmanager.yml")
        .set("group_wait: ", COLLECT)
        .set("group_interval: ", AGAIN)
        .set("repeat_interval: ", REPEAT);
    for receiver in ["pager", "tickets", "chat"] {
        let address = format!("https://{receiver}.example.com/scim-rotator");
        shipped = shipped.change(&address, webhook.join(receiver).expect("a path").as_str());
    }
    shipped.write(folder, "alertmanager.yml");
}

/// The text of a shipped file.
struct Shipped(String);

impl Shipped {
    fn read(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Self(std::fs::read_to_string(path).expect(file))
    }

    /// Sets every key that a line consists of, but for waits of days.
    fn set(self, key: &str, value: &str) -> Self {
        let lines: Vec<String> = self
            .0
            .lines()
            .map(
                |line| match line.trim_start().starts_with(key) && !line.ends_with('d') {
                    true => format!(
                        "{}{key}{value}",
                        &line[..line.len() - line.trim_start().len()]
                    ),
                    false => line.to_owned(),
                },
            )
            .collect();
        let text = lines.join("\n") + "\n";
        assert_ne!(text, self.0, "nothing sets `{key}`");
        Self(text)
    }

    fn change(self, from: &str, to: &str) -> Self {
        assert!(self.0.contains(from), "nothing names {from}");
        Self(self.0.replace(from, to))
    }

    fn write(&self, folder: &Path, name: &str) {
        std::fs::write(folder.join(name), &self.0).expect(name);
    }
}

fn host(url: &str) -> &str {
    url.trim_start_matches("http://").trim_end_matches('/')
}

/// A new folder of this test.
pub fn folder(house: &House, name: &str) -> std::path::PathBuf {
    let path = house.path(name);
    std::fs::create_dir(&path).expect("a new folder");
    path
}
