"""`hotmess plan`: numbers worked out by hand and by simulation, and what a user may type wrongly."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy.stats import t as student

from hotmess_inspect.analyses.planning import pass_fail_moments
from hotmess_inspect.cli import main
from hotmess_inspect.results.plan import plan_assumed


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["plan", *words])


def write_scores(path: Path, models: dict[str, np.ndarray]) -> str:
    lines = ["model,question_id,epoch,score"]
    for model, values in models.items():
        for (q, e), value in np.ndenumerate(values):
            lines.append(f"{model},q{q},{e + 1},{int(value)}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def passes(rng: np.random.Generator, rates: np.ndarray, epochs: int) -> np.ndarray:
    return rng.random((len(rates), epochs)) < rates[:, None]


def test_accuracy_width_by_hand(tmp_path: Path) -> None:
    """For a mean of epochs the variance is Var(question means), with its within part divided by the epochs."""
    values = passes(np.random.default_rng(1), np.random.default_rng(2).beta(1, 1, 40), 4)
    found = run(write_scores(tmp_path / "a.csv", {"m": values}), "--quantity", "accuracy", "--json")
    assert found.exit_code == 0, found.output
    (plan,) = json.loads(found.output)["plans"]
    means = values.mean(axis=1)
    within = values.var(axis=1, ddof=1).mean()
    between = means.var(ddof=1) - within / 4
    for design in plan["same_questions"]:
        # The centre is estimated, and the moments scale by n / (n - 1) as a whole.
        expected = 2 * student.ppf(0.975, 39) * math.sqrt((between + within / design["epochs"]) / 40)
        assert design["width"] == pytest.approx(expected, rel=0.02)
    assert plan["pilot"]["width"] == pytest.approx(
        2 * student.ppf(0.975, 39) * means.std(ddof=1) / math.sqrt(40), rel=1e-9
    )


@pytest.mark.parametrize(("questions", "epochs"), [(120, 2), (480, 8), (30, 16)])
def test_assumed_widths_are_those_of_simulated_studies(questions: int, epochs: int) -> None:
    accuracy, incoherence = 0.6, 0.3
    plan = plan_assumed(accuracy, incoherence, "incoherence")
    second = accuracy - incoherence * (1 - accuracy)
    size = (accuracy - second) / (second - accuracy**2)
    rng = np.random.default_rng(7)
    found = []
    for _ in range(2000):
        rates = rng.beta(accuracy * size, (1 - accuracy) * size, questions)
        right = rng.binomial(epochs, rates)
        p = right / epochs
        found.append((p * (1 - p) * epochs / (epochs - 1)).sum() / (1 - p).sum())
    assert np.mean(found) == pytest.approx(incoherence, abs=0.02)
    standard_error = plan.moments.standard_error(questions, epochs)
    assert standard_error == pytest.approx(float(np.std(found)), rel=0.07)


def test_a_difference_of_paired_models_costs_less_than_of_strangers(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rates = rng.beta(0.7, 0.7, 3000)
    path = write_scores(tmp_path / "two.csv", {"a": passes(rng, rates, 5), "b": passes(rng, rates, 5)})
    found = run(path, "--difference", "--quantity", "accuracy", "--json")
    (plan,) = json.loads(found.output)["plans"]
    # Equal pass rates: only the sampling of both runs remains, 2 E[p (1 - p)] / R.
    within = 2 * (rates * (1 - rates)).mean()
    for design in plan["same_questions"]:
        expected = 2 * student.ppf(0.975, 2999) * math.sqrt(within / design["epochs"] / 3000)
        assert design["width"] == pytest.approx(expected, rel=0.1)


def test_every_pair_of_three_is_planned_as_it_is_alone(tmp_path: Path) -> None:
    """No input is dropped: with three models there are three plans, each the one of its two inputs."""
    rng = np.random.default_rng(5)
    files = {
        name: write_scores(tmp_path / f"{name}.csv", {name: passes(rng, rng.beta(a, 1, 40), 5)})
        for name, a in (("a", 1.0), ("b", 2.0), ("c", 4.0))
    }
    words = ("--difference", "--quantity", "error", "--json")
    found = json.loads(run(*files.values(), *words).stdout)
    # Incoherence is not planned, so nothing is said of what it depends on.
    assert not found["problems"]
    pairs = (("a", "b"), ("a", "c"), ("b", "c"))
    alone = [json.loads(run(*(files[name] for name in pair), *words).stdout)["plans"][0] for pair in pairs]
    assert found["plans"] == alone and [one["name"] for one in alone] == ["a less b", "a less c", "b less c"]
    text = " ".join(run(*files.values(), "--difference").output.split())
    assert "Accuracies reach from" in text and text.count("`--quantity error` (or variance") == 1
    assert "hotmess compare" not in text
    one = " ".join(run(files["a"]).output.split())
    assert "`--quantity error` (or variance, bias_squared, accuracy, pass^K) plans another" in one
    assert "plans another" not in run(files["a"], "--quantity", "error").output


def test_clusters_count_as_in_the_analysis(tmp_path: Path) -> None:
    """(Σn)²/Σn² of the clusters' sizes, as `hotmess analyze` says; where errors are more uneven, that is said beside it."""
    rng = np.random.default_rng(4)
    sizes = np.array([20, 10, 10, 5, 5])
    cluster = np.repeat(np.arange(5), sizes)
    rates = np.array([0.1, 0.9, 0.9, 0.9, 0.9])[cluster]
    rows = [f"m,q{q},{e},{int(v)},k{cluster[q]}" for (q, e), v in np.ndenumerate(passes(rng, rates, 4))]
    path = tmp_path / "pilot.csv"
    path.write_text("\n".join(["model,question_id,epoch,score,cluster", *rows]) + "\n")
    said = f"5 clusters of questions (as good as {50**2 / 650:.1f} equal ones"
    assert said == "5 clusters of questions (as good as 3.8 equal ones"
    for quantity, closed in (("error", True), ("incoherence", False)):
        text = " ".join(run(str(path), "--quantity", quantity).output.split())
        assert said + (")" if closed else ", by their errors as 1.") in text
    analyzed = CliRunner(env={"COLUMNS": "300"}).invoke(main, ["analyze", str(path)]).output
    assert said in " ".join(analyzed.split())


