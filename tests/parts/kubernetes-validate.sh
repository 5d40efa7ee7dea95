#!/usr/bin/env bash
# kubernetes-validate (manifests against the schemas of Kubernetes 1.25 to 1.37, offline) as
# $PARTS/kubernetes-validate/venv/bin/kubernetes-validate. Its lock: kubernetes-validate==1.37.0, as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
