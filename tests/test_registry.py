"""What `inspect` meets at its start: cheap, complete, quiet."""

import json
import subprocess
import sys

HEAVY = ("torch", "pandas", "matplotlib", "datasets", "docker", "pyarrow", "scipy", "numpy")


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_nothing_heavy_comes_along() -> None:
    code = f"""
import sys, json
import inspect_ai._cli.main
before = set(sys.modules)
import hotmess_inspect._registry
added = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(added & set({HEAVY!r}))))
"""
    assert json.loads(fresh(code)) == []


def test_every_component_has_both_names() -> None:
    code = """
import json
from inspect_ai.util import registry_info
from hotmess_inspect import _components as _registry
print(json.dumps([[registry_info(c).type, registry_info(c).name] for c in _registry._COMPONENTS]))
"""
    components = json.loads(fresh(code))
    assert ["metric", "hotmess/incoherence"] in components
    assert ["score_reducer", "hotmess/decomposition"] in components
    assert ["scorer", "hotmess/repeat"] in components
    names = [(kind, name.removeprefix("hotmess/")) for kind, name in components if kind != "modelapi"]
    assert len(names) == len(set(names))
    # A process that knows only the names, as `inspect` does.
    lookup = f"""
from inspect_ai._util.registry import registry_lookup
for kind, name in {names!r}:
    for package in ("hotmess", "hotmess_inspect"):
        assert registry_lookup(kind, f"{{package}}/{{name}}") is not None, (kind, package, name)
    if kind == "scorer":
        assert registry_lookup(kind, name) is not None, name
"""
    fresh(lookup)


def test_either_name_alone_is_enough() -> None:
    for package in ("hotmess", "hotmess_inspect"):
        code = f"""
from inspect_ai import Epochs
from inspect_ai.model import get_model
from inspect_ai.scorer import Score
reduced = Epochs(2, "{package}/decomposition").reducer[0]([Score(value="C"), Score(value="I")])
assert reduced.value == 0.5 and reduced.metadata["variance"] == 0.5, reduced
assert get_model("{package}/simulated").name == "simulated"
"""
        fresh(code)
