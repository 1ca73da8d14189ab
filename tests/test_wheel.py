"""The built wheel, installed into an environment of its own, gives every name."""

import json
import os
import subprocess
from pathlib import Path

import pytest

NAMES = """
import json
from importlib.metadata import entry_points
from inspect_ai.util import registry_info
from hotmess_inspect import _components, _registry
points = sorted(point.name for point in entry_points(group="inspect_ai") if point.value == "hotmess_inspect._registry")
components = [[registry_info(c).type, registry_info(c).name.split("/")[-1]] for c in _components._COMPONENTS]
print(json.dumps({"file": _registry.__file__, "points": sorted(set(points)), "components": components}))
"""

LOOKUP = """
from inspect_ai._util.registry import registry_lookup
from inspect_ai.model import get_model
import sys
for kind, name in {components!r}:
    for package in ("hotmess", "hotmess_inspect"):
        if kind == "modelapi":
            assert get_model(f"{{package}}/simulated").name == "simulated"
        else:
            assert registry_lookup(kind, f"{{package}}/{{name}}") is not None, (kind, package, name)
assert sys.modules["hotmess_inspect"].__file__.startswith({prefix!r})
"""


def run(*command: str, cwd: Path) -> str:
    # A caller's PYTHONPATH would put its own tree before what is installed.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.wheel
@pytest.mark.slow
def test_names_from_the_wheel(installed: tuple[Path, Path], tmp_path: Path) -> None:
    python, home = installed
    found = json.loads(run(str(python), "-c", NAMES, cwd=tmp_path))
    assert found["file"].startswith(str(home))
    assert found["points"] == ["hotmess", "hotmess_inspect"]
    assert ["task", "swebench"] in found["components"]
    run(str(python), "-c", LOOKUP.format(components=found["components"], prefix=str(home)), cwd=tmp_path)


@pytest.mark.wheel
@pytest.mark.slow
def test_the_demo_runs_from_the_wheel(installed: tuple[Path, Path], tmp_path: Path) -> None:
    python, home = installed
    where = "import hotmess_inspect.demo as demo; print(demo.__file__)"
    assert run(str(python), "-P", "-c", where, cwd=tmp_path).startswith(str(home))
    out = run(str(python), "-P", "-m", "hotmess_inspect.cli", "demo", "--no-open", cwd=tmp_path)
    written = sorted(path.name for path in (tmp_path / "hotmess-demo").iterdir())
    assert written == ["report.html", "swebench_mini.eval"]
    assert "incoherence" in out and f"report: {Path('hotmess-demo', 'report.html')}" in out
    page = (tmp_path / "hotmess-demo" / "report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>") and "incoherence" in page.lower()
