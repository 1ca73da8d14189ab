"""Numbers worked out by hand or by another implementation, to four decimals."""

import csv
from pathlib import Path

import numpy as np
import pytest

from hotmess_inspect import decompose

# Thirty one-hot epochs over four classes, gold first, smoothing 1e-12:
# counts, KL error / bias² / variance / incoherence, Brier error / bias² / variance, plug-in and unbiased incoherence.
NAN = float("nan")
ORACLES = [
    ((30, 0, 0, 0), (0, 0, 0, NAN), (0, 0, 0), NAN, NAN),
    ((27, 3, 0, 0), (2.7631, 0.0, 2.7631, 1.0), (0.2, 0.02, 0.18), 0.9, 0.9310),
    ((20, 10, 0, 0), (9.2103, 0.0001, 9.2102, 1.0), (0.6667, 0.2222, 0.4444), 0.6667, 0.6897),
    ((15, 15, 0, 0), (13.8155, 0.6931, 13.1224, 0.9498), (1, 0.5, 0.5), 0.5, 0.5172),
    ((10, 20, 0, 0), (18.4207, 9.2104, 9.2102, 0.5), (1.3333, 0.8889, 0.4444), 0.3333, 0.3448),
    ((3, 27, 0, 0), (24.8679, 22.1048, 2.7631, 0.1111), (1.8, 1.62, 0.18), 0.1, 0.1034),
    ((0, 15, 15, 0), (27.6310, 14.5087, 13.1224, 0.4749), (2, 1.5, 0.5), 0.25, 0.2586),
    ((8, 8, 7, 7), (20.2627, 1.0283, 19.2345, 0.9493), (1.4667, 0.7178, 0.7489), 0.5106, 0.5282),
    ((12, 6, 6, 6), (16.5786, 0.0119, 16.5667, 0.9993), (1.2, 0.48, 0.72), 0.6, 0.6207),
]


def one_hot(counts):
    return np.repeat(np.eye(4), counts, axis=0)[None]


@pytest.mark.parametrize(("counts", "kl", "brier", "plugin", "unbiased"), ORACLES, ids=lambda v: str(v))
def test_hand_computed_table(counts, kl, brier, plugin, unbiased):
    predictions, target = one_hot(counts), np.array([0])

    d = decompose(predictions, target, loss="kl", estimator="plugin")
    assert [d.error[0], d.bias_squared[0], d.variance[0]] == pytest.approx(kl[:3], abs=5.1e-5)
    assert d.incoherence == pytest.approx(kl[3], abs=5.1e-5, nan_ok=True)

    d = decompose(predictions, target, loss="brier", estimator="plugin")
    assert [d.error[0], d.bias_squared[0], d.variance[0]] == pytest.approx(brier, abs=5.1e-5)
    assert d.incoherence == pytest.approx(plugin, abs=5.1e-5, nan_ok=True)

    d = decompose(predictions, target)
    assert d.incoherence == pytest.approx(unbiased, abs=5.1e-5, nan_ok=True)
    assert d.error[0] == pytest.approx(brier[0], abs=5.1e-5)


# Share wrong; mode wrong; error - bias.
@pytest.mark.parametrize(
    ("counts", "error", "bias"),
    [
        ((27, 3, 0, 0), 0.1, 0),
        ((15, 15, 0, 0), 0.5, 0),
        ((10, 20, 0, 0), 2 / 3, 1),
        ((0, 15, 15, 0), 1.0, 1),
        ((8, 8, 7, 7), 22 / 30, 0),
    ],
)
def test_zero_one(counts, error, bias):
    d = decompose(one_hot(counts), np.array([0]), loss="zero_one", estimator="plugin")
    assert d.error[0] == pytest.approx(error)
    assert d.bias_squared[0] == bias
    assert d.variance[0] == pytest.approx(error - bias)
    assert np.isnan(d.incoherence)
    assert "zero-one" in d.incoherence_note


def load(path: Path, dataset: str | None = None):
    """One-hot predictions of a table of letters; an unparsed answer becomes the uniform distribution."""
    rows = [row for row in csv.DictReader(path.open()) if dataset in (None, row["dataset"])]
    ids = {key: i for i, key in enumerate(dict.fromkeys(row["question_id"] for row in rows))}
    epochs = max(int(row["epoch"]) for row in rows)
    predictions = np.full((len(ids), epochs, 4), np.nan)
    target = np.zeros(len(ids), dtype=int)
    for row in rows:
        question, epoch = ids[row["question_id"]], int(row["epoch"]) - 1
        letter = row["answer"].strip()
        predictions[question, epoch] = np.eye(4)["ABCD".index(letter)] if letter in tuple("ABCD") else 0.25
        target[question] = "ABCD".index(row["target"].strip())
    return predictions, target


@pytest.fixture
def answers(shared_data):
    return shared_data / "answers"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("dataset", "kl", "brier", "unbiased"),
    [
        (None, (9.8583, 4.5175, 5.3408, 0.5418), (0.7136, 0.4695, 0.2440, 0.3420), 0.4275),
        ("gpqa", (None, None, None, 0.6150), (None, None, None, 0.3843), 0.4804),
        ("mmlu", (None, None, None, 0.3536), (None, None, None, 0.2332), 0.2915),
    ],
)
def test_real_answers(answers, dataset, kl, brier, unbiased):
    predictions, target = load(answers / "deepseek-v3.csv", dataset)
    for loss, expected in (("kl", kl), ("brier", brier)):
        d = decompose(predictions, target, loss=loss, estimator="plugin")
        found = [d.mean("error"), d.mean("bias_squared"), d.mean("variance"), d.incoherence]
        for value, figure in zip(found, expected, strict=True):
            assert figure is None or value == pytest.approx(figure, abs=5.1e-5)
    assert decompose(predictions, target).incoherence == pytest.approx(unbiased, abs=5.1e-5)


@pytest.mark.shared
@pytest.mark.parametrize("model", ["deepseek-v3", "gpt-4o-mini", "haiku-4.5"])
def test_real_answers_against_the_textbook_formulas(answers, model):
    predictions, target = load(answers / f"{model}.csv")
    gold = np.eye(4)[target]
    mean = predictions.mean(axis=1)
    variance = np.square(predictions - mean[:, None]).sum(axis=2).mean(axis=1)
    error = np.square(predictions - gold[:, None]).sum(axis=2).mean(axis=1)
    brier = decompose(predictions, target, estimator="plugin")
    assert brier.variance == pytest.approx(variance, abs=1e-12)
    assert brier.error == pytest.approx(error, abs=1e-12)
    assert brier.incoherence == pytest.approx(variance.sum() / error.sum(), abs=1e-12)

    smooth = (predictions + 1e-12) / (1 + 4e-12)
    g = np.exp(np.log(smooth).mean(axis=1))
    g /= g.sum(axis=1, keepdims=True)
    spread = (g[:, None] * (np.log(g)[:, None] - np.log(smooth))).sum(axis=2).mean(axis=1)
    kl = decompose(predictions, target, loss="kl", estimator="plugin")
    assert kl.variance == pytest.approx(spread, abs=1e-9)
    assert kl.bias_squared == pytest.approx(-np.log(g[np.arange(len(g)), target]), abs=1e-9)
