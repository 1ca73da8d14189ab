"""What the code of the test functions must be, and the same functions made to fail.

The files of the tests are read as root left them, before any file of the repository is loaded. From each
function that counts come its code as the interpreter must have compiled it, and variants of that code that
cannot pass: with a failing line before the first statement, or behind the last one and before each return.
A variant is the same function in everything but that line.
"""

import ast
import copy
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

# Decorators that run a function as it is, so that what stands at its end is reached; by their last name.
_PLAIN = {"parametrize", "usefixtures", "filterwarnings", "slow", "override_settings", "isolate_apps"}
_PLAIN |= {"tag", "staticmethod", "patch", "object", "dict", "skipif", "skipIf", "skipUnless"}
_EXCUSES = ("xfail", "expectedfailure")
_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200  # arguments, generators and coroutines; no future features
_LARGEST = 3000000

Compiler = Callable[[Any, bytes, str], Any]
Codes = Tuple[Any, ...]


class Body:
    """One function of a test file.

    Attributes:
        name: Its name.
        codes: What its code may be: as Python compiles it, and as the runner does.
        failing: The variants that fail, each for every way of compiling: ``start`` first, then those that
            fail at the end.
        plain: Whether only decorators are on it that run the function itself.
        excused: Whether its source lets it be expected to fail.
    """

    def __init__(self, name: str, plain: bool, excused: bool) -> None:
        self.name = name
        self.codes = []  # type: List[Any]
        self.failing = []  # type: List[List[Any]]
        self.plain = plain
        self.excused = excused


def read_bodies(
    files: "List[str]", ids: "List[str]", compilers: "List[Compiler]"
) -> "Dict[str, Dict[str, List[Body]]]":
    """Functions that count, by file and name; a file that cannot be read or parsed is left out."""
    return {path: found for path, found in ((path, _read(path, ids, compilers)) for path in files) if found}


def _read(path: str, ids: "List[str]", compilers: "List[Compiler]") -> "Dict[str, List[Body]]":
    try:
        with open(path, "rb") as stream:
            source = stream.read(_LARGEST + 1)
        if len(source) > _LARGEST:
            return {}
        tree = ast.parse(source, path)
    except Exception:  # not for this Python: what cannot be known is not checked
        return {}
    names = {_function_name(name) for name in ids}
    found = {}  # type: Dict[str, List[Body]]
    outer = any(_mentions(node) for node in tree.body if _is_mark(node))
    for chain, node in _functions(tree, ()):
        about = (ast.get_docstring(node) or "").strip().split("\n")[0]
        if node.name in names or about in ids:
            inherited = outer or any(_mentions_outside(parent) for parent in chain)
            body = Body(node.name, all(map(_is_plain, node.decorator_list)), inherited or _mentions(node))
            body.excused = body.excused or not body.plain
            try:
                for compiler in compilers:
                    compiled = _code(tree, chain, node, compiler, source, path)
                    body.codes.append(compiled)
                    variants = [_variant(node, *how) for how in _ways_to_fail(node)]
                    body.failing.append(
                        [_code(tree, chain, other, compiler, source, path) for other in variants]
                    )
            except Exception:  # a runner whose compiler is not known
                continue
            found.setdefault(node.name, []).append(body)
    return found


def _function_name(name: str) -> str:
    return name.split("[")[0].split(" (")[0].split("::")[-1].split(":")[-1]


def _functions(tree: "Any", chain: "Tuple[Any, ...]") -> "Any":
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield chain, node
        elif isinstance(node, ast.ClassDef):
            for found in _functions(node, (*chain, node)):
                yield found
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for found in _functions(node, chain):
                yield found


def _is_mark(node: "Any") -> bool:
    return isinstance(node, ast.Assign) and "pytestmark" in ast.dump(node)


def _mentions(node: "Any") -> bool:
    return any(word in ast.dump(node).lower() for word in _EXCUSES)


def _mentions_outside(node: "Any") -> bool:
    """Whether a class says it of all its functions."""
    return any(map(_mentions, node.decorator_list)) or any(
        _mentions(inner) for inner in node.body if _is_mark(inner)
    )


def _is_plain(decorator: "Any") -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return last in _PLAIN and not _mentions(decorator)


def _code(tree: "Any", chain: "Any", node: "Any", compiler: "Any", source: bytes, path: str) -> "Any":
    """Code of one function, compiled inside its classes and with the file's future features."""
    inner = copy.copy(node)
    inner.decorator_list = []
    for parent in reversed(chain):
        outer = copy.copy(parent)
        outer.decorator_list, outer.bases, outer.keywords, outer.body = [], [], [], [inner]
        inner = outer
    module = copy.copy(tree)
    module.body = [item for item in tree.body if isinstance(item, ast.ImportFrom) and item.module == "__future__"]
    # The compiler of the runner changes what it is given.
    module.body.append(copy.deepcopy(inner))
    code = compiler(module, source, path)
    for name in [parent.name for parent in chain] + [node.name]:
        (code,) = [const for const in code.co_consts if hasattr(const, "co_code") and const.co_name == name]
    return code


def plain_compiler(module: "Any", source: bytes, path: str) -> "Any":
    """Compile as Python does."""
    return compile(module, path, "exec", dont_inherit=True)


