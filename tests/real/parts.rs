//! Sections of the configuration for the parts, and direct looks at them.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};
use url::Url;

use super::house::{House, executable};
use super::support::bare_http;
use super::support::better_auth::{ADMIN_TOKEN, BetterAuth, Minted};
use super::support::scim2_server::Scim2Server;

/// Status of a SCIM read with this token.
pub async fn read_users(scim_url: &Url, token: &str) -> u16 {
    let url = format!("{scim_url}/Users");
    let answer = bare_http().get(url).bearer_auth(token).send().await;
    answer.expect("an answer").status().as_u16()
}

/// The users that a SCIM read with this token shows.
pub async fn users(scim_url: &Url, token: &str) -> Vec<Value> {
    let url = format!("{scim_url}/Users");
    let answer = bare_http().get(url).bearer_auth(token).send().await;
    let mut body: Value = answer.expect("an answer").json().await.expect("JSON");
    let users = body["Resources"].as_array_mut();
    users.map(std::mem::take).unwrap_or_default()
}

/// `[issuers.sp.http]` for better-auth. Its tokens begin with their id.
pub async fn better_auth_issuer(house: &mut House, server: &BetterAuth) -> String {
    better_auth_issuer_at(house, &server.admin_url()).await
}

/// The same, for a line to its admin API.
pub async fn better_auth_issuer_at(house: &mut House, url: &str) -> String {
    let admin = house.credential("sp", ADMIN_TOKEN).await;
    format!(
        r#"
[issuers.sp.http]
auth.bearer = {admin}
id_from_token = {{ split = "." }}

[issuers.sp.http.capabilities]
live_tokens = "many"
issue_effect = "keeps"
recovery = "by_label"
revoke = "by_id"
expiry = "requested"
last_used = "exact"

[issuers.sp.http.issue]
url = "{url}/tokens"
body.json = {{ label = "{{{{ label }}}}", ttl_seconds = "{{{{ lifetime_seconds }}}}" }}
read = {{ token = "/token", id = "/id", expires_at = "/expires_at" }}

[issuers.sp.http.list]
url = "{url}/tokens?per_page=50"
paging.page = {{ param = "page", size = 50 }}
read = {{ items = "/tokens", id = "/id", label = "/label", created_at = "/created_at", expires_at = "/expires_at", last_used_at = "/last_used_at" }}

[issuers.sp.http.get]
url = "{url}/tokens/{{{{ id }}}}"

[issuers.sp.http.revoke]
url = "{url}/tokens/{{{{ id }}}}"
"#
    )
}

/// `[issuers.sp.http]` for scim2-server, which asks for no credential.
pub fn scim2_server_issuer(server: &Scim2Server) -> String {
    scim2_server_issuer_at("sp", server.base_url())
}

/// The same under another name, at a proxy before the server.
pub fn scim2_server_issuer_at(name: &str, url: &str) -> String {
    let url = url.trim_end_matches('/');
    format!(
        r#"
[issuers.{name}.http.capabilities]
live_tokens = "many"
issue_effect = "keeps"
recovery = "by_label"
revoke = "by_id"
expiry = "requested"
last_used = "exact"

[issuers.{name}.http.issue]
url = "{url}/_tokens"
body.json = {{ label = "{{{{ label }}}}", ttl = "{{{{ lifetime_seconds }}}}" }}
read = {{ token = "/token", id = "/id", expires_at = "/expires_at" }}

[issuers.{name}.http.list]
url = "{url}/_tokens"
read = {{ items = "/tokens", id = "/id", label = "/label", created_at = "/created_at", expires_at = "/expires_at", last_used_at = "/last_used_at" }}

[issuers.{name}.http.revoke]
url = "{url}/_tokens/{{{{ id }}}}"
"#
    )
}

/// An identity provider that is a program: it keeps the token in a file.
pub struct Keeper {
    program: PathBuf,
    file: PathBuf,
}

