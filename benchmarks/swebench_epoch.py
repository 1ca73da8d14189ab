"""What one epoch of SWE-bench costs: three tool calls, submit, grading; against inspect_evals as shipped.

    python benchmarks/swebench_epoch.py                                       # a bundled instance, ours alone
    python benchmarks/swebench_epoch.py ROWS.jsonl --instance pallets__flask-5014 --peer-python VENV/bin/python
    python benchmarks/swebench_epoch.py ROWS.jsonl --instance ... --epochs 200 --sandboxes 4    # leaks

Both sides run the same instance, in the same image, with the same scripted model, one after the other in
each round; only the ratio of one run means anything on a busy machine. The peer's Python needs
`inspect-ai`, `inspect-evals` and `swebench<5` (its scorer does not import with 5.x). ``ROWS`` holds
official rows whose images are present; the scripted model applies the row's own fix, so that both graders
do their full work. Where an image was built from a release and lacks the row's base commit, its HEAD takes
that place on both sides.

Parts of an epoch: `start` until the agent begins, `tools` the agent's turns, `grade` the scorer, `down`
until the next epoch begins (sequential runs only). `epoch` is the median from one epoch's beginning to the
next at one sandbox, and the whole run's wall time over its epochs at several.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

SIDES = ("ours", "peer")
PARTS = ("start", "tools", "grade", "down")
TARGETS = {1: 3.0, 4: 1.6}
"""Seconds per epoch, by sandboxes, on two idle cores with tests of two seconds."""


# --- in the worker's process: runs in the peer's Python too, so nothing of this package may be imported above


def scripted_model(patch: str) -> Any:
    """A model that looks twice, applies a patch and submits; which turn it is stands in the conversation."""
    from inspect_ai.model import ChatMessageAssistant, ModelOutput, ModelUsage, get_model

    encoded = base64.b64encode(patch.encode()).decode()
    commands = ("git status --short", "ls", f"echo {encoded} | base64 -d | git apply -")

    def output(messages: Sequence[Any], tools: Sequence[Any], *_: Any) -> Any:
        turn = sum(isinstance(message, ChatMessageAssistant) for message in messages)
        if turn < len(commands):
            call = shell_call(commands[turn], {tool.name for tool in tools})
        else:
            call = {"tool_name": "submit", "tool_arguments": {"answer": "done"}}
        result = ModelOutput.for_tool_call("mockllm/model", **call)
        # Without it Inspect would download a tokenizer to count.
        result.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return result

    return get_model("mockllm/model", custom_outputs=output)


def shell_call(command: str, tools: set[str]) -> dict[str, Any]:
    """The same command for a shell that is started anew each time, or for one that stays."""
    if "bash" in tools:
        return {"tool_name": "bash", "tool_arguments": {"command": command}}
    return {"tool_name": "bash_session", "tool_arguments": {"action": "type_submit", "input": command}}


def work(side: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run the epochs of one side and read the times off its log."""
    from inspect_ai import eval as inspect_eval

    if side == "ours":
        from hotmess_inspect.tasks.swebench import swebench

        # The check of an image is made once per machine and kept, so it is no part of an epoch.
        task = swebench(dataset=request["rows"], instances=request["instance"], preflight=0)
    else:
        from inspect_evals.swe_bench import swe_bench

        answer_locally()
        task = swe_bench(dataset=str(Path(request["rows"]).parent), split="test")
    sandboxes = request["sandboxes"]
    (log,) = inspect_eval(
        task,
        model=scripted_model(request["patch"]),
        epochs=request["epochs"],
        max_sandboxes=sandboxes,
        max_samples=sandboxes,
        fail_on_error=False,
        display="none",
        log_dir=request["logs"],
    )
    samples = [epoch_times(sample) for sample in log.samples or []]
    samples.sort(key=lambda times: times["begin"])
    return {"status": log.status, "end": seconds(log.stats.completed_at), "samples": samples}


