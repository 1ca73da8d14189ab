"""Pytest plug-in of the grading container: one line per phase of each test, and twins that must fail.

It keeps to hooks that every pytest since 3.0 calls. A twin is a test that counts with a body that must fail,
under the same name and of the same class, with the same parent, marks and fixtures. Some are planted at
collection, before or after the test, as copies whose first line fails; and when all tests are through, the
tests themselves run once more with a line that fails at their end. Code that makes failures look like passes,
or that keeps a body from running, gives itself away.
"""

import copy
import inspect
import os
import random
import threading
import time
import types
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hotmess_inspect.swebench.inside import hotmess_bodies, hotmess_tools
    from hotmess_inspect.swebench.inside import hotmess_channel as channel
else:
    import hotmess_bodies
    import hotmess_channel as channel
    import hotmess_tools

_RERUN_SECONDS = 20.0  # of tests that are run again, by the time that they took
_PATIENCE = 60.0

_now, _exit = time.monotonic, os._exit
_running = None  # type: Any
_again = False
_planted = {}  # type: dict[int, Any]
_failures = {}  # type: dict[int, Any]
_took = {}  # type: dict[int, float]
_real = []  # type: list[Any]
_found = {}  # type: dict[int, Any]
_odd = {}  # type: dict[int, dict[str, Any]]
_raised = {}  # type: dict[int, bool]
_named = {}  # type: dict[int, str]


class _Path(str):
    @property
    def strpath(self) -> str:
        return str(self)


def _as_pytest_compiles(module: "Any", source: bytes, path: str) -> "Any":
    from _pytest.assertion import rewrite

    # Before 5.3 the absolute path becomes part of the code, and before 5.0 it is an object of pytest's own.
    where = _Path(os.path.abspath(path))
    given = {"mod": module, "source": source, "module_path": where, "config": None}  # type: dict[str, Any]
    known = inspect.signature(rewrite.rewrite_asserts).parameters
    rewrite.rewrite_asserts(**{name: value for name, value in given.items() if name in known})
    return hotmess_bodies.plain_compiler(module, source, path)


def _tools() -> "hotmess_tools.Tools":
    names = ("raises", "approx", "warns", "fail", "deprecated_call")
    places = {"pytest." + name: (pytest, name) for name in names if hasattr(pytest, name)}  # type: dict[str, Any]
    try:
        places["raises.__exit__"] = (type(pytest.raises(ValueError)), "__exit__")
        places["approx.__eq__"] = (type(pytest.approx(1.0)), "__eq__")
    except Exception:
        pass
    return hotmess_tools.Tools(places)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _bodies = hotmess_bodies.read_bodies(
        channel.files,
        channel.tests,
        channel.checked,
        channel.twins,
        [_as_pytest_compiles, hotmess_bodies.plain_compiler],
    )
tools = _tools()


class _Bare(pytest.Item):
    """A twin where the test cannot be copied."""

    def runtest(self) -> None:
        """Fail."""
        raise AssertionError("this line must fail")


def _bare_twin_of(item: "Any") -> "Any":
    make = getattr(_Bare, "from_parent", None)
    if make is not None:
        return make(item.parent, name=item.name)
    return _Bare(item.name, item.parent)


def _name(item: "Any") -> str:
    # By the name under which it is reported, whatever the item says of itself.
    return str(hotmess_bodies.function_name(item.nodeid))


def _path(item: "Any") -> str:
    return str(item.nodeid.split("::")[0])


def _look(item: "Any") -> "Any":
    try:
        chain = tuple(part for part in item.nodeid.split("::")[1:-1] if part != "()")
        return hotmess_bodies.find_body(_bodies, _path(item), _name(item), item.obj, chain)
    except Exception:
        return None, None, None


def _twin_of(item: "Any") -> "Any":
    function = getattr(item, "function", None)
    if not isinstance(function, types.FunctionType):
        return _bare_twin_of(item)
    twin = copy.copy(item)
    for name in ("own_markers", "_report_sections", "user_properties", "extra_keyword_matches"):
        if hasattr(item, name):
            setattr(twin, name, copy.copy(getattr(item, name)))
    for name in ("_store", "stash"):
        if hasattr(item, name):
            setattr(twin, name, type(getattr(item, name))())
    # Since pytest 8.2 an item keeps the instance of its class: each its own.
    method = item.obj if twin.__dict__.pop("_instance", None) is None else twin._getobj()
    twin._initrequest()
    _failures[id(twin)] = _failing(item, function)
    twin.obj = _bound(_failures[id(twin)], method)
    return twin


def _failing(item: "Any", function: "Any") -> "Any":
    """The test's function with a first line that fails."""
    ok, inner, body = _look(item)
    code = body.failing[0] if ok and inner is function and body.failing else _raising(function.__name__)
    made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    made.__dict__.update(function.__dict__)
    made.__module__, made.__qualname__, made.__doc__ = (
        function.__module__,
        function.__qualname__,
        function.__doc__,
    )
    return made


def _bound(made: "Any", method: "Any") -> "Any":
    holder = getattr(method, "__self__", None)
    return made if holder is None else types.MethodType(made, holder)


