"""What the epochs of logs cost: tokens read and wall-clock time, from the logs' own totals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hotmess_inspect.io.logs import LogInfo


class EpochCost(NamedTuple):
    """Means per epoch; NaN where no log says.

    Attributes:
        input_tokens: Tokens that the evaluated model read, cached ones included.
        seconds: Wall-clock time of the whole run over its epochs, at the parallelism that it ran with.
    """

    input_tokens: float
    seconds: float


def epoch_costs(logs: Iterable[LogInfo]) -> dict[tuple[str, str], EpochCost]:
    """Costs by task and model, over all finished logs of them.

    Args:
        logs: Headers of logs, as `read_inputs` gives them.
    """
    from inspect_ai.log import read_eval_log

    sums: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for info in logs:
        try:
            log = read_eval_log(info.path, header_only=True)
        except (OSError, ValueError):
            continue
        epochs = log.results.completed_samples if log.results else 0
        if not epochs:
            continue
        usage = log.stats.model_usage.get(log.eval.model)
        read = math.nan
        if usage is not None:
            read = (
                usage.input_tokens
                + (usage.input_tokens_cache_read or 0)
                + (usage.input_tokens_cache_write or 0)
            )
        try:
            times = [datetime.fromisoformat(text) for text in (log.stats.started_at, log.stats.completed_at)]
            seconds = (times[1] - times[0]).total_seconds()
        except ValueError:
            seconds = math.nan
        sums.setdefault((info.task, info.model), []).append((epochs, read, seconds))
    return {key: EpochCost(_mean(own, 1), _mean(own, 2)) for key, own in sums.items()}


def _mean(own: list[tuple[int, float, float]], column: int) -> float:
    known = [row for row in own if not math.isnan(row[column])]
    return sum(row[column] for row in known) / sum(row[0] for row in known) if known else math.nan
