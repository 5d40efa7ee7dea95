#!/usr/bin/env bash
# etcd, where a Kubernetes API server keeps its objects, as $PARTS/etcd/etcd: built from its Go module, as Debian's is
# too old. Its go.mod is made by the build, not by `go mod tidy`.
source "$(dirname "$0")/lib.sh"

build() {
    need go "install Go 1.26 or newer"
    say "building from source (about a minute; seconds when Go's build cache is warm)"
    cd "$pins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    CGO_ENABLED=0 GOFLAGS='' go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' \
        -o "$1/etcd" go.etcd.io/etcd/server/v3
    "$1/etcd" --version >/dev/null
}

provide go.mod go.sum