def test_the_least_number_of_questions_is_the_least(tmp_path: Path) -> None:
    plan = plan_assumed(0.5, 0.2, "incoherence")
    for design in plan.designs(0.08):
        assert design.questions is not None
        assert (
            plan.width(design.questions, design.epochs)
            <= 0.08
            < plan.width(design.questions - 1, design.epochs)
        )
    best = plan.best(0.08)
    assert best is not None and best.runs == min(d.runs for d in plan.designs(0.08) if d.runs)
    assert f"run {best.questions:,} questions with {best.epochs} epochs" in plan.advice(0.08)


def test_text_and_figure(tmp_path: Path) -> None:
    values = passes(np.random.default_rng(1), np.random.default_rng(2).beta(1, 1, 40), 5)
    figure = tmp_path / "plan.svg"
    done = run(write_scores(tmp_path / "a.csv", {"m": values}), "--width", "0.2", "--figure", str(figure))
    assert done.exit_code == 0, done.output
    assert "For an interval of width 0.2 run" in done.output and "questions for width 0.2" in done.output
    assert figure.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "give a pilot log or table"),
        (("--accuracy", "0.5"), 2, "both --accuracy and --incoherence"),
        (("--accuracy", "0.5", "--incoherence", "0.7"), 2, "cannot exceed the accuracy"),
        (("--accuracy", "1.5", "--incoherence", "0.7"), 2, "outside (0, 1)"),
        (("nothere.csv",), 1, "nothere.csv"),
    ],
)
def test_what_is_typed_wrongly(words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words)
    assert done.exit_code == code and said in done.output


def test_three_epochs_are_too_few_and_said_so(tmp_path: Path) -> None:
    values = passes(np.random.default_rng(1), np.full(9, 0.5), 3)
    done = run(write_scores(tmp_path / "a.csv", {"m": values}))
    assert done.exit_code == 1 and "no question of the pilot has 4 epochs" in " ".join(done.output.split())


def test_beta_moments_against_quadrature() -> None:
    from scipy.integrate import quad
    from scipy.stats import beta

    moments, share = pass_fail_moments(0.6, 0.3, "incoherence")
    second = 0.6 - 0.3 * 0.4
    size = (0.6 - second) / (second - 0.36)
    law = beta(0.6 * size, 0.4 * size)

    def mean(f):  # type: ignore[no-untyped-def]
        return quad(lambda p: f(p) * law.pdf(p), 0, 1)[0]

    # E[h | p] = (p (1 - p) - .3 (1 - p)) / .4; its mean square is the part that no epoch mends.
    assert moments.shared_none == pytest.approx(mean(lambda p: ((1 - p) * (p - 0.3) / 0.4) ** 2), rel=1e-6)
    assert share == pytest.approx(0.4**2 / mean(lambda p: (1 - p) ** 2), rel=1e-6)


