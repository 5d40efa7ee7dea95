"""The manifests on a real node with the real Vault: started by ../kubernetes.sh, inside of the node.

prove.py WORK PARTS      WORK holds a copy of deploy/ and is the folder of all that is written here
"""

import os
import sys
from pathlib import Path

import chart
import manifests
import readme
from cluster import NAMESPACE, answer_of, check, fetch, kubectl, open_api, pods, ready_pods, say, show_state, until
from servers import Servers
from trouble import Trouble

HERE = Path(__file__).resolve().parent
TOKENS = [f"t{number}" for number in range(1, 7)]


def main():
    work, parts = Path(sys.argv[1]), Path(sys.argv[2])
    os.chdir(work)
    try:
        prove(work, parts)
    except BaseException:
        show_state(work)
        raise


def prove(work, parts):
    open_api()
    servers = Servers(work, parts)
    say("Vault, the service provider and the identity provider are up")
    manifests.every_overlay_is_taken_without_a_warning(work, parts)
    readme.five_minutes(work, servers)
    logins(servers)
    chart.installed_upgraded_and_uninstalled(work)
    trouble = Trouble(servers, TOKENS)
    Overlay(work, servers, "one-replica").roll_out(TOKENS, 1)
    until("one replica has a token in use", lambda: any(trouble.generations()))
    say("one replica is rolled out and works")
    # Two replicas are what it stands on, so all of them are run: these, and two alone by the README.
    overlay = Overlay(work, servers, "prometheus-operator")
    overlay.roll_out(TOKENS, 2)
    manifests.taken_by_the_definitions_of_the_operator()
    locked_in()
    trouble.replicas_share_the_tokens()
    a_changed_configuration_is_applied(overlay, trouble)
    trouble.rolling_restart()
    trouble.kill_nine()
    trouble.standing_still()
    trouble.vault_cut_off()
    trouble.drain()
    trouble.nothing_lost_and_nothing_twice()


def logins(servers):
    """By TokenReview: the token is for Vault and for nothing else, and Vault takes no other."""
    account = [f"--namespace={NAMESPACE}", "create", "token", "scim-rotator"]
    good = kubectl(*account, "--audience=vault").strip()
    login = ["write", "-format=json", "auth/kubernetes/login", "role=scim-rotator"]
    said = servers.vault(*login, f"jwt={good}", token="").stdout
    check('"scim-rotator"' in said and '"default"' not in said, said)
    other = kubectl(*account, "--audience=other").strip()
    said = servers.vault(*login, f"jwt={other}", token="", code=2).stderr
    check("invalid audience" in said, said)
    stranger = kubectl(f"--namespace={NAMESPACE}", "create", "token", "default", "--audience=vault").strip()
    said = servers.vault(*login, f"jwt={stranger}", token="", code=2).stderr
    check("403" in said, said)
    answer = fetch("https://10.89.0.1:6443/api", headers={"Authorization": f"Bearer {good}"},
                   authorities=os.environ["NODE"] + "/pki/apiserver.crt")  # fmt: skip
    check(answer is not None and answer[0] == 401, f"the API took the token for Vault: {answer}")
    say("Vault logs in by TokenReview whom it should, and nobody else")


def locked_in():
    """What the container really may, read from its process."""
    for pod in pods():
        process = Path(f"/proc/{pod.process()}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        wanted = {
            "Uid": "65532",
            "Gid": "65532",
            "CapEff": "0" * 16,
            "CapBnd": "0" * 16,
            "NoNewPrivs": "1",
            "Seccomp": "2",
        }
        found = {key: status[key].split()[0] for key in wanted}
        check(found == wanted, f"{pod.name}: {found}")
        root = next(line.split() for line in (process / "mountinfo").read_text().splitlines() if line.split()[4] == "/")
        check("ro" in root[5].split(","), f"the root of {pod.name} can be written to: {root}")
        secrets = sorted(path.name for path in (process / "root/var/run/secrets").iterdir())
        check(secrets == ["vault"], f"{pod.name} has other secrets: {secrets}")
        check(not (process / "root/bin").exists(), f"{pod.name} has a /bin")
    say("not root, no capability, nothing to write, no token but that for Vault, no shell")


