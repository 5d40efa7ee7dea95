#!/usr/bin/env bash
# The package for RPM, installed, upgraded and removed by rpm itself in a copy of a Debian, where nothing runs.
#
#   rpm.sh TREE FIRST.rpm NEXT.rpm     needs root; TREE is left as it is
set -euo pipefail

tree=$1 first=$2 next=$3
if [[ ${4:-} != inside ]]; then
    # Mounts of its own: they end with it.
    exec unshare --mount --propagation private "$0" "$tree" "$first" "$next" inside
fi
fail() {
    printf 'rpm.sh: %s\n' "$*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'umount "$work" && rmdir "$work"' EXIT
mount -t tmpfs -o size=600m tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
root=$work/root
trap 'umount "$root" && umount "$work" && rmdir "$work"' EXIT
# --nodeps below: what the package needs is there, and Debian's database knows it, not RPM's. Debian's rpm always warns
# that it is not for this.
rpm() { command rpm --root "$root" --nosignature "$@" 2>"$root/said" || fail "rpm $*: $(<"$root/said")"; }
drop_in=$root/usr/lib/systemd/system/scim-rotator.service.d
config=$root/etc/scim-rotator/scim-rotator.toml

rpm --install --nodeps "$first"
rpm --verify --nodeps scim-rotator || fail "what is installed is not what was packed"
chroot "$root" /usr/bin/scim-rotator version >/dev/null
if (($(chroot "$root" systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p') >= 253)); then
    [[ -L $drop_in/notify-reload.conf ]] || fail "systemd knows reload, and the drop-in is not there"
else
    [[ ! -e $drop_in/notify-reload.conf ]] || fail "systemd does not know reload, and the drop-in is there"
fi
echo '# Changed by a person.' >>"$config"
# As on a newer systemd, and as a person keeps an own drop-in.
mkdir -p "$drop_in"
rpm --upgrade --nodeps "$next"
[[ $(rpm --query --queryformat '%{VERSION}' scim-rotator) == "$(command rpm -qp --nosignature --queryformat '%{VERSION}' "$next")" ]] ||
    fail "the next one is not installed"
[[ $(tail -n 1 "$config") == '# Changed by a person.' ]] || fail "an upgrade replaced the configuration"
[[ -d $drop_in ]] || fail "an upgrade ran what removal runs"
rpm --erase scim-rotator
[[ -f $config.rpmsave ]] || fail "the changed configuration was removed"
left=$(find "$work/upper" -path '*scim-rotator*' -not -type c -not -path '*/etc/scim-rotator*')
[[ -z $left ]] || fail "left behind: $left"
