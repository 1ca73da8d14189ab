"""What the code of the test functions must be, and the same functions made to fail.

The files of the tests are read as root left them, before any file of the repository is loaded. From each
function that counts come its code as the interpreter must have compiled it, and variants of that code that
cannot pass: with a failing line before the first statement, or behind the last one and before each return.
A variant is the same function in everything but that line.
"""

import ast
import builtins
import copy
from typing import Any

# Decorators that run a function as it is, so that what stands at its end is reached; by their last name.
_PLAIN = {"parametrize", "usefixtures", "filterwarnings", "slow", "override_settings", "isolate_apps"}
_PLAIN |= {"tag", "staticmethod", "patch", "object", "dict", "skipif", "skipIf", "skipUnless"}
# Marks that leave the function as it is, so that nothing may stand around it.
_MARKS = {"parametrize", "usefixtures", "filterwarnings", "skipif"}
_BUILT_IN = frozenset(dir(builtins))
_EXCUSES = ("xfail", "expectedfailure")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200  # arguments, generators and coroutines; no future features
_PARTS = "co_name co_code co_names co_varnames co_freevars co_cellvars co_argcount co_kwonlyargcount".split()
_LARGEST = 3000000


class Body:
    """One function of a test file.

    Attributes:
        name: Its name.
        chain: Names of the classes that it stands in, outermost first.
        about: The first line of its docstring.
        codes: What its code may be: as Python compiles it, and as the runner does.
        failing: Codes of the variants that fail: at the start first, then those that fail at the end.
        plain: Whether only decorators are on it that run the function itself.
        may_fail: Whether its source lets it be expected to fail.
        bare: Whether nothing is around the function when it runs.
        helpers: What the code of functions of its file and its classes may be that are no tests and have no
            decorators, by names of classes and function.
        bound: Names that its file gives a value; None where that cannot be said.
        rows: What its arguments are, as text, by the parameters in its id; only where both are plain to see.
        all_rows: The same for all ids, as it stands in the variant that fails where the arguments are the file's.
    """

    def __init__(
        self, name: str, chain: "tuple[str, ...]", about: str, plain: bool, bare: bool, may_fail: bool
    ) -> None:
        self.name = name
        self.chain = chain
        self.about = about
        self.codes = []  # type: list[Any]
        self.failing = []  # type: list[Any]
        self.plain = plain
        self.may_fail = may_fail or not plain
        self.bare = bare
        self.helpers = {}  # type: dict[tuple[str, ...], list[Any]]
        self.bound = None  # type: dict[str, int] | None
        self.rows = {}  # type: dict[str, str]
        self.all_rows = ()  # type: tuple[str, ...]


def read_bodies(
    files: "list[str]", ids: "list[str]", compiled: "list[str]", twins: "Any", compilers: "list[Any]"
) -> "dict[str, dict[str, list[Body]]]":
    """Functions that count, by file and name; a file that cannot be read or parsed is left out.

    Args:
        files: Paths, relative to the working folder.
        ids: The tests that count.
        compiled: Those of them whose code is needed.
        twins: Those of them that are made to fail.
        compilers: Ways in which the runner may compile a file.
    """
    return {
        path: found
        for path, found in ((path, _read(path, ids, compiled, twins, compilers)) for path in files)
        if found
    }


