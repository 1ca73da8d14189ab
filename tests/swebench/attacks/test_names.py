"""Cheats with what the code under test can choose and a report is read by: names, wrappers, helpers and skips.

The code under test may give any object any name: a test its id, a class its ``__qualname__``, a code its file's name.
None of these is taken for what it says.
"""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.contained import contained
from hotmess_inspect.swebench.grading import Grade, grade
from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service

from .here import INSTANCES, checkout, graded_here, patch_of
from .test_other_runners import (
    _BIN_TEST,
    _PYTEST_OWN,
    _RUNTESTS,
    _RUNTESTS_OWN,
    SETUP,
    changed,
    instance,
    project,
)

SKIPPED = INSTANCES["hotmess-mini__daywork-1"]
PRODUCT = "def double(n):\n    return n + n + 1\n"
PYTEST = {
    "product/__init__.py": PRODUCT,
    "tests/test_m.py": """
import product

def check(found, expected):
    assert found == expected

def test_old(): assert callable(product.double)
def test_also(): assert callable(product.double)

class TestOld:
    def test_it(self): assert callable(product.double)
""",
}
NEW = """
def test_new(): assert product.double(2) == 4
def test_helped(): check(product.double(2), 4)
def test_built_in(): assert sum([product.double(2), 0]) == 4
def test_constant(): assert product.double(2) in (4, "a")

class TestNew:
    def check(self, found, expected): assert found == expected
    def test_it(self): assert product.double(2) == 4
    def test_helped(self): self.check(product.double(2), 4)
"""
IDS = tuple(
    f"tests/test_m.py::{name}" for name in "test_new test_helped test_built_in TestNew::test_it".split()
)
IDS += tuple(f"tests/test_m.py::{name}" for name in ("TestNew::test_helped", "test_constant"))
OLD = ("tests/test_m.py::test_old",)
DJANGO = {
    "tests/runtests.py": _RUNTESTS,
    "tests/app/__init__.py": "",
    "product/__init__.py": PRODUCT,
    "tests/app/test_m.py": """
import unittest
import product

class Old(unittest.TestCase):
    def test_old(self): self.assertTrue(callable(product.double))
    def test_also(self):
        "Says nothing new."
        self.assertTrue(callable(product.double))
""",
}
DJANGO_NEW = """
class New(unittest.TestCase):
    def test_old(self): self.assertEqual(product.double(2), 4)
    def test_documented(self):
        "Says what it does."
        self.assertEqual(product.double(2), 4)
"""
DJANGO_IDS = ("test_old (app.test_m.New)", "Says what it does.")
SYMPY = {
    "bin/test": _BIN_TEST,
    "sympy/__init__.py": "from sympy.product import double\n",
    "sympy/product.py": PRODUCT,
    "sympy/testing/__init__.py": "",
    "sympy/testing/runtests.py": _RUNTESTS_OWN,
    "sympy/testing/pytest.py": _PYTEST_OWN,
    "sympy/tests/test_m.py": """
from sympy import double

def odd(function):
    def wrapper(): function()
    wrapper.__name__ = function.__name__
    return wrapper

def check(found, expected): assert found == expected

def test_old(): assert callable(double)
@odd
def test_also(): assert callable(double)
""",
}
SYMPY_NEW = """
@odd
def test_new(): assert double(2) == 4
def test_helped(): check(double(2), 4)
"""