def _ways_to_fail(node: "Any") -> "List[Tuple[str, List[Any]]]":
    """Where the failing lines stand and what they are: of each kind of check that the function has."""
    usual = ast.parse("assert 0 == 1").body
    ways = [("start", usual), ("end", usual)]
    kinds = {}  # type: Dict[str, List[Any]]
    for inner in _own_nodes(node):
        if isinstance(inner, (ast.With, ast.AsyncWith)):
            for item in inner.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and _last_name(call.func) in ("raises", "assertRaises", "assertRaisesRegex"):
                    empty = ast.With(items=[copy.deepcopy(item)], body=[ast.Pass()], type_comment=None)
                    kinds[ast.dump(call.func)] = [empty]
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            text = _FAILING_METHODS.get(inner.func.attr)
            if text and isinstance(inner.func.value, ast.Name):
                kinds[ast.dump(inner.func)] = ast.parse(text.format(inner.func.value.id)).body
    return ways + [("end", kinds[kind]) for kind in sorted(kinds)]


_FAILING_METHODS = {
    "assertEqual": "{}.assertEqual(0, 1)",
    "assertEquals": "{}.assertEqual(0, 1)",
    "assertNotEqual": "{}.assertNotEqual(1, 1)",
    "assertTrue": "{}.assertTrue(False)",
    "assertFalse": "{}.assertFalse(True)",
    "assertIs": "{}.assertIs(0, None)",
    "assertIsNone": "{}.assertIsNone(0)",
    "assertIsNotNone": "{}.assertIsNotNone(None)",
    "assertIn": "{}.assertIn(0, ())",
    "assertNotIn": "{}.assertNotIn(0, (0,))",
    "assertListEqual": "{}.assertListEqual([0], [1])",
    "assertDictEqual": "{}.assertDictEqual(dict(a=0), dict(a=1))",
    "assertSequenceEqual": "{}.assertSequenceEqual([0], [1])",
    "assertQuerysetEqual": "{}.assertQuerysetEqual([0], [1])",
    "assertQuerySetEqual": "{}.assertQuerySetEqual([0], [1])",
    "assertIsInstance": "{}.assertIsInstance(0, str)",
}


def _last_name(node: "Any") -> str:
    return str(node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", ""))


def _own_nodes(node: "Any") -> "Any":
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield child
            for inner in _own_nodes(child):
                yield inner


class _BeforeReturns(ast.NodeTransformer):
    def __init__(self, lines: "List[Any]") -> None:
        self.lines = lines

    def visit_Return(self, node: "Any") -> "Any":
        return [_placed(line, node) for line in self.lines] + [node]

    def _leave(self, node: "Any") -> "Any":
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave


def _variant(node: "Any", where: str, lines: "List[Any]") -> "Any":
    made = copy.deepcopy(node)
    documented = int(ast.get_docstring(made, clean=False) is not None)
    if where == "start":
        made.body[documented:documented] = [_placed(line, made.body[0]) for line in lines]
        return made
    made.body = [_BeforeReturns(lines).visit(statement) for statement in made.body]
    made.body = [part for one in made.body for part in (one if isinstance(one, list) else [one])]
    made.body += [_placed(line, made.body[-1]) for line in lines]
    return made


def _placed(line: "Any", beside: "Any") -> "Any":
    copied = copy.deepcopy(line)
    for inner in ast.walk(copied):
        if "lineno" in getattr(inner, "_attributes", ()):
            ast.copy_location(inner, beside)
    return ast.fix_missing_locations(copied)


def same_code(one: "Any", other: "Any") -> bool:
    """Whether two codes do the same: all but file names, lines and features of the whole module."""
    if one is other:
        return True
    numbers = ("co_name", "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_argcount")
    numbers += ("co_kwonlyargcount",)
    if any(getattr(one, name) != getattr(other, name) for name in numbers):
        return False
    if (one.co_flags ^ other.co_flags) & _FLAGS or len(one.co_consts) != len(other.co_consts):
        return False
    return all(map(_same_constant, one.co_consts, other.co_consts))


def _same_constant(one: "Any", other: "Any") -> bool:
    if hasattr(one, "co_code") and hasattr(other, "co_code"):
        return same_code(one, other)
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


def find_body(
    bodies: "Dict[str, Dict[str, List[Body]]]", path: str, name: str, function: "Any"
) -> "Tuple[Optional[bool], Any, Optional[Body], int]":
    """Compare what will run with what the file says.

    Args:
        bodies: As :func:`read_bodies` gives them.
        path: The file, relative to the working folder.
        name: Name of the function.
        function: What the runner will call.

    Returns:
        Whether it is the file's function (None where that cannot be said), the function itself behind its
        decorators, its body, and which way of compiling it is.
    """
    candidates = bodies.get(path, {}).get(name, [])
    for inner in _layers(function):
        for body in candidates:
            for way, code in enumerate(body.codes):
                if same_code(inner.__code__, code):
                    return True, inner, body, way
    known = bool(candidates) and all(body.plain for body in candidates)
    return (False if known else None), None, (candidates[0] if candidates else None), 0


def _layers(function: "Any") -> "Any":
    """A function and those that it wraps."""
    seen = []  # type: List[Any]
    while function is not None and len(seen) < 20 and not any(function is other for other in seen):
        seen.append(function)
        function = getattr(function, "__func__", function)
        if hasattr(function, "__code__"):
            yield function
        function = getattr(function, "__wrapped__", None) or getattr(function, "func", None)


def relative(path: str) -> str:
    """A path as the rows write it."""
    return os.path.relpath(path).replace(os.sep, "/")