@pytest.mark.parametrize(
    ("rates", "quantity", "said"),
    [
        (np.ones(20), "accuracy", "do not differ"),
        (np.zeros(20), "accuracy", "do not differ"),
        (np.ones(20), "incoherence", "none of its questions has any error"),
        (np.arange(20) % 2, "incoherence", "do not differ in incoherence"),
        (np.array([0.5]), "accuracy", "it has one question"),
        (np.where(np.arange(20) == 3, 0.0, 1.0), "accuracy", "fewer than two of its questions"),
        (np.where(np.arange(20) == 3, 0.0, 1.0), "error", "fewer than two of its questions"),
    ],
)
def test_a_pilot_in_which_nothing_varies_gives_no_width(
    tmp_path: Path, rates: np.ndarray, quantity: str, said: str
) -> None:
    path = write_scores(tmp_path / "pilot.csv", {"m": passes(np.random.default_rng(0), rates, 4)})
    (plan,) = json.loads(run(path, "--quantity", quantity, "--width", "0.1", "--json").stdout)["plans"]
    assert plan["pilot"]["width"] is None and said in plan["note"] and said in plan["advice"]
    assert all(one["width"] is None for one in (*plan["same_questions"], *plan["designs"]))
    done = run(path, "--quantity", quantity, "--width", "0.1")
    assert said in done.output.replace("\n", " ") and done.exit_code == 1
    assert "nan" not in done.output and "epochs in all" not in done.output


