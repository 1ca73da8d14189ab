"""The metric on every kind of score that may reach it, with numbers worked out by hand."""

import math
import random
from typing import Any

import pytest
from inspect_ai.scorer import SampleScore, Score

from hotmess_inspect.plugin.epochs import epochs_of
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.schema import epoch_metadata

TERMS = ("incoherence", "error", "bias_squared", "variance")


def sample(question: object, value: Any, metadata: dict[str, Any] | None = None) -> SampleScore:
    found = SampleScore(sample_id=str(question), score=Score(value=0.0, metadata=metadata))
    # Inspect itself sets what its types forbid: None from old logs, ids of both types.
    found.sample_id = question  # type: ignore[assignment]
    found.score.value = value
    return found


def verdicts(*questions: Any) -> list[SampleScore]:
    return [sample(number, value) for number, values in enumerate(questions) for value in values]


def answers(*questions: str, target: str = "A", classes: int | None = 4) -> list[SampleScore]:
    """One epoch per letter; "-" is an answer that could not be read."""
    return [
        sample(
            number,
            "C" if letter == target else "I",
            epoch_metadata(
                kind="answer", epoch=epoch, answer=letter.strip("-"), target=target, classes=classes
            ),
        )
        for number, letters in enumerate(questions)
        for epoch, letter in enumerate(letters, start=1)
    ]


def coverages(*questions: list[str], f2p: int = 2) -> list[SampleScore]:
    """One epoch per string of outcomes such as "10111"; the first `f2p` are FAIL_TO_PASS."""
    return [
        sample(
            number,
            0.0,
            epoch_metadata(
                kind="tests",
                epoch=epoch,
                f2p=[bit == "1" for bit in bits[:f2p]],
                p2p=[bit == "1" for bit in bits[f2p:]],
            ),
        )
        for number, epochs in enumerate(questions)
        for epoch, bits in enumerate(epochs, start=1)
    ]


def probabilities(*questions: list[Any], target: str = "A", classes: int | None = None) -> list[SampleScore]:
    return [
        sample(
            number,
            0.0,
            {"hm_kind": "probabilities", "hm_epoch": epoch, "hm_probabilities": row, "hm_target": target}
            | ({"hm_classes": classes} if classes else {}),
        )
        for number, rows in enumerate(questions)
        for epoch, row in enumerate(rows, start=1)
    ]


def compute(scores: list[SampleScore], **parameters: Any) -> dict[str, float]:
    found = incoherence(**parameters)(scores)  # type: ignore[arg-type]
    assert isinstance(found, dict)
    return found  # type: ignore[return-value]


def check(found: dict[str, float], **expected: float) -> None:
    for name, number in expected.items():
        # Counts of what is irregular are shown only where there is any.
        shown = found.get(name, 0.0) if name.startswith(("epochs_", "questions_")) else found[name]
        assert shown == pytest.approx(number, abs=1e-12, nan_ok=True), name


# Nothing, one, and too few


def test_no_score_at_all() -> None:
    found = compute([])
    check(found, **dict.fromkeys((*TERMS, "accuracy", "epochs_planned", "incoherence_stderr"), math.nan))
    check(found, questions=0, epochs_scored=0, epochs_unscored=0)


def test_one_score() -> None:
    check(
        compute(verdicts(["I"])),
        incoherence=math.nan,
        bias_squared=math.nan,
        variance=math.nan,
        error=1,
        accuracy=0,
        questions=1,
        questions_single_epoch=1,
        epochs_scored=1,
    )


def test_one_epoch_everywhere_has_error_but_no_variance() -> None:
    check(
        compute(verdicts(["C"], ["I"], ["I"])),
        incoherence=math.nan,
        variance=math.nan,
        error=2 / 3,
        accuracy=1 / 3,
        questions_single_epoch=3,
    )


