"""Time and memory of `hotmess diverge` on a log as SWE-bench makes them: many epochs with long transcripts.

    python benchmarks/divergence.py --epochs 1000 --transcript 200000

Prints seconds, peak memory of the process, and the throughput beside that of Inspect's own reading of the same samples.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

COMMANDS = (
    "cd /testbed && grep -rn {word} src/ | head -n 20",
    "sed -n '{n},{m}p' src/{word}.py",
    "python -m pytest tests/test_{word}.py -x -q 2>&1 | tail -n 15",
    "cat > src/{word}.py <<'EOF'\nprint({n})\nEOF",
    "git diff --stat",
)


def make_log(path: Path, epochs: int, size: int, per_question: int = 20, steps: int = 50) -> None:
    """A log with as many epochs, each with so many bytes of transcript."""
    rng = random.Random(0)
    words = ["alpha", "beta", "gamma", "delta"]
    header = {
        "version": 2, "status": "success",
        "eval": {"task": "swe", "model": "m/x", "created": "2026-01-01T00:00:00+00:00", "task_id": "t",
                 "dataset": {"name": "d", "samples": epochs // per_question}, "config": {"epochs": per_question}},
        "results": {"total_samples": epochs, "completed_samples": epochs, "scores": []},
    }  # fmt: skip
    summaries = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(epochs):
            question, epoch = f"q{number // per_question}", number % per_question + 1
            solved = rng.random() < 0.5
            events = []
            for step in range(steps):
                word = words[0] if step < 2 else rng.choice(words)
                command = rng.choice(COMMANDS).format(
                    word=word, n=rng.randrange(100), m=rng.randrange(100, 200)
                )
                command = command if step >= 3 else f"sed -n '1,{step + 9}p' src/{word}.py"
                text = "".join(rng.choices("abcdefghij \n", k=60)) * (size // steps // 80)
                call = {"id": f"c{step}", "function": "bash", "arguments": {"command": command}}
                output = {
                    "choices": [{"message": {"role": "assistant", "content": "", "tool_calls": [call]}}]
                }
                events += [
                    {
                        "event": "model",
                        "uuid": f"m{number}-{step}",
                        "model": "m/x",
                        "input": [],
                        "output": output,
                    },
                    {"event": "tool", "uuid": f"t{number}-{step}", **call, "result": text},
                ]
            score = {"value": float(solved), "metadata": {"hm_kind": "score", "hm_epoch": epoch}}
            own = {"id": question, "epoch": epoch, "uuid": f"u{number}", "target": "", "scores": {"s": score}}
            summaries.append({**own, "completed": True, "input": ""})
            sample = {**own, "input": "", "messages": [], "events": events, "attachments": {}, "output": {}}
            archive.writestr(f"samples/{question}_epoch_{epoch}.json", json.dumps(sample))
        archive.writestr("summaries.json", json.dumps(summaries))
        archive.writestr("header.json", json.dumps(header))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--transcript", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.eval"
        make_log(path, given.epochs, given.transcript)
        with zipfile.ZipFile(path) as archive:
            inflated = sum(i.file_size for i in archive.infolist() if i.filename.startswith("samples/"))
            begin = time.perf_counter()
            for name in archive.namelist():
                if name.startswith("samples/"):
                    json.loads(archive.read(name))
            plain = time.perf_counter() - begin
        command = [sys.executable, "-m", "hotmess_inspect.cli", "diverge", str(path), "--json"]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        steps = len(json.loads(done.stdout)["groups"][0]["steps"])
    print(
        f"{given.epochs} epochs, {inflated / given.epochs / 1e3:.0f} kB of transcript each, {steps} steps at which any part"
    )
    print(
        f"{seconds:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of one core, peak {used.ru_maxrss / 1024:.0f} MB"
    )
    print(f"{seconds / plain:.1f} times as long as zipfile and json alone ({plain:.1f} s)")


if __name__ == "__main__":
    main()
