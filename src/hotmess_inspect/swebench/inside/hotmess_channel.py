"""The way out of the test process: one JSON line per event, into a pipe that another user reads.

The settings come over file descriptor 3, so that neither the environment nor the disk holds them, and
are read at import, before any file of the repository is loaded. What has been written cannot be taken
back: the other end of the pipe belongs to another user.
"""

import json
import os

FAR_END = 3


def _settings() -> "dict[str, object]":
    with os.fdopen(FAR_END, "rb") as stream:
        settings = json.loads(stream.read().decode("utf-8"))  # type: dict[str, object]
    return settings


def _names(key: str) -> "list[str]":
    return [str(name) for name in _given.get(key, ())]  # type: ignore[attr-defined]


_given = _settings()
twins = frozenset(_names("twins"))
"""Tests that are run a second time under their own names with a body that must fail."""
files = _names("files")
"""Files that hold the tests that count, relative to the working folder."""
tests = _names("tests")
"""All tests that count."""
checked = _names("checked")
"""Those of them whose functions are compared with their files."""
_nonce = str(_given["nonce"])
# Without a reader this fails at once instead of waiting for one.
_pipe = os.open(str(_given["report"]), os.O_WRONLY | os.O_NONBLOCK)
os.set_blocking(_pipe, True)
_write, _encode = os.write, json.JSONEncoder().encode


def write(record: "dict[str, object]") -> None:
    """Send one event."""
    record["nonce"] = _nonce
    line = (_encode(record) + "\n").encode()
    while line:
        line = line[_write(_pipe, line) :]


def _leave_no_trace() -> None:
    """Give processes that the tests start the environment that they would have without this folder."""
    here = os.path.dirname(os.path.abspath(__file__))
    parts = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != here]
    if parts:
        os.environ["PYTHONPATH"] = os.pathsep.join(parts)
    else:
        os.environ.pop("PYTHONPATH", None)


_leave_no_trace()
write({"started": True})
