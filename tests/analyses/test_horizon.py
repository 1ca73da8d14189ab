"""Time horizons against other implementations, against planted curves, and where there is none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from click.testing import CliRunner

from hotmess_inspect.analyses.horizon import horizon
from hotmess_inspect.cli import main
from hotmess_inspect.inference.logistic import fit_logistic


def world(seed: int, questions: int = 60, epochs: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, questions)
    chance = 1 / (1 + np.exp(0.6 * (x - 5)))
    return (rng.random((questions, epochs)) < chance[:, None]).astype(float), 2.0**x


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_the_curve_is_that_of_statsmodels(seed: int, weighted: bool) -> None:
    right, minutes = world(seed)
    weights = np.random.default_rng(seed).uniform(0.1, 3, len(minutes)) if weighted else np.ones(len(minutes))
    right[0, 2:] = np.nan
    known = ~np.isnan(right)
    x = np.broadcast_to(np.log2(minutes)[:, None], right.shape)[known]
    w = np.broadcast_to(weights[:, None], right.shape)[known]
    model = sm.GLM(right[known], sm.add_constant(x), family=sm.families.Binomial(), freq_weights=w)
    a, b = model.fit(tol=1e-14).params
    found = horizon(right, minutes, weights=weights if weighted else None, resamples=10)
    assert [found.intercept, found.slope] == pytest.approx([a, b], abs=1e-6)
    p50, p80, _ = found.horizons
    assert p50.minutes == pytest.approx(2 ** (-a / b), rel=1e-6)
    assert p80.minutes == pytest.approx(2 ** ((np.log(4) - a) / b), rel=1e-6)


# LogisticRegression(C=inf, tol=1e-14, solver="newton-cholesky") of scikit-learn 1.9.1 on the same runs: p50 and p80.
SKLEARN = {
    (0, False): (22.99401716073251, 5.386398988935851),
    (0, True): (21.272844827421842, 5.033778449932769),
    (1, False): (36.2905105205963, 10.067894061180143),
    (1, True): (33.687805574892806, 8.62081300740658),
    (2, False): (29.536499330758616, 7.618007193166336),
    (2, True): (27.048160333813758, 6.695189906292255),
}


@pytest.mark.parametrize(("seed", "weighted"), SKLEARN)
def test_the_horizons_are_those_of_scikit_learn(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    minutes = np.round(2.0 ** rng.uniform(0, 9, 30), 3)
    chance = 1 / (1 + np.exp(0.8 * (np.log2(minutes) - np.log2(30))))
    right = (rng.random((30, 8)) < chance[:, None]).astype(float)
    weights = rng.uniform(0.2, 2, 30)
    found = horizon(right, minutes, weights=weights / 8 if weighted else None, resamples=10)
    assert [h.minutes for h in found.horizons[:2]] == pytest.approx(SKLEARN[seed, weighted], rel=1e-6)


# The same with C = 1/λ and weights that sum to one, of scikit-learn 1.6.1: METR's fit, converged.
RIDGE = {
    (0, False, 0.1): (21.945904610431885, 4.184212489878908),
    (0, True, 0.1): (19.779906068751625, 3.7655503402518438),
    (0, True, 1.0): (13.532875087678892, 0.6920999319720638),
    (1, False, 1.0): (49.71012144240842, 2.912662000150307),
    (1, True, 0.1): (34.26729853217227, 7.2065045477132985),
    (2, False, 0.1): (30.43441327588073, 6.247183336099572),
    (2, True, 1.0): (30.712987318475516, 1.684550064009529),
}


@pytest.mark.parametrize(("seed", "weighted", "regularisation"), RIDGE)
def test_regularised_horizons_are_those_of_scikit_learn(
    seed: int, weighted: bool, regularisation: float
) -> None:
    rng = np.random.default_rng(seed)
    minutes = np.round(2.0 ** rng.uniform(0, 9, 30), 3)
    chance = 1 / (1 + np.exp(0.8 * (np.log2(minutes) - np.log2(30))))
    right = (rng.random((30, 8)) < chance[:, None]).astype(float)
    weights = rng.uniform(0.2, 2, 30) if weighted else None
    found = horizon(right, minutes, weights=weights, regularisation=regularisation, resamples=10)
    expected = RIDGE[seed, weighted, regularisation]
    assert [h.minutes for h in found.horizons[:2]] == pytest.approx(expected, rel=1e-6)
    assert found.success == pytest.approx(np.average(right.mean(axis=1), weights=weights), rel=1e-12)
    # The penalty is relative to the whole weight, whatever its unit.
    scaled = horizon(
        right,
        minutes,
        weights=7 * (np.ones(30) if weights is None else weights),
        regularisation=regularisation,
        resamples=10,
    )
    assert [h.minutes for h in scaled.horizons] == pytest.approx(
        [h.minutes for h in found.horizons], rel=1e-9
    )


def test_a_penalty_gives_separable_runs_a_curve_and_like_runs_none() -> None:
    """Against a general optimiser: successes at 1 and 2 minutes, failures at 4, λ = 0.1."""
    from scipy.optimize import minimize

    right, x = np.array([[1, 1], [1, 1], [0, 0]]), np.array([0.0, 1.0, 2.0])

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + beta[1] * x
        rate = right.mean(axis=1)
        return float((np.logaddexp(0, eta) - rate * eta).mean() + 0.05 * beta[1] ** 2)

    a, b = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14}).x
    found = horizon(right, 2.0**x, regularisation=0.1, resamples=10)
    assert (found.intercept, found.slope) == pytest.approx((a, b), rel=1e-6)
    nothing([[1, 1], [1, 1]], [1, 2], "all runs are alike", regularisation=0.1)
    nothing([[1, 0], [1, 1]], [8, 8], "equally long", regularisation=0.1)


def test_pass_k_of_one_epoch_is_the_plain_curve() -> None:
    right, minutes = world(3)
    found = horizon(right, minutes, k=1, resamples=10)
    assert found.horizons[2].minutes == pytest.approx(found.horizons[0].minutes, rel=1e-9)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_curve_of_a_power_maximises_its_likelihood(k: int) -> None:
    """Against a general optimiser on unbiased pass^k, spelled out from pairs of epochs."""
    from itertools import combinations

    from scipy.optimize import minimize

    right, minutes = world(7)
    x = np.log2(minutes)
    rate = np.mean([right[:, list(c)].prod(axis=1) for c in combinations(range(6), k)], axis=0)

    def loss(beta: np.ndarray) -> float:
        mu = (1 / (1 + np.exp(-beta[0] - beta[1] * x))) ** k
        return -float((rate * np.log(mu) + (1 - rate) * np.log1p(-mu)).sum())

    a, b = minimize(
        loss, [3.0, -0.5], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 9999}
    ).x
    each = 0.5 ** (1 / k)
    expected = 2 ** ((np.log(each / (1 - each)) - a) / b)
    found = horizon(right, minutes, k=k, resamples=10).horizons[2]
    assert found.name == f"pass^{k}" and found.minutes == pytest.approx(expected, rel=1e-5)


def test_planted_horizons_are_recovered() -> None:
    right, minutes = world(0, questions=20_000, epochs=4)
    p50, p80, strict = horizon(right, minutes, resamples=20).horizons
    half = 0.5**0.5
    for found, doublings in (
        (p50, 5.0),
        (p80, 5 - np.log(4) / 0.6),
        (strict, 5 - np.log(half / (1 - half)) / 0.6),
    ):
        assert np.log2(found.minutes) == pytest.approx(doublings, abs=0.06)


def test_intervals_cover_the_planted_horizon_as_often_as_they_say() -> None:
    """120 worlds: an interval of 95 % coverage misses more than 15 of them once in 2,000 tries."""
    hits = 0
    for seed in range(120):
        right, minutes = world(seed, questions=50, epochs=4)
        low, high = horizon(right, minutes, resamples=200).horizons[0].interval
        hits += low <= 32 <= high
    assert 105 <= hits < 120


def nothing(right: Any, minutes: Any, reason: str, **options: Any) -> None:
    found = horizon(right, minutes, resamples=20, **options)
    assert reason in found.note
    for one in found.horizons:
        assert np.isnan(one.minutes) and np.isnan(one.interval).all() and one.note, one


def test_what_has_no_horizon_says_why() -> None:
    nothing([[1, 1], [1, 1], [0, 0]], [1, 2, 4], "parts successes from failures")
    nothing([[1, 1], [1, 0], [0, 0]], [1, 2, 4], "parts successes from failures")
    nothing([[1, 1], [1, 1], [1, 1]], [1, 2, 4], "parts successes from failures")
    nothing([[0, 0], [0, 0], [0, 0]], [1, 2, 4], "parts successes from failures")
    nothing([[1, 0], [1, 1], [0, 0]], [8, 8, 8], "equally long")
    nothing([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]], [1, 2, 4], "does not fall")
    nothing([[1, 0], [0, 0]], [np.nan, 0], "no question has")


def test_few_runs_have_a_horizon_but_none_of_pass_k() -> None:
    right, minutes = world(1, questions=80, epochs=1)
    found = horizon(right, minutes, k=2, resamples=50)
    assert np.isfinite(found.horizons[0].interval).all() and found.too_few_runs == 80
    assert np.isnan(found.horizons[2].minutes) and found.horizons[2].note


def test_one_family_has_no_interval() -> None:
    right, minutes = world(1)
    found = horizon(right, minutes, clusters=["f"] * 60, resamples=20)
    assert found.families == 1 and found.horizons[0].minutes > 0
    assert np.isnan(found.horizons[0].interval).all() and "one family" in found.horizons[0].note


def test_three_stages_are_wider_and_the_order_changes_no_bit() -> None:
    right, minutes = world(2)
    families = np.arange(60) // 4
    found = horizon(right, minutes, clusters=families)
    low, high = found.horizons[0].interval
    wide_low, wide_high = found.horizons[0].three_stages
    assert np.log(wide_high / wide_low) > np.log(high / low)
    order = np.random.default_rng(0).permutation(60)
    again = horizon(right[order][:, ::-1], minutes[order], clusters=families[order] + 7)
    assert again == found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"right": [[2, 0]]}, "right of question 0"),
        ({"minutes": [-1.0]}, "minutes of question 0 is -1"),
        ({"minutes": [1.0, 2.0]}, "minutes has shape"),
        ({"weights": [-1.0]}, "weights of question 0"),
        ({"weights": [np.nan]}, "weights of question 0 is NaN"),
        ({"k": 0}, "k=0"),
        ({"regularisation": -0.1}, "regularisation=-0.1"),
        ({"regularisation": np.nan}, "regularisation=nan"),
    ],
)
def test_malformed_arguments_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        horizon(**{"right": [[1, 0]], "minutes": [1.0], **options})


def test_many_curves_are_those_of_one_at_a_time() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 20, 12)
    trials = rng.integers(0, 9, (40, 12))
    won = rng.binomial(trials, 0.4)
    together = fit_logistic(x, won, trials)
    for row in range(40):
        alone = fit_logistic(x, won[row], trials[row])
        np.testing.assert_allclose(together.slope[row], alone.slope[0], rtol=1e-9)
    assert np.isfinite(together.slope).sum() > 30


def metr_runs(path: Path) -> Path:
    """Runs of two models in the form of METR's file, with tasks of two families."""
    lines = []
    for model, seed in (("one", 0), ("two", 1)):
        right, minutes = world(seed, questions=40, epochs=5)
        for task, (row, time) in enumerate(zip(right, minutes, strict=True)):
            for run, score in enumerate(row.tolist()):
                lines.append(
                    {
                        "task_id": f"f{task % 10}/t{task}",
                        "task_family": f"f{task % 10}",
                        "alias": model,
                        "run_id": f"{task}-{run}",
                        "score_binarized": int(score),
                        "human_minutes": time,
                        "invsqrt_task_weight": 0.01 * (1 + task % 3),
                    }
                )
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def test_metrs_runs_from_file_to_numbers(tmp_path: Path) -> None:
    path = metr_runs(tmp_path / "runs.jsonl")
    for arguments, weights in (
        ([], np.ones(40)),
        (["--weights", "invsqrt_task_weight"], 1 + np.arange(40) % 3),
    ):
        done = CliRunner().invoke(main, ["horizon", str(path), "--json", "--resamples", "100", *arguments])
        assert done.exit_code == 0, done.output
        found = {group["model"]: group for group in json.loads(done.stdout)["groups"]}
        for model, seed in (("one", 0), ("two", 1)):
            right, minutes = world(seed, questions=40, epochs=5)
            x, w = (np.repeat(v, 5) for v in (np.log2(minutes), weights.astype(float)))
            glm = sm.GLM(right.ravel(), sm.add_constant(x), family=sm.families.Binomial(), freq_weights=w)
            a, b = glm.fit(tol=1e-14).params
            p50 = found[model]["horizons"][0]
            assert p50["minutes"] == pytest.approx(2 ** (-a / b), rel=1e-6)
            assert p50["interval"][0] < p50["minutes"] < p50["interval"][1]
            assert (found[model]["families"], found[model]["tasks"], found[model]["runs"]) == (10, 40, 200)
            buckets = found[model]["buckets"]
            assert sum(bucket["questions"] for bucket in buckets) == 40
            rate = right.mean(axis=1)
            variance = rate * (1 - rate) * 5 / 4
            shortest = np.argsort(minutes)[:8]
            # One label or score: squared error of 0/1 outcomes about 1.
            assert buckets[0]["variance"] == pytest.approx(variance[shortest].mean(), rel=1e-9)
            assert buckets[0]["error"] == pytest.approx((1 - rate)[shortest].mean(), rel=1e-9)
    text = CliRunner(env={"COLUMNS": "200"}).invoke(main, ["horizon", str(path), "--resamples", "50"]).stdout
    assert "40 tasks of 10 families, 200 runs" in text and "pass^2 = 50%" in text


