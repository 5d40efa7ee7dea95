//! Commands of the binary that end by themselves.

use std::process::Stdio;

use super::house::House;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_scim-rotator");

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// The JSON lines of standard output.
    pub fn events(&self) -> Vec<serde_json::Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }
}

impl House {
    /// Runs a command to its end.
    pub async fn command(&self, args: &[&str]) -> Ran {
        let output = tokio::process::Command::new(BINARY)
            .arg("--config")
            .arg(self.config())
            .args(args)
            .env_clear()
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("the binary runs");
        let name = args.join(" ");
        let mut heard = self.heard().lock();
        for (stream, said) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let all = heard.entry(format!("{name}: {stream}")).or_default();
            all.extend_from_slice(said);
        }
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