def _read(
    path: str, ids: "list[str]", compiled: "list[str]", twins: "Any", compilers: "list[Any]"
) -> "dict[str, list[Body]]":
    try:
        source = _text(path)
        tree = ast.parse(source, path)
    except Exception:  # not for this Python: what cannot be known is not checked
        return {}
    names = {function_name(name) for name in ids}
    needed = {function_name(name) for name in compiled}
    failing = {function_name(name) for name in twins}
    found = {}  # type: dict[str, list[Body]]
    marks = any(_mentions(node) for node in tree.body if _is_mark(node))
    bound = _bound(tree)
    helpers = {}  # type: dict[tuple[str, ...], list[Any]]
    others = []  # type: list[tuple[tuple[Any, ...], Any]]
    wanted = []  # type: list[tuple[Body, Any, Any, bool]]
    for chain, node in _functions(tree.body, ()):
        about = (ast.get_docstring(node) or "").strip().split("\n")[0]
        if node.name not in names and about not in ids:
            if not node.decorator_list and node.name[:2] != "__" and _stays(chain, node, bound):
                others.append((chain, node))
            continue
        body = Body(
            node.name,
            tuple(part.name for part in chain),
            about,
            all(map(_is_plain, node.decorator_list)),
            _is_bare(node) and _stays(chain, node, bound),
            marks or _mentions(node) or any(_mentions_outside(parent) for parent in chain),
        )
        body.helpers, body.bound = helpers, bound
        marks_of = list(_parameters(node))
        if len(marks_of) == 1:
            body.all_rows, body.rows = _texts(marks_of[0][1]), marks_of[0][2]
        if node.name in needed or about in compiled:
            wanted.append((body, chain, node, node.name in failing or about in twins))
        found.setdefault(node.name, []).append(body)
    if wanted:
        _compile(tree, wanted, compilers, source, path, (others, helpers))
    return found


def _bound(tree: "Any") -> "dict[str, int] | None":
    """How often a file gives each name a value outside of functions; None if it imports unnamed ones."""
    found = {}  # type: dict[str, int]
    pending = list(tree.body)
    names = []  # type: list[str]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if any(name.name == "*" for name in node.names):
                return None
            names += [name.asname or name.name.split(".")[0] for name in node.names]
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.append(node.id)
        elif isinstance(getattr(node, "name", None), str):
            names.append(node.name)
        if isinstance(node, _DEFINITIONS):
            names += [
                name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names
            ]
        else:
            pending += ast.iter_child_nodes(node)
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _stays(chain: "Any", node: "Any", bound: "dict[str, int] | None") -> bool:
    """Whether nothing in its file gives the name of a function another value."""
    outer = chain[0] if chain else node
    if bound is None or bound.get(outer.name) != 1:
        return False
    # What decorates a class, or makes it, may replace its functions.
    return all(
        not part.decorator_list
        and not part.keywords
        and sum(_binds(inner, node.name) for inner in part.body) < 2
        for part in chain
    )


def _is_bare(node: "Any") -> bool:
    """Whether nothing is put around a function: plug-ins wrap coroutines and generators."""
    waits = isinstance(node, ast.AsyncFunctionDef) or any(
        isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in _own_nodes(node)
    )
    return not waits and all(map(_is_mark_alone, node.decorator_list))


def _binds(node: "Any", name: str) -> bool:
    if isinstance(node, _DEFINITIONS):
        return node.name == name
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node)) or any(
        isinstance(inner, _DEFINITIONS) and inner.name == name for inner in ast.walk(node)
    )


def _text(path: str) -> bytes:
    with open(path, "rb") as stream:
        source = stream.read(_LARGEST + 1)
    if len(source) > _LARGEST:
        raise ValueError("too long")
    return source


def _compile(
    tree: "Any", wanted: "Any", compilers: "Any", source: bytes, path: str, beside: "tuple[Any, Any]"
) -> None:
    """Add codes and variants to the bodies of a file, and the codes of the other functions."""
    others, helpers = beside
    same = {id(node): node for _, _, node, _ in wanted}
    same.update({id(node): node for _, node in others})
    for compiler in compilers:
        try:
            module = compiler(_module(tree, same), source, path)
        except Exception:  # a runner whose compiler is not known
            continue
        for body, chain, node, _ in wanted:
            code = _inner(module, chain, node)
            if code is not None:
                body.codes.append(code)
        for chain, node in others:
            code = _inner(module, chain, node)
            if code is not None:
                helpers.setdefault(tuple(part.name for part in (*chain, node)), []).append(code)
    twins = [(body, chain, node) for body, chain, node, twin in wanted if twin]
    ways = {id(node): _ways_to_fail(node) for _, _, node in twins}
    for number in range(max(map(len, ways.values()), default=0)):
        changed = {
            id(node): _variant(node, *ways[id(node)][number]) if number < len(ways[id(node)]) else node
            for _, _, node in twins
        }
        for compiler in compilers:
            try:
                module = compiler(_module(tree, changed), source, path)
            except Exception:
                continue
            for body, chain, node in twins:
                code = _inner(module, chain, node)
                if code is not None and number < len(ways[id(node)]):
                    body.failing.append(code)
            break


