"""Every kind of test that official rows hold: the fix passes all of them, and nothing passes none.

A run is only believed if copies of its tests fail that must fail, and if the tests are those of their files. Both hang on
how pytest sets a test up, which differs by the kind of the test and by its version. ``benchmarks/pytest_versions.py``
goes over versions and Pythons; here stand this environment's pytest and that of the base image.
"""

import asyncio
import io
import sys
import tarfile
from pathlib import Path

import pytest

from hotmess_inspect.swebench.contained import contained
from hotmess_inspect.swebench.grading import Grade, grade
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service

from .attacks.here import graded_here
from .attacks.test_other_runners import changed, instance, project

PRODUCT = "def double(n):\n    return n + n + 1\n"
FILES = {
    "conftest.py": "",
    "product/__init__.py": PRODUCT,
    "tests/test_m.py": "import product\n\n\ndef test_old(): assert callable(product.double)\n",
    "tests/shared.py": "import product\n\n\nclass Shared:\n    def test_shared(self): assert product.double(3) == 6\n",
}
KINDS = """
import functools, inspect, sys, unittest
from unittest import mock
import pytest
sys.path.insert(0, __file__.rpartition("/")[0])
from shared import Shared

def wrapped(function):
    @functools.wraps(function)
    def inner(*a, **k): return function(*a, **k)
    return inner

def signed(function):
    def inner(*a, **k): return function(*a, **k)
    inner.__name__, inner.__signature__ = function.__name__, inspect.signature(function)
    return inner

def made(n):
    def test(): assert product.double(n) == 2 * n
    return test

def test_plain(): assert product.double(2) == 4
@wrapped
def test_wrapped(): assert product.double(2) == 4
@signed
def test_signed(): assert product.double(2) == 4
test_made = made(2)
for _n in (1, 2):
    globals()["test_dynamic_%d" % _n] = made(_n)
@pytest.fixture(params=[1, 2])
def number(request): return request.param
def test_fixture(number): assert product.double(number) == 2 * number
@pytest.mark.parametrize("n", [1, 2], ids=["one", "two"])
@pytest.mark.parametrize("m", [pytest.param(3, id="x")])
def test_stacked(n, m): assert product.double(n * m) == 2 * n * m
@pytest.mark.skipif(False, reason="never")
@pytest.mark.xfail(False, reason="not now")
def test_marked(): assert product.double(2) == 4
if sys.version_info < (3, 3):
    def test_branch(): pass
else:
    def test_branch(): assert product.double(2) == 4
try:
    import nothing_of_this_name
except ImportError:
    class TestFallback:
        def test_it(self): assert product.double(2) == 4
else:
    class TestFallback:
        def test_it(self): pass
for _ in (1,):
    def test_in_loop(): assert product.double(2) == 4

class TestClass:
    def setup_method(self, method): self.n = 2
    def test_method(self): assert product.double(self.n) == 4
    @staticmethod
    def test_static(): assert product.double(2) == 4
class TestInheriting(Shared):
    pass
class TestOuter:
    class TestInner:
        @pytest.fixture(autouse=True)
        def prepare(self): self.n = 2
        def test_deep(self): assert product.double(self.n) == 4

class Case(unittest.TestCase):
    def setUp(self): self.n = 2
    def test_case(self): self.assertEqual(product.double(self.n), 4)
    def test_parts(self):
        for n in (1, 2):
            with self.subTest(n=n):
                self.assertEqual(product.double(n), 2 * n)
    @mock.patch("product.unused", 1, create=True)
    def test_patched(self): self.assertEqual(product.double(2), 4)
    @wrapped
    def test_decorated(self): self.assertEqual(product.double(2), 4)
class Inheriting(Shared, unittest.TestCase):
    pass
class Later(getattr(unittest, "IsolatedAsyncioTestCase", unittest.TestCase)):
    if hasattr(unittest, "IsolatedAsyncioTestCase"):
        async def test_later(self): self.assertEqual(product.double(2), 4)
    else:
        def test_later(self): self.assertEqual(product.double(2), 4)
"""
NAMES = """test_plain test_wrapped test_signed test_made test_dynamic_1 test_dynamic_2 test_fixture[1] test_fixture[2]
test_stacked[x-one] test_stacked[x-two] test_marked test_branch TestFallback::test_it test_in_loop TestClass::test_method
TestClass::test_static TestInheriting::test_shared TestOuter::TestInner::test_deep Case::test_case Case::test_parts
Case::test_patched Case::test_decorated Inheriting::test_shared Later::test_later""".split()


def kinds(folder: Path, names: "list[str]" = NAMES, text: str = KINDS) -> "tuple[Path, Instance]":
    """A project without the fix, and the row that adds the tests."""
    root = project(folder, FILES)
    ids = tuple(f"tests/test_m.py::{name}" for name in names)
    test_patch = changed(root, "tests/test_m.py", more=text)
    return root, instance("own/thing", test_patch, ids, ("tests/test_m.py::test_old",))


def graded(folder: Path, programs: Path, *, fix: bool) -> "tuple[str, str, list[str]]":
    """Verdict, note and the tests that came out otherwise than they must, with the pytest of a folder of programs."""
    root, row = kinds(folder)
    setup = (f"export PATH={programs}:$PATH PYTHONPATH=$PWD",)
    patch = changed(root, "product/__init__.py", fix=fix)
    found = graded_here(folder, row, patch, root=root, setup=setup, timeout=300)
    odd = [name for name, good in zip(NAMES, found.outcomes, strict=False) if good is not fix]
    return found.verdict, found.note, odd


@pytest.mark.parametrize("fix", [True, False])
def test_every_kind_of_test_passes_with_the_fix_and_fails_without_it(fix: bool, tmp_path: Path) -> None:
    expected = ("resolved" if fix else "unresolved", "", [])
    assert graded(tmp_path, Path(sys.executable).parent, fix=fix) == expected


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("docker_client")
@pytest.mark.parametrize("fix", [True, False])
def test_every_kind_of_test_in_a_container(fix: bool, tmp_path: Path) -> None:
    root, row = kinds(tmp_path)
    patch = changed(root, "product/__init__.py", fix=fix).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(root, ".")

    async def one() -> Grade:
        async with contained(container_service("hotmess/base:1", Resources())) as sandbox:
            unpack = f"mkdir -p {REPOSITORY} && tar -x --no-same-owner -C {REPOSITORY} -f -"
            made = await sandbox.exec(["sh", "-c", unpack], input=archive.getvalue())
            assert made.success, made.stderr
            return await grade(sandbox, REPOSITORY, row, patch, timeout=300)

    found = asyncio.run(one())
    assert (found.verdict, found.note) == ("resolved" if fix else "unresolved", ""), found.output
    assert found.outcomes == (*(fix for _ in NAMES), True)
