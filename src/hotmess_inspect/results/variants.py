"""Short names of variants: what differs and is set, or letters with a key where that is long."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hotmess_inspect.io.variants import looks_secret

if TYPE_CHECKING:
    from hotmess_inspect.results.analyze import GroupResult

_MOST_VALUE, _MOST_NAME, _MOST_KEY = 40, 60, 240


class VariantNames:
    """Names of the variants of results that are shown together.

    Attributes:
        key: What each letter stands for, a line each; empty where names say it themselves.
    """

    def __init__(self, results: Iterable[GroupResult]) -> None:
        """Name the variants of each task and model.

        Args:
            results: All results that are shown together.
        """
        found: dict[tuple[str | None, str | None], dict[str, dict[str, Any]]] = {}
        for result in results:
            variants = found.setdefault((result.group.task, result.group.model), {})
            variants[result.group.variant or ""] = result.variant
        self._names: dict[tuple[str | None, str | None, str], str] = {}
        self.key: list[str] = []
        for (task, model), variants in found.items():
            texts = {variant: settings_text(settings) for variant, settings in variants.items()}
            if all(len(text) <= _MOST_NAME for text in texts.values()):
                self._names |= {(task, model, variant): text for variant, text in texts.items()}
                continue
            of = " · ".join(part for part in (task, model) if part)
            for number, variant in enumerate(sorted(texts)):
                name = f"variant {letter(number)}"
                self._names[task, model, variant] = name
                self.key.append(f"{name} of {of}: {_shortened(texts[variant] or 'nothing set', _MOST_KEY)}")

    def of(self, result: GroupResult) -> str:
        """The name of a result's variant, empty if there is one variant only."""
        group = result.group
        return self._names.get((group.task, group.model, group.variant or ""), "") if result.variant else ""


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings that are set, with long values shortened and without secrets."""
    return ", ".join(
        f"{name}={'(hidden)' if looks_secret(name, value) else _shortened(_value(value), _MOST_VALUE)}"
        for name, value in settings.items()
        if value is not None
    )


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _shortened(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def letter(number: int) -> str:
    """Number as letters: A to Z, then AA, AB and so on."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
