r"""Do bias and variance fall alike with the size of the model? Any list of models with their sizes, on GPQA.

    python tasks/model_families.py --log-dir logs/qwen3 \
        --model hf/Qwen/Qwen3-1.7B,1.7 --model hf/Qwen/Qwen3-8B,8 --model hf/Qwen/Qwen3-32B,32
    python tasks/model_families.py --log-dir logs/base --model hf/Qwen/Qwen3-1.7B-Base,1.7,base --model hf/Qwen/Qwen3-8B-Base,8,base
    inspect eval-set tasks/model_families.py -T kind=base --model hf/Qwen/Qwen3-8B-Base --log-dir logs/base

A model is NAME,SIZE,KIND: base and instruct models are read by the log-probabilities of the letters (one call per context),
thinking ones (the default) by sampling. The runs are one eval-set; the end is a power law of bias² and one of the variance in the
size, per kind; where the exponent of bias² is the lower one, bias falls faster and larger models fail less coherently.

Reference: Hägele et al. (2026), The Hot Mess of AI, section 3, https://arxiv.org/abs/2601.23045
"""

from collections.abc import Sequence
from typing import Any

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.gpqa import gpqa


@task
def model_families(
    kind: str = "thinking",
    dataset: str = "hub",
    questions: int | None = None,
    contexts: int = 10,
    repeats: int = 3,
    seed: int = 0,
    output_tokens: float = 2000,
) -> Task:
    """GPQA for one kind of model: base, instruct or thinking."""
    asked = {
        "dataset": dataset,
        "questions": questions,
        "contexts": contexts,
        "repeats": repeats,
        "seed": seed,
    }
    made = planned(kind, **asked)
    tokens = output_tokens if kind == "thinking" else 1
    return state_cost(f"model_families {kind}", made, output_tokens=tokens, shots=5 if contexts else 0)


def planned(kind: str, **asked: Any) -> Task:
    """The task for a kind of model, with the other parameters of `hotmess/gpqa`."""
    if kind not in ("base", "instruct", "thinking"):
        raise ValueError(f"kind={kind!r} is not one of base, instruct, thinking")
    if kind != "thinking":
        # Log-probabilities are the same in every epoch of a context.
        asked |= {"format": "logprob", "repeats": None, "cot": False}
    return gpqa(**asked)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all models and print the power laws of each kind."""
    from inspect_ai.model import get_model

    from hotmess_inspect.experiments.studies.analysis import analyze_scaling, format_scaling
    from hotmess_inspect.experiments.studies.command import (
        add_model_arguments,
        design,
        options,
        present,
        run_study,
    )
    from hotmess_inspect.experiments.studies.models import sized_model

    parser = options(__doc__)
    parser.add_argument("--model", action="append", required=True, help="NAME,SIZE,KIND; several times")
    add_model_arguments(parser)
    given = parser.parse_args(arguments)
    models = {model.label: model for model in (sized_model(text, given.model_args) for text in given.model)}
    plan = {
        label: (
            planned(model.kind, **design(given)),
            get_model(model.name, **model.arguments),
        )
        for label, model in models.items()
    }
    runs = run_study(
        plan, given, lambda label: given.output_tokens if models[label].kind == "thinking" else 1
    )
    for kind in dict.fromkeys(model.kind for model in models.values()) if runs else ():
        labels = [label for label, model in models.items() if model.kind == kind]
        sizes = [models[label].size for label in labels]
        present(
            given,
            "model_families",
            lambda loss, labels=labels, sizes=sizes: analyze_scaling(
                [runs[label] for label in labels],
                sizes,
                loss=loss,
                resamples=given.resamples,
                seed=given.seed,
            ),
            lambda laws, labels=labels: format_scaling(laws, labels),
            part=f"{kind} models",
        )


if __name__ == "__main__":
    from hotmess_inspect.experiments.studies.command import as_command

    as_command(main)
