"""What Inspect imports through the entry-point group ``inspect_ai``, at every start.

It must never raise. With a release of Inspect that is too old nothing is registered, and who asks for
something of this package reads why in one sentence.
"""

import sys
from contextlib import suppress

from hotmess_inspect._inspect_versions import say_if_too_old

if not say_if_too_old():
    from hotmess_inspect import _components as _components

    # Scout looks its scanners up here too; who does not run Scout need not wait for its import.
    if "inspect_scout" in sys.modules:
        with suppress(ImportError):
            from hotmess_inspect.plugin import scout as scout