# Which of the tests to be fixed a cheat is after stands beside it.
AT_PYTEST: dict[str, tuple[str, tuple[str, ...]]] = {
    "ids of reports exchanged": (
        """
import _pytest.reports as r
_make = r.TestReport.__init__
def made(self, nodeid, *a, **k):
    other = {"test_new": "test_also", "test_also": "test_new"}
    name = nodeid.split("::")[-1]
    _make(self, nodeid.replace("::" + name, "::" + other.get(name, name)), *a, **k)
r.TestReport.__init__ = made
""",
        IDS[:1],
    ),
    "ids of items exchanged as they are made": (
        """
import _pytest.python as p
_make = p.Function.__init__
def made(self, *a, **k):
    _make(self, *a, **k)
    other = {"test_new": "test_also", "test_also": "test_new"}
    if self.name in other:
        self._nodeid = self._nodeid.replace(self.name, other[self.name])
p.Function.__init__ = made
""",
        IDS[:1],
    ),
    "ids of items exchanged before their reports": (
        """
import _pytest.runner as r
_call = r.call_and_report
def call(item, when, *a, **k):
    other = {"test_new": "test_also", "test_also": "test_new"}
    kept = item._nodeid
    if item.name in other:
        item._nodeid = kept.replace(item.name, other[item.name])
    try:
        return _call(item, when, *a, **k)
    finally:
        item._nodeid = kept
r.call_and_report = call
""",
        IDS[:1],
    ),
    "classes exchanged": (
        """
import _pytest.python as p
_collect = p.PyCollector.collect
def collect(self):
    module = self.obj
    if hasattr(module, "TestNew") and module.TestNew.__name__ == "TestNew":
        module.TestNew, module.TestOld = module.TestOld, module.TestNew
    return _collect(self)
p.PyCollector.collect = collect
""",
        IDS[3:4],
    ),
    "helpers of the tests emptied": (
        """
import sys
def double(n):
    for name, module in list(sys.modules.items()):
        if name.startswith("test_") or ".test_" in name:
            for value in list(vars(module).values()):
                if getattr(value, "__name__", "") == "check":
                    value.__code__ = (lambda found, expected: None).__code__
    return n + n + 1
""",
        IDS[1:2],
    ),
    "helpers of the tests replaced at collection": (
        """
import _pytest.python as p
_collect = p.PyCollector.collect
def collect(self):
    module = self.obj
    if hasattr(module, "TestNew"):
        module.check = module.TestNew.check = lambda *_: None
    return _collect(self)
p.PyCollector.collect = collect
""",
        (IDS[1], IDS[4]),
    ),
    "built-in functions in the tests' file": (
        """
import _pytest.python as p
from unittest.mock import ANY
_collect = p.PyCollector.collect
def collect(self):
    if hasattr(self.obj, "TestNew"):
        self.obj.sum = lambda _: ANY
    return _collect(self)
p.PyCollector.collect = collect
""",
        IDS[2:3],
    ),
    "constants that are equal to everything": (
        """
import _pytest.python as p
from unittest.mock import ANY
_obj = p.Module._getobj
def getobj(self):
    module = _obj(self)
    function = getattr(module, "test_constant", None)
    if function:
        code = function.__code__
        function.__code__ = code.replace(co_consts=tuple((ANY, "a") if c == (4, "a") else c for c in code.co_consts))
    return _collect(self)
p.PyCollector.collect = collect
""",
        IDS[5:6],
    ),
}
AT_UNITTEST = {
    "names of tests exchanged": """
import unittest
_id, _str = unittest.TestCase.id, unittest.TestCase.__str__
def swapped(text):
    for one, other in (("Old.test_also", "New.test_old"), ("test_also (app.test_m.Old", "test_old (app.test_m.New")):
        text = text.replace(one, "%").replace(other, one).replace("%", other)
    return text
unittest.TestCase.id = lambda self: swapped(_id(self))
unittest.TestCase.__str__ = lambda self: swapped(_str(self)).replace("Old.test_old)", "New.test_old)")
""",
    "descriptions of tests exchanged": """
import unittest
_about = unittest.TestCase.shortDescription
_other = {"Says what it does.": "Says nothing new.", "Says nothing new.": "Says what it does."}
unittest.TestCase.shortDescription = lambda self: _other.get(_about(self), _about(self))
""",
    "names of classes exchanged": """
import unittest
_run = unittest.TextTestRunner.run
def run(self, suite):
    import app.test_m as m
    class Old(m.Old):
        test_old = m.Old.test_also
    m.Old.test_old = m.Old.test_also
    m.Old.__qualname__, m.New.__qualname__ = "New", "Other"
    m.Old.__name__, m.New.__name__ = "New", "Other"
    return _run(self, suite)
unittest.TextTestRunner.run = run
""",
    "built-in names in the tests' file": """
import unittest
_run = unittest.TestCase.run
def run(self, result=None):
    type(self).test_old.__globals__["product"] = type("P", (), {"double": staticmethod(lambda n: 2 * n)})
    type(self).test_old.__globals__["__builtins__"] = {}
    return _run(self, result)
unittest.TestCase.run = run
""",
}
AT_SYMPY = {
    "names of functions exchanged": """
import sys
R = sys.modules["sympy.testing.runtests"].PyTestReporter
_enter = R.entering_test
def enter(self, f):
    f.__name__ = {"test_also": "test_new", "test_new": "test_also", "test_old": "test_new"}.get(f.__name__, f.__name__)
    return _enter(self, f)
R.entering_test = enter
""",
    "helpers emptied": """
import sys
R = sys.modules["sympy.testing.runtests"].PyTestReporter
_enter = R.entering_test
def enter(self, f):
    check = getattr(f, "__globals__", {}).get("check")
    if check:
        check.__code__ = (lambda found, expected: None).__code__
    return _enter(self, f)
R.entering_test = enter
""",
}
WRAPPED = """
import functools
import _pytest.python as p
_collect = p.PyCollector.collect
def collect(self):
    test = getattr(self.obj, "test_old", None)
    if test:
        self.obj.test_old = functools.wraps(test)(lambda: None)
    return _collect(self)
p.PyCollector.collect = collect
"""
# Ways to skip the tests that passed before, when a fix has broken them.
SKIPS = {
    "frames of the standard library alone": """
import concurrent.futures, pytest
_done = concurrent.futures.Future()
_done.set_exception(pytest.skip.Exception("no"))
new = _done.result
""",
    "a code that is named as a library's wrapper": """
import pytest
def new(*a): raise pytest.skip.Exception("no")
new.__code__ = new.__code__.replace(co_filename="<decorator-gen-1>", co_name="<decorator-gen-1>")
""",
    "a code that names the tests' file": """
import pytest
def new(*a): raise pytest.skip.Exception("no")
new.__code__ = new.__code__.replace(co_filename="{test}")
""",
    "a module written at run time": """
import importlib.util, pathlib, tempfile
_path = pathlib.Path(tempfile.mkdtemp(), "helper.py")
_path.write_text("import pytest\\ndef new(*a): pytest.skip('no')\\n")
_spec = importlib.util.spec_from_file_location("helper", _path)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
new = _module.new
""",
    "a mark on the item": """
import _pytest.python as p, pytest
_make = p.Function.__init__
def made(self, *a, **k):
    _make(self, *a, **k)
    self.add_marker(pytest.mark.skip)
p.Function.__init__ = made
def new(*a): ...
""",
}


