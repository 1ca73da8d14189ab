import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from tests.oracles.answer_truth import truth, truth_from_probabilities, truth_from_statements

from hotmess_inspect.simulated.distribution import (
    Question,
    SimulatedArguments,
    context_distribution,
    question_distribution,
)

P = [0.5, 0.3, 0.2]


def test_brier_of_letters_by_hand():
    stated = truth_from_probabilities([P], [0])
    # error 2 (1 - .5); bias² (.5)² + .3² + .2²; variance 1 - (.25 + .09 + .04)
    assert stated.error == pytest.approx([1.0])
    assert stated.bias_squared == pytest.approx([0.38])
    assert stated.variance == pytest.approx([0.62])
    assert stated.incoherence == pytest.approx(0.62)
    assert stated.accuracy == pytest.approx([0.5])
    assert (stated.between[0], stated.within[0]) == pytest.approx((0.0, 0.62))


def test_brier_with_unparsed_answers_by_hand():
    # a fifth uniform: m = .8 p + .2/3 = (.46667, .30667, .22667), S = .8 + .2/3 = .86667
    mean = np.array([0.4 + 0.2 / 3, 0.24 + 0.2 / 3, 0.16 + 0.2 / 3])
    stated = truth_from_probabilities([P], [0], share_unparsed=0.2)
    assert stated.variance == pytest.approx([0.8 + 0.2 / 3 - mean @ mean])
    assert stated.bias_squared == pytest.approx([(1 - mean[0]) ** 2 + mean[1] ** 2 + mean[2] ** 2])
    own = truth_from_probabilities([P], [0], share_unparsed=0.2, unparsed="class")
    # classes .4, .24, .16 and .2 unparsed
    assert own.variance == pytest.approx([1 - (0.16 + 0.0576 + 0.0256 + 0.04)])
    assert own.error == pytest.approx([2 * (1 - 0.4)])
    dropped = truth_from_probabilities([P], [0], share_unparsed=0.2, unparsed="drop")
    assert dropped.error == pytest.approx([1.0])
    assert (stated.accuracy[0], own.accuracy[0], dropped.accuracy[0]) == pytest.approx((0.4, 0.4, 0.5))


def test_no_error_has_no_incoherence():
    assert math.isnan(truth_from_probabilities([[1.0, 0.0]], [0]).incoherence)


def test_two_contexts_by_hand():
    # two contexts, certain of different options: all variance lies between them
    stated = truth_from_probabilities([np.array([[1.0, 0.0], [0.0, 1.0]])], [0])
    assert (stated.between[0], stated.within[0], stated.bias_squared[0]) == pytest.approx((0.5, 0.0, 0.5))


def test_contexts_without_end_are_the_limit_of_many():
    arguments = SimulatedArguments(context_variance=0.3, unparsed=0.1)
    question = Question("Which?", ("a", "b", "c", "d"), 1)
    names = [f"context {number}" for number in range(6_000)]
    for shape in ("letter", "probability", "logprob"):
        limit = truth([question], arguments, format=shape)
        many = truth([question], arguments, format=shape, contexts=names)
        for name in ("error", "bias_squared", "between", "within"):
            assert getattr(many, name)[0] == pytest.approx(getattr(limit, name)[0], abs=0.015), (shape, name)


def naive_brier(predictions, target):
    """Straight from the definition, in plain Python."""
    epochs, classes = len(predictions), len(predictions[0])
    mean = [sum(f[c] for f in predictions) / epochs for c in range(classes)]
    error = sum(sum((f[c] - (c == target)) ** 2 for c in range(classes)) for f in predictions) / epochs
    bias = sum((mean[c] - (c == target)) ** 2 for c in range(classes))
    return error, bias, error - bias


