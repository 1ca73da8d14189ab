"""Import paths of the first release lead to the same objects."""

from importlib import import_module
from types import ModuleType

import pytest

from hotmess_inspect._moved import MOVED


@pytest.mark.parametrize("old", MOVED)
def test_an_old_module_gives_the_names_of_the_new_one(old: str) -> None:
    if old.startswith("optimizer"):
        pytest.importorskip("torch", reason="the extra optimizer is not installed")
    here, there = (import_module(f"hotmess_inspect.{name}") for name in (old, MOVED[old]))
    names = [
        name
        for name in vars(there)
        if not name.startswith("_") and not isinstance(getattr(there, name), ModuleType)
    ]
    assert all(getattr(here, name) is getattr(there, name) for name in names)


def test_documented_imports() -> None:
    from hotmess_inspect.analysis.analyze import Options
    from hotmess_inspect.scoring.incoherence import incoherence
    from hotmess_inspect.statistics.lengths import length_buckets

    from hotmess_inspect.outcomes import Outcomes
    from hotmess_inspect.plugin.incoherence import incoherence as new

    assert incoherence is new and callable(length_buckets)
    assert (Options.__module__, Outcomes.__module__) == (
        "hotmess_inspect.results.analyze",
        "hotmess_inspect.table.outcomes",
    )
