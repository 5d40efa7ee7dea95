//! The metrics of this process: a method for each event, and the text for
//! Prometheus. `instruments` has the names of these metrics,
//! [`super::collector`] those of single tokens.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::{IntGaugeVec, TextEncoder};

use super::board::Board;
use super::instruments::Instruments;
use super::observe::{Endpoint, StepReport};
use super::{collector, process};
use crate::rotation::decision::Step;
use crate::rotation::inventory::Coverage;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{RotationResult, Trigger};

/// Every metric, with a method for each event.
pub struct Metrics {
    board: Arc<Board>,
    pub(super) instruments: Instruments,
    started_at: Timestamp,
}

impl Metrics {
    /// Metrics of a process that started at `started_at`, with the per-token
    /// series of `board`.
    ///
    /// # Errors
    /// When two metrics have one name, which a test rules out.
    pub fn new(board: Arc<Board>, started_at: Timestamp) -> Result<Self, prometheus::Error> {
        Ok(Self {
            board,
            instruments: Instruments::new()?,
            started_at,
        })
    }

    /// The states from which the per-token series are written.
    #[must_use]
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// A step ended: counts its duration, its failure by reason, and the token
    /// that it issued or revoked.
    pub fn step(&self, token: &str, step: &Step, outcome: &Outcome, took: Duration) {
        let report = StepReport::of(outcome);
        self.instruments
            .step_duration
            .with_label_values(&[step.as_str(), report.result.as_str()])
            .observe(took.as_secs_f64());
        if let Some(endpoint) = Endpoint::of(step) {
            self.instruments
                .probe_duration
                .with_label_values(&[endpoint.as_str()])
                .observe(took.as_secs_f64());
        }
        if report.revoked {
            self.instruments.tokens_revoked.inc();
        }
        if let Some(reason) = report.reason {
            self.instruments
                .step_failures
                .with_label_values(&[step.as_str(), reason.as_str()])
                .inc();
        }
        if report.issued
            && let Some(counters) = self.board.counters(token)
        {
            counters.token_issued();
        }
    }

    /// A rotation ended.
    pub fn rotation(&self, token: &str, trigger: Trigger, result: RotationResult) {
        self.instruments
            .rotations
            .with_label_values(&[trigger.as_str(), result.as_str()])
            .inc();
        if let Some(counters) = self.board.counters(token) {
            counters.rotation(result);
        }
    }

    /// Another writer stored a record first.
    pub fn write_conflict(&self) {
        self.instruments.write_conflicts.inc();
    }

    /// A rotation was taken over from a replica that stopped during it.
    pub fn lease_taken_over(&self) {
        self.instruments.lease_takeovers.inc();
    }

    /// Number of tokens that this replica is working on.
    pub fn leases_held(&self, count: usize) {
        self.instruments
            .leases_held
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Whether the last authenticated call to Vault succeeded.
    pub fn vault_up(&self, up: bool) {
        self.instruments.vault_up.set(i64::from(up));
    }

    /// Whether Vault said that it is sealed.
    pub fn vault_sealed(&self, sealed: bool) {
        self.instruments.vault_sealed.set(i64::from(sealed));
    }

    /// Whether the last wrapping token of our secret-id could be unwrapped.
    pub fn vault_unwrap_failed(&self, failed: bool) {
        self.instruments.vault_unwrap_failed.set(i64::from(failed));
    }

    /// When our own Vault token expires; `None` if it never does or is not
    /// known.
    pub fn vault_token_expiry(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => set_instant(&self.instruments.vault_token_expiry, at),
            None => self.instruments.vault_token_expiry.reset(),
        }
    }

    /// It was noticed at this time that Vault had been restored from a snapshot. The
    /// latest time is kept.
    pub fn vault_restored(&self, at: Timestamp) {
        let gauge = self
            .instruments
            .vault_restored
            .with_label_values::<&str>(&[]);
        gauge.set(gauge.get().max(at.as_second()));
    }

    /// The supervisor's loop ran at `now`.
    pub fn tick(&self, now: Timestamp) {
        set_instant(&self.instruments.last_tick, now);
    }

    /// A token was woken this long after it was due.
    pub fn wake_lag(&self, lag: Duration) {
        self.instruments.lag.set(lag.as_secs_f64());
    }

    /// The configuration was read at `now`, and was valid or not.
    pub fn config_read(&self, valid: bool, now: Timestamp) {
        self.instruments.reload_successful.set(i64::from(valid));
        if valid {
            set_instant(&self.instruments.reload_at, now);
        }
    }

