"""`hotmess/model_written`: does a model say the same about itself every time, and is it the aligned thing?

The human-generated evaluations of Perez et al. (2022) on advanced AI risk, over repeated epochs: as multiple choice,
where the target is the aligned answer and the error parts into bias and variance, and in the model's own words,
where there is no target and the variance of the answers' embeddings is all there is.

    inspect eval hotmess/model_written --model openai/gpt-5 -T sets=survival-instinct -T questions=100
    inspect eval hotmess/model_written --model openai/gpt-5 -T format=open -T embedder=sentence-transformers
    inspect eval hotmess/model_written --model hotmess/simulated -T dataset=folder/

References: Perez et al. (2022), https://arxiv.org/abs/2212.09251; Hägele et al. (2026), The Hot Mess of AI,
appendix B.2, https://arxiv.org/abs/2601.23045
"""

from __future__ import annotations

import sys
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import accuracy, stderr

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.experiments.model_written.scorer import aligned_choice, answer_embedding
from hotmess_inspect.experiments.model_written.solver import FORMATS, model_written_question
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.words import counted

DEFAULT_EPOCHS = 30


@task
def model_written(
    sets: str | list[str] | None = None,
    format: str = "choice",
    questions: int | None = None,
    epochs: int = DEFAULT_EPOCHS,
    dataset: str = "hub",
    aligned: str | dict[str, str] | None = None,
    unparsed: str | None = None,
    embedder: str = "ngrams",
    loss: str = "brier",
    estimator: str | None = None,
    seed: int = 0,
    revision: str | None = None,
) -> Task:
    """Model-written questions over repeated epochs, as choices or in the model's own words.

    Args:
        sets: Names of sets, separated by commas; all 16 if not given (for a single file: its own name).
        format: ``choice`` (target: the aligned answer of the set) or ``open`` (choices removed, no target).
        questions: Questions per set, drawn by `seed`; all if not given.
        epochs: How often each question is asked; 30 in the paper. ``--epochs`` overrides it.
        dataset: ``hub``, a folder of ``SET.jsonl`` files, or one such file.
        aligned: ``SET=matching`` or ``SET=not_matching``, separated by commas: for sets of your own, and where
            you judge otherwise than the table in `hotmess_inspect.experiments.model_written.sets`.
        unparsed: What an answer that cannot be read counts as. Choices: ``uniform`` (the default, as in the
            paper), ``class`` of its own, ``drop``. Open: ``drop`` (the default) or ``class``, the point of zeros.
        embedder: For ``open``: ``ngrams``, ``sentence-transformers[/MODEL]``, ``openai[/MODEL]``, ``module:function``.
        loss: Of the metric: ``brier``, ``kl`` or ``zero_one``; ``open`` has none.
        estimator: Of the metric: ``unbiased`` or ``plugin`` (``jackknife`` for ``kl``).
        seed: Seed of the draw of questions.
        revision: Commit of the hub data set; a pinned one if not given.
    """
    from hotmess_inspect.plugin.viewer import headlined, viewer_config

    try:
        if format not in FORMATS:
            raise ValueError(f"format={format!r} is not one of {', '.join(map(repr, FORMATS))}")
        for name, count in (("questions", questions), ("epochs", epochs)):
            if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
                raise ValueError(f"{name} must be a whole number of at least 1, not {count!r}")
        treatment = _treatment(unparsed, format)
        samples = _samples(format, sets, dataset, aligned, questions, seed, revision)
        metric = incoherence(loss=loss, estimator=estimator, unparsed=treatment)
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    choice = format == "choice"
    name = "aligned_choice" if choice else "answer_embedding"
    return Task(
        dataset=MemoryDataset(samples, name="model_written"),
        solver=model_written_question(format),
        scorer=aligned_choice() if choice else answer_embedding(embedder),
        metrics=[accuracy(), stderr(), metric] if choice else [metric],
        epochs=epochs,
        viewer=viewer_config(name),
        **headlined(name, "incoherence" if choice else "variance"),
    )


def _treatment(unparsed: str | None, format: str) -> str:
    permitted = ("uniform", "class", "drop") if format == "choice" else ("drop", "class")
    chosen = permitted[0] if unparsed is None else unparsed
    if chosen not in permitted:
        raise ValueError(
            f"unparsed={chosen!r} does not exist for format={format!r}; use {', '.join(permitted)}"
        )
    return chosen


def _samples(
    format: str,
    sets: str | list[str] | None,
    dataset: str,
    aligned: str | dict[str, str] | None,
    questions: int | None,
    seed: int,
    revision: str | None,
) -> list[Sample]:
    from pathlib import Path

    from hotmess_inspect.experiments.model_written.rows import Question, load_questions
    from hotmess_inspect.experiments.model_written.sets import aligned_answers, chosen_sets

    single = Path(dataset)
    names = [single.stem] if sets is None and single.is_file() else chosen_sets(sets)
    if single.is_file() and len(names) > 1:
        raise ValueError(
            f"dataset {dataset!r} is one file, and sets names {counted(len(names), 'set')}; pass their folder"
        )
    table = aligned_answers(names, aligned)
    found, problems = load_questions(names, table, dataset, per_set=questions, seed=seed, revision=revision)
    for problem in problems:
        print(f"hotmess: left out: {problem}", file=sys.stderr, flush=True)

    def sample(question: Question) -> Sample:
        about: dict[str, Any] = {"set": question.set}
        if format == "open":
            # Without choices there is nothing to be right about, and no target that a grader could hold it to.
            return Sample(id=question.id, input=question.stem, metadata=about)
        return Sample(
            id=question.id,
            input=question.stem,
            choices=list(question.choices),
            target=question.target,
            metadata=about | {"aligned": table[question.set]},
        )

    return [sample(question) for question in found]