@pytest.mark.parametrize("ids", [None, "one id for all", ""])
def test_each_line_of_metrs_runs_is_a_run_whatever_its_id(tmp_path: Path, ids: str | None) -> None:
    path = metr_runs(tmp_path / "runs.jsonl")
    lines = [json.loads(line) | {"run_id": ids} for line in path.read_text().splitlines()]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    (tmp_path / "copy.jsonl").write_text(path.read_text())  # a copy adds nothing
    done = CliRunner().invoke(main, ["horizon", str(tmp_path), "--json", "--resamples", "10"])
    assert done.exit_code == 0, done.output
    assert [group["runs"] for group in json.loads(done.stdout)["groups"]] == [200, 200]


def test_metrs_published_fit_is_an_option(tmp_path: Path) -> None:
    """λ = 0.1 and its weights; the minimum of the penalised loss, spelled out run by run."""
    from scipy.optimize import minimize

    path = metr_runs(tmp_path / "runs.jsonl")
    arguments = ["--weights", "invsqrt_task_weight", "--regularisation", "0.1", "--resamples", "10"]
    done = CliRunner().invoke(main, ["horizon", str(path), "--json", *arguments])
    (group, _) = json.loads(done.stdout)["groups"]
    runs = [one for one in map(json.loads, path.read_text().splitlines()) if one["alias"] == "one"]
    y, t, w = (
        np.array([one[name] for one in runs])
        for name in ("score_binarized", "human_minutes", "invsqrt_task_weight")
    )

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + beta[1] * np.log2(t)
        return float(np.average(np.logaddexp(0, eta) - y * eta, weights=w) + 0.05 * beta[1] ** 2)

    a, b = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}).x
    assert group["horizons"][0]["minutes"] == pytest.approx(2 ** (-a / b), rel=1e-5)
    assert (group["slope_per_doubling"], group["regularisation"]) == (pytest.approx(b, rel=1e-5), 0.1)
    assert group["success"] == pytest.approx(np.average(y, weights=w), rel=1e-12)