def naive_kl(predictions, target, smoothing=1e-12):
    epochs, classes = len(predictions), len(predictions[0])
    smooth = [[(x + smoothing) / (1 + classes * smoothing) for x in f] for f in predictions]
    log_mean = [sum(math.log(f[c]) for f in smooth) / epochs for c in range(classes)]
    total = sum(math.exp(x) for x in log_mean)
    error = sum(-math.log(f[target]) for f in smooth) / epochs
    bias = -math.log(math.exp(log_mean[target]) / total)
    return error, bias, error - bias


def draw_letters(rng, probabilities, lost, count):
    classes = len(probabilities)
    letters = rng.choice(classes, count, p=probabilities)
    answered = rng.random(count) >= lost
    return [
        [float(c == letter) if given else 1 / classes for c in range(classes)]
        for letter, given in zip(letters, answered, strict=True)
    ]


@pytest.mark.parametrize("lost", [0.0, 0.25])
def test_truth_of_letters_agrees_with_many_draws(lost):
    predictions = draw_letters(np.random.default_rng(5), P, lost, 40_000)
    stated = truth_from_probabilities([P], [1], share_unparsed=lost)
    expected = naive_brier(predictions, 1)
    assert (stated.error[0], stated.bias_squared[0], stated.variance[0]) == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("lost", [0.0, 0.25])
def test_kl_at_a_number_of_epochs_agrees_with_many_repetitions(lost):
    rng = np.random.default_rng(6)
    runs = [naive_kl(draw_letters(rng, P, lost, 6), 1) for _ in range(3000)]
    stated = truth_from_probabilities([P], [1], loss="kl", share_unparsed=lost, epochs=6)
    for name, column in (("error", 0), ("bias_squared", 1), ("variance", 2)):
        drawn = [run[column] for run in runs]
        margin = 4 * np.std(drawn) / math.sqrt(len(drawn))
        assert abs(getattr(stated, name)[0] - np.mean(drawn)) < margin, name


def test_kl_at_one_epoch_is_all_bias_and_tends_to_the_limit():
    one = truth_from_probabilities([P], [1], loss="kl", epochs=1)
    assert one.variance == pytest.approx([0.0], abs=1e-9)
    limit = truth_from_probabilities([P], [1], loss="kl")
    many = truth_from_probabilities([P], [1], loss="kl", epochs=400)
    assert abs(many.variance[0] / limit.variance[0] - 1) < 0.05
    # closed form as the smoothing vanishes: variance -> (1 - p_max) log(1/δ), error -> (1 - p_y) log(1/δ)
    tiny = truth_from_probabilities([P], [1], loss="kl", smoothing=1e-300)
    assert tiny.incoherence == pytest.approx((1 - 0.5) / (1 - 0.3), abs=0.01)


@pytest.mark.parametrize(("share", "decimals"), [(0.05, 6), (0.5, 6), (0.9, 4)])
def test_truth_of_stated_probabilities_agrees_with_many_draws(share, decimals):
    rng = np.random.default_rng(7)
    drawn = rng.dirichlet(np.array(P) * (1 - share) / share, 60_000)
    predictions = np.round(drawn, decimals)
    stated = truth_from_probabilities([P], [1], format="probability", probability_variance=share)
    expected = naive_brier(predictions.tolist(), 1)
    assert (stated.error[0], stated.bias_squared[0], stated.variance[0]) == pytest.approx(expected, abs=0.015)
    assert math.isnan(stated.accuracy[0])
    logs = truth_from_probabilities(
        [P], [1], format="probability", probability_variance=share, loss="kl", decimals=decimals
    )
    losses = -np.log(predictions[:, 1] + 1e-12)
    assert abs(logs.error[0] - losses.mean()) < 4 * losses.std() / math.sqrt(len(losses))
    assert logs.variance[0] == pytest.approx(naive_kl(predictions.tolist(), 1)[2], rel=0.05)


def test_expected_log_of_a_beta_is_the_difference_of_digammas():
    from scipy.special import digamma

    # without rounding and smoothing E log f_c = digamma(k p_c) - digamma(k)
    stated = truth_from_probabilities(
        [P], [1], format="probability", probability_variance=0.05, loss="kl", smoothing=1e-300
    )
    assert stated.error[0] == pytest.approx(-(digamma(19 * 0.3) - digamma(19)), abs=1e-9)