def _fail_again(twin: "Any") -> None:
    """Make a twin fail whose method was taken anew from its class when it was set up.

    Pytest before 8.2 does so for classes of unittest, and before 7 for all others. What unittest calls is the method of
    the instance: for coroutines, and before pytest 5.4 always.
    """
    made = _failures.get(id(twin))
    if made is None:
        return
    if getattr(twin.obj, "__func__", twin.obj) is not made:
        twin.obj = _bound(made, twin.obj)
    case = getattr(twin, "_testcase", None)
    if case is not None:
        setattr(case, twin.name, twin.obj)


def _raising(name: str) -> "Any":
    """Code of a function of this name that fails; made so that every Python can."""
    made = {}  # type: dict[str, Any]
    source = f"def {name}(*_, **__):\n    raise AssertionError('this line must fail')\n"
    exec(compile(source, __file__, "exec", dont_inherit=True), made)
    return made[name].__code__


def _counts(name: str) -> bool:
    cut = name.split(" ", 1)[0]
    return name in channel.twins or ("[" in cut and cut in channel.twins)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: "list[Any]") -> "Any":
    """Plant a twin before or after each test that counts, when everybody else is done with the list."""
    yield
    mixed = []  # type: list[Any]
    for item in items:
        pair = [item]
        if _counts(item.nodeid):
            try:
                twin = _twin_of(item)
            except Exception:  # another kind of item than is known
                twin = _bare_twin_of(item)
            _planted[id(twin)] = twin
            _real.append(item)
            pair.insert(random.SystemRandom().randrange(2), twin)
        mixed += pair
    items[:] = mixed
    _named.update({id(item): str(item.nodeid) for item in mixed})


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: "Any") -> "Any":
    """Note which of two items of one name is running, and for how long."""
    global _running
    _running = item
    began = _now()
    yield
    _took[id(item)] = _now() - began


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: "Any") -> "Any":
    """See before and after a test whether its function is the file's, and what it checks with."""
    if _again or id(item) in _planted:
        _fail_again(item)
        yield
        return
    odd = {}  # type: dict[str, Any]
    before = _look(item)
    _found[id(item)] = before
    helpers = _replaced(item, before)
    outcome = yield
    # Of unittest's tests the item collects what they raise.
    _raised[id(item)] = outcome.excinfo is not None or bool(getattr(item, "_excinfo", None))
    after = before[0] if inspect.iscoroutinefunction(before[1]) else _look(item)[0]
    if before[0] is False or (before[0] and after is False):
        odd["body"] = "other"
    changed = tools.changed() + helpers
    if changed:
        odd["tools"] = changed[:5]
    _odd[id(item)] = odd


def _replaced(item: "Any", found: "Any") -> "list[str]":
    try:
        return hotmess_bodies.replaced(found[2], found[1], getattr(item, "cls", None)) if found[0] else []
    except Exception:
        return []


def _may_fail(item: "Any") -> "Any":
    """Whether the source lets a test be expected to fail; None where that is not known and not needed."""
    body = _look(item)[2]
    return body.may_fail if body is not None else False if _counts(item.nodeid) else None


def pytest_runtest_logreport(report: "Any") -> None:
    """Send the outcome of one phase (setup, call, teardown) of one test."""
    if report.outcome == "passed" and "subtest" in type(report).__name__.lower():
        return  # a part of a test; the test itself is reported, too
    twin = _again or id(_running) in _planted
    name = _named.get(id(_running), report.nodeid)
    record = {
        "test": name,
        "phase": report.when,
        "outcome": report.outcome,
        "xfail": hasattr(report, "wasxfail"),
        "twin": twin,
    }
    if record["xfail"] and _running is not None:
        record["excused"] = _may_fail(_running)
    if report.when == "call":
        record.update(_odd.get(id(_running), {}))
        if report.outcome == "passed" and not record["xfail"] and not twin and _raised.get(id(_running)):
            record["tools"] = ["its report"]
    if name != report.nodeid:
        record["tools"] = ["its name"]
    channel.write(record)
    if not twin and report.outcome == "failed":
        _found.pop(id(_running), None)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtestloop(session: "Any") -> "Any":
    """When all tests are through, run those that count again, with a line at their end that fails."""
    yield
    chosen = [item for item in _real if _found.get(id(item), (None,))[0]]
    random.SystemRandom().shuffle(chosen)
    if not chosen or session.config.option.collectonly:
        return
    watchdog = threading.Timer(_PATIENCE, _give_up, [session])
    watchdog.daemon = True
    watchdog.start()
    failed = session.testsfailed
    try:
        _run_again(chosen)
    except BaseException:  # whatever a second run may bring up, the first one has been reported
        pass
    finally:
        watchdog.cancel()
        session.shouldstop = session.shouldfail = False
        session.testsfailed = failed


def _give_up(session: "Any") -> None:
    code = 1 if session.testsfailed else 0
    channel.write({"finished": code})
    _exit(code)


def _run_again(chosen: "list[Any]") -> None:
    global _again
    spent = 0.0
    for item in chosen:
        _, function, body = _found[id(item)]
        for code in body.failing[1:]:
            if len(code.co_freevars) != len(function.__code__.co_freevars):
                continue
            spent += _took.get(id(item), 0.0)
            if spent > _RERUN_SECONDS:
                return
            kept = function.__code__
            function.__code__ = hotmess_bodies.narrowed(code, body, item.nodeid)
            _again = True
            try:
                item._initrequest()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            finally:
                _again = False
                function.__code__ = kept


def pytest_sessionfinish(session: "Any", exitstatus: int) -> None:
    """Note that the run came to its end, and with which exit status."""
    channel.write({"finished": int(exitstatus)})
