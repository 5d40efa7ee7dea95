#!/usr/bin/env bash
# A dynamic secrets engine with renewable leases, as
# $PARTS/vault-terraform/plugins/vault-plugin-secrets-terraform: HashiCorp's
# plug-in for HCP Terraform, an external plug-in of the part `vault`, built from its Go module.
source "$(dirname "$0")/lib.sh"

build() {
    local module=github.com/hashicorp/vault-plugin-secrets-terraform/cmd/vault-plugin-secrets-terraform
    need go "install Go 1.26 or newer"
    say "building from source (about a minute; seconds when Go's build cache is warm)"
    cd "$pins"
    mkdir "$1/plugins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    GOFLAGS='' go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' \
        -o "$1/plugins/vault-plugin-secrets-terraform" "$module"
}

provide go.mod go.sum
