#!/usr/bin/env bash
# The OpenTelemetry Collector with its OTLP receiver and its file exporter, as $PARTS/otel-collector/otel-collector:
# built from its Go modules, as its own builder does with a list of parts.
source "$(dirname "$0")/lib.sh"

build() {
    need go "install Go 1.26 or newer"
    say "building from source (about a minute; seconds when Go's build cache is warm)"
    cd "$pins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    GOFLAGS='' go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' -o "$1/otel-collector" .
    "$1/otel-collector" --version >/dev/null
}

provide main.go go.mod go.sum
