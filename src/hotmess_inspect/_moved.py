"""Modules of the first release under their old names: the documented import paths keep working.

Each old package is a folder whose ``__init__`` calls :func:`stand_in`. Nothing is imported before a name is asked for,
and what is found is the object of the new module itself, so that nothing exists twice.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

PACKAGE = "hotmess_inspect"
_SAME_NAMES = {
    ("analysis", "results"): "analyze compare grader guards lengths questions",
    ("analysis", "plugin"): "annotate annotation_view at_end",
    ("analysis", "io"): (
        "archive inspect_reader json_log log_file logs own_scores records sources transcripts"
    ),
    ("analysis", "render"): (
        "export report report.figures report.html report.page report.reading report.sections "
        "report.style text viz"
    ),
    ("choices", "multiple_choice"): (
        "clean contexts expected files formats hub letters logprobs prompts question rows scorer "
        "solver source stated task words"
    ),
    ("model_written", "experiments.model_written"): "answers embedders rows scorer sets solver",
    ("optimizer", "experiments.optimizer"): (
        "data device_tokens figures measures model presets problem prompt provider quadratic "
        "rollout scorer steps study tokens train trained walk"
    ),
    ("outcomes", "table"): "build columns questions tally",
    ("outcomes", "io"): "frames",
    ("scoring", "plugin"): "incoherence lengths options reducer repeat summary viewer",
    ("statistics", "analyses"): (
        "answers budgets ensembling grader groups lengths nulls overthinking plane summaries"
    ),
    ("statistics", "inference"): "power_laws regression",
    ("statistics", "results"): "warnings",
    ("studies", "experiments.studies"): "budgets command models runs",
    ("survey", "experiments.survey"): (
        "bradley_terry entities figure prompts ranks reading replies scorer solver study tables votes"
    ),
}
"""Modules that kept their names, by the old package and the room that they went to."""
_OTHER_NAMES = {
    "analysis.cluster": "io.parallel",
    "analysis.columns": "io.event_columns",
    "analysis.rows": "io.log_rows",
    "analysis.tables": "render.frames",
    "choices": "multiple_choice",
    "model_written": "experiments.model_written",
    "optimizer": "experiments.optimizer",
    "outcomes": "table",
    "outcomes.files": "io.tables",
    "outcomes.table": "table.outcomes",
    "scoring.metadata": "schema",
    "scoring.vectors": "vectors",
    "scoring.verdicts": "verdicts",
    "studies": "experiments.studies",
    "studies.ends": "experiments.studies.analysis",
    "suites.arguments": "plugin.suite_arguments",
    "suites.loading": "plugin.suite_loading",
    "suites.scorers": "plugin.suite_scorers",
    "survey": "experiments.survey",
}
MOVED = dict(
    sorted(
        {
            **_OTHER_NAMES,
            **{
                f"{old}.{m}": f"{new}.{m}" for (old, new), names in _SAME_NAMES.items() for m in names.split()
            },
        }.items()
    )
)
"""New module by old one, both below the package."""


def stand_in(package: str) -> None:
    """Make the old modules of a package importable.

    Args:
        package: Full name of the old package, which is being imported.
    """
    below = package.removeprefix(f"{PACKAGE}.")
    for old, new in MOVED.items():
        name = f"{PACKAGE}.{old}"
        if old == below:
            _forward(sys.modules[name], new)
        elif old.startswith(f"{below}.") and name not in sys.modules:
            module = ModuleType(name, f"Moved to {PACKAGE}.{new}.")
            if any(other.startswith(f"{old}.") for other in MOVED):
                module.__path__ = []
            sys.modules[name] = module
            _forward(module, new)
    for old in MOVED:
        parent, _, last = old.rpartition(".")
        if parent == below or parent.startswith(f"{below}."):
            setattr(sys.modules[f"{PACKAGE}.{parent}"], last, sys.modules[f"{PACKAGE}.{old}"])


def _forward(module: ModuleType, new: str) -> None:
    def __getattr__(name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{PACKAGE}.{new}"), name)

    def __dir__() -> list[str]:
        return dir(import_module(f"{PACKAGE}.{new}"))

    module.__dict__.update(__getattr__=__getattr__, __dir__=__dir__)
