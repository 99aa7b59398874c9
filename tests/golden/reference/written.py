"""How the reference values are written: JSON, short lists in one line, the numbers of longer ones wrapped."""

import json
import textwrap
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent
WIDTH = 120


def text(value, indent=0):
    line = json.dumps(value)
    if indent + len(line) < WIDTH or not isinstance(value, dict | list):
        return line
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        members = (f"{inner}{json.dumps(key)}: {text(part, indent + 2)}" for key, part in value.items())
        return "{\n" + ",\n".join(members) + f"\n{outer}}}"
    if isinstance(value[0], list):
        return "[\n" + ",\n".join(inner + text(part, indent + 2) for part in value) + f"\n{outer}]"
    return "[\n" + textwrap.fill(line[1:-1], WIDTH, initial_indent=inner, subsequent_indent=inner) + f"\n{outer}]"


def golden(name, value):
    """Writes `tests/golden/{name}.json`."""
    (GOLDEN / f"{name}.json").write_text(text(value) + "\n")