    /// How many lines of the audit were written and lost since the start, and whether
    /// they cannot be written now.
    pub fn audit(&self, written: u64, lost: u64, failing: bool) {
        for (result, count) in [("written", written), ("lost", lost)] {
            let counter = self.instruments.audit_lines.with_label_values(&[result]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
        self.instruments.audit_failing.set(i64::from(failing));
    }

    /// Spans of traces were accepted by the collector.
    pub fn spans_sent(&self, count: usize) {
        self.spans("sent", count);
    }

    /// Spans of traces were lost.
    pub fn spans_lost(&self, count: usize) {
        self.spans("lost", count);
    }

    fn spans(&self, result: &str, count: usize) {
        let count = u64::try_from(count).unwrap_or_default();
        let spans = &self.instruments.trace_spans;
        spans.with_label_values(&[result]).inc_by(count);
    }

    /// Why a person has stopped all work; `None` if it goes on.
    pub fn dispatch_paused(&self, why: Option<&str>) {
        let gauge = &self.instruments.dispatch_paused;
        let reason = why.map(collector::reason_label).unwrap_or_default();
        gauge.reset();
        gauge
            .with_label_values(&[reason.as_str()])
            .set(i64::from(why.is_some()));
    }

    /// What the issuers listed, each with when, and what the identity providers listed;
    /// those that are not named have no series.
    pub fn inventory(
        &self,
        seen: &BTreeMap<String, (Coverage, Timestamp)>,
        providers: &BTreeMap<String, Coverage>,
    ) {
        let instruments = &self.instruments;
        instruments.inventory_credentials.reset();
        instruments.inventory_connections.reset();
        instruments.inventory_success.reset();
        instruments.inventory_coverage.reset();
        let mut all = Coverage::default();
        for (issuer, (coverage, at)) in seen {
            all.add(*coverage);
            count(&instruments.inventory_credentials, issuer, *coverage);
            instruments
                .inventory_success
                .with_label_values(&[issuer.as_str()])
                .set(at.as_second());
        }
        for (provider, coverage) in providers {
            all.add(*coverage);
            count(&instruments.inventory_connections, provider, *coverage);
        }
        if !seen.is_empty() || !providers.is_empty() {
            instruments
                .inventory_coverage
                .with_label_values::<&str>(&[])
                .set(all.ratio());
        }
    }

    /// All metrics in the text format 0.0.4, in chunks: first those of the process, then
    /// the series of the tokens as they are now.
    ///
    /// # Errors
    /// When a metric cannot be written, which a test rules out.
    pub fn chunks(
        &self,
        now: Timestamp,
    ) -> Result<impl Iterator<Item = String> + Send + use<>, prometheus::Error> {
        let mut head = String::new();
        TextEncoder::new().encode_utf8(&self.instruments.gather(), &mut head)?;
        process::write(self.started_at, &mut head);
        Ok(iter::once(head).chain(collector::chunks(&self.board, now)))
    }

    /// The same as one text.
    ///
    /// # Errors
    /// As for [`Self::chunks`].
    pub fn render(&self, now: Timestamp) -> Result<String, prometheus::Error> {
        Ok(self.chunks(now)?.collect())
    }
}

/// How much of what one place lists is managed.
fn count(gauge: &IntGaugeVec, place: &str, coverage: Coverage) {
    let counts = [("yes", coverage.managed), ("no", coverage.unmanaged())];
    for (managed, count) in counts {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        gauge.with_label_values(&[place, managed]).set(count);
    }
}

fn set_instant(gauge: &IntGaugeVec, at: Timestamp) {
    gauge.with_label_values::<&str>(&[]).set(at.as_second());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultClass, FaultKind};
    use crate::http::client::{Observer, Target};
    use crate::telemetry::fixture;

    fn metrics() -> Metrics {
        let board = Arc::new(Board::new());
        board.set(fixture::snapshot(&fixture::fresh_record("crm")));
        Metrics::new(board, fixture::now()).expect("no name twice")
    }

    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }

