"""Tables whose lengths tie, whose longest questions have no variance, whose answers cannot be read: the right values."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import GroupResult, Options, analyze

HEAD = "question_id,epoch,answer,target,length\n"


def brier(path: Path) -> GroupResult:
    """The one Brier result of a table."""
    results, _ = analyze(read_inputs([str(path)]).outcomes, Options(losses=("brier",), resamples=200))
    (result,) = results
    return result


def plain_terms(path: Path) -> list[tuple[float, float, float]]:
    """Mean length, variance and error of each question, by loops over rows of two letters."""
    rows = defaultdict(list)
    for row in csv.DictReader(path.open()):
        rows[row["question_id"]].append((float(row["length"]), row["answer"] == row["target"]))
    terms = []
    for found in rows.values():
        n, right = len(found), sum(hit for _, hit in found)
        terms.append(
            (sum(x for x, _ in found) / n, 2 * right * (n - right) / (n * (n - 1)), 2 * (n - right) / n)
        )
    return terms


def plain_slope(buckets: list[list[tuple[float, float, float, float]]]) -> float:
    """Exponent by statsmodels from weight, length, variance and error of the questions of each bucket."""
    table = np.array(
        [[sum(w * v for w, *row in part for v in [row[i]]) for i in range(3)] for part in buckets]
    )
    weight = np.array([sum(w for w, *_ in part) for part in buckets])
    model = sm.GLM(
        table[:, 1],
        sm.add_constant(np.log(table[:, 0] / weight)),
        family=sm.families.Poisson(),
        offset=np.log(table[:, 2]),
    )
    return float(model.fit(tol=1e-14, maxiter=200).params[1])


def zero_table(path: Path) -> Path:
    """Fifty questions; the ten longest are wrong in every epoch."""
    rng = np.random.default_rng(1)
    lines = [
        f"q{q},{e},{'A' if q < 40 and rng.random() < 0.3 + q / 80 else 'B'},A,{10 * (q + 1)}"
        for q in range(50)
        for e in range(1, 7)
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def check_zero(path: Path) -> None:
    result = brier(path)
    assert result.lengths is not None
    found = result.lengths.slope_json()
    terms = sorted(plain_terms(path))
    parts = [[(1.0, *row) for row in part] for part in np.array_split(np.array(terms), 5)]
    assert found["slope"] == pytest.approx(plain_slope(parts), rel=1e-8)
    assert (found["buckets"], found["zero_buckets"]) == (5, 1)
    # A line through the four buckets that have a logarithm rises; with all five it falls.
    four = [
        (np.log(sum(r[1] for r in p)), np.log(sum(r[2] for r in p) / sum(r[3] for r in p))) for p in parts[:4]
    ]
    assert np.polyfit(*np.transpose(four), 1)[0] > 0 > found["slope"]


def test_a_bucket_without_variance_is_no_bucket_less(tmp_path: Path) -> None:
    check_zero(zero_table(tmp_path / "zero.csv"))


@pytest.mark.shared
def test_a_bucket_without_variance_in_the_shared_case(shared_data: Path) -> None:
    check_zero(shared_data / "cases" / "zero.csv")


def ties_table(path: Path) -> Path:
    """Sixty questions of two or three turns that have nothing to do with the answers."""
    rng = np.random.default_rng(7)
    rates, turns = rng.beta(0.8, 0.6, 60), rng.integers(2, 4, 60)
    lines = [
        f"q{q},{e},{'A' if rng.random() < rates[q] else 'B'},A,{turns[q]}"
        for q in range(60)
        for e in range(1, 6)
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def check_ties(path: Path) -> None:
    result = brier(path)
    assert result.lengths is not None
    found, buckets = result.lengths.slope_json(), result.lengths.buckets_json()
    low, high = found["slope_ci"]
    assert low < 0 < high
    # Questions of one length are alike to every bucket that they reach into: each holds them in equal parts.
    by_length: dict[float, list[tuple[float, float, float]]] = defaultdict(list)
    for row in plain_terms(path):
        by_length[row[0]].append(row)
    number, edges = 0, np.linspace(0, len(plain_terms(path)), 6)
    parts: list[list[tuple[float, float, float, float]]] = [[] for _ in range(5)]
    for length in sorted(by_length):
        start, number = number, number + len(by_length[length])
        for bucket in range(5):
            inside = min(number, edges[bucket + 1]) - max(start, edges[bucket])
            if inside > 0:
                parts[bucket] += [(inside / (number - start), *row) for row in by_length[length]]
    assert found["slope"] == pytest.approx(plain_slope(parts), rel=1e-8)
    for bucket, part in zip(buckets, parts, strict=True):
        assert bucket["incoherence"] == pytest.approx(
            sum(w * v for w, _, v, _ in part) / sum(w * e for w, _, _, e in part)
        )
    assert found["tied_questions"] > 0


def test_turns_make_no_slope(tmp_path: Path) -> None:
    check_ties(ties_table(tmp_path / "ties.csv"))


@pytest.mark.shared
def test_turns_make_no_slope_in_the_shared_case(shared_data: Path) -> None:
    check_ties(shared_data / "cases" / "ties.csv")


def unparsed_table(path: Path) -> Path:
    """Eight questions of five epochs, of which the first alone has an answer, the right one."""
    path.write_text(
        HEAD + "".join(f"q{q},{e},{'A' if e == 1 else ''},A,9\n" for q in range(8) for e in range(1, 6))
    )
    return path


def check_unparsed(path: Path) -> None:
    result = brier(path)
    found = result.as_json()
    assert found["accuracy"] == pytest.approx(0.2)
    shares = {name: found["failures"][name]["value"] for name in found["failures"]}
    assert (shares["always_right"], shares["sometimes_right"], shares["always_wrong"]) == (0, 1, 0)
    assert shares["unanimous_failures"] == 0
    # A fifth of the epochs right in every question: of two epochs both with chance (c choose 2)/(n choose 2).
    n = result.decomposition.epochs[0]
    c = n / 5
    assert found["pass_hat_k"][1]["value"] == pytest.approx(c * (c - 1) / (n * (n - 1)))


def test_a_model_that_refuses_is_not_always_right(tmp_path: Path) -> None:
    check_unparsed(unparsed_table(tmp_path / "unparsed.csv"))


@pytest.mark.shared
def test_a_model_that_refuses_in_the_shared_case(shared_data: Path) -> None:
    check_unparsed(shared_data / "cases" / "unparsed.csv")


def test_one_bucket_of_all_questions_is_the_headline_where_contexts_are_shared(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = []
    for q in range(20):
        rates = rng.beta(0.5, 0.5, 3)
        for e in range(9):
            answer = "A" if rng.random() < rates[e % 3] else "B"
            # One question has lost all contexts but one.
            lines.append(f"q{q},{e + 1},{answer},A,{0 if q == 0 else e % 3},{rng.integers(50, 90)}")
    path = tmp_path / "contexts.csv"
    path.write_text("question_id,epoch,answer,target,context,length\n" + "\n".join(lines) + "\n")
    options = Options(losses=("brier",), resamples=50, buckets=1)
    ((result,), _) = analyze(read_inputs([str(path)]).outcomes, options)
    assert type(result.decomposition).__name__ == "NestedDecomposition"
    assert result.lengths is not None
    (bucket,) = result.lengths.trend.buckets
    assert bucket.incoherence == pytest.approx(result.decomposition.incoherence, rel=1e-12)
    assert bucket.variance == pytest.approx(result.decomposition.mean("variance"), rel=1e-12)
