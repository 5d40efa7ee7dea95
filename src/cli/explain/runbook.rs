//! The sections of the runbook, which the program carries.

const RUNBOOK: &str = include_str!("../../../deploy/RUNBOOK.md");

/// The section of one alert.
#[derive(Debug)]
pub(super) struct Section {
    /// The alert's name.
    pub(super) alert: &'static str,
    /// What follows the heading, as Markdown.
    pub(super) text: &'static str,
}

/// Every section, in the runbook's order.
pub(super) fn sections() -> Vec<Section> {
    let parts = RUNBOOK.split("\n### ").skip(1);
    let section = parts.filter_map(|part| {
        let (heading, text) = part.split_once('\n')?;
        // The last section of a chapter ends where the next chapter begins.
        let text = text.split("\n## ").next()?;
        Some(Section {
            alert: heading.trim(),
            text: text.trim(),
        })
    });
    section
        .filter(|section| section.alert.starts_with("Scim"))
        .collect()
}

impl Section {
    /// The first sentence of what it means.
    pub(super) fn meaning(&self) -> String {
        let text = self.text.strip_prefix("**Meaning.** ").unwrap_or(self.text);
        let paragraph = text.split("\n\n").next().unwrap_or_default();
        let paragraph = paragraph.replace('\n', " ");
        match paragraph.split_once(". ") {
            Some((sentence, _)) => format!("{sentence}."),
            None => paragraph,
        }
    }

    /// Whether the section names the code.
    pub(super) fn mentions(&self, code: &str) -> bool {
        let spaced = code.replace('_', " ");
        [code, &spaced]
            .iter()
            .any(|code| self.text.contains(&format!("`{code}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_section_has_a_meaning_and_ends_before_the_next_one() {
        let sections = sections();
        assert!(sections.len() > 40, "{}", sections.len());
        for section in &sections {
            let text = section.text;
            assert!(text.starts_with("**Meaning.**"), "{}", section.alert);
            assert!(text.contains("**Remedy.**"), "{}", section.alert);
            assert!(!text.contains("\n#"), "{}", section.alert);
            let meaning = section.meaning();
            assert!(!meaning.contains("**") && meaning.len() > 10, "{meaning}");
        }
    }

    #[test]
    fn a_code_is_found_in_both_spellings_and_as_a_whole() {
        let section = Section {
            alert: "ScimTest",
            text: "the usual ones are `waiting operator` and `halted`",
        };
        assert!(section.mentions("waiting_operator"));
        assert!(section.mentions("halted"));
        assert!(!section.mentions("halt"));
        assert!(!section.mentions("usual"));
    }
}
