"""Reading in other processes gives the same rows in the same order."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.analysis.analyze import Options, analyze
from hotmess_inspect.analysis.logs import Inputs, read_inputs
from hotmess_inspect.cli import main

from .test_logs import rows_of


@pytest.fixture
def paths(letters_log: Path, dict_log: Path, tmp_path: Path) -> list[str]:
    """Two logs and a damaged one."""
    (tmp_path / "bad.eval").write_bytes(b"junk")
    return [str(letters_log), str(tmp_path / "bad.eval"), str(dict_log)]


def numbers(inputs: Inputs) -> str:
    results, problems = analyze(inputs.outcomes, Options(resamples=50))
    return json.dumps([[r.as_json() for r in results], [str(p) for p in problems]])


def test_a_process_pool(paths: list[str]) -> None:
    here = read_inputs(paths)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = read_inputs(paths, executor=pool)
    assert rows_of(there.outcomes) == rows_of(here.outcomes)
    assert (there.problems, there.logs, there.files) == (here.problems, here.logs, here.files)
    assert numbers(there) == numbers(here)


def test_dask_workers(paths: list[str]) -> None:
    from dask.distributed import Client, LocalCluster

    here = read_inputs(paths)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        there = read_inputs(paths, executor=client.get_executor())
    assert numbers(there) == numbers(here)


def test_the_command_takes_jobs(paths: list[str]) -> None:
    one = CliRunner().invoke(main, ["analyze", *paths, "--json", "--resamples", "20"])
    two = CliRunner().invoke(main, ["analyze", *paths, "--json", "--resamples", "20", "--jobs", "2"])
    assert one.exit_code == two.exit_code == 1
    assert one.stdout == two.stdout
