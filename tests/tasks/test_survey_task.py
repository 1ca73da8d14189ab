"""`hotmess/survey` and `hotmess survey` on simulated raters and on people's rankings."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from scipy import stats

from hotmess_inspect.cli import main
from hotmess_inspect.experiments.survey.entities import load_entities
from hotmess_inspect.experiments.survey.reading import read_logs
from hotmess_inspect.experiments.survey.study import survey_study
from hotmess_inspect.simulated.distribution import SimulatedArguments
from hotmess_inspect.simulated.rankings import planted_scores
from hotmess_inspect.tasks.survey import survey


def run(folder: Path, model_args: dict[str, Any] | None = None, **options: Any) -> EvalLog:
    logs = inspect_eval(
        survey(**options),
        model="hotmess/simulated",
        model_args=model_args or {},
        log_dir=str(folder),
        display="none",
    )
    assert logs[0].status == "success", logs[0].error
    return logs[0]


def results(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    return next(
        {name: metric.value for name, metric in score.metrics.items()}
        for score in log.results.scores
        if "spearman" in score.metrics
    )


def truth(arguments: SimulatedArguments) -> float:
    names = load_entities().names
    return float(
        stats.spearmanr(
            planted_scores("intelligence", names, arguments), -planted_scores("coherence", names, arguments)
        ).statistic
    )


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    return run(tmp_path_factory.mktemp("ranked"), {"ranking_faults": 0.02}, epochs=12)


def test_planted_rankings_are_recovered_from_the_log(ranked: EvalLog) -> None:
    live = results(ranked)
    found = read_logs([ranked.location])
    numbers = survey_study(found.entities, found.votes, resamples=500)
    assert numbers.correlation.value == live["spearman"]
    low, high = numbers.correlation.both
    assert low < truth(SimulatedArguments()) < high
    for category, part in numbers.by_category.items():
        assert part.value == live[f"spearman_{category}"]
    assert live["kendall_w_intelligence"] == numbers.agreement["intelligence"] > 0.5
    assert live["raters_intelligence"] == live["raters_coherence"] == 12
    for fault in ("missing", "doubled", "invented"):
        # 2 % of 720 entries, give or take.
        assert 3 <= live[f"{fault}_coherence"] == numbers.faults["coherence"][fault] <= 35


def test_raters_are_other_people_with_another_order(ranked: EvalLog) -> None:
    assert ranked.samples is not None and len(ranked.samples) == 24
    asked = [next(m.text for m in s.messages if m.role == "user") for s in ranked.samples]
    assert len({text.split("\n")[0] for text in asked}) == 24
    assert len({tuple(line for line in text.split("\n") if line.startswith("- ")) for text in asked}) == 24
    raters = {s.scores["survey_reply"].metadata["hm_rater"] for s in ranked.samples}  # type: ignore[index]
    assert raters == set(range(24))


def test_pairs(tmp_path: Path) -> None:
    log = run(tmp_path, {"ranking_noise": 0.3}, format="pairs", epochs=10, personas=False)
    found = read_logs([log.location])
    numbers = survey_study(found.entities, found.votes, resamples=30)
    assert numbers.correlation.value == pytest.approx(results(log)["spearman"], abs=1e-9)
    assert numbers.correlation.both[0] < truth(SimulatedArguments()) < numbers.correlation.both[1]


def test_refusals_are_unparsed_raters(tmp_path: Path) -> None:
    log = run(tmp_path, {"unparsed": 1.0}, epochs=3)
    live = results(log)
    assert live["unparsed_intelligence"] == 3 and live["raters_intelligence"] == 0
    assert live["spearman"] != live["spearman"]


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("entity,category\n" + "".join(f"Thing {n},{'ab'[n % 2]}\n" for n in range(8)))
    live = results(run(tmp_path / "logs", entities=str(path), epochs=4))
    assert {"spearman_a", "spearman_b"} <= set(live) and live["raters_coherence"] == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "essay"}, "format='essay' is not one of 'ranking', 'pairs'"),
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"pairs": 101}, "pairs must be a whole number from 1 to 100, not 101"),
        ({"entities": "nowhere.csv"}, r"entities 'nowhere\.csv' cannot be read"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        survey(**options)


def test_the_command_on_a_log(ranked: EvalLog, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = CliRunner().invoke(main, ["survey", ranked.location, "-o", str(tmp_path), "--resamples", "50"])
    assert ended.exit_code == 0, ended.output
    for shown in ("Kendall's W", "machine-learning models", "published for comparison: ρ ≈ 0.65"):
        assert shown in ended.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "survey.csv", "survey.json", "survey.png", "survey.svg"
    ]  # fmt: skip
    again = CliRunner().invoke(main, ["survey", ranked.location, "--json", "--resamples", "50"])
    stored = json.loads((tmp_path / "survey.json").read_text())
    assert json.loads(again.stdout) == stored | {"notes": []}


def test_an_epoch_in_two_logs_counts_once(ranked: EvalLog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.eval"
    write_eval_log(read_eval_log(ranked.location), str(copy))
    found = read_logs([ranked.location, str(copy)])
    assert found.votes["coherence"].raters == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.eval"], "no such file"),
        (["people.csv", "other.csv"], "permitted is one CSV, or logs"),
        (["people.csv"], "question 'wisdom' is not one of"),
    ],
)
def test_bad_input_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("people.csv", "other.csv"):
        (tmp_path / name).write_text("rater,question,entity,rank\na,wisdom,b,1\n")
    ended = CliRunner().invoke(main, ["survey", *arguments])
    assert ended.exit_code == 2 and message in ended.stderr and "Traceback" not in ended.stderr


def test_a_log_of_another_task_is_refused(tmp_path: Path) -> None:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample

    (log,) = inspect_eval(
        Task(dataset=[Sample(input="?")]), model="hotmess/simulated", log_dir=str(tmp_path), display="none"
    )
    with pytest.raises(ValueError, match=r"is no log of hotmess/survey"):
        read_logs([log.location])


def test_retried_logs_have_the_same_raters(ranked: EvalLog, tmp_path: Path) -> None:
    (again,) = eval_retry(ranked, log_dir=str(tmp_path), display="none")
    assert again.status == "success" and results(again) == results(ranked)