def test_unequal_epochs_leave_single_ones_out_of_the_terms_and_say_so() -> None:
    # CI: error ½, variance ¼·2/(2-1) = ½, bias² 0.  III: 1, 0, 1.  C alone: counted, and in no mean.
    check(
        compute(verdicts(["C", "I"], ["I", "I", "I"], ["C"])),
        error=0.75,
        variance=0.25,
        bias_squared=0.5,
        incoherence=1 / 3,
        accuracy=(0.5 + 0) / 2,
        questions=3,
        questions_single_epoch=1,
        epochs_scored=6,
    )


def test_a_question_whose_epochs_all_failed_is_not_a_question_with_score_zero() -> None:
    scores = verdicts(["C", "I"], [math.nan, math.nan])
    check(
        compute(scores),
        error=0.5,
        incoherence=1,
        accuracy=0.5,
        questions=1,
        epochs_scored=2,
        epochs_unscored=2,
    )


def test_all_nan() -> None:
    found = compute(verdicts([math.nan] * 3, [math.nan]))
    check(found, **dict.fromkeys((*TERMS, "accuracy"), math.nan))
    check(found, questions=0, epochs_scored=0, epochs_unscored=4)


# Values of every sort


@pytest.mark.parametrize(
    "odd", [None, math.inf, -math.inf, math.nan, "banana", "", [], {}, [1, 2], {"a": 1, "b": 0}, 1e200]
)
def test_what_is_no_number_is_counted_and_not_guessed(odd: object) -> None:
    found = compute(verdicts(["C", odd, "I"], ["I", "I"]))
    # CI: ½, ½, 0.  II: 1, 0, 1.
    check(found, error=0.75, variance=0.25, incoherence=1 / 3, epochs_scored=4, epochs_unscored=1)


def test_letters_of_inspect() -> None:
    # C P N: 1, ½, 0; error (0 + ¼ + 1)/3 = 5/12, mean ½, bias² plug-in ¼, variance plug-in 1/6.
    check(
        compute(verdicts(["C", "P", "N"]), estimator="plugin"),
        error=5 / 12,
        bias_squared=0.25,
        variance=1 / 6,
        incoherence=0.4,
    )
    # Unbiased: variance 1/6 · 3/2 = ¼, bias² 5/12 - ¼ = 1/6, incoherence 3/5.
    check(
        compute(verdicts(["C", "P", "N"])), variance=0.25, bias_squared=1 / 6, incoherence=0.6, accuracy=0.5
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("yes", "no"),
        ("1", "0"),
        (1, 0),
        (1.0, 0.0),
        (True, False),
        ("true", "FALSE"),
        ([1], [0]),
        ({"x": 1}, {"x": 0}),
    ],
)
def test_spellings_of_right_and_wrong(right: object, wrong: object) -> None:
    found = compute(verdicts([right, wrong], [wrong, wrong]))
    check(found, error=0.75, incoherence=1 / 3, accuracy=0.25, kind_score=1)


def test_numbers_written_as_text() -> None:
    # ½ twice: error ¼ without variance.
    check(compute(verdicts(["0.5", "0.5"])), error=0.25, variance=0, bias_squared=0.25, incoherence=0)


def test_values_outside_the_unit_interval_are_left_out_unless_the_scale_is_told() -> None:
    # Of a scale with a 3 nobody knows what 0 and 1 mean.
    for values in ([3, -1], [3, "C", "I", "C"]):
        unread = {"epochs_unscored": len(values), "epochs_scored": 0, "error": math.nan, "accuracy": math.nan}
        check(compute(verdicts(values)), **unread)
    # A grade of 10 is perfect: (10, 8) are 1 and .8 → errors 0 and .04, mean .9, variance .01·2 = .02, error .02.
    check(
        compute(verdicts([10, 8]), perfect=10),
        error=0.02,
        variance=0.02,
        bias_squared=0,
        incoherence=1,
        accuracy=0.9,
    )
    # As outcomes of two classes they mean nothing.
    check(compute(verdicts([3, 0, 1], [0, 0]), loss="kl"), epochs_unscored=5, epochs_scored=0)


