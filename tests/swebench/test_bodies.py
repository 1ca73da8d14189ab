"""What the grader knows of test functions from their files: their code, and variants that must fail."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src" / "hotmess_inspect" / "swebench" / "inside"))
import hotmess_bodies as bodies  # noqa: E402
import hotmess_tools as tools  # noqa: E402

sys.path.pop(0)

# A corpus of functions that nobody wrote for this: the tests of this package and of the bundled repositories.
FILES = [
    *sorted((ROOT / "sandbox" / "mini").rglob("test_*.py")),
    *sorted((ROOT / "tests" / "decomposition").glob("test_*.py")),
    *sorted((ROOT / "tests" / "swebench").glob("test_*.py")),
]


def functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """Codes of the functions of a module and of its classes."""
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            if const.co_name.startswith("test_"):
                yield const
            elif const.co_flags & 0x02 == 0:  # a class: no fast local variables
                yield from functions(const)


def read(path: str, names: list[str]) -> dict[str, list[Any]]:
    ids = [f"{path}::{name}" for name in names]
    found: dict[str, list[Any]] = bodies.read_bodies([path], ids, ids, ids, [bodies.plain_compiler])[path]
    return found


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_codes_are_those_of_the_interpreter(path: Path) -> None:
    codes = list(functions(compile(path.read_bytes(), str(path), "exec", dont_inherit=True)))
    found = read(str(path), [code.co_name for code in codes])
    for code in codes:
        known = [one for body in found[code.co_name] for one in body.codes]
        assert any(bodies.same_code(code, one) for one in known), code.co_name
        # No other function of the file is taken for it, unless it has the same text.
        assert not any(
            bodies.same_code(other, one) for other in codes for one in known if other.co_name != code.co_name
        )
        for body in found[code.co_name]:
            assert len(body.failing) >= 2
            assert not any(bodies.same_code(code, variant) for variant in body.failing)


SOURCE = '''
from __future__ import annotations
import unittest
import pytest
RAN = []

def test_plain():
    RAN.append(1)

def test_documented():
    """Says what it does."""
    RAN.append(1)

def test_returns(early=True):
    if early:
        RAN.append(1)
        return
    RAN.append(2)

def test_raises():
    with pytest.raises(ValueError):
        RAN.append(1)
        raise ValueError

class Test:
    class Inner:
        def test_nested(self):
            RAN.append(__class__)

class Case(unittest.TestCase):
    def test_method(self):
        self.assertEqual(1, 1)
        self.assertTrue(True)
        RAN.append(1)

@pytest.mark.xfail
def test_expected(): pass

@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.xfail)])
def test_expected_for_one(a): pass

@pytest.mark.xfail
class TestAll:
    def test_in_class(self): pass

@other
def test_decorated(): pass
'''


@pytest.fixture
def found(tmp_path: Path) -> dict[str, list[Any]]:
    path = tmp_path / "test_x.py"
    path.write_text(SOURCE)
    names = (
        "plain documented returns raises nested method expected expected_for_one in_class decorated".split()
    )
    return read(str(path), [f"test_{name}" for name in names])


@pytest.mark.parametrize(
    ("name", "variants", "kinds"),
    [
        ("test_plain", 2, {"AssertionError"}),
        ("test_documented", 2, {"AssertionError"}),
        ("test_returns", 2, {"AssertionError"}),
        ("test_raises", 3, {"AssertionError", "Failed"}),
        ("test_nested", 2, {"AssertionError"}),
        ("test_method", 4, {"AssertionError"}),
    ],
)
def test_every_variant_fails_and_those_at_the_end_run_the_body(
    name: str, variants: int, kinds: set[str], found: dict[str, list[Any]], tmp_path: Path
) -> None:
    module: dict[str, Any] = {"other": lambda function: function}
    exec(compile(SOURCE, str(tmp_path / "test_x.py"), "exec", dont_inherit=True), module)
    holders = [module, vars(module["Test"].Inner), vars(module["Case"])]
    function = next(holder[name] for holder in holders if name in holder)
    arguments = [module["Case"]()] if name == "test_method" else [None] if name == "test_nested" else []
    (body,) = found[name]
    assert len(body.failing) == variants
    seen = set()
    for number, code in enumerate(body.failing):
        module["RAN"].clear()
        function.__code__ = code
        with pytest.raises(BaseException) as failure:
            function(*arguments)
        seen.add(failure.type.__name__)
        assert len(module["RAN"]) == (number > 0)
    assert seen == kinds


PARAMETERS = """
import pytest

