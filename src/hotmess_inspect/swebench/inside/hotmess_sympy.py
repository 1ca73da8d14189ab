"""Runs SymPy's own ``bin/test`` and reports every test function's outcome.

    python hotmess_sympy.py bin/test ARGUMENTS...

``bin/test`` sets the environment before it imports SymPy, so the reporter's class is wrapped when it is
imported and not before. Where a test that counts is entered, copies of the process go on with a body that
must fail: SymPy's tests have nothing outside of the process that a copy could spoil.
"""

import importlib.util
import os
import runpy
import signal
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotmess_inspect.swebench.inside import hotmess_bodies, hotmess_tools
    from hotmess_inspect.swebench.inside import hotmess_channel as channel
else:
    import hotmess_bodies
    import hotmess_channel as channel
    import hotmess_tools

_MODULES = ("sympy.testing.runtests", "sympy.utilities.runtests")
_OUTCOMES = {
    "test_pass": ("passed", False),
    "test_fail": ("failed", False),
    "test_exception": ("failed", False),
    "test_skip": ("skipped", False),
    "test_xfail": ("skipped", True),
    "test_xpass": ("passed", True),
}


_COPY_SECONDS = 20.0
_ALL_COPIES = 120.0

_now, _sleep, _fork, _exit = time.monotonic, time.sleep, os.fork, os._exit
_waitpid, _kill = os.waitpid, os.kill
_bodies = hotmess_bodies.read_bodies(
    channel.files, channel.tests, channel.checked, channel.twins, [hotmess_bodies.plain_compiler]
)
tools = hotmess_tools.Tools({})
_copy = False
_spent = 0.0


def _look(function: "Any", called: str) -> "Any":
    try:
        path, name = called.split(":")
        found = hotmess_bodies.find_body(_bodies, path, name, function)
        # Where nothing is known of it, it is at least no other test.
        made = [layer.__code__.co_name for layer in hotmess_bodies.layers(function)]
        other = found[0] is None and name not in made and any(part.startswith("test_") for part in made)
        return (False, *found[1:]) if other else found
    except Exception:
        return None, None, None


def _report(function: "Any", called: str, helpers: "list[str]", outcome: str, xfail: bool) -> None:
    record = {
        "test": called,
        "names": [called.split(":")[-1]],
        "phase": "call",
        "outcome": outcome,
        "xfail": xfail,
        "twin": _copy,
    }
    if not _copy:
        found = _look(function, called)
        if found[0] is False:
            record["body"] = "other"
        changed = tools.changed() + helpers
        if changed:
            record["tools"] = changed[:5]
        if xfail and outcome == "skipped":
            record["excused"] = found[2].may_fail if found[2] is not None else None
    channel.write(record)


def _wrap(reporter: "Any", name: str, outcome: str, xfail: bool) -> None:
    original = getattr(reporter, name)

    def reporting(self: "Any", *rest: "Any") -> "Any":
        entered = getattr(self, "_hotmess_function", None)
        if entered is not None:
            _report(entered[0], entered[1], entered[2], outcome, xfail)
        if _copy:
            _exit(0)
        return original(self, *rest)

    setattr(reporter, name, reporting)


def _wrap_reporter(reporter: "Any") -> None:
    entering = reporter.entering_test

    opening = reporter.entering_filename

    def opened(self: "Any", filename: str, *rest: "Any") -> "Any":
        self._hotmess_file = os.path.relpath(filename)
        return opening(self, filename, *rest)

    def noting(self: "Any", function: "Any") -> "Any":
        if _copy:
            _exit(0)
        path = getattr(self, "_hotmess_file", None) or os.path.relpath(function.__code__.co_filename)
        called = path + ":" + function.__name__
        found = _look(function, called)
        helpers = hotmess_bodies.replaced(found[2], found[1], None) if found[0] else []
        self._hotmess_function = (function, called, helpers)
        result = entering(self, function)
        if not _copy and (called in channel.twins or called.split(":")[-1] in channel.twins):
            ok, inner, body = found
            for code in body.failing[1:] if ok else ():
                _continue_in_a_copy(inner, code)
                if _copy:
                    break
        return result

    reporter.entering_filename = opened
    reporter.entering_test = noting
    for name, (outcome, xfail) in _OUTCOMES.items():
        _wrap(reporter, name, outcome, xfail)


def _continue_in_a_copy(function: "Any", code: "Any") -> None:
    """Let a copy of this process go on with another body; this one waits for its end."""
    global _copy, _spent
    if _spent > _ALL_COPIES:
        return
    began = _now()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are threads
        child = _fork()
    if not child:
        _copy = True
        function.__code__ = code
        return
    while _now() - began < _COPY_SECONDS:
        try:
            if _waitpid(child, os.WNOHANG)[0]:
                break
        except OSError:
            break
        _sleep(0.005)
    else:
        _kill(child, signal.SIGKILL)
        _waitpid(child, 0)
    _spent += _now() - began


class _Finder:
    """Finds the module as everybody else does, and wraps its reporter once it is loaded."""

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name not in _MODULES:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        loader = None if spec is None else spec.loader  # type: Any
        if loader is None:
            return None
        execute = loader.exec_module

        def execute_and_wrap(module: "Any") -> None:
            execute(module)
            if hasattr(module, "PyTestReporter"):
                _wrap_reporter(module.PyTestReporter)

        loader.exec_module = execute_and_wrap
        return spec


def main(script: str) -> None:
    """Run the script in place of this one."""
    sys.meta_path.insert(0, _Finder())
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    code = 0  # type: Any
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
        raise
    finally:
        if _copy:
            _exit(0)
        if isinstance(sys.exc_info()[1], (SystemExit, type(None))):  # else the run did not come to its end
            channel.write({"finished": code if isinstance(code, int) else int(code is not None)})


if __name__ == "__main__":
    main(sys.argv[1])
