"""Parameters of somebody else's task, as they come from Inspect's command line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with Inspect, without types

_EXAMPLE = "-T args='{subset: gpqa_main, seed: 1}' or -T args='subset=gpqa_main seed=1'"


def task_arguments(args: object) -> dict[str, Any]:
    """Read the parameters that are passed on to a task.

    Inspect reads ``-T name=value`` as YAML and cuts at commas, so that one and the same text can arrive as a
    mapping, a list or a string.

    Args:
        args: A mapping; a text that is one as YAML or JSON; pairs ``name=value``, separated by commas or
            blanks, whose values are YAML; None or "" for no parameters.

    Returns:
        Parameters by name.

    Raises:
        ValueError: If `args` is none of these.
    """
    if args is None or args == "":
        return {}
    if isinstance(args, Mapping):
        return {str(name): value for name, value in args.items()}
    if isinstance(args, Sequence) and not isinstance(args, str):
        args = ",".join(map(str, args))
    if isinstance(args, str):
        read = _yaml(args) if args.lstrip().startswith("{") or "=" not in args else None
        if isinstance(read, Mapping):
            return {str(name): value for name, value in read.items()}
        pairs = [part.partition("=") for part in args.replace(",", " ").split()]
        if read is None and all(name and equals for name, equals, _ in pairs):
            return {name: _yaml(value) for name, _, value in pairs}
    raise ValueError(f"args={args!r} holds no parameters; write {_EXAMPLE}")


def _yaml(text: str) -> Any:
    try:
        # Nearly all JSON is YAML; characters that JSON escapes in two halves are not.
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"args={text!r} cannot be read as YAML or JSON; write {_EXAMPLE}") from error


def nearest(name: str, known: Sequence[str], *, number: int = 3) -> str:
    """Known names that resemble a name, as words of a sentence; empty where there is none."""
    found = difflib.get_close_matches(name, known, n=number, cutoff=0.5)
    return " or ".join(found)
