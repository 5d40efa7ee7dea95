//! The summary at the end of the demo, and whether it succeeded.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::breaking::Broken;
use super::tally::Counts;
use crate::cli::Exit;
use crate::demo::stage::Provisioning;

/// The whole run.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub(super) ran: SignedDuration,
    pub(super) counts: Counts,
    pub(super) provisioning: Provisioning,
    pub(super) broken: Option<Broken>,
    /// Why the daemon ended by itself.
    pub(super) daemon_failed: Option<String>,
}

impl Summary {
    /// What went wrong; empty if nothing did.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Some(error) = &self.daemon_failed {
            complaints.push(format!("the daemon ended by itself: {error}"));
        }
        if self.provisioning.refused > 0 {
            complaints.push(format!(
                "{} provisioning calls were refused (401 or 403): an outage",
                self.provisioning.refused
            ));
        }
        if self.provisioning.ok == 0 {
            complaints.push("no provisioning call was carried out: nothing was shown".to_owned());
        }
        let unrecovered = self.broken.as_ref().and_then(Broken::complaint);
        complaints.extend(unrecovered);
        complaints
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self.complaints().is_empty() {
            true => Exit::Ok,
            false => Exit::Failed,
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let rotations = self.counts.rotations();
        let each: Vec<_> = rotations
            .iter()
            .map(|(token, count)| format!("{token} {count}"))
            .collect();
        let calls = &self.provisioning;
        let mut text = format!(
            "\nAfter {}:\n\
             \x20 rotations     {} ({}), besides the first token of each\n\
             \x20 retired       {} old tokens: revoked, and shown to be refused\n\
             \x20 provisioning  {} calls carried out, {} users created\n\
             \x20 refused       {} calls (401 or 403)\n",
            length(self.ran),
            rotations.values().sum::<u64>(),
            each.join(", "),
            self.counts.steps("retire"),
            calls.ok,
            calls.users_created,
            calls.refused,
        );
        if self.counts.steps("revoke_orphan") > 0 {
            text += &format!(
                "  lost          {} of the new tokens: its value was known to nobody; found and revoked\n",
                self.counts.steps("revoke_orphan")
            );
        }
        if calls.failed + calls.unreachable > 0 {
            text += &format!(
                "  failed        {} calls with another error, {} without an answer\n",
                calls.failed, calls.unreachable
            );
        }
        if let Some(broken) = &self.broken {
            text += &format!("  broken        {}\n", broken.sentence());
        }
        let complaints = self.complaints();
        let turned_over = rotations.values().any(|count| *count > 0);
        text + &match (complaints.is_empty(), turned_over) {
            (true, true) => {
                "\nAll is well: tokens turned over, and no provisioning call was refused.\n"
                    .to_owned()
            }
            (true, false) => {
                "\nAll is well so far; it was too short for a token to turn over.\n".to_owned()
            }
            (false, _) => format!("\nNOT well: {}.\n", complaints.join("; ")),
        }
    }

    /// For programs.
    pub(super) fn facts(&self) -> Value {
        let complaints = self.complaints();
        json!({
            "event": "summary",
            "result": if complaints.is_empty() { "success" } else { "failed" },
            "detail": complaints,
            "seconds": self.ran.as_secs(),
            "rotations": self.counts.rotations().values().sum::<u64>(),
            "rotations_by_token": self.counts.rotations(),
            "retired": self.counts.steps("retire"),
            "lost_and_revoked": self.counts.steps("revoke_orphan"),
            "refused": self.provisioning.refused,
            "provisioning": self.provisioning,
            "broken": self.broken.as_ref().map(Broken::facts),
        })
    }
}

/// Minutes and seconds.
pub(super) fn length(ran: SignedDuration) -> String {
    match (ran.as_secs() / 60, ran.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::breaking::Break;

    fn summary() -> Summary {
        Summary {
            ran: SignedDuration::from_secs(180),
            counts: Counts::default(),
            provisioning: Provisioning {
                ok: 10,
                ..Provisioning::default()
            },
            broken: None,
            daemon_failed: None,
        }
    }

    fn fails(change: impl Fn(&mut Summary), word: &str) {
        let mut summary = summary();
        assert_eq!(summary.exit(), Exit::Ok);
        assert!(summary.text().contains("All is well"));
        change(&mut summary);
        assert_eq!(summary.exit(), Exit::Failed, "{word}");
        assert!(summary.text().contains(word), "{}", summary.text());
        assert!(!summary.text().contains("All is well"), "{word}");
        assert_eq!(summary.facts()["result"], "failed", "{word}");
    }

    #[test]
    fn lengths_are_told_in_minutes_and_seconds() {
        let told = |seconds| length(SignedDuration::from_secs(seconds));
        assert_eq!(
            [told(59), told(180), told(90)],
            ["59 s", "3 min", "1 min 30 s"]
        );
    }

    #[test]
    fn one_refused_call_is_a_failure() {
        fails(
            |s| s.provisioning.refused = 1,
            "1 provisioning calls were refused",
        );
    }

    #[test]
    fn a_run_that_shows_nothing_is_a_failure() {
        fails(|s| s.provisioning.ok = 0, "nothing was shown");
        let stopped = |s: &mut Summary| s.daemon_failed = Some("no port".to_owned());
        fails(stopped, "no port");
    }

    #[test]
    fn what_was_broken_must_have_recovered() {
        let mut broken = Broken::new(Break::Vault);
        fails(|s| s.broken = Some(broken.clone()), "never");
        broken.struck = true;
        fails(|s| s.broken = Some(broken.clone()), "not recovered");
        broken.recovered_after = Some(SignedDuration::from_secs(7));
        let mut summary = summary();
        summary.broken = Some(broken);
        assert_eq!(summary.exit(), Exit::Ok);
        assert!(summary.text().contains("recovered after 7 s"));
        assert_eq!(summary.facts()["broken"]["recovered"], true);
    }
}
