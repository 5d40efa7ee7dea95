#!/usr/bin/env bash
# Prometheus and Alertmanager with their checkers, as $PARTS/prometheus/bin/{prometheus,promtool,alertmanager,amtool}:
# those of the machine, installed by apt-get when it lacks them. (Debian's Alertmanager reads its template from
# /usr/share, so unpacking the package elsewhere is not enough.)
source "$(dirname "$0")/lib.sh"

# Where PATH has $1: under its own name, or under the longer one that Debian gives Alertmanager.
where() { command -v "$1" || command -v "prometheus-$1"; }

all_there() {
    local tool
    for tool in prometheus promtool alertmanager amtool; do where "$tool" >/dev/null || return 1; done
}

install_packages() {
    local remedy="install the packages prometheus and prometheus-alertmanager, or put both on PATH" policy=0
    command -v apt-get >/dev/null || cannot "no Prometheus or Alertmanager, and no apt-get; $remedy"
    [[ $EUID == 0 ]] || cannot "no Prometheus or Alertmanager, and apt-get needs root; $remedy"
    # Installed packages start their servers, on every interface, unless the machine forbids it (101), as images for
    # containers do. A machine that does not is somebody's own: we do not start servers there.
    /usr/sbin/policy-rc.d prometheus start >/dev/null 2>&1 || policy=$?
    [[ $policy == 101 ]] || cannot "installing would start Prometheus and Alertmanager as services here; $remedy"
    export DEBIAN_FRONTEND=noninteractive
    apt-cache show prometheus prometheus-alertmanager >/dev/null 2>&1 || quietly apt-get -qq update
    quietly apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends prometheus prometheus-alertmanager
}

build() {
    local tool
    if ! all_there; then
        say "installing Debian's packages"
        install_packages
    fi
    mkdir "$1/bin"
    for tool in prometheus promtool alertmanager amtool; do
        ln -s "$(where "$tool")" "$1/bin/$tool"
        "$1/bin/$tool" --version >/dev/null 2>&1
    done
}

provide
