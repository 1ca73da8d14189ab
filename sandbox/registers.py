"""Write the entries for Inspect's list of extensions and for the register of inspect_evals.

    python sandbox/registers.py https://github.com/OWNER/hotmess-inspect MAINTAINER...

Makes build/registers/extensions.yml, to be added to docs/extensions/extensions.yml of UKGovernmentBEIS/inspect_ai, and
build/registers/ID/eval.yaml, each a folder for register/ of UKGovernmentBEIS/inspect_evals. The commit is the one checked out.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAPER = "https://arxiv.org/abs/2601.23045"
SUMMARY = "Is a model wrong in the same way every time, or differently? Splits the error of any evaluation's repeated epochs into bias and variance."
# Task: common name, title, description, samples per epoch, whether it needs a sandbox.
TASKS: dict[str, tuple[str, str, str, int | None, bool]] = {
    "swebench": ("SWE-bench", "SWE-bench over repeated epochs, graded apart from the agent",
                 "An agent mends issues of SWE-bench in containers, several times each; the share of failing tests is split into bias and variance.", None, True),
    "gpqa": ("GPQA", "GPQA over few-shot contexts and repeats",
             "Graduate-level questions asked under several few-shot contexts, with repeats, to part variance between and within contexts.", 448, False),
    "mmlu": ("MMLU", "MMLU over few-shot contexts and repeats",
             "Questions of 57 subjects asked under several few-shot contexts, with repeats, to part variance between and within contexts.", 14042, False),
    "model_written": ("Model-written evaluations", "Model-written evaluations, as choices or free text",
                      "What a model says of itself, over repeated epochs: agreement of its choices, or variance of embeddings of its free answers.", None, False),
    "survey": ("Survey of coherence", "A survey of intelligence and coherence",
               "Raters rank 60 people, animals, models and organisations by intelligence and by coherence.", None, False),
}  # fmt: skip


def extension(repository: str) -> dict[str, Any]:
    """The entry of Inspect's list of extensions."""
    owner = repository.split("/")[-2]
    return {
        "name": f"[Hot Mess]({repository})",
        "description": f"{SUMMARY}\n",
        "author": f"[{owner}](https://github.com/{owner})",
        "categories": ["Analysis"],
    }


def register_entry(task: str, repository: str, commit: str, maintainers: list[str]) -> dict[str, Any]:
    """A task's entry of the register; the id is the name of its folder."""
    common, title, description, samples, sandboxed = TASKS[task]
    entry: dict[str, Any] = {
        "full_title": f"{title} (The Hot Mess of AI)",
        "common_title": common,
        "paper_title": "The Hot Mess of AI",
        "description": description,
        "arxiv": PAPER,
        "contributors": maintainers,
        "source": {"repository_url": repository, "repository_commit": commit, "maintainers": maintainers},
        "tasks": [{"name": task, "task_path": f"src/hotmess_inspect/tasks/{task}.py"}],
        "tags": ["bias-variance", "reliability"],
    }
    if samples:
        entry["tasks"][0]["dataset_samples"] = samples
    if sandboxed:
        entry["metadata"] = {"sandbox": ["solver", "scorer"]}
    return entry


def main(repository: str, *maintainers: str) -> None:
    """Write all entries."""
    out = ROOT / "build" / "registers"
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    out.mkdir(parents=True, exist_ok=True)

    def write(path: Path, value: object) -> None:
        path.write_text(
            yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000), encoding="utf-8"
        )

    write(out / "extensions.yml", [extension(repository)])
    for task in TASKS:
        folder = out / f"hotmess_{task}"
        folder.mkdir(exist_ok=True)
        write(
            folder / "eval.yaml", register_entry(task, repository, commit.stdout.strip(), list(maintainers))
        )
    print(f"{len(TASKS) + 1} entries in {out}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
