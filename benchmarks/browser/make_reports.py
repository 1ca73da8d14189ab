"""Reports of one, three and twelve groups with long names, the page by step and the bundled log, for `look.mjs`.

    python benchmarks/browser/make_reports.py OUT

Makes OUT/one.html, three.html, twelve.html, demo.html, diverge.html and OUT/site, and the terminal's pages.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MODELS = (
    "openrouter/anthropic/claude-opus-4.5-20251101:thinking",
    "together/meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo-with-a-longer-name",
    "hf/org-with-a-very-long-name/model-7b-instruct-2026-11-checkpoint-000123",
    "openai/gpt-5-mini",
)
TASKS = ("inspect_evals/gpqa_diamond", "hotmess/mmlu", "my-organisation/a_task_whose_name_goes_on")


def rows(models: int, tasks: int, questions: int = 60, epochs: int = 8) -> str:
    """A table of answers whose scatter grows with length, from seeded draws."""
    rng = np.random.default_rng(0)
    lines = ["question_id,epoch,answer,target,model,task,length"]
    for task in TASKS[:tasks]:
        for place, model in enumerate(MODELS[:models]):
            right = rng.beta(1.5 + 0.5 * place, 1.2, questions)
            for question in range(questions):
                wrong = rng.choice(list("BCD"))
                for epoch in range(1, epochs + 1):
                    drawn = rng.random()
                    answer = (
                        "A" if drawn < right[question] else wrong if drawn < 0.9 else rng.choice(list("BCD"))
                    )
                    length = int(200 * (1.3 - right[question]) * rng.lognormal(0, 0.4)) + 20
                    lines.append(f"question-{question:03d},{epoch},{answer},A,{model},{task},{length}")
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """Make everything."""
    folder.mkdir(parents=True, exist_ok=True)

    def hotmess(*arguments: str, width: int | None = None) -> str:
        command = [sys.executable, "-m", "hotmess_inspect.cli", *arguments]
        import os

        environment = os.environ | ({"COLUMNS": str(width)} if width else {})
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    log = str(ROOT / "src" / "hotmess_inspect" / "demo" / "swebench_mini.eval")
    for name, models, tasks in (("one", 1, 1), ("three", 3, 1), ("twelve", 4, 3)):
        table = folder / f"{name}.csv"
        table.write_text(rows(models, tasks), encoding="utf-8")
        hotmess("report", str(table), "-o", str(folder / f"{name}.html"))
        for width in (80, 120):
            (folder / f"{name}-{width}.txt").write_text(hotmess("analyze", str(table), width=width))
    hotmess("report", log, "-o", str(folder / "demo.html"))
    hotmess("diverge", log, "-o", str(folder / "diverge.html"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
