//! What is part of the language, and what `check` says of the rest.

use super::super::*;
use crate::http::names::{Purpose, Side};
use crate::problem::Problem;

fn known() -> Names {
    Names::of(
        Side::Connection,
        Purpose::Deliver,
        &super::sample::configured(),
    )
}

fn whole(source: &str) -> Vec<Problem> {
    let mut problems = Problems::default();
    Template::new(source).check("x.url", &known(), &mut problems);
    problems.all().to_vec()
}

fn field(source: &str) -> Vec<Problem> {
    let mut problems = Problems::default();
    Template::new(source).check_field("x.headers.a", &known(), &mut problems);
    problems.all().to_vec()
}

fn json(source: &str) -> Vec<Problem> {
    let mut problems = Problems::default();
    JsonTemplate(source.into()).check("x.body.json", &known(), &mut problems);
    problems.all().to_vec()
}

#[test]
fn what_is_not_part_of_the_language_is_refused_with_a_remedy() {
    let cases = [
        ("{% for a in token %}{% endfor %}", "{% for %}"),
        ("{% set a = token %}", "{% set %}"),
        ("{% set a %}x{% endset %}", "{% set %}"),
        ("{% with a = token %}{% endwith %}", "{% with %}"),
        ("{% filter upper %}a{% endfilter %}", "{% filter %}"),
        (
            "{% autoescape true %}{% endautoescape %}",
            "{% autoescape %}",
        ),
        ("{% do token() %}", "{% do %}"),
        ("{% macro a() %}{% endmacro %}", "unknown statement macro"),
        ("{% call a() %}{% endcall %}", "unknown statement call"),
        ("{% include 'a' %}", "unknown statement include"),
        ("{% import 'a' as b %}", "unknown statement import"),
        ("{% from 'a' import b %}", "unknown statement from"),
        ("{% extends 'a' %}", "unknown statement extends"),
        ("{% block a %}{% endblock %}", "unknown statement block"),
        ("{% break %}", "unknown statement break"),
    ];
    for (source, what) in cases {
        let found = whole(source);
        assert!(
            found
                .iter()
                .any(|p| p.message.contains(what) && p.remedy.contains("{% if %}")),
            "{source}: {found:?}"
        );
    }
    let cases = [
        ("{{ range(3) }}", "calls a function"),
        ("{{ token.upper() }}", "calls a function"),
        ("{{ (token, 1) }}", "list in parentheses"),
        ("{{ token ~ 'a' }}", "joins texts with `~`"),
        ("{{ none }}", "uses `none`"),
        ("{{ token == none }}", "uses `none`"),
        ("{{ token | default(none) }}", "uses `none`"),
        ("{{ token if token }}", "no `else`"),
        ("{{ token | replace(old='a', new='b') }}", "has a name"),
        (
            "{{ token | replace(*config.scopes) }}",
            "has a name or a `*`",
        ),
        ("{{ token | replace('a') }}", "does not take 1 arguments"),
        ("{{ token | default }}", "does not take 0 arguments"),
        ("{{ token | safe }}", "the filter `safe`"),
        (
            "{{ token | lower | default('a') }}",
            "`lower` fails on a missing",
        ),
        (
            "{{ token | lower | or_omit }}",
            "`lower` fails on a missing",
        ),
        ("{{ token | trim | or_null }}", "`trim` fails on a missing"),
        (
            "{% if token | trim is defined %}a{% endif %}",
            "`trim` fails",
        ),
        ("{{ token is startingwith }}", "does not take 0 arguments"),
    ];
    for (source, what) in cases {
        let found = whole(source);
        let told = found
            .iter()
            .any(|p| p.message.contains(what) && !p.remedy.is_empty());
        assert!(told, "{source}: {found:?}");
    }
}

#[test]
fn unknown_filters_and_tests_are_named_with_what_there_is() {
    let filter = &whole("{{ token | uper }}")[0];
    assert!(filter.message.contains("`uper`"), "{filter:?}");
    assert!(
        filter.remedy.contains("did you mean `upper`?"),
        "{filter:?}"
    );
    assert!(filter.remedy.contains("b64encode"), "{filter:?}");
    let test = &whole("{% if token is startswith('a') %}a{% endif %}")[0];
    assert!(
        test.remedy.contains("did you mean `startingwith`?"),
        "{test:?}"
    );
    let none = &whole("{% if token is none %}a{% endif %}")[0];
    assert!(none.remedy.contains("is not defined"), "{none:?}");
}

