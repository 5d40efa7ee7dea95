#!/usr/bin/env bash
# kubectl, for `kubectl kustomize` (offline), as $PARTS/kubectl/bin/kubectl: the one of the machine.
source "$(dirname "$0")/lib.sh"

build() {
    need kubectl "install kubectl 1.25 or newer"
    printf 'configMapGenerator:\n- name: probe\n  literals: [a=b]\n' >"$1/kustomization.yaml"
    kubectl kustomize "$1" >/dev/null 2>&1 || cannot "this kubectl has no working \`kustomize\`"
    rm "$1/kustomization.yaml"
    mkdir "$1/bin"
    ln -s "$(command -v kubectl)" "$1/bin/kubectl"
}

provide