def test_dictionaries_by_key() -> None:
    scores = verdicts([{"a": "C", "b": 0.0}, {"a": "I", "b": 0.0}], [{"a": "I"}, {"a": "I", "b": 1.0}])
    check(compute(scores, key="a"), error=0.75, incoherence=1 / 3, epochs_unscored=0)
    # b: 0 0 | missing, 1: the second question has one epoch left, and is in no mean.
    check(
        compute(scores, key="b"),
        error=1,
        incoherence=0,
        epochs_unscored=1,
        questions_single_epoch=1,
        accuracy=0,
    )


@pytest.mark.parametrize("leaf", [None, math.nan, math.inf, "?"])
def test_an_unscored_leaf_is_counted(leaf: object) -> None:
    scores = verdicts([{"a": "C"}, {"a": leaf}, {"a": "I"}])
    check(compute(scores, key="a"), error=0.5, incoherence=1, epochs_scored=2, epochs_unscored=1)


def test_lists_by_index() -> None:
    check(compute(verdicts([[1, 0], [0, 0]]), key=0), error=0.5, incoherence=1)


# Limits of the ratio


def test_no_error_at_all_is_undefined_and_not_zero() -> None:
    found = compute(verdicts(["C", "C"], ["C", "C", "C"]))
    check(
        found,
        incoherence=math.nan,
        incoherence_stderr=math.nan,
        error=0,
        variance=0,
        bias_squared=0,
        accuracy=1,
    )
    check(found, questions_no_error=2)


def test_no_error_of_answers_has_no_incoherence_in_either_loss() -> None:
    check(
        compute(answers("AA", "AAA")), incoherence=math.nan, incoherence_kl=math.nan, error=0, variance_kl=0
    )


def test_error_one_everywhere_is_all_bias() -> None:
    check(
        compute(verdicts(["I", "I"], ["I"] * 5)),
        incoherence=0,
        error=1,
        bias_squared=1,
        variance=0,
        accuracy=0,
    )


def test_standard_error_of_the_ratio() -> None:
    # Variance and error per question: (½, ½), (0, 1), (½, ½): I = 1/2; residuals ¼, -½, ¼.
    # √(3/2 · (1/16 + 1/4 + 1/16)) / 2 = √(9/16)/2 = 3/8.
    check(compute(verdicts(["C", "I"], ["I", "I"], ["I", "C"])), incoherence=0.5, incoherence_stderr=0.375)


# Identities


def test_of_the_same_question_and_epoch_twice_the_last_counts() -> None:
    scores = answers("BB") + answers("AB")
    # A B, as the log's reader has it: error 2·½ = 1, plug-in variance ½, unbiased ½·2 = 1.
    check(compute(scores), error=1, variance=1, epochs_scored=2, epochs_duplicated=2, epochs_planned=2)


def test_ids_that_read_the_same_are_one_question() -> None:
    # Inspect refuses a data set with both 1 and "1", and reduces epochs by the text of the id.
    check(compute([sample(1, "C"), sample("1", "I")]), questions=1, error=0.5, incoherence=1)


@pytest.mark.parametrize("name", ["../../x", "é\u202e\n", "", "x" * 10_000, "\ud800", -5])
def test_strange_ids_are_ids(name: object) -> None:
    check(
        compute([sample(name, "C"), sample(name, "I"), sample("other", "I"), sample("other", "I")]),
        questions=2,
        incoherence=1 / 3,
    )


def test_scores_without_an_id_belong_to_no_question() -> None:
    check(
        compute([sample(None, "I"), *verdicts(["C", "I"])]), error=0.5, epochs_scored=2, epochs_other_kind=1
    )


# Answers


