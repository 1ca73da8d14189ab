"""What differs between the releases of Inspect that the package supports, asked by name and not by number.

Releases from 0.3.241 on are supported. Five things came later: a task's headline metric, the plan that hooks see when a task
starts, the reason of an abnormal score, the error of a sandbox that no longer runs, and ``ViewerConfig(trust_content=False)``, which older releases take without a word and
ignore. On those the viewer renders what models wrote whatever a task says, so free text that the scorers of
this package copy into a score has its markup escaped (`shown`). A transcript's own messages cannot be
mended from here: runs of models whose output is not to be rendered need a release that has
``trust_content``.

Only public names of Inspect are used; ``tests/contract/test_versions.py`` holds them to the installed release.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.log import HeadlineMetric
    from inspect_ai.scorer import Score

__all__ = [
    "OLDEST",
    "headline_metric",
    "reason_of",
    "sandbox_unavailable",
    "say_if_too_old",
    "score_with_reason",
    "shown",
    "too_old",
    "trust_is_known",
    "unscored",
    "untrusted",
]

OLDEST = "0.3.241"
REASON = "unscored_reason"

# Everything that begins something in Markdown, HTML or mathematics; plain sentences, numbers, paths and
# names without brackets stay as they are.
_MARKUP = re.compile(r"[\\`*_\[\]<>&$#|~!]|:(?=//)")


def too_old(version: str | None = None) -> str:
    """Why the installed Inspect does not do, in one sentence; empty if it does.

    Args:
        version: Version to judge; the installed one if None. A version without three numbers at its start
            (a checkout) is taken to do.
    """
    if version is None:
        from importlib import metadata

        try:
            version = metadata.version("inspect-ai")
        except metadata.PackageNotFoundError:
            return ""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    least = tuple(map(int, OLDEST.split(".")))
    if found is None or tuple(map(int, found.groups())) >= least:
        return ""
    return (
        f"hotmess-inspect needs inspect-ai {OLDEST} or newer, and {version} is installed: "
        "pip install --upgrade inspect-ai"
    )


def say_if_too_old() -> bool:
    """Whether Inspect is too old; says so on stderr where the command line names this package.

    Inspect loads every installed plug-in at every start, so evaluations of others hear nothing.
    """
    problem = too_old()
    if problem and any("hotmess" in argument for argument in sys.argv):
        print(problem, file=sys.stderr)
    return bool(problem)


def headline_metric(scorer: str | None, metric: str) -> HeadlineMetric | None:
    """The number that listings show for a task, or None where Inspect has no such thing."""
    try:
        from inspect_ai.log import HeadlineMetric
    except ImportError:
        return None
    return HeadlineMetric(scorer=scorer, metric=metric)


def score_with_reason(reason: str | None, **fields: Any) -> Score:
    """A score with the reason why it is abnormal.

    Args:
        reason: The reason. Where scores have no such field it goes to ``metadata["unscored_reason"]``, from
            where newer releases read it.
        **fields: All other fields of `inspect_ai.scorer.Score`.
    """
    from inspect_ai.scorer import Score

    if "reason" in Score.model_fields:
        return Score(reason=reason, **fields)
    if reason is not None:
        fields["metadata"] = {**(fields.get("metadata") or {}), REASON: reason}
    return Score(**fields)


def unscored(reason: str, *, explanation: str, metadata: dict[str, Any] | None = None) -> Score:
    """A score that metrics and reducers leave out: its value is NaN, and why is said."""
    return score_with_reason(reason, value=float("nan"), explanation=explanation, metadata=metadata)


def reason_of(score: Score) -> str | None:
    """The reason of an abnormal score, wherever the release keeps it; None if there is none."""
    found = getattr(score, "reason", None) or (score.metadata or {}).get(REASON)
    return None if found is None else str(found)


def sandbox_unavailable() -> tuple[type[Exception], ...]:
    """What a sandbox that no longer runs raises; empty where its commands fail like any other instead."""
    try:
        from inspect_ai.util import SandboxUnavailableError
    except ImportError:
        return ()
    return (SandboxUnavailableError,)


def trust_is_known() -> bool:
    """Whether the installed viewer can be told to show content as plain text."""
    from inspect_ai.viewer import ViewerConfig

    return "trust_content" in ViewerConfig.model_fields


def untrusted() -> dict[str, Any]:
    """The entry of a `ViewerConfig` by which content is shown as plain text; empty where there is none."""
    return {"trust_content": False} if trust_is_known() else {}


def shown(text: str) -> str:
    r"""Free text of a model, as a score may show it.

    Where the viewer can be told not to trust content the text stays as it is. Else every character that
    begins Markdown, HTML, mathematics or an address gets a backslash before it, which shows the character itself.

    Examples:
        >>> shown("forty-two, 3.14 and a/b.py")
        'forty-two, 3.14 and a/b.py'
    """
    return text if trust_is_known() else _MARKUP.sub(r"\\\g<0>", text)
