#!/usr/bin/env bash
# A release: made twice, signed by a key of its own, verified, and changed in every way that must be noticed; its
# packages compared, and the one for RPM installed, upgraded and removed.
#
#   tests/deploy/release.sh     needs the parts cargo-deb, rpm and helm in ${SCIM_ROTATOR_PARTS:-target/parts}, and for
#                               the installation root and the part booted-systemd. Exit code 3, said loudly: this
#                               machine lacks something. $PROGRAM: the program (default: the one of the tests).
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/deploy/release
parts=${SCIM_ROTATOR_PARTS:-target/parts}
[[ $parts == /* ]] || parts=$PWD/$parts

cannot() {
    printf '!! SKIPPED: %s\n' "$*" >&2
    exit 3
}
fail() {
    printf 'release.sh: %s\n' "$*" >&2
    exit 1
}
for part in cargo-deb rpm helm; do
    [[ -f $parts/$part/.stamp ]] || cannot "the part $part is not there; tests/parts/$part.sh provides it"
done
for tool in gpg gpgv python3; do command -v "$tool" >/dev/null || cannot "$tool is missing"; done
export PATH=$parts/cargo-deb/bin:$parts/rpm/bin:$PATH

# A short path: the agent's socket lies in it.
work=$(mktemp -d)
export GNUPGHOME=$work/gpg
finish() {
    gpgconf --kill all
    rm -rf "$work"
}
trap finish EXIT
mkdir -m 700 "$GNUPGHOME"

# make FOLDER: what is packed lies in one folder, also that of other tests.
make() {
    mkdir -p target
    FAST=yes flock --no-fork target/package.lock deploy/release.sh build "$1" 2> >(grep -v "in no commit" >&2)
}
# refused WHY COMMAND…: it fails and says why.
refused() {
    local why=$1
    shift
    ! "$@" >"$work/said" 2>&1 || fail "not noticed: $why"
    grep -q "$why" "$work/said" || fail "another reason than $why: $(<"$work/said")"
}
# key NAME: makes one, and its public half in a file of that name.
key() {
    gpg --batch --quiet --passphrase '' --quick-generate-key "$1 <$1@test.invalid>" rsa2048 sign never 2>/dev/null
    gpg --batch --armor --export "$1@test.invalid" >"$work/$1.asc"
}
verify() { deploy/release.sh verify "$@"; }

if [[ -z ${PROGRAM:-} ]]; then
    cargo test --locked --quiet --no-run --test deploy
    PROGRAM=${CARGO_TARGET_DIR:-target}/debug/scim-rotator
fi
export PROGRAM SOURCE_DATE_EPOCH=1700000000
make "$work/one"
make "$work/two"
diff -r "$work/one" "$work/two" >&2 || fail "the same source gives two releases"
refused "is not empty" make "$work/two"
deb=$(echo "$work"/one/*.deb)
chart=$(echo "$work"/one/*.tgz)

python3 "$here/contents.py" packages "$deb" "$work"/one/*.rpm
python3 "$here/contents.py" archive "$deb" "$work"/one/*.tar.gz
python3 "$here/contents.py" image "$work"/one/*-image.tar
cmp "$work"/one/*[0-9].cdx.json <(dpkg-deb --fsys-tarfile "$deb" |
    tar --extract --to-stdout ./usr/share/doc/scim-rotator/sbom.cdx.json) || fail "the list beside the packages differs"
"$parts/helm/helm" lint --strict "$chart" >"$work/said" 2>&1 || fail "$(<"$work/said")"
cmp <("$parts/helm/helm" template x "$chart") <("$parts/helm/helm" template x deploy/helm/scim-rotator 2>/dev/null) ||
    fail "the packed chart makes other objects than the folder"

key release
key other
refused "no signature" verify "$work/two" "$work/release.asc"
deploy/release.sh sign "$work/one" release@test.invalid
verify "$work/one" "$work/release.asc" >/dev/null
# Also by those who know nothing but their own tools.
gpg --batch --export release@test.invalid >"$work/release.gpg"
"$parts/helm/helm" verify "$chart" --keyring "$work/release.gpg" >"$work/said" 2>&1 || fail "$(<"$work/said")"
mkdir "$work/rpm"
rpmkeys --dbpath "$work/rpm" --import "$work/other.asc"
refused "NOKEY" rpmkeys --dbpath "$work/rpm" --checksig --verbose "$work"/one/*.rpm

refused "not signed by the key" verify "$work/one" "$work/other.asc"
# One of each kind: the sums are computed over all of it each time.
for file in "$deb" "$chart" "$chart.prov" "$work/one/SHA256SUMS"; do
    cp "$file" "$work/kept"
    printf x >>"$file"
    refused "FAILED\|not signed by the key" verify "$work/one" "$work/release.asc"
    cp "$work/kept" "$file"
done
touch "$work/one/another.deb"
refused "another.deb does not belong" verify "$work/one" "$work/release.asc"
rm "$work/one/another.deb"
mv "$deb" "$work/kept"
refused "not what was signed" verify "$work/one" "$work/release.asc"
mv "$work/kept" "$deb"
verify "$work/one" "$work/release.asc" >/dev/null

[[ $EUID == 0 && -f $parts/booted-systemd/.stamp ]] ||
    cannot "the package for RPM is not installed: that needs root and the part booted-systemd"
# The same in another version.
dpkg-deb --raw-extract "$deb" "$work/next"
sed -i 's/^Version: .*/Version: 9.0-1/' "$work/next/DEBIAN/control"
dpkg-deb -Znone --build "$work/next" "$work/next.deb" >/dev/null
FAST=yes deploy/package/rpm.sh "$work/next.deb" "$work/next-rpm" >/dev/null
"$here/rpm.sh" "$parts/booted-systemd/tree/root" "$work"/one/*.rpm "$work"/next-rpm/*.rpm