def test_answers_by_brier_and_by_the_papers_kl() -> None:
    # 20 A and 10 B of 30, gold A, four classes: the oracle row 20,10,0,0 of the method.
    found = compute(answers("A" * 20 + "B" * 10))
    assert found["error"] == pytest.approx(0.6667, abs=5e-5)
    assert found["incoherence"] == pytest.approx(0.6897, abs=5e-5)
    assert found["error_kl"] == pytest.approx(9.2103, abs=5e-5)
    assert found["bias_squared_kl"] == pytest.approx(0.0001, abs=5e-5)
    assert found["incoherence_kl"] == pytest.approx(1.0, abs=5e-5)
    check(found, accuracy=2 / 3, epochs_planned=30, epochs_scored=30, kind_answer=1)
    assert compute(answers("A" * 20 + "B" * 10), estimator="plugin")["incoherence"] == pytest.approx(2 / 3)


def test_wrong_answers_are_kept_apart() -> None:
    # A B C, gold A: m = (⅓, ⅓, ⅓): error 4/3, plug-in variance 1 - 3/9 = 2/3, unbiased 1, bias² ⅓.
    check(compute(answers("ABC")), error=4 / 3, variance=1, bias_squared=1 / 3, incoherence=0.75)
    # A B B: m = (⅓, ⅔): error 4/3, variance (1 - 5/9)·3/2 = ⅔.
    check(compute(answers("ABB")), error=4 / 3, variance=2 / 3, incoherence=0.5)


def test_unparsed_answers_are_uniform_as_in_the_paper() -> None:
    # A and the uniform (¼ …): errors 0 and 9/16 + 3/16 = ¾, mean ⅜.
    # ‖f₁ - f₂‖²/2 = ((3/4)² + 3/16)/2 = ⅜ is the unbiased variance of two.
    check(
        compute(answers("A-")), error=3 / 8, variance=3 / 8, bias_squared=0, epochs_unparsed=1, accuracy=0.5
    )


def test_unparsed_answers_as_a_class_of_their_own() -> None:
    # Then A- is like AB: error 1, variance 1.
    check(compute(answers("A-"), unparsed="class"), error=1, variance=1, incoherence=1, epochs_unparsed=1)
    # And a question without them keeps its four classes for KL.
    same = compute(answers("AB", "AA"), unparsed="class")
    check(same, **{"error_kl": compute(answers("AB", "AA"))["error_kl"]})


def test_unparsed_answers_dropped() -> None:
    check(
        compute(answers("AB-"), unparsed="drop"),
        error=1,
        epochs_scored=3,
        epochs_unparsed=1,
        epochs_unscored=0,
        accuracy=0.5,
    )


def test_without_a_number_of_classes_every_question_has_as_many_as_the_widest() -> None:
    # AB: error 1, variance 1. A and (½, ½): errors 0 and ½, ‖f₁ - f₂‖²/2 = ¼.
    found = compute(answers("AB", "A-", classes=None))
    check(found, error=0.625, variance=0.625, epochs_unparsed=1)
    # Of three labels: A and (⅓, ⅓, ⅓): errors 0 and ⅔, ‖f₁ - f₂‖²/2 = ⅓.  ABC: 4/3, 1.
    check(compute(answers("ABC", "A-", classes=None)), error=(4 / 3 + 1 / 3) / 2, variance=(1 + 1 / 3) / 2)


def test_more_labels_than_declared_classes_are_all_kept() -> None:
    # A B C with "2 classes": the same as three.
    check(compute(answers("ABC", classes=2)), error=4 / 3, variance=1)


def test_different_numbers_of_classes_side_by_side() -> None:
    mixed = answers("AB", classes=2) + [
        sample("five", "I", epoch_metadata(kind="answer", epoch=e, answer="B", target="A", classes=5))
        for e in (1, 2)
    ]
    check(compute(mixed), error=(1 + 2) / 2, variance=0.5, incoherence=1 / 3)
    # KL, δ = 1e-12: right answers cost ~0, wrong ones -log δ = 27.631: means 13.8155 and 27.6310.
    assert compute(mixed)["error_kl"] == pytest.approx((13.815511 + 27.631021) / 2, abs=1e-5)


