"""GPQA as in the paper: 448 questions, 10 random few-shot contexts x 3 samples.

    inspect eval-set tasks/gpqa_paper.py --model anthropic/claude-sonnet-4-0 --log-dir logs/gpqa
    inspect eval-set tasks/gpqa_paper.py -T format=letter --model hf/Qwen/Qwen3-8B --temperature 0.6 --top-k 20 --top-p 0.95 --log-dir logs/qwen
    hotmess analyze logs/gpqa --loss kl --loss brier --length reasoning

Frontier models state probabilities (the default here), open models answer with a letter. The effect to look for is the slope of
incoherence in the length of the reasoning: .56, .40 and .29 (KL) for Sonnet 4, o3-mini and o4-mini.

Reference: Hägele et al. (2026), The Hot Mess of AI, sections 2 and 3, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.gpqa import gpqa


@task
def gpqa_paper(
    format: str = "probability",
    dataset: str = "hub",
    questions: int | None = None,
    output_tokens: float = 4000,
    measured: str | None = None,
) -> Task:
    """10 contexts x 3 samples; output_tokens per epoch are declared, or measured in a log of a few questions."""
    made = gpqa(dataset=dataset, questions=questions, format=format, contexts=10, repeats=3)
    return state_cost("gpqa_paper", made, output_tokens=output_tokens, shots=5, measured=measured)
