"""Counts in sentences, under their old name."""

from hotmess_inspect.words import counted, p_word

__all__ = ["counted", "p_word"]