def test_targets_may_differ_between_epochs() -> None:
    # Shuffled choices that were not mapped back: right is right, whatever its letter.
    scores = [
        sample(0, "C", epoch_metadata(kind="answer", epoch=1, answer="A", target="A", classes=4)),
        sample(0, "C", epoch_metadata(kind="answer", epoch=2, answer="B", target="B", classes=4)),
    ]
    check(compute(scores), error=0, accuracy=1)


@pytest.mark.parametrize(
    "broken",
    [
        {"hm_answer": None},
        {"hm_answer": 3},
        {"hm_answer": ["A"]},
        {"hm_target": ""},
        {"hm_target": None},
        {"hm_target": {}},
    ],
)
def test_answers_that_are_no_text_are_unscored(broken: dict[str, Any]) -> None:
    scores = answers("ABA")
    assert scores[2].score.metadata is not None
    scores[2].score.metadata |= broken
    check(compute(scores), error=1, epochs_scored=2, epochs_unscored=1)


@pytest.mark.parametrize("classes", [None, "4", 1, 0, -3, 10**30, 4.0, True, []])
def test_a_number_of_classes_that_is_none_is_unknown(classes: object) -> None:
    scores = answers("AB")
    for entry in scores:
        assert entry.score.metadata is not None
        entry.score.metadata["hm_classes"] = classes
    found = compute(scores)
    # As many as there are labels, two. KL: right answers cost 0, wrong ones -log 1e-12 = 27.631.
    check(found, error=1)
    assert found["error_kl"] == pytest.approx(13.815511, abs=1e-5)


# Probabilities


def test_probabilities_by_hand() -> None:
    # (.8, .2) and (.4, .6), gold A: errors .08 and .72, mean .4; ‖f₁ - f₂‖²/2 = .32/2 = .16.
    found = compute(probabilities([[0.8, 0.2], [0.4, 0.6]]))
    check(
        found,
        error=0.4,
        variance=0.16,
        bias_squared=0.24,
        incoherence=0.4,
        accuracy=0.5,
        kind_probabilities=1,
    )
    # KL: -(log .8 + log .4)/2 = .569717; geometric means √.32, √.12: variance -log(√.32 + √.12) = .091304.
    assert found["error_kl"] == pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2, abs=1e-9)
    assert found["variance_kl"] == pytest.approx(-math.log(math.sqrt(0.32) + math.sqrt(0.12)), abs=1e-9)


def test_the_right_class_is_found_by_its_label() -> None:
    check(
        compute(probabilities([[0.2, 0.8], [0.6, 0.4]], target="B")), error=0.4, variance=0.16, accuracy=0.5
    )


def test_shared_first_place_is_a_share_of_a_right_answer() -> None:
    check(compute(probabilities([[0.5, 0.5], [0.5, 0.5]])), accuracy=0.5, error=0.5, variance=0)


@pytest.mark.parametrize(
    "broken",
    [
        [0.9, 0.9],
        [-0.1, 1.1],
        [math.nan, 1.0],
        [math.inf, 0.0],
        [0.5],
        [],
        None,
        "x",
        ["a", "b"],
        [[1.0], [0.0]],
        [None, 1.0],
        [10**400, 0],
    ],
)
def test_what_is_no_distribution_is_unparsed(broken: object) -> None:
    # (1, 0) and the uniform (½, ½): errors 0 and ½, ‖f₁ - f₂‖²/2 = ¼.
    check(
        compute(probabilities([[1.0, 0.0], broken], classes=2)), error=0.25, variance=0.25, epochs_unparsed=1
    )


def test_probabilities_that_sum_to_almost_one_are_scaled() -> None:
    check(compute(probabilities([[0.495, 0.495], [0.5, 0.5]])), error=0.5, variance=0, epochs_unparsed=0)


