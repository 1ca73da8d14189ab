"""Clusters of questions, from a table's column or a sample's metadata to every printed interval."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
from scipy import stats

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.tables import write_parquet

SIZES = [7, 5, 4, 3, 2, 2, 1]


def table(path: Path, cluster: str = "cluster", seed: int = 0) -> Path:
    """Passes and failures of questions whose pass rates differ between clusters."""
    rng = np.random.default_rng(seed)
    lines = [f"question_id,epoch,score,{cluster}"]
    for number, size in enumerate(SIZES):
        level = rng.normal()
        for question in range(size):
            rate = 1 / (1 + np.exp(-level - rng.normal()))
            lines += [f"c{number}-{question},{e},{int(rng.random() < rate)},c{number}" for e in (1, 2, 3)]
    path.write_text("\n".join(lines) + "\n")
    return path


def group(*arguments: str) -> dict:
    result = CliRunner().invoke(main, ["analyze", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["groups"]
    return found


def scores(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Passes per question of three epochs, and the number of each question's cluster."""
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    names = list(dict.fromkeys(row[0] for row in rows))
    passes = np.array([sum(int(r[2]) for r in rows if r[0] == name) for name in names])
    return passes, np.array([int(name[1]) for name in names])


def test_intervals_leave_out_one_cluster_at_a_time(tmp_path: Path) -> None:
    path = table(tmp_path / "runs.csv")
    passes, cluster = scores(path)
    rate = passes / 3
    variance, error = rate * (1 - rate) * 3 / 2, 1 - rate
    found = group(str(path))
    for name, top, bottom in (
        ("accuracy", rate, np.ones(len(rate))),
        ("error", error, np.ones(len(rate))),
        ("variance", variance, np.ones(len(rate))),
        ("incoherence", variance, error),
    ):
        theta = top.sum() / bottom.sum()
        assert found[name] == pytest.approx(theta, abs=1e-12)
        without = [top[cluster != g].sum() / bottom[cluster != g].sum() for g in range(7)]
        spread = np.sqrt(6 / 7 * np.square(np.array(without) - theta).sum())
        weights = [np.bincount(cluster, weights=w) for w in (np.ones(len(rate)), bottom)]
        effective = min(w.sum() ** 2 / np.square(w).sum() for w in weights)
        reach = stats.t.ppf(0.975, effective - 1) * spread
        assert found[f"{name}_ci"] == pytest.approx([max(theta - reach, 0), min(theta + reach, 1)], abs=1e-9)
    assert found["cluster"]["clusters"] == 7
    assert found["cluster"]["effective_clusters"] == pytest.approx(24**2 / (49 + 25 + 16 + 9 + 4 + 4 + 1))


def test_the_correction_for_few_clusters_leaves_out_clusters(tmp_path: Path) -> None:
    path = table(tmp_path / "runs.csv")
    passes, cluster = scores(path)
    rate = passes / 3
    variance, error = rate * (1 - rate) * 3 / 2, 1 - rate

    def without(*left: int) -> float:
        kept = ~np.isin(cluster, left)
        return variance[kept].sum() / error[kept].sum()

    ones = np.mean([without(g) for g in range(7)])
    pairs = np.mean([without(g, h) for g in range(7) for h in range(g)])
    # Schucany, Gray and Owen (1971) with seven units: (7² θ - 2·6² θ̄₁ + 5² θ̄₂)/2.
    expected = (49 * without() - 72 * ones + 25 * pairs) / 2
    assert group(str(path))["incoherence_corrected"] == pytest.approx(expected, abs=1e-12)
    assert group(str(path), "--cluster", "none")["incoherence_corrected"] != pytest.approx(expected, abs=1e-4)


def test_none_and_no_column_are_the_same(tmp_path: Path) -> None:
    path = table(tmp_path / "runs.csv")
    plain = table(tmp_path / "plain.csv", cluster="group")
    none, without = group(str(path), "--cluster", "none"), group(str(plain))
    assert none["cluster"] is without["cluster"] is None
    assert none["incoherence_ci"] == without["incoherence_ci"]
    assert group(str(plain), "--cluster", "group")["incoherence_ci"] == group(str(path))["incoherence_ci"]
    assert group(str(path))["incoherence_ci"] != none["incoherence_ci"]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["analyze", str(table(tmp_path / "runs.csv")), "--cluster", "region", "--json"]
    )
    assert result.exit_code == 1
    assert "column 'region' is missing" in json.loads(result.stdout)["problems"][0]["message"]


