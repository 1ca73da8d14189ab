"""Right answers from a file (``-M answers=PATH``), for tasks whose samples do not hold them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from hotmess_inspect.simulated.hashing import stable_hash

__all__ = ["read_targets"]

_QUESTION = ("question", "input", "prompt")
_TARGET = ("target", "answer")


def read_targets(path: str) -> dict[int, str]:
    """Right answers by the hash of their question.

    Args:
        path: A JSON object ``{question: target}``, a JSON list or JSON lines of objects, or a CSV, with a
            column ``question`` (or ``input``, ``prompt``) and a column ``target`` (or ``answer``).

    Returns:
        Targets by `stable_hash` of the question.

    Raises:
        ValueError: If the file cannot be read or a row lacks one of the two columns.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"model argument 'answers': {path} cannot be read: {problem}") from None
    pairs = _from_csv(text, path) if file.suffix.lower() == ".csv" else _from_json(text, path)
    return {stable_hash(question): target for question, target in pairs}


def _from_csv(text: str, path: str) -> Iterable[tuple[str, str]]:
    return [_pair(row, path, number) for number, row in enumerate(csv.DictReader(text.splitlines()), 1)]


def _from_json(text: str, path: str) -> Iterable[tuple[str, str]]:
    try:
        loaded = json.loads(text)
    except ValueError:
        try:
            loaded = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as problem:
            raise ValueError(
                f"model argument 'answers': {path} is neither JSON nor JSON lines: {problem}"
            ) from None
    if isinstance(loaded, dict) and not set(loaded) & set(_QUESTION):
        return [(str(question), str(target)) for question, target in loaded.items()]
    rows = loaded if isinstance(loaded, list) else [loaded]
    return [_pair(row, path, number) for number, row in enumerate(rows, 1)]


def _pair(row: object, path: str, number: int) -> tuple[str, str]:
    if isinstance(row, Mapping):
        question = next((row[name] for name in _QUESTION if name in row), None)
        target = next((row[name] for name in _TARGET if name in row), None)
        if question is not None and target is not None:
            return str(question), _letter(target)
    raise ValueError(
        f"model argument 'answers': row {number} of {path} needs one of {_QUESTION} and one of {_TARGET}"
    )


def _letter(target: object) -> str:
    """Several published sets give the right option by its index; that is a letter here."""
    return chr(ord("A") + target) if isinstance(target, int) and 0 <= target < 26 else str(target)
