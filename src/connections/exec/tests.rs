use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;
use crate::config::problem::Problems;
use crate::driver::clock::SystemClock;
use crate::http::template::Template;

const TOKEN: &str = "cAnArY-new+7f3a/==x";
const OLD: &str = "cAnArY-old+91bc/==y";

struct Bench {
    dir: TempDir,
    config: ExecConnection,
}

impl Bench {
    /// A connection whose program is this shell script. It is run through the
    /// shell: a script that was just written may still be busy in a fork of a
    /// neighbouring test.
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("program.sh");
        std::fs::write(&file, script).expect("written");
        let text = format!("command = [\"/bin/sh\", \"{}\"]", file.display());
        let config = toml::from_str(&text).expect("settings");
        Self { dir, config }
    }

    fn with(mut self, change: impl FnOnce(&mut ExecConnection)) -> Self {
        change(&mut self.config);
        self
    }

    fn connection(&self) -> Arc<dyn Connection> {
        build("hr", &self.config, Arc::new(SystemClock))
    }

    async fn deliver(&self) -> Result<(), Fault> {
        let (value, old, url) = facts();
        let delivery = Delivery {
            token: "crm",
            value: &value,
            old: Some(&old),
            scim_url: &url,
        };
        self.connection().deliver(&delivery).await
    }

    async fn confirm(&self) -> Result<Confirmation, Fault> {
        let (value, _, url) = facts();
        let delivery = Delivery {
            token: "crm",
            value: &value,
            old: None,
            scim_url: &url,
        };
        self.connection().confirm(&delivery).await
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(file)).unwrap_or_default()
    }
}

fn facts() -> (BearerToken, BearerToken, Url) {
    (
        BearerToken::parse(TOKEN).expect("a token"),
        BearerToken::parse(OLD).expect("a token"),
        Url::parse("https://crm.example.com/scim/v2").expect("an address"),
    )
}

fn in_folder(script: &str) -> Bench {
    let bench = Bench::new("");
    let dir = bench.dir.path().display().to_string();
    std::fs::write(
        bench.dir.path().join("program.sh"),
        script.replace("@DIR@", &dir),
    )
    .expect("written");
    bench
}

fn assert_no_secret(text: &str) {
    for secret in [TOKEN, OLD] {
        assert!(!text.contains(secret), "{text}");
        assert!(!text.contains(&STANDARD.encode(secret)), "{text}");
    }
    assert!(!text.contains("cAnArY"), "{text}");
}

#[tokio::test]
async fn the_token_comes_on_standard_input_and_nowhere_else() {
    let bench = in_folder(
        "cat > @DIR@/input; tr '\\0' '\\n' < /proc/self/environ > @DIR@/environ; \
         tr '\\0' '\\n' < /proc/$$/cmdline > @DIR@/cmdline; echo \"$0 $*\" > @DIR@/args; \
         echo '{\"result\":\"applied\"}'",
    )
    .with(|c| {
        c.command.push(Template::new("--for={{ token_name }}"));
        c.command.push(Template::new("{{ scim_url }}#{{ action }}"));
        c.env.insert("REGION".to_owned(), "eu".to_owned());
    });
    bench.deliver().await.expect("applied");

    let input: serde_json::Value = serde_json::from_str(&bench.read("input")).expect("JSON");
    let expected = serde_json::json!({
        "action": "deliver", "token_name": "crm", "token": TOKEN, "old_token": OLD,
        "scim_url": "https://crm.example.com/scim/v2",
    });
    assert_eq!(input, expected);

    let mut environ: Vec<String> = bench.read("environ").lines().map(str::to_owned).collect();
    // Shells set these themselves.
    environ.retain(|line| {
        !line.starts_with("PWD=")
            && !line.starts_with("OLDPWD=")
            && !line.starts_with("SHLVL=")
            && !line.starts_with("_=")
    });
    environ.sort();
    assert_eq!(
        environ,
        [
            "PATH=/usr/local/bin:/usr/bin:/bin",
            "REGION=eu",
            "SCIM_ROTATOR_ACTION=deliver",
            "SCIM_ROTATOR_SCIM_URL=https://crm.example.com/scim/v2",
            "SCIM_ROTATOR_TOKEN_NAME=crm",
        ]
    );
    let cmdline = bench.read("cmdline");
    assert!(cmdline.contains("--for=crm"), "{cmdline}");
    assert!(
        cmdline.contains("https://crm.example.com/scim/v2#deliver"),
        "{cmdline}"
    );
    assert_no_secret(&cmdline);
    assert_no_secret(&bench.read("environ"));
    assert_no_secret(&bench.read("args"));
}

