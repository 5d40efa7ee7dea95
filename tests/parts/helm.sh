#!/usr/bin/env bash
# Helm, as $PARTS/helm/helm: built from its Go module, as nobody packages it for Debian.
# Its go.mod is made by `go mod tidy`.
source "$(dirname "$0")/lib.sh"

version=v4.3.1

build() {
    local internal=helm.sh/helm/v4/internal/version
    need go "install Go 1.26 or newer"
    say "building from source (about 3 minutes; seconds when Go's build cache is warm)"
    cd "$pins"
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    CGO_ENABLED=0 GOFLAGS='' go build -mod=readonly -buildvcs=false -trimpath \
        -ldflags "-s -w -X $internal.version=$version" -o "$1/helm" helm.sh/helm/v4/cmd/helm
    [[ $("$1/helm" version --template '{{ .Version }}') == "$version" ]] || fail "helm is not $version"
}

provide go.mod go.sum
