"""`hotmess/survey`: do raters take what they find intelligent to be less coherent?

Two samples, one question each; every epoch is another rater, with a persona and an order of the list of its own. The
raters of intelligence are never those of coherence. The log's metrics hold Spearman's ρ between intelligence and
incoherence; `hotmess survey` adds intervals, tables and the figure.

    inspect eval hotmess/survey --model openai/gpt-5 --epochs 20
    inspect eval hotmess/survey --model openai/gpt-5 -T format=pairs -T pairs=60
    hotmess survey logs/ -o survey/

Reference: Hägele et al. (2026), The Hot Mess of AI, https://arxiv.org/abs/2601.23045
"""

from __future__ import annotations

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.experiments.survey.scorer import survey_correlation, survey_reply
from hotmess_inspect.experiments.survey.solver import CATEGORIES, NAMES, QUESTION, survey_rater

DEFAULT_RATERS = 15


@task
def survey(
    format: str = "ranking",
    epochs: int = DEFAULT_RATERS,
    entities: str | None = None,
    pairs: int = 60,
    personas: bool = True,
    seed: int = 0,
) -> Task:
    """Two disjoint groups of raters rank intelligence and coherence.

    Args:
        format: ``ranking`` of the whole list, or ``pairs`` (Bradley-Terry).
        epochs: Raters per question. ``--epochs`` overrides it.
        entities: A CSV with the columns ``entity`` and ``category``; the bundled 60 if not given.
        pairs: For ``pairs``: how many each rater compares, up to 100.
        personas: Whether each rater is given a person to be; else raters differ by the order of the list alone.
        seed: Of personas, orders and pairs.
    """
    from hotmess_inspect.experiments.survey.entities import load_entities
    from hotmess_inspect.experiments.survey.prompts import FORMATS, MOST_PAIRS, QUESTIONS
    from hotmess_inspect.experiments.survey.reading import HEADER_KEY
    from hotmess_inspect.plugin.viewer import headlined, viewer_config

    try:
        if format not in FORMATS:
            raise ValueError(f"format={format!r} is not one of {', '.join(map(repr, FORMATS))}")
        for name, count, most in (("epochs", epochs, 10**6), ("pairs", pairs, MOST_PAIRS)):
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
                raise ValueError(f"{name} must be a whole number from 1 to {most}, not {count!r}")
        listed = load_entities(entities)
    except ValueError as error:
        raise prerequisite_error(str(error)) from error
    names, categories = list(listed.names), list(listed.categories)
    samples = [
        Sample(
            id=question,
            input=f"Which of {len(names)} entities is how {'intelligent' if question == 'intelligence' else 'coherent'}?",
            metadata={QUESTION: question, NAMES: names, CATEGORIES: categories},
        )
        for question in QUESTIONS
    ]
    return Task(
        dataset=MemoryDataset(samples, name="survey"),
        solver=survey_rater(format, pairs, personas, seed),
        scorer=survey_reply(format),
        metrics=[survey_correlation()],
        epochs=epochs,
        metadata={HEADER_KEY: {"entities": names, "categories": categories, "format": format}},
        viewer=viewer_config("survey_reply", higher_is_better=["survey_reply"], name="Raters by question"),
        **headlined("survey_reply", "spearman"),
    )