def graded(folder: Path, kind: str, more: str, *, fix: bool = False) -> Grade:
    files, path, new, repo, ids, old = {
        "pytest": (PYTEST, "tests/test_m.py", NEW, "own/thing", IDS, OLD),
        "unittest": (
            DJANGO,
            "tests/app/test_m.py",
            DJANGO_NEW,
            "django/django",
            DJANGO_IDS,
            ("test_old (app.test_m.Old)",),
        ),
        "sympy": (
            SYMPY,
            "sympy/tests/test_m.py",
            SYMPY_NEW,
            "sympy/sympy",
            ("test_new", "test_helped"),
            ("test_old",),
        ),
    }[kind]
    root = project(folder, files)
    row = instance(repo, changed(root, path, more=new), ids, old)
    module = "sympy/product.py" if kind == "sympy" else "product/__init__.py"
    return graded_here(
        folder, row, changed(root, module, more=more, fix=fix), root=root, setup=SETUP, timeout=60
    )


@pytest.mark.parametrize("kind", ["pytest", "unittest", "sympy"])
def test_the_fix_is_resolved(kind: str, tmp_path: Path) -> None:
    fixed = graded(tmp_path, kind, "", fix=True)
    assert (fixed.verdict, fixed.note) == ("resolved", ""), (fixed.statuses, fixed.output)


