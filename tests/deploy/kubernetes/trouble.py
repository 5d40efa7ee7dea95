"""Two replicas at work, and what may happen to them. In the end the books of the service provider are balanced."""

import hashlib
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from cluster import NAMESPACE, check, kubectl, objects, pods, ready_pods, run, say, until

IN_NAMESPACE = f"--namespace={NAMESPACE}"


class Trouble:
    def __init__(self, servers, tokens):
        self.servers, self.tokens = servers, list(tokens)
        # Address and moment of each replica that could not hear an answer any more.
        self.deaf = []
        # Address, begin and end for each replica that could not store an answer.
        self.cut_off = []

    # --- Looks ---

    def record(self, token):
        return self.servers.secret(f"scim-rotator/{token}")

    def generations(self):
        records = (self.record(token) for token in self.tokens)
        return [record["generation"] if record else 0 for record in records]

    def none_refused(self):
        """The identity provider never held a token that the service provider refused."""
        pushes = self.servers.pushes()
        for token in self.tokens:
            counts = pushes[token]
            check(counts["accepted"] > 0 and counts["refused"] == 0, f"{token}: {counts}")
        return sum(counts["accepted"] for counts in pushes.values())

    def all_renewed(self, what):
        """From now on every token is rotated once more, by whoever is there."""
        before = self.generations()

        def done():
            return all(now > then for now, then in zip(self.generations(), before, strict=True))

        until(f"every token is rotated again {what}", done, 120)
        self.none_refused()

    def in_the_middle(self):
        """A pod that has just asked for a new token and waits for the answer."""
        known = len(self.servers.ledger()["asked"])

        def asking():
            asked = self.servers.ledger()["asked"][known:]
            by_address = {pod.ip: pod for pod in ready_pods(2) or []}
            return next((by_address[row["from"]] for row in asked if row["from"] in by_address), None)

        return until("a replica asks for a token", asking, 120)

    # --- Proofs ---

    def replicas_share_the_tokens(self):
        until("every token is in use", lambda: all(self.generations()), 60)
        self.servers.slow_minting(1500)
        addresses = {pod.ip for pod in pods()}
        until("both ask for tokens", lambda: addresses <= {row["from"] for row in self.servers.ledger()["minted"]}, 120)
        self.none_refused()
        say("two replicas share six tokens that live for two minutes")

    def rolling_restart(self):
        before = {pod.uid for pod in pods()}
        self.in_the_middle()
        kubectl(IN_NAMESPACE, "rollout", "restart", "deployment/scim-rotator")

        def replaced():
            now = pods()
            check(sum(pod.ready for pod in now) >= 1, "no replica was ready during the rollout")
            return len(now) == 2 and all(pod.ready for pod in now) and not before & {pod.uid for pod in now}

        until("both replicas are replaced", replaced, 120)
        self.none_refused()
        say("a rolling restart in the middle of a rotation")

    def kill_nine(self):
        pod = self.in_the_middle()
        pod.signal(signal.SIGKILL)
        self.deaf.append((pod.ip, datetime.now(UTC)))
        self.restarted(pod, "after kill -9")
        say("kill -9 in the middle of a rotation")

    def standing_still(self):
        pod = self.in_the_middle()
        pod.signal(signal.SIGSTOP)
        self.deaf.append((pod.ip, datetime.now(UTC)))
        until("it is not ready", lambda: not self.again(pod).ready)
        self.restarted(pod, "after it stood still")
        say("SIGSTOP in the middle of a rotation: unready, restarted, and stood in for")

    def again(self, pod):
        return next(other for other in pods() if other.uid == pod.uid)

    def restarted(self, pod, what):
        until(f"the container is restarted {what}", lambda: self.again(pod).restarts > pod.restarts)
        until(f"both replicas are ready {what}", lambda: ready_pods(2))
        self.none_refused()

    def vault_cut_off(self):
        before = {pod.uid: pod.restarts for pod in pods()}
        rules = [["INPUT", "-s", pod.ip, "-p", "tcp", "--dport", "8200", "-j", "DROP"] for pod in pods()]
        addresses, begin = [pod.ip for pod in pods()], datetime.now(UTC)
        for rule in rules:
            run("iptables", "-I", *rule)
        until("no replica is ready", lambda: not any(pod.ready for pod in pods()))
        # Longer than liveness would take to kill.
        alive = until("both are seen alive for a while", self.lasting(12))
        for rule in rules:
            run("iptables", "-D", *rule)
        self.cut_off += [(address, begin, datetime.now(UTC)) for address in addresses]
        until("both replicas are ready again", lambda: ready_pods(2))
        check({pod.uid: pod.restarts for pod in pods()} == before, "a replica was restarted for want of Vault")
        self.none_refused()
        say(f"Vault was away: unready, alive ({alive} looks), no restart, ready again")

    @staticmethod
    def lasting(seconds):
        end, looks = time.monotonic() + seconds, 0

        def look():
            nonlocal looks
            answers = [pod.get("/healthz") for pod in pods()]
            check(all(answer is None or answer[0] == 200 for answer in answers), f"not alive without Vault: {answers}")
            looks += all(answers)
            return looks if time.monotonic() > end else None

        return look

    def drain(self):
        node = objects("nodes")[0]["metadata"]["name"]
        # One may go. Its successor finds no place on a node that is being drained, so the other must stay.
        said = run("kubectl", "drain", node, "--ignore-daemonsets", "--timeout=6s", code=None)
        text = said.stdout + said.stderr
        check(said.returncode != 0 and "would violate the pod's disruption budget" in text, text)
        check(sum(pod.ready for pod in pods()) == 1, "the budget keeps one replica")
        kubectl("uncordon", node)
        until("both replicas are ready", lambda: ready_pods(2))
        self.none_refused()
        say("a drain takes one replica and leaves the other")

    def nothing_lost_and_nothing_twice(self):
        self.all_renewed("after all that")
        accepted = self.none_refused()
        # Looked at twice: while the replicas can still say why, and in the end.
        self.issued_again(self.servers.ledger())
        kubectl(IN_NAMESPACE, "scale", "deployment/scim-rotator", "--replicas=0")
        until("both replicas have ended", lambda: not pods())
        records = {token: self.record(token) for token in self.tokens}
        ledger, live, pushes = self.servers.ledger(), self.servers.live(), self.servers.pushes()
        again = self.issued_again(ledger)
        revoked = {row["id"] for row in ledger["revoked"]}
        check(all(row["id"] in revoked for row in again), f"left alive: {again}")
        known = {id for record in records.values() for id in ids(record)}
        lost = [row for row in live if row["id"] not in known]
        check(not lost, f"tokens live that no record knows: {lost}")
        alive = {row["id"] for row in live}
        for token, record in records.items():
            check(record["current"]["id"] in alive, f"{token}: the token in use is dead")
            digest = hashlib.sha256(record["current"]["value"].encode()).hexdigest()
            between = record.get("rotation") is not None
            check(between or pushes[token]["digest"] == digest, f"{token}: the identity provider holds another one")
            check(not record.get("orphans"), f"{token}: {record.get('orphans')}")
        say(f"{len(ledger['minted'])} tokens were issued, {len(again)} of them in place of one whose answer was cut off, "
            f"{len(ledger['revoked'])} revoked, none lost; "
            f"{accepted} requests of the identity provider were accepted, none refused")  # fmt: skip

    def issued_again(self, ledger):
        """The tokens for which a second one was issued in the same rotation. Only where the answer with the first was on
        its way to a replica that was killed or stopped: its text is lost for ever; or to one that was cut off from Vault
        before it could store it: the other one may come first when Vault is back, and cannot know its text."""
        check(max(Counter(row["label"] for row in ledger["minted"]).values()) == 1, "a request was sent twice")
        rotations = {}
        for row in ledger["minted"]:
            # The label ends in the number of the attempt.
            rotations.setdefault(row["label"].rpartition("-")[0], []).append(row)
        firsts = [row for rows in rotations.values() for row in rows[:-1]]
        for row in firsts:
            needed = any(self.was_deaf(row, *deaf) for deaf in self.deaf)
            needed |= any(self.could_not_store(row, *cut) for cut in self.cut_off)
            check(needed, f"issued again without need: {row}")
        return firsts

    @staticmethod
    def could_not_store(row, address, begin, end):
        # The issuer answers a while after it was asked; the answer is stored after that.
        at, answering = datetime.fromisoformat(row["at"]), timedelta(seconds=3)
        return row["from"] == address and begin - answering <= at <= end

    @staticmethod
    def was_deaf(row, address, since):
        late = (datetime.fromisoformat(row["at"]) - since).total_seconds()
        return row["from"] == address and 0 <= late < 5


def ids(record):
    held = [record.get("current"), (record.get("rotation") or {}).get("pending")]
    held += [retiring["token"] for retiring in record.get("retiring") or []]
    return [token["id"] for token in held if token]
