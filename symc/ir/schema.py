"""The JSON Schema of the IR: `python -m symc.ir.schema > docs/ir.schema.json`."""

from __future__ import annotations

import json

from symc.ir.program import Program


def schema() -> str:
    """The schema of a Program as JSON text, keys in a fixed order, with a line break at the end."""
    return json.dumps(Program.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
