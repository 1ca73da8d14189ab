"""Scorer and metric of `hotmess/survey`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState

from hotmess_inspect.experiments.survey.solver import CATEGORIES, NAMES, QUESTION
from hotmess_inspect.plugin.lengths import sample_lengths, sample_status


@metric(scores="unreduced")
def survey_correlation() -> Metric:
    """Spearman's ρ between mean ranks of intelligence and incoherence, and how far raters agree.

    Intervals take a bootstrap, which has no place in a live display: `hotmess survey LOG` gives them.

    Returns:
        A metric with ``spearman``, ``spearman_CATEGORY``, ``kendall_w_intelligence`` and ``_coherence``, and per question
        ``raters_…`` (usable), ``unparsed_…``, ``missing_…``, ``doubled_…``, ``invented_…``, ``respelled_…``; undefined
        is NaN. It never raises on scores that it cannot read, which count as unparsed.
    """

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        from hotmess_inspect.experiments.survey.entities import Entities
        from hotmess_inspect.experiments.survey.prompts import QUESTIONS
        from hotmess_inspect.experiments.survey.reading import votes_of
        from hotmess_inspect.experiments.survey.study import point_correlations

        about = next((s.sample_metadata for s in scores if NAMES in (s.sample_metadata or {})), None) or {}
        names = tuple(about.get(NAMES, ()))
        entities = Entities(names, tuple(about.get(CATEGORIES, ("",) * len(names))))
        entries = [sample.score.metadata or {} for sample in scores]
        votes = votes_of(entries, len(entities))
        rated = all(votes[question].raters for question in QUESTIONS)
        found = point_correlations(entities, votes) if rated else {"": math.nan}
        results = {f"spearman_{name}" if name else "spearman": value for name, value in found.items()}
        for question in QUESTIONS:
            results[f"kendall_w_{question}"] = votes[question].agreement()
            results[f"raters_{question}"] = float(votes[question].raters)
            results |= {
                f"{fault}_{question}": float(count) for fault, count in votes[question].faults.items()
            }
        return results

    return compute


@scorer(metrics=[survey_correlation()])
def survey_reply(format: str = "ranking") -> Scorer:
    """Read a rater's reply; the value is the share of the list (of the pairs) that it orders.

    Metadata: ``hm_survey`` (the question), ``hm_ranking`` (indices of the entities as listed in the sample, highest
    first) or ``hm_pairs`` ("winner>loser"), ``hm_missing``, ``hm_doubled``, ``hm_invented``, ``hm_respelled``, and
    ``hm_status``, ``unparsed`` where less than half could be read. ``hm_kind`` is "ranking", which has no error and
    which `hotmess analyze` leaves alone.

    Args:
        format: "ranking" or "pairs".
    """

    async def score(state: TaskState, target: Target) -> Score:
        from hotmess_inspect.experiments.survey.prompts import rater_number
        from hotmess_inspect.experiments.survey.replies import read_comparisons, read_ranking

        names: Sequence[str] = state.metadata[NAMES]
        reply = state.output.completion
        entries: dict[str, Any] = {
            "hm_kind": "ranking",
            "hm_epoch": state.epoch,
            "hm_survey": state.metadata[QUESTION],
            "hm_rater": rater_number(state.metadata[QUESTION], state.epoch),
        }
        if format == "pairs":
            asked = [(int(a), int(b)) for a, b in state.metadata.get("survey_pairs", [])]
            duels = read_comparisons(reply, asked)
            usable, share = duels.usable, len(duels.won) / max(1, len(asked))
            entries["hm_pairs"] = " ".join(f"{winner}>{loser}" for winner, loser in duels.won)
            entries |= {
                "hm_missing": duels.missing, "hm_doubled": duels.doubled, "hm_invented": duels.invented
            }  # fmt: skip
        else:
            ranking = read_ranking(reply, names)
            usable, share = ranking.usable, len(ranking.order) / len(names)
            entries["hm_ranking"] = " ".join(map(str, ranking.order))
            entries |= {
                f"hm_{fault}": getattr(ranking, fault)
                for fault in ("missing", "doubled", "invented", "respelled")
            }
        status = sample_status(state)
        entries["hm_status"] = status if usable else "unparsed"
        return Score(
            value=share,
            answer=entries.get("hm_ranking", entries.get("hm_pairs")),
            metadata=entries | sample_lengths(state),
        )

    return score
