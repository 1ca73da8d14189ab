"""How far this package's reading of answers agrees with published ones, model by model.

    git clone https://github.com/TIGER-AI-Lab/MMLU-Pro
    python benchmarks/published_readings.py MMLU-Pro/eval_results --write docs/published_readings.csv
    python benchmarks/published_readings.py MMLU-Pro/eval_results --rows 1500 --differing differing.jsonl

Each file of the folder is a zip with one JSON list of objects: ``options``, ``answer`` (the right letter), ``pred`` (the letter that the
publisher read, or null) and the text, ``generated_text`` or ``model_outputs``. A published letter that stands nowhere in the text was
drawn at random and counts as none. Where both read a letter and differ, the share of each that is the right answer tells which
reading is nearer to what the model meant, without anyone's judgement: a wrong reading is right by chance alone.

Columns: ``texts``; ``both``, those in which both read a letter, and ``agree``, the percentage of these with the same;
``differ``, the others, with ``ours_right`` and ``theirs_right``, the percentage of them in which that letter is the right answer;
``ours_only`` and ``theirs_only``, where one reads a letter, with the percentage right (``…_right``); ``neither``; and ``us``, microseconds
of CPU time per text.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotmess_inspect.multiple_choice.letters import read_letter

COUNTS = ("both", "differ", "ours_only", "theirs_only", "neither")


def entries(path: Path) -> list[dict[str, Any]]:
    """The objects of one file that hold a text."""
    with zipfile.ZipFile(path) as archive:
        [name] = [n for n in archive.namelist() if n.endswith(".json") and not n.startswith("__MACOSX")]
        found = json.loads(archive.read(name))
    return [entry for entry in found if isinstance(entry, dict) and isinstance(text_of(entry), str)]


def text_of(entry: dict[str, Any]) -> Any:
    return entry.get("generated_text", entry.get("model_outputs"))


def theirs(entry: dict[str, Any]) -> str | None:
    """The published letter, where it stands in the text."""
    letter = entry.get("pred")
    return letter if letter and re.search(rf"\b{re.escape(letter)}\b", text_of(entry)) else None


def readings(listed: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str | None, str | None]]:
    """Each object with our letter and the published one."""
    for entry in listed:
        place = read_letter(text_of(entry), [str(option) for option in entry["options"]])
        yield entry, None if place is None else chr(ord("A") + place), theirs(entry)


def kind(ours: str | None, published: str | None) -> str:
    if ours and published:
        return "agree" if ours == published else "differ"
    return "ours_only" if ours else "theirs_only" if published else "neither"


def row(
    name: str, found: list[tuple[dict[str, Any], str | None, str | None]], seconds: float
) -> dict[str, str]:
    """One line of the table."""
    counts: Counter[str] = Counter()
    for entry, ours, published in found:
        case = kind(ours, published)
        counts[case] += 1
        counts[case, "ours"] += ours == entry["answer"]  # type: ignore[index]
        counts[case, "theirs"] += published == entry["answer"]  # type: ignore[index]
    counts["both"] = counts["agree"] + counts["differ"]

    def share(part: int, whole: int) -> str:
        return f"{100 * part / whole:.2f}" if whole else ""

    return {
        "model": name,
        "texts": str(len(found)),
        "both": str(counts["both"]),
        "agree": share(counts["agree"], counts["both"]),
        "differ": str(counts["differ"]),
        "ours_right": share(counts["differ", "ours"], counts["differ"]),  # type: ignore[index]
        "theirs_right": share(counts["differ", "theirs"], counts["differ"]),  # type: ignore[index]
        "ours_only": str(counts["ours_only"]),
        "ours_only_right": share(counts["ours_only", "ours"], counts["ours_only"]),  # type: ignore[index]
        "theirs_only": str(counts["theirs_only"]),
        "theirs_only_right": share(counts["theirs_only", "theirs"], counts["theirs_only"]),  # type: ignore[index]
        "neither": str(counts["neither"]),
        "us": f"{1e6 * seconds / len(found):.0f}",
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--rows", type=int, help="at most so many texts of each file, drawn with --seed (all)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="where to write the table (CSV)")
    parser.add_argument(
        "--differing", type=Path, help="where to write the texts that are read differently (JSON lines)"
    )
    options = parser.parse_args()
    lines: list[dict[str, str]] = []
    every, total = [], 0.0
    differing = options.differing.open("w", encoding="utf-8") if options.differing else None
    for path in sorted(options.folder.glob("*.zip")):
        listed = entries(path)
        if options.rows and options.rows < len(listed):
            listed = random.Random(options.seed).sample(listed, options.rows)
        start = time.process_time()
        found = list(readings(listed))
        seconds = time.process_time() - start
        name = path.stem.removeprefix("model_outputs_").removesuffix("_5shots")
        lines.append(row(name, found, seconds) | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
        print(json.dumps(lines[-1]), flush=True)
        every, total = every + [(entry, ours, published) for entry, ours, published in found], total + seconds
        if differing:
            for entry, ours, published in found:
                if kind(ours, published) not in ("agree", "neither"):
                    kept = {"model": name, "ours": ours, "theirs": published, "right": entry["answer"]}
                    kept |= {
                        "options": entry["options"],
                        "text": text_of(entry),
                        "question": entry["question"],
                    }
                    differing.write(json.dumps(kept) + "\n")
    lines.append(row("all", every, total) | {"sha256": ""})
    print(json.dumps(lines[-1]))
    if options.write:
        with options.write.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)


if __name__ == "__main__":
    main()
