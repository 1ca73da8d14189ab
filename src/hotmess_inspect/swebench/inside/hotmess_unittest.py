"""Runs a script that ends in a unittest text runner, as Django's, and reports every test's outcome.

    python hotmess_unittest.py SCRIPT ARGUMENTS...

The script runs as it would by itself; only the methods of the result that the runner calls are wrapped. When
all tests are through, those that count run once more under the same names, with a line at their end that
must fail.
"""

import os
import random
import runpy
import sys
import threading
import time
import unittest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotmess_inspect.swebench.inside import hotmess_bodies, hotmess_tools
    from hotmess_inspect.swebench.inside import hotmess_channel as channel
else:
    import hotmess_bodies
    import hotmess_channel as channel
    import hotmess_tools

_OUTCOMES = {
    "addSuccess": ("passed", False),
    "addFailure": ("failed", False),
    "addError": ("failed", False),
    "addSkip": ("skipped", False),
    "addExpectedFailure": ("skipped", True),
    "addUnexpectedSuccess": ("passed", True),
}
_RERUN_SECONDS = 20.0
_PATIENCE = 60.0

_now, _exit = time.monotonic, os._exit
_bodies = hotmess_bodies.read_bodies(
    channel.files, channel.tests, channel.checked, channel.twins, [hotmess_bodies.plain_compiler]
)
_home = os.getcwd()
tools = hotmess_tools.Tools({})
_again = False
_began = {}  # type: dict[str, float]
_helpers = {}  # type: dict[str, list[str]]
_passed = {}  # type: dict[str, tuple[Any, Any, float]]


def _id(test: "Any") -> str:
    """As unittest makes it; what the test says of itself counts only where it is no test but a failed set-up."""
    if not hasattr(test, "_testMethodName"):
        return str(test.id())
    return ".".join((type(test).__module__, type(test).__qualname__, test._testMethodName))


def _names(test: "Any") -> "list[str]":
    """As unittest prints them in old and new Pythons, and the first line of the docstring."""
    if not hasattr(test, "_testMethodName"):
        return [str(test)]
    body = _look(test)[2]
    about = (body.about if body is not None else test.shortDescription()) or ""
    place, method = _id(test).rpartition(".")[::2]
    return [method + " (" + place + ")", method + " (" + place + "." + method + ")", about]


def _counts(test: "Any") -> bool:
    return any(name.strip() in channel.twins for name in [_id(test), *_names(test)])


def _look(test: "Any") -> "Any":
    try:
        method = test._testMethodName
        path = os.path.relpath(sys.modules[type(test).__module__].__file__ or "", _home)
        owner = next(case for case in type(test).__mro__ if method in vars(case))
        chain = tuple(owner.__qualname__.split("."))
        return hotmess_bodies.find_body(_bodies, path, method, getattr(type(test), method), chain)
    except Exception:
        return None, None, None


def _report(test: "Any", outcome: str, xfail: bool) -> None:
    record = {
        "test": _id(test),
        "names": _names(test),
        "phase": "call",
        "outcome": outcome,
        "xfail": xfail,
        "twin": _again,
    }
    if not _again:
        found = _look(test)
        if found[0] is False:
            record["body"] = "other"
        changed = tools.changed() + (_helpers.get(_id(test), []) if found[0] else [])
        if changed:
            record["tools"] = changed[:5]
        if outcome == "passed" and found[0] and _counts(test):
            _passed[_id(test)] = (test, found, _now() - _began.get(_id(test), _now()))
        if xfail and outcome == "skipped" and _counts(test):
            record["excused"] = found[2] is not None and found[2].may_fail
    channel.write(record)


def _wrap(name: str, outcome: str, xfail: bool) -> None:
    original = getattr(unittest.TextTestResult, name)

    def reporting(self: "Any", test: "Any", *rest: "Any") -> "Any":
        _report(test, outcome, xfail)
        return original(self, test, *rest)

    setattr(unittest.TextTestResult, name, reporting)


def _wrap_subtests() -> None:
    original = unittest.TextTestResult.addSubTest

    def reporting(self: "Any", test: "Any", subtest: "Any", err: "Any") -> "Any":
        if err is not None:
            _report(test, "failed", False)
        return original(self, test, subtest, err)

    unittest.TextTestResult.addSubTest = reporting  # type: ignore[method-assign]


def _wrap_start() -> None:
    original = unittest.TextTestResult.startTest

    def starting(self: "Any", test: "Any") -> "Any":
        _began[_id(test)] = _now()
        found = (None, None, None) if _again else _look(test)
        if found[0] is False:
            channel.write(_other(test))
        elif found[0] and found[2] is not None:
            _helpers[_id(test)] = hotmess_bodies.replaced(found[2], found[1], type(test))
        return original(self, test)

    unittest.TextTestResult.startTest = starting  # type: ignore[method-assign]


def _other(test: "Any") -> "dict[str, Any]":
    about = {"test": _id(test), "names": _names(test), "phase": "setup", "outcome": "passed"}
    return dict(about, xfail=False, twin=False, body="other")


def _wrap_runner() -> None:
    original = unittest.TextTestRunner.run

    def running(self: "Any", test: "Any") -> "Any":
        result = original(self, test)
        # Threads of this kind end with the process; the first run has been reported by then.
        watchdog = threading.Timer(_PATIENCE, _give_up, [result])
        watchdog.daemon = True
        watchdog.start()
        try:
            _run_again(self, original, type(test))
        except BaseException:
            pass
        finally:
            watchdog.cancel()
        return result

    unittest.TextTestRunner.run = running  # type: ignore[method-assign]


def _give_up(result: "Any") -> None:
    code = int(not result.wasSuccessful())
    channel.write({"finished": code})
    _exit(code)


def _run_again(runner: "Any", run: "Any", suite: "Any") -> None:
    global _again
    spent = 0.0
    chosen = list(_passed.values())
    _passed.clear()
    random.SystemRandom().shuffle(chosen)
    for test, (_, function, body), took in chosen:
        for code in body.failing[1:]:
            spent += took
            if spent > _RERUN_SECONDS:
                return
            kept, function.__code__ = function.__code__, code
            _again = True
            try:
                run(runner, suite([type(test)(test._testMethodName)]))
            finally:
                _again = False
                function.__code__ = kept


def main(script: str) -> None:
    """Run the script in place of this one."""
    for name, (outcome, xfail) in _OUTCOMES.items():
        _wrap(name, outcome, xfail)
    _wrap_subtests()
    _wrap_start()
    _wrap_runner()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    code = 0  # type: Any
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
        raise
    finally:
        if isinstance(sys.exc_info()[1], (SystemExit, type(None))):  # else the run did not come to its end
            channel.write({"finished": code if isinstance(code, int) else int(code is not None)})


if __name__ == "__main__":
    main(sys.argv[1])
