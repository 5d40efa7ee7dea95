//! What is found in the settings before a program runs.

use super::*;
use crate::problem::Problems;

#[test]
fn settings_are_checked_before_anything_runs() {
    let cases = [
        ("command = []", "x.command"),
        ("command = [\"push\"]", "x.command"),
        ("command = [\"/bin/sh\", \"{{ token }}\"]", "x.command[1]"),
        (
            "command = [\"/bin/sh\", \"a\", \"{{ tokn_name }}\"]",
            "x.command[2]",
        ),
        ("command = [\"/bin/sh\", \"{{ token_name\"]", "x.command[1]"),
        ("command = [\"/bin/sh\"]\ntimeout = \"0s\"", "x.timeout"),
        (
            "command = [\"/bin/sh\"]\nworking_dir = \"tmp\"",
            "x.working_dir",
        ),
        (
            "command = [\"/bin/sh\"]\nenv.SCIM_ROTATOR_X = \"1\"",
            "x.env.SCIM_ROTATOR_X",
        ),
        ("command = [\"/bin/sh\"]\nenv.\"A=B\" = \"1\"", "x.env.A=B"),
    ];
    for (text, path) in cases {
        let config: ExecConnection = toml::from_str(text).expect(text);
        let mut problems = Problems::default();
        config.check("x", &mut problems);
        assert!(problems.has_errors(), "{text}");
        assert_eq!(problems.all()[0].path, path, "{text}");
    }
    let fine: ExecConnection = toml::from_str(
        "command = [\"/bin/sh\", \"--name={{ token_name }}\"]\ntimeout = \"1m\"\nconfirm = true\n\
         capabilities = { side_effects = \"full_sync\" }",
    )
    .expect("fine");
    let mut problems = Problems::default();
    fine.check("x", &mut problems);
    assert_eq!(problems.all(), []);
    let capabilities = fine.capabilities();
    assert_eq!(
        capabilities.test,
        crate::rotation::capability::ConnectionTest::Saved
    );
    assert_eq!(
        capabilities.side_effects,
        crate::rotation::capability::SideEffects::FullSync
    );
}
