"""What is in a release.

contents.py packages DEB RPM       both install the same files with the same modes and owners, and run the same scripts
contents.py archive DEB TAR.GZ     the archive has the files of the package, and nothing where a configuration may be
contents.py image TAR              every digest is right, and the lists of what is built in and of the system's packages
                                   lie in it
"""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile

# Where the distributions differ: Debian's place and RPM's.
MOVED = {
    "/usr/share/doc/scim-rotator/copyright": "/usr/share/licenses/scim-rotator/LICENSE",
    "/usr/share/zsh/vendor-completions/_scim-rotator": "/usr/share/zsh/site-functions/_scim-rotator",
}
CONFIGURATION = "/etc/scim-rotator/scim-rotator.toml"
WANTED = {
    "/usr/bin/scim-rotator": "755",
    "/usr/lib/systemd/system/scim-rotator.service": "644",
    "/usr/lib/systemd/system/scim-rotator-once.service": "644",
    "/usr/lib/systemd/system/scim-rotator-once.timer": "644",
    "/usr/share/scim-rotator/vault/setup.sh": "755",
    "/usr/share/man/man1/scim-rotator.1.gz": "644",
    "/usr/share/bash-completion/completions/scim-rotator": "644",
    "/usr/share/doc/scim-rotator/sbom.cdx.json": "644",
    CONFIGURATION: "644",
}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def files_of_deb(deb):
    """Path to digest, mode, owner and group."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(output("dpkg-deb", "--fsys-tarfile", deb))) as tar:
        for entry in tar:
            assert entry.isfile() or entry.isdir(), f"{entry.name} is something else"
            if entry.isfile():
                digest = hashlib.sha256(tar.extractfile(entry).read()).hexdigest()
                owner = (entry.uname or "root", entry.gname or "root")
                assert (entry.uid, entry.gid) == (0, 0), entry.name
                found[entry.name.removeprefix(".")] = (digest, f"{entry.mode:o}", *owner)
    return found


def files_of_rpm(rpm):
    """The same, and apart from it the flags: c for a configuration, d for a document, n for one that is not replaced."""
    lines = output("rpm", "-qp", "--nosignature", "--queryformat", "[%{FILENAMES}\t%{FILEDIGESTS}\t%{FILEMODES:octal}\t"
                   "%{FILEUSERNAME}\t%{FILEGROUPNAME}\t%{FILEFLAGS:fflags}\n]", rpm).decode().splitlines()  # fmt: skip
    rows = [line.split("\t") for line in lines]
    assert all(mode.startswith("100") for _, _, mode, *_ in rows), "plain files only"
    return {path: (digest, mode[3:], *owner) for path, digest, mode, *owner, _ in rows}, {
        path: flags for path, *_, flags in rows
    }


def packages(deb, rpm):
    ours, (theirs, flags) = files_of_deb(deb), files_of_rpm(rpm)
    for path, mode in WANTED.items():
        assert ours[path][1:] == (mode, "root", "root"), f"{path}: {ours.get(path)}"
    moved = {MOVED.get(path, path): facts for path, facts in ours.items()}
    # Debian's copyright says more than the licence.
    licence = MOVED["/usr/share/doc/scim-rotator/copyright"]
    assert theirs[licence][0] == hashlib.sha256(open("LICENSE", "rb").read()).hexdigest(), licence
    moved[licence] = theirs[licence]
    assert moved == theirs, sorted(set(moved.items()) ^ set(theirs.items()))
    conffiles = output("dpkg-deb", "--info", deb, "conffiles").decode().split()
    assert conffiles == [CONFIGURATION], conffiles
    assert [path for path, flag in flags.items() if "c" in flag] == conffiles, flags
    assert flags[CONFIGURATION] == "cn", flags[CONFIGURATION]
    assert flags["/usr/share/doc/scim-rotator/README.md"] == "d", flags
    scripts = output("rpm", "-qp", "--nosignature", "--scripts", rpm).decode()
    for script in ("postinst", "prerm", "postrm"):
        body = output("dpkg-deb", "--info", deb, script).decode().strip()
        assert body in scripts, f"{script} is not in the package for RPM:\n{scripts}"
    same_facts(deb, rpm)


def same_facts(deb, rpm):
    query = ["rpm", "-qp", "--nosignature", "--queryformat"]
    version = output(*query, "%{NAME} %{VERSION}-%{RELEASE}", rpm).decode()
    assert version == output("dpkg-deb", "--showformat=${Package} ${Version}", "--show", deb).decode(), version
    assert output(*query, "%{LICENSE}", rpm) == b"Apache-2.0"
    needs = output("rpm", "-qp", "--nosignature", "--requires", rpm).decode()
    assert "ca-certificates\n" in needs and "libc.so.6(GLIBC_" in needs, needs
    depends = output("dpkg-deb", "--field", deb, "Depends").decode()
    assert "ca-certificates" in depends and "libc6 (>= " in depends, depends


def archive(deb, archive):
    ours = {path: facts[:2] for path, facts in files_of_deb(deb).items() if path != CONFIGURATION}
    found = {}
    with tarfile.open(archive) as tar:
        for entry in tar:
            top, _, path = entry.name.partition("/")
            assert (entry.uid, entry.gid) == (0, 0) and not entry.issym(), entry.name
            if entry.isfile():
                found["/" + path] = (hashlib.sha256(tar.extractfile(entry).read()).hexdigest(), f"{entry.mode:o}")
    assert top.startswith("scim-rotator-") and top.endswith("-linux"), top
    example = found.pop("/usr/share/doc/scim-rotator/examples/scim-rotator.toml")
    assert example[0] == files_of_deb(deb)[CONFIGURATION][0]
    assert found.pop("/LICENSE")
    assert found == ours, sorted(set(found.items()) ^ set(ours.items()))


def image(file):
    with tarfile.open(file) as tar:
        blobs = {entry.name: tar.extractfile(entry).read() for entry in tar}
    for name, data in blobs.items():
        folder, _, digest = name.rpartition("/")
        assert not folder or hashlib.sha256(data).hexdigest() == digest, name

    def blob(entry):
        data = blobs["blobs/" + entry["digest"].replace(":", "/")]
        assert len(data) == entry["size"], entry
        return data

    (entry,) = json.loads(blobs["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"].startswith("registry.example.com/scim-rotator:"), entry
    manifest = json.loads(blob(entry))
    config, (layer,) = json.loads(blob(manifest["config"])), manifest["layers"]
    data = gzip.decompress(blob(layer)) if layer["mediaType"].endswith("+gzip") else blob(layer)
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(data).hexdigest()]
    assert config["config"]["User"] == "65532:65532" and config["config"]["Entrypoint"] == ["/usr/bin/scim-rotator"]
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
        built_in = json.load(tar.extractfile("usr/share/doc/scim-rotator/sbom.cdx.json"))
        holds = tar.extractfile("usr/share/doc/scim-rotator/image.cdx.json").read()
    with open(file.replace(".tar", ".cdx.json"), "rb") as beside:
        assert beside.read() == holds, "the list beside the image is another one"
    crates = {part["purl"] for part in built_in["components"]}
    packages = {part["purl"] for part in json.loads(holds)["components"]} - crates
    assert crates < {part["purl"] for part in json.loads(holds)["components"]}, "crates are missing"
    of_debian = {purl.split("@")[0] for purl in packages}
    wanted = {"pkg:deb/debian/" + name for name in ("ca-certificates", "libc6", "libgcc-s1", "tzdata")}
    assert of_debian == wanted, of_debian
    assert "usr/bin/scim-rotator" in names and not any(name.startswith(("bin/", "root/")) for name in names), names
    assert built_in["metadata"]["component"]["name"] == "scim-rotator"


def main():
    {"packages": packages, "archive": archive, "image": image}[sys.argv[1]](*sys.argv[2:])


main()