def test_unparsed_probabilities_as_a_class_and_dropped() -> None:
    scores = probabilities([[1.0, 0.0], None], classes=2)
    check(compute(scores, unparsed="class"), error=1, variance=1)
    check(compute(scores, unparsed="drop"), error=0, accuracy=1, epochs_scored=2, epochs_unparsed=1)


@pytest.mark.parametrize("target", ["C", "", "yes", None, 3])
def test_a_right_class_that_does_not_exist_is_unscored(target: Any) -> None:
    found = compute(probabilities([[0.5, 0.5], [0.5, 0.5]], target=target))
    check(found, epochs_unscored=2, epochs_scored=0, error=math.nan)


# Unit tests


def test_coverage_of_fail_to_pass_and_pooled_beside() -> None:
    # F2P 11, 10: errors 0, ½ → ¼; test 2 passes half the time: variance ½·(¼·2) = ¼, bias² 0.
    found = compute(coverages(["11111", "10111"]))
    check(found, error=0.25, variance=0.25, bias_squared=0, incoherence=1, accuracy=0.5, kind_tests=1)
    # Pooled over five tests: error 1/10, variance (¼·2)/5 = 1/10; plug-in ¼/5 = 1/20.
    check(found, error_pooled=0.1, variance_pooled=0.1, bias_squared_pooled=0, incoherence_pooled=1)
    plugin = compute(coverages(["11111", "10111"]), estimator="plugin")
    check(plugin, error_pooled=0.1, variance_pooled=0.05, bias_squared_pooled=0.05, incoherence_pooled=0.5)


def test_pass_to_pass_alone_and_pooled_as_headline() -> None:
    scores = coverages(["00110", "00111"])
    # P2P 110, 111: error ⅙, one test at ½: variance (¼·2)/3 = ⅙.
    check(compute(scores, tests="p2p"), error=1 / 6, variance=1 / 6)
    # Pooled, unbiased: errors 3/5 and 2/5; variance (¼·2)/5 = 1/10.
    found = compute(scores, tests="pooled")
    check(found, error=0.5, variance=0.1, incoherence=0.2)
    assert "error_pooled" not in found


def test_each_task_weighs_one_whatever_its_tests() -> None:
    # F2P of 1: always fails. F2P of 3 with 0 P2P: always passes.
    scores = coverages(["01", "01"], f2p=1) + [
        sample("b", 0.0, e.score.metadata) for e in coverages(["111", "111"], f2p=3)
    ]
    check(compute(scores), error=0.5, bias_squared=0.5, incoherence=0, accuracy=0.5)


def test_a_task_without_such_tests_takes_no_part() -> None:
    found = compute(coverages(["11", "10"], f2p=2), tests="p2p")
    check(found, error=math.nan, incoherence=math.nan, accuracy=0.5, epochs_scored=2)


@pytest.mark.parametrize(
    "broken",
    [
        {"hm_tests": None},
        {"hm_tests": "zz"},
        {"hm_tests": "b 8"},
        {"hm_tests": "b"},
        {"hm_tests": "b8b8"},
        {"hm_f2p": 1},
        {"hm_f2p": 10**9},
        {"hm_p2p": "3"},
        {"hm_f2p": -2},
        {"hm_p2p": None},
    ],
)
def test_outcomes_that_do_not_fit_are_unscored(broken: dict[str, Any]) -> None:
    scores = coverages(["11111", "10111", "11111"])
    assert scores[2].score.metadata is not None
    scores[2].score.metadata |= broken
    check(compute(scores), error=0.25, epochs_scored=2, epochs_unscored=1)


def test_four_digits_with_a_blank_are_not_hexadecimal() -> None:
    scores = coverages(["1" * 16, "1" * 16])
    assert scores[1].score.metadata is not None
    scores[1].score.metadata["hm_tests"] = "ff f"
    check(compute(scores), epochs_scored=1, epochs_unscored=1)


def test_unit_tests_have_one_loss() -> None:
    scores = coverages(["11111", "10111"])
    check(compute(scores, loss="kl"), error=0.25, variance=0.125)


