#!/usr/bin/env bash
# The Prometheus Operator's definitions of PodMonitor and PrometheusRule, for an API server to judge ours by, as
# $PARTS/prometheus-operator/*.yaml: out of its Go module, which nothing is built of.
source "$(dirname "$0")/lib.sh"

module=github.com/prometheus-operator/prometheus-operator@v0.92.1
sum=h1:rHWuFo6SVya4FBSCNg2DCzyc4xAv54zk3eDTzp5mQZc=

build() {
    local answer folder kind
    need go "install Go 1.26 or newer"
    cd "$1"
    answer=$(GOFLAGS='' go mod download -json "$module") || fail "$module cannot be had: $answer"
    grep -qF "\"Sum\": \"$sum\"" <<<"$answer" || fail "$module is not what it was: $answer"
    folder=$(sed -n 's/^\s*"Dir": "\(.*\)",\?$/\1/p' <<<"$answer")
    for kind in podmonitors prometheusrules; do
        install -m 644 "$folder/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" .
    done
}

provide