    #[test]
    fn what_happened_is_counted() {
        let metrics = metrics();
        let took = Duration::from_millis(70);
        metrics.step("crm", &Step::Discard, &Outcome::Discarded, took);
        let fault = Fault::new(FaultClass::NotApplied, FaultKind::Network, "x");
        let step = Step::Issue;
        let failed = Outcome::Failed {
            step: step.clone(),
            fault,
        };
        metrics.step("crm", &step, &failed, took);
        metrics.request(Target::Sp, "issue", "201", 0.1);
        metrics.throttled(Target::Idp);
        metrics.clock_skew(Target::Vault, "vault", 4.0);
        metrics.rotation("crm", Trigger::Force, RotationResult::Success);
        metrics.rotation("unknown", Trigger::Force, RotationResult::Success);
        let text = metrics.render(fixture::now()).expect("text");
        has(&text, "scim_rotator_tokens_revoked_total 1");
        has(
            &text,
            "scim_rotator_rotation_step_failures_total{reason=\"network\",step=\"issue\"} 1",
        );
        has(
            &text,
            "scim_rotator_rotations_total{token=\"crm\",result=\"success\"} 1",
        );
        has(
            &text,
            "scim_rotator_rotations_by_trigger_total{result=\"success\",trigger=\"force\"} 2",
        );
        has(
            &text,
            "scim_rotator_rotations_by_trigger_total{result=\"failed\",trigger=\"drift\"} 0",
        );
        has(
            &text,
            "scim_rotator_rotation_step_duration_seconds_bucket{result=\"success\",step=\"discard\",le=\"0.1\"} 1",
        );
        has(
            &text,
            "scim_rotator_http_requests_total{code=\"201\",operation=\"issue\",target=\"sp\"} 1",
        );
        has(&text, "scim_rotator_http_throttled_total{target=\"idp\"} 1");
        has(
            &text,
            "scim_rotator_clock_skew_seconds{target=\"vault\"} -4",
        );
        assert!(!text.contains("token=\"unknown\""), "{text}");
    }

    #[test]
    fn why_all_work_rests_is_told_in_one_line() {
        let metrics = metrics();
        let name = "scim_rotator_dispatch_paused";
        let line = |reason: &str, value: u8| format!("{name}{{reason=\"{reason}\"}} {value}");
        has(&metrics.render(fixture::now()).expect("text"), &line("", 0));
        metrics.dispatch_paused(Some("an upgrade\n of \"Vault\""));
        let text = metrics.render(fixture::now()).expect("text");
        has(&text, &line("an upgrade of \\\"Vault\\\"", 1));
        assert_eq!(text.matches(&format!("\n{name}{{")).count(), 1);
        metrics.dispatch_paused(None);
        has(&metrics.render(fixture::now()).expect("text"), &line("", 0));
    }

    #[test]
    fn times_that_are_not_known_are_absent() {
        let metrics = metrics();
        let name = "scim_rotator_vault_token_expiry_timestamp_seconds";
        assert!(!metrics.render(fixture::now()).expect("text").contains(name));
        metrics.vault_token_expiry(Some(fixture::now()));
        has(
            &metrics.render(fixture::now()).expect("text"),
            &format!("{name} 1800014400"),
        );
        metrics.vault_token_expiry(None);
        assert!(!metrics.render(fixture::now()).expect("text").contains(name));
    }

    #[test]
    fn an_issuer_that_is_gone_has_no_series_any_more() {
        let metrics = metrics();
        let name = "scim_rotator_inventory_coverage_ratio";
        assert!(!metrics.render(fixture::now()).expect("text").contains(name));
        let some = Coverage {
            managed: 3,
            seen: 4,
        };
        let of = |name: &str| BTreeMap::from([(name.to_owned(), (some, fixture::now()))]);
        let none = BTreeMap::new();
        let idp = |name: &str| BTreeMap::from([(name.to_owned(), some)]);
        metrics.inventory(&of("crm"), &idp("Entra acme"));
        assert!(metrics.render(fixture::now()).expect("text").contains(
            "scim_rotator_inventory_connections{managed=\"yes\",provider=\"Entra acme\"} 3"
        ));
        metrics.inventory(&of("hr"), &none);
        let text = metrics.render(fixture::now()).expect("text");
        has(&text, &format!("{name} 0.75"));
        has(
            &text,
            "scim_rotator_inventory_credentials{issuer=\"hr\",managed=\"no\"} 1",
        );
        assert!(
            !text.contains("inventory_credentials{issuer=\"crm\"")
                && !text.contains("inventory_connections{"),
            "{text}"
        );
    }

    #[test]
    fn every_family_has_help_and_a_type_once() {
        let text = metrics().render(fixture::now()).expect("text");
        let names = |mark: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix(mark))
                .filter_map(|line| line.split(' ').next())
                .map(str::to_owned)
                .collect()
        };
        let mut helped = names("# HELP ");
        assert_eq!(helped, names("# TYPE "));
        helped.sort();
        let mut unique = helped.clone();
        unique.dedup();
        assert_eq!(helped, unique);
    }
}
