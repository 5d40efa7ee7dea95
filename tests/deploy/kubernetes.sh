#!/usr/bin/env bash
# deploy/kubernetes, deploy/helm and deploy/container on a real Kubernetes node with a real Vault.
#
#   tests/deploy/kubernetes.sh [--keep]      --keep: leaves the node running and says how to look and to end it
#
# Needs root, control groups of version 1, and the parts etcd, kubernetes, helm, containerd, vault, vault-kubernetes,
# scim2-server and prometheus-operator in ${SCIM_ROTATOR_PARTS:-target/parts}. Exit code 3, said loudly: this machine
# lacks something; with CI=true that is a failure. $PROGRAM: the program for the image (default: the one of the tests).
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/tests/deploy/kubernetes
parts=${SCIM_ROTATOR_PARTS:-target/parts}
[[ $parts == /* ]] || parts=$PWD/$parts
export SCIM_ROTATOR_PARTS=$parts
program=${PROGRAM:-}
keep=${1:-}

cannot() {
    printf '!! SKIPPED: the Kubernetes node: %s\n' "$*" >&2
    [[ ${CI:-} != true ]] || {
        printf '!! CI=true: a skip is a failure.\n' >&2
        exit 1
    }
    exit 3
}
for part in etcd kubernetes helm containerd vault vault-kubernetes scim2-server prometheus-operator; do
    [[ -f $parts/$part/.stamp ]] || cannot "the part $part is not there; tests/parts/$part.sh provides it"
done
for tool in python3 openssl curl; do command -v "$tool" >/dev/null || cannot "$tool is missing"; done

work=$(mktemp -d "${TMPDIR:-/tmp}/scim-rotator-node-XXXXXX")
export NODE=$work/node
finish() {
    local code=$?
    if [[ $keep == --keep ]]; then
        printf 'look:  %s exec %s kubectl get pods -A\nend:   %s down %s && rm -r %s\n' \
            "$here/node.sh" "$NODE" "$here/node.sh" "$NODE" "$work"
    elif "$here/node.sh" down "$NODE"; then
        rm -rf "$work"
    else
        code=1
    fi
    exit "$code"
}

if [[ -z $program ]]; then
    # Together with a test, as `cargo test` built it: alone it would be built anew with other features.
    cargo test --locked --quiet --no-run --test deploy
    program=${CARGO_TARGET_DIR:-target}/debug/scim-rotator
fi
# By the steps of deploy/container, under the name that the README gives it.
image=registry.example.com/scim-rotator:0.1.0
deploy/container/rootfs.sh "$program" "$work/rootfs"
python3 deploy/container/image.py "$image" "$work/scim-rotator.tar" "$work/rootfs" deploy/container/Containerfile
install -D -m 755 "$parts/kubernetes/pause" "$work/pause/pause"
# This one as releases have it.
COMPRESS=yes python3 deploy/container/image.py test.invalid/pause:1 "$work/pause.tar" "$work/pause" --entrypoint /pause

trap finish EXIT
code=0
"$here/node.sh" up "$NODE" "$work/pause.tar" "$work/scim-rotator.tar" || code=$?
[[ $code != 3 ]] || cannot "see above"
[[ $code == 0 ]] || exit "$code"
mkdir "$work/proofs"
cp -r deploy "$work/proofs/deploy"
"$here/node.sh" exec "$NODE" env HELM_CACHE_HOME="$work/helm" HELM_CONFIG_HOME="$work/helm" \
    HELM_DATA_HOME="$work/helm" PATH="$work/rootfs/usr/bin:$parts/kubernetes:$parts/helm:$parts/containerd/bin:$PATH" \
    "$(command -v python3)" -B "$here/prove.py" "$work/proofs" "$parts"
