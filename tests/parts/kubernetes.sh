#!/usr/bin/env bash
# Kubernetes, as $PARTS/kubernetes/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kubectl}: built from
# its Go module, as nobody packages it for Debian. kubectl has kustomize in it. Beside them lies `pause`, for pods.
# Its go.mod is made by the build (`-mod=mod`), not by `go mod tidy`.
source "$(dirname "$0")/lib.sh"

version=v1.36.3
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)

build() {
    local component=k8s.io/component-base/version program
    need go "install Go 1.26 or newer"
    say "building from source (about 10 minutes; seconds when Go's build cache is warm)"
    cd "$pins"
    # The version is told by flags: without them `kubectl version` and the API name none.
    # -mod=readonly: go.sum is the lock. -buildvcs=false: the same binary from a tree without git.
    CGO_ENABLED=0 GOFLAGS='' go build -mod=readonly -buildvcs=false -trimpath -ldflags \
        "-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=36 -X $component.gitTreeState=clean" \
        -o "$1/" "${programs[@]/#/k8s.io/kubernetes/cmd/}" ./pause
    for program in "${programs[@]/kubectl/}"; do
        [[ -z $program || $("$1/$program" --version) == "Kubernetes $version" ]] || fail "$program is not $version"
    done
    "$1/kubectl" version --client >/dev/null
}

provide go.mod go.sum pause/main.go
