//! Counts messages to people.

use jiff::Timestamp;

use super::metrics::Metrics;
use crate::notify::Tally;

/// The values of the label `result`.
const RESULTS: [&str; 3] = ["sent", "failed", "given_up"];

impl Metrics {
    fn notification(&self, target: &str, result: &str) {
        let notifications = &self.instruments.notifications;
        notifications.with_label_values(&[target, result]).inc();
    }
}

impl Tally for Metrics {
    /// Counters start at zero, so that their first increase is visible.
    fn expect(&self, target: &str) {
        for result in RESULTS {
            let notifications = &self.instruments.notifications;
            notifications.with_label_values(&[target, result]);
        }
    }

    fn sent(&self, target: &str) {
        self.notification(target, "sent");
        self.settled(target);
    }

    fn failed(&self, target: &str, since: Option<Timestamp>) {
        self.notification(target, "failed");
        if let Some(since) = since {
            let failing = &self.instruments.notify_failing;
            failing.with_label_values(&[target]).set(since.as_second());
        }
    }

    fn settled(&self, target: &str) {
        let failing = &self.instruments.notify_failing;
        // It is absent unless it failed before.
        drop(failing.remove_label_values(&[target]));
    }

    fn given_up(&self, target: &str) {
        self.notification(target, "given_up");
    }

    fn forget(&self, target: &str) {
        for result in RESULTS {
            let notifications = &self.instruments.notifications;
            drop(notifications.remove_label_values(&[target, result]));
        }
        self.settled(target);
    }
}
