"""Files of other harnesses, recognised by their content and read as tables of epochs.

A format is an object with a ``name`` and two methods, ``recognise`` and ``read`` (:class:`Format`). A package adds
its own by an entry point:

```toml
[project.entry-points."hotmess_inspect.formats"]
ours = "our_package.readers:OurFormat"
```
"""

from __future__ import annotations

from hotmess_inspect.io.formats.interface import Format, Rows, format_of, read_format, with_unapplied

__all__ = ["Format", "Rows", "format_of", "read_format", "with_unapplied"]
