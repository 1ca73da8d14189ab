"""What `import hotmess_inspect` offers."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import hotmess_inspect
from hotmess_inspect.cli import main


def test_read_and_analyze_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question_id,epoch,answer,target\nq,1,A,A\nq,2,B,A\n", encoding="utf-8")
    assert len(hotmess_inspect.read(path).outcomes) == 2
    found = hotmess_inspect.analyze([path], losses=("brier",), resamples=2)
    # A and B: error 1, unbiased variance 1.
    assert [round(result.decomposition.incoherence, 12) for result in found] == [1.0]
    assert "incoherence 1" in repr(found) and "<th>incoherence</th>" in found._repr_html_()
    assert found.to_pandas()["error"].tolist() == [1.0]
    assert {"read", "analyze", "decompose", "Outcomes"} <= set(dir(hotmess_inspect))


def two_tables(folder: Path) -> list[Path]:
    rng = np.random.default_rng(3)
    paths = []
    for name, right in (("one", 0.8), ("two", 0.4)):
        lines = ["question_id,epoch,answer,target,length"]
        for question in range(30):
            for epoch in range(1, 5):
                answer = "A" if rng.random() < right else "BC"[epoch % 2]
                lines.append(f"q{question},{epoch},{answer},A,{question + epoch * epoch}")
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def test_compare_says_what_the_command_says(tmp_path: Path) -> None:
    first, second = two_tables(tmp_path)
    found = hotmess_inspect.compare(first, str(second))
    done = CliRunner().invoke(main, ["compare", str(first), str(second), "--json"])
    assert [row for pair in found for row in pair.as_json()] == json.loads(done.stdout)["comparisons"]
    tables = [hotmess_inspect.read(path) for path in (first, second)]
    analysed = [hotmess_inspect.analyze(table.outcomes, losses=("brier",)) for table in tables]
    for other in (
        hotmess_inspect.compare(*tables),
        hotmess_inspect.compare(tables[0].outcomes, tables[1].outcomes),
        hotmess_inspect.compare(*analysed),
    ):
        assert list(other.to_pandas()["difference"]) == list(found.to_pandas()["difference"])
    assert "<th>quantity</th>" in found._repr_html_() and "one less two" in repr(found)
    assert len(found.to_polars()) == len(found.to_pandas()) >= 4
    with pytest.raises(ValueError, match="give options to analyze"):
        hotmess_inspect.compare(*analysed, seed=1)


def test_figures_hold_the_numbers_and_leave_pyplot_alone(tmp_path: Path) -> None:
    import matplotlib
    from matplotlib import pyplot

    before = matplotlib.get_backend(), dict(matplotlib.rcParams)
    found = hotmess_inspect.analyze(two_tables(tmp_path), losses=("brier",), resamples=50)
    plane = hotmess_inspect.plot_plane(found).axes[0]
    points = sorted(tuple(c.lines[0].get_xydata()[0].tolist()) for c in plane.containers)
    wanted = sorted((r.decomposition.mean("bias_squared"), r.decomposition.mean("variance")) for r in found)
    np.testing.assert_allclose(points, wanted)
    for name in ("length", "overthinking", "ensembling", "distribution"):
        figure = getattr(hotmess_inspect, f"plot_{name}")(found)
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    assert pyplot.get_fignums() == [] and (matplotlib.get_backend(), dict(matplotlib.rcParams)) == before


def test_plots_say_what_they_cannot_draw(tmp_path: Path) -> None:
    mixed = hotmess_inspect.analyze(two_tables(tmp_path), losses=("brier", "kl"), resamples=2)
    with pytest.raises(ValueError, match="results mix brier/unbiased, kl/plugin"):
        hotmess_inspect.plot_plane(mixed)
    with pytest.raises(ValueError, match="no results"):
        hotmess_inspect.plot_length([])
