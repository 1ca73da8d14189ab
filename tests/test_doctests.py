"""The examples in the docstrings of the public names run, and every public function has one."""

import doctest
import inspect

import pytest

import hotmess_inspect

FUNCTIONS = [n for n in hotmess_inspect.__all__ if inspect.isfunction(getattr(hotmess_inspect, n))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_runs(name: str) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(hotmess_inspect, name), name)
    assert example.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)


def test_every_public_name_is_there_and_documented() -> None:
    assert set(hotmess_inspect.__all__) <= set(dir(hotmess_inspect))
    assert all(getattr(hotmess_inspect, name).__doc__ for name in hotmess_inspect.__all__)
    assert {"compare", "decompose", "plot_plane"} <= set(FUNCTIONS)
