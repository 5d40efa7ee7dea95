#!/usr/bin/env bash
# One real Kubernetes node on this machine, in namespaces and control groups of its own: nothing outside of them and of
# its folder is touched, and nothing is left when it ends.
#
#   node.sh up FOLDER IMAGE.tar…    starts it and waits until it is ready; exit code 3: this machine cannot
#   node.sh exec FOLDER COMMAND…    runs a command beside it, with kubectl of the cluster's administrator
#   node.sh down FOLDER             ends all of it
#
# The API is at https://10.89.0.1:6443, pods have addresses of 10.88.0.0/24. A server that is started by `exec` reaches
# pods, and is reached by them, at 10.88.0.1; their name server should be there. Needs root, control groups of version
# 1, and the parts etcd, kubernetes and containerd in $SCIM_ROTATOR_PARTS (an absolute path). Logs lie in FOLDER/log.
set -euo pipefail
self=$(readlink -f "$0")
verb=${1:?up, exec or down}
node=$(realpath -m "${2:?a folder}")
shift 2
parts=${SCIM_ROTATOR_PARTS:?}
keys=$node/pki
address=10.89.0.1
api=https://$address:6443
socket=/run/containerd/containerd.sock
# Of this folder alone: another run, or one that was killed, has another.
group=scim-rotator-node-$(printf %s "$node" | cksum | cut -d ' ' -f 1)
export PATH=$parts/kubernetes:$parts/etcd:$parts/containerd/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=$node/admin.kubeconfig KUBECACHEDIR=$node/kubecache CONTAINERD_ADDRESS=$socket

fail() {
    printf 'node.sh: %s\n' "$*" >&2
    exit 1
}
cannot() {
    printf 'THIS MACHINE CANNOT RUN A KUBERNETES NODE: %s\n' "$*" >&2
    exit 3
}
# until_true SECONDS COMMAND…
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}
hierarchies() { find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d -not -name unified; }
# Moves this shell into the node's control groups.
join_groups() {
    local at
    for at in $(hierarchies); do echo $$ >"$at/$group/cgroup.procs"; done
}

# --- From outside ---------------------------------------------------------------------------------------------------

up() {
    local at frame
    [[ $EUID == 0 ]] || cannot "it needs root"
    [[ -d /sys/fs/cgroup/memory && -d /sys/fs/cgroup/systemd ]] || cannot "it needs control groups of version 1"
    unshare --net --mount --pid --uts --ipc --fork true 2>/dev/null || cannot "it may not make namespaces"
    mkdir -p "$node/log" "$keys"
    chmod 700 "$node"
    for at in $(hierarchies); do
        mkdir "$at/$group" || cannot "it may not make control groups below $at"
        if [[ $at == */cpuset ]]; then
            cat "$at/cpuset.cpus" >"$at/$group/cpuset.cpus"
            cat "$at/cpuset.mems" >"$at/$group/cpuset.mems"
        fi
    done
    "$self" frame "$node" >"$node/log/frame" 2>&1 </dev/null &
    frame=$!
    until_true 20 test -e "$node/first.ready" || fail "the namespaces were not made: $(<"$node/log/frame")"
    tr -d ' ' <"/proc/$frame/task/$frame/children" >"$node/first.pid"
    "$self" exec "$node" "$self" inside "$node" "$@"
}

# The parent of the first process: all ends when either does.
frame() {
    join_groups
    exec unshare --net --mount --pid --cgroup --uts --ipc --fork --kill-child --mount-proc "$self" first "$node"
}

enter() {
    join_groups
    exec nsenter --all --target "$(<"$node/first.pid")" env --chdir="$PWD" "$@"
}

down() {
    local pid at
    if [[ -s $node/first.pid ]]; then
        pid=$(<"$node/first.pid")
        # The first process ends, and the kernel ends all others with their mounts and networks.
        kill "$pid" 2>/dev/null || true
        until_true 20 not_running "$pid" || fail "process $pid does not end"
    fi
    for at in $(hierarchies); do
        [[ ! -d $at/$group ]] || until_true 10 remove_group "$at/$group" || fail "$at/$group is still in use"
    done
}
not_running() { ! kill -0 "$1"; }
remove_group() {
    find "$1" -depth -type d -exec rmdir {} + || true
    [[ ! -e $1 ]]
}

# --- The first process ----------------------------------------------------------------------------------------------

first() {
    local at name setting file
    mount --make-rprivate /
    umount /sys/fs/cgroup/unified 2>/dev/null || true
    for at in $(hierarchies); do
        name=$(basename "$at")
        umount "$at"
        # containerd learns of memory that ran out through the named one.
        [[ $name != systemd ]] || name=none,name=systemd
        mount -t cgroup -o "$name" cgroup "$at"
    done
    # Where kubelet, containerd and the network plug-ins write without being asked.
    for at in /run /var/log /var/lib; do mount -t tmpfs -o mode=755 tmpfs "$at"; done
    mkdir -p /run/netns /run/lock /run/containerd
    # The kubelet sets these for the whole machine. Here it sets files.
    for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
        kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
        file=/run/sysctl.$(tr / . <<<"${setting%%=*}")
        echo "${setting#*=}" >"$file"
        mount --bind "$file" "/proc/sys/${setting%%=*}"
    done
    mount --make-rshared /
    hostname node
    ip link set lo up
    ip addr add "$address/32" dev lo
    echo 1 >/proc/sys/net/ipv4/ip_forward
    ip link add cni0 type bridge
    ip addr add 10.88.0.1/24 dev cni0
    ip link set cni0 up
    ip route add 10.96.0.0/16 dev cni0 src "$address"
    trap 'exit 0' TERM
    touch "$node/first.ready"
    while true; do
        sleep 3600 &
        wait "$!" || true
    done
}

