//! The metrics of this process, on a registry of its own. No other module
//! knows a metric's name. Series about single tokens come from
//! [`super::collector`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder, core::Collector,
};

use super::board::Board;
use super::observe::{Endpoint, StepReport};
use super::requests::TARGETS;
use super::{collector, process};
use crate::rotation::decision::Step;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{RotationResult, Trigger};

/// Buckets of steps, in seconds.
const STEP_BUCKETS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Buckets of single requests and probes, in seconds.
const REQUEST_BUCKETS: &[f64] = &[0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Every metric, with a method for each thing that happens.
pub struct Metrics {
    board: Arc<Board>,
    registry: Registry,
    started_at: Timestamp,
    last_length: AtomicUsize,
    step_duration: HistogramVec,
    probe_duration: HistogramVec,
    pub(super) http_requests: IntCounterVec,
    pub(super) http_duration: HistogramVec,
    pub(super) http_throttled: IntCounterVec,
    pub(super) clock_skew: GaugeVec,
    write_conflicts: IntCounter,
    leases_held: IntGauge,
    lease_takeovers: IntCounter,
    vault_up: IntGauge,
    vault_sealed: IntGauge,
    vault_token_expiry: IntGaugeVec,
    last_tick: IntGaugeVec,
    lag: Gauge,
    reload_successful: IntGauge,
    reload_at: IntGaugeVec,
    dispatch_paused: IntGauge,
}

impl Metrics {
    /// Metrics of a process that started at `started_at`, with the per-token
    /// series of `board`.
    ///
    /// # Errors
    /// When two metrics have one name, which a test rules out.
    pub fn new(board: Arc<Board>, started_at: Timestamp) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            board,
            registry: Registry::new(),
            started_at,
            last_length: AtomicUsize::new(0),
            step_duration: histogram(
                "rotation_step_duration_seconds",
                "How long steps took.",
                &["step", "result"],
                STEP_BUCKETS,
            )?,
            probe_duration: histogram(
                "probe_duration_seconds",
                "How long proofs took, at the service provider (sp) or at a connection (idp).",
                &["endpoint"],
                REQUEST_BUCKETS,
            )?,
            http_requests: counters(
                "http_requests_total",
                "Requests sent; code is the status or why none came.",
                &["target", "operation", "code"],
            )?,
            http_duration: histogram(
                "http_request_duration_seconds",
                "How long requests took.",
                &["target", "operation"],
                REQUEST_BUCKETS,
            )?,
            http_throttled: counters(
                "http_throttled_total",
                "Answers that asked us to slow down.",
                &["target"],
            )?,
            clock_skew: GaugeVec::new(
                opts(
                    "clock_skew_seconds",
                    "Our clock minus that of the server that answered last.",
                ),
                &["target"],
            )?,
            write_conflicts: IntCounter::with_opts(opts(
                "record_write_conflicts_total",
                "Writes of records that another writer came first with.",
            ))?,
            leases_held: IntGauge::with_opts(opts(
                "leases_held",
                "Tokens whose lease this replica holds.",
            ))?,
            lease_takeovers: IntCounter::with_opts(opts(
                "lease_takeovers_total",
                "Leases taken over from a replica that stopped renewing them.",
            ))?,
            vault_up: IntGauge::with_opts(opts(
                "vault_up",
                "Whether the last authenticated call to Vault succeeded.",
            ))?,
            vault_sealed: IntGauge::with_opts(opts(
                "vault_sealed",
                "Whether Vault said that it is sealed.",
            ))?,
            vault_token_expiry: instants(
                "vault_token_expiry_timestamp_seconds",
                "When our own Vault token expires; absent when it never does.",
            )?,
            last_tick: instants(
                "scheduler_last_tick_timestamp_seconds",
                "When the scheduler last went round.",
            )?,
            lag: Gauge::with_opts(opts(
                "scheduler_lag_seconds",
                "How late the last wake-up was.",
            ))?,
            reload_successful: IntGauge::with_opts(opts(
                "config_last_reload_successful",
                "Whether the configuration was valid when it was last read.",
            ))?,
            reload_at: instants(
                "config_last_reload_success_timestamp_seconds",
                "When a valid configuration was last read.",
            )?,
            dispatch_paused: IntGauge::with_opts(opts(
                "dispatch_paused",
                "1 while a person has stopped all work.",
            ))?,
        };
        metrics.register()?;
        metrics.preset();
        Ok(metrics)
    }

    /// The tokens that the per-token series are about.
    #[must_use]
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// A step ended: its duration, its failure by reason, and the tokens that
    /// it issued or revoked.
    pub fn step(&self, token: &str, step: &Step, outcome: &Outcome, took: Duration) {
        let report = StepReport::of(outcome);
        self.step_duration
            .with_label_values(&[step.as_str(), report.result.as_str()])
            .observe(took.as_secs_f64());
        if let Some(endpoint) = Endpoint::of(step) {
            self.probe_duration
                .with_label_values(&[endpoint.as_str()])
                .observe(took.as_secs_f64());
        }
        let Some(counters) = self.board.counters(token) else {
            return;
        };
        if report.issued {
            counters.token_issued();
        }
        if report.revoked {
            counters.token_revoked();
        }
        if let Some(reason) = report.reason {
            counters.step_failed(step.as_str(), reason);
        }
    }

    /// A rotation ended.
    pub fn rotation(&self, token: &str, trigger: Trigger, result: RotationResult) {
        if let Some(counters) = self.board.counters(token) {
            counters.rotation(trigger, result);
        }
    }

    /// Another writer changed a record first.
    pub fn write_conflict(&self) {
        self.write_conflicts.inc();
    }

    /// A lease was taken over from a replica that stopped renewing it.
    pub fn lease_taken_over(&self) {
        self.lease_takeovers.inc();
    }

    /// How many leases this replica holds now.
    pub fn leases_held(&self, count: usize) {
        self.leases_held
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Whether the last authenticated call to Vault succeeded.
    pub fn vault_up(&self, up: bool) {
        self.vault_up.set(i64::from(up));
    }

    /// Whether Vault said that it is sealed.
    pub fn vault_sealed(&self, sealed: bool) {
        self.vault_sealed.set(i64::from(sealed));
    }

    /// When our own Vault token expires; `None`: never, or not known.
    pub fn vault_token_expiry(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => set_instant(&self.vault_token_expiry, at),
            None => self.vault_token_expiry.reset(),
        }
    }

    /// The scheduler went round at `now`.
    pub fn tick(&self, now: Timestamp) {
        set_instant(&self.last_tick, now);
    }

    /// A wake-up was this late.
    pub fn wake_lag(&self, lag: Duration) {
        self.lag.set(lag.as_secs_f64());
    }

    /// The configuration was read at `now`, and was valid or not.
    pub fn config_read(&self, valid: bool, now: Timestamp) {
        self.reload_successful.set(i64::from(valid));
        if valid {
            set_instant(&self.reload_at, now);
        }
    }

    /// Whether a person has stopped all work.
    pub fn dispatch_paused(&self, paused: bool) {
        self.dispatch_paused.set(i64::from(paused));
    }

    /// Everything in the text format 0.0.4. Takes tens of milliseconds with
    /// 10 000 tokens: not for an async thread.
    ///
    /// # Errors
    /// When a metric cannot be written, which a test rules out.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        // As long as the last one, and a little: growing would copy it all.
        let expected = self.last_length.load(Ordering::Relaxed);
        let mut text = String::with_capacity(expected + expected / 16);
        TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text)?;
        process::write(self.started_at, &mut text);
        collector::write(&self.board, &mut text);
        self.last_length.store(text.len(), Ordering::Relaxed);
        Ok(text)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let build = IntGauge::with_opts(
            opts("build_info", "The program that runs: always 1.")
                .const_label("version", env!("CARGO_PKG_VERSION"))
                .const_label(
                    "revision",
                    option_env!("SCIM_ROTATOR_REVISION").unwrap_or(""),
                ),
        )?;
        build.set(1);
        let all: [Box<dyn Collector>; 18] = [
            Box::new(build),
            Box::new(self.step_duration.clone()),
            Box::new(self.probe_duration.clone()),
            Box::new(self.http_requests.clone()),
            Box::new(self.http_duration.clone()),
            Box::new(self.http_throttled.clone()),
            Box::new(self.clock_skew.clone()),
            Box::new(self.write_conflicts.clone()),
            Box::new(self.leases_held.clone()),
            Box::new(self.lease_takeovers.clone()),
            Box::new(self.vault_up.clone()),
            Box::new(self.vault_sealed.clone()),
            Box::new(self.vault_token_expiry.clone()),
            Box::new(self.last_tick.clone()),
            Box::new(self.lag.clone()),
            Box::new(self.reload_successful.clone()),
            Box::new(self.reload_at.clone()),
            Box::new(self.dispatch_paused.clone()),
        ];
        all.into_iter()
            .try_for_each(|metric| self.registry.register(metric))
    }

    /// Counters start at zero, so that their first step counts.
    fn preset(&self) {
        for target in TARGETS {
            self.http_throttled.with_label_values(&[target.as_str()]);
        }
        for endpoint in Endpoint::ALL {
            self.probe_duration.with_label_values(&[endpoint.as_str()]);
        }
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("scim_rotator")
}

fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(opts(name, help), labels)
}

fn histogram(
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
    HistogramVec::new(opts, labels)
}

/// A gauge that is absent until it is set, so that an alert on an age does not
/// fire on a time that is not known.
fn instants(name: &str, help: &str) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(opts(name, help), &[])
}

fn set_instant(gauge: &IntGaugeVec, at: Timestamp) {
    gauge.with_label_values::<&str>(&[]).set(at.as_second());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::{Observer, Target};
    use crate::rotation::fault::{Fault, FaultClass, FaultKind};
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
        metrics.request(Target::Sp, "mint", "201", 0.1);
        metrics.throttled(Target::Idp);
        metrics.clock_skew(Target::Vault, 4.0);
        metrics.rotation("crm", Trigger::Force, RotationResult::Success);
        metrics.rotation("unknown", Trigger::Force, RotationResult::Success);
        let text = metrics.render().expect("text");
        has(&text, "scim_rotator_tokens_revoked_total{token=\"crm\"} 1");
        has(
            &text,
            "scim_rotator_rotation_step_failures_total{token=\"crm\",step=\"issue\",reason=\"network\"} 1",
        );
        has(
            &text,
            "scim_rotator_rotations_total{token=\"crm\",trigger=\"force\",result=\"success\"} 1",
        );
        has(
            &text,
            "scim_rotator_rotation_step_duration_seconds_bucket{result=\"success\",step=\"discard\",le=\"0.1\"} 1",
        );
        has(
            &text,
            "scim_rotator_http_requests_total{code=\"201\",operation=\"mint\",target=\"sp\"} 1",
        );
        has(&text, "scim_rotator_http_throttled_total{target=\"idp\"} 1");
        has(
            &text,
            "scim_rotator_clock_skew_seconds{target=\"vault\"} -4",
        );
        assert!(!text.contains("unknown\",trigger"), "{text}");
    }

    #[test]
    fn times_that_are_not_known_are_absent() {
        let metrics = metrics();
        let name = "scim_rotator_vault_token_expiry_timestamp_seconds";
        assert!(!metrics.render().expect("text").contains(name));
        metrics.vault_token_expiry(Some(fixture::now()));
        has(
            &metrics.render().expect("text"),
            &format!("{name} 1800014400"),
        );
        metrics.vault_token_expiry(None);
        assert!(!metrics.render().expect("text").contains(name));
    }

    #[test]
    fn every_family_has_help_and_a_type_once() {
        let text = metrics().render().expect("text");
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
