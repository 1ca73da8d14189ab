"""A log of walks goes through `hotmess analyze` like any other, and gives the live numbers."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval

from hotmess_inspect.cli import main
from hotmess_inspect.tasks.optimizer import optimizer


@pytest.mark.optimizer
def test_analyze_gives_the_numbers_of_the_live_metric(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    log = inspect_eval(
        optimizer(starts=3, steps=8, epochs=3),
        model="hotmess/optimizer",
        model_args={"size": "3k"},
        log_dir=str(tmp_path),
        display="none",
    )[0]
    assert log.status == "success", log.error
    assert log.results
    live = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    found = CliRunner().invoke(main, ["analyze", "--json", str(tmp_path)])
    assert found.exit_code == 0, found.output
    (group,) = json.loads(found.stdout)["groups"]
    assert (group["kind"], group["loss"], group["accuracy"]) == ("point", "squared", None)
    for name in ("error", "bias_squared", "variance", "incoherence"):
        assert group[name] == pytest.approx(live[name], abs=1e-12)
