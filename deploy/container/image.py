"""Builds an OCI image without a container engine or a registry: an archive of its layout.

    image.py NAME OUT.tar FOLDER CONTAINERFILE     what the last stage of CONTAINERFILE says, with FOLDER in place of the
                                                   one folder that it copies; its stage is FROM scratch
    image.py NAME OUT.tar FOLDER --entrypoint PATH with no Containerfile

`podman load --input OUT.tar` and `ctr images import OUT.tar` know it by NAME. The same input gives the same bytes.
Settings, with their defaults:
    COMPRESS=                 not empty: the layer is compressed, as registries want it
    SOURCE_DATE_EPOCH=0       when it was made, in seconds since 1970
"""

import gzip
import hashlib
import io
import json
import os
import shlex
import sys
import tarfile
from datetime import UTC, datetime

OCI = "application/vnd.oci.image."


class Image:
    """An OCI image layout with one layer."""

    def __init__(self):
        self.blobs = {}

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        self.blobs["blobs/sha256/" + digest] = data
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def write(self, name, out, folder, settings):
        layer, media_type = layer_of(folder), OCI + "layer.v1.tar"
        config = {
            "created": made_at(),
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI + "manifest.v1+json",
            "config": self.blob(json.dumps(config).encode(), OCI + "config.v1+json"),
            "layers": [self.blob(*compressed(layer, media_type))],
        }
        entry = self.blob(json.dumps(manifest).encode(), manifest["mediaType"])
        # Each of the two engines knows one of these.
        entry["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        index = {"schemaVersion": 2, "manifests": [entry]}
        with tarfile.open(out, "w") as tar:
            add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}', 0o644)
            add(tar, "index.json", json.dumps(index).encode(), 0o644)
            for path, data in self.blobs.items():
                add(tar, path, data, 0o644)


def add(tar, path, data, mode):
    """A file of root's, without a time."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))


def layer_of(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for here, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(here, name)
                with open(path, "rb") as file:
                    add(tar, os.path.relpath(path, folder), file.read(), os.stat(path).st_mode & 0o777)
    return buffer.getvalue()


def compressed(layer, media_type):
    if not os.environ.get("COMPRESS"):
        return layer, media_type
    return gzip.compress(layer, mtime=0), media_type + "+gzip"


def made_at():
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def settings_of(containerfile):
    """The settings of the last stage. Whatever is not known here is an error: the image would differ."""
    settings = {"Labels": {}, "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    copied = 0
    for word, rest in last_stage(containerfile):
        if word == "LABEL":
            settings["Labels"].update(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "ENV":
            settings["Env"].extend(shlex.split(rest))
        elif word == "COPY" and rest.split() == ["--from=build", "/rootfs/", "/"]:
            copied += 1
        elif word in ("ENTRYPOINT", "CMD"):
            settings[word.capitalize()] = json.loads(rest)
        elif word == "USER":
            settings["User"] = rest
        elif word == "WORKDIR":
            settings["WorkingDir"] = rest
        elif word == "EXPOSE":
            settings["ExposedPorts"] = {f"{rest}/tcp": {}}
        elif word == "STOPSIGNAL":
            settings["StopSignal"] = rest
        elif (word, rest) != ("HEALTHCHECK", "NONE"):
            sys.exit(f"image.py does not know: {word} {rest}")
    if copied != 1:
        sys.exit("the last stage must copy /rootfs/ of the stage `build` once")
    return settings


def last_stage(containerfile):
    with open(containerfile) as file:
        lines = [line for line in file.read().splitlines() if not line.lstrip().startswith("#")]
    instructions = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]
    begins = max(n for n, (word, _) in enumerate(instructions) if word == "FROM")
    if instructions[begins][1] != "scratch":
        sys.exit("the last stage must be FROM scratch")
    return instructions[begins + 1 :]


def main():
    name, out, folder, *source = sys.argv[1:]
    settings = {"Entrypoint": [source[1]]} if source[0] == "--entrypoint" else settings_of(source[0])
    Image().write(name, out, folder, settings)


main()
