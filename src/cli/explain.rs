//! `explain`: what a word in a log line, a label, an alert or an exit code means, and
//! what to do about it. It needs neither configuration nor network.

mod codes;
mod failures;
mod reasons;
mod runbook;

use std::collections::BTreeSet;
use std::io;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use serde_json::json;

use self::runbook::Section;
use super::output::{Output, Table, complain};
use super::{Exit, OutputFormat};
use crate::fault::FaultKind;
use crate::problem::nearest;

/// What to do about a failure of this kind.
pub(super) fn remedy_of(kind: FaultKind) -> &'static str {
    failures::fault(kind).1
}

/// The command line of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A reason, finding, kind of failure, stage, trigger, result, alert or exit code, for
    /// example `wrong_target`, `ScimTokenRejected` or `75`. All are listed without it.
    #[arg(value_name = "CODE", add = ArgValueCandidates::new(candidates))]
    pub code: Option<String>,
}

/// One meaning of one word. A word can have several: `refused` is a reason and a kind of
/// failure.
#[derive(Debug)]
struct Entry {
    /// Where the word is met.
    family: Family,
    code: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

/// Where a word is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Reason,
    Finding,
    Failure,
    Halt,
    Stage,
    Trigger,
    Result,
    Privilege,
    Trust,
    Request,
    Exit,
    State,
}

impl Family {
    /// For people: what the word is, and where it stands.
    fn words(self) -> &'static str {
        match self {
            Self::Reason => "reason of a decision (`reason` in logs, `plan`, `status`)",
            Self::Finding => "what a test of a token found (`reason` of a probe)",
            Self::Failure => "kind of failure (`kind` in logs, `reason` in metrics)",
            Self::Halt => "why a token is halted (`cause`)",
            Self::Stage => "stage of a rotation (`stage`)",
            Self::Trigger => "why a rotation began (`trigger`)",
            Self::Result => "how a rotation ended (`result`)",
            Self::Privilege => "what a token may do (`privilege`)",
            Self::Trust => "part of the trust behind a federated credential (`part`)",
            Self::Request => "why a request has no status (`code` in metrics)",
            Self::Exit => "exit code",
            Self::State => {
                "state of a token (`state` in `status`, on the page, in metrics and logs)"
            }
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Finding => "finding",
            Self::Failure => "failure",
            Self::Halt => "halt",
            Self::Stage => "stage",
            Self::Trigger => "trigger",
            Self::Result => "result",
            Self::Privilege => "privilege",
            Self::Trust => "trust",
            Self::Request => "request",
            Self::Exit => "exit",
            Self::State => "state",
        }
    }
}

/// Explains one code, or lists all.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    let entries = codes::all();
    let sections = runbook::sections();
    let Some(code) = &args.code else {
        // If nobody reads the output any more, there is nothing to do.
        drop(list(&entries, &sections, output));
        return Exit::Ok;
    };
    let wanted = normal(code);
    let meant: Vec<&Entry> = entries
        .iter()
        .filter(|entry| normal(entry.code) == wanted)
        .collect();
    let alert = sections
        .iter()
        .find(|section| normal(section.alert) == wanted);
    if meant.is_empty() && alert.is_none() {
        complain(&unknown(code, &entries, &sections));
        return Exit::Usage;
    }
    let mentioned: Vec<&str> = sections
        .iter()
        .filter(|section| meant.iter().any(|entry| section.mentions(entry.code)))
        .map(|section| section.alert)
        .collect();
    // If nobody reads the output any more, there is nothing to do.
    drop(show(&meant, alert, &mentioned, output));
    Exit::Ok
}

/// What a shell offers.
fn candidates() -> Vec<CompletionCandidate> {
    let codes = codes::all().into_iter().map(|entry| entry.code);
    let alerts = runbook::sections().into_iter().map(|section| section.alert);
    // A word can have several meanings.
    let words: BTreeSet<&str> = codes.chain(alerts).collect();
    words.into_iter().map(CompletionCandidate::new).collect()
}

/// People write `waiting operator` where programs write `waiting_operator`.
fn normal(code: &str) -> String {
    let code = code.trim().to_ascii_lowercase();
    code.replace([' ', '-'], "_")
}

