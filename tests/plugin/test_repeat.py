"""The scorer that repeats verdicts."""

import math
from typing import Any

import anyio
import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelName, ModelOutput, ModelUsage
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from hotmess_inspect._inspect_versions import REASON, reason_of, score_with_reason
from hotmess_inspect.plugin.repeat import repeat


def state(scores: dict[str, Score] | None = None, choices: int = 4, epoch: int = 2) -> TaskState:
    output = ModelOutput.from_content("mockllm/model", "done")
    output.usage = ModelUsage(input_tokens=1, output_tokens=9, total_tokens=10)
    return TaskState(
        model=ModelName("mockllm/model"),
        sample_id=1,
        epoch=epoch,
        input="question",
        messages=[
            ChatMessageUser(content="question"),
            ChatMessageAssistant(content="done", source="generate"),
        ],
        choices=["w", "x", "y", "z"][:choices],
        output=output,
        scores=scores,
    )


def run(scores: dict[str, Score] | None, target: str = "A", choices: int = 4, **parameters: Any) -> Score:
    async def once() -> Score | None:
        return await repeat(**parameters)(state(scores, choices), Target(target))

    found = anyio.run(once)
    assert found is not None and found.metadata is not None
    return found


def entries(found: Score) -> dict[str, Any]:
    assert found.metadata is not None
    return found.metadata


def test_a_letter_with_everything_beside_it() -> None:
    verdict = score_with_reason("refusal", value="I", answer="B", explanation="because")
    found = run({"choice": verdict})
    assert (found.value, found.answer, found.explanation, reason_of(found)) == (
        "I",
        "B",
        "because",
        "refusal",
    )
    # Releases whose scores have no reason keep it among the metadata.
    assert {name: entry for name, entry in entries(found).items() if name != REASON} == {
        "hm_kind": "answer",
        "hm_epoch": 2,
        "hm_status": "ok",
        "hm_answer": "B",
        "hm_target": "A",
        "hm_classes": 4,
        "hm_turns": 1,
        "hm_output_tokens": 9,
        "hm_source": "choice",
    }


@pytest.mark.parametrize(
    ("value", "answer", "label", "status"),
    [
        ("C", "A", "A", "ok"),
        ("C", " a ", "A", "ok"),
        ("I", "", "", "unparsed"),
        ("N", "", "", "unparsed"),
        ("I", "A, C", "", "unparsed"),
        (0, "D", "D", "ok"),
        (True, "A", "A", "ok"),
    ],
)
def test_labels(value: Any, answer: str, label: str, status: str) -> None:
    found = entries(run({"s": Score(value=value, answer=answer)}))
    assert (found["hm_kind"], found["hm_answer"], found["hm_status"]) == ("answer", label, status)


@pytest.mark.parametrize(
    ("verdict", "target", "choices"),
    [
        (Score(value="I", answer=None), "A", 4),  # the scorer gives no answers
        (Score(value="C", answer="B"), "A", 4),  # the verdict contradicts the letter
        (Score(value=0.3, answer="A"), "A", 4),  # partial credit
        (Score(value="C", answer="A, B"), "A,B", 4),  # several right letters
        (Score(value="I", answer="forty-two"), "A", 4),  # no letter at all
        (Score(value="I", answer="E"), "A", 4),  # beyond the choices
        (Score(value="C", answer="42"), "42", 0),  # no choices
        (Score(value="P", answer="A"), "A", 0),
    ],
)
def test_otherwise_the_verdict_is_a_number(verdict: Score, target: str, choices: int) -> None:
    found = run({"s": verdict}, target, choices)
    assert entries(found)["hm_kind"] == "score"
    assert found.value == verdict.value


def test_entries_of_our_own_scorers_are_kept() -> None:
    own = {"hm_kind": "tests", "hm_tests": "f", "hm_f2p": 1, "hm_p2p": 3, "grading": "x"}
    assert entries(run({"s": Score(value=1.0, metadata=own)})) == {
        "hm_kind": "tests",
        "hm_tests": "f",
        "hm_f2p": 1,
        "hm_p2p": 3,
        "hm_source": "s",
    }


def test_dictionaries_and_lists_by_key() -> None:
    assert run({"s": Score(value={"a": 1.0, "b": "I"})}, key="b").value == "I"
    assert run({"s": Score(value={"only": 0.25})}).value == 0.25
    assert run({"s": Score(value=[0.0, 1.0])}, key=1).value == 1.0
    own = {"hm_kind": "tests", "hm_tests": "f", "hm_f2p": 1, "hm_p2p": 3}
    assert entries(run({"s": Score(value={"a": 1.0, "b": 0.0}, metadata=own)}, key="a"))["hm_kind"] == "score"
    for key in (None, "c"):
        with pytest.raises(Exception, match=r"choose one of 'a', 'b'") as caught:
            run({"s": Score(value={"a": 1.0, "b": 0.0})}, key=key)
        assert type(caught.value).__name__ == "PrerequisiteError"


@pytest.mark.parametrize("value", [math.nan, {"a": None}, {"a": math.nan}, [0.5, 0.5]])
def test_a_verdict_without_a_value_stays_unscored(value: Any) -> None:
    found = run({"s": Score(value=value)}, choices=0)
    assert isinstance(found.value, float) and math.isnan(found.value)


def test_several_scores_need_a_source() -> None:
    scores = {"one": Score(value="C"), "two": Score(value="I")}
    with pytest.raises(Exception, match=r"source=None.*choose one of 'one', 'two'"):
        run(scores)
    assert run(scores, source="two").value == "I"


def test_what_was_repeated_is_not_repeated_again() -> None:
    first = run({"one": Score(value="C")})
    again = run({"one": Score(value="C"), "repeat": first})
    assert entries(again)["hm_source"] == "one"


def test_a_missing_score_is_unscored_and_said(caplog: pytest.LogCaptureFixture) -> None:
    found = run({"one": Score(value="C")}, source="two")
    assert isinstance(found.value, float) and math.isnan(found.value)
    assert "no score 'two' to repeat" in (found.explanation or "")
    assert "that has 'one'" in caplog.text
    assert math.isnan(run({}).as_float()) and math.isnan(run(None).as_float())


@scorer(metrics=[])
def half() -> Scorer:
    async def judge(state: TaskState, target: Target) -> Score | None:
        return Score(value=0.5) if state.epoch == 2 else None

    return judge


def test_another_scorer_can_be_run() -> None:
    found = run(None, scorer=half())
    assert found.value == 0.5 and entries(found)["hm_source"] == "half"


def test_one_source_of_verdicts_at_a_time() -> None:
    with pytest.raises(ValueError, match="source='x' reads a stored score and scorer runs one"):
        repeat(scorer=half(), source="x")
