"""docs/results: public repeated runs and two small models run here, beside the claims of the paper.

    python benchmarks/public_results.py gather CLONES DATA      # the public files, from clones of their repositories
    make results RESULTS_DATA=DATA                              # numbers, page and figures anew

`gather` turns what four repositories publish into the tables that are analyzed, byte for byte the same for
everybody. Every number of the page comes from `docs/results/results.json`, and every number of that from `hotmess
analyze`, `compare` and `diverge` over these tables and over `docs/results/epochs` (what the two models answered, see
`benchmarks/real_models.py`).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "results"
ANSWERING = ("deepseek-v3", "gpt-4o-mini", "haiku-4.5")
HINTS = ("metadata", "sycophancy", "anchoring", "unethical", "grader", "consistency")
TERMINAL_HEADER = [
    "question_id",
    "cluster",
    "epoch",
    "task",
    "model",
    "score",
    "verdict",
    "failure_mode",
    "length",
]
ATTEMPTS = 5
FAULTS = ("unknown_agent_error", "agent_installation_failed")
"""Trials of Terminal-Bench whose agent itself broke down or was never there."""
TIERS = {
    "Droid": ("20250923_droid_claude-4-1-opus", "20250923_droid_claude-4-sonnet"),
    "Goose": ("20250829_goose_claude-4-opus", "20250829_goose_claude-4-sonnet"),
    "Orchestrator": ("20250906_orchestrator_claude-4.1-opus", "20250902_orchestrator_claude-4-sonnet"),
}
"""Every agent submitted with two tiers of one maker's models: the larger tier, the smaller."""
HEADER = ["question_id", "dataset", "subject", "epoch", "answer", "target"]

# What a group of `hotmess analyze --json` keeps: numbers with intervals, and counts.
INTERVALS = ("accuracy", "error", "bias_squared", "variance", "incoherence")
VALUES = ("flip_rate", "icc", "noise_floor", "modal_share")
COUNTS = (
    "task",
    "model",
    "loss",
    "estimator",
    "questions",
    "epochs_scored",
    "unparsed",
    "unscored",
    "zero_error_questions",
)


def sha256(path: Path) -> str:
    """Of the content: what is inside for a compressed file, whose header may differ."""
    data = path.read_bytes()
    return hashlib.sha256(gzip.decompress(data) if path.suffix == ".gz" else data).hexdigest()


