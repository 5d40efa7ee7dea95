"""The commands of "In Kubernetes, in five minutes" in deploy/README.md, and those for Kubernetes at the head of the
runbook, run as they stand there."""

import re
import shlex
import subprocess
from pathlib import Path

from cluster import NAMESPACE, check, fetch, run, say, until

# What only a person with a registry can do, and what does not end by itself.
BY_HAND = ("podman ", "cosign ")
FOR_EVER = ("port-forward",)
PROMPT = r"^\s*\$ (.*)$"


def five_minutes(work, servers):
    text = (work / "deploy/README.md").read_text()
    section = text.split("\n## In Kubernetes, in five minutes\n")[1].split("\n## ")[0]
    files = {language: block for language, block in re.findall(r"```(yaml|toml)\n(.*?)\s*```", section, re.DOTALL)}
    check(set(files) == {"yaml", "toml"}, "one kustomization and one configuration")
    folder = work / "my-rotator"
    folder.mkdir()
    write_files(folder, {language: undent(block) for language, block in files.items()}, servers)
    commands = [line for line in re.findall(PROMPT, section, re.MULTILINE) if not line.startswith(BY_HAND)]
    check(len(commands) >= 8, f"the README has only: {commands}")
    runbook = re.findall(PROMPT, (work / "deploy/RUNBOOK.md").read_text(), re.MULTILINE)
    looks = [line for line in runbook if line.startswith("kubectl ")]
    check(len(looks) >= 2, f"the runbook has only: {looks}")
    for command in commands + looks:
        follow(command, servers)
    say(f"{len(commands)} commands of the README and {len(looks)} of the runbook do what is written")


def undent(block):
    return "\n".join(line.removeprefix("   ") for line in block.splitlines()) + "\n"


def write_files(folder, files, servers):
    """As they stand in the README, and besides, as it says, a private authority."""
    listed, address = "  - scim-rotator.toml\n", "[vault]\n"
    check(files["yaml"].count(listed) == 1 and files["toml"].count(address) == 1, "the README's files have changed")
    (folder / "kustomization.yaml").write_text(files["yaml"].replace(listed, f"{listed}  - ca.pem\n"))
    authority = f'{address}ca_file = "/etc/scim-rotator/ca.pem"\n'
    (folder / "scim-rotator.toml").write_text(files["toml"].replace(address, authority))
    (folder / "ca.pem").write_text(Path(servers.authorities).read_text())


def follow(command, servers):
    words = shlex.split(command)
    if any(word in FOR_EVER for word in words):
        forwarded(words)
        return
    if "status" in words and "exec" in words:
        said = until(f"{command} tells of the token", lambda: told(words, servers))
    else:
        said = run(*words, env=servers.vault_environment)
    check("Warning:" not in said.stderr, f"{command}: {said.stderr}")


def told(words, servers):
    """What `status` says, once the daemon has told of the token: some seconds after its start."""
    said = run(*words, code=None, env=servers.vault_environment)
    return said if said.returncode == 0 and "crm" in said.stdout else None


def forwarded(words):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        port = words[-1].split(":")[0]
        until(f"port {port} of {NAMESPACE} is forwarded", lambda: fetch(f"http://127.0.0.1:{port}/"), 30)
    finally:
        process.terminate()
        process.wait()
