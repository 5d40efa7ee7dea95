//! Every command line that is deployed or written down is one that the program
//! takes.

use clap::Parser;
use scim_rotator::cli::Cli;

use crate::read;

#[test]
fn the_units_and_the_manifests_start_the_program_as_it_wants() {
    for (unit, started) in [("scim-rotator", 2), ("scim-rotator-once", 1)] {
        let unit = read(&format!("deploy/systemd/{unit}.service"));
        let lines: Vec<_> = unit
            .lines()
            .filter(|line| line.starts_with("Exec"))
            .filter_map(|line| Some(line.split_once("=/usr/bin/")?.1))
            .collect();
        assert_eq!(lines.len(), started, "{lines:?}");
        lines.into_iter().for_each(parses);
    }

    // The program itself is the entry point of the image.
    let image = read("deploy/container/Containerfile");
    assert!(image.contains("\nENTRYPOINT [\"/usr/bin/scim-rotator\"]\nCMD [\"run\"]\n"));
    let manifest = read("deploy/kubernetes/base/deployment.yaml");
    assert!(!manifest.contains(" command:"));
    let (_, rest) = manifest.split_once("        args:\n").expect("args");
    let args: Vec<&str> = rest
        .lines()
        .map_while(|line| line.strip_prefix("        - "))
        .collect();
    assert!(!args.is_empty());
    parses(&format!("scim-rotator {}", args.join(" ")));
}

#[test]
fn commands_in_the_documents_and_alerts_are_taken() {
    let files = [
        ".github/CONTRIBUTING.md",
        "README.md",
        "config/ADOPTION.md",
        "config/BEHAVIOUR.md",
        "config/CREDENTIALS.md",
        "config/vendors/README.md",
        "deploy/COMMANDS.md",
        "deploy/DISASTER.md",
        "deploy/FAQ.md",
        "deploy/README.md",
        "deploy/REPORT.md",
        "deploy/RUNBOOK.md",
        "deploy/SCALE.md",
        "deploy/SECURITY-MODEL.md",
        "deploy/UPGRADE.md",
        "deploy/prometheus/scim-rotator.rules.yml",
        "deploy/vault/scim-rotator.hcl",
    ];
    for file in files {
        let text = read(file).replace("{{ $labels.token }}", "crm");
        let lines = commands(&text);
        assert!(!lines.is_empty(), "{file} names no command");
        lines.iter().for_each(|line| parses(line));
    }
}

/// What stands in backticks or after a prompt and runs the program with a
/// subcommand: from the program's name on.
fn commands(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let in_backticks = prose.split('`').skip(1).step_by(2);
    let prompts = text.lines().map(str::trim);
    let after_prompts = prompts.filter_map(|line| line.strip_prefix("$ "));
    in_backticks
        .chain(after_prompts)
        .map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "))
        // Vault's own command, with our name as that of a policy.
        .filter(|piece| !piece.starts_with("vault "))
        .filter_map(|piece| {
            let at = piece.rfind("scim-rotator ")?;
            let before = piece[..at].chars().last();
            let is_program = before.is_none_or(|c| c == ' ') || piece[..at].ends_with("/bin/");
            is_program.then(|| piece[at..].to_owned())
        })
        .collect()
}

fn parses(line: &str) {
    // What a shell does with its output and input is no part of it, and no comment.
    let of_the_shell = [" | ", " < ", " > ", " # "];
    let command = |line, mark| str::split(line, mark).next().unwrap_or(line);
    let line = of_the_shell.into_iter().fold(line, command);
    if let Err(error) = Cli::try_parse_from(words(line)) {
        // `--help` and `--version` end with 0.
        assert_eq!(error.exit_code(), 0, "{line}\n{error}");
    }
}

/// The words of a command line, as a shell separates them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, piece) in line.split('"').enumerate() {
        let mut parts = match index % 2 {
            0 => piece.split(' ').collect::<Vec<_>>(),
            _ => vec![piece],
        }
        .into_iter();
        if let (Some(word), Some(part)) = (words.last_mut(), parts.next()) {
            word.push_str(part);
        }
        words.extend(parts.map(str::to_owned));
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}
