#!/usr/bin/env bash
# Makes the package for RPM out of the one for Debian: both install the same files, and run the same scripts.
#
#   deploy/package/rpm.sh PACKAGE.deb [FOLDER]     puts it into FOLDER (default: target/rpm) and prints its path
#
# Needs cargo-generate-rpm (`cargo install --locked cargo-generate-rpm`) and dpkg-deb. Settings, with their defaults:
#   FAST=                      not empty: less compression, for a package that nobody keeps
#   SOURCE_DATE_EPOCH=         the time of the package, in seconds since 1970; default: now
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=$(realpath "${1:?usage: rpm.sh PACKAGE.deb [FOLDER]}")
out=$(realpath -m "${2:-target/rpm}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
dpkg-deb --raw-extract "$deb" "$tree"
mv "$tree/DEBIAN" "$work/debian"

# Where the distributions differ.
mkdir -p "$tree/usr/share/licenses/scim-rotator" "$tree/usr/share/zsh/site-functions"
rm "$tree/usr/share/doc/scim-rotator/copyright"
install -m 644 LICENSE "$tree/usr/share/licenses/scim-rotator/LICENSE"
mv "$tree"/usr/share/zsh/vendor-completions/* "$tree/usr/share/zsh/site-functions/"
rmdir "$tree/usr/share/zsh/vendor-completions"

# RPM tells its scripts how many packages of the name there are; Debian's are told what happens.
cat >"$work/post" <<'SCRIPT'
if [ "$1" -ge 2 ]; then set -- configure before; else set -- configure ""; fi
SCRIPT
cat >"$work/preun" <<'SCRIPT'
if [ "$1" = 0 ]; then set -- remove; else set -- upgrade; fi
SCRIPT
cp "$work/preun" "$work/postun"
cat "$work/debian/postinst" >>"$work/post"
cat "$work/debian/prerm" >>"$work/preun"
cat "$work/debian/postrm" >>"$work/postun"
# Folders belong to no package of RPM that this tool makes.
cat >>"$work/postun" <<'SCRIPT'
if [ "$1" = remove ]; then
    for folder in /usr/share/scim-rotator /usr/share/doc/scim-rotator /usr/share/licenses/scim-rotator; do
        if [ -d "$folder" ]; then find "$folder" -depth -type d -empty -delete; fi
    done
fi
SCRIPT

field() { dpkg-deb --field "$deb" "$1"; }
version=$(field Version)
{
    # A manifest of its own: what is packed is said once, in that of the program.
    printf '[package]\nname = "scim-rotator"\nversion = "%s"\nlicense = "Apache-2.0"\n' "${version%-*}"
    printf '[package.metadata.generate-rpm]\nrelease = "%s"\n' "${version##*-}"
    printf 'summary = "Keeps SCIM bearer tokens fresh"\n'
    for script in post preun postun; do
        key=${script/postun/post_uninstall}
        key=${key/preun/pre_uninstall}
        key=${key/%post/post_install}
        printf '%s_script = "%s"\n' "$key" "$work/$script"
    done
    printf 'assets = [\n'
    (cd "$tree" && find . -type f -printf '%P\t%m\n' | LC_ALL=C sort) | while IFS=$'\t' read -r file mode; do
        kind=
        if grep --quiet --line-regexp --fixed-strings "/$file" "$work/debian/conffiles"; then
            kind=', config = "noreplace"'
        elif [[ $file == usr/share/doc/* || $file == usr/share/man/* ]]; then
            kind=', doc = true'
        fi
        printf '    { source = "%s", dest = "/%s", mode = "%s", user = "root", group = "root"%s },\n' \
            "$tree/$file" "$file" "$mode" "$kind"
    done
    printf ']\n[package.metadata.generate-rpm.requires]\nca-certificates = "*"\n'
} >"$work/Cargo.toml"
[[ -z $(find "$tree" -type l) ]] || {
    printf 'rpm.sh: the package for Debian has links, which this script does not know\n' >&2
    exit 1
}

mkdir -p "$out"
compression=zstd
[[ -z ${FAST:-} ]] || compression=none
# builtin: what the program needs by ldd, as Debian's does by dpkg-shlibdeps.
(cd "$work" && cargo generate-rpm --auto-req builtin --payload-compress "$compression" --output "$out/" >&2)
arch=$(uname -m)
printf '%s\n' "$out/scim-rotator-$version.$arch.rpm"
