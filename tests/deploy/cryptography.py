"""Which crates of the program compute cryptography, with the feature `fips`: those that are named here, and no others.

cryptography.py METADATA < TREE     METADATA is what `cargo metadata --features fips` says, TREE what `cargo tree` does
"""

import json
import re
import sys

# Each with what it does. Only the first is the module; the others compute nothing that FIPS 140 is about, or do not run.
KNOWN = {
    "aws-lc-fips-sys": "the module",
    "aws-lc-rs": "calls the module",
    "aws-lc-sys": "AWS-LC without the module: rustls names it, so it is built; nothing calls it and it is not linked",
    "rustls": "TLS; every computation is the module's",
    "rustls-native-certs": "reads the authorities of the system",
    "rustls-pki-types": "types of certificates and keys",
    "rustls-platform-verifier": "asks the system for its authorities",
    "rustls-webpki": "reads and judges certificates; signatures are verified by the module",
    "hyper-rustls": "connects HTTP and TLS",
    "tokio-rustls": "connects sockets and TLS",
    "openssl-probe": "finds the files with the authorities of the system; no part of OpenSSL",
    "subtle": "compares in constant time, in rustls",
    "untrusted": "reads bytes without running past their end",
    "zeroize": "wipes memory",
    "getrandom": "asks the kernel for random bytes: names of requests (uuid), no keys and no tokens",
    "siphasher": "tables of words that are made by the build (phf)",
    "fnv": "tables in memory",
    "hashbrown": "tables in memory",
    "uuid": "names of requests and rotations; no secrets",
}
WORDS = re.compile(
    r"crypt|cipher|sha[-_]?[0-9]|md-?[245]|hmac|blake|aes|rsa|dsa|25519|ecdh|ring$|tls|ssl|rand|keccak|argon|pbkdf|scrypt"
    r"|hasher|signature|noise|dalek|digest|chacha|poly1305|pkcs|x509|webpki|aws-lc|zeroize|subtle|untrusted|fnv|uuid"
)
CATEGORIES = {"cryptography", "authentication"}
KEYWORDS = {"crypto", "cryptography", "tls", "ssl", "hash", "hashing", "random", "rng", "rand", "cipher", "encryption"}


def programs_crates(tree, metadata):
    """What `cargo tree` says is linked into the program; it alone knows which optional dependencies are in use."""
    linked = {tuple(line.split()[:2]) for line in tree}
    with open(metadata) as text:
        packages = json.load(text)["packages"]
    return [package for package in packages if (package["name"], "v" + package["version"]) in linked]


def looks_like_cryptography(package):
    words = set(package["categories"]) & CATEGORIES | {word.lower() for word in package["keywords"]} & KEYWORDS
    return bool(words) or bool(WORDS.search(package["name"]))


def main():
    crates = programs_crates(sys.stdin, sys.argv[1])
    assert len(crates) > 100, len(crates)
    found = {crate["name"] for crate in crates if looks_like_cryptography(crate)} - {"scim-rotator"}
    assert "aws-lc-fips-sys" in found, "the feature does not take the module"
    strange, gone = sorted(found - KNOWN.keys()), sorted(KNOWN.keys() - {crate["name"] for crate in crates})
    if strange or gone:
        sys.exit(f"crates of cryptography that are not explained: {strange}; explained and not there: {gone}")
    # A word that is found by accident is seen here.
    needless = sorted(KNOWN.keys() - found)
    if needless:
        sys.exit(f"explained, and the rules of this script do not see them: {needless}")


main()
