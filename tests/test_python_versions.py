"""Nothing of the package leans on what Python has removed or is about to remove."""

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "src" / "hotmess_inspect"
# Scripts that run inside a container.
ASIDE = "swebench/inside/"
SOURCES = sorted(HOME.rglob("*.py"))

IMPORTS = f"""
import importlib, sys, warnings
from pathlib import Path
home = Path({str(HOME)!r})
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for path in sorted(home.rglob("*.py")):
        name = path.relative_to(home).as_posix()
        if name.startswith({ASIDE!r}) or path.name == "__main__.py":
            continue
        parts = [part for part in path.relative_to(home.parent).with_suffix("").parts if part != "__init__"]
        try:
            importlib.import_module(".".join(parts))
        except ImportError as error:
            assert "pip install 'hotmess-inspect[" in str(error), (parts, error)
own = [w for w in caught if issubclass(w.category, DeprecationWarning) and str(home) in w.filename]
print(*own, sep="\\n", end="")
"""

# Removed in 3.12 to 3.14, or deprecated there with a removal named.
GONE = {
    "ast": {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"},
    "asyncio": {
        "get_event_loop_policy",
        "set_event_loop_policy",
        "iscoroutinefunction",
        "AbstractChildWatcher",
        "get_child_watcher",
    },
    "codecs": {"open"},
    "collections.abc": {"ByteString"},
    "datetime.datetime": {"utcnow", "utcfromtimestamp"},
    "importlib.abc": {"Traversable", "ResourceReader", "TraversableResources"},
    "locale": {"getdefaultlocale"},
    "pkgutil": {"find_loader", "get_loader", "ImpImporter", "ImpLoader"},
    "typing": {"ByteString", "no_type_check_decorator"},
}
MODULES_GONE = {
    "asynchat",
    "asyncore",
    "cgi",
    "crypt",
    "distutils",
    "imp",
    "pipes",
    "pkg_resources",
    "telnetlib",
}


def gone(source: str) -> list[str]:
    """Names in a module's source that newer releases of Python lack."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in MODULES_GONE]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.split(".")[0] in MODULES_GONE:
                found.append(node.module)
            found += [f"{node.module}.{a.name}" for a in node.names if a.name in GONE.get(node.module, ())]
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            names = GONE.get(owner, GONE["datetime.datetime"] if owner == "datetime" else set())
            if node.attr in names:
                found.append(f"{owner}.{node.attr}")
    return found


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from importlib.abc import Traversable", "importlib.abc.Traversable"),
        ("import datetime\ndatetime.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("from datetime import datetime\ndatetime.utcnow()", "datetime.utcnow"),
        ("import ast\nast.Num", "ast.Num"),
        ("import distutils.util", "distutils.util"),
    ],
)
def test_the_search_finds_them(source: str, name: str) -> None:
    assert gone(source) == [name]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_no_name_that_newer_pythons_lack(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert gone(source) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an invalid escape in a string is a warning of the compiler
        compile(source, str(path), "exec")


@pytest.mark.slow
def test_every_module_imports_without_a_deprecation_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
