"""A folder of files of all formats, good, damaged and foreign: every file and every epoch is in the account, once.

`HOTMESS_FILES=1000 pytest tests/io/test_many_files.py` for a large folder.
"""

import gzip
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import hotmess_inspect.demo
from hotmess_inspect.io.logs import read_inputs

FILES = int(os.environ.get("HOTMESS_FILES", "150"))
MADE = Path(__file__).parent / "made"
DEMO = sorted(Path(hotmess_inspect.demo.__file__).parent.glob("*.eval"))


def rows_of(number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Epochs of a model of its own, so that no two files hold the same ones."""
    return [
        {"id": f"q{q}", "trial": e, "score": int(rng.integers(2)), "model": f"m{number}"}
        for q in range(int(rng.integers(1, 4)))
        for e in range(1, int(rng.integers(2, 5)))
    ]


def separated(rows: list[dict[str, Any]], separator: str) -> bytes:
    lines = [separator.join(rows[0]), *(separator.join(map(str, row.values())) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def write(folder: Path, number: int, rng: np.random.Generator) -> tuple[str, int]:
    """One file; what it is, and how many epochs it records."""
    rows = rows_of(number, rng)
    name = f"f{number:04d}"
    lines = "\n".join(map(json.dumps, rows)).encode()
    plain = {
        "csv": separated(rows, ","),
        "tsv": separated(rows, "\t"),
        "semicolons.csv": separated(rows, ";"),
        "csv.gz": gzip.compress(separated(rows, ",")),
        "jsonl": lines,
        "json": json.dumps(rows).encode(),
        "jsonl.gz": gzip.compress(lines),
        "utf16.csv": separated(rows, ",").decode().encode("utf-16"),
    }
    kind = (
        *plain,
        "parquet",
        "tau",
        "metr",
        "openai",
        "hal",
        "lm",
        "swe",
        "harbor",
        "cut",
        "text",
        "link",
        "other",
    )
    chosen = kind[number % len(kind)]
    if chosen in plain:
        (folder / f"{name}.{chosen}").write_bytes(plain[chosen])
    elif chosen == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    elif chosen == "tau":
        trials = [
            {"task_id": r["id"], "trial": r["trial"], "reward": r["score"], "info": {}, "traj": []}
            for r in rows
        ]
        (folder / f"{name}-tau.json").write_text(json.dumps(trials))
    elif chosen == "metr":
        given = {"task_family": "f", "human_minutes": 5.0, "alias": name}
        runs = [
            {"task_id": r["id"], "score_binarized": r["score"], "run_id": i, **given}
            for i, r in enumerate(rows)
        ]
        (folder / f"{name}-runs.jsonl").write_text("\n".join(map(json.dumps, runs)))
    elif chosen == "openai":
        spec = {"spec": {"completion_fns": [name], "eval_name": "e.dev.v0", "run_id": name}}
        events = [
            {"type": "match", "sample_id": f"e.dev.{i}", "data": {"correct": bool(r["score"])}}
            for i, r in enumerate(rows)
        ]
        (folder / f"{name}-events.jsonl").write_text("\n".join(map(json.dumps, [spec, *events])))
    elif chosen == "hal":
        results = {str(i): {"reward": float(r["score"])} for i, r in enumerate(rows)}
        upload = {"config": {"agent_name": name, "run_id": name}, "raw_eval_results": results}
        (folder / f"{name}_UPLOAD.json").write_text(json.dumps(upload))
    elif chosen == "lm":
        own = folder / name
        own.mkdir()
        shutil.copy(next((MADE / "lm_eval" / "dummy").glob("samples_tiny_mc*")), own)
        return chosen, 4  # four questions, each with two metrics
    elif chosen == "swe":
        report = {"submitted_ids": ["a__a-1", "b__b-2"], "resolved_ids": ["a__a-1"], "error_ids": []}
        (folder / f"{name}.run.json").write_text(json.dumps(report))
        return chosen, 2
    elif chosen == "harbor":
        trial = json.loads((MADE / "harbor" / "fix-git__ax0" / "result.json").read_text())
        own = folder / f"fix-git__{name}"
        own.mkdir()
        (own / "result.json").write_text(json.dumps(trial | {"trial_name": own.name}))
        return chosen, 1
    elif chosen == "cut":
        data = plain["csv.gz"]
        (folder / f"{name}.csv.gz").write_bytes(data[: len(data) // 2])
        return chosen, 0
    elif chosen == "text":
        (folder / f"{name}.txt").write_text("notes")
        return chosen, 0
    elif chosen == "link":
        (folder / f"{name}.csv").symlink_to(folder / "nowhere.csv")
        return chosen, 0
    else:
        (folder / f"{name}.json").write_text(json.dumps({"settings": {"a": 1}}))
        return chosen, 0
    return chosen, len(rows)


def test_every_file_and_epoch_is_in_the_account(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    expected: Counter[str] = Counter()
    for number in range(FILES - 1):
        kind, epochs = write(tmp_path, number, rng)
        expected["recorded"] += epochs
        expected[kind] += 1
    # The same log twice: its epochs count once.
    for copy in ("one.eval", "two.eval"):
        shutil.copy(DEMO[0], tmp_path / copy)
    found = read_inputs([str(tmp_path)])
    account = found.account
    there = sorted(str(p) for p in tmp_path.rglob("*") if not p.is_dir())
    assert sorted(one.path for one in account.files) == there and len(there) == FILES + 1
    totals = account.totals()
    logs = [one for one in account.files if one.path.endswith(".eval")]
    assert logs[0].recorded == logs[1].recorded > 0 and logs[0].copies + logs[1].copies == logs[0].recorded
    assert totals["recorded"] == expected["recorded"] + 2 * logs[0].recorded
    kept = totals["repeated"] + totals["invalid"] + totals["copies"] + totals["read"]
    assert totals["recorded"] == kept
    assert totals["read"] == totals["scored"] + totals["errored"] + totals["unscored"]
    assert totals["files"] == totals["read_files"] + totals["unreadable_files"] + totals["passed_over_files"]
    # Damaged files and links that lead nowhere are problems, foreign files are passed over with a reason.
    states = Counter(one.state for one in account.files)
    assert states["unreadable"] == expected["cut"] + expected["link"]
    assert states["passed over"] == expected["text"] + expected["other"]
    assert all(one.reason for one in account.files if one.state != "read")
    rows: Counter[str | None] = Counter()
    distinct = {
        (log, q, c, e)
        for log, q, c, e in zip(
            found.outcomes.log.values(),
            found.outcomes.question.values(),
            found.outcomes.context.values(),
            found.outcomes.epoch.tolist(),
            strict=True,
        )
    }
    rows.update(log for log, *_ in distinct)
    for one in account.files:
        if one.form != "lm-evaluation-harness samples":  # two scorers that each number the epoch
            assert rows[one.path] == one.read, one
