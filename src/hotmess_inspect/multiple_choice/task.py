"""What `hotmess/gpqa` and `hotmess/mmlu` share: checks of the design, samples, the task."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import accuracy, stderr

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.multiple_choice.contexts import Contexts
from hotmess_inspect.multiple_choice.expected import expected_letters
from hotmess_inspect.multiple_choice.formats import FORMATS, check_choice, check_count, generate_config
from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.multiple_choice.scorer import choice_scorer
from hotmess_inspect.multiple_choice.solver import ask_choice
from hotmess_inspect.multiple_choice.source import Loaded
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.viewer import headlined, viewer_config
from hotmess_inspect.schema import class_label

__all__ = ["DEFAULT_CONTEXTS", "DEFAULT_REPEATS", "DEFAULT_SHOTS", "Design", "choice_task"]

DEFAULT_CONTEXTS = 10
DEFAULT_REPEATS = 3
DEFAULT_SHOTS = 5


@dataclass(frozen=True)
class Design:
    """How a question is asked and measured, as typed by a user; checked when made.

    Attributes:
        format: ``letter``, ``probability`` or ``logprob``.
        contexts: Number of few-shot contexts, 0 for zero-shot.
        repeats: Epochs per context; ``None`` for 3, and for 1 where log-probabilities are read, which another
            call would only repeat.
        shots: Examples per context; ``None`` for 5, or as many as there are for every question.
        shuffle: Whether choices are shuffled per context.
        cot: Whether reasoning is asked for.
        completion: Whether prompts end where the letter is to follow; ``None`` for ``logprob`` alone.
        ask_again: Whether an answer without a letter is followed by a closing question for the letter alone.
        unparsed: What an unread answer counts as.
        loss: Headline loss.
        estimator: Its estimator.
        seed: Of examples, orders and the draw of questions.
    """

    format: str = "letter"
    contexts: int = DEFAULT_CONTEXTS
    repeats: int | None = None
    shots: int | None = None
    shuffle: bool = False
    cot: bool = False
    completion: bool | None = None
    ask_again: bool = False
    unparsed: str = "uniform"
    loss: str = "brier"
    estimator: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("format", self.format, FORMATS)
        for name, value, least in (("contexts", self.contexts, 0), ("seed", self.seed, 0)):
            check_count(name, value, least)
        if self.repeats is not None:
            check_count("repeats", self.repeats, 1)
        if self.shots is not None:
            check_count("shots", self.shots, 0)
        if self.completion is not None and self.completion != (self.format == "logprob"):
            if self.format != "letter":
                raise prerequisite_error(
                    f"completion is {self.completion}, but format is {self.format!r}; permitted with it is "
                    f"{not self.completion}, or format=letter"
                )
        if self.ask_again and (self.format != "letter" or self.completion):
            raise prerequisite_error(
                f"ask_again is {self.ask_again}, but a closing question needs format=letter and completion=false; "
                "permitted with these is ask_again=false"
            )
        if not self.contexts and self.shots:
            raise prerequisite_error(
                f"shots is {self.shots}, but contexts=0 is zero-shot; permitted are shots=0 or contexts of 1 or more"
            )
        if self.contexts > 1 and self.shots == 0 and not self.shuffle:
            raise prerequisite_error(
                f"contexts is {self.contexts}, but without examples (shots=0) and with shuffle=false they would all "
                "be the same; permitted are contexts=0, or shots of 1 or more, or shuffle=true"
            )

    @property
    def epochs(self) -> int:
        """Contexts times repeats; repeats alone without contexts."""
        repeats = self.repeats or (1 if self.format == "logprob" else DEFAULT_REPEATS)
        return max(self.contexts, 1) * repeats

    @property
    def examples(self) -> int:
        """Examples per context."""
        if not self.contexts:
            return 0
        return DEFAULT_SHOTS if self.shots is None else self.shots


def choice_task(
    loaded: Loaded,
    questions: Sequence[Question],
    design: Design,
    *,
    pool: Sequence[Question] | None = None,
    by_subject: bool = False,
) -> Task:
    """The task that asks some questions of a data set.

    Args:
        loaded: The data set.
        questions: The questions to ask.
        design: How to ask and measure.
        pool: Where examples come from; the data set itself if not given.
        by_subject: Whether examples come from the question's own subject.

    Raises:
        PrerequisiteError: If there are no questions, or too few to draw examples from.
        ValueError: If the metric's parameters are not permitted.
    """
    if not questions:
        raise prerequisite_error(f"dataset {loaded.name!r}: none of its questions was asked for")
    try:
        contexts = _contexts(loaded.questions if pool is None else pool, questions, design, by_subject)
        metric = incoherence(loss=design.loss, estimator=design.estimator, unparsed=design.unparsed)
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    return Task(
        dataset=MemoryDataset([_sample(question) for question in questions], name=loaded.name),
        solver=ask_choice(contexts, design.format, design.cot, design.completion, design.ask_again),
        scorer=choice_scorer(),
        metrics=[accuracy(), stderr(), metric, *([expected_letters()] if design.format == "logprob" else [])],
        config=generate_config(design.format, design.completion),
        epochs=design.epochs,
        metadata={"dataset": loaded.name, "questions_sha256": loaded.sha256},
        viewer=viewer_config(
            "choice_scorer", higher_is_better=() if design.format == "letter" else ["choice_scorer"]
        ),
        **headlined("choice_scorer"),
    )


def _contexts(
    pool: Sequence[Question], questions: Sequence[Question], design: Design, by_subject: bool
) -> Contexts:
    def of(shots: int) -> Contexts:
        return Contexts(
            pool,
            contexts=design.contexts,
            shots=shots,
            seed=design.seed,
            shuffle=design.shuffle,
            by_subject=by_subject,
        )

    contexts = of(design.examples)
    there = contexts.available(questions)
    if design.shots is None and 0 < there < design.examples:
        contexts = of(there)
        print(
            f"hotmess: {there} examples per context instead of {design.examples}: no more are there for every question",
            file=sys.stderr,
        )
    contexts.check(questions)
    return contexts


def _sample(question: Question) -> Sample:
    return Sample(
        id=question.id,
        input=question.text,
        choices=list(question.choices),
        target=class_label(question.answer),
        metadata={"subject": question.subject} if question.subject else None,
    )
