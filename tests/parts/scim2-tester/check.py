"""Runs every check of scim2-tester against a SCIM service provider.

    TOKEN | $PARTS/scim2-tester/venv/bin/python check.py SCIM_URL

The token comes from standard input. Prints one JSON object a result on a line of its own: {"check", "status", "about",
"reason"}. Ends with 0 whatever the results are; who reads them judges.
"""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server


def main():
    token = sys.stdin.read().strip()
    # trust_env: no proxy and no other credential of the environment gets between.
    http = Client(base_url=sys.argv[1], headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
    for result in check_server(SyncSCIMClient(http)):
        row = {
            "check": result.title,
            "status": result.status.name,
            "about": result.resource_type,
            "reason": " ".join((result.reason or "").split())[:500],
        }
        print(json.dumps(row))


if __name__ == "__main__":
    main()
