"""`hotmess/mmlu`: questions of 57 subjects, over few-shot contexts and repeats.

    inspect eval hotmess/mmlu --model openai/gpt-5-mini -T subjects=anatomy,virology
    inspect eval hotmess/mmlu --model openai/gpt-5-mini -T per_subject=20 -T format=probability
    inspect eval hotmess/mmlu --model hf/Qwen/Qwen3-0.6B-Base -T format=logprob
    inspect eval hotmess/mmlu --model hotmess/simulated -T dataset=rows.jsonl -T contexts=0

Each question is answered in 10 random few-shot contexts of its own subject, 3 times each; 100 questions per
subject, as in the paper.

References: Hendrycks et al. (2021), https://arxiv.org/abs/2009.03300; Hägele et al. (2026), The Hot Mess of
AI, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect._inspect_private import prerequisite_error

DEFAULT_PER_SUBJECT = 100


@task
def mmlu(
    dataset: str = "hub",
    subjects: str | list[str] | None = None,
    per_subject: int | None = DEFAULT_PER_SUBJECT,
    examples: str | None = None,
    questions: int | None = None,
    format: str = "letter",
    contexts: int = 10,
    repeats: int | None = None,
    shots: int | None = None,
    shuffle: bool = False,
    cot: bool = False,
    completion: bool | None = None,
    ask_again: bool = False,
    unparsed: str = "uniform",
    loss: str = "brier",
    estimator: str | None = None,
    seed: int = 0,
    revision: str | None = None,
    checksum: str | None = None,
) -> Task:
    """MMLU over few-shot contexts and repeats, decomposed into bias and variance.

    Args:
        dataset: ``hub``, or the path of a .csv, .json, .jsonl, .jsonl.gz or .parquet file in its schema.
        subjects: Subjects to keep, separated by commas; all if not given.
        per_subject: Number of questions to draw per subject with the seed; 0 for all.
        examples: Path of a file that examples are drawn from; else the hub's development and validation
            splits, or the local file itself.
        questions: Number of questions to draw of those; all if not given.
        format: ``letter``, ``probability`` (a <PROB> line) or ``logprob`` (log-probabilities of the letters).
        contexts: Number of few-shot contexts; 0 is zero-shot.
        repeats: Epochs per context; 3 if not given, 1 for ``logprob``.
        shots: Examples per context, of the question's own subject; if not given 5, or as many as there are for
            every question.
        shuffle: Whether each context shows the choices in an order of its own.
        cot: Whether to ask for reasoning before the answer.
        completion: Whether the prompt ends where the letter is to follow, for base models; that of the format
            if not given (``logprob``: true).
        ask_again: Whether an answer that cannot be read as a letter is followed by a closing question for the letter
            alone; its tokens count.
        unparsed: What an answer that cannot be read counts as: ``uniform`` over the choices (as in the
            paper), ``class`` (one of its own) or ``drop``.
        loss: Headline loss, ``brier``, ``kl`` or ``zero_one``.
        estimator: ``unbiased``, ``plugin`` or ``jackknife``; that of the loss if not given.
        seed: Seed of contexts, orders and draws of questions.
        revision: Commit of the hub's data set.
        checksum: SHA-256 of the questions that the data set must have (as the log's task metadata state it).
    """
    from hotmess_inspect.multiple_choice.formats import check_count
    from hotmess_inspect.multiple_choice.hub import MMLU
    from hotmess_inspect.multiple_choice.rows import mmlu_question
    from hotmess_inspect.multiple_choice.source import (
        check_sha256,
        draw_per_subject,
        draw_questions,
        keep_subjects,
        load_questions,
    )
    from hotmess_inspect.multiple_choice.task import Design, choice_task

    check_count("per_subject", per_subject or 0, 0)
    if questions is not None:
        check_count("questions", questions, 1)
    design = Design(
        format=format,
        contexts=contexts,
        repeats=repeats,
        shots=shots,
        shuffle=shuffle,
        cot=cot,
        completion=completion,
        ask_again=ask_again,
        unparsed=unparsed,
        loss=loss,
        estimator=estimator,
        seed=seed,
    )
    try:
        loaded = load_questions(dataset, mmlu_question, MMLU, "all", ["test"], revision=revision)
        check_sha256(loaded, checksum)
        kept = keep_subjects(loaded.questions, subjects, "subjects")
        pool = None
        if design.examples and (examples is not None or dataset == "hub"):
            pool = load_questions(
                examples or "hub", mmlu_question, MMLU, "all", ["dev", "validation"], revision=revision
            ).questions
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    drawn = draw_questions(draw_per_subject(kept, per_subject, seed), questions, seed)
    return choice_task(loaded, drawn, design, pool=pool, by_subject=True)
