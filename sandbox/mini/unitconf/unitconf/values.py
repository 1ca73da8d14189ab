"""Values as they stand to the right of the equals sign."""

from __future__ import annotations

from typing import Any, List

from unitconf.errors import ConfigError
from unitconf.units import parse_quantity

_WORDS = {"true": True, "false": False, "none": None}
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def parse_value(text: str, line: int) -> Any:
    """Read one value: a text in quotes, a list, a number, a quantity, true, false or none.

    Anything else is text without quotes.

    Raises:
        ConfigError: If quotes or brackets are not closed, or the value is missing.
    """
    text = text.strip()
    if not text:
        raise ConfigError("a value is missing", line)
    if text.startswith('"'):
        return _parse_text(text, line)
    if text.startswith("["):
        if not text.endswith("]"):
            raise ConfigError("the list is not closed", line)
        return [parse_value(item, line) for item in split_items(text[1:-1])]
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    quantity = parse_quantity(text)
    return text if quantity is None else quantity


def split_items(text: str) -> List[str]:
    """Split the inside of a list at its commas; a comma at the end adds no item."""
    items = [item.strip() for item in text.split(",")]
    if items[-1] == "":
        items.pop()
    return items


def strip_comment(line: str) -> str:
    """Cut a comment off the end of a line."""
    return line.split("#", 1)[0].rstrip()


def _parse_text(text: str, line: int) -> str:
    characters: List[str] = []
    position = 1
    while position < len(text):
        character = text[position]
        if character == '"':
            if text[position + 1 :].strip():
                raise ConfigError("something follows the closing quote", line)
            return "".join(characters)
        if character == "\\":
            position += 1
            escape = text[position : position + 1]
            if escape not in _ESCAPES:
                raise ConfigError(f"unknown escape \\{escape}", line)
            character = _ESCAPES[escape]
        characters.append(character)
        position += 1
    raise ConfigError("the text is not closed", line)
