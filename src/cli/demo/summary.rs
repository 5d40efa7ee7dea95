//! The summary at the end of the demo, and whether it succeeded.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::breaking::Broken;
use super::paint::{COLUMNS, Paint, Word, wrapped};
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
    /// Whether a person ended it, maybe before there was anything to see.
    pub(super) interrupted: bool,
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
        if self.interrupted {
            return complaints;
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
    pub(super) fn text(&self, colour: bool) -> String {
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
            self.counts.retired(),
            calls.ok,
            calls.users_created,
            calls.refused,
        );
        if self.counts.steps("revoke_orphan") > 0 {
            text += &format!(
                "  lost          {} new token whose value nobody knew: found and revoked\n",
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
            text += &format!("  broken        {}\n", broken.sentence(self.interrupted));
        }
        let complaints = self.complaints();
        let verdict = self.verdict(&complaints);
        let paint = match complaints.is_empty() {
            true => Paint::Good,
            false => Paint::Bad,
        };
        let words: Vec<_> = Word::all(&verdict, paint).collect();
        text + "\n" + &wrapped(&words, 0, COLUMNS, colour).join("\n") + "\n"
    }

    /// The last sentence.
    fn verdict(&self, complaints: &[String]) -> String {
        if !complaints.is_empty() {
            return format!("NOT well: {}.", complaints.join("; "));
        }
        let rotated = self.counts.rotations().values().any(|count| *count > 0);
        let unrecovered = self.broken.as_ref().and_then(Broken::complaint);
        match (rotated, self.interrupted, unrecovered) {
            (_, true, Some(_)) => {
                "All is well so far: you ended it before the broken part could recover, and no \
                 provisioning call was refused."
                    .to_owned()
            }
            (true, _, _) => {
                "All is well: tokens were rotated, and no provisioning call was refused.".to_owned()
            }
            (false, true, _) => {
                "All is well so far: you ended it before a token was rotated.".to_owned()
            }
            (false, false, _) => {
                "All is well so far; it was too short for a token to be rotated.".to_owned()
            }
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
            "interrupted": self.interrupted,
            "rotations": self.counts.rotations().values().sum::<u64>(),
            "rotations_by_token": self.counts.rotations(),
            "retired": self.counts.retired(),
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
            interrupted: false,
        }
    }

    fn fails(change: impl Fn(&mut Summary), word: &str) {
        let mut summary = summary();
        assert_eq!(summary.exit(), Exit::Ok);
        assert!(summary.text(false).contains("All is well"));
        change(&mut summary);
        assert_eq!(summary.exit(), Exit::Failed, "{word}");
        assert!(
            summary.text(false).contains(word),
            "{}",
            summary.text(false)
        );
        assert!(!summary.text(false).contains("All is well"), "{word}");
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
    fn a_person_who_ends_it_early_is_told_no_failure() {
        let mut summary = summary();
        summary.interrupted = true;
        summary.provisioning.ok = 0;
        summary.broken = Some(Broken::new(Break::Crash));
        assert_eq!(summary.exit(), Exit::Ok);
        let text = summary.text(false);
        assert!(text.contains("not broken yet when you ended it"), "{text}");
        assert!(text.contains("All is well so far"), "{text}");
        summary.provisioning.refused = 1;
        assert_eq!(summary.exit(), Exit::Failed, "a refused call stays one");
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
        assert!(summary.text(false).contains("recovered after 7 s"));
        assert_eq!(summary.facts()["broken"]["recovered"], true);
    }
}
