#!/usr/bin/env bash
# The deployment files, judged by the tools that read them in production.
#
#   tests/deploy/run.sh [CHECK…]     one or more of: systemd kubernetes helm container prometheus prometheus3
#                                    alertmanager vault scripts sbom cryptography release node (default: all)
#
# Needs the parts that tests/run provides, in ${SCIM_ROTATOR_PARTS:-target/parts}. A check whose tool this machine
# lacks is skipped with a loud word; with CI=true a skip is a failure. All checks run, also after one failed. The node,
# which waits for most of its time, runs beside the others; what it says comes last.
set -euo pipefail
cd "$(dirname "$0")/../.."
parts=${SCIM_ROTATOR_PARTS:-target/parts}
[[ $parts == /* ]] || parts=$PWD/$parts
work=$(mktemp -d)
beside=
chart=deploy/helm/scim-rotator
finish() {
    # A node that is asked to end leaves nothing behind.
    if [[ -n $beside ]]; then
        kill "$beside" 2>/dev/null || true
        wait "$beside" || true
    fi
    rm -rf "$work"
}
trap finish EXIT

CANNOT=3
fail() {
    printf '   FAILED: %s\n' "$*" >&2
    exit 1
}
# need TOOL REMEDY: a check without its tool is skipped.
need() {
    command -v "$1" >/dev/null && return
    printf '!! SKIPPED: %s is missing; %s\n' "$1" "$2" >&2
    exit "$CANNOT"
}
# silently COMMAND…: passes when the command succeeds and says nothing, as tools that only warn do not fail.
silently() {
    local code=0
    "$@" >"$work/said" 2>&1 || code=$?
    [[ $code == 0 && ! -s $work/said ]] && return
    cat "$work/said" >&2
    fail "exit code $code or a word of complaint: $*"
}
# quietly COMMAND…: shows what the command said only when it failed.
quietly() {
    local code=0
    "$@" >"$work/said" 2>&1 || code=$?
    [[ $code == 0 ]] && return
    cat "$work/said" >&2
    fail "exit code $code: $*"
}

check_systemd() {
    need systemd-analyze "install systemd"
    local unit name
    mkdir "$work/systemd"
    for unit in deploy/systemd/*.service; do
        name=$(basename "$unit")
        # verify wants the program to exist; here it is not installed.
        sed 's|^\(Exec[A-Za-z]*=\)/usr/bin/scim-rotator\b|\1/bin/true|' "$unit" >"$work/systemd/$name"
        grep -q '^ExecStart=/bin/true ' "$work/systemd/$name" || fail "$unit does not start /usr/bin/scim-rotator"
        # In tenths: exposure up to 1.2. A server that talks to the network and to systemd cannot go below 0.9.
        quietly systemd-analyze security --offline=true --threshold=12 --no-pager "$work/systemd/$name"
        sed -n '/^DynamicUser=/,/^SystemCallErrorNumber=/p' "$unit" >"$work/hardening-$name"
    done
    cp deploy/systemd/*.timer "$work/systemd/"
    # An unknown key is only a line on standard error.
    for unit in "$work"/systemd/*; do silently systemd-analyze verify --man=no "$unit"; done
    [[ -s $work/hardening-scim-rotator.service ]] || fail "the service is not hardened"
    diff -u "$work/hardening-scim-rotator.service" "$work/hardening-scim-rotator-once.service" >&2 ||
        fail "the two services are not hardened alike"
    if (($(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p') >= 253)); then
        mkdir "$work/systemd/scim-rotator.service.d"
        cp deploy/systemd/notify-reload.conf "$work/systemd/scim-rotator.service.d/"
        silently systemd-analyze verify --man=no "$work/systemd/scim-rotator.service"
    fi
}

check_kubernetes() {
    local kubectl=$parts/kubernetes/kubectl validate=$parts/kubernetes-validate/venv/bin/kubernetes-validate
    local checkov=$parts/checkov/venv/bin/checkov overlay version
    # A machine that cannot build Kubernetes may have its kubectl.
    [[ -x $kubectl ]] || kubectl=kubectl
    need "$kubectl" "tests/parts/kubernetes.sh provides it"
    need "$validate" "tests/parts/kubernetes-validate.sh provides it"
    need "$checkov" "tests/parts/checkov.sh provides it"
    mkdir "$work/manifests"
    # What the chart makes with its defaults is the same, which check_helm shows; this has every value.
    if [[ -x $parts/helm/helm ]]; then
        "$parts/helm/helm" template scim-rotator "$chart" --namespace scim-rotator --values tests/deploy/helm/all.yaml \
            >"$work/manifests/helm.yaml" 2>"$work/said" || fail "$(<"$work/said")"
    fi
    for overlay in deploy/kubernetes/*/; do
        "$kubectl" kustomize "$overlay" >"$work/manifests/$(basename "$overlay").yaml"
    done
    for version in 1.33 1.34 1.35 1.36 1.37; do
        quietly "$validate" --strict --kubernetes-version "$version" "$work"/manifests/*.yaml
        # What has no schema is only warned of: these two are judged by the Operator's own definitions on a real node.
        if grep WARN "$work/said" | grep -vE 'kind (PodMonitor|PrometheusRule) with' >&2; then
            fail "not all of deploy/kubernetes was validated for Kubernetes $version"
        fi
    done
    # Findings that are passed over are written into the manifests, each with its reason.
    quietly "$checkov" --directory "$work/manifests" --framework kubernetes --compact --quiet --skip-download
}

# The chart makes what kustomize makes, and refuses values that it does not know.
check_helm() {
    local kubectl=$parts/kubernetes/kubectl helm=$parts/helm/helm python=$parts/kubernetes-validate/venv/bin/python
    local same=tests/deploy/helm/same.py overlay values
    [[ -x $kubectl ]] || kubectl=kubectl
    need "$kubectl" "tests/parts/kubernetes.sh provides it"
    need "$helm" "tests/parts/helm.sh provides it"
    need "$python" "tests/parts/kubernetes-validate.sh provides it"
    quietly "$helm" lint --strict "$chart"
    quietly "$helm" lint --strict "$chart" --values tests/deploy/helm/all.yaml
    quietly "$python" "$same" --keys "$chart/values.yaml" "$chart/values.schema.json"
    while read -r overlay values; do
        "$kubectl" kustomize "deploy/kubernetes/$overlay" >"$work/kustomize.yaml"
        "$helm" template scim-rotator "$chart" --namespace scim-rotator --set "$values" >"$work/helm.yaml" \
            2>"$work/said" || fail "$(<"$work/said")"
        quietly "$python" "$same" "$work/helm.yaml" "$work/kustomize.yaml"
    done <<'OVERLAYS'
one-replica replicaCount=1
two-replicas replicaCount=2
prometheus-operator replicaCount=2,prometheusOperator.enabled=true
OVERLAYS
    # The comparison can fail.
    ! "$python" "$same" "$work/helm.yaml" <("$kubectl" kustomize deploy/kubernetes/two-replicas) >"$work/said" 2>&1 ||
        fail "same.py sees no difference"
    for values in replicas=2 replicaCount=many image.digest=latest 'files.scim-rotator\.toml=x' \
        prometheusOperator.links.runbook=wiki; do
        ! "$helm" template scim-rotator "$chart" --set "$values" >"$work/said" 2>&1 || fail "the chart takes $values"
        grep -q "values don't meet the specifications of the schema" "$work/said" || fail "$(<"$work/said")"
    done
}

check_container() {
    local hadolint=$parts/hadolint/venv/bin/hadolint checkov=$parts/checkov/venv/bin/checkov
    need "$hadolint" "tests/parts/hadolint.sh provides it"
    need "$checkov" "tests/parts/checkov.sh provides it"
    silently "$hadolint" deploy/container/Containerfile
    # checkov knows it by this name only.
    cp deploy/container/Containerfile "$work/Dockerfile"
    quietly "$checkov" --file "$work/Dockerfile" --framework dockerfile --compact --quiet --skip-download
}

# The manifests and the image at work: the longest check.
check_node() { exec tests/deploy/kubernetes.sh; }

# judged_by PART: all files of deploy/prometheus, by the promtool of this part.
judged_by() {
    local promtool=$parts/$1/bin/promtool
    need "$promtool" "tests/parts/$1.sh provides it"
    quietly "$promtool" check rules --lint=all --lint-fatal deploy/prometheus/*.rules.yml
    # It names the rule file too, by a path relative to itself.
    quietly "$promtool" check config --lint=all --lint-fatal deploy/prometheus/scrape.yml
    quietly "$promtool" test rules tests/deploy/prometheus/*.test.yml
}

# What Debian has (2.42), and what new installations run.
check_prometheus() { judged_by prometheus; }
check_prometheus3() { judged_by prometheus3; }

check_alertmanager() {
    local amtool=$parts/prometheus/bin/amtool config=deploy/alertmanager/alertmanager.yml severity receiver
    need "$amtool" "tests/parts/prometheus.sh provides it"
    quietly "$amtool" check-config "$config"
    while read -r severity receiver; do
        # amtool warns of a wrong receiver and says so by its exit code.
        quietly "$amtool" config routes test --config.file="$config" --verify.receivers="$receiver" \
            "severity=$severity" alertname=ScimAny
    done <<'ROUTES'
critical pager
warning tickets
info chat
ROUTES
    # A severity that the rules use and nobody routes would go to the tickets unnoticed.
    # In rules, and as the environments record it.
    for severity in $(sed -n "s/^ *severity: \([a-z]*\)$/\1/p; s/.*\"severity\", \"\([a-z]*\)\".*/\1/p" \
        deploy/prometheus/*.rules.yml | sort -u); do
        grep -q "severity=\"$severity\"" "$config" || fail "no route for severity=$severity"
    done
}

check_vault() {
    local vault=$parts/vault/vault policy
    need "$vault" "tests/parts/vault.sh provides it"
    for policy in deploy/vault/*.hcl; do
        cp "$policy" "$work/policy.hcl"
        quietly "$vault" policy fmt "$work/policy.hcl"
        diff -u "$policy" "$work/policy.hcl" >&2 || fail "$policy is not formatted; run: vault policy fmt $policy"
    done
}

# What is built in: every crate of the program, each with its checksum, in the words of CycloneDX.
check_sbom() {
    need python3 "install python3"
    deploy/package/sbom.sh >"$work/sbom.json"
    deploy/package/sbom.sh | cmp - "$work/sbom.json" || fail "the same source gives two documents"
    cargo tree --locked --edges normal,no-proc-macro --prefix none --format '{p}' | sed 's/ .*//' | sort -u >"$work/crates"
    quietly python3 - "$work/sbom.json" "$work/crates" <<'CHECK'
import json, sys
document = json.load(open(sys.argv[1]))
assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5"), document
main, parts = document["metadata"]["component"], document["components"]
assert main["name"] == "scim-rotator", main
crates = set(open(sys.argv[2]).read().split()) - {"scim-rotator"}
assert {part["name"] for part in parts} == crates and len(crates) > 100, crates
assert len({part["bom-ref"] for part in parts}) == len(parts), "a crate stands there twice"
for part in parts:
    assert part["purl"] == f"pkg:cargo/{part['name']}@{part['version']}", part
    assert len(part["hashes"][0]["content"]) == 64, part
    assert part["licenses"][0]["expression"], part
CHECK
    # It is in the package and in the image.
    grep -q '"target/package/sbom.cdx.json"' Cargo.toml || fail "the package has no sbom.cdx.json"
    local root=$work/rootfs
    quietly deploy/container/rootfs.sh "$(type -P true)" "$root"
    cmp "$work/sbom.json" "$root/usr/share/doc/scim-rotator/sbom.cdx.json" || fail "the image has another document"
}

# With the feature `fips`, nothing but the module computes cryptography.
check_cryptography() {
    need python3 "install python3"
    local target judge=tests/deploy/cryptography.py
    target=$(rustc -vV | sed -n 's/^host: //p')
    cargo metadata --locked --format-version 1 --features fips --filter-platform "$target" >"$work/metadata" 2>"$work/said" ||
        fail "$(<"$work/said")"
    cargo tree --locked --features fips --target "$target" --edges normal,no-proc-macro --prefix none >"$work/tree"
    quietly python3 "$judge" "$work/metadata" <"$work/tree"
    FEATURES=fips deploy/package/sbom.sh | grep '"name":"aws-lc-fips-sys"' >/dev/null || fail "sbom.sh does not name the module"
    # It sees another one: this is known to Cargo, and not in use.
    awk '/^name = "ring"$/ { getline; gsub(/version = |"/, ""); print "ring v" $0 }' Cargo.lock >>"$work/tree"
    ! python3 "$judge" "$work/metadata" <"$work/tree" >"$work/said" 2>&1 || fail "cryptography.py does not see ring"
}

# Packages, image and chart, made, signed and verified.
check_release() { tests/deploy/release.sh; }

check_scripts() {
    local script
    for script in $(git ls-files -- '*.sh' tests/run .ci/run 'deploy/package/p*'); do
        silently bash -n "$script"
        # More where it is at hand. The scripts of parts have `set -e` and variables from lib.sh, which it cannot find.
        if command -v shellcheck >/dev/null; then
            quietly shellcheck --severity=warning --exclude=SC2154,SC2164 "$script"
        fi
    done
}

checks=("$@")
[[ $# -gt 0 ]] || checks=(systemd kubernetes helm container prometheus prometheus3 alertmanager vault scripts sbom cryptography release node)
skipped=()
failed=()
# outcome CHECK CODE
outcome() {
    case "$2" in
        0) printf '   %s: good\n' "$1" ;;
        "$CANNOT") skipped+=("$1") ;;
        *)
            printf '   %s: BAD\n' "$1" >&2
            failed+=("$1")
            ;;
    esac
}
for check in "${checks[@]}"; do
    [[ $(type -t "check_$check") == function ]] || fail "there is no check named $check"
done
if [[ ${#checks[@]} -gt 1 && " ${checks[*]} " == *" node "* ]]; then
    check_node >"$work/node.log" 2>&1 &
    beside=$!
fi
for check in "${checks[@]}"; do
    [[ $check != node || -z $beside ]] || continue
    # Not `check || …`, which would switch off `set -e` inside it.
    set +e
    (
        set -e
        "check_$check"
    )
    code=$?
    set -e
    outcome "$check" "$code"
done
if [[ -n $beside ]]; then
    tail --pid="$beside" --lines=+1 --follow "$work/node.log"
    code=0
    wait "$beside" || code=$?
    beside=
    outcome node "$code"
fi

if [[ ${#skipped[@]} -gt 0 ]]; then
    printf '!! SKIPPED for want of a tool: %s\n' "${skipped[*]}" >&2
    if [[ ${CI:-} == true ]]; then
        printf '!! CI=true: a skip is a failure.\n' >&2
        exit 1
    fi
fi
[[ ${#failed[@]} == 0 ]] || fail "${failed[*]}"