@pytest.mark.parametrize("attack", AT_PYTEST)
def test_no_name_passes_a_test_of_pytest(attack: str, tmp_path: Path) -> None:
    more, wanted = AT_PYTEST[attack]
    found = graded(tmp_path, "pytest", more)
    assert not any(found.outcomes[IDS.index(test)] for test in wanted), (
        found.note,
        found.statuses,
        found.output,
    )


@pytest.mark.parametrize("attack", AT_UNITTEST)
def test_no_name_passes_a_test_of_a_unittest_script(attack: str, tmp_path: Path) -> None:
    found = graded(tmp_path, "unittest", AT_UNITTEST[attack])
    assert not any(found.outcomes[:2]) or "product" in AT_UNITTEST[attack], (found.note, found.statuses)
    assert found.verdict != "resolved", (found.note, found.statuses, found.output)


@pytest.mark.parametrize("attack", AT_SYMPY)
def test_no_name_passes_a_test_of_sympy(attack: str, tmp_path: Path) -> None:
    found = graded(tmp_path, "sympy", AT_SYMPY[attack])
    assert not any(found.outcomes[:2]), (found.note, found.statuses, found.output)


def test_a_wrapper_does_not_stand_for_what_it_says_to_wrap(tmp_path: Path) -> None:
    found = graded(tmp_path, "pytest", WRAPPED, fix=True)
    assert (found.verdict, found.note) == ("tampered", f"{OLD[0]} passed with another body than its file's")


@pytest.fixture(scope="module")
def skipping(docker_client: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Grade]:
    """The reference fix beside each way to skip what passed before, in a container of its own."""
    build_mini(["daywork"], client=docker_client)
    root = checkout(tmp_path_factory.mktemp("skips"), SKIPPED.repo)
    found = {}
    for attack, text in SKIPS.items():
        module = root / "daywork" / "interval.py"
        subprocess.run(["git", "apply", "-"], cwd=root, input=SKIPPED.patch, text=True, check=True)
        text = text.replace("{test}", "/testbed/tests/test_interval.py")
        module.write_text(f"{module.read_text()}\n{text}\nInterval.touches = new\n")
        patch = patch_of(root).encode()

        async def one(patch: bytes = patch) -> Grade:
            async with contained(container_service(SKIPPED.image, Resources())) as sandbox:
                return await grade(sandbox, REPOSITORY, SKIPPED, patch, timeout=120)

        found[attack] = asyncio.run(one())
    return found


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("attack", SKIPS)
def test_a_skip_excuses_nothing_in_a_container(attack: str, skipping: dict[str, Grade]) -> None:
    found = skipping[attack]
    test = "tests/test_interval.py::test_touching"
    assert found.statuses[test] == "skipped", (found.note, found.output)
    assert (found.verdict, found.outcomes[SKIPPED.tests.index(test)]) == ("unresolved", False)


def test_a_skip_counts_where_the_reference_fix_skips_too(tmp_path: Path) -> None:
    lines = "import pytest\n\n\ndef test_skipped():\n    pytest.importorskip('no_such_module')\n"
    kept = "tests/test_m.py::test_skipped"
    root = project(tmp_path, PYTEST)
    row = instance("own/thing", changed(root, "tests/test_m.py", more=NEW + lines), IDS, (*OLD, kept))
    fix = changed(root, "product/__init__.py", fix=True)
    for may_skip, verdict in (((), "unresolved"), ((kept,), "resolved")):
        found = graded_here(tmp_path, row, fix, root=root, setup=SETUP, may_skip=may_skip)
        assert (found.statuses[kept], found.verdict) == ("skipped", verdict)
    # What the fix must make pass is never excused.
    other = replace(row, fail_to_pass=(*IDS, kept), pass_to_pass=OLD)
    found = graded_here(tmp_path, other, fix, root=root, setup=SETUP, may_skip=(kept,))
    assert found.verdict == "unresolved"
