"""Agreement of answers and inner uncertainty on the road from a table to JSON and terminal."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Epochs, Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState, generate

from hotmess_inspect.cli import main
from hotmess_inspect.decomposition.of_questions import decompose_questions
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.table import groups, outcomes_from_arrays, question_arrays


def analyzed(path: Path, *options: str) -> dict[str, Any]:
    printed = CliRunner().invoke(main, ["analyze", str(path), "--json", *options])
    return json.loads(printed.stdout)


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_papers_answer_changes(tmp_path: Path) -> None:
    rows = [
        f"q{q},{e},{e // 3},{'B' if (q, e) == (1, 4) else 'A'},{'ABC'[q]}"
        for q in range(3)
        for e in range(30)
    ]
    path = table(tmp_path / "a.csv", "question_id,epoch,context,answer,target", *rows)
    group = analyzed(path)["groups"][0]
    changes = group["answer_changes"]
    shown = [round(changes[name]["percent"], 2) for name in ("by_resampling", "by_context", "by_both")]
    assert shown == [3.33, 0.0, 33.33]
    # One question of three has 29·1·2 of 30·29 ordered pairs that differ.
    assert group["disagreement"]["value"] == pytest.approx(2 / 30 / 3)
    assert group["modal_share"]["value"] == pytest.approx((1 + 1 + 29 / 30) / 3)
    assert group["entropy"] is None
    printed = CliRunner().invoke(main, ["analyze", str(path), "--details"], terminal_width=200).stdout
    assert "answers change: by resampling 3.33 %" in " ".join(printed.split())


def test_inner_and_outer_of_stated_probabilities(tmp_path: Path) -> None:
    lines = ["question_id,epoch,p_A,p_B,target"]
    for question, (first, second) in {"sure": (1, 0), "unsure": (0.5, 0.5), "same": (0.9, 0.9)}.items():
        lines += [f"{question},{e},{p},{1 - p:.1f},A" for e, p in enumerate((first, second), 1)]
    lines.append("unsure,3,,,A")  # unparsed: states nothing
    group = analyzed(table(tmp_path / "p.csv", *lines))["groups"][0]
    parts = group["sampling_variance"]
    # 1 - Σf² within epochs: 0, ½, .18; between: 1, 0, 0 (epochs (1, 0) and (0, 1)).
    assert parts["within"]["value"] == pytest.approx((0 + 0.5 + 0.18) / 3)
    assert parts["between"]["value"] == pytest.approx(1 / 3)
    assert parts["total"]["value"] == pytest.approx((1 + 0.5 + 0.18) / 3)
    assert parts["questions"] == group["entropy"]["questions"] == 3
    printed = CliRunner().invoke(main, ["analyze", str(tmp_path / "p.csv"), "--details"]).stdout
    assert "predictive entropy in nats:" in " ".join(printed.split())


def test_scores_have_none(tmp_path: Path) -> None:
    group = analyzed(table(tmp_path / "s.csv", "question_id,epoch,score", "q,1,1", "q,2,0"))["groups"][0]
    names = (
        "disagreement",
        "answer_entropy",
        "modal_share",
        "answer_changes",
        "entropy",
        "sampling_variance",
    )
    assert [group[name] for name in names] == [None] * 6


UNTARGETED = (
    "question_id,epoch,answer",
    *(f"q1,{e},{a}" for e, a in enumerate("AAB", 1)),
    *(f"q2,{e},{a}" for e, a in enumerate("CCC", 1)),
    *(f"q3,{e},{a}" for e, a in enumerate("ABC", 1)),
    "q3,4,",  # unparsed: left out, and counted
)


def assert_no_bias(group: dict[str, Any]) -> None:
    for name in ("accuracy", "error", "bias_squared", "incoherence", "incoherence_corrected"):
        assert group[name] is None, name
    for name in (
        "accuracy_ci",
        "error_ci",
        "bias_squared_ci",
        "incoherence_ci",
        "failures",
        "accuracy_matched",
    ):
        assert group[name] is None, name
    assert group["incoherence_note"].startswith("undefined: no question has a target")


def test_a_table_without_targets(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *UNTARGETED)
    found = analyzed(path)
    (group,) = found["groups"]
    assert (group["kind"], group["loss"], group["estimator"]) == ("answer", "disagreement", "unbiased")
    assert_no_bias(group)
    # Pairs that differ: 2 of 3, none, 3 of 3.
    assert group["disagreement"]["value"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert group["variance"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert group["modal_share"]["value"] == pytest.approx((2 / 3 + 1 + 1 / 3) / 3)
    assert group["answer_changes"]["by_both"]["percent"] == pytest.approx(200 / 3)
    low, high = group["disagreement"]["ci"]
    assert 0 <= low < 5 / 9 < high <= 1
    assert group["unparsed"] == 1
    assert any("no column of right answers" in p["message"] for p in found["problems"])
    assert not [p for p in found["problems"] if p["level"] == "error"]
    printed = " ".join(CliRunner().invoke(main, ["analyze", str(path)]).stdout.split())
    assert "Two epochs of one question answer differently with probability 56 %" in printed
    assert "No bias and no incoherence are defined." in printed


def test_an_empty_column_of_targets_is_none(tmp_path: Path) -> None:
    head, *rows = UNTARGETED
    path = table(tmp_path / "a.csv", f"{head},target", *(f"{row}," for row in rows))
    (group,) = analyzed(path)["groups"]
    assert group["loss"] == "disagreement"
    assert_no_bias(group)


def test_probabilities_without_targets(tmp_path: Path) -> None:
    path = table(
        tmp_path / "p.csv", "question_id,epoch,p_x,p_y", "q,1,1,0", "q,2,0,1", "r,1,.5,.5", "r,2,.5,.5"
    )
    (group,) = analyzed(path)["groups"]
    assert_no_bias(group)
    assert group["loss"] == "disagreement" and group["variance"] == pytest.approx(0.5)
    assert group["sampling_variance"]["total"]["value"] == pytest.approx((1 + 0.5) / 2)
    assert group["sampling_variance"]["within"]["value"] == pytest.approx(0.25)


def test_targets_change_nothing_of_the_agreement(tmp_path: Path) -> None:
    head, *rows = UNTARGETED[:-1]
    without = analyzed(table(tmp_path / "a.csv", head, *rows))["groups"][0]
    given = analyzed(table(tmp_path / "b.csv", f"{head},target", *(f"{row},A" for row in rows)))["groups"][0]
    for name in ("disagreement", "answer_entropy", "modal_share", "answer_changes"):
        assert without[name] == given[name], name
    # The Brier variance of labels is the probability that two epochs differ.
    assert without["variance"] == pytest.approx(given["variance"])


def test_a_loss_that_needs_a_target_is_refused_in_words(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *UNTARGETED)
    found = analyzed(path, "--loss", "kl", "--loss", "brier")
    assert [group["loss"] for group in found["groups"]] == ["disagreement"]
    assert any("loss 'kl' needs a target" in p["message"] for p in found["problems"])


@pytest.mark.parametrize("command", ["report", "export", "plan", "compare", "gate"])
def test_other_commands_say_what_they_cannot(command: str, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *UNTARGETED)
    arguments = {
        "report": ["report", str(path), "-o", str(tmp_path / "r.html")],
        "export": ["export", str(path), "-o", str(tmp_path / "out")],
        "plan": ["plan", str(path)],
        "compare": ["compare", str(path), str(path)],
        "gate": ["gate", str(path), "--against", str(path)],
    }[command]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert command in ("report", "export") or result.exit_code in (1, 2)
    if command == "plan":
        assert "without a target there is no error to plan for" in " ".join(result.output.split())
    if command == "report":
        assert "Two epochs of one question answer differently" in (tmp_path / "r.html").read_text()


@scorer(metrics=[])
def says(verdict: object) -> Scorer:
    """Writes down what was answered and judges nothing."""

    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        return Score(value=verdict, answer=None if text == "–" else text)  # type: ignore[arg-type]

    return score


@pytest.mark.parametrize("verdict", [float("nan"), "unjudged"])
def test_a_log_without_targets(verdict: object, tmp_path: Path) -> None:
    answers = ["A", "B", "A", "C", "C", "–"]
    task = Task(
        dataset=[Sample(id=f"q{i}", input="?") for i in range(2)],
        solver=generate(),
        scorer=says(verdict),
        epochs=Epochs(3, "mean"),
    )
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in answers]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = inspect_eval(
        task, model=model, log_dir=str(tmp_path), display="none", max_samples=1, max_connections=1
    )
    rows = [(s.id, s.epoch, s.scores["says"].answer) for s in read_eval_log(log.location).samples]  # type: ignore
    (group,) = analyzed(Path(log.location))["groups"]
    assert group["loss"] == "disagreement" and group["unparsed"] == 1
    assert_no_bias(group)
    shares = []
    for question in ("q0", "q1"):
        said = [a for q, _, a in rows if q == question and a]
        pairs = [(a, b) for i, a in enumerate(said) for b in said[:i]]
        shares.append(sum(a != b for a, b in pairs) / len(pairs))
    assert group["disagreement"]["value"] == pytest.approx(sum(shares) / 2)


def test_losses_of_a_group_without_targets_are_undefined() -> None:
    outcomes = outcomes_from_arrays(["q", "q"], answer=["A", "B"])
    assert not groups(outcomes)[0].outcomes.scored.any()  # where an error is wanted, they are unscored
    (group,) = groups(outcomes, need_target=False)
    found = decompose_questions(question_arrays(group), [("brier", "unbiased"), ("disagreement", "unbiased")])
    assert math.isnan(found[0].incoherence) and math.isnan(found[0].mean("variance"))
    assert found[0].incoherence_note.startswith("undefined: no question has a target")
    assert found[1].variance.tolist() == [1.0]


def test_the_numbers_of_each_question() -> None:
    stated = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.5, 0.5]]
    outcomes = outcomes_from_arrays(["p", "p", "q", "q"], probabilities=stated, target=["A"] * 4)
    first, second = question_numbers(analyze(outcomes)[0][0])
    # Two epochs: the jackknife doubles ln 2 of the plug-in; certain epochs have no entropy of their own.
    assert (first.disagreement, first.entropy_within) == (1.0, 0.0)
    assert first.entropy_between == pytest.approx(2 * math.log(2))
    # Ties state no likeliest answer.
    assert math.isnan(second.disagreement)
    assert (second.entropy_within, second.entropy_between) == pytest.approx((math.log(2), 0.0))