def answer_locally() -> None:
    """Let the peer's grader fetch nothing.

    For some repositories it asks a code host for requirement files, of which grading makes no use. An empty
    answer at once needs no network, and any difference that it makes is to the peer's advantage.
    """
    from swebench.harness.test_spec import python

    python.get_requirements_by_commit = lambda repo, commit: ""


def epoch_times(sample: Any) -> dict[str, Any]:
    """Beginning and ends of the spans of one epoch, in seconds since 1970, and what came of it."""
    begins: dict[str, float] = {}
    ends: dict[str, float] = {}
    names: dict[str, str] = {}
    for event in sample.events:
        if event.event == "span_begin":
            names[event.id] = event.name
            begins.setdefault(event.name, event.timestamp.timestamp())
        elif event.event == "span_end":
            ends.setdefault(names[event.id], event.timestamp.timestamp())
    values = [score.value for score in (sample.scores or {}).values()]
    # Ours is a dictionary; other dictionaries are the question's numbers, which a log gets at its end.
    resolved = [value.get("resolved") if isinstance(value, dict) else value for value in values]
    resolved = [value for value in resolved if value is not None]
    return {
        "begin": begins["init"],
        "agent": begins.get("solvers"),
        "scorer": begins.get("scorers"),
        "end": ends.get("scorers"),
        "resolved": resolved[0] if resolved else None,
        "error": sample.error.message[:500] if sample.error else None,
    }


def seconds(timestamp: str) -> float:
    """Seconds since 1970 of a log's time."""
    return datetime.fromisoformat(timestamp).timestamp()


# --- in the benchmark's own process


