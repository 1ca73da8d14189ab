"""The few places where the package reaches behind Inspect's public names.

Each function states what it needs, falls back to a stated value when Inspect has moved it, and is held
to the installed release by a contract test (``tests/test_inspect_private.py``). Nothing else in the
package imports a name from Inspect that starts with an underscore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_ai.dataset import Sample

__all__ = ["active_epoch", "active_sample", "prerequisite_error", "register_as"]


def active_sample() -> Sample | None:
    """The sample in whose context the caller runs, as the dataset gave it (with target and id).

    A model provider sees only messages; which question and which epoch they belong to is known to
    the sample's own context alone.

    Returns:
        The sample, or ``None`` outside a running sample or where Inspect no longer tells.
    """
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return None
    active = sample_active()
    return None if active is None else getattr(active, "sample", None)


def active_epoch() -> int | None:
    """The epoch, counted from 1, in whose context the caller runs.

    Returns:
        The epoch, or ``None`` outside a running sample or where Inspect no longer tells.
    """
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return None
    active = sample_active()
    return None if active is None else getattr(active, "epoch", None)


def prerequisite_error(message: str) -> Exception:
    """An error of the user's set-up, which Inspect's command line prints as one sentence.

    Args:
        message: What is wrong and what mends it.

    Returns:
        Inspect's ``PrerequisiteError`` where it can be had, else a ``ValueError``; to be raised.
    """
    try:
        from inspect_ai._util.error import PrerequisiteError
    except ImportError:
        return ValueError(message)
    return PrerequisiteError(message)


def register_as(component: object, name: str) -> None:
    """Let Inspect find a component under another name; its decorators always put the package's name in front.

    Args:
        component: A task, scorer, metric, reducer or solver that carries Inspect's registry information.
        name: The further name. Where Inspect has moved its registry nothing happens, and the component
            keeps the names it has.
    """
    try:
        from inspect_ai._util.registry import registry_add, registry_info
    except ImportError:
        return
    registry_add(component, registry_info(component).model_copy(update={"name": name}))