def test_the_pilots_own_interval_stands_beside_the_plan(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    right = passes(rng, rng.random(40), 4)
    plain = write_scores(tmp_path / "pilot.csv", {"m": right})
    lines = Path(plain).read_text().splitlines()
    clustered = tmp_path / "clustered.csv"
    names = list(
        dict.fromkeys(line.split(",")[lines[0].split(",").index("question_id")] for line in lines[1:])
    )
    place = lines[0].split(",").index("question_id")
    rows = [f"{line},k{names.index(line.split(',')[place]) // 5}" for line in lines[1:]]
    clustered.write_text("\n".join([lines[0] + ",cluster", *rows]) + "\n")
    for quantity in ("accuracy", "error", "incoherence"):
        for path, said in ((plain, False), (clustered, True)):
            (plan,) = json.loads(run(str(path), "--quantity", quantity, "--width", "0.1", "--json").stdout)[
                "plans"
            ]
            analyzed = CliRunner().invoke(main, ["analyze", str(path), "--json"]).stdout
            low, high = json.loads(analyzed)["groups"][0][f"{quantity}_ci"]
            assert plan["observed_width"] == pytest.approx(high - low)
            assert (f"{high - low:.3f} wide" in (plan["note"] or "")) == said


def test_pass_k_by_hand_and_by_simulation(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    values = passes(rng, rng.beta(1, 1, 300), 6)
    found = run(write_scores(tmp_path / "a.csv", {"m": values}), "--quantity", "pass^3", "--json")
    assert found.exit_code == 0, found.output
    (plan,) = json.loads(found.output)["plans"]
    own = np.array([math.comb(c, 3) for c in values.sum(axis=1)]) / math.comb(6, 3)
    # At the pilot's own epochs the predicted variance is the sample variance of C(c, 3)/C(6, 3), exactly.
    assert plan["value"] == pytest.approx(own.mean())
    width = 2 * student.ppf(0.975, 299) * own.std(ddof=1) / math.sqrt(300)
    assert plan["pilot"]["width"] == pytest.approx(width, rel=1e-9)
    assert [d["width"] is None for d in plan["same_questions"]][:2] == [True, False]
    # Uniform pass rates: E p³ = 1/4, E p⁶ = 1/7; another number of epochs by simulation.
    more = np.array([math.comb(c, 3) for c in rng.binomial(20, rng.random(200_000))]) / math.comb(20, 3)
    twenty = next(d for d in plan["same_questions"] if d["epochs"] == 20)
    assert twenty["width"] == pytest.approx(width / own.std(ddof=1) * more.std(), rel=0.06)
    assumed = json.loads(
        run("--accuracy", "0.5", "--incoherence", str(1 / 3), "--quantity", "pass^3", "--json").output
    )["plans"][0]
    assert assumed["value"] == pytest.approx(1 / 4)
    far = run(str(tmp_path / "a.csv"), "--quantity", "pass^13")
    assert far.exit_code == 1 and "rests on 26 epochs, more than 4 times the 6" in " ".join(
        far.output.split()
    )
    for words, said in ((("--quantity", "pass^0"), "pass^K"), (("--price", "3"), "write two numbers")):
        bad = run(str(tmp_path / "a.csv"), *words)
        assert bad.exit_code == 2 and said in bad.output


def test_money_and_hours_are_those_of_the_logs(tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    from hotmess_inspect.demo import demo_log

    path = tmp_path / "demo.eval"
    path.write_bytes(demo_log())
    header = read_eval_log(str(path))
    usage = header.stats.model_usage[header.eval.model]
    epochs = len(header.samples or [])
    found = json.loads(run(str(path), "--price", "2,10", "--json").output)
    pilot = found["plans"][0]["pilot"]
    runs = pilot["questions"] * pilot["epochs"]
    read = usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    assert pilot["input_tokens"] == pytest.approx(runs * read / epochs)
    assert pilot["cost"] == pytest.approx((2 * pilot["input_tokens"] + 10 * pilot["output_tokens"]) / 1e6)
    assert pilot["hours"] > 0
    text = run(str(path), "--price", "2,10").output
    assert "cost" in text and "hours" in text and "input tokens" in text


def test_widths_over_clusters_by_hand(tmp_path: Path) -> None:
    """400 clusters of five questions whose pass rate is .2 or .8: variance .09 between clusters, none in them."""
    rng = np.random.default_rng(8)
    rates = np.repeat(rng.permutation([0.2, 0.8] * 200), 5)
    right = passes(rng, rates, 6)
    path = tmp_path / "pilot.csv"
    rows = [f"m,q{q},{e + 1},{int(v)},k{q // 5}" for (q, e), v in np.ndenumerate(right)]
    path.write_text("\n".join(["model,question_id,epoch,score,cluster", *rows]) + "\n")
    done = run(str(path), "--quantity", "accuracy", "--width", "0.02", "--json")
    (plan,) = json.loads(done.stdout)["plans"]
    # What is printed of a pilot takes the further end of two intervals, two percent more than the one foreseen here.
    assert plan["pilot"]["width"] == pytest.approx(plan["observed_width"], rel=0.03)
    assert "400 clusters" in plan["note"] and "More clusters narrow it further" in plan["note"]
    for design in plan["same_questions"]:
        # A cluster's mean has the variance .09 + .16/(5 R).
        expected = 2 * student.ppf(0.975, 399) * math.sqrt((0.09 + 0.16 / 5 / design["epochs"]) / 400)
        assert design["width"] == pytest.approx(expected, rel=0.03)
    # Questions without end in 400 clusters leave .09/400: .02 is out of their reach.
    assert all(design["questions"] is None for design in plan["designs"])
    assert "in the pilot's 400 clusters gives" in plan["advice"]


def test_clusters_of_the_command_line(tmp_path: Path) -> None:
    """A named column is what the column `cluster` is; `none` plans for independent questions."""
    rng = np.random.default_rng(8)
    right = passes(rng, np.repeat(rng.permutation([0.2, 0.8] * 20), 5), 4)
    rows = [f"m,q{q},{e + 1},{int(v)},k{q // 5}" for (q, e), v in np.ndenumerate(right)]
    widths = {}
    for name, options in (
        ("cluster", ()),
        ("family", ("--cluster", "family")),
        ("cluster", ("--cluster", "none")),
        ("family", ()),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([f"model,question_id,epoch,score,{name}", *rows]) + "\n")
        (plan,) = json.loads(run(str(path), "--quantity", "accuracy", "--json", *options).stdout)["plans"]
        widths[name, *options] = [d["width"] for d in plan["same_questions"]]
        assert ("40 clusters" in (plan["note"] or "")) == (bool(options) == (name == "family"))
    over_clusters, named, switched_off, independent = widths.values()
    assert named == over_clusters
    assert switched_off == independent
    # Five of a cluster are one another's repetitions: .09 / 40 instead of (.09 + .16/R) / 200.
    assert over_clusters[0] > 1.2 * independent[0]


def test_fewer_questions_in_the_same_clusters(tmp_path: Path) -> None:
    """Unequal clusters: what is planned for a quarter of the questions is what a quarter of them has."""
    rng = np.random.default_rng(9)
    sizes = np.repeat([8, 24], 40)
    cluster = np.repeat(np.arange(80), sizes)
    rates = 1 / (1 + np.exp(-(rng.normal(0.5, 1, 80)[cluster] + rng.normal(0, 1, len(cluster)))))
    right = passes(rng, rates, 5)
    quarter = np.arange(len(cluster)) % 4 == 0

    def write(name: str, kept: np.ndarray) -> str:
        rows = [
            f"m,q{q},{e + 1},{int(right[q, e])},k{cluster[q]}" for q in np.flatnonzero(kept) for e in range(5)
        ]
        path = tmp_path / name
        path.write_text("\n".join(["model,question_id,epoch,score,cluster", *rows]) + "\n")
        return str(path)

    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.analyze import analyze
    from hotmess_inspect.results.plan import plan_group

    results = [
        analyze(read_inputs([write(name, kept)]).outcomes)[0][0]
        for name, kept in (("all.csv", cluster >= 0), ("quarter.csv", quarter))
    ]
    for quantity in ("accuracy", "error", "incoherence", "variance"):
        predicted = plan_group(results[0], quantity).width(int(quarter.sum()), 5)
        own = results[1].intervals
        low, high = own.accuracy if quantity == "accuracy" else own.of(quantity)  # type: ignore[arg-type]
        assert predicted == pytest.approx(high - low, rel=0.2)
