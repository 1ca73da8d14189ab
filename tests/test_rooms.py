"""Imports between the rooms of the package go one way, in the order that docs/contributing.md names."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import hotmess_inspect
from hotmess_inspect._moved import MOVED

SOURCE = Path(hotmess_inspect.__file__).parent

ORDER = (
    {"_inspect_versions", "words"},
    {"bits", "demo", "_extras", "_inspect_private", "vectors", "verdicts"},
    {"schema"},
    {"arrays"},
    {"inference"},
    {"table"},
    {"decomposition"},
    {"io"},
    {"analyses"},
    {"results"},
    {"render"},
    {"plugin"},
    {"swebench"},
    {"simulated"},
    {"multiple_choice"},
    {"experiments"},
    {"tasks"},
    {"cli", "_api", "_plots"},
    {"_components"},
    {"_registry", "__init__"},
)
"""Rooms and modules below the package, the lowest first; those of one set do not know each other."""

EXCEPTIONS = {
    (
        "decomposition/__init__",
        "analyses",
    ): "names of the first release, for type checkers; looked up on demand",
    (
        "simulated/provider",
        "experiments",
    ): "one Inspect provider serves hotmess/simulated and hotmess/optimizer",
}
"""Imports that go up, with the reason."""

OLD = {name.partition(".")[0] for name in MOVED}
"""Packages of the first release, which hold no code."""


def imports(path: Path) -> Iterator[str]:
    """Rooms that a file imports from, in functions and for type checkers, too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, *rest = name.split(".")
            if package == "hotmess_inspect" and rest and rest[0] != "__version__":
                yield rest[0]


def modules() -> Iterator[tuple[str, str, Path]]:
    """Name and room of every module, without the old packages."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).with_suffix("")
        if module.parts[0] not in OLD | {"_moved"}:
            yield module.as_posix(), module.parts[0], path


def test_imports_go_one_way() -> None:
    rank = {room: number for number, rooms in enumerate(ORDER) for room in rooms}
    upward = set()
    for module, room, path in modules():
        assert room in rank, f"{module} is in no room of ORDER"
        for other in imports(path):
            if other != room and rank[other] >= rank[room]:
                upward.add((module, other))
    assert upward == set(EXCEPTIONS)


def test_every_room_is_there() -> None:
    assert {room for _, room, _ in modules()} == set().union(*ORDER)


def test_the_page_for_contributors_knows_the_rooms() -> None:
    """Each room's lines to a fifth; modules at the root are small."""
    page = (Path(__file__).parents[1] / "docs" / "contributing.md").read_text(encoding="utf-8")
    listed = {
        name: int(lines.replace(",", ""))
        for name, lines in re.findall(r"^\| `([\w./]+)` \|.*\| ([\d,]+) \|$", page, re.MULTILINE)
    }
    assert {f"{path.parent.name}/" for path in SOURCE.glob("*/*.py")} - {f"{name}/" for name in OLD} == {
        *(name for name in listed if name.endswith("/")),
        "demo/",
    }
    for name, lines in listed.items():
        files = SOURCE.joinpath(name).rglob("*.py") if name.endswith("/") else [SOURCE / name]
        held = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
        assert abs(held - lines) <= 0.2 * lines, f"{name} has {held} lines"


def test_the_road_of_an_epoch_names_what_there_is() -> None:
    """Modules and names of the ten steps exist."""
    page = (Path(__file__).parents[1] / "docs" / "contributing.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\d+\. .*(?:\n   .*)*", page, re.MULTILINE)
    assert len(steps) == 10
    for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)?(?:\.\w+)?/?)`", "\n".join(steps)):
        module, _, attribute = name.rstrip("/").partition(".")
        assert (SOURCE / module).is_dir() or (SOURCE / f"{module}.py").is_file(), name
        if attribute not in ("", "py"):
            assert hasattr(import_module(f"hotmess_inspect.{module.replace('/', '.')}"), attribute), name


def test_old_packages_hold_no_code() -> None:
    for name in OLD:
        assert [p.name for p in (SOURCE / name).rglob("*.py")] == ["__init__.py"]
        assert set(imports(SOURCE / name / "__init__.py")) == {"_moved"}


def test_decomposition_needs_no_analyses() -> None:
    """Run in a process of its own, since others of this one have been imported."""
    import subprocess
    import sys

    code = "import sys, hotmess_inspect.decomposition; print([m for m in sys.modules if '.analyses' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