def test_one_cluster_says_nothing_about_others(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    lines = ["question_id,epoch,score,cluster"]
    lines += [f"q{q},{e},{(q + e) % 3 % 2},only" for q in range(8) for e in range(3)]
    path.write_text("\n".join(lines) + "\n")
    found = group(str(path))
    assert found["incoherence"] is not None
    assert found["incoherence_ci"] is None and found["accuracy_ci"] is None
    assert found["cluster"]["clusters"] == 1


def test_a_question_in_two_clusters_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("question_id,epoch,score,cluster\nq,1,1,a\nq,2,0,b\n")
    result = CliRunner().invoke(main, ["analyze", str(path), "--json"])
    assert "question 'q' has two values of cluster" in json.loads(result.stdout)["problems"][0]["message"]


def test_exports_keep_clusters(tmp_path: Path) -> None:
    path = table(tmp_path / "runs.csv")
    outcomes = read_inputs([str(path)]).outcomes
    write_parquet(outcomes, str(tmp_path / "runs.parquet"))
    kept, none = (read_inputs([str(tmp_path / "runs.parquet")], cluster=c).outcomes for c in (None, "none"))
    assert kept.cluster.values() == outcomes.cluster.values()
    assert none.cluster.missing.all()


@pytest.mark.parametrize(("subjects", "expected"), [(6, True), (3, False)])
def test_subjects_of_logs_unless_they_are_few(tmp_path: Path, subjects: int, expected: bool) -> None:
    samples = [
        Sample(
            id=i, input="?", target="A", metadata={"subject": f"s{i % subjects}", "long": "x" * 500, "n": i}
        )
        for i in range(12)
    ]
    outputs = [ModelOutput.from_content("mockllm/model", "A") for _ in range(24)]
    for output in outputs:
        output.usage = ModelUsage(output_tokens=1)
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = eval(Task(samples, scorer=match()), model=model, epochs=2, log_dir=str(tmp_path), display="none")
    named = [f"s{i % subjects}" for i in range(12) for _ in range(2)]
    found = read_inputs([log.location]).outcomes
    assert sorted(map(str, found.cluster.values())) == sorted(named if expected else ["None"] * 24)
    chosen = read_inputs([log.location], cluster="n").outcomes
    assert dict(zip(chosen.question.values(), chosen.cluster.values(), strict=True)) == {
        str(i): str(i) for i in range(12)
    }
    assert read_inputs([log.location], cluster="none").outcomes.cluster.missing.all()
    lacking = read_inputs([log.location], cluster="region")
    assert "12 questions have no 'region'" in lacking.problems[0].message


def test_the_table_says_what_the_interval_is_about(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["analyze", str(table(tmp_path / "runs.csv"))])
    text = " ".join(result.output.split())
    assert "rest on 7 clusters of questions (as good as 5.3 equal ones)" in text


def test_the_accuracy_in_shared_contexts_is_the_same_under_every_loss(tmp_path: Path) -> None:
    rng, effect = np.random.default_rng(1), np.random.default_rng(2).normal(size=4)
    lines = ["question_id,epoch,context,answer,target"]
    for q in range(25):
        z = rng.normal()
        for epoch in range(8):
            right = rng.random() < 1 / (1 + np.exp(-z - effect[epoch // 2]))
            lines.append(f"q{q},{epoch},shot{epoch // 2},{'A' if right else 'B'},A")
    path = tmp_path / "shots.csv"
    path.write_text("\n".join(lines) + "\n")
    result = CliRunner().invoke(main, ["analyze", str(path), "--json", "--loss", "brier", "--loss", "kl"])
    brier, kl = json.loads(result.stdout)["groups"]
    assert brier["contexts"] and brier["accuracy_ci"] == kl["accuracy_ci"]
    # The same number under another name has the same interval.
    assert brier["pass_hat_k"][0]["ci"] == pytest.approx(brier["accuracy_ci"], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "value", "options", "hinted"),
    [
        ("subject", "s{0}", (), True),
        ("Topic", "s{0}", (), True),
        ("subject", "s{0}", ("--cluster", "subject"), False),
        ("subject", "s{0}", ("--cluster", "none"), False),
        ("subject", "one", (), False),
        ("subject", "{1}", (), False),  # unique per question
        ("subject", "{2}", (), False),  # another one in each epoch
        ("colour", "s{0}", (), False),
    ],
)
def test_a_column_that_may_name_clusters_is_hinted_at(
    tmp_path: Path, name: str, value: str, options: tuple[str, ...], hinted: bool
) -> None:
    path, plain = tmp_path / "a.csv", tmp_path / "b.csv"
    rows = [(q, e, int((q * 7 + e * 3) % 5 < 2)) for q in range(24) for e in range(4)]
    path.write_text(
        f"question_id,epoch,score,{name}\n"
        + "".join(f"q{q},{e},{s},{value.format(q % 6, q, e)}\n" for q, e, s in rows)
    )
    plain.write_text("question_id,epoch,score\n" + "".join(f"q{q},{e},{s}\n" for q, e, s in rows))
    shown = CliRunner().invoke(main, ["analyze", str(path), *options], env={"COLUMNS": "600"}).output
    assert (f"column '{name}' is not used" in shown) == (f"--cluster {name} makes" in shown) == hinted
    if not options:
        assert group(str(path))["incoherence_ci"] == group(str(plain))["incoherence_ci"]
