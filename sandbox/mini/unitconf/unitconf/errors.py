"""What goes wrong in a configuration file."""

from __future__ import annotations

from typing import Optional


class ConfigError(ValueError):
    """A mistake in a configuration, with the line it is on where that is known."""

    def __init__(self, message: str, line: Optional[int] = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line
