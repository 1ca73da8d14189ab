"""In a window of any width commands print the same numbers, and nothing is cut."""

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.demo import demo_log

LONG = "organisation-of-a-long-name/model-with-a-name-that-goes-on-and-on"


@lru_cache
def printed(width: int, *command: object) -> str:
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(main, [str(part) for part in command])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= width
    return done.stdout


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d+\.\d+", text))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tables of one, three and twelve models of long names with lengths, and a log of tool calls."""
    folder = tmp_path_factory.mktemp("widths")
    found = {"log": folder / "demo.eval"}
    found["log"].write_bytes(demo_log())
    rng = np.random.default_rng(0)
    for count in (1, 3, 5, 12):
        lines = ["model,task,question_id,epoch,answer,target,length"]
        for model in range(count):
            for question in range(12):
                for epoch in range(4):
                    right = rng.random() < (question + model) / 24
                    length = 100 * (1 + question) * rng.lognormal(0, 0.3)
                    answer = "A" if right else "BC"[int(rng.integers(2))]
                    lines.append(f"{LONG}-{model},a/task,q{question},{epoch},{answer},A,{length:.0f}")
        found[str(count)] = folder / f"{count}.csv"
        found[str(count)].write_text("\n".join(lines))
    return found


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize(
    ("command", "source", "options"),
    [
        ("analyze", "1", ("--details", "--account")),
        ("analyze", "3", ()),
        ("analyze", "12", ()),
        ("analyze", "log", ("--details",)),
        ("diverge", "log", ()),
        ("plan", "1", ("--width", "0.1")),
        ("study", "3", ()),
        ("compare", "3", ()),
    ],
)
def test_every_number_is_whole(
    inputs: dict[str, Path], command: str, source: str, options: tuple[str, ...], width: int
) -> None:
    wide, narrow = (printed(w, command, inputs[source], *options) for w in (600, width))
    assert numbers(wide) == numbers(narrow)
    # An ellipsis stands between the ends of an interval, or where the command itself shortens a text.
    assert narrow.count("…") == wide.count("…")


def test_many_runs_are_compared_in_one_table(inputs: dict[str, Path]) -> None:
    shown = printed(80, "compare", inputs["5"])
    rows = dict(re.findall(r"^│ ([A-E]) │ +[\d.]+ [a-z]+ │ +([\d.]+) [a-z]+ │", shown, re.MULTILINE))
    assert list(rows) == list("ABCDE")
    assert sorted(rows.values(), key=float) == list(rows.values())
    # The error of the first is that of analyze, and the first sentence names it.
    errors = [
        row.split() for row in printed(600, "analyze", inputs["5"]).splitlines() if row.startswith("│ ")
    ]
    assert rows["A"] == f"{min(float(row[9]) for row in errors):.3f}"
    least = re.search(r"^A  (\S+)$", shown, re.MULTILINE)
    assert least and " ".join(shown.split()).startswith(f"a/task · brier: {least[1]} errs least")
    assert "--details prints each of 10 pairs" in shown and "95 % interval" not in shown
    every = printed(600, "compare", inputs["5"], "--details")
    assert every.count("95 % interval ┃") == 10


def test_of_many_models_is_said_which_fail_alike(inputs: dict[str, Path]) -> None:
    shown = printed(2000, "analyze", inputs["12"])
    before, _, after = shown.partition("┏")
    said = re.findall(r"^([A-L] .*): (?:Most|Whether|Of|The)", before, re.MULTILINE)
    # Every letter once, with the end of its model's name.
    named = [one.split() for names in said for one in names.split(", ")]
    assert sorted(letter for letter, _ in named) == list("ABCDEFGHIJKL")
    ends = sorted(map(str, range(12)))  # runs stand in the order of their names
    assert all("…" in name and name.endswith(f"on-{ends[ord(letter) - ord('A')]}") for letter, name in named)
    assert before.count("Brier error of the answer") == 1 and LONG not in before.partition("Caution")[0]
    assert all(f"{LONG}-{model} ·" in after for model in range(12))
