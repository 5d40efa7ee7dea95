#!/usr/bin/env bash
# Terraform with a stand-in for its provider hashicorp/vault (see terraform-vault/main.go), as
# $PARTS/terraform-vault/bin/terraform and $PARTS/terraform-vault/plugins, a folder for `terraform init -plugin-dir`.
source "$(dirname "$0")/lib.sh"

build() {
    need terraform "install Terraform 1.5 or newer"
    need go "install Go 1.26 or newer"
    say "building the provider (about a minute; seconds when Go's build cache is warm)"
    cd "$pins"
    local version=5.0.0 platform
    platform=$(go env GOOS)_$(go env GOARCH)
    mkdir "$1/bin"
    ln -s "$(command -v terraform)" "$1/bin/terraform"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    GOFLAGS='' go build -mod=readonly -buildvcs=false -p 2 -trimpath -ldflags '-s -w' \
        -o "$1/plugins/registry.terraform.io/hashicorp/vault/$version/$platform/terraform-provider-vault_v$version" .
}

provide go.mod go.sum main.go
