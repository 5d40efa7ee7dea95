"""The API server's own judgement of every overlay."""

import re

from cluster import NAMESPACE, check, kubectl, run, say

OVERLAYS = ["one-replica", "two-replicas", "prometheus-operator", "vault-reviewer"]


def every_overlay_is_taken_without_a_warning(work, parts):
    shipped = work / "deploy/kubernetes"
    found = sorted(path.parent.name for path in shipped.glob("*/kustomization.yaml"))
    check(found == sorted([*OVERLAYS, "base"]), f"there are other overlays: {found}")
    # A dry run looks for the namespace, which it does not make.
    kubectl("apply", "--filename", str(shipped / "base/namespace.yaml"))
    kubectl("create", "namespace", "vault-reviewer", "--save-config")
    for definition in sorted((parts / "prometheus-operator").glob("*.yaml")):
        kubectl("create", "--filename", str(definition))
    kubectl("wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=60s")
    for overlay in OVERLAYS:
        # Strict, which is the default: a key that nobody knows is an error.
        kubectl("apply", "--kustomize", str(shipped / overlay), "--dry-run=server")
    namespace_warns(shipped)
    kubectl("delete", "namespace", "vault-reviewer")
    say(f"the API takes {', '.join(OVERLAYS)} without a warning")


def taken_by_the_definitions_of_the_operator():
    """Stored, with every field that they know: what they do not know would have been refused, or dropped in silence."""
    for kind, wanted in (("podmonitor", '"port":"http"'), ("prometheusrule", '"alert":"ScimRotatorAbsent"')):
        stored = kubectl(f"--namespace={NAMESPACE}", "get", kind, "scim-rotator", "--output=json")
        check(wanted in "".join(stored.split()), stored)
    say("PodMonitor and PrometheusRule are stored by the Operator's own definitions")


def namespace_warns(shipped):
    """The check above can fail: a Deployment that may be root is warned of."""
    good = kubectl("kustomize", str(shipped / "two-replicas"))
    bad, times = re.subn(r"runAsNonRoot: true", "runAsNonRoot: false", good)
    check(times == 1, "runAsNonRoot stands there once")
    said = run("kubectl", "apply", "--filename=-", "--dry-run=server", text=bad).stderr
    check('Warning: would violate PodSecurity "restricted' in said, said)
