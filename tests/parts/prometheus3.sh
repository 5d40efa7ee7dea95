#!/usr/bin/env bash
# Prometheus 3, as $PARTS/prometheus3/bin/{prometheus,promtool}: what new installations run, beside Debian's 2.42 of the
# part prometheus. Built from its Go module, as Debian has none; without service discoveries, and without the pages
# that a browser would show.
source "$(dirname "$0")/lib.sh"

build() {
    need go "install Go 1.26.7 or newer"
    say "building from source (about 6 minutes; seconds when Go's build cache is warm)"
    cd "$pins"
    mkdir "$1/bin"
    local tool
    for tool in prometheus promtool; do
        # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
        GOFLAGS='' go build -mod=readonly -buildvcs=false -p 2 -tags remove_all_sd,stringlabels -trimpath \
            -ldflags '-s -w' -o "$1/bin/$tool" "github.com/prometheus/prometheus/cmd/$tool"
        "$1/bin/$tool" --version >/dev/null 2>&1
    done
}

provide go.mod go.sum
