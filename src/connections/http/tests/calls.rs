//! What is wrong with single calls.

use super::*;

#[test]
fn the_write_is_checked_before_anything_is_sent() {
    let (e, w) = (Severity::Error, Severity::Warning);
    assert_told([
        (
            replaced(BODY, "body.json = { token = \"{{ tokn }}\" }"),
            e,
            "x.deliver.body.json.token",
        ),
        (
            replaced(BODY, "body.json = { token = \"x\" }"),
            e,
            "x.deliver",
        ),
        (
            replaced(BODY, "body.form = { t = \"{{ token \" }"),
            e,
            "x.deliver.body.form.t",
        ),
        (
            replaced(
                BODY,
                "body.text = { content = \"{{ token }}\", type = \"a\\nb\" }",
            ),
            e,
            "x.deliver.body.text.type",
        ),
        (replaced(BODY, "body.merge = {}"), e, "x.deliver.body.merge"),
        (
            replaced(
                BODY,
                "body.merge = { onto = \"app\", set = [{ at = \"/t\", value = \"{{ token }}\" }] }",
            ),
            e,
            "x.deliver.body.merge.onto",
        ),
        (
            replaced(
                BODY,
                "body.merge.set = [{ at = \"/t\", value = \"{{ nope }}\" }]",
            ),
            e,
            "x.deliver.body.merge.set[0].value",
        ),
        (with("query = { t = \"{{ token }}\" }"), w, "x.deliver.url"),
        (with("timeout = \"0s\""), e, "x.deliver.timeout"),
        (
            with("answers = [{ means = \"refused\" }]"),
            e,
            "x.deliver.answers[0]",
        ),
        (
            with("answers = [{ means = \"later\", when = [{ at = \"/a\" }] }]"),
            e,
            "x.deliver.answers[0].when[0]",
        ),
        (
            with("headers = { \"a b\" = \"c\" }"),
            e,
            "x.deliver.headers.a b",
        ),
        (with("name = \"object\""), e, "x.deliver.name"),
        (with("name = \"a-b\""), e, "x.deliver.name"),
        (with("effect = \"none\""), e, "x.deliver.effect"),
        (
            with("when = [{ step = \"object\", at = \"/a\", exists = true }]"),
            e,
            "x.deliver.when",
        ),
        (with("read.state = \"/a\""), e, "x.deliver.read.state"),
        (
            with("poll.until = [{ at = \"/a\", exists = true }]"),
            e,
            "x.deliver.poll.url",
        ),
        (
            replaced("method = \"PUT\"", "method = \"GET\""),
            e,
            "x.deliver.method",
        ),
    ]);
}

#[test]
fn the_other_calls_are_checked_before_anything_is_sent() {
    let e = Severity::Error;
    let lookup = |keys: &str| replaced("name = \"object\"", keys);
    let call = |text: &str| format!("{LEAST}\n{text}");
    let url = "url = \"https://idp.example.com/s\"";
    assert_told([
        (lookup(""), e, "x.lookups[0].name"),
        (
            lookup("name = \"object\"\nheaders = { A = \"{{ token }}\" }"),
            e,
            "x.lookups[0].headers.A",
        ),
        (
            lookup("name = \"object\"\nbody.merge.drop = [\"/a\"]"),
            e,
            "x.lookups[0].body.merge",
        ),
        (
            replaced(
                "[[lookups]]\n",
                &format!("[[lookups]]\nname = \"object\"\n{url}\n[[lookups]]\n"),
            ),
            e,
            "x.lookups[1].name",
        ),
        (
            replaced(
                "object\"\n    url = \"https:",
                "object\"\n    url = \"http:",
            ),
            e,
            "x.lookups[0].url",
        ),
        (
            replaced(
                "object\"\n    url = \"https://idp.example.com",
                "object\"\n    url = \"",
            ),
            e,
            "x.lookups[0].url",
        ),
        (call(&format!("[state]\n{url}")), e, "x.state.read.state"),
        (
            call(&format!("[state]\n{url}\nread.state = \"/a\"")),
            e,
            "x.state.read.words",
        ),
        (
            call(&format!(
                "[login]\n{url}\nbody.json.t = \"{{{{ old_token }}}}\""
            )),
            e,
            "x.login.body.json.t",
        ),
        (
            call(&format!(
                "[test_saved]\n{url}\nheaders.A = \"{{{{ steps.deliver.status }}}}\""
            )),
            e,
            "x.test_saved.headers.A",
        ),
        (call(&format!("[revert]\n{url}")), e, "x.revert"),
        (
            call(&format!("[[after_deliver]]\nname = \"deliver\"\n{url}")),
            e,
            "x.after_deliver[0].name",
        ),
        (
            call(&format!(
                "[[after_deliver]]\n{url}\nwhen = [{{ step = \"start\", at = \"/a\", exists = true }}]"
            )),
            e,
            "x.after_deliver[0].when[0].step",
        ),
    ]);
}

#[test]
fn an_inventory_only_reads_and_knows_no_token() {
    let inventory = |keys: &str| {
        format!(
            "{LEAST}\n[inventory]\nprovider = 'Acme {{{{ config.tenant }}}}'\nown_id = '1'\n[inventory.list]\nurl = 'https://idp.example.com/apps'\n{keys}\n[config]\ntenant = 't'"
        )
    };
    let good = "read.id = '/id'\npaging = 'link'";
    assert_eq!(problems(&inventory(good)), []);
    let e = Severity::Error;
    let each = |keys: &str| {
        inventory(&format!(
            "{good}\n[inventory.each]\nurl = 'https://idp.example.com/a/{{{{ id }}}}'\n{keys}"
        ))
    };
    assert_eq!(problems(&each("")), []);
    assert_told([
        (inventory("paging = 'link'"), e, "x.inventory.list.read.id"),
        (
            inventory(&format!("{good}\neffect = 'writes'")),
            e,
            "x.inventory.list.effect",
        ),
        (each("effect = 'ends'"), e, "x.inventory.each.effect"),
        (
            inventory(&format!("{good}\nquery.t = '{{{{ token }}}}'")),
            e,
            "x.inventory.list.query.t",
        ),
        (
            inventory(&format!("{good}\nquery.t = '{{{{ scim_url }}}}'")),
            e,
            "x.inventory.list.query.t",
        ),
        (
            inventory(&format!(
                "{good}\nquery.t = '{{{{ steps.object.json.id }}}}'"
            )),
            e,
            "x.inventory.list.query.t",
        ),
        (
            inventory(&format!("{good}\nread.label = '/name'")),
            e,
            "x.inventory.list.read.label",
        ),
    ]);
}
