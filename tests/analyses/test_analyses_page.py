"""Every snippet of docs/analyses.md runs and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "analyses.md"


def test_snippets_print_what_the_page_shows():
    blocks = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 8
    names: dict[str, object] = {}
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)  # our own page, in a namespace of its own
        assert printed.getvalue() == shown