# Kinds side by side


def test_answers_and_verdicts_side_by_side_are_all_read_as_verdicts() -> None:
    # CI: ½, ½, 0; II: 1, 0, 1; CI again.
    scores = answers("AB", "BB") + [sample("plain", value) for value in "CI"]
    check(compute(scores), kind_score=1, epochs_scored=6, epochs_other_kind=0, error=2 / 3, incoherence=0.5)


def test_unit_tests_and_verdicts_do_not_mix() -> None:
    scores = [*coverages(["11111", "10111"]), sample("plain", "I")]
    check(compute(scores), kind_tests=1, epochs_scored=2, epochs_other_kind=1, error=0.25)


@pytest.mark.parametrize("kind", ["text", "point", "unheard of", 5, [], {}])
def test_kinds_without_a_right_answer_are_left_out(kind: object) -> None:
    scores = [*verdicts(["C", "I"]), sample("t", 1.0, {"hm_kind": kind})]
    found = compute(scores)
    if isinstance(kind, str | int):
        # A text without an embedding holds nothing at all.
        left_out = "epochs_unscored" if kind == "text" else "epochs_other_kind"
        check(found, **{left_out: 1}, epochs_scored=2)
    check(found, error=0.5)


def test_other_peoples_metadata_are_no_business_of_ours() -> None:
    scores = [sample(0, "C", {"grade": "x"}), sample(0, "I", {})]
    check(compute(scores), error=0.5, epochs_planned=math.nan)


@pytest.mark.parametrize("epoch", [None, "1", 1.5, -1, 0, 10**30, True])
def test_epoch_numbers_that_are_none(epoch: object) -> None:
    scores = answers("AB")
    for entry in scores:
        assert entry.score.metadata is not None
        entry.score.metadata["hm_epoch"] = epoch
    check(compute(scores), epochs_planned=math.nan, epochs_duplicated=0, error=1)


# Losses


def test_zero_one_has_no_incoherence() -> None:
    # AAB: mode right, error ⅓, bias 0, variance ⅓. BBA: error ⅔, bias 1, variance -⅓.
    found = compute(answers("AAB", "BBA"), loss="zero_one")
    check(found, error=0.5, bias_squared=0.5, variance=0, incoherence=math.nan)


def test_kl_as_headline_stands_alone() -> None:
    found = compute(answers("A" * 15 + "B" * 15), loss="kl")
    # The oracle row 15,15,0,0: 13.8155 = .6931 + 13.1224, incoherence .9498.
    assert [round(found[name], 4) for name in ("error", "bias_squared", "variance", "incoherence")] == [
        13.8155,
        0.6931,
        13.1224,
        0.9498,
    ]
    assert "error_kl" not in found


