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
MOVED = {
    "analysis.analyze": "results.analyze",
    "analysis.annotate": "plugin.annotate",
    "analysis.annotation_view": "plugin.annotation_view",
    "analysis.archive": "io.archive",
    "analysis.at_end": "plugin.at_end",
    "analysis.cluster": "io.parallel",
    "analysis.columns": "io.event_columns",
    "analysis.compare": "results.compare",
    "analysis.export": "render.export",
    "analysis.grader": "results.grader",
    "analysis.guards": "results.guards",
    "analysis.inspect_reader": "io.inspect_reader",
    "analysis.json_log": "io.json_log",
    "analysis.lengths": "results.lengths",
    "analysis.log_file": "io.log_file",
    "analysis.logs": "io.logs",
    "analysis.own_scores": "io.own_scores",
    "analysis.questions": "results.questions",
    "analysis.records": "io.records",
    "analysis.report": "render.report",
    "analysis.report.figures": "render.report.figures",
    "analysis.report.html": "render.report.html",
    "analysis.report.page": "render.report.page",
    "analysis.report.reading": "render.report.reading",
    "analysis.report.sections": "render.report.sections",
    "analysis.report.style": "render.report.style",
    "analysis.rows": "io.log_rows",
    "analysis.sources": "io.sources",
    "analysis.tables": "render.frames",
    "analysis.text": "render.text",
    "analysis.transcripts": "io.transcripts",
    "analysis.viz": "render.viz",
    "choices": "multiple_choice",
    "choices.clean": "multiple_choice.clean",
    "choices.contexts": "multiple_choice.contexts",
    "choices.expected": "multiple_choice.expected",
    "choices.files": "multiple_choice.files",
    "choices.formats": "multiple_choice.formats",
    "choices.hub": "multiple_choice.hub",
    "choices.letters": "multiple_choice.letters",
    "choices.logprobs": "multiple_choice.logprobs",
    "choices.prompts": "multiple_choice.prompts",
    "choices.question": "multiple_choice.question",
    "choices.rows": "multiple_choice.rows",
    "choices.scorer": "multiple_choice.scorer",
    "choices.solver": "multiple_choice.solver",
    "choices.source": "multiple_choice.source",
    "choices.stated": "multiple_choice.stated",
    "choices.task": "multiple_choice.task",
    "choices.words": "multiple_choice.words",
    "model_written": "experiments.model_written",
    "model_written.answers": "experiments.model_written.answers",
    "model_written.embedders": "experiments.model_written.embedders",
    "model_written.rows": "experiments.model_written.rows",
    "model_written.scorer": "experiments.model_written.scorer",
    "model_written.sets": "experiments.model_written.sets",
    "model_written.solver": "experiments.model_written.solver",
    "optimizer": "experiments.optimizer",
    "optimizer.data": "experiments.optimizer.data",
    "optimizer.device_tokens": "experiments.optimizer.device_tokens",
    "optimizer.figures": "experiments.optimizer.figures",
    "optimizer.measures": "experiments.optimizer.measures",
    "optimizer.model": "experiments.optimizer.model",
    "optimizer.presets": "experiments.optimizer.presets",
    "optimizer.problem": "experiments.optimizer.problem",
    "optimizer.prompt": "experiments.optimizer.prompt",
    "optimizer.provider": "experiments.optimizer.provider",
    "optimizer.quadratic": "experiments.optimizer.quadratic",
    "optimizer.rollout": "experiments.optimizer.rollout",
    "optimizer.scorer": "experiments.optimizer.scorer",
    "optimizer.steps": "experiments.optimizer.steps",
    "optimizer.study": "experiments.optimizer.study",
    "optimizer.tokens": "experiments.optimizer.tokens",
    "optimizer.train": "experiments.optimizer.train",
    "optimizer.trained": "experiments.optimizer.trained",
    "optimizer.walk": "experiments.optimizer.walk",
    "outcomes": "table",
    "outcomes.build": "table.build",
    "outcomes.columns": "table.columns",
    "outcomes.files": "io.tables",
    "outcomes.frames": "io.frames",
    "outcomes.questions": "table.questions",
    "outcomes.table": "table.outcomes",
    "outcomes.tally": "table.tally",
    "scoring.incoherence": "plugin.incoherence",
    "scoring.lengths": "plugin.lengths",
    "scoring.metadata": "schema",
    "scoring.options": "plugin.options",
    "scoring.reducer": "plugin.reducer",
    "scoring.repeat": "plugin.repeat",
    "scoring.summary": "plugin.summary",
    "scoring.vectors": "vectors",
    "scoring.verdicts": "verdicts",
    "scoring.viewer": "plugin.viewer",
    "statistics.answers": "analyses.answers",
    "statistics.budgets": "analyses.budgets",
    "statistics.ensembling": "analyses.ensembling",
    "statistics.grader": "analyses.grader",
    "statistics.groups": "analyses.groups",
    "statistics.lengths": "analyses.lengths",
    "statistics.nulls": "analyses.nulls",
    "statistics.overthinking": "analyses.overthinking",
    "statistics.plane": "analyses.plane",
    "statistics.power_laws": "inference.power_laws",
    "statistics.regression": "inference.regression",
    "statistics.summaries": "analyses.summaries",
    "statistics.warnings": "results.warnings",
    "studies": "experiments.studies",
    "studies.budgets": "experiments.studies.budgets",
    "studies.command": "experiments.studies.command",
    "studies.ends": "experiments.studies.ends",
    "studies.models": "experiments.studies.models",
    "studies.runs": "experiments.studies.runs",
    "suites.arguments": "plugin.suite_arguments",
    "suites.loading": "plugin.suite_loading",
    "suites.scorers": "plugin.suite_scorers",
    "survey": "experiments.survey",
    "survey.bradley_terry": "experiments.survey.bradley_terry",
    "survey.entities": "experiments.survey.entities",
    "survey.figure": "experiments.survey.figure",
    "survey.prompts": "experiments.survey.prompts",
    "survey.ranks": "experiments.survey.ranks",
    "survey.reading": "experiments.survey.reading",
    "survey.replies": "experiments.survey.replies",
    "survey.scorer": "experiments.survey.scorer",
    "survey.solver": "experiments.survey.solver",
    "survey.study": "experiments.survey.study",
    "survey.tables": "experiments.survey.tables",
    "survey.votes": "experiments.survey.votes",
}
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
            _lend(sys.modules[name], new)
        elif old.startswith(f"{below}.") and name not in sys.modules:
            module = ModuleType(name, f"Moved to {PACKAGE}.{new}.")
            if any(other.startswith(f"{old}.") for other in MOVED):
                module.__path__ = []
            sys.modules[name] = module
            _lend(module, new)
    for old in MOVED:
        parent, _, last = old.rpartition(".")
        if parent == below or parent.startswith(f"{below}."):
            setattr(sys.modules[f"{PACKAGE}.{parent}"], last, sys.modules[f"{PACKAGE}.{old}"])


def _lend(module: ModuleType, new: str) -> None:
    def __getattr__(name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{PACKAGE}.{new}"), name)

    def __dir__() -> list[str]:
        return dir(import_module(f"{PACKAGE}.{new}"))

    module.__dict__.update(__getattr__=__getattr__, __dir__=__dir__)