# --- The programs of the node, started from inside ------------------------------------------------------------------

inside() {
    umask 022
    mkdir -p "$node/cni" "$node/kubelet"
    credentials
    start_api
    start_containerd
    import_images "$@"
    until_true 120 curl -fsk "$api/readyz" || died apiserver
    start_controllers
    start_kubelet
    until_true 120 node_is_ready || died kubelet
}

# run NAME COMMAND…
run() {
    local name=$1
    shift
    setsid "$@" >"$node/log/$name" 2>&1 </dev/null &
    echo "$!" >"$node/$name.pid"
}
died() {
    tail -n 20 "$node/log/$1" >&2
    fail "$1 does not become ready"
}
node_is_ready() {
    [[ $(kubectl get node node -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# Users by token, and the key that signs the tokens of service accounts.
credentials() {
    local name user groups token
    umask 077
    openssl genrsa -out "$keys/sa.key" 2048 2>/dev/null
    openssl rsa -in "$keys/sa.key" -pubout -out "$keys/sa.pub" 2>/dev/null
    while read -r name user groups; do
        token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
        echo "$token,$user,$name,\"$groups\"" >>"$keys/tokens.csv"
        cat >"$node/$name.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: node
contexts: [{name: node, context: {cluster: node, user: $name}}]
clusters: [{name: node, cluster: {server: $api, certificate-authority: $keys/apiserver.crt}}]
users: [{name: $name, user: {token: $token}}]
YAML
    done <<'USERS'
admin admin system:masters
controllers system:kube-controller-manager
scheduler system:kube-scheduler
kubelet system:node:node system:nodes
USERS
    umask 022
}

start_api() {
    local store=http://127.0.0.1:2379 peers=http://127.0.0.1:2380
    run etcd etcd --name node --data-dir "$node/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls $store --advertise-client-urls $store \
        --listen-peer-urls $peers --initial-advertise-peer-urls $peers --initial-cluster "node=$peers"
    # The tokens for Vault must not be good for the API: --api-audiences stays that of the API.
    run apiserver kube-apiserver --etcd-servers=$store \
        --bind-address="$address" --advertise-address="$address" --secure-port=6443 --cert-dir="$keys" \
        --token-auth-file="$keys/tokens.csv" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-signing-key-file="$keys/sa.key" --service-account-key-file="$keys/sa.pub" \
        --service-cluster-ip-range=10.96.0.0/16 --kubelet-preferred-address-types=InternalIP
}

start_containerd() {
    cat >"$node/cni/10-bridge.conflist" <<'JSON'
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
 "hairpinMode": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/24"}]],
 "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
    # restrict_oom_score_adj: we may not lower it here. The plug-ins that are off want file systems of their own.
    cat >"$node/containerd.toml" <<TOML
version = 2
root = "$node/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "test.invalid/pause:1"
restrict_oom_score_adj = true
disable_hugetlb_controller = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$parts/containerd/cni"
conf_dir = "$node/cni"
TOML
    run containerd containerd --config "$node/containerd.toml"
    until_true 60 ctr version || died containerd
}

import_images() {
    local image
    for image in "$@"; do ctr -n k8s.io images import "$image" >>"$node/log/import" 2>&1 || died import; done
}

start_controllers() {
    run controllers kube-controller-manager --kubeconfig="$node/controllers.kubeconfig" \
        --use-service-account-credentials --leader-elect=false --bind-address=127.0.0.1 --cert-dir="$keys/controllers" \
        --flex-volume-plugin-dir="$node/flex" --root-ca-file="$keys/apiserver.crt" \
        --service-account-private-key-file="$keys/sa.key"
    run scheduler kube-scheduler --kubeconfig="$node/scheduler.kubeconfig" --leader-elect=false \
        --bind-address=127.0.0.1 --cert-dir="$keys/scheduler"
}

start_kubelet() {
    # syncFrequency: a changed ConfigMap is in the pods after seconds, not after a minute.
    cat >"$node/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
healthzBindAddress: 127.0.0.1
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$socket
cgroupDriver: cgroupfs
failSwapOn: false
failCgroupV1: false
oomScoreAdj: 0
clusterDNS: [10.88.0.1]
resolvConf: ""
clusterDomain: cluster.local
podLogsDir: $node/podlogs
volumePluginDir: $node/kubelet/plugins
syncFrequency: 2s
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi}
maxPods: 30
YAML
    run kubelet kubelet --config="$node/kubelet.yaml" --kubeconfig="$node/kubelet.kubeconfig" \
        --root-dir="$node/kubelet" --cert-dir="$node/kubelet/pki" --node-ip="$address" --hostname-override=node
}

case $verb in
    up | down | frame | first | inside) "$verb" "$@" ;;
    exec) enter "$@" ;;
    *) fail "what is $verb?" ;;
esac