fn unknown(code: &str, entries: &[Entry], sections: &[Section]) -> String {
    let known = entries.iter().map(|entry| entry.code);
    let known = known.chain(sections.iter().map(|one| one.alert));
    let meant = nearest(&normal(code), known)
        .map(|known| format!("did you mean `{known}`? "))
        .unwrap_or_default();
    format!(
        "nothing here is called `{}`: {meant}`scim-rotator explain` lists every code\n",
        code.escape_debug()
    )
}

fn list(entries: &[Entry], sections: &[Section], output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let codes: Vec<_> = entries.iter().map(entry_json).collect();
        let alerts: Vec<_> = sections.iter().map(|section| section.alert).collect();
        return output.json(&json!({ "codes": codes, "alerts": alerts }));
    }
    let mut table = Table::new(["CODE", "IS", "MEANING"]);
    for entry in entries {
        let cells = [entry.code, entry.family.word(), entry.meaning];
        table.row(cells.map(str::to_owned));
    }
    for section in sections {
        let meaning = section.meaning();
        table.row([section.alert.to_owned(), "alert".to_owned(), meaning]);
    }
    output.text(&table.text())
}

fn show(
    meant: &[&Entry],
    alert: Option<&Section>,
    mentioned: &[&str],
    output: &mut Output,
) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let codes: Vec<_> = meant.iter().map(|entry| entry_json(entry)).collect();
        let alert = alert.map(|one| json!({ "alert": one.alert, "text": one.text }));
        return output.json(&json!({ "codes": codes, "alert": alert, "alerts": mentioned }));
    }
    let mut parts: Vec<String> = meant
        .iter()
        .map(|entry| {
            format!(
                "{}: {}\n  Meaning: {}\n  What to do: {}\n",
                entry.code,
                entry.family.words(),
                entry.meaning,
                entry.remedy
            )
        })
        .collect();
    parts.extend(alert.map(|section| format!("{}: alert\n\n{}\n", section.alert, section.text)));
    if !mentioned.is_empty() {
        parts.push(format!(
            "Alerts whose section of the runbook names it: {}.\n`scim-rotator explain {}` shows a section.\n",
            mentioned.join(", "),
            mentioned[0]
        ));
    }
    output.text(&parts.join("\n"))
}

fn entry_json(entry: &Entry) -> serde_json::Value {
    json!({
        "code": entry.code,
        "family": entry.family.word(),
        "meaning": entry.meaning,
        "remedy": entry.remedy,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Shown(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shown {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn explained(code: Option<&str>, format: OutputFormat) -> (Exit, String) {
        let shown = Shown::default();
        let mut output = Output::to_writer(format, Box::new(shown.clone()));
        let code = code.map(str::to_owned);
        let exit = run(&Args { code }, &mut output);
        let text = String::from_utf8_lossy(&shown.0.lock()).into_owned();
        (exit, text)
    }

    #[test]
    fn a_word_is_explained_in_each_of_its_meanings() {
        let (exit, text) = explained(Some("refused"), OutputFormat::Text);
        assert_eq!(exit, Exit::Ok);
        assert!(text.contains("refused: reason of a decision"), "{text}");
        assert!(text.contains("refused: kind of failure"), "{text}");
        let (exit, text) = explained(Some("Wrong Target"), OutputFormat::Text);
        assert_eq!(exit, Exit::Ok);
        assert!(text.contains("why a token is halted"), "{text}");
        assert_eq!(explained(Some("75"), OutputFormat::Text).0, Exit::Ok);
    }

    #[test]
    fn an_alert_is_explained_by_its_section_of_the_runbook() {
        let (exit, text) = explained(Some("scimtokenrejected"), OutputFormat::Text);
        assert_eq!(exit, Exit::Ok);
        assert!(text.starts_with("ScimTokenRejected: alert"), "{text}");
        assert!(text.contains("**Remedy.**"), "{text}");
        let (_, json) = explained(Some("ScimTokenRejected"), OutputFormat::Json);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["alert"]["alert"], "ScimTokenRejected");
    }

    #[test]
    fn every_code_is_listed_and_an_unknown_one_is_refused() {
        let (exit, json) = explained(None, OutputFormat::Json);
        assert_eq!(exit, Exit::Ok);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert!(json["codes"].as_array().is_some_and(|all| all.len() > 100));
        assert_eq!(
            explained(Some("wrong_tarqet"), OutputFormat::Text).0,
            Exit::Usage
        );
        let said = unknown("wrong_tarqet", &codes::all(), &[]);
        assert!(said.contains("did you mean `wrong_target`?"), "{said}");
    }
}
