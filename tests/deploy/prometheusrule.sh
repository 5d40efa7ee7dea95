#!/usr/bin/env bash
# Writes the alert rules into the manifest for the Prometheus Operator, where a test wants them unchanged.
set -euo pipefail
cd "$(dirname "$0")/../.."
manifest=deploy/kubernetes/prometheus-operator/prometheusrule.yaml
{
    sed '/^spec:$/q' "$manifest"
    sed 's/^./  &/' deploy/prometheus/scim-rotator.rules.yml
} >"$manifest.new"
mv "$manifest.new" "$manifest"
