"""The commands of "With Helm" in deploy/README.md, run as they stand there."""

import re
import shlex

from cluster import NAMESPACE, answer_of, check, objects, pods, ready_pods, run, say, until
from readme import PROMPT, undent

ANOTHER = """
[tokens.by-helm]
vault_path = "kv/scim/by-helm"
scim_url = "https://crm.example.com/scim/v2"
issuer = "crm-admin"
"""
# Of Kubernetes itself, in every namespace.
NOT_OURS = {("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")}
KINDS = ["configmaps", "serviceaccounts", "services", "pods", "secrets"]


class Chart:
    """The configuration is that of "In Kubernetes, in five minutes", which has been followed before."""

    def __init__(self, work):
        self.folder = work / "my-rotator"
        text = (work / "deploy/README.md").read_text()
        section = text.split("\n## With Helm\n")[1].split("\n## ")[0]
        values = re.findall(r"```yaml\n(.*?)\s*```", section, re.DOTALL)
        self.commands = re.findall(PROMPT, section, re.MULTILINE)
        verbs = [command.split()[1] for command in self.commands]
        check(len(values) == 1 and verbs == ["apply", "install", "upgrade", "uninstall"], f"{verbs}")
        # Besides, as the README says, a private authority.
        authority = (self.folder / "ca.pem").read_text()
        lines = "".join(f"    {line}\n" for line in authority.splitlines())
        (self.folder / "values.yaml").write_text(f"{undent(values[0])}files:\n  ca.pem: |\n{lines}")

    def follow(self, verb, *more):
        command = next(command for command in self.commands if command.split()[1] == verb)
        said = run(*shlex.split(command), *more)
        check("WARN" not in said.stdout + said.stderr, f"{command}: {said.stdout}{said.stderr}")
        return said.stdout


def installed_upgraded_and_uninstalled(work):
    chart = Chart(work)
    before = {pod.uid for pod in until("the pods of the README are ready", lambda: ready_pods(2))}
    chart.follow("apply")
    chart.follow("install", "--take-ownership", "--force-conflicts")
    check({pod.uid for pod in pods()} == before, "Helm took over what kustomize made, and pods were replaced")
    chart.follow("uninstall")
    nothing_left()
    chart.follow("install")
    fresh = {pod.uid: pod.restarts for pod in until("both pods are ready", lambda: ready_pods(2))}
    with (chart.folder / "scim-rotator.toml").open("a") as configuration:
        configuration.write(ANOTHER)
    chart.follow("upgrade")
    for pod in pods():
        page = f"http://{pod.ip}:9767/api/v1/tokens/by-helm"
        until(f"{pod.name} knows the new token", lambda page=page: answer_of(page))
    check({pod.uid: pod.restarts for pod in pods()} == fresh, "an upgrade of the configuration restarted a pod")
    chart.follow("uninstall")
    nothing_left()
    say("Helm takes over, installs, changes the configuration without a restart, and leaves nothing")


def nothing_left():
    until("the pods have ended", lambda: not pods())
    left = {
        (kind, one["metadata"]["name"]) for kind in KINDS for one in objects(f"namespaces/{NAMESPACE}/{kind}")
    } - NOT_OURS
    check(not left, f"left by Helm: {left}")
