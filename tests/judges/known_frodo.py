"""As known_answers.py and known_requests.py, for the judge that needs frodo."""

import os

import openidm_judge

is_there = "FRODO" in os.environ

JUDGES = {"openidm": openidm_judge}
IDS = {}
CONFIGURATION = "/openidm/config/provisioner.openicf/scimcrm"
CONNECTOR = {
    "_id": "provisioner.openicf/scimcrm",
    "enabled": True,
    "configurationProperties": {"authenticationMethod": "TOKEN", "authToken": {"$crypto": {"type": "t"}}},
}
SYSTEM = {"name": "scimcrm", "enabled": True, "displayName": "SCIM Connector", "objectTypes": ["user"], "ok": True}
ANSWERS = {
    "openidm": {
        "read": (f"GET {CONFIGURATION}", 200, CONNECTOR),
        "list": ("GET /openidm/config", 200, {"result": [CONNECTOR], "resultCount": 1}),
        "save": (f"PUT {CONFIGURATION}", 200, CONNECTOR),
        "test_saved": ("POST /openidm/system/scimcrm", 200, SYSTEM),
    },
}
LIES = [
    ("openidm", "read", "_id", ...),
    ("openidm", "read", "configurationProperties", "TOKEN"),
    ("openidm", "list", "result/0/_id", ...),
    ("openidm", "save", "_id", 5),
    ("openidm", "test_saved", "ok", "true"),
    ("openidm", "test_saved", "", []),
]
ERRORS = {"openidm": ("read", {"code": 409, "reason": "Conflict", "message": "m"})}

HOST = "https://idm.example.com"
JSON = "application/json"
RECORDED = {
    openidm_judge: [
        ("GET", HOST + CONFIGURATION, None, "", 200, CONNECTOR),
        ("PUT", HOST + CONFIGURATION, JSON, '{"configurationProperties": {"authToken": "t"}}', 200, CONNECTOR),
        ("POST", f"{HOST}/openidm/system/scimcrm?_action=test", None, "", 200, SYSTEM),
    ],
}
CHANGES = [
    (openidm_judge, 0, "/config/", "/configuration/"),
    (openidm_judge, 1, "PUT", "PATCH"),
    (openidm_judge, 1, JSON, "text/plain"),
    (openidm_judge, 2, "_action=test", "_action=testConfig"),
    (openidm_judge, 2, "POST", "GET"),
]