#[tokio::test]
async fn answers_to_a_delivery_have_these_meanings() {
    use FaultClass::{Ambiguous, NotApplied, Rejected};
    let cases = [
        ("echo '{\"result\":\"applied\"}'", None),
        (
            "cat >/dev/null; echo '{\"result\":\"applied\",\"more\":1}'",
            None,
        ),
        ("echo '{\"result\":\"applied\"}'; exit 3", Some(Ambiguous)),
        ("echo '{\"result\":\"not_applied\"}'", Some(NotApplied)),
        (
            "echo '{\"result\":\"not_applied\"}'; exit 1",
            Some(NotApplied),
        ),
        ("echo '{\"result\":\"unknown\"}'", Some(Ambiguous)),
        ("echo '{\"result\":\"refused\"}'; exit 1", Some(Rejected)),
        ("echo '{\"result\":\"confirmed\"}'", Some(Ambiguous)),
        ("echo '{\"result\":\"not_yet\"}'", Some(Ambiguous)),
        ("echo '{\"result\":\"splendid\"}'", Some(Ambiguous)),
        ("echo done", Some(Ambiguous)),
        ("exit 0", Some(Ambiguous)),
        ("exit 7", Some(Ambiguous)),
        ("kill -9 $$", Some(Ambiguous)),
        ("head -c 200000 /dev/zero", Some(Ambiguous)),
        (
            "head -c 200000 /dev/zero >&2; echo '{\"result\":\"applied\"}'",
            None,
        ),
    ];
    for (script, expected) in cases {
        let result = Bench::new(script).deliver().await;
        assert_eq!(
            result.as_ref().err().map(|f| f.class),
            expected,
            "{script}: {result:?}"
        );
        if let Err(fault) = result {
            assert!(
                fault.message.contains("`deliver` of token `crm`"),
                "{fault}"
            );
            assert!(fault.message.len() < 1200, "{fault}");
        }
    }
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let script =
        "echo '{\"result\":\"not_applied\",\"detail\":\"busy\",\"retry_after_seconds\":90}'";
    let fault = Bench::new(script).deliver().await.expect_err("not applied");
    assert_eq!(fault.retry_after, Some(jiff::SignedDuration::from_secs(90)));
    assert!(fault.message.ends_with("`not_applied`: busy"), "{fault}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_changed_nothing() {
    let bench = Bench::new("").with(|c| c.command[0] = Template::new("/nonexistent/push"));
    let fault = bench.deliver().await.expect_err("no program");
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::NotApplied, FaultKind::Config)
    );
    assert!(fault.message.contains("/nonexistent/push"), "{fault}");
    let (_, _, url) = facts();
    let looked = bench.connection().preflight("crm", &url).await;
    assert!(
        looked.is_err(),
        "preflight sees it before anything is issued"
    );
}

#[tokio::test]
async fn an_echo_of_the_tokens_is_masked() {
    let script = "read -r line; echo \"$line\" >&2; printf %s \"$line\" | base64 -w0 >&2; \
                  printf '\\033[31mred\\n' >&2; exit 1";
    let fault = Bench::new(script).deliver().await.expect_err("failed");
    assert_no_secret(&fault.message);
    assert!(
        !fault.message.contains('\u{1b}') && !fault.message.contains('\n'),
        "{fault}"
    );

    let script = "read -r line; t=${line#*'\"token\":\"'}; t=${t%%'\"'*}; \
                  echo \"{\\\"result\\\":\\\"refused\\\",\\\"detail\\\":\\\"bad token $t\\\"}\"";
    let fault = Bench::new(script).deliver().await.expect_err("refused");
    assert!(fault.message.ends_with("bad token [secret]"), "{fault}");
}

