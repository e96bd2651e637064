"""Writing fixtures: numbers rounded to a stated number of digits, one readable line per entry."""

import json
import platform
from pathlib import Path


def rounded(values, digits: int):
    """Nested lists of floats, each rounded to `digits` significant decimal digits."""
    if isinstance(values, list):
        return [rounded(value, digits) for value in values]
    return float(f"{values:.{digits}g}")


def write_json(path: Path, content: dict) -> None:
    """Write `content` with one line per key; the values of nested objects also get a line each."""
    path.write_text(_object(content, indent="") + "\n", encoding="utf-8")


def _object(content: dict, indent: str, depth: int = 2) -> str:
    inner = indent + "  "
    lines = []
    for key, value in content.items():
        if isinstance(value, dict) and depth > 1:
            text = _object(value, inner, depth - 1)
        elif isinstance(value, list) and value and isinstance(value[0], (list, dict)):
            rows = ",\n".join(f"{inner}  {json.dumps(row, separators=(',', ':'))}" for row in value)
            text = f"[\n{rows}\n{inner}]"
        else:
            text = json.dumps(value, separators=(",", ":"))
        lines.append(f"{inner}{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def versions(*modules) -> dict:
    """The versions a fixture was made with, Python's first."""
    return {"python": platform.python_version()} | {m.__name__: m.__version__ for m in modules}
