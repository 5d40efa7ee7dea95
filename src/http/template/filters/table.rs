//! The table of filters and tests, in the order of the documentation.

use minijinja::Environment;
use minijinja::value::{Value, ValueKind};

use super::super::value::is_missing;
use super::functions::{
    Instead, b64encode, default, ends, first, int, join, kind, last, length, lower, or, replace,
    round, split, starts, string, tojson, trim, upper, urlencode, uuid,
};
use super::{Function, Kind};

const fn filter(
    usage: &'static str,
    arguments: (usize, usize),
    about: &'static str,
    (example, gives): (&'static str, &'static str),
    add: fn(&mut Environment<'static>, &'static str),
) -> Function {
    Function {
        kind: Kind::Filter,
        usage,
        about,
        example,
        gives,
        arguments,
        add,
    }
}

const fn test(
    usage: &'static str,
    arguments: (usize, usize),
    about: &'static str,
    (example, gives): (&'static str, &'static str),
    add: fn(&mut Environment<'static>, &'static str),
) -> Function {
    Function {
        kind: Kind::Test,
        usage,
        about,
        example,
        gives,
        arguments,
        add,
    }
}

/// Every filter and test.
pub(super) const ALL: &[Function] = &[
    filter(
        "or_omit",
        (0, 0),
        "Ends an expression: if there is no value, the header, query parameter, form field, JSON member or list item is left out.",
        ("Bearer {{ token | or_omit }}", "Bearer tok_8f3a"),
        |e, name| e.add_filter(name, |value: Value| or(value, Instead::Omit)),
    ),
    filter(
        "or_null",
        (0, 0),
        "Ends an expression that is alone in a text of a JSON body: if there is no value, JSON gets `null`.",
        ("{{ label | or_null }}", "scim-rotator-crm-prod-r1-1"),
        |e, name| e.add_filter(name, |value: Value| or(value, Instead::Null)),
    ),
    filter(
        "default(value)",
        (1, 1),
        "If there is no value, gives this one.",
        ("{{ config.missing | default('none given') }}", "none given"),
        |e, name| e.add_filter(name, default),
    ),
    filter(
        "lower",
        (0, 0),
        "The text in lower case.",
        ("{{ 'ACME' | lower }}", "acme"),
        |e, name| e.add_filter(name, lower),
    ),
    filter(
        "upper",
        (0, 0),
        "The text in upper case.",
        ("{{ 'acme' | upper }}", "ACME"),
        |e, name| e.add_filter(name, upper),
    ),
    filter(
        "trim",
        (0, 0),
        "The text without white space at its ends.",
        ("{{ ' a b ' | trim }}", "a b"),
        |e, name| e.add_filter(name, trim),
    ),
    filter(
        "replace(old, new)",
        (2, 2),
        "The text with every `old` replaced by `new`.",
        ("{{ 'a.b.c' | replace('.', '-') }}", "a-b-c"),
        |e, name| e.add_filter(name, replace),
    ),
    filter(
        "split(separator)",
        (1, 1),
        "The parts of the text, a list.",
        ("{{ 'tid_77.s3cret' | split('.') | first }}", "tid_77"),
        |e, name| e.add_filter(name, split),
    ),
    filter(
        "first",
        (0, 0),
        "The first element of a list; none if it is empty.",
        ("{{ config.scopes | first }}", "users"),
        |e, name| e.add_filter(name, first),
    ),
    filter(
        "last",
        (0, 0),
        "The last element of a list; none if it is empty.",
        ("{{ config.scopes | last }}", "groups"),
        |e, name| e.add_filter(name, last),
    ),
    filter(
        "join(separator)",
        (1, 1),
        "The elements of a list as one text.",
        ("{{ config.scopes | join(' ') }}", "users groups"),
        |e, name| e.add_filter(name, join),
    ),
    filter(
        "length",
        (0, 0),
        "The number of characters of a text, or of elements of a list.",
        ("{{ config.scopes | length }}", "2"),
        |e, name| e.add_filter(name, length),
    ),
    filter(
        "int",
        (0, 0),
        "A text of digits, or a number without fraction, as a whole number.",
        ("{{ '00123' | int }}", "123"),
        |e, name| e.add_filter(name, int),
    ),
    filter(
        "round(digits)",
        (0, 1),
        "The number with so many digits after the point; without `digits` a whole number.",
        ("{{ (7 / 3) | round(2) }} {{ (7 / 3) | round }}", "2.33 2"),
        |e, name| e.add_filter(name, round),
    ),
    filter(
        "string",
        (0, 0),
        "The value as a text, where JSON would get a number or a boolean.",
        ("{{ lifetime_seconds | string }}", "7776000"),
        |e, name| e.add_filter(name, string),
    ),
    filter(
        "tojson",
        (0, 0),
        "The value as JSON, in a text that is JSON itself.",
        ("{\"t\": {{ 'a\"b' | tojson }}}", "{\"t\": \"a\\\"b\"}"),
        |e, name| e.add_filter(name, tojson),
    ),
    filter(
        "urlencode",
        (0, 0),
        "The value percent-encoded. In a URL, a query and a form every value is encoded anyway, and only once.",
        ("{{ 'a/b c' | urlencode }}", "a%2Fb%20c"),
        |e, name| e.add_filter(name, urlencode),
    ),
    filter(
        "b64encode",
        (0, 0),
        "The text in base64, with padding.",
        (
            "{{ [token_name, secrets.api_key] | join(':') | b64encode }}",
            "Y3JtLXByb2Q6azN5",
        ),
        |e, name| e.add_filter(name, b64encode),
    ),
    filter(
        "uuid",
        (0, 0),
        "A UUID that is always the same for the same text.",
        ("{{ label | uuid }}", "46ecb72a-c83c-81c0-9cb8-9179c357f85e"),
        |e, name| e.add_filter(name, uuid),
    ),
    test(
        "defined",
        (0, 0),
        "There is a value: the name exists and is not `null`.",
        (
            "{% if config.missing is defined %}yes{% else %}no{% endif %}",
            "no",
        ),
        |e, name| e.add_test(name, |value: &Value| !is_missing(value)),
    ),
    test(
        "startingwith(text)",
        (1, 1),
        "The text begins with this one.",
        (
            "{% if token_name is startingwith('crm') %}yes{% endif %}",
            "yes",
        ),
        |e, name| e.add_test(name, starts),
    ),
    test(
        "endingwith(text)",
        (1, 1),
        "The text ends with this one.",
        (
            "{% if token_name is endingwith('-prod') %}yes{% endif %}",
            "yes",
        ),
        |e, name| e.add_test(name, ends),
    ),
    test(
        "string",
        (0, 0),
        "The value is a text.",
        (
            "{% if lifetime is string %}text{% else %}number{% endif %}",
            "number",
        ),
        |e, name| {
            e.add_test(name, |value: &Value| {
                kind(value).map(|k| k == ValueKind::String)
            })
        },
    ),
    test(
        "number",
        (0, 0),
        "The value is a number.",
        (
            "{% if lifetime is number %}number{% else %}text{% endif %}",
            "number",
        ),
        |e, name| {
            e.add_test(name, |value: &Value| {
                kind(value).map(|k| k == ValueKind::Number)
            })
        },
    ),
];
