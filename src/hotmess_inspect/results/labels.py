"""Names of groups that are shown together."""

from __future__ import annotations

from collections.abc import Sequence

from hotmess_inspect.results.analyze import GroupResult, group_name
from hotmess_inspect.results.variants import VariantNames


def label_of(result: GroupResult, results: Sequence[GroupResult]) -> str:
    """A group's name, as short as it can be among the others."""
    group = result.group
    several = {
        name: len({getattr(r.group, name) for r in results}) > 1
        for name in ("task", "model", "scorer", "measure")
    }
    parts = [
        getattr(group, name)
        for name in ("model", "task", "scorer", "measure")
        if several[name] or name == "model"
    ]
    parts.append(VariantNames(results).of(result))
    return " · ".join(str(part) for part in parts if part) or group_name(group)
