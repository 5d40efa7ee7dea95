#!/usr/bin/env python3
"""Turns lines of the audit of scim-rotator into events of OCSF 1.7.0, API Activity (class 6003).

    ocsf.py < audit.jsonl > ocsf.jsonl

One line in, one line out. It needs nothing but Python 3.11. A line that cannot be read is reported on standard error,
and the exit code is 1 then; the others are written nevertheless. deploy/AUDIT.md has the table of the fields.
"""

import datetime
import json
import sys

CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99
ACTIVITIES = {CREATE: "Create", READ: "Read", UPDATE: "Update", DELETE: "Delete", OTHER: "Other"}
ACTIVITY_OF = {
    "issue": CREATE,
    "prove": READ,
    "reach": READ,
    "prove_refused": READ,
    "confirm": READ,
    "commit": UPDATE,
    "publish": UPDATE,
    "deliver": UPDATE,
    "revert": UPDATE,
    "settled": UPDATE,
    "put": UPDATE,
    "store": UPDATE,
    "complete": DELETE,
    "cancel": DELETE,
    "revoke": DELETE,
    "take_away": DELETE,
}
STATUS = {"ok": (1, "Success"), "failed": (2, "Failure"), "unknown": (0, "Unknown")}


def event(line):
    activity = ACTIVITY_OF.get(line["what"], OTHER)
    status_id, status = STATUS[line["result"]]
    at = datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00"))
    mapped = {
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": 6003,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": ACTIVITIES[activity],
        "type_uid": 600300 + activity,
        "type_name": "API Activity: " + ACTIVITIES[activity],
        "time": int(at.timestamp() * 1000),
        "severity_id": 3 if status_id == 2 else 1,
        "severity": "Medium" if status_id == 2 else "Informational",
        "status_id": status_id,
        "status": status,
        "metadata": {
            "version": "1.7.0",
            "product": {"name": "scim-rotator", "vendor_name": "scim-rotator"},
            "uid": f"{line['replica']}:{line['number']}",
            "sequence": line["number"],
            "log_name": "audit",
            "log_version": str(line.get("version", 0)),
        },
        "actor": actor(line),
        "api": {"operation": line["what"], "service": {"name": line["port"]}},
        "src_endpoint": {"name": line["replica"], "instance_uid": line["process"]},
        "resources": resources(line),
        "unmapped": {key: line[key] for key in UNMAPPED if key in line},
    }
    if "request" in line or "rotation" in line:
        mapped["api"]["request"] = {"uid": line.get("request") or line["rotation"]}
    if "why" in line:
        mapped["status_detail"] = line["why"]
    if line["port"] == "probe" and "target" in line:
        mapped["dst_endpoint"] = {"hostname": line["target"]}
    if not mapped["resources"]:
        del mapped["resources"]
    return mapped


# What OCSF has no place for. The hashes of the chain are verified on the audit itself.
UNMAPPED = [
    "kind", "settings", "before", "after", "generation", "rotation", "trigger", "stage", "reason", "changes",
    "stored_version", "gap", "torn", "lost", "previous", "hash",
]


def actor(line):
    who = line["who"]
    if who["kind"] == "person":
        user = {"name": who["name"], "type_id": 1, "type": "User"}
        if "entity" in who:
            user["uid"] = who["entity"]
        return {"user": user}
    return {"app_name": "scim-rotator", "app_uid": line["process"]}


def resources(line):
    found = []
    if "token" in line:
        token = {"type": "SCIM token", "name": line["token"]}
        if "token_id" in line:
            token["uid"] = line["token_id"]
        found.append(token)
    if "target" in line:
        found.append({"type": line["port"], "name": line["target"]})
    return found


def main():
    failed = False
    for number, text in enumerate(sys.stdin, start=1):
        try:
            print(json.dumps(event(json.loads(text))))
        except (ValueError, KeyError) as error:
            failed = True
            print(f"line {number} is no line of the audit: {error!r}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
