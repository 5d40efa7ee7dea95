#!/usr/bin/env bash
# Writes what is built into the program as a CycloneDX document (JSON) to standard output: every crate with its version,
# licence and checksum. The same source gives the same document.
#
#   deploy/package/sbom.sh [TARGET]     TARGET is a triple of Rust (default: this machine's); FEATURES as for program.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
# Crates that only help to build (procedural macros, build scripts) are not in the program.
cargo tree --locked --edges normal,no-proc-macro --features "${FEATURES:-}" --target "$target" --prefix none --format '{p}|{l}' |
    sed 's/ (\*)$//; s/ (proc-macro)//; s/ ([^|]*)|/|/' | LC_ALL=C sort -u |
    awk -F'|' '
        BEGIN {
            while ((getline line < "Cargo.lock") > 0) {
                if (line ~ /^name = /) { split(line, part, "\""); name = part[2] }
                if (line ~ /^version = /) { split(line, part, "\""); version = part[2] }
                if (line ~ /^checksum = /) { split(line, part, "\""); checksum[name " " version] = part[2] }
            }
        }
        {
            space = index($1, " v")
            name = substr($1, 1, space - 1)
            version = substr($1, space + 2)
            licence = $2
            gsub(" */ *", " OR ", licence); gsub("  +", " ", licence)
            purl = "pkg:cargo/" name "@" version
            if (name == "scim-rotator") {
                main = "{\"type\":\"application\",\"bom-ref\":\"" purl "\",\"name\":\"" name "\",\"version\":\"" version "\",\"purl\":\"" purl "\",\"licenses\":[{\"expression\":\"" licence "\"}]}"
                next
            }
            hash = checksum[name " " version]
            if (hash == "") { print "sbom.sh: " name " " version " has no checksum in Cargo.lock" > "/dev/stderr"; failed = 1 }
            list = list (list == "" ? "" : ",\n") "{\"type\":\"library\",\"bom-ref\":\"" purl "\",\"name\":\"" name "\",\"version\":\"" version "\",\"purl\":\"" purl "\",\"licenses\":[{\"expression\":\"" licence "\"}],\"hashes\":[{\"alg\":\"SHA-256\",\"content\":\"" hash "\"}]}"
        }
        END {
            if (failed || main == "") exit 1
            print "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"version\":1,\"metadata\":{\"component\":" main "},\"components\":[\n" list "\n]}"
        }'
