"""MMLU as in the paper: 100 questions of each of 57 subjects, 10 random few-shot contexts x 3 samples.

    inspect eval-set tasks/mmlu_paper.py --model openai/o4-mini --log-dir logs/mmlu
    inspect eval-set tasks/mmlu_paper.py -T format=letter --model hf/Qwen/Qwen3-8B --temperature 0.6 --top-k 20 --top-p 0.95 --log-dir logs/qwen
    hotmess analyze logs/mmlu --loss kl --loss brier --length reasoning

Examples come from the development split of the question's own subject.

Reference: Hägele et al. (2026), The Hot Mess of AI, sections 2 and 3, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.experiments.studies.cost import state_cost
from hotmess_inspect.tasks.mmlu import mmlu


@task
def mmlu_paper(
    format: str = "probability",
    dataset: str = "hub",
    subjects: str | None = None,
    per_subject: int = 100,
    output_tokens: float = 1000,
    measured: str | None = None,
) -> Task:
    """10 contexts x 3 samples; output_tokens per epoch are declared, or measured in a log of a few questions."""
    made = mmlu(
        dataset=dataset, subjects=subjects, per_subject=per_subject, format=format, contexts=10, repeats=3
    )
    return state_cost("mmlu_paper", made, output_tokens=output_tokens, shots=5, measured=measured)
