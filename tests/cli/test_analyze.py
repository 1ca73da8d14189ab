"""`hotmess analyze` from the outside: figures against a naive reference, exit status, hostile text."""

import csv
import json
import math
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hotmess_inspect.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["analyze", *map(str, arguments)])


def run_json(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def naive(path: Path, dataset: str | None) -> dict[str, float]:
    """The formulas of the paper, written out with dictionaries and loops."""
    answers, target = defaultdict(list), {}
    with path.open() as file:
        for row in csv.DictReader(file):
            if dataset in (None, row["dataset"]):
                name = (row["dataset"], row["question_id"])
                answers[name].append(row["answer"])
                target[name] = row["target"]
    total: Counter[str] = Counter()
    delta, classes = 1e-12, "ABCD"
    for name, given in answers.items():
        r, y = len(given), target[name]
        mean = {c: given.count(c) / r for c in classes}
        error = sum(sum(((c == y) - (c == a)) ** 2 for c in classes) for a in given) / r
        bias = sum(((c == y) - mean[c]) ** 2 for c in classes)
        total["brier_error"] += error
        total["brier_bias"] += bias
        total["brier_variance"] += error - bias
        total["unbiased_variance"] += (error - bias) * r / (r - 1)
        log = {c: sum(math.log(((c == a) + delta) / (1 + 4 * delta)) for a in given) / r for c in classes}
        norm = math.log(sum(math.exp(v) for v in log.values()))
        total["kl_error"] += -log[y]
        total["kl_bias"] += norm - log[y]
        total["kl_variance"] += -norm
        total["right"] += sum(a == y for a in given) / r
    return {key: value / len(answers) for key, value in total.items()}


@pytest.mark.shared
@pytest.mark.parametrize("model", ["deepseek-v3", "gpt-4o-mini", "haiku-4.5"])
@pytest.mark.parametrize("dataset", ["gpqa", "mmlu", None])
def test_real_answers_agree_with_a_naive_implementation(
    shared_data: Path, model: str, dataset: str | None
) -> None:
    path = shared_data / "answers" / f"{model}.csv"
    expected = naive(path, dataset)
    pool = ["--pool"] if dataset is None else []
    task = dataset or "gpqa+mmlu"
    for estimator in ("plugin", "unbiased"):
        losses = ["--loss", "brier"] + (["--loss", "kl"] if estimator == "plugin" else [])
        groups = run_json(path, *losses, "--estimator", estimator, "--resamples", 10, *pool)["groups"]
        found = {g["loss"]: g for g in groups if g["task"] == task}
        variance = expected["brier_variance" if estimator == "plugin" else "unbiased_variance"]
        assert found["brier"]["model"] == model
        assert found["brier"]["accuracy"] == pytest.approx(expected["right"])
        assert found["brier"]["error"] == pytest.approx(expected["brier_error"])
        assert found["brier"]["variance"] == pytest.approx(variance)
        assert found["brier"]["bias_squared"] == pytest.approx(expected["brier_error"] - variance)
        assert found["brier"]["incoherence"] == pytest.approx(variance / expected["brier_error"])
        if estimator == "plugin":
            for key, name in (("error", "error"), ("bias_squared", "bias"), ("variance", "variance")):
                assert found["kl"][key] == pytest.approx(expected[f"kl_{name}"])
            assert found["kl"]["incoherence"] == pytest.approx(expected["kl_variance"] / expected["kl_error"])


@pytest.mark.shared
def test_figures_known_beforehand(shared_data: Path) -> None:
    path = shared_data / "answers" / "deepseek-v3.csv"
    groups = run_json(
        path, "--pool", "--loss", "kl", "--loss", "brier", "--estimator", "plugin", "--resamples", 10
    )["groups"]
    found = {
        g["loss"]: [round(g[k], 4) for k in ("error", "bias_squared", "variance", "incoherence")]
        for g in groups
    }
    assert found == {"kl": [9.8583, 4.5175, 5.3408, 0.5418], "brier": [0.7136, 0.4695, 0.2440, 0.3420]}


ANSWERS = [
    {"question_id": q, "epoch": e, "answer": a, "target": "A", "length": n}
    # Brier of q: 2/3 with variance 4/9 (plug-in); of r: 2 with variance 0.
    for q, e, a, n in [
        ("q", 1, "A", 1),
        ("q", 2, "A", 2),
        ("q", 3, "B", 3),
        ("r", 1, "C", 9),
        ("r", 2, "C", 9),
        ("r", 3, "C", 9),
    ]
]


def test_every_field_of_the_schema(tmp_path: Path) -> None:
    found = run_json(
        write(tmp_path / "m.csv", ANSWERS), "--loss", "brier", "--estimator", "plugin", "--buckets", 2
    )
    assert found["schema"] == 1
    assert found["problems"] == []
    (group,) = found["groups"]
    # Error (2/3 + 2)/2, variance (4/9 + 0)/2, their ratio (4/9)/(8/3) = 1/6.
    assert group["error"] == pytest.approx(4 / 3)
    assert group["variance"] == pytest.approx(2 / 9)
    assert group["incoherence"] == pytest.approx(1 / 6)
    assert group["accuracy"] == pytest.approx(1 / 3)
    for key, value in {
        "questions": 2,
        "epochs_scored": 6,
        "epochs_planned": 6,
        "zero_error_questions": 0,
        "unparsed": 0,
    }.items():
        assert group[key] == value
    # Errors of 2/3 and 2 are as good as (8/3)²/(4/9 + 4) = 1.6 equal ones: too few to rest an interval on.
    assert group["incoherence_ci"] is None
    short, long = group["length_buckets"]
    assert (short["length"], short["questions"], short["incoherence"]) == (2, 1, pytest.approx(2 / 3))
    assert (long["length"], long["accuracy"], long["error"]) == (9, 0, pytest.approx(2))
    assert set(short) == {
        "length",
        "questions",
        "accuracy",
        "error",
        "bias_squared",
        "variance",
        "incoherence",
        "incoherence_ci",
        "censored",
    }
    assert "slope" in group["length_slope"]


def test_overthinking_of_equal_halves(tmp_path: Path) -> None:
    # Short epochs agree on the wrong answer, long ones are split between right and wrong.
    rows = [
        {"question_id": q, "epoch": e, "answer": a, "target": "A", "length": e}
        for q in "xyz"
        for e, a in enumerate("BBAB", start=1)
    ]
    (group,) = run_json(write(tmp_path / "m.csv", rows), "--loss", "brier", "--estimator", "plugin")["groups"]
    # Below: error 2, variance 0. Above: error 1, variance 1/2.
    assert group["overthinking"]["below"] == pytest.approx(0)
    assert group["overthinking"]["above"] == pytest.approx(0.5)
    assert len(group["overthinking"]["difference_ci"]) == 2
    assert 0 < group["overthinking"]["p_value"] <= 1


def test_epochs_of_shared_contexts_are_not_independent(tmp_path: Path) -> None:
    # Two contexts, two epochs each: context 1 always right, context 2 always wrong. Pairs from different
    # contexts: <d, d'> = 0, so bias² = 0, and all of the error (2/4 of 2) is variance between contexts.
    rows = [
        {"question_id": q, "context": c, "epoch": e, "answer": "A" if c == 1 else "B", "target": "A"}
        for q in "xy"
        for c in (1, 2)
        for e in (1, 2)
    ]
    (group,) = run_json(write(tmp_path / "m.csv", rows), "--loss", "brier")["groups"]
    assert (group["error"], group["bias_squared"], group["incoherence"]) == (
        1,
        pytest.approx(0),
        pytest.approx(1),
    )
    assert group["contexts"] == {"between_context": pytest.approx(1), "within_context": pytest.approx(0)}


def test_plugin_numbers_of_unequal_epochs_are_not_compared_silently(tmp_path: Path) -> None:
    rows = [
        {"question_id": q, "epoch": e, "answer": "AB"[e % 2], "target": "A", "model": m}
        for m, epochs in (("few", 2), ("many", 6))
        for q in "xy"
        for e in range(epochs)
    ]
    path = write(tmp_path / "m.csv", rows)
    plugin = run_json(path, "--loss", "brier", "--estimator", "plugin")["problems"]
    assert [p["level"] for p in plugin] == ["warning"]
    assert "plug-in" in plugin[0]["message"]
    assert run_json(path, "--loss", "brier")["problems"] == []


def test_undefined_is_null(tmp_path: Path) -> None:
    rows = [{"question_id": q, "epoch": e, "answer": "A", "target": "A"} for q in "xy" for e in (1, 2)]
    (group,) = run_json(write(tmp_path / "m.csv", rows), "--loss", "brier")["groups"]
    assert group["incoherence"] is None
    assert group["incoherence_ci"] is None
    assert group["zero_error_questions"] == 2
    assert group["length_buckets"] is None
    assert group["overthinking"] is None


def test_row_order_and_seed(tmp_path: Path) -> None:
    forward = run_json(write(tmp_path / "m.csv", ANSWERS), "--seed", 7)
    backward = run_json(write(tmp_path / "m.csv", ANSWERS[::-1]), "--seed", 7)
    assert forward == backward


def test_unparsed_answers_are_counted(tmp_path: Path) -> None:
    rows = [
        {"question_id": "q", "epoch": e, "answer": a, "target": "A"}
        for e, a in enumerate(["A", "", "B", "A"])
    ]
    path = write(tmp_path / "m.csv", rows)
    for policy, scored in (("uniform", 4), ("class", 4), ("drop", 4)):
        (group,) = run_json(path, "--loss", "brier", "--unparsed", policy)["groups"]
        assert (group["unparsed"], group["epochs_scored"]) == (1, scored)


def test_one_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", ANSWERS)
    (tmp_path / "bad.csv").write_text("question_id,epoch,answer,target\n1,x,A,A\n")
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [g["model"] for g in found["groups"]] == ["good", "good"]
    (problem,) = found["problems"]
    assert problem["level"] == "error"
    assert problem["input"].endswith("bad.csv")
    assert "row 1, column 'epoch'" in problem["message"]
    assert run(good).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--loss", "mse", "x"], "'mse' is not one of"),
        (
            ["--loss", "kl", "--estimator", "unbiased", "x"],
            "estimator for loss 'kl' must be one of 'plugin', 'jackknife'",
        ),
        (["--buckets", "0", "x"], "0 is not in the range"),
        ([], "Missing argument"),
    ],
)
def test_usage_errors(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_missing_input_is_a_problem(tmp_path: Path) -> None:
    result = run(tmp_path / "nothing.eval", "--json")
    assert result.exit_code == 1
    assert "no such file" in json.loads(result.stdout)["problems"][0]["message"]


def test_a_loss_that_does_not_apply_is_named(tmp_path: Path) -> None:
    rows = [{"question_id": "q", "epoch": e, "score": s} for e, s in enumerate((0, 1, 1))]
    path = write(tmp_path / "m.csv", rows)
    found = run_json(path, "--loss", "brier")
    assert found["groups"] == []
    assert (
        "loss 'brier' does not apply to predictions of kind 'score'; use squared"
        in found["problems"][0]["message"]
    )
    (group,) = run_json(path)["groups"]
    # Scores 0, 1, 1: error 1/3, mean 2/3, variance 2/9, times 3/2 unbiased: 1/3.
    assert (group["loss"], group["error"], group["variance"]) == (
        "squared",
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
    )


def test_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    rows = [{**row, "model": "\x1b[31mred\x07[bold]x[/bold]", "task": "a\u202eb"} for row in ANSWERS]
    result = run(write(tmp_path / "m.csv", rows), "--loss", "brier")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "[bold]x[/bold]" in result.stdout


def test_text_table_shows_the_numbers(tmp_path: Path) -> None:
    result = run(write(tmp_path / "m.csv", ANSWERS), "--loss", "brier", "--estimator", "plugin")
    for shown in ("1.3333", "0.2222", "0.1667", "0.3333"):
        assert shown in result.stdout


def test_reading_does_not_import_inspect(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", ANSWERS)
    code = "import sys; from hotmess_inspect.cli import main; main(['analyze', sys.argv[1], '--json'], standalone_mode=False)"
    program = f"import atexit, sys\natexit.register(lambda: print('LOADED', sorted(set(sys.modules) & {{'inspect_ai', 'pandas', 'torch', 'datasets'}}), file=sys.stderr))\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert "LOADED []" in done.stderr


@pytest.mark.parametrize("command", ["analyze", "diverge"])
@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("empty.csv", "", "the file is empty"),
        ("notes.txt", "hello\n", "neither a log"),
        (
            "nothing.csv",
            "question_id,epoch\nq1,1\n",
            "no column says what an epoch answered or how right it was",
        ),
        ("unnamed.csv", "epoch,correct\n1,1\n", "column 'question_id' is missing"),
    ],
)
def test_what_is_wrong_with_a_file_is_the_first_thing_said(
    tmp_path: Path, command: str, name: str, text: str, reason: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    done = CliRunner().invoke(main, [command, str(path)])
    first = done.output.splitlines()[0]
    assert done.exit_code == 1 and first.startswith("error: ") and reason in first
    assert "No group with a verdict" not in done.output


def test_columns_that_are_read_as_a_score_are_named_where_none_is_found(tmp_path: Path) -> None:
    from hotmess_inspect.io.roles import ALIASES

    path = tmp_path / "t.csv"
    path.write_text("question_id,epoch\nq1,1\n")
    said = run(path).output
    assert all(
        name in said for name in ("correct", "passed", "p_A, p_B", "column target", "--columns score=NAME")
    )
    assert {"correct", "passed"} <= set(ALIASES["score"])


def test_one_question_without_error_is_counted_as_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"q{q},{e},{int(q == 0 or e == q % 2)}" for q in range(4) for e in range(2)]
    path.write_text("\n".join(["question_id,epoch,score", *rows]) + "\n")
    said = run(path).output
    assert "1 question without error" in said and "1 questions" not in said
