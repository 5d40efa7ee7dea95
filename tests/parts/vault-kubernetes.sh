#!/usr/bin/env bash
# HashiCorp's plug-in for Vault's Kubernetes login, as $PARTS/vault-kubernetes/vault-plugin-auth-kubernetes: the
# server of the part `vault` leaves it out. Give Vault this folder with -dev-plugin-dir.
source "$(dirname "$0")/lib.sh"

build() {
    need go "install Go 1.26 or newer"
    say "building from source (about a minute and a half; seconds when Go's build cache is warm)"
    cd "$pins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    GOFLAGS='' CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' \
        -o "$1/vault-plugin-auth-kubernetes" \
        github.com/hashicorp/vault-plugin-auth-kubernetes/cmd/vault-plugin-auth-kubernetes
}

provide go.mod go.sum
