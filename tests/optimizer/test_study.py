import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.optimizer
torch = pytest.importorskip("torch")

from hotmess_inspect.cli.optimizer import optimizer  # noqa: E402
from hotmess_inspect.experiments.optimizer.figures import save_figures  # noqa: E402
from hotmess_inspect.experiments.optimizer.measures import over_starts, per_start, teacher_walk  # noqa: E402
from hotmess_inspect.experiments.optimizer.presets import PRESETS, Walks, preset_of, work  # noqa: E402
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig, read_about  # noqa: E402
from hotmess_inspect.experiments.optimizer.rollout import rollout  # noqa: E402
from hotmess_inspect.experiments.optimizer.study import (  # noqa: E402
    none_for_nan,
    rounded,
    study_report,
    study_starts,
    walk_seeds,
)
from hotmess_inspect.experiments.optimizer.trained import load_trained, save_trained  # noqa: E402


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preset `tiny` for a few steps, through the command."""
    folder = tmp_path_factory.mktemp("study")
    arguments = ["train", "--preset", "tiny", "--steps", "20", "--workers", "1", "--json", "-o", str(folder)]
    ended = CliRunner().invoke(optimizer, arguments)
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["schema"] == 1
    assert "12k  step     20" in ended.stderr
    return folder


@pytest.fixture(scope="module")
def report(study: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((study / "report.json").read_text())
    return loaded


def test_report_holds_what_the_parts_say(study: Path, report: dict[str, Any]) -> None:
    walks = PRESETS["tiny"].walks
    trained = load_trained(study / "12k.npz")
    problem, surface = trained.problem, trained.problem.teacher().quadratic
    starts = study_starts(problem, walks)
    greedy = rollout(trained.model, problem, starts[: walks.starts], walks.steps, record_every=4)
    size = report["sizes"][1]
    assert (size["size"], size["parameters"]) == ("12k", trained.model.parameter_count)
    curve = over_starts(greedy.points, greedy.steps, surface)
    np.testing.assert_allclose(size["over_starts"]["variance"], curve.variance, rtol=1e-6)
    floor = over_starts(
        teacher_walk(problem, starts[: walks.starts], walks.steps, record_every=4), greedy.steps, surface
    )
    np.testing.assert_allclose(report["teacher"]["error"], floor.error, rtol=1e-6)
    np.testing.assert_allclose(size["excess"]["error"], curve.error - floor.error, rtol=1e-5, atol=1e-9)
    again = np.repeat(starts[: walks.repeated_starts], walks.epochs, axis=0)
    drawn = rollout(
        trained.model, problem, again, walks.steps, temperature=1.0, seeds=walk_seeds(walks), record_every=4
    )
    single = per_start(drawn.points.reshape(4, 4, -1, 2), drawn.steps, surface)
    np.testing.assert_allclose(size["per_start"]["variance"], single.variance, rtol=1e-6)
    # The last quarter of the 13 recorded steps
    last = report["laws"]["over_starts_plugin"]["bias_squared"]["values"][1]
    np.testing.assert_allclose(last, curve.bias_squared[-4:].mean(), rtol=1e-6)


def test_report_and_training_are_repeatable(study: Path, report: dict[str, Any], tmp_path: Path) -> None:
    arguments = [
        "train",
        "--preset",
        "tiny",
        "--steps",
        "20",
        "--workers",
        "2",
        "--json",
        "-o",
        str(tmp_path),
    ]
    again = CliRunner().invoke(optimizer, arguments)
    assert again.exit_code == 0, again.output
    found = json.loads((tmp_path / "report.json").read_text())
    # In two processes instead of one: all but the seconds is the same.
    assert found["laws"] == report["laws"] and found["teacher"] == report["teacher"]
    for size in ("3k", "12k"):
        first, second = (
            load_trained(folder / f"{size}.npz").model.state_dict() for folder in (study, tmp_path)
        )
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_finished_training_is_not_repeated(study: Path) -> None:
    ended = CliRunner().invoke(
        optimizer,
        ["train", "--preset", "tiny", "--steps", "20", "--workers", "1", "--no-report", "-o", str(study)],
    )
    assert ended.exit_code == 0 and "step" not in ended.stderr


def test_figures_are_drawn(report: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for path in save_figures(report, tmp_path):
        assert path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size > 10_000


def test_one_model_is_rolled_out(study: Path) -> None:
    base = ["rollout", str(study / "3k.npz"), "--starts", "6", "--steps", "8"]
    greedy = CliRunner().invoke(optimizer, [*base, "--json"])
    found = json.loads(greedy.stdout)
    assert found["size"] == "3k" and len(found["curve"]["steps"]) == 9
    stochastic = CliRunner().invoke(optimizer, [*base, "--temperature", "1", "--epochs", "3"])
    assert stochastic.exit_code == 0 and "incoherence" in stochastic.stdout


def test_wrong_use_ends_with_status_two(study: Path, tmp_path: Path) -> None:
    def ends(*arguments: str) -> str:
        ended = CliRunner().invoke(optimizer, list(arguments))
        assert ended.exit_code == 2, ended.output
        return ended.output

    assert "size must be one of" in ends("train", "--sizes", "9k", "--dry-run")
    assert "no trained optimizer" in ends("scaling", str(tmp_path))
    (tmp_path / "bad.npz").write_bytes(b"not an archive")
    assert "bad.npz is no trained optimizer" in ends("scaling", str(tmp_path))
    ends("train", "--preset", "huge")


def test_work_is_counted_by_hand() -> None:
    counted = CliRunner().invoke(optimizer, ["train", "--preset", "paper", "--dry-run", "--json"])
    largest = json.loads(counted.stdout)[-1]
    # 6 layers of width 256: 12 * 6 * 65,536 + 12 * 256 weights at 55 places, and attention over 1 + 2 + ... + 55 = 1,540
    # places: forward 2 * (4,721,664 * 55 + 2 * 6 * 256 * 1,540) = 528,844,800; times 3 * 1,024 * 65,000
    assert largest["training_flops"] == 528_844_800 * 3 * 1_024 * 65_000
    assert largest["rollout_flops"] == 528_844_800 * 2_048 * (4_096 + 64 * 30)
    assert [entry.size for entry in work(preset_of("paper"))] == [
        "50k",
        "200k",
        "450k",
        "790k",
        "1.2m",
        "4.7m",
    ]


def test_models_of_different_problems_are_not_compared(study: Path, tmp_path: Path) -> None:
    trained = load_trained(study / "3k.npz")
    save_trained(trained, tmp_path / "a.npz")
    save_trained(replace(trained, problem=replace(trained.problem, step_norm=0.2)), tmp_path / "b.npz")
    with pytest.raises(ValueError, match="imitate different problems"):
        study_report(tmp_path, PRESETS["tiny"].walks, workers=1)


def test_a_file_holds_the_model_bit_for_bit(study: Path, tmp_path: Path) -> None:
    trained = load_trained(study / "12k.npz")
    save_trained(trained, tmp_path / "again.npz")
    again = load_trained(tmp_path / "again.npz")
    assert again.problem == trained.problem and again.provenance == trained.provenance
    for name, weight in trained.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], weight)


def test_files_of_other_formats_are_refused(study: Path, tmp_path: Path) -> None:
    with np.load(study / "3k.npz") as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays["about"]))
    np.savez(tmp_path / "newer.npz", **(arrays | {"about": np.array(json.dumps(about | {"format": 2}))}))
    with pytest.raises(ValueError, match=r"newer\.npz is no trained optimizer: format 2"):
        read_about(tmp_path / "newer.npz")
    arrays.pop("head.weight")
    np.savez(tmp_path / "headless.npz", **arrays)
    with pytest.raises(ValueError, match=r"headless\.npz has not the weights of size 3k"):
        load_trained(tmp_path / "headless.npz")
    with pytest.raises(FileNotFoundError):
        load_trained(tmp_path / "missing.npz")


def test_numbers_become_plain() -> None:
    assert none_for_nan({"a": [1.0, float("nan")], "b": (float("inf"), "x")}) == {
        "a": [1.0, None],
        "b": [None, "x"],
    }
    assert rounded({"a": [1.23456789, 3, "x", None]}) == {"a": [1.234568, 3, "x", None]}


def test_walks_are_checked() -> None:
    with pytest.raises(ValueError, match="starts and epochs must be at least 2"):
        Walks(starts=1)
    with pytest.raises(ValueError, match="window must be in"):
        Walks(window=0)
    with pytest.raises(ValueError, match="preset must be one of tiny, laptop, laptop-4d, paper, not 'huge'"):
        preset_of("huge")
    with pytest.raises(ValueError, match="start_half_width must be above 0 and below 10"):
        ProblemConfig(start_half_width=10)