def run_side(python: str, side: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """One side in a process of its own, whose containers carry this folder's name in a label."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "HF_HUB_OFFLINE": "1"}
    environment |= {"INSPECT_EVALS_CACHE_DIR": str(folder), "HF_DATASETS_CACHE": str(folder / "datasets")}
    command = [python, __file__, "--worker", side, "--request", json.dumps(request)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise SystemExit(f"{side}: no result\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}") from None
    errors = [sample["error"] for sample in found["samples"] if sample["error"]]
    if found["status"] != "success" or errors:
        raise SystemExit(f"{side}: status {found['status']}, {len(errors)} errors: {errors[:1]}")
    return found


def summary(found: Mapping[str, Any], sandboxes: int) -> dict[str, float]:
    """Seconds per epoch and per part."""
    samples = found["samples"]
    edges = [*(sample["begin"] for sample in samples[1:]), found["end"]]
    parts: dict[str, list[float]] = {
        "start": [sample["agent"] - sample["begin"] for sample in samples],
        "tools": [sample["scorer"] - sample["agent"] for sample in samples],
        "grade": [sample["end"] - sample["scorer"] for sample in samples],
    }
    if sandboxes == 1:
        parts["down"] = [edge - sample["end"] for edge, sample in zip(edges, samples, strict=True)]
        epochs = [edge - sample["begin"] for edge, sample in zip(edges, samples, strict=True)]
        whole = statistics.median(epochs)
    else:
        whole = (found["end"] - samples[0]["begin"]) / len(samples)
    medians = {name: statistics.median(values) for name, values in parts.items()}
    return {"epoch": whole, **medians, "resolved": sum(sample["resolved"] for sample in samples)}


def docker(*arguments: str) -> str:
    """What the docker command line prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def left_containers(folder: Path) -> list[str]:
    """Containers, running or not, whose compose file lies in this folder."""
    template = '{{.ID}} {{.Label "com.docker.compose.project.config_files"}}'
    lines = docker("ps", "--all", "--format", template).splitlines()
    return [line.split()[0] for line in lines if str(folder) in line]


def inspect_networks() -> int:
    """Networks of Inspect's projects, of this run or of another."""
    return sum(
        name.startswith("inspect-") for name in docker("network", "ls", "--format", "{{.Name}}").split()
    )


def load_row(path: str, instance: str | None) -> dict[str, Any]:
    """The row to run; without a path a bundled one."""
    if path:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    else:
        from hotmess_inspect.swebench.build import build_mini
        from hotmess_inspect.swebench.mini import mini_rows

        build_mini(progress=print)
        rows = [dict(row) for row in mini_rows()]
    for row in rows:
        if instance in (None, row["instance_id"]):
            return row
    raise SystemExit(f"--instance {instance} is not among {', '.join(row['instance_id'] for row in rows)}")


def base_commit(row: Mapping[str, Any]) -> str:
    """The row's base commit where the image has it, else the image's HEAD."""
    wanted = shlex.quote(f"{row['base_commit']}^{{commit}}")
    script = f"cd /testbed; git rev-parse --verify --quiet {wanted} || git rev-parse HEAD"
    shell = ["run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", row["image"]]
    return docker(*shell, "-c", script)


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All sides at all numbers of sandboxes."""
    row = load_row(arguments.rows, arguments.instance)
    row["base_commit"] = base_commit(row)
    rows = folder / "rows" / "test.jsonl"
    rows.parent.mkdir()
    rows.write_text(json.dumps(row) + "\n", encoding="utf-8")
    pythons = {"ours": sys.executable} | ({"peer": arguments.peer_python} if arguments.peer_python else {})
    networks = inspect_networks()
    results: dict[str, Any] = {"instance": row["instance_id"], "image": row["image"], "runs": []}
    for sandboxes in arguments.sandboxes:
        for side, python in pythons.items():
            request = {
                "rows": str(rows),
                "instance": row["instance_id"],
                "patch": row["patch"],
                "epochs": arguments.epochs,
                "sandboxes": sandboxes,
                "logs": str(folder / "logs"),
            }
            before = os.getloadavg()[0]
            times = summary(run_side(python, side, request, folder), sandboxes)
            left = len(left_containers(folder))
            results["runs"].append(
                {"side": side, "sandboxes": sandboxes, "load": before, "left": left, **times}
            )
    results["networks"] = (networks, inspect_networks())
    return results


def report(results: Mapping[str, Any], epochs: int) -> None:
    """Print the table, and how far from the targets it is."""
    print(f"{results['instance']} in {results['image']}, {epochs} epochs each, seconds (median of epochs)")
    print(
        f"{'':6}{'sandboxes':>10}{'epoch':>8}"
        + "".join(f"{part:>8}" for part in PARTS)
        + f"{'resolved':>10}{'left':>6}{'load':>7}"
    )
    by_key = {(run["side"], run["sandboxes"]): run for run in results["runs"]}
    for run in results["runs"]:
        parts = "".join(f"{run[part]:8.2f}" if part in run else f"{'':>8}" for part in PARTS)
        print(
            f"{run['side']:6}{run['sandboxes']:>10}{run['epoch']:8.2f}{parts}"
            f"{run['resolved']:>7.0f}/{epochs}{run['left']:>6}{run['load']:>7.1f}"
        )
    for (side, sandboxes), run in by_key.items():
        if side == "peer":
            ratio = run["epoch"] / by_key["ours", sandboxes]["epoch"]
            print(f"{sandboxes} sandbox(es): {ratio:.1f} times faster than the peer (target: 9)")
        elif sandboxes in TARGETS:
            print(f"{sandboxes} sandbox(es): {run['epoch']:.2f} s per epoch (target: {TARGETS[sandboxes]} s)")
    print(f"networks of Inspect's: {results['networks'][0]} before, {results['networks'][1]} after")


def main() -> None:
    """Measure and print; exit status 1 if a container is left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "rows", nargs="?", default="", help="official rows as JSON lines; bundled ones if left out"
    )
    parser.add_argument("--instance", help="which row; the first if not given")
    parser.add_argument("--peer-python", help="Python with inspect-ai, inspect-evals and swebench<5")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--sandboxes", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--request", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print("\n" + json.dumps(work(arguments.worker, json.loads(arguments.request))))
        return
    with tempfile.TemporaryDirectory(prefix="hotmess-epoch-") as folder:
        results = measure(arguments, Path(folder).resolve())
    if arguments.json:
        print(json.dumps(results))
    else:
        report(results, arguments.epochs)
    sys.exit(any(run["left"] for run in results["runs"]))


if __name__ == "__main__":
    main()
