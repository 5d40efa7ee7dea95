#!/usr/bin/env bash
# HashiCorp Vault, the real store, as $PARTS/vault/vault: built from its Go module, as nobody packages it.
# `minimal` leaves out every cloud engine: approle, cert, jwt, oidc, userpass, kv, pki, ssh and transit remain.
# Do not run `go mod tidy` on its go.mod: that drags in every plug-in that `minimal` leaves out.
source "$(dirname "$0")/lib.sh"

build() {
    need go "install Go 1.26 or newer"
    say "building from source (about 5 minutes; seconds when Go's build cache is warm)"
    cd "$pins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    GOFLAGS='' go build -mod=readonly -buildvcs=false -tags minimal -trimpath -ldflags '-s -w' \
        -o "$1/vault" github.com/hashicorp/vault
    "$1/vault" version >/dev/null
}

provide go.mod go.sum
