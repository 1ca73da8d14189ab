"""The published data sets on the Hugging Face hub, at pinned commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotmess_inspect.io.hub import load_from_hub
from hotmess_inspect.words import counted

__all__ = ["GPQA", "MMLU", "HubSource", "hub_rows"]


@dataclass(frozen=True)
class HubSource:
    """Where a data set lives.

    Attributes:
        path: Name on the hub.
        revision: Commit that is loaded unless another one is asked for.
        rows: Number of rows of each configuration and split, as ``config/split``.
        gated: Whether the hub asks for an account and for agreement to its terms.
    """

    path: str
    revision: str
    rows: Mapping[str, int]
    gated: bool = False


# The numbers of rows are those of the papers (Rein et al. 2023, table 2; Hendrycks et al. 2021). MMLU's
# commit is the one that inspect_evals loads, GPQA's the one that public benchmarks pin.
GPQA = HubSource(
    "Idavidrein/gpqa",
    "633f5ee89ab8ad4522a9f850766b73f62147ffdd",
    {"gpqa_main/train": 448, "gpqa_diamond/train": 198, "gpqa_extended/train": 546},
    gated=True,
)
MMLU = HubSource(
    "cais/mmlu",
    "c30699e8356da336a370243923dbaf21066bb9fe",
    {"all/test": 14_042, "all/dev": 285, "all/validation": 1_531},
)


def hub_rows(
    source: HubSource, config: str, splits: Sequence[str], *, revision: str | None = None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Load rows from the hub, or from the local cache of an earlier load.

    Args:
        source: The data set.
        config: Name of its configuration.
        splits: Splits, in order.
        revision: Commit to load instead of the pinned one.

    Yields:
        Where the row stands, and the row.

    Raises:
        ValueError: If the data set cannot be loaded (what to do about it is said), or has another number of
            rows than it was published with.
    """
    commit = revision or source.revision
    for split in splits:
        name = f"{source.path}/{config}/{split} at {commit[:12]}"
        try:
            rows = load_from_hub(source.path, config, split=split, revision=commit)
        except Exception as error:
            # The hub's client raises errors of many kinds; all of them mean that there are no rows.
            raise ValueError(_advice(source, name, error)) from error
        expected = source.rows.get(f"{config}/{split}")
        if revision is None and expected is not None and len(rows) != expected:
            raise ValueError(f"{name} has {counted(len(rows), 'row')}, but was published with {expected}")
        yield from ((f"{name}, row {number}", row) for number, row in enumerate(rows, 1))


def _advice(source: HubSource, name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    if source.gated:
        advice = (
            f"{source.path} is gated: accept its terms on https://huggingface.co/datasets/{source.path} and "
            "run `huggingface-cli login` (or set HF_TOKEN), or give a local copy with -T dataset=PATH"
        )
    else:
        advice = "without a network, give a local copy with -T dataset=PATH"
    return f"{name} could not be loaded from the hub; {advice} ({type(error).__name__}: {reason})"