def test_kl_of_plain_scores_is_that_of_two_outcomes() -> None:
    # ½ always: error log 2, no variance.
    check(compute(verdicts(["P", "P"]), loss="kl"), error=math.log(2), variance=0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"loss": "logloss"}, "loss='logloss' is not one of 'brier', 'kl', 'zero_one'"),
        ({"estimator": "fair"}, "estimator='fair' does not exist for loss='brier'"),
        ({"loss": "kl", "estimator": "unbiased"}, "use 'plugin' or 'jackknife'"),
        ({"tests": "all"}, "tests='all'"),
        ({"unparsed": "wrong"}, "unparsed='wrong'"),
        ({"smoothing": 0}, "smoothing=0"),
        ({"smoothing": math.nan}, "smoothing=nan"),
        ({"perfect": math.inf}, "perfect=inf"),
    ],
)
def test_parameters_are_checked_when_the_metric_is_made(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        incoherence(**parameters)


# Order, prefixes, size


def mixed_scores() -> list[SampleScore]:
    rng = random.Random(3)
    thirds = [sample(q, rng.random() / 3) for q in range(40) for _ in range(rng.randint(1, 7))]
    rows = [[[p := rng.random(), 1 - p] for _ in range(rng.randint(1, 6))] for _ in range(30)]
    letters = ["".join(rng.choices("ABCD-", k=rng.randint(1, 9))) for _ in range(30)]
    bits = [["".join(rng.choices("01", k=n)) for _ in range(4)] for n in range(3, 30)]
    return [*thirds, *probabilities(*rows), *answers(*letters), *coverages(*bits)]


KIND_SLICES = ["score", "probabilities", "answer", "tests"]


@pytest.mark.parametrize("kind", KIND_SLICES)
@pytest.mark.parametrize("loss", ["brier", "kl", "zero_one"])
def test_any_order_gives_the_same_bits(kind: str, loss: str) -> None:
    scores = [s for s in mixed_scores() if (s.score.metadata or {}).get("hm_kind", "score") == kind]
    expected = {name: number.hex() for name, number in compute(scores, loss=loss).items()}
    for seed in range(8):
        random.Random(seed).shuffle(scores)
        assert {name: number.hex() for name, number in compute(scores, loss=loss).items()} == expected


def test_growing_prefixes_never_fail_and_keep_the_identity() -> None:
    scores = mixed_scores()
    random.Random(1).shuffle(scores)
    for length in range(0, len(scores), 7):
        found = compute(scores[:length])
        names = ("epochs_unscored", "epochs_other_kind", "epochs_duplicated")
        left_out = sum(found.get(name, 0) for name in names)
        assert found["epochs_scored"] + left_out == length
        if not math.isnan(found["variance"]):
            assert found["error"] == pytest.approx(found["bias_squared"] + found["variance"], abs=1e-12)
            assert found["incoherence"] == pytest.approx(found["variance"] / found["error"])


@pytest.mark.slow
def test_a_hundred_thousand_questions() -> None:
    # Odd questions CI (error ½, variance ½), even ones II (1, 0): incoherence ⅓.
    scores = [sample(q, "C" if q % 2 and e else "I") for q in range(100_000) for e in range(2)]
    check(compute(scores), questions=100_000, error=0.75, incoherence=1 / 3)


def test_every_key_of_a_dictionary_is_decomposed() -> None:
    # strict: CI and II: errors ½ and 1, unbiased variances ½ and 0.  loose: CC and IC: 0 and ½, 0 and ½.
    scores = verdicts(
        [{"strict": 1, "loose": 1}, {"strict": 0, "loose": 1}],
        [{"strict": 0, "loose": 0}, {"strict": 0, "loose": True}],
    )
    found = compute(scores)
    assert found["error_strict"] == 0.75 and found["incoherence_strict"] == pytest.approx(0.5 / 1.5)
    assert found["error_loose"] == 0.25 and found["incoherence_loose"] == 1.0
    assert "incoherence" not in found
    assert found["incoherence_strict"] == compute(scores, key="strict")["incoherence"]
    # A key that one epoch lacks is unscored there, and counted.
    del scores[0].score.value["loose"]  # type: ignore[union-attr]
    assert compute(scores)["epochs_unscored_loose"] == 1


def test_a_dictionary_of_one_score_is_that_score() -> None:
    assert compute(verdicts([{"x": 1}, {"x": 0}]))["error"] == 0.5


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "c"] * 4,  # epoch after epoch
        ["a", "a", "b", "b"],  # question after question
        ["a", "b", "a", "b", "a"],  # an epoch that was cut off
        ["a", "b", "b", "a", "b", "b"],  # a question twice in an epoch
        ["a", "b", "b", "a"],
        ["a"] * 3,
        ["a"],
        [],
    ],
)
def test_questions_are_numbered_by_first_appearance(names: list[str]) -> None:
    table = epochs_of(names, ["C"] * len(names), [None] * len(names)).outcomes
    seen = list(dict.fromkeys(names))
    assert list(table.question.names) == seen
    assert table.question.codes.tolist() == [seen.index(name) for name in names]
