#!/usr/bin/env bash
# What a Kubernetes node runs pods with, as $PARTS/containerd/{bin,cni}: containerd, ctr, its shim, runc, iptables and
# the bridge plug-ins of the machine, installed by apt-get when it lacks them. Nothing is started.
source "$(dirname "$0")/lib.sh"

programs=(containerd ctr containerd-shim-runc-v2 runc iptables ip nsenter unshare)
plugins=(bridge host-local loopback)
cni=/usr/lib/cni

all_there() {
    local name
    for name in "${programs[@]}"; do command -v "$name" >/dev/null || return 1; done
    for name in "${plugins[@]}"; do [[ -x $cni/$name ]] || return 1; done
}

install_packages() {
    local packages=(containerd runc containernetworking-plugins iptables iproute2 util-linux) policy=0
    local remedy="install the packages ${packages[*]}"
    command -v apt-get >/dev/null || cannot "no containerd with its parts, and no apt-get; $remedy"
    [[ $EUID == 0 ]] || cannot "no containerd with its parts, and apt-get needs root; $remedy"
    # The package starts its server unless the machine forbids it (101), as images for containers do. A machine that
    # does not is somebody's own: we do not start servers there.
    /usr/sbin/policy-rc.d containerd start >/dev/null 2>&1 || policy=$?
    [[ $policy == 101 || ! -d /run/systemd/system ]] || cannot "installing would start containerd as a service here; $remedy"
    export DEBIAN_FRONTEND=noninteractive
    apt-cache show "${packages[@]}" >/dev/null 2>&1 || quietly apt-get -qq update
    quietly apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends "${packages[@]}"
}

build() {
    local name
    if ! all_there; then
        say "installing Debian's packages"
        install_packages
    fi
    mkdir "$1/bin"
    for name in "${programs[@]}"; do ln -s "$(command -v "$name")" "$1/bin/$name"; done
    ln -s "$cni" "$1/cni"
    "$1/bin/containerd" --version >/dev/null
    "$1/bin/runc" --version >/dev/null
}

provide