class Overlay:
    """An overlay of one's own over a shipped one, with the addresses of this test."""

    def __init__(self, work, servers, shipped):
        self.folder = work / f"my-{shipped}"
        self.servers = servers
        self.folder.mkdir()
        (self.folder / "ca.pem").write_text(Path(servers.authorities).read_text())
        text = (HERE / "overlay.yaml").read_text().replace("OVERLAY", shipped)
        (self.folder / "kustomization.yaml").write_text(text)

    def roll_out(self, tokens, replicas):
        self.apply(tokens)
        kubectl(f"--namespace={NAMESPACE}", "rollout", "status", "deployment/scim-rotator", "--timeout=90s")
        until(f"replicas are ready: {replicas}", lambda: ready_pods(replicas))

    def apply(self, tokens):
        text = (HERE / "tokens.toml").read_text().replace("CRM", self.servers.named(self.servers.crm, "crm"))
        text += "".join(self.token(name) for name in tokens)
        (self.folder / "scim-rotator.toml").write_text(text)
        kubectl("apply", "--kustomize", str(self.folder))

    def token(self, name):
        idp = self.servers.named(self.servers.idp, "idp")
        return f"""
[connections.{name}.http]
address = "{idp}"
auth.bearer = {{ vault = "kv/scim-rotator-callers/idp#secret" }}
base_url = [{{ at = "/base_url" }}]

[[connections.{name}.http.lookups]]
name = "object"
url = "/connections/{name}"

[connections.{name}.http.deliver]
url = "/connections/{name}"
repeatable = true

[connections.{name}.http.deliver.body.merge]
set = [{{ at = "/token", value = "{{{{ token }}}}" }}]

[connections.{name}.http.test_saved]
url = "/connections/{name}/test"
answers = [
  {{ means = "success", when = [{{ at = "/ok", equals = true }}] }},
  {{ means = "later", when = [{{ at = "/ok", equals = false }}] }},
]

[tokens.{name}]
vault_path = "kv/scim/{name}"
scim_url = "{self.servers.scim_url}"
issuer = "crm"
connections = ["{name}"]
"""


def a_changed_configuration_is_applied(overlay, trouble):
    """One token more in the ConfigMap, and one that is wrong: both replicas take over the first, refuse the second, and
    go on running all the while."""
    before = {pod.uid: pod.restarts for pod in pods()}
    overlay.apply([*TOKENS, "late"])
    until("the new token is in use", lambda: (trouble.record("late") or {}).get("current"))
    trouble.tokens.append("late")
    for pod in pods():
        until(f"{pod.name} knows the new token", lambda pod=pod: answer_of(f"http://{pod.ip}:9767/api/v1/tokens/late"))
    overlay.apply([*TOKENS, "late", "Not-A-Name"])
    until("both refuse what is wrong", lambda: last_reloads() == [0, 0])
    check(len(ready_pods(2) or []) == 2, "a bad configuration made a replica unready")
    overlay.apply([*TOKENS, "late"])
    until("both hold what is right", lambda: last_reloads() == [1, 1])
    check({pod.uid: pod.restarts for pod in pods()} == before, "a replica was restarted for its configuration")
    say("a change of the ConfigMap is in force in both replicas without a restart, and a bad one in none")


def last_reloads():
    """Of each replica, whether the configuration was valid when it was last read."""
    name = "scim_rotator_config_last_reload_successful "
    texts = [answer_of(f"http://{pod.ip}:9767/metrics") or "" for pod in pods()]
    return [int(line.removeprefix(name)) for text in texts for line in text.splitlines() if line.startswith(name)]


main()