def hotmess(*arguments: str | Path) -> dict[str, Any]:
    """What a command prints as JSON."""
    command = [sys.executable, "-m", "hotmess_inspect.cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def kept(group: dict[str, Any]) -> dict[str, Any]:
    """The part of a group that the page shows."""
    part = {name: group[name] for name in COUNTS}
    part |= {name: {"value": group[name], "ci": group[f"{name}_ci"]} for name in INTERVALS}
    part |= {name: group[name] for name in VALUES if group[name]}
    if group["accuracy_matched"]:
        part["position"] = group["accuracy_matched"]["position"]
    part["pass_hat_k"] = [entry for entry in group["pass_hat_k"] or [] if not entry["extrapolated"]][-1:]
    if group["truncated"]:
        part["truncated"] = group["truncated"]
    part["cluster"] = group["cluster"] and group["cluster"]["clusters"]
    if group["length_slope"]:
        slope = group["length_slope"]
        part["length"] = group["length"]
        part["slope"] = {"value": slope["slope"], "ci": slope["slope_ci"], "note": slope["note"]}
        part["buckets"] = [
            {
                name: bucket[name]
                for name in ("length", "questions", "accuracy", "incoherence", "incoherence_ci")
            }
            for bucket in group["length_buckets"]
        ]
    if group["overthinking"]:
        found = group["overthinking"]
        part["overthinking"] = {
            "value": found["difference"], "ci": found["difference_ci"], "p": found["p_value"],
            "below": found["below"], "above": found["above"],
        }  # fmt: skip
    return part


def analyzed(*arguments: str | Path) -> list[dict[str, Any]]:
    """The groups of `hotmess analyze`, each with its KL incoherence beside it where there are classes."""
    groups = hotmess("analyze", *arguments)["groups"]
    main = [kept(group) for group in groups if group["loss"] != "kl"]
    kl = {(group["task"], group["model"]): group for group in groups if group["loss"] == "kl"}
    for group in main:
        if other := kl.get((group["task"], group["model"])):
            group["kl"] = {"value": other["incoherence"], "ci": other["incoherence_ci"]}
    return main


def compared(first: Path, second: Path, loss: str = "brier") -> list[dict[str, Any]]:
    """Second less first of `hotmess compare`: accuracy, bias², variance, incoherence, paired by question."""
    rows = []
    for row in hotmess("compare", first, second, "--loss", loss)["comparisons"]:
        if row["quantity"] in ("accuracy", "bias_squared", "variance", "incoherence"):
            low, high = row["ci"]
            rows.append({
                "task": row["task"], "quantity": row["quantity"], "p": row["p"], "questions": row["questions"],
                "value": -row["difference"], "ci": [-high, -low],
            })  # fmt: skip
    return rows


def terminal(folder: Path) -> dict[str, Any]:
    """Terminal-Bench: each submission as the leaderboard counts it, then without breakdowns and without time-outs."""
    from hotmess_inspect.inference.multiplicity import holm

    systems = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        [group] = analyzed(path)
        row: dict[str, Any] = {"name": path.stem, "trials": len(rows)}
        row["resolved"] = sum(trial["verdict"] == "resolved" for trial in rows)
        row["no_verdict"] = sum(trial["verdict"] == "none" for trial in rows)
        row["faults"] = sum(trial["failure_mode"] in FAULTS for trial in rows)
        broken = Counter(int(trial["epoch"]) for trial in rows if trial["failure_mode"] in FAULTS)
        row["most_faults_of_a_run"] = max(broken.values(), default=0)
        late = [trial["verdict"] for trial in rows if trial["failure_mode"] == "agent_timeout"]
        row |= {"timeouts": len(late), "timeouts_resolved": late.count("resolved")}
        without = _left_out(rows, FAULTS) if row["faults"] else group
        row["without_faults"] = {name: without[name] for name in INTERVALS}
        # Lengths that no more than a few trials lack; where they are missing they are so for the longest.
        if sum(trial["length"] == "" for trial in rows) > 0.05 * len(rows):
            group = {
                name: group[name]
                for name in group
                if name not in ("slope", "buckets", "overthinking", "length")
            }
        else:
            in_time = _left_out(rows, ("agent_timeout",))
            row["in_time"] = {name: in_time[name] for name in ("slope", "overthinking")}
        systems.append(row | {"group": group})
    splits = [row["group"]["overthinking"] for row in systems if "overthinking" in row["group"]]
    for split, p in zip(splits, holm([split["p"] for split in splits]), strict=True):
        split["p_holm"] = float(p)
    tiers = [
        {
            "agent": agent, "larger": larger, "smaller": smaller,
            "change": compared(folder / f"{smaller}.csv", folder / f"{larger}.csv", "squared"),
        }
        for agent, (larger, smaller) in TIERS.items()
    ]  # fmt: skip
    changes = [entry for tier in tiers for entry in tier["change"]]
    for entry, p in zip(changes, holm([entry["p"] for entry in changes]), strict=True):
        entry["p_holm"] = float(p)
    return {"systems": systems, "tiers": tiers}


def _left_out(rows: list[dict[str, str]], modes: Sequence[str]) -> dict[str, Any]:
    """The group without the trials of these failure modes."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "trials.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, TERMINAL_HEADER)
            writer.writeheader()
            writer.writerows(row | {"score": ""} if row["failure_mode"] in modes else row for row in rows)
        [group] = analyzed(path)
    return group


def public(data: Path, gathered: bool = True) -> dict[str, Any]:
    """Everything that rests on public files; without what only `gather` writes, if so wished."""
    inputs = [
        *(data / "answers" / f"{model}.csv" for model in ANSWERING),
        data / "tau" / "gpt-4o-airline.json.gz",
        data / "swebench_repeats_sonnet45_k5.jsonl",
    ]
    found: dict[str, Any] = {"answers": analyzed(data / "answers", "--loss", "brier", "--loss", "kl")}
    [found["tau"]] = analyzed(inputs[3], "--length", "actions")
    [found["tau_turns"]] = analyzed(inputs[3], "--length", "turns")
    [found["swebench"]] = analyzed(inputs[4])
    [found["swebench_questions"]] = analyzed(inputs[4], "--cluster", "none")
    [parts] = hotmess("diverge", inputs[3], "--grain", "exact")["groups"]
    found["diverge"] = {
        "variance": parts["variance"], "p": parts["p"], "permutations": parts["permutations"],
        "steps": [
            {name: step[name] for name in ("step", "share", "share_ci", "null", "p", "pairs")} for step in parts["steps"][:4]
        ],
        "never": parts["never"],
        "kinds": {name: {"value": parts["kinds"][name], "ci": parts["kinds_ci"][name]} for name in parts["kinds"]},
        "answers": {name: {"value": parts["answers"][name], "ci": parts["answers_ci"][name]} for name in parts["answers"]},
    }  # fmt: skip
    if gathered:
        found["terminal"] = terminal(data / "terminal_bench")
        inputs += sorted((data / "terminal_bench").glob("*.csv"))
        found["hints"] = []
        for model in ANSWERING:
            for hint in HINTS:
                path = data / "hinted" / f"{model}.{hint}.csv"
                inputs.append(path)
                for group in analyzed(path, "--loss", "brier"):
                    found["hints"].append({
                        "hint": hint, "model": model, "task": group["task"],
                        "group": {name: group[name] for name in INTERVALS},
                        "change": [
                            row for row in compared(data / "answers" / f"{model}.csv", path) if row["task"] == group["task"]
                        ],
                    })  # fmt: skip
    found["inputs"] = {str(path.relative_to(data)): sha256(path) for path in inputs}
    return found


def ran(folder: Path) -> dict[str, Any]:
    """Everything that rests on the two models run here."""
    import real_results

    if not folder.is_dir():
        return {}
    return {
        "real": real_results.cells(folder), "dial": real_results.dial(folder),
        "surveys": real_results.surveys(folder), "agents": real_results.agents(folder),
        "tables": {path.name: sha256(path) for path in sorted(folder.iterdir())},
    }  # fmt: skip


def gather(clones: Path, data: Path) -> None:
    """Write the tables from clones of the four repositories (folder names as on GitHub; Terminal-Bench's may be bare)."""
    gather_terminal(clones / "terminal-bench-leaderboard", data / "terminal_bench")
    hot = clones / "hot-mess-reward-hacking"
    sources = [question["source"] for question in json.loads((hot / "data" / "questions.json").read_text())]

    def table(rows: Iterable[dict[str, Any]], path: Path) -> None:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for row in rows:
            number = row["question_idx"]
            for answer in row["answers"]:
                writer.writerow([
                    number, sources[number], row["subject"], answer["sample"] + 1, answer["answer"] or "", row["correct_answer"],
                ])  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(out.getvalue().encode())

    for model in ANSWERING:
        base = json.loads((hot / "results" / "phase1" / f"baseline_{model}.json").read_text())
        table(base, data / "answers" / f"{model}.csv")
        subjects = {row["question_idx"]: row["subject"] for row in base}
        hinted = json.loads((hot / "results" / "phase2" / f"hinted_{model}.json").read_text())
        for hint in HINTS:
            rows = ({"subject": subjects[row["question_idx"]]} | row for row in hinted[hint])
            table(rows, data / "hinted" / f"{model}.{hint}.csv")
    tau = (clones / "tau-bench" / "historical_trajectories" / "gpt-4o-airline.json").read_bytes()
    (data / "tau").mkdir(exist_ok=True)
    (data / "tau" / "gpt-4o-airline.json.gz").write_bytes(gzip.compress(tau, mtime=0))
    scored = json.loads(
        (clones / "swebench-reliability-study" / "scored" / "per_run_results.json").read_text()
    )
    runs = [scored[f"i0_run{run}"] for run in range(1, 6)]
    names = sorted({name for run in scored.values() for name in run})
    lines = [
        json.dumps({
            "instance_id": name, "resolved": [run.get(name) for run in runs],
            "i1c": scored["i1c"].get(name), "i1d": scored["i1d"].get(name),
        })
        for name in names
    ]  # fmt: skip
    (data / "swebench_repeats_sonnet45_k5.jsonl").write_text("\n".join(lines) + "\n")


def gather_terminal(clone: Path, folder: Path) -> None:
    """One table per submission to Terminal-Bench's leaderboard that has five trials of every task.

    Score: whether the trial was resolved as the leaderboard counts, for which a trial without a verdict is not. Length:
    seconds from the agent's start to its end, empty where the files have none. Runs are numbered in the order of their
    names. The totals must be those of the files, and the verdicts those that `hotmess_inspect.read` finds.
    """
    from hotmess_inspect import read

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", "-C", str(clone), *arguments], capture_output=True, check=True).stdout

    submissions: dict[str, list[str]] = defaultdict(list)
    for name in sorted(git("ls-tree", "-r", "-z", "--name-only", "HEAD", "results/").decode().split("\0")):
        parts = name.split("/")
        # A run's results lie in the submission or in a folder of it; deeper ones are of single trials.
        if len(parts) in (4, 5) and parts[1].endswith("0.1.1") and name.endswith("results.json"):
            submissions[parts[2]].append(name)
    found: dict[str, list[dict[str, Any]]] = {}
    for submission, names in submissions.items():
        trials: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory() as temporary:
            for name in names:
                content = git("show", f"HEAD:{name}")
                document = json.loads(content)
                own = sorted(document["results"], key=lambda trial: (trial["task_id"], trial["trial_name"]))
                resolved = sum(trial["is_resolved"] is True for trial in own)
                assert Fraction(str(document["accuracy"])) == Fraction(resolved, len(own)), name
                trials += own
                path = Path(temporary) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            outcomes = read(temporary).outcomes
        ours: dict[str, list[float]] = defaultdict(list)
        for question, score in zip(outcomes.question.values(), outcomes.value.tolist(), strict=True):
            ours[str(question)].append(score)
        rows = defaultdict(list)
        for trial in trials:
            rows[trial["task_id"]].append(trial)
        for task, repeats in rows.items():
            verdicts = [trial["is_resolved"] for trial in repeats]
            assert sum(score == 1 for score in ours[task]) == verdicts.count(True), (submission, task)
            assert sum(score == 0 for score in ours[task]) == verdicts.count(False), (submission, task)
        if all(len(repeats) == ATTEMPTS for repeats in rows.values()):
            found[submission] = [
                {
                    "question_id": task, "cluster": task.split(".")[0], "epoch": epoch, "task": "terminal-bench-core 0.1.1",
                    "model": submission, "score": int(trial["is_resolved"] is True),
                    "verdict": {True: "resolved", False: "not resolved", None: "none"}[trial["is_resolved"]],
                    "failure_mode": trial["failure_mode"], "length": _seconds(trial),
                }
                for task in sorted(rows)
                for epoch, trial in enumerate(rows[task], 1)
            ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    most = max(len(rows) for rows in found.values())
    for submission, rows in found.items():
        if len(rows) == most:
            out = io.StringIO()
            writer = csv.DictWriter(out, TERMINAL_HEADER)
            writer.writeheader()
            writer.writerows(rows)
            (folder / f"{submission}.csv").write_bytes(out.getvalue().encode())


def _seconds(trial: dict[str, Any]) -> str:
    begin, end = trial.get("agent_started_at"), trial.get("agent_ended_at")
    if not begin or not end:
        return ""
    return f"{(datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds():.3f}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    get = commands.add_parser("gather", help="tables from clones of the public repositories")
    get.add_argument("clones", type=Path)
    get.add_argument("data", type=Path)
    write = commands.add_parser("write", help="numbers, page and figures")
    write.add_argument(
        "data", type=Path, nargs="?", help="tables of the public runs; their committed numbers if left out"
    )
    arguments = parser.parse_args()
    if arguments.command == "gather":
        gather(arguments.clones, arguments.data)
        return
    import results_page

    path = OUT / "results.json"
    OUT.mkdir(parents=True, exist_ok=True)
    found = public(arguments.data) if arguments.data else json.loads(path.read_text())
    path.write_text(json.dumps(found | ran(OUT / "epochs"), indent=1) + "\n")
    results_page.write(json.loads(path.read_text()), OUT)


if __name__ == "__main__":
    main()
