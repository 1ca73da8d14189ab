"""Tables as plain text."""

from gridtext.markdown import read_markdown, write_markdown
from gridtext.table import Table
from gridtext.width import clip, display_width
from gridtext.wrap import wrap

__all__ = ["Table", "clip", "display_width", "read_markdown", "wrap", "write_markdown"]
