mod confined;
mod ending;
mod looking;
mod settings;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;
use crate::clock::SystemClock;
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
            since: None,
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
            since: None,
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
