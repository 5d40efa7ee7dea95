//! Names, help texts, labels and buckets of the metrics that are not about
//! single tokens. [`super::metrics`] updates them.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Error, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use super::observe::Endpoint;
use crate::http::client::Target;
use crate::rotation::record::{RotationResult, Trigger};

/// The values of the label `target`, for counters that start at zero.
const TARGETS: [Target; 5] = [
    Target::Vault,
    Target::Sp,
    Target::Idp,
    Target::Notify,
    Target::Traces,
];

/// Buckets of steps, in seconds.
const STEP_BUCKETS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Buckets of single requests and probes, in seconds.
const REQUEST_BUCKETS: &[f64] = &[0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The metrics, one field each.
pub(super) struct Instruments {
    registry: Registry,
    pub(super) rotations: IntCounterVec,
    pub(super) tokens_revoked: IntCounter,
    pub(super) step_failures: IntCounterVec,
    pub(super) step_duration: HistogramVec,
    pub(super) probe_duration: HistogramVec,
    pub(super) http_requests: IntCounterVec,
    pub(super) http_duration: HistogramVec,
    pub(super) http_throttled: IntCounterVec,
    pub(super) clock_skew: GaugeVec,
    pub(super) write_conflicts: IntCounter,
    pub(super) leases_held: IntGauge,
    pub(super) lease_takeovers: IntCounter,
    pub(super) vault_up: IntGauge,
    pub(super) vault_sealed: IntGauge,
    pub(super) vault_unwrap_failed: IntGauge,
    pub(super) vault_token_expiry: IntGaugeVec,
    pub(super) vault_restored: IntGaugeVec,
    pub(super) last_tick: IntGaugeVec,
    pub(super) lag: Gauge,
    pub(super) reload_successful: IntGauge,
    pub(super) reload_at: IntGaugeVec,
    pub(super) dispatch_paused: IntGaugeVec,
    pub(super) notifications: IntCounterVec,
    pub(super) notify_failing: IntGaugeVec,
    pub(super) inventory_coverage: GaugeVec,
    pub(super) inventory_credentials: IntGaugeVec,
    pub(super) inventory_connections: IntGaugeVec,
    pub(super) inventory_success: IntGaugeVec,
    pub(super) audit_lines: IntCounterVec,
    pub(super) audit_failing: IntGauge,
    pub(super) trace_spans: IntCounterVec,
}

impl Instruments {
    /// Registers all of them.
    ///
    /// # Errors
    /// When two have one name, which a test rules out.
    pub(super) fn new() -> Result<Self, Error> {
        let instruments = Self::register(Maker(Registry::new()))?;
        instruments.preset();
        Ok(instruments)
    }

    fn register(new: Maker) -> Result<Self, Error> {
        new.build_info()?;
        Ok(Self {
            rotations: new.counters(
                "rotations_by_trigger_total",
                ROTATIONS,
                &["trigger", "result"],
            )?,
            tokens_revoked: new.counter("tokens_revoked_total", REVOKED)?,
            step_failures: new.counters(
                "rotation_step_failures_total",
                STEP_FAILURES,
                &["step", "reason"],
            )?,
            step_duration: new.histogram(
                "rotation_step_duration_seconds",
                "How long steps took.",
                &["step", "result"],
                STEP_BUCKETS,
            )?,
            probe_duration: new.histogram(
                "probe_duration_seconds",
                "How long proofs took, at the service provider (sp) or at a connection (idp).",
                &["endpoint"],
                REQUEST_BUCKETS,
            )?,
            http_requests: new.counters(
                "http_requests_total",
                "Requests sent; code is the status or why none came.",
                &["target", "operation", "code"],
            )?,
            http_duration: new.histogram(
                "http_request_duration_seconds",
                "How long requests took.",
                &["target", "operation"],
                REQUEST_BUCKETS,
            )?,
            http_throttled: new.counters("http_throttled_total", THROTTLED, &["target"])?,
            clock_skew: new.gauges("clock_skew_seconds", CLOCK_SKEW, &["target"])?,
            write_conflicts: new.counter("record_write_conflicts_total", WRITE_CONFLICTS)?,
            leases_held: new.integer("leases_held", "Tokens that this replica is working on.")?,
            lease_takeovers: new.counter("lease_takeovers_total", LEASE_TAKEOVERS)?,
            vault_up: new.integer("vault_up", VAULT_UP)?,
            vault_sealed: new.integer("vault_sealed", "Whether Vault said that it is sealed.")?,
            vault_unwrap_failed: new.integer("vault_unwrap_failed", UNWRAP_FAILED)?,
            vault_token_expiry: new
                .instant("vault_token_expiry_timestamp_seconds", VAULT_EXPIRY)?,
            vault_restored: new.instant("vault_restored_timestamp_seconds", VAULT_RESTORED)?,
            last_tick: new.instant("scheduler_last_tick_timestamp_seconds", LAST_TICK)?,
            lag: new.gauge("scheduler_lag_seconds", "How late the last wake-up was.")?,
            reload_successful: new.integer("config_last_reload_successful", RELOAD_SUCCESSFUL)?,
            reload_at: new.instant("config_last_reload_success_timestamp_seconds", RELOAD_AT)?,
            dispatch_paused: new.integers("dispatch_paused", DISPATCH_PAUSED, &["reason"])?,
            notifications: new.counters("notifications_total", NOTIFICATIONS, &["to", "result"])?,
            notify_failing: new.integers(
                "notify_failing_since_timestamp_seconds",
                NOTIFY_FAILING,
                &["to"],
            )?,
            inventory_coverage: new.gauges("inventory_coverage_ratio", COVERAGE, &[])?,
            inventory_credentials: new.integers(
                "inventory_credentials",
                CREDENTIALS,
                &["issuer", "managed"],
            )?,
            inventory_connections: new.integers(
                "inventory_connections",
                CONNECTIONS,
                &["provider", "managed"],
            )?,
            inventory_success: new.integers(
                "inventory_last_success_timestamp_seconds",
                INVENTORY_SUCCESS,
                &["issuer"],
            )?,
            audit_lines: new.counters("audit_lines_total", AUDIT_LINES, &["result"])?,
            audit_failing: new.integer("audit_failing", AUDIT_FAILING)?,
            trace_spans: new.counters("trace_spans_total", TRACE_SPANS, &["result"])?,
            registry: new.0,
        })
    }

    /// Sets counters to zero, so that their first increase is visible.
    fn preset(&self) {
        for trigger in Trigger::ALL {
            for result in RotationResult::ALL {
                let labels = [trigger.as_str(), result.as_str()];
                self.rotations.with_label_values(&labels);
            }
        }
        self.dispatch_paused.with_label_values(&[""]);
        for target in TARGETS {
            self.http_throttled.with_label_values(&[target.as_str()]);
        }
        for result in ["written", "lost"] {
            self.audit_lines.with_label_values(&[result]);
        }
        for result in ["sent", "lost"] {
            self.trace_spans.with_label_values(&[result]);
        }
        for endpoint in Endpoint::ALL {
            self.probe_duration.with_label_values(&[endpoint.as_str()]);
        }
    }

    /// The current values.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

const ROTATIONS: &str = "Rotations of all tokens that this process finished.";
const REVOKED: &str = "Tokens that this process had revoked.";
const STEP_FAILURES: &str = "Steps that failed, of all tokens.";
const THROTTLED: &str = "Answers that asked us to slow down.";
const CLOCK_SKEW: &str = "Our clock minus that of the server that answered last.";
const WRITE_CONFLICTS: &str = "Writes of records that another writer came first with.";
const LEASE_TAKEOVERS: &str = "Rotations taken over from a replica that stopped in the middle.";
const VAULT_UP: &str = "Whether the last authenticated call to Vault succeeded.";
const UNWRAP_FAILED: &str =
    "Whether the last wrapping token of our secret-id could not be unwrapped.";
const VAULT_EXPIRY: &str = "When our own Vault token expires; absent when it never does.";
const VAULT_RESTORED: &str =
    "When it was last noticed that Vault was restored from a snapshot; absent if never.";
const LAST_TICK: &str = "When the supervisor's loop last ran.";
const RELOAD_SUCCESSFUL: &str = "Whether the configuration was valid when it was last read.";
const RELOAD_AT: &str = "When a valid configuration was last read.";
const AUDIT_LINES: &str = "Lines of the audit that were written, and that were lost.";
const TRACE_SPANS: &str = "Spans of traces that a collector accepted, and that were lost.";
const AUDIT_FAILING: &str = "1 while lines of the audit cannot be written.";
const DISPATCH_PAUSED: &str =
    "1 while a person has stopped all work; the label reason says why. 0 otherwise.";
const NOTIFICATIONS: &str =
    "Messages to people by target: accepted (sent), attempts that failed, given up.";
const NOTIFY_FAILING: &str =
    "Since when the receiver of a target accepts no messages; absent while it does.";

const COVERAGE: &str = "Share of what issuers and identity providers list for which a configured token or connection accounts; absent before the first inventory.";
const CREDENTIALS: &str = "Credentials that an issuer lists.";
const CONNECTIONS: &str = "Provisioning connections that an identity provider lists.";
const INVENTORY_SUCCESS: &str = "When an issuer last listed its credentials for the inventory.";

/// Creates metrics and registers them.
struct Maker(Registry);

impl Maker {
    fn build_info(&self) -> Result<(), Error> {
        let revision = option_env!("SCIM_ROTATOR_REVISION").unwrap_or("");
        let opts = opts("build_info", "The program that runs: always 1.")
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("revision", revision);
        self.keep(IntGauge::with_opts(opts)?)?.set(1);
        Ok(())
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.keep(IntCounter::with_opts(opts(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        self.keep(IntCounterVec::new(opts(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge, Error> {
        self.keep(Gauge::with_opts(opts(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, Error> {
        self.keep(GaugeVec::new(opts(name, help), labels)?)
    }

    /// A whole number, most often 0 or 1.
    fn integer(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.keep(IntGauge::with_opts(opts(name, help))?)
    }

    /// Whole numbers with labels, absent until they are set.
    fn integers(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, Error> {
        self.keep(IntGaugeVec::new(opts(name, help), labels)?)
    }

    /// A gauge that is absent until it is set, so that an alert on an age does
    /// not fire before the time is known.
    fn instant(&self, name: &str, help: &str) -> Result<IntGaugeVec, Error> {
        self.keep(IntGaugeVec::new(opts(name, help), &[])?)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, Error> {
        let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
        self.keep(HistogramVec::new(opts, labels)?)
    }

    fn keep<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M, Error> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("scim_rotator")
}