def function_name(name: str) -> str:
    """Name of the function in the id of a test."""
    return name.split("[")[0].split(" (")[0].split("::")[-1].split(":")[-1]


def _functions(statements: "list[Any]", chain: "tuple[Any, ...]") -> "Any":
    for node in statements:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield chain, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, (*chain, node))
        else:
            for block in _blocks(node):
                yield from _functions(block, chain)


def _blocks(node: "Any") -> "Any":
    """The lists of statements inside a statement, of each of its branches."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(getattr(node, name, None), list):
            yield getattr(node, name)
    for branch in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
        yield branch.body


def _is_mark(node: "Any") -> bool:
    return isinstance(node, ast.Assign) and "pytestmark" in ast.dump(node)


def _mentions(node: "Any", words: "tuple[str, ...]" = _EXCUSES) -> bool:
    text = ast.dump(node).lower()
    return any(word in text for word in words)


def _mentions_outside(node: "Any") -> bool:
    """Whether a class says it of all its functions."""
    return any(map(_mentions, node.decorator_list)) or any(
        _mentions(inner) for inner in node.body if _is_mark(inner)
    )


def _is_plain(decorator: "Any") -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return last in _PLAIN and not _mentions(decorator)


def _is_mark_alone(decorator: "Any") -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(node, ast.Attribute) and node.attr in _MARKS and _last_name(node.value) == "mark"


def _module(tree: "Any", kept: "dict[int, Any]") -> "Any":
    """The file with the given functions; of others only the insides are left out.

    The rest of the file matters: what a call compiles to depends on whether a name was imported.
    """
    module = copy.copy(tree)
    # The compiler of the runner changes what it is given.
    module.body = copy.deepcopy([_pruned(item, kept) for item in tree.body])
    return module


def _pruned(item: "Any", kept: "dict[int, Any]") -> "Any":
    if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
        if id(item) in kept:
            return kept[id(item)]
        other = copy.copy(item)
        other.body = [ast.copy_location(ast.Pass(), item.body[0])]
        return other
    other = copy.copy(item)
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        if isinstance(getattr(item, name, None), list):
            setattr(other, name, [_pruned(inner, kept) for inner in getattr(item, name)])
    return other


def _inner(code: "Any", chain: "Any", node: "Any") -> "Any":
    """Code of a function in the code of its file; None if it is not there."""
    for part in (*chain, node):
        first = min([part.lineno] + [decorator.lineno for decorator in part.decorator_list])
        found = [
            inner
            for inner in code.co_consts
            if getattr(inner, "co_name", None) == part.name and inner.co_firstlineno in (first, part.lineno)
        ]
        if len(found) != 1:
            return None
        code = found[0]
    return code


def plain_compiler(module: "Any", source: bytes, path: str) -> "Any":
    """Compile as Python does."""
    return compile(module, path, "exec", dont_inherit=True)


def _ways_to_fail(node: "Any") -> "list[tuple[str, list[Any]]]":
    """Where the failing lines stand and what they are: of each kind of check that the function has."""
    usual = ast.parse("assert 0 == 1").body
    ways = [("start", usual), ("end", usual)]
    kinds = {}  # type: dict[str, list[Any]]
    managers = []  # type: list[Any]
    for inner in _own_nodes(node):
        if isinstance(inner, (ast.With, ast.AsyncWith)):
            for item in inner.items:
                call = item.context_expr
                managers.append(call)
                if isinstance(call, ast.Call) and _last_name(call.func) in (
                    "raises",
                    "assertRaises",
                    "assertRaisesRegex",
                ):
                    empty = ast.With(items=[copy.deepcopy(item)], body=[ast.Pass()], type_comment=None)
                    kinds[ast.dump(call.func)] = [empty]
        elif _calls_raises(inner) and inner not in managers:
            called = ast.parse("raises(None, int)").body  # type: Any
            called[0].value.func, called[0].value.args[0] = (
                copy.deepcopy(inner.func),
                copy.deepcopy(inner.args[0]),
            )
            kinds[ast.dump(inner.func) + " called"] = called
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            text = _FAILING_METHODS.get(inner.func.attr)
            if text and isinstance(inner.func.value, ast.Name):
                kinds[ast.dump(inner.func)] = ast.parse(text.format(inner.func.value.id)).body
    ways += [("end", kinds[kind]) for kind in sorted(kinds)]
    # Fails where the arguments are what the file says, and goes on where they were exchanged.
    for names, rows, _ in _parameters(node):
        line = "assert '%r' % (({},),) not in {!r}".format(", ".join(names), _texts(rows))
        ways.append(("start", ast.parse(line).body))
    return ways


def _calls_raises(node: "Any") -> bool:
    """Whether a function is handed to pytest's or SymPy's ``raises``; others of this name may do anything."""
    if not isinstance(node, ast.Call) or _last_name(node.func) != "raises" or len(node.args) < 2:
        return False
    owner = getattr(node.func, "value", None)
    return owner is None or _last_name(owner) == "pytest"


def _parameters(node: "Any") -> "Any":
    """Names, rows of values and rows by id of each ``parametrize`` mark of a function that has literals alone.

    Names of lists and dictionaries are left out: a test may change those that it gets, and has them again in its
    next run.
    """
    for mark in node.decorator_list:
        if not isinstance(mark, ast.Call) or _last_name(mark.func) != "parametrize" or len(mark.args) != 2:
            continue
        if any(word.arg != "scope" for word in mark.keywords):
            continue
        try:
            names, values = map(ast.literal_eval, mark.args)
            if isinstance(names, str):
                names = [name.strip() for name in names.split(",") if name.strip()]
                values = [(value,) for value in values] if len(names) == 1 else values
            rows = [tuple(value) for value in values]
        except Exception:  # not literals
            continue
        if not rows or any(len(row) != len(names) for row in rows):
            continue
        fixed = [n for n in range(len(names)) if all(_is_fixed(row[n]) for row in rows)]
        if fixed:
            yield [names[n] for n in fixed], [tuple(row[n] for n in fixed) for row in rows], _by_id(rows)


def _is_fixed(value: "Any") -> bool:
    if isinstance(value, tuple):
        return all(map(_is_fixed, value))
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes))


def _texts(rows: "list[Any]") -> "tuple[str, ...]":
    return tuple(map(repr, rows))


def _by_id(rows: "list[Any]") -> "dict[str, str]":
    """Rows by what pytest makes of them in an id, where that is the text of each value and all are different."""
    ids = ["-".join(map(str, row)) for row in rows]
    simple = all(isinstance(value, (bool, int, float, str)) for row in rows for value in row)
    different = simple and len(set(ids)) == len(ids)
    return {name: repr(rows[number]) for number, name in enumerate(ids)} if different else {}


def narrowed(code: "Any", body: "Any", name: str) -> "Any":
    """A variant as one test of several with other arguments must have it.

    Args:
        code: A code of ``body.failing``.
        body: The function.
        name: Id of the test.
    """
    row = body.rows.get(name.partition("[")[2].rpartition("]")[0])
    # Codes cannot be changed before Python 3.8.
    if row is None or body.all_rows not in code.co_consts or not hasattr(code, "replace"):
        return code
    return code.replace(co_consts=tuple((row,) if c == body.all_rows else c for c in code.co_consts))


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
            yield from _own_nodes(child)


class _BeforeReturns(ast.NodeTransformer):
    def __init__(self, lines: "list[Any]") -> None:
        self.lines = lines

    def visit_Return(self, node: "Any") -> "Any":
        return [_placed(line, node) for line in self.lines] + [node]

    def _leave(self, node: "Any") -> "Any":
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave


def _variant(node: "Any", where: str, lines: "list[Any]") -> "Any":
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
    if any(getattr(one, name) != getattr(other, name) for name in _PARTS):
        return False
    if (one.co_flags ^ other.co_flags) & _FLAGS or len(one.co_consts) != len(other.co_consts):
        return False
    return all(map(_same_constant, one.co_consts, other.co_consts))


def _same_constant(one: "Any", other: "Any") -> bool:
    if type(one) is not type(other):
        return False
    if hasattr(one, "co_code"):
        return same_code(one, other)
    if isinstance(one, (tuple, frozenset)):  # what is in them may say that it is equal to anything
        if isinstance(one, frozenset):
            one, other = sorted(one, key=_order), sorted(other, key=_order)
        return len(one) == len(other) and all(map(_same_constant, one, other))
    return bool(one == other or repr(one) == repr(other))


def _order(value: "Any") -> str:
    return type(value).__name__ + repr(value)


def find_body(
    bodies: "dict[str, dict[str, list[Body]]]",
    path: str,
    name: str,
    function: "Any",
    chain: "tuple[str, ...]" = (),
) -> "tuple[bool | None, Any, Body | None]":
    """Compare what will run with what the file says.

    Args:
        bodies: As :func:`read_bodies` gives them.
        path: The file, relative to the working folder.
        name: Name of the function.
        function: What the runner will call.
        chain: Names of the classes that it is reported to stand in; where the file has none of this name
            there, it may be inherited and any of the name will do.

    Returns:
        Whether it is the file's function (None where that cannot be said), the function itself behind its
        decorators, and its body.
    """
    candidates = bodies.get(path, {}).get(name, [])
    candidates = [body for body in candidates if body.chain == chain] or candidates
    for depth, inner in enumerate(layers(function)):
        for body in candidates:
            if not (depth and body.bare) and any(same_code(inner.__code__, code) for code in body.codes):
                return True, inner, body
    known = bool(candidates) and all(body.plain and body.codes for body in candidates)
    return (False if known else None), None, (candidates[0] if candidates else None)


def layers(function: "Any") -> "Any":
    """A function and those that it says to wrap."""
    seen = []  # type: list[Any]
    while function is not None and len(seen) < 20 and not any(function is other for other in seen):
        seen.append(function)
        function = getattr(function, "__func__", function)
        if hasattr(function, "__code__"):
            yield function
        function = getattr(function, "__wrapped__", None) or getattr(function, "func", None)


def replaced(body: Body, function: "Any", case: "Any") -> "list[str]":
    """What a test would use that is not what its file says: functions of the file, and built-in ones.

    Args:
        body: As :func:`find_body` gives it.
        function: The function behind its decorators, as :func:`find_body` gives it.
        case: The class that the test runs in; None if it is a plain function.
    """
    names = function.__globals__
    found = []  # type: list[str]
    for place, codes in body.helpers.items():
        holder = names  # type: Any
        if place[:-1]:
            dotted = ".".join(place[:-1])
            holder = next((vars(c) for c in getattr(case, "__mro__", ()) if c.__qualname__ == dotted), None)
        if holder is not None:
            code = getattr(holder.get(place[-1]), "__code__", None)
            if not any(same_code(code, one) for one in codes if code is not None):
                found.append(".".join(place))
    if body.bound is not None:
        found += [name for name in _BUILT_IN.intersection(names) if name not in body.bound and name[0] != "_"]
    given = names.get("__builtins__")
    return found if given is builtins or given is vars(builtins) else [*found, "__builtins__"]
