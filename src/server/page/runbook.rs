//! The runbook as a page, so that what to do is one click away also where nothing
//! else can be reached.

use serde::Serialize;

const RUNBOOK: &str = include_str!("../../../deploy/RUNBOOK.md");

/// A section under one heading.
#[derive(Serialize)]
pub(super) struct Section {
    level: usize,
    id: String,
    heading: String,
    text: String,
}

/// Its sections. The text stays as Markdown, which people can read.
pub(super) fn sections() -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    let mut is_code = false;
    for line in RUNBOOK.lines() {
        is_code ^= line.starts_with("```");
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let heading = line.get(level..).and_then(|rest| rest.strip_prefix(' '));
        match (is_code, level, heading) {
            (false, 1..=4, Some(heading)) => all.push(Section {
                level: level.clamp(1, 3),
                id: anchor(heading),
                heading: heading.trim().to_owned(),
                text: String::new(),
            }),
            _ => {
                if let Some(section) = all.last_mut() {
                    section.text.push_str(line);
                    section.text.push('\n');
                }
            }
        }
    }
    for section in &mut all {
        section.text = section.text.trim_matches('\n').to_owned();
    }
    all
}

/// What links to a heading name it by.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' | '-' => Some('-'),
        c if c.is_alphanumeric() || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::state::STATES;

    #[test]
    fn every_alert_and_the_states_have_their_place() {
        let all = sections();
        let has = |id: &str| all.iter().filter(|section| section.id == id).count() == 1;
        for id in ["scimtokenexpired", "scimidpquarantined", "first"] {
            assert!(has(id), "{id}");
        }
        let (_, states) = STATES.split_once('#').expect("an anchor");
        assert!(has(states), "{states}");
        assert!(all.iter().all(|section| !section.text.contains("\n## ")));
    }
}