#[test]
fn what_the_language_has_is_accepted() {
    for source in [
        "plain {x} {}",
        "{# a comment #}{% raw %}{{ anything }}{% endraw %}",
        "{% if token is defined and not config.tenant == 'a' %}a{% elif 1 < 2 %}b{% else %}c{% endif %}",
        "{{ token[1:3] }}{{ token[-4:] }}",
        "{{ steps.find.json[config.tenant].id }}",
        "{{ steps.find.json.apps[-1].id }}",
        "{{ 'a' if config.tenant in ['a', 'b'] else 'c' }}",
        "{{ (1 + 2 * 3) // 2 - 1 }}",
        "{{ (steps.find.json.owner | default({})).id | default('x') }}",
        "{{ config.scopes | join(' ') }}{{ config.scopes[0] }}",
        "{{ config.scopes | first | default('a') | upper }}",
    ] {
        assert_eq!(whole(source), [], "{source}");
        assert_eq!(field(source), [], "{source}");
        assert_eq!(json(source), [], "{source}");
    }
}

#[test]
fn what_may_be_missing_depends_on_the_place() {
    let cases = [
        ("{{ old_token | or_omit }}", false, true, true),
        ("Bearer {{ old_token | or_omit }}", false, true, true),
        (
            "{{ (token if config.tenant) | or_omit }}",
            false,
            true,
            true,
        ),
        ("{{ old_token | or_null }}", false, false, true),
        ("{{ none | or_null }}", false, false, true),
        (
            "{{ (token | lower if token is defined) | or_omit }}",
            false,
            true,
            true,
        ),
        ("{{ (token | split('.'))[1] | or_omit }}", false, true, true),
        ("{{ config.scopes | last | or_omit }}", false, true, true),
        ("Bearer {{ old_token | or_null }}", false, false, false),
        ("{{ old_token | or_omit | upper }}", false, false, false),
        ("{{ [old_token | or_null] }}", false, false, false),
        (
            "{% if old_token | or_omit %}a{% endif %}",
            false,
            false,
            false,
        ),
    ];
    for (source, in_whole, in_field, in_json) in cases {
        assert_eq!(whole(source).is_empty(), in_whole, "{source}");
        assert_eq!(field(source).is_empty(), in_field, "{source}");
        assert_eq!(json(source).is_empty(), in_json, "{source}");
    }
}

#[test]
fn unknown_names_are_found_in_every_corner() {
    for source in [
        "{{ tokn }}",
        "{{ tokn[:4] }}",
        "{{ tokn.a[:4] }}",
        "{{ token[tokn:] }}",
        "{{ token[:tokn] }}",
        "{{ token[::tokn] }}",
        "{{ -tokn }}",
        "{{ 1 + tokn }}",
        "{{ 1 < 2 < tokn }}",
        "{{ [tokn] | join('') }}",
        "{{ {'a': tokn} }}",
        "{{ {tokn: 'a'} }}",
        "{{ tokn if token else 'a' }}",
        "{{ token if tokn else 'a' }}",
        "{{ token if token else tokn }}",
        "{{ tokn | upper }}",
        "{{ token | replace(tokn, 'a') }}",
        "{{ token | replace('a', tokn[1:]) }}",
        "{{ tokn | default('a') }}",
        "{{ tokn | or_omit }}",
        "{{ (tokn if token) | or_omit }}",
        "{{ token is startingwith(tokn) }}",
        "{{ tokn is defined }}",
        "{{ steps.find.json[tokn] }}",
        "{{ steps.find.json[steps.find.json[tokn]] }}",
        "{{ (tokn | default({})).a }}",
        "{% if tokn %}a{% endif %}",
        "{% if token %}{{ tokn }}{% endif %}",
        "{% if token %}a{% elif tokn %}b{% endif %}",
        "{% if token %}a{% else %}{{ tokn }}{% endif %}",
        "{% for a in token %}{% endfor %}{{ tokn }}",
    ] {
        let found = field(source);
        assert!(
            found.iter().any(|p| p.message.contains("`tokn")),
            "{source}: {found:?}"
        );
    }
}
