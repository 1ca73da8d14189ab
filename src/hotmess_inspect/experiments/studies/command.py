"""What the presets that run several models share: options, running, and saying the cost first."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from inspect_ai import Task
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model

from hotmess_inspect._inspect_private import prerequisite_text
from hotmess_inspect.experiments.studies.cost import amount, planned_cost, say
from hotmess_inspect.experiments.studies.runs import Run, read_run, run_set
from hotmess_inspect.io.writing import replacing
from hotmess_inspect.multiple_choice.formats import FORMATS
from hotmess_inspect.schema import CLASS_LOSSES, ESTIMATORS, ClassLoss, json_value
from hotmess_inspect.words import counted

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
    parser.add_argument("--contexts", type=int, default=10, help="few-shot contexts; 0 is zero-shot")
    parser.add_argument("--repeats", type=int, default=3, help="epochs per context")
    parser.add_argument(
        "--format",
        default="letter",
        choices=FORMATS,
        help="a letter, stated probabilities or log-probabilities",
    )
    parser.add_argument(
        "--cot",
        action=argparse.BooleanOptionalAction,
        help="ask for reasoning; if not given, where there are no examples to answer like",
    )
    parser.add_argument(
        "--loss",
        dest="losses",
        action="append",
        choices=CLASS_LOSSES[:2],
        help="brier or kl, the paper's main measure; both if not given",
    )
    parser.add_argument("--json", dest="json_file", metavar="FILE", help="write all numbers into this file")
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


def as_command(main: Callable[[], None]) -> None:
    """Run a preset's `main`; what the caller must mend ends it with one sentence and exit status 1."""
    try:
        main()
    except Exception as error:
        text = str(error) if isinstance(error, (ValueError, OSError)) else prerequisite_text(error)
        if text is None:
            raise
        sys.exit(f"Error: {text}")


def design(given: argparse.Namespace, **fixed: Any) -> dict[str, Any]:
    """How questions are asked, as parameters of `hotmess/gpqa` and `hotmess/mmlu`."""
    names = ("dataset", "questions", "contexts", "repeats", "seed", "format", "cot")
    asked = {name: getattr(given, name) for name in names} | fixed
    return {**asked, "cot": zero_shot_cot(asked["cot"], asked["contexts"], asked["format"])}


def zero_shot_cot(cot: bool | None, contexts: int, format: str) -> bool:
    """Whether reasoning is asked for: as told, else where there are no examples and the answer is written."""
    return not contexts and format != "logprob" if cot is None else cot


def present(
    given: argparse.Namespace,
    name: str,
    compute: Callable[[ClassLoss], Any],
    text: Callable[[Any], str],
    part: str = "",
) -> None:
    """Print what a study shows under each loss, and write it where `--json` says.

    Args:
        given: What `options` parsed.
        name: Name of the study.
        compute: Its numbers under a loss.
        text: The numbers as text.
        part: What part of the models it is about, where there are several.
    """
    made = []
    for loss in dict.fromkeys(given.losses or CLASS_LOSSES[:2]):
        found, estimator = compute(loss), ESTIMATORS[loss][0]
        print(f"{f'{part}, ' if part else ''}loss {loss}, {estimator}\n{text(found)}\n")
        made.append({"loss": loss, "estimator": estimator, "part": part or None, "result": _plain(found)})
    if given.json_file:
        path = Path(given.json_file)
        # Parts of one call come one after the other into the same file.
        earlier = getattr(given, "written", [])
        given.written = [*earlier, *made]
        whole = {"schema": 1, "study": name, "results": given.written}
        with replacing(str(path), "JSON") as file:
            Path(file).write_text(json.dumps(json_value(whole), indent=1) + "\n", encoding="utf-8")


def _plain(found: Any) -> Any:
    """Dataclasses, arrays and tuples as dictionaries and lists."""
    if is_dataclass(found) and not isinstance(found, type):
        return {field.name: _plain(getattr(found, field.name)) for field in fields(found)}
    if isinstance(found, np.ndarray):
        return found.tolist()
    if isinstance(found, tuple | list):
        return [_plain(entry) for entry in found]
    return found


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
    if not settings.cost_only:
        for _, model in plan.values():
            if isinstance(model, str):
                get_model(model)  # what cannot be called is refused before a cost is announced
    for cost in costs:
        say(cost.sentence())
    read, written = (sum(cost.total[place] for cost in costs) for place in (0, 1))
    say(
        f"{counted(len(costs), 'run')}, {amount(read)} input and {amount(written)} output tokens in all, less what "
        f"{settings.log_dir} holds already"
    )
    if settings.cost_only:
        return {}
    return read_study(run_set(plan, settings.log_dir, display=settings.display))


def read_study(logs: Mapping[str, EvalLog]) -> dict[str, Run]:
    """The runs behind the logs of a study."""
    return {label: read_run(log.location, label) for label, log in logs.items()}