#[tokio::test]
async fn a_timeout_kills_the_children_of_the_program_too() {
    let bench = in_folder(
        "(trap '' TERM; echo $$ > @DIR@/leader; sh -c 'trap \"\" TERM; echo $$ > @DIR@/grandchild; while :; do sleep 1; done' & \
         wait; sleep 600)",
    )
    .with(|c| c.timeout = crate::config::value::HumanDuration::parse("700ms").expect("a time"));
    let fault = bench.deliver().await.expect_err("too slow");
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Ambiguous, FaultKind::Timeout)
    );
    for file in ["leader", "grandchild"] {
        let pid = bench.read(file);
        let pid = pid.trim();
        assert!(!pid.is_empty(), "{file} was started");
        assert!(gone(pid).await, "{file} {pid} is still there");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nobody_behind() {
    let bench = in_folder(
        "echo $$ > @DIR@/leader; sh -c 'echo $$ > @DIR@/grandchild; exec sleep 600' & wait",
    );
    let grandchild = bench.dir.path().join("grandchild");
    let call = tokio::time::timeout(Duration::from_secs(30), async {
        tokio::select! {
            result = bench.deliver() => panic!("ended: {result:?}"),
            () = appeared(&grandchild) => {}
        }
    });
    call.await.expect("started");
    for file in ["leader", "grandchild"] {
        let pid = bench.read(file);
        assert!(gone(pid.trim()).await, "{file} is still there");
    }
}

async fn appeared(file: &Path) {
    while std::fs::read_to_string(file)
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether the process goes away; a zombie of ours would stay. An orphan is
/// buried by the init process, which may take a moment or, where there is
/// none, not happen: then a zombie whose parent is not this process counts.
async fn gone(pid: &str) -> bool {
    let ours = std::process::id().to_string();
    for _ in 0..500 {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return true;
        };
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let mut fields = after_name.split_whitespace();
        let (state, parent) = (fields.next(), fields.next());
        if state == Some("Z") && parent != Some(ours.as_str()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn confirmations_have_these_meanings() {
    let off = Bench::new("exit 1");
    assert_eq!(off.confirm().await, Ok(Confirmation::CannotTell));
    let answer = |text: &'static str| async move {
        let bench = Bench::new(&format!("echo '{text}'")).with(|c| c.confirm = true);
        bench.confirm().await
    };
    assert_eq!(
        answer("{\"result\":\"confirmed\"}").await,
        Ok(Confirmation::Works)
    );
    assert_eq!(
        answer("{\"result\":\"unknown\"}").await,
        Ok(Confirmation::CannotTell)
    );
    assert_eq!(
        answer("{\"result\":\"not_yet\",\"detail\":\"syncing\",\"retry_after_seconds\":5}").await,
        Ok(Confirmation::NotYet {
            detail: "syncing".to_owned(),
            ask_again: Some(jiff::SignedDuration::from_secs(5)),
        })
    );
    assert_eq!(
        answer("{\"result\":\"refused\",\"detail\":\"401\"}").await,
        Ok(Confirmation::Refused {
            detail: "401".to_owned()
        })
    );
    for failed in [
        "{\"result\":\"applied\"}",
        "{\"result\":\"not_applied\"}",
        "?",
    ] {
        let fault = answer(failed).await.expect_err(failed);
        assert_eq!(
            fault.class,
            FaultClass::NotApplied,
            "looking changes nothing"
        );
    }
}

#[tokio::test]
async fn a_preflight_gets_no_token() {
    let bench = in_folder("cat > @DIR@/input; echo '{\"result\":\"confirmed\"}'")
        .with(|c| c.preflight = true);
    let (_, _, url) = facts();
    bench
        .connection()
        .preflight("crm", &url)
        .await
        .expect("fine");
    let input = bench.read("input");
    assert!(
        input.contains("\"action\":\"preflight\"") && !input.contains("\"token\""),
        "{input}"
    );

    let refusing = Bench::new("echo '{\"result\":\"refused\",\"detail\":\"other URL\"}'")
        .with(|c| c.preflight = true);
    let fault = refusing
        .connection()
        .preflight("crm", &url)
        .await
        .expect_err("refused");
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Rejected, FaultKind::Config)
    );
}

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
