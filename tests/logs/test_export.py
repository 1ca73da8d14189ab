"""Exports: what is written is read back, and parts of several machines make one data set."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.render.export import export_outcomes
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.table import outcomes_from_arrays

from .test_logs import rows_of


def test_a_log_survives_the_round_trip(dict_log: Path, tmp_path: Path) -> None:
    before = read_inputs([str(dict_log)]).outcomes
    export_outcomes(before, str(tmp_path))
    assert rows_of(read_inputs([str(tmp_path)]).outcomes) == rows_of(before)


def test_numbers_are_the_same_from_the_export(letters_log: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["export", str(letters_log), "-o", str(tmp_path / "set")])
    assert result.exit_code == 0
    assert "6 rows" in result.stdout
    options = Options(resamples=50)
    direct = [r.as_json() for r in analyze(read_inputs([str(letters_log)]).outcomes, options)[0]]
    again = [r.as_json() for r in analyze(read_inputs([str(tmp_path / "set")]).outcomes, options)[0]]
    assert direct == again


def test_parts_merge_and_copies_count_once(letters_log: Path, failing_log: Path, tmp_path: Path) -> None:
    both = read_inputs([str(letters_log), str(failing_log)]).outcomes
    for log in (letters_log, failing_log):
        export_outcomes(read_inputs([str(log)]).outcomes, str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2
    assert rows_of(read_inputs([str(tmp_path)]).outcomes) == rows_of(both)
    assert rows_of(read_inputs([str(tmp_path), str(letters_log)]).outcomes) == rows_of(both)


def test_names_do_not_depend_on_the_order(tmp_path: Path) -> None:
    table = outcomes_from_arrays(["b", "a", "a"], score=[0.0, 1.0, 0.5])
    first = export_outcomes(table, str(tmp_path))
    with pytest.raises(FileExistsError):
        export_outcomes(table.take(np.asarray([2, 0, 1])), str(tmp_path))
    assert export_outcomes(table.take(np.asarray([2, 0, 1])), str(tmp_path), overwrite=True) == first
    assert export_outcomes(table.take(np.asarray([0, 1])), str(tmp_path)) != first


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no row"):
        export_outcomes(outcomes_from_arrays([], score=[]), str(tmp_path))
    (tmp_path / "bad.csv").write_text("x\n1\n")
    result = CliRunner().invoke(main, ["export", str(tmp_path / "bad.csv"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "nothing is written" in result.stdout
