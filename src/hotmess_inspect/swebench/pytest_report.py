"""Pytest plug-in that is copied into the grading container and writes one JSON line per test report.

It runs there under whatever Python and pytest the image has, so it keeps to the standard library and
to hooks that every pytest since 3.0 calls. The path and the nonce leave the environment at import,
before any file of the repository is loaded.
"""

import json
import os
from typing import Any

_path = os.environ.pop("HOTMESS_REPORT")
_nonce = os.environ.pop("HOTMESS_NONCE")
_pythonpath = os.environ.pop("HOTMESS_PYTHONPATH", "")
if _pythonpath:
    os.environ["PYTHONPATH"] = _pythonpath
else:
    os.environ.pop("PYTHONPATH", None)
_stream = open(_path, "w")


def _write(record: "dict[str, object]") -> None:
    record["nonce"] = _nonce
    _stream.write(json.dumps(record) + "\n")
    _stream.flush()


def pytest_runtest_logreport(report: "Any") -> None:
    """Note the outcome of one phase (setup, call, teardown) of one test."""
    _write(
        {
            "test": report.nodeid,
            "phase": report.when,
            "outcome": report.outcome,
            "xfail": hasattr(report, "wasxfail"),
        }
    )


def pytest_sessionfinish(session: "Any", exitstatus: int) -> None:
    """Note that the run came to its end, and with which exit status."""
    _write({"finished": int(exitstatus)})


def pytest_unconfigure(config: "Any") -> None:
    """Close the file, or Python would warn of it into the output."""
    _stream.close()
