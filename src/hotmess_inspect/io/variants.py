"""Which settings make two runs of one task and model different experiments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Set
from pathlib import PurePosixPath
from typing import Any

from hotmess_inspect.io.records import HeaderRecord

# Generation settings that decide when and where a call is made, not what is drawn.
_OPERATIONAL = frozenset(
    {"seed", "cache", "cache_prompt", "batch", "timeout", "attempt_timeout", "stream_idle_timeout"}
    | {"max_retries", "max_connections", "adaptive_connections", "extra_headers", "num_choices"}
    | {"logprobs", "top_logprobs", "prompt_logprobs"}
)
_REPEATS = frozenset({"seed", "epochs"})
# What of a set a run takes, and what only checks or announces: shards of one run are one experiment. Arguments that
# change how a question is asked are not listed.
_COST = frozenset({"output_tokens", "measured"})
_SETS = frozenset({"sets", "questions"})
_SUBJECTS = frozenset({"subjects", "per_subject", "questions", "checksum"})
_CHOOSING = {
    "swebench": frozenset({"instances", "difficulty", "preflight"}),
    "gpqa": frozenset({"domains", "questions", "checksum"}),
    "mmlu": _SUBJECTS,
    "model_written": _SETS,
    "optimizer": frozenset({"starts"}),
}
_PRESETS = {
    "gpqa_paper": {"questions"} | _COST,
    "mmlu_paper": _SUBJECTS | _COST,
    "model_written_paper": _SETS | _COST,
    "reasoning_budgets": {"questions"},
    **dict.fromkeys(("difficulty_groups", "model_families", "ensembling"), {"questions"} | _COST),
    "optimizer_paper": {"starts"},
    "optimizer_laptop": {"starts"},
}
"""The same of the presets in tasks/, which are files, so that no package's name stands before theirs."""
_CONTEXTS_SEED = re.compile(r"(?<= choices), seed \d+$")
"""End of the name of a few-shot design: contexts of another seed are further contexts of the same design."""
_OURS = ("hotmess", "hotmess_inspect")
_SCRIPTED = frozenset({"custom_outputs"})
"""What a scripted model is to answer: the draws themselves, with ids and times of their own in every run."""
FORK = "hotmess_fork"
"""Field of a log's metadata that says from which step its epochs went on: given that path they are drawn, so they
are never pooled with epochs from the beginning."""
_CONFIG = (
    *(
        "message_limit",
        "token_limit",
        "token_limit_type",
        "turn_limit",
        "time_limit",
        "working_limit",
        "cost_limit",
    ),
    *("approval", "review", "sentinel"),
)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+", re.IGNORECASE)
_SECRET = re.compile(
    r"(api|access|private|secret|auth)[_-]?key|secret|passw(or)?d|credential|bearer|authorization|"
    r"(^|[_-])(auth|access|api|hf|github|session)[_-]?token$|^token$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\b(sk|pk|ghp|gho|hf|xox[bp]|AKIA)[-_A-Za-z0-9]{12,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_IN_ADDRESS = re.compile(r"//[^/@\s]+@|\?.*$")


def variant_of(header: HeaderRecord, scorer: str | None = None) -> str:
    """The settings that make two runs of one task and model different experiments, as sorted JSON.

    Task arguments (but ``seed`` and ``epochs``, and what only chooses questions of our tasks), task version, the solver
    and the steps of the plan with the arguments passed to them, the sandbox, the model's own arguments, address and
    roles, generation settings that change what is drawn, limits and policies, the data set's name and file, and the
    options of the scorer. The number of epochs and the random seed only say how often is drawn. What looks
    like a secret is left out of the model's arguments and stands as a digest elsewhere.

    Args:
        header: The log's header.
        scorer: Name of the score, for the options of the scorer that gave it; ``None`` leaves them out.
    """
    spec = header.eval
    choosing = _choosing(header)
    settings: dict[str, Any] = {
        **_named("task.", {k: v for k, v in spec.task_args.items() if k not in choosing}),
        **_named("solver.", spec.solver_args or {}),
        **_named("model.", _without_secrets(spec.model_args)),
        **_drawn(header.plan.config, spec.model_generate_config),
        **_roles(spec.model_roles),
        **{name: getattr(spec.config, name) for name in _CONFIG},
        **_steps(header.plan.steps, {**spec.task_args, **(spec.solver_args or {})}),
        "sandbox": _sandbox(spec.sandbox),
        **({} if scorer is None else _scorer_options(spec.scorers, scorer)),
        "fork": spec.metadata.get(FORK) if isinstance(spec.metadata, dict) else None,
        "solver": spec.solver,
        "task_version": spec.task_version or None,
        "base_url": _IN_ADDRESS.sub(lambda m: "//" if m[0][0] == "/" else "", spec.model_base_url or "")
        or None,
        "dataset": spec.dataset.name,
        "dataset.location": PurePosixPath(str(spec.dataset.location)).name if spec.dataset.location else None,
    }
    return json.dumps({k: v for k, v in settings.items() if v is not None}, sort_keys=True, ensure_ascii=True)


def _choosing(header: HeaderRecord) -> Set[str]:
    """Arguments of one of our tasks, or of a preset that asks by our solvers, which do not change how a question is asked."""
    owner, _, task = header.eval.task.rpartition("/")
    if owner in _OURS:
        return _CHOOSING.get(task, frozenset())
    steps = header.plan.steps if isinstance(header.plan.steps, list) else []
    names = [str(step.get("solver")) for step in steps if isinstance(step, dict)]
    ours = any(name.rpartition("/")[0] in _OURS for name in names)
    return _PRESETS.get(task, frozenset()) if ours and not owner else frozenset()


def looks_secret(name: str, value: Any) -> bool:
    """Whether an argument is one that nobody wants printed, by its name or by what it looks like."""
    return bool(_SECRET.search(name)) or (isinstance(value, str) and bool(_SECRET_VALUE.search(value)))


def _named(prefix: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{k}": hidden(k, v) for k, v in arguments.items() if k not in _REPEATS}


def hidden(name: str, value: Any) -> Any:
    """The value of an argument, inside of it digests for secrets: two of them stay two."""
    if isinstance(value, dict):
        return {key: hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden(name, inner) for inner in value]
    if value is None or not looks_secret(name, value):
        return value
    return "hidden " + hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:8]


def _steps(steps: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """The plan's solvers and what was passed to each; functions among it stand by their names.

    What the task or solver was given and passes on under the same name is told already.
    """
    listed = [one for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []
    found: dict[str, Any] = {"plan": [one.get("solver") for one in listed] or None}
    for number, one in enumerate(listed, 1):
        passed = one.get("params_passed", one.get("params"))
        if isinstance(passed, dict):
            new = {k: v for k, v in passed.items() if k not in told or told[k] != v}
            named = _named(f"plan.{number}.{one.get('solver')}.", new)
            found |= {
                name: _CONTEXTS_SEED.sub("", value) if isinstance(value, str) else value
                for name, value in ((n, _without_addresses(v)) for n, v in named.items())
            }
    return found


def _without_addresses(value: Any) -> Any:
    """A value without the places in memory of objects that stand in it, which are others in every run."""
    if isinstance(value, dict):
        return {key: _without_addresses(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_addresses(inner) for inner in value]
    return _ADDRESS.sub("", value) if isinstance(value, str) else value


def _sandbox(sandbox: Any) -> Any:
    """The sandbox's type and configuration; of a file its name, which other machines have elsewhere."""
    if not isinstance(sandbox, dict):
        return sandbox
    config = sandbox.get("config")
    return [sandbox.get("type"), PurePosixPath(config).name if isinstance(config, str) else config]


def _without_secrets(arguments: Any) -> dict[str, Any]:
    """A model's arguments without its keys, which say who pays and not what is drawn."""
    if not isinstance(arguments, dict):
        return {}
    return {str(k): v for k, v in arguments.items() if k not in _SCRIPTED and not looks_secret(str(k), v)}


def _drawn(*configs: Mapping[str, Any]) -> dict[str, Any]:
    # The later configuration goes over the earlier only where it says something.
    return {k: v for config in configs for k, v in config.items() if v is not None and k not in _OPERATIONAL}


def _roles(roles: Any) -> dict[str, Any]:
    """The models in other roles, such as the grader, with their settings."""
    found: dict[str, Any] = {}
    for name, role in roles.items() if isinstance(roles, dict) else ():
        listed = [
            {
                "model": one.get("model"),
                "base_url": one.get("base_url"),
                **_drawn(one.get("config") or {}),
                **_named("", _without_secrets(one.get("args"))),
            }
            for one in (role if isinstance(role, list) else [role])
            if isinstance(one, dict)
        ]
        plain = [{k: v for k, v in one.items() if v is not None} for one in listed]
        found[f"role.{name}"] = [one["model"] if set(one) == {"model"} else one for one in plain]
        if len(found[f"role.{name}"]) == 1:
            found[f"role.{name}"] = found[f"role.{name}"][0]
    return found


def _scorer_options(scorers: Any, scorer: str) -> dict[str, Any]:
    """Options of the scorer that gave a score; of all where none has its name (Inspect numbers equal names)."""
    listed = [one for one in scorers if isinstance(one, dict)] if isinstance(scorers, list) else []
    own = [one for one in listed if _same_scorer(str(one.get("name", "")), scorer)] or listed
    found: dict[str, Any] = {}
    for one in own:
        options = one.get("options")
        if isinstance(options, dict):
            prefix = "scorer." if len(own) == 1 else f"scorer.{one.get('name')}."
            found |= _named(prefix, options)
    return found


def _same_scorer(registered: str, scorer: str) -> bool:
    name = registered.rsplit("/", 1)[-1]
    return scorer in (registered, name) or scorer.startswith(f"{name}/")
