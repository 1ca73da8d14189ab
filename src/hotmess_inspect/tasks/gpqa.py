"""`hotmess/gpqa`: graduate-level science questions, over few-shot contexts and repeats.

    inspect eval hotmess/gpqa --model openai/gpt-5-mini
    inspect eval hotmess/gpqa --model openai/gpt-5-mini -T subset=diamond -T format=probability
    inspect eval hotmess/gpqa --model hf/Qwen/Qwen3-0.6B-Base -T format=logprob
    inspect eval hotmess/gpqa --model hotmess/simulated -T dataset=rows.csv -T contexts=0

Each question is answered in 10 random few-shot contexts, 3 times each, as in the paper.

References: Rein et al. (2023), https://arxiv.org/abs/2311.12022; Hägele et al. (2026), The Hot Mess of AI,
https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect._inspect_private import prerequisite_error

SUBSETS = ("main", "diamond", "extended")


@task
def gpqa(
    dataset: str = "hub",
    subset: str = "main",
    domains: str | list[str] | None = None,
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
    """GPQA over few-shot contexts and repeats, decomposed into bias and variance.

    Args:
        dataset: ``hub`` (gated: its terms are to be accepted first), or the path of a .csv, .json, .jsonl,
            .jsonl.gz or .parquet file in its schema.
        subset: ``main``, ``diamond`` or ``extended``, of the hub's data set.
        domains: High-level domains to keep, separated by commas; all if not given.
        questions: Number of questions to draw with the seed; all if not given.
        format: ``letter``, ``probability`` (a <PROB> line) or ``logprob`` (log-probabilities of the letters).
        contexts: Number of few-shot contexts; 0 is zero-shot.
        repeats: Epochs per context; 3 if not given, 1 for ``logprob``.
        shots: Examples per context; if not given 5, or as many as there are for every question.
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
        seed: Seed of contexts, orders and the draw of questions.
        revision: Commit of the hub's data set.
        checksum: SHA-256 of the questions that the data set must have (as the log's task metadata state it).
    """
    from hotmess_inspect.multiple_choice.formats import check_choice, check_count
    from hotmess_inspect.multiple_choice.hub import GPQA
    from hotmess_inspect.multiple_choice.rows import gpqa_question
    from hotmess_inspect.multiple_choice.source import (
        check_sha256,
        draw_questions,
        keep_subjects,
        load_questions,
    )
    from hotmess_inspect.multiple_choice.task import Design, choice_task

    check_choice("subset", subset, SUBSETS)
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
        loaded = load_questions(dataset, gpqa_question, GPQA, f"gpqa_{subset}", ["train"], revision=revision)
        check_sha256(loaded, checksum)
        kept = keep_subjects(loaded.questions, domains, "domains")
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    return choice_task(loaded, draw_questions(kept, questions, seed), design)
