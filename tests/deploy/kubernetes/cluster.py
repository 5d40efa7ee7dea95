"""Ways to look at the node, its pods and the servers around it."""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

NAMESPACE = "scim-rotator"
API = "http://127.0.0.1:8001"
BEGAN = time.monotonic()


def say(text):
    print(f"   [{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def check(truth, what):
    if not truth:
        raise AssertionError(what)


def until(what, look, seconds=90):
    """The first answer of `look` that is not empty."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        check(time.monotonic() < end, f"not within {seconds} s: {what}")
        time.sleep(0.1)


def run(*command, text=None, code=0, env=None):
    """Runs a command that must end with this exit code (None: any); gives back what it said."""
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    if code is not None and done.returncode != code:
        raise AssertionError(f"exit code {done.returncode} of {command}:\n{done.stdout}{done.stderr}")
    return done


def kubectl(*args, **more):
    """The same for kubectl, which must not warn either: a warning does not make it fail."""
    done = run("kubectl", *args, **more)
    check(more.get("code", 0) != 0 or "Warning:" not in done.stderr, f"kubectl {args}:\n{done.stderr}")
    return done.stdout


def open_api():
    """Has kubectl pass on plain requests to the API: a look by kubectl itself costs a tenth of a second."""
    subprocess.Popen(["kubectl", "proxy", "--port=8001"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until("the API can be asked", lambda: fetch(f"{API}/version"))


def objects(path):
    answer = until(f"the API answers {path}", lambda: answer_of(f"{API}/api/v1/{path}"))
    return json.loads(answer)["items"]


def answer_of(url):
    """The body of a good answer; None, for a while, on a busy machine."""
    status, body = fetch(url) or (None, None)
    return body if status == 200 else None


class Pod:
    """A pod as it stands now."""

    def __init__(self, pod):
        status = pod["status"]
        self.name = pod["metadata"]["name"]
        self.uid = pod["metadata"]["uid"]
        self.ip = status.get("podIP")
        self.leaving = "deletionTimestamp" in pod["metadata"]
        containers = status.get("containerStatuses") or [{"ready": False, "restartCount": 0}]
        self.ready = containers[0]["ready"] and not self.leaving
        self.restarts = containers[0]["restartCount"]

    def process(self):
        """The process of the container, as a number of this node."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
                if words[:2] == [b"/usr/bin/scim-rotator", b"run"] and self.uid in (path / "cgroup").read_text():
                    return int(path.name)
            except OSError:
                continue
        raise AssertionError(f"{self.name} has no process")

    def signal(self, number):
        os.kill(self.process(), number)

    def get(self, page):
        """Status and body of one of its pages; None if it does not answer."""
        return fetch(f"http://{self.ip}:9767{page}")


def pods():
    return [Pod(pod) for pod in objects(f"namespaces/{NAMESPACE}/pods")]


def ready_pods(count):
    """So many pods, all of them ready and none that leaves; else nothing."""
    found = pods()
    return found if len(found) == count and all(pod.ready for pod in found) else None


def fetch(url, *, method="GET", headers=None, body=None, authorities=None):
    """Status and body; None if nobody answers."""
    context = ssl.create_default_context(cafile=authorities) if authorities else None
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None


def fetch_json(url, **more):
    answer = fetch(url, **more)
    check(answer is not None and answer[0] < 300, f"{url}: {answer}")
    return json.loads(answer[1]) if answer[1] else None


def show_state(work):
    """For a failure: what the cluster and the pods say."""
    for command in (
        ["get", "pods", "--output=wide"],
        ["get", "events", "--sort-by=.lastTimestamp"],
        ["logs", f"--selector=app.kubernetes.io/name={NAMESPACE}", "--prefix", "--tail=40"],
    ):
        done = run("kubectl", f"--namespace={NAMESPACE}", *command, code=None)
        print(f"--- kubectl {' '.join(command)}\n{done.stdout[-8000:]}{done.stderr[-2000:]}", file=sys.stderr)
    for log in sorted(Path(os.environ["NODE"]).glob("podlogs/*/*/*.log")):
        loud = [line for line in log.read_text().splitlines() if '"WARN"' in line or '"ERROR"' in line]
        print(f"--- {log}", *loud[-40:], sep="\n", file=sys.stderr)
    for log in sorted(Path(work).glob("*.log")):
        print(f"--- {log.name}\n{log.read_text()[-2000:]}", file=sys.stderr)
