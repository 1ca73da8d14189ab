"""The components that Inspect finds, registered when this module is imported (by `_registry`).

Inspect imports it at every start, so it must be cheap and must never raise: modules
named here import nothing heavy at their top level (no torch, pandas, matplotlib, datasets, docker).

A component that is imported here is found under two names: ``hotmess_inspect/<name>``, which Inspect
derives from the package, and ``hotmess/<name>``, which people type.
"""

from inspect_ai.model import modelapi
from inspect_ai.util import registry_info

from hotmess_inspect._inspect_private import register_as
from hotmess_inspect.experiments.model_written.scorer import aligned_choice, answer_embedding
from hotmess_inspect.experiments.model_written.solver import model_written_question
from hotmess_inspect.experiments.optimizer.scorer import walk_end, walk_incoherence
from hotmess_inspect.experiments.optimizer.walk import walk
from hotmess_inspect.experiments.survey.scorer import survey_correlation, survey_reply
from hotmess_inspect.experiments.survey.solver import survey_rater
from hotmess_inspect.multiple_choice.ensemble import ensemble
from hotmess_inspect.multiple_choice.expected import expected_letters
from hotmess_inspect.multiple_choice.scorer import choice_scorer
from hotmess_inspect.multiple_choice.solver import ask_choice
from hotmess_inspect.plugin.at_end import subscribe
from hotmess_inspect.plugin.at_start import subscribe_start
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.reducer import decomposition
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.plugin.viewer import when_used
from hotmess_inspect.simulated.provider import hotmess
from hotmess_inspect.swebench.agent import swebench_setup
from hotmess_inspect.swebench.best_of import best_of
from hotmess_inspect.swebench.docker_sandbox import docker_provider
from hotmess_inspect.swebench.gate import swebench_gate
from hotmess_inspect.swebench.scorer import swebench_official, swebench_scorer
from hotmess_inspect.tasks.gpqa import gpqa
from hotmess_inspect.tasks.mmlu import mmlu
from hotmess_inspect.tasks.model_written import model_written
from hotmess_inspect.tasks.optimizer import optimizer
from hotmess_inspect.tasks.suite import suite
from hotmess_inspect.tasks.survey import survey
from hotmess_inspect.tasks.swebench import swebench

docker_provider()  # so that logs with sandboxes of its type can be read

_COMPONENTS: list[object] = [
    incoherence,
    decomposition,
    repeat,
    hotmess,
    swebench_scorer,
    swebench_official,
    swebench_setup,
    swebench_gate,
    best_of,
    swebench,
    walk,
    walk_end,
    walk_incoherence,
    optimizer,
    choice_scorer,
    ask_choice,
    ensemble,
    expected_letters,
    gpqa,
    mmlu,
    suite,
    aligned_choice,
    answer_embedding,
    model_written_question,
    model_written,
    survey_correlation,
    survey_reply,
    survey_rater,
    survey,
]

PACKAGE = "hotmess_inspect"
ALIAS = "hotmess"


def _add_alias(component: object) -> None:
    info = registry_info(component)
    if info.type == "modelapi":
        _serve_models_under_both_names(component, info.name)
        return
    name = info.name.removeprefix(f"{PACKAGE}/")
    if name == info.name:
        # A source tree that is not installed, or a reducer that was given its name.
        register_as(component, f"{PACKAGE}/{name}")
    if info.type == "scorer":
        # Logs hold scorers without their package: `inspect score LOG` looks for the bare name.
        register_as(component, name)
    register_as(component, f"{ALIAS}/{name}")


def _serve_models_under_both_names(provider: object, registered: str) -> None:
    # A provider is looked up by what stands before the first slash of `--model`, whatever the package.
    served = registered.rsplit("/", 1)[-1]
    modelapi(name=PACKAGE if served == ALIAS else ALIAS)(lambda: provider)


for _component in _COMPONENTS:
    _add_alias(_component)

when_used(subscribe)
when_used(subscribe_start)