impl Keeper {
    /// Writes the program.
    pub fn new(house: &House) -> Self {
        Self::slow(house, "0")
    }

    /// The same, with a program that takes so many seconds.
    pub fn slow(house: &House, seconds: &str) -> Self {
        let file = house.path("held-by-the-idp");
        let keep = format!(
            "sleep {seconds}; cat > '{0}.new' && mv '{0}.new' '{0}'",
            file.display()
        );
        let program = token_program(house, "keep-token", &keep);
        Self { program, file }
    }

    /// The same, with a program that can be asked whether it works with the
    /// token: at first it cannot tell yet.
    pub fn hesitant(house: &House, seconds: &str) -> Self {
        let [file, asked] = ["held-by-the-idp", "asked-for-proof"].map(|name| house.path(name));
        let (file_text, asked) = (file.display(), asked.display());
        let text = format!(
            r#"#!/bin/sh
set -e
umask 077
input=$(cat)
case "$input" in
*'"action":"confirm"'*)
    if [ -e '{asked}' ]; then echo '{{"result": "confirmed"}}'; else echo '{{"result": "not_yet"}}'; fi
    touch '{asked}'
    exit
    ;;
esac
sleep {seconds}
printf '%s' "$input" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p' >'{file_text}.new'
mv '{file_text}.new' '{file_text}'
rm -f '{asked}'
echo '{{"result": "applied"}}'
"#
        );
        let program = house.file("keep-and-confirm", &text);
        executable(&program);
        Self { program, file }
    }

    /// `[connections.idp.exec]`.
    pub fn connection(&self, house: &House) -> String {
        exec_connection(house, &self.program)
    }

    /// The same, for a [`Self::hesitant`] one.
    pub fn connection_with_proof(&self, house: &House) -> String {
        self.connection(house) + "confirm = true\n"
    }

    /// The program itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The token that it holds.
    pub fn holds(&self) -> Option<String> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        Some(text.trim().to_owned())
    }
}

/// A program for an `exec` connection: `takes` gets the token on its standard
/// input.
pub fn token_program(house: &House, name: &str, takes: &str) -> PathBuf {
    let text = format!(
        "#!/bin/sh\nset -e\numask 077\nsed -n 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p' | {{ {takes}; }} >&2\necho '{{\"result\": \"applied\"}}'\n"
    );
    let program = house.file(name, &text);
    executable(&program);
    program
}

/// `[connections.idp.exec]` with this program.
pub fn exec_connection(house: &House, program: &Path) -> String {
    let timeout = house.longest_call;
    format!("\n[connections.idp.exec]\ncommand = [{program:?}]\ntimeout = \"{timeout}s\"\n")
}

/// `[tokens.crm]`, fed by the issuer `sp`; `more` holds further keys.
pub fn token(scim_url: &Url, connection: &str, more: &str) -> String {
    format!(
        r#"
[tokens.crm]
vault_path = "kv/scim/crm"
scim_url = "{scim_url}"
issuer = "sp"
connections = ["{connection}"]
{more}
"#
    )
}

/// Under these times the token of [`due_at_once`] is due at once, and those
/// that follow it are not due during a test.
pub const DUE: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

/// Has a token minted at better-auth and writes it into Vault as one that is
/// due for renewal as soon as it is adopted.
pub async fn due_at_once(house: &House, server: &BetterAuth) -> Minted {
    let old = server.mint("old", 3600).await;
    house.write_by_hand(due_fields(&old.token, &old.id)).await;
    old
}

/// What a person writes of a token that is due for renewal.
pub fn due_fields(token: &str, id: &str) -> Value {
    let now = SystemClock.now();
    let [begin, end] = [-45, 15].map(|minutes| now + SignedDuration::from_mins(minutes));
    json!({
        "token": token,
        "token_id": id,
        "issued_at": begin.to_string(),
        "expires_at": end.to_string(),
    })
}
