"""The bundled SWE-bench instances: rows in the official schema, known fixes, and the repositories they act on.

Everything here is package data read through :mod:`importlib.resources`, so it works from a wheel, an
editable install and a zip file alike.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["mini_rows", "mini_variants"]


def mini_rows() -> list[dict[str, str]]:
    """Read the bundled instances, in the schema of the official rows of August 2026.

    Returns:
        One dictionary per instance; every value is a string, ``FAIL_TO_PASS`` and ``PASS_TO_PASS``
        are JSON lists of pytest ids. The dictionaries belong to the caller.

    Raises:
        ValueError: If a line of the file is not a JSON object; the message names file and line.
    """
    return [dict(row) for row in _read_lines("rows.jsonl")]


def mini_variants() -> list[dict[str, Any]]:
    """Read the fixes with known outcomes that a simulated agent may apply to the bundled instances.

    Returns:
        One dictionary per fix: ``instance_id``, ``name`` (``gold``, ``partial-1``, ``wrong-1``, …),
        ``kind`` (``right``: all tests pass; ``partial``: some FAIL_TO_PASS tests pass but not all;
        ``wrong``: none passes), ``patch`` (unified diff against the base commit), and ``f2p`` and
        ``p2p``, the outcomes (0 or 1) measured in the container, in the order of the row's tests.

    Raises:
        ValueError: If a line of the file is not a JSON object; the message names file and line.
    """
    return [
        {**variant, "f2p": list(variant["f2p"]), "p2p": list(variant["p2p"])}
        for variant in _read_lines("variants.jsonl")
    ]


@cache
def _read_lines(name: str) -> tuple[dict[str, Any], ...]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(_parse_line(line, name, number) for number, line in enumerate(text.splitlines(), start=1))


def _parse_line(line: str, name: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}, line {number}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name}, line {number}: must be a JSON object, not {type(value).__name__}")
    return value
