"""The servers around the pods, at 10.88.0.1: a real Vault, a real service provider, a stand-in for an identity provider."""

import json
import sys
import secrets
import shutil
import subprocess
from pathlib import Path

from cluster import check, fetch, fetch_json, run, until

HOST = "10.88.0.1"
HERE = Path(__file__).resolve().parent
NAMES = {"vault": "vault.example.com", "crm": "crm.example.com", "idp": "idp.example.com"}


class Servers:
    """Started in this folder; they end with the node."""

    def __init__(self, work, parts):
        self.work, self.parts = Path(work), Path(parts)
        self.root_token = secrets.token_hex(16)
        self.admin_token = secrets.token_hex(16)
        self.authorities = str(self.work / "ca.pem")
        self.certificates()
        self.listening("names", sys.executable, str(HERE / "names.py"), HOST, "example.com", HOST)
        self.start_vault()
        self.crm = self.listening("crm", self.python_of_the_part(), self.tokens(), "--host", HOST, "--tls", *self.pair)
        base_url = f"{self.named(self.crm, 'crm')}/v2"
        # The stand-in asks the service provider at its address: it is no pod and has another name server.
        idp = [sys.executable, str(HERE / "idp.py"), HOST, *self.pair, self.authorities, self.admin_token]
        self.scim_url = base_url
        self.idp = self.listening("idp", *idp, f"{self.crm}/v2", base_url)

    # --- Certificates and starts ---

    def certificates(self):
        """An authority, and one certificate for all the servers."""
        key, ca_key = str(self.work / "server.key"), str(self.work / "ca.key")
        own, request = str(self.work / "server.pem"), str(self.work / "server.csr")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run("openssl", "req", "-x509", *new_key, "-keyout", ca_key, "-out", self.authorities, "-days", "2",
            "-subj", "/CN=authority of the test", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
        run("openssl", "req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=server of the test")
        extensions = self.work / "server.ext"
        names = ",".join(f"DNS:{name}" for name in NAMES.values())
        extensions.write_text(f"subjectAltName=IP:{HOST},{names}\nbasicConstraints=CA:FALSE\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.authorities, "-CAkey", ca_key, "-CAcreateserial",
            "-days", "2", "-extfile", str(extensions), "-out", own)  # fmt: skip
        self.pair = [own, key]

    def start(self, name, *command):
        log = (self.work / f"{name}.log").open("w")
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def listening(self, name, *command):
        """Starts a server that tells its address; gives it back."""
        process = self.start(name, *command)

        def told():
            check(process.poll() is None, f"{name} ended: {(self.work / f'{name}.log').read_text()}")
            lines = (self.work / f"{name}.log").read_text().splitlines()
            return next((line.split()[1] for line in lines if line.startswith("listening ")), None)

        return until(f"{name} listens", told)

    def python_of_the_part(self):
        return str(self.parts / "scim2-server/venv/bin/python")

    def tokens(self):
        return str(HERE.parents[1] / "parts/scim2-server/tokens.py")

    @staticmethod
    def named(address, name):
        """The address of a server with its name in place of the number, as pods know it."""
        return address.replace(HOST, NAMES[name])

    # --- Vault ---

    def start_vault(self):
        plugins = self.work / "plugins"
        plugins.mkdir()
        shutil.copy(self.parts / "vault-kubernetes/vault-plugin-auth-kubernetes", plugins)
        own, key = self.pair
        listener = {"address": f"{HOST}:8200", "tls_cert_file": own, "tls_key_file": key}
        config = self.work / "vault.json"
        config.write_text(json.dumps({"listener": {"tcp": listener}}))
        self.vault_program = str(self.parts / "vault/vault")
        self.start("vault", self.vault_program, "server", "-dev", "-dev-no-store-token", f"-config={config}",
                   f"-dev-root-token-id={self.root_token}", f"-dev-plugin-dir={plugins}",
                   "-dev-listen-address=127.0.0.1:8210")  # fmt: skip
        self.vault_environment = {
            "VAULT_ADDR": f"https://{HOST}:8200",
            "VAULT_CACERT": self.authorities,
            "VAULT_TOKEN": self.root_token,
            "VAULT_BIN": self.vault_program,
        }
        until("Vault serves", lambda: self.vault("status", code=None).returncode == 0)
        self.vault("secrets", "enable", "-path=kv", "-version=2", "kv")
        # In a Vault from HashiCorp it is built in.
        self.vault("auth", "enable", "-path=kubernetes", "vault-plugin-auth-kubernetes")
        until("kv serves", lambda: self.vault("kv", "put", "kv/scim-rotator-callers/idp", f"secret={self.admin_token}",
                                              code=None).returncode == 0)  # fmt: skip

    def vault(self, *args, code=0, token=None):
        environment = {**self.vault_environment, **({} if token is None else {"VAULT_TOKEN": token})}
        return run(self.vault_program, *args, code=code, env=environment)

    def secret(self, path):
        """What stands at a path of `kv`; None if nothing does."""
        headers = {"X-Vault-Token": self.root_token}
        url = f"https://{HOST}:8200/v1/kv/data/{path}"
        status, body = fetch(url, headers=headers, authorities=self.authorities)
        return json.loads(body)["data"]["data"] if status == 200 else None

    # --- The service provider and the identity provider ---

    def ledger(self):
        return fetch_json(f"{self.crm}/_ledger", authorities=self.authorities)

    def live(self):
        return fetch_json(f"{self.crm}/_tokens", authorities=self.authorities)["tokens"]

    def slow_minting(self, milliseconds):
        fault = {"path_prefix": "/_tokens", "method": "POST", "delay_ms": milliseconds, "count": 10**6}
        fetch_json(f"{self.crm}/_faults", method="POST", body=fault, authorities=self.authorities)

    def pushes(self):
        return fetch_json(f"{self.idp}/pushes", authorities=self.authorities)