@pytest.mark.parametrize("n, values", [(1, [1]), (2, [1, 2])])
def test_changed(n, values): values.append(n)

@pytest.mark.parametrize("n", [1, -1])
def test_kept(n): pass

def test_manager(self):
    with self.raises(ValueError, "text"):
        raise ValueError
"""


def test_arguments_that_a_test_may_change_are_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(PARAMETERS)
    found = read(str(path), ["test_changed", "test_kept", "test_manager"])
    module: dict[str, Any] = {}
    exec(compile(PARAMETERS, str(path), "exec", dont_inherit=True), module)
    (body,), function = found["test_changed"], module["test_changed"]
    assert len(body.failing) == 3 and not body.rows
    for code in body.failing:
        function.__code__ = code
        with pytest.raises(AssertionError):
            function(1, [1, "of an earlier run"])
    function(3, [1])  # exchanged: the check of arguments, which is the last variant, lets it through
    (body,) = found["test_kept"]
    assert body.rows == {"1": "(1,)", "-1": "(-1,)"}
    narrow = bodies.narrowed(body.failing[-1], body, "test_x.py::test_kept[-1]")
    assert ("(-1,)",) in narrow.co_consts and body.all_rows not in narrow.co_consts

    class Old:  # codes of Python 3.7 and before have no method that changes them
        co_consts = (body.all_rows,)

    assert bodies.narrowed(Old, body, "test_x.py::test_kept[-1]") is Old
    # A context manager of this name must raise around nothing; it is no call with a function.
    (body,) = found["test_manager"]
    assert len(body.failing) == 3


def test_only_the_source_excuses(found: dict[str, list[Any]]) -> None:
    excused = {name for name, (body,) in found.items() if body.may_fail}
    assert excused == {"test_expected", "test_expected_for_one", "test_in_class", "test_decorated"}


def test_another_function_is_told_from_the_files(found: dict[str, list[Any]], tmp_path: Path) -> None:
    path = str(tmp_path / "test_x.py")
    known = {path: found}
    module: dict[str, Any] = {"other": lambda function: function}
    exec(compile(SOURCE, path, "exec", dont_inherit=True), module)
    function = module["test_plain"]
    assert bodies.find_body(known, path, "test_plain", function)[0] is True
    assert bodies.find_body(known, path, "test_plain", lambda: None)[0] is False
    assert bodies.find_body(known, path, "test_documented", function)[0] is False
    # Nothing is said where nothing is known: another file, a name that is not there, an odd decorator.
    assert bodies.find_body(known, "test_y.py", "test_plain", function)[0] is None
    assert bodies.find_body(known, path, "test_made", function)[0] is None
    assert bodies.find_body(known, path, "test_decorated", lambda: None)[0] is None


def test_replaced_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins
    import unittest

    before = tools.Tools({"pytest.raises": (pytest, "raises")})
    assert before.changed() == []
    monkeypatch.setattr(builtins, "sorted", lambda values: list(values))
    monkeypatch.setattr(unittest.TestCase, "assertEqual", lambda *_: None)
    monkeypatch.setattr(pytest, "raises", None)
    monkeypatch.setattr(builtins, "print", lambda *_: None)  # honest programs do that
    assert before.changed() == ["builtins.sorted", "TestCase.assertEqual", "pytest.raises"]


HELPED = """
import unittest
import pytest