def test_verdicts_by_hand():
    stated = truth_from_probabilities([P, [0.0, 1.0, 0.0]], [0, 1], loss="verdict")
    assert stated.error == pytest.approx([0.5, 0.0])
    assert stated.variance == pytest.approx([0.25, 0.0])
    assert stated.incoherence == pytest.approx(0.5)


@settings(max_examples=50, deadline=None)
@given(
    stnp.arrays(float, (3, 2, 4), elements=st.floats(0.01, 1)),
    st.sampled_from(["brier", "kl"]),
    st.sampled_from(["letter", "probability", "logprob"]),
    st.floats(0, 0.9),
)
def test_error_is_bias_plus_variance_and_variance_is_not_negative(weights, loss, shape, lost):
    probabilities = weights / weights.sum(axis=2, keepdims=True)
    stated = truth_from_probabilities(
        probabilities, [0, 1, 3], loss=loss, format=shape, share_unparsed=lost, probability_variance=0.2
    )
    assert stated.error == pytest.approx(stated.bias_squared + stated.variance, abs=1e-12)
    assert np.all(stated.variance >= -1e-9)
    if loss == "brier":
        assert stated.between + stated.within == pytest.approx(stated.variance, abs=1e-12)


def test_truth_reads_the_distributions_of_the_model():
    arguments = {"seed": 4, "accuracy": 0.5}
    asked = [Question(f"Number {n}", ("a", "b", "c"), n % 3) for n in range(7)]
    own = [question_distribution(question, SimulatedArguments(seed=4, accuracy=0.5)) for question in asked]
    # one-hot answers have the Brier error 2 (1 - p_y)
    assert truth(asked, arguments).error == pytest.approx([2 * (1 - p[n % 3]) for n, p in enumerate(own)])
    unknown = [Question(question.text, question.options) for question in asked]
    with pytest.raises(ValueError, match=r"question 0 .* has no target; give targets"):
        truth(unknown, arguments)
    blind = truth(unknown, {**arguments, "knowledge": "none"}, targets=[n % 3 for n in range(7)])
    assert blind.error == pytest.approx(truth(asked, {**arguments, "knowledge": "none"}).error)


def test_statements_of_epochs_count_as_contexts():
    question = Question("Which?", ("a", "b"), 0)
    arguments = SimulatedArguments(context_variance=0.4)
    names = ["one", "two", "three"]
    own = question_distribution(question, arguments)
    rows = [context_distribution(question, own, name, arguments) for name in names]
    statements = [{"question": "q", "probabilities": row.tolist(), "target": 0} for row in rows]
    stated = truth_from_statements(statements * 2)
    expected = truth([question], arguments, contexts=names)
    assert stated.between == pytest.approx(expected.between)
    assert stated.error == pytest.approx(expected.error)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"loss": "hinge"}, "loss is 'hinge'; permitted are: brier, kl, verdict"),
        ({"format": "essay"}, "format is 'essay'"),
        ({"epochs": 5}, "epochs is 5"),
        ({"loss": "kl", "epochs": 5000}, "permitted are 400000"),
        ({"loss": "kl", "unparsed": "class", "share_unparsed": 0.1}, "unparsed is 'class'"),
        ({"loss": "verdict", "format": "logprob"}, "format is 'logprob'"),
    ],
)
def test_cases_without_a_closed_form_are_refused(case, message):
    with pytest.raises(ValueError, match=message):
        truth_from_probabilities([P], [0], **case)


def test_what_is_no_distribution_is_refused():
    with pytest.raises(ValueError, match="probabilities of question 1 are not distributions"):
        truth_from_probabilities([P, [0.5, 0.6, 0.1]], [0, 0])
    with pytest.raises(ValueError, match="target is 3; permitted are 0 to 2"):
        truth_from_probabilities([P], [3])
