"""SWE-bench as in the paper: Verified, 500 instances × 30 epochs, 250 messages, 1 hour, bash only.

    inspect eval tasks/swebench_paper.py --model …            15,000 runs of an agent: see the cost first
    inspect eval tasks/swebench_paper.py --model … --limit 5  five instances, to see what it costs

Reference: Hägele et al. (2026), The Hot Mess of AI, appendix B.3, https://arxiv.org/abs/2601.23045
"""

from inspect_ai import Task, task

from hotmess_inspect.tasks.swebench import swebench


@task
def swebench_paper(dataset: str = "verified", epochs: int = 30) -> Task:
    """The paper's set-up; a limit that is reached leaves the tests unchanged."""
    return swebench(dataset=dataset, epochs=epochs, message_limit=250, time_limit=3600, on_limit="unchanged")