def check(a): assert a
def check_twice(a): check(a)
def check_twice(a): assert a
@pytest.fixture
def made(): return 1

class Base(unittest.TestCase):
    def setUp(self): pass
    def check(self, a): assert a

class Case(Base):
    def check(self, a): assert not a
    def test_case(self): pass

def test_plain(made): check(made)
"""


def test_functions_of_the_file_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(HELPED)
    found = read(str(path), ["test_plain", "test_case"])
    module: dict[str, Any] = {}
    exec(compile(HELPED, str(path), "exec", dont_inherit=True), module)
    (body,), function, case = found["test_plain"], module["test_plain"], module["Case"]
    names = {("check",), ("Base", "setUp"), ("Base", "check"), ("Case", "check")}
    assert set(body.helpers) == names  # not what is bound twice or decorated
    assert bodies.replaced(body, function, None) == bodies.replaced(body, function, case) == []
    module["check"].__code__ = (lambda a: None).__code__
    case.check = lambda self, a: None
    assert bodies.replaced(body, function, None) == ["check"]
    assert bodies.replaced(body, function, case) == ["check", "Case.check"]
    del module["check"], case.check
    assert bodies.replaced(body, function, case) == ["check", "Case.check"]
    module["sum"], module["check_twice"] = sum, None
    assert "sum" in bodies.replaced(body, function, None)
    module["__builtins__"] = {}
    assert bodies.replaced(body, function, None)[-1] == "__builtins__"


WRAPPED = """
import pytest
from unittest import mock
def test_bare(): pass
@pytest.mark.skipif(False, reason="no")
def test_marked(): pass
@pytest.mark.asyncio
def test_by_plug_in(): pass
async def test_waits(): pass
def test_yields(): yield
def test_bound_again(): pass
test_bound_again = odd(test_bound_again)
@mock.patch("os.sep", "/")
class Patched:
    def test_in_patched(self): pass
class Made(metaclass=type):
    def test_in_made(self): pass
class Plain:
    def test_in_plain(self): pass
    def test_in_class_again(self): pass
    test_in_class_again = odd(test_in_class_again)
"""


def test_wrappers_are_no_forgery_where_something_may_wrap(tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(WRAPPED)
    words = (
        "bare marked by_plug_in waits yields bound_again in_patched in_made in_plain in_class_again".split()
    )
    found = read(str(path), [f"test_{word}" for word in words])
    bare = {name for name, (body,) in found.items() if body.bare}
    assert bare == {"test_bare", "test_marked", "test_in_plain"}


def test_what_a_function_says_of_itself_is_not_believed(tmp_path: Path) -> None:
    import functools

    path = tmp_path / "test_x.py"
    path.write_text(
        "def test_a(): assert 1 in (1, 2)\nclass A:\n    def test_b(self): pass\nclass B:\n    def test_b(self): return 1\n"
    )
    known = {str(path): read(str(path), ["test_a", "test_b"])}
    module: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), module)

    @functools.wraps(module["test_a"])
    def around() -> None: ...

    class Any_:
        __eq__ = __ne__ = lambda *_: True  # type: ignore[assignment]
        __hash__ = None  # type: ignore[assignment]

    assert bodies.find_body(known, str(path), "test_a", module["test_a"])[0] is True
    assert bodies.find_body(known, str(path), "test_a", around)[0] is False
    code = module["test_a"].__code__
    equal = tuple((Any_(), 2) if c == (1, 2) else c for c in code.co_consts)
    changed = types.FunctionType(code.replace(co_consts=equal), module)
    assert bodies.find_body(known, str(path), "test_a", changed)[0] is False
    for name, other in (("A", "B"), ("B", "A"), ("Inherits", "A")):
        right = name == "Inherits" or name == other
        found = bodies.find_body(known, str(path), "test_b", module[other].test_b, (name,))[0]
        assert found is right
        if name != "Inherits":
            assert bodies.find_body(known, str(path), "test_b", module[name].test_b, (name,))[0] is True
