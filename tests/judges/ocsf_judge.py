"""Asks the published schema of OCSF whether lines on standard input are events of API Activity.

Prints how many were right; the first that is not ends it with exit code 1. The models refuse a wrong type, a missing
attribute and an unknown enumeration; attributes that the schema does not have are refused here.
"""

import json
import sys

from ocsf.v1_7_0.events import ApiActivity


def foreign(model, value, place):
    """Attributes of `value` that the schema does not have, except below `unmapped`."""
    names = {field.alias or name: name for name, field in type(model).model_fields.items()}
    for key, inner in value.items():
        if key not in names:
            yield f"{place}{key}"
            continue
        parsed = getattr(model, names[key])
        if key == "unmapped":
            continue
        if isinstance(inner, dict):
            yield from foreign(parsed, inner, f"{place}{key}.")
        if isinstance(inner, list):
            for one, item in zip(parsed, inner):
                if isinstance(item, dict):
                    yield from foreign(one, item, f"{place}{key}[].")


count = 0
for text in sys.stdin:
    value = json.loads(text)
    event = ApiActivity.model_validate(value)
    unknown = list(foreign(event, value, ""))
    if unknown:
        sys.exit(f"the schema does not have {unknown}: {text}")
    if value["type_uid"] != value["class_uid"] * 100 + value["activity_id"]:
        sys.exit(f"the type does not follow from the activity: {text}")
    count += 1
print(count)
