"""What the presets that run several models share: options, running, and saying the cost first."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from inspect_ai import Task
from inspect_ai.log import EvalLog
from inspect_ai.model import Model

from hotmess_inspect.experiments.studies.cost import amount, planned_cost, say
from hotmess_inspect.experiments.studies.runs import Run, read_run, run_set

Plan = Mapping[str, tuple[Task, str | Model]]


def options(description: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """A parser with the options that every study has.

    Args:
        description: The module's docstring.
        defaults: Other defaults than the usual ones.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log-dir", required=True, help="folder of the logs; runs in it are continued")
    parser.add_argument("--dataset", default="hub", help="hub, or a local file in the published schema")
    parser.add_argument("--questions", type=int, help="questions to draw; all if not given")
    parser.add_argument("--contexts", type=int, default=0, help="few-shot contexts; 0 is zero-shot")
    parser.add_argument("--repeats", type=int, default=10, help="epochs per context")
    parser.add_argument("--output-tokens", type=float, default=2000, help="declared output tokens per epoch")
    parser.add_argument("--measured", help="log of a few questions: take the tokens per epoch from it")
    parser.add_argument("--resamples", type=int, default=2000, help="bootstrap replicates")
    parser.add_argument("--seed", type=int, default=0, help="of draws, contexts and bootstrap")
    parser.add_argument(
        "--display", default="plain", help="Inspect's display: full, rich, plain, log or none"
    )
    parser.add_argument("--cost-only", action="store_true", help="say the cost and stop")
    parser.set_defaults(**defaults)
    return parser


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add -M, as `inspect eval` has it, for studies of models of several sizes."""
    parser.add_argument(
        "-M",
        dest="model_args",
        action="append",
        default=[],
        help="model argument for all; {size} is the size",
    )


def run_study(plan: Plan, settings: argparse.Namespace, tokens: Callable[[str], float]) -> dict[str, Run]:
    """Say what a study costs, run what its folder lacks, and read the logs.

    Args:
        plan: Task and model by label.
        settings: What `options` parsed.
        tokens: Declared output tokens per epoch of the run with a label.

    Returns:
        Runs by label, in the order of the plan; empty with ``--cost-only``.
    """
    costs = [
        planned_cost(label, task, output_tokens=tokens(label), measured=settings.measured)
        for label, (task, _) in plan.items()
    ]
    for cost in costs:
        say(cost.sentence())
    read, written = (sum(cost.total[place] for cost in costs) for place in (0, 1))
    say(
        f"{len(costs)} runs, {amount(read)} input and {amount(written)} output tokens in all, less what "
        f"{settings.log_dir} holds already"
    )
    if settings.cost_only:
        return {}
    return read_study(run_set(plan, settings.log_dir, display=settings.display))


def read_study(logs: Mapping[str, EvalLog]) -> dict[str, Run]:
    """The runs behind the logs of a study."""
    return {label: read_run(log.location, label) for label, log in logs.items()}
