//! The value of a parameter in its type.

use crate::config::finding::{Finding, Findings};
use crate::config::typed::{self, Section, Size};
use crate::config::wording::{is_quoted, unknown_name};
use crate::value::{Credential, HumanDuration};
use crate::vendors::file::{Parameter, ParameterType};
use crate::vendors::is_textual;
use crate::vendors::values::{Host, ServerUrl};

/// Whether a value is of a parameter's type; notes what is wrong with it, and
/// warns when it looks unusual.
pub(super) fn check(section: &Section<'_>, parameter: &Parameter, findings: &mut Findings) -> bool {
    let sound = match parameter.kind {
        ParameterType::Text => is_a::<String>(section, findings),
        ParameterType::Host => is_a::<Host>(section, findings),
        ParameterType::Url => is_a::<ServerUrl>(section, findings),
        ParameterType::Integer => is_a::<i64>(section, findings),
        ParameterType::Duration => is_a::<HumanDuration>(section, findings),
        ParameterType::Credential => is_a::<Credential>(section, findings),
        ParameterType::List => is_a::<Vec<String>>(section, findings),
        ParameterType::Choice => {
            is_a::<String>(section, findings) && is_offered(section, parameter, findings)
        }
    };
    if sound {
        warn_if_unusual(section, parameter, findings);
    }
    sound
}

fn is_a<T: serde::de::DeserializeOwned>(section: &Section<'_>, findings: &mut Findings) -> bool {
    let draft = typed::read::<T>(section.clone(), &[], Size::Small, findings);
    draft.is_some_and(|draft| draft.placeholders.is_empty())
}

fn is_offered(section: &Section<'_>, parameter: &Parameter, findings: &mut Findings) -> bool {
    let choices: Vec<_> = parameter.choices.iter().map(String::as_str).collect();
    let value = section.value.get_ref().as_str().unwrap_or_default();
    if choices.contains(&value) {
        return true;
    }
    let wording = unknown_name("choice", value, &choices);
    let is_quoted = is_quoted(value, &choices);
    let message = match is_quoted {
        true => wording.message,
        // It may be a secret in the wrong place.
        false => "there is no such choice".to_owned(),
    };
    let finding = Finding::error(
        section.source,
        section.span.clone(),
        section.path.clone(),
        message,
        wording.remedy,
    );
    let hidden = (!is_quoted).then(|| section.span.clone());
    findings.push(finding.hiding(hidden.into_iter().collect()));
    false
}

/// A pattern was written by somebody who has not seen every tenant.
fn warn_if_unusual(section: &Section<'_>, parameter: &Parameter, findings: &mut Findings) {
    let pattern = parameter.usual().filter(|_| is_textual(parameter.kind));
    let text = section.value.get_ref().as_str();
    if let (Some(pattern), Some(text)) = (pattern, text)
        && !pattern.is_match(text)
    {
        let finding = Finding::error(
            section.source,
            section.span.clone(),
            section.path.clone(),
            format!(
                "this does not look like the usual values here: `{}`",
                parameter.pattern.as_deref().unwrap_or_default()
            ),
            format!("use it if it is right; this is {}", parameter.about),
        );
        findings.push(finding.into_warning());
    }
}