def test_other_weights_than_are_read_are_refused(tmp_path: Path) -> None:
    path = metr_runs(tmp_path / "runs.jsonl")
    done = CliRunner().invoke(main, ["horizon", str(path), "--weights", "equal_task_weight"])
    assert done.exit_code == 1 and "invsqrt_task_weight alone is read" in done.stderr


def test_without_a_human_time_the_remedy_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("question_id,epoch,score\na,1,1\na,2,0\n")
    done = CliRunner().invoke(main, ["horizon", str(path)])
    assert done.exit_code == 1 and "a column human_minutes" in done.stderr
    path.write_text("question_id,epoch,score,human_minutes\na,1,.5,3\na,2,0,3\n")
    done = CliRunner().invoke(main, ["horizon", str(path)])
    assert done.exit_code == 1 and "1 epoch is partly right (such as 0.5)" in done.stderr


def test_three_stages_without_an_interval_say_why() -> None:
    """Two lengths, two runs a task: single runs drawn again part them more often than whole tasks do."""
    right = [[1, 1], [0, 1]] * 4 + [[0, 1], [0, 0]] * 4
    p50 = horizon(right, [7.5] * 8 + [120.0] * 8).horizons[0]
    assert p50.minutes == pytest.approx(30.0, rel=1e-9) and np.isfinite(p50.interval).all()
    assert np.isnan(p50.three_stages).all() and "no interval in three stages" in p50.note
