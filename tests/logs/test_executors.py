"""Reading in other processes gives the same rows in the same order."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.io.parallel import Tallied, tally_inputs
from hotmess_inspect.plugin.annotate import annotate_log
from hotmess_inspect.render.export import export_outcomes
from hotmess_inspect.results.analyze import Options, analyze

from .test_logs import rows_of
from .test_remote import bucket, put

__all__ = ["bucket"]


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
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert tallied_numbers(tally_inputs(paths, executor=pool)) == numbers(here)


def test_the_command_takes_jobs(paths: list[str]) -> None:
    one = CliRunner().invoke(main, ["analyze", *paths, "--json", "--resamples", "20"])
    two = CliRunner().invoke(main, ["analyze", *paths, "--json", "--resamples", "20", "--jobs", "2"])
    assert one.exit_code == two.exit_code == 1
    assert one.stdout == two.stdout


@pytest.fixture(scope="module")
def folder(
    letters_log: Path, dict_log: Path, failing_log: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Three logs, an annotated copy of one, a table, an export that holds one of the logs, and a damaged file."""
    made = tmp_path_factory.mktemp("many")
    for path in (letters_log, dict_log, failing_log):
        (made / path.name).write_bytes(path.read_bytes())
    annotate_log(str(made / letters_log.name))
    export_outcomes(read_inputs([str(dict_log)]).outcomes, str(made / "outcomes"))
    lines = "".join(f"q{i % 4},{i},{'AB'[i % 3 == 0]},A,{10 + i}\n" for i in range(24))
    (made / "table.csv").write_text("question_id,epoch,answer,target,length\n" + lines)
    (made / "bad.eval").write_bytes(b"junk")
    return made


def tallied_numbers(found: Tallied) -> str:
    results, problems = analyze(found.tally.outcomes(), Options(resamples=50))
    return json.dumps([[r.as_json() for r in results], [str(p) for p in problems]])


def test_counts_brought_home_give_the_bits_of_all_rows(folder: Path) -> None:
    here, added = read_inputs([str(folder)]), tally_inputs([str(folder)])
    # The annotated copy holds 6 epochs again, the export 4.
    assert [p.message for p in added.problems if "count once" in p.message] == [
        "10 epochs stand in more than one log and count once"
    ]
    assert set(map(str, added.problems)) == set(map(str, here.problems))
    assert (added.files, len(added.logs)) == (here.files, len(here.logs)) == (6, 4)
    assert added.tally.epochs == len(here.outcomes)
    assert tallied_numbers(added) == numbers(here)


@pytest.mark.slow
def test_dask_over_a_bucket_gives_the_same_bits(bucket: str, folder: Path) -> None:
    from dask.distributed import Client, LocalCluster

    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        put(f"cluster/{path.relative_to(folder)}", path.read_bytes())
    uri = f"{bucket}/cluster"
    here = numbers(read_inputs([uri]))
    assert tallied_numbers(tally_inputs([uri])) == here
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert tallied_numbers(tally_inputs([uri], executor=client.get_executor())) == here
        assert numbers(read_inputs([uri], executor=client.get_executor())) == here


def test_nothing_at_all(tmp_path: Path) -> None:
    found = tally_inputs([str(tmp_path)])
    assert (found.tally.epochs, found.files) == (0, 0)
    assert [p.level for p in found.problems] == ["error"]
