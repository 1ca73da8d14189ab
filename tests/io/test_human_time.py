"""The time that people take for a question: from tables, metadata of samples and METR's runs to the length of a question."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match

import hotmess_inspect
from hotmess_inspect.cli import main
from hotmess_inspect.io.human_time import MetadataMinutes, minutes_of_text
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.tables import read_table, write_parquet
from hotmess_inspect.swebench.rows import parse_row
from hotmess_inspect.swebench.scorer import instance_from_metadata, instance_metadata
from hotmess_inspect.table import groups, question_arrays

MINI_ROWS = Path(hotmess_inspect.__file__).parent / "swebench" / "mini" / "rows.jsonl"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("<15 min fix", 7.5),
        ("15 min - 1 hour", 30.0),
        ("1-4 hours", 120.0),
        (">4 hours", 480.0),
        ("90 seconds", 1.5),
        (" 2 hrs ", 120.0),
        ("10 to 40 minutes", 20.0),
        ("1 day", 1440.0),
    ],
)
def test_times_and_ranges(text: str, minutes: float) -> None:
    assert minutes_of_text(text) == pytest.approx(minutes, rel=1e-12)


@pytest.mark.parametrize("text", ["hard", "", "15", "4-1 hours", "about 2 hours", "3 fixes", "-2 min"])
def test_what_is_no_time_is_unknown(text: str) -> None:
    assert np.isnan(minutes_of_text(text))


def test_a_table_of_minutes_and_of_difficulties(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("question_id,epoch,score,human_minutes\na,1,1,30\na,2,0,30\nb,1,0,\n")
    outcomes, _ = read_table(str(path))
    assert outcomes.human_minutes.tolist()[:2] == [30.0, 30.0] and np.isnan(outcomes.human_minutes[2])
    write_parquet(outcomes, str(tmp_path / "own.parquet"))
    again, _ = read_table(str(tmp_path / "own.parquet"))
    np.testing.assert_array_equal(again.human_minutes, outcomes.human_minutes)
    path.write_text("question_id,epoch,score,difficulty,w\na,1,1,1-4 hours,.5\nb,1,0,<15 min fix,.25\n")
    found = read_inputs([path], columns={"human_minutes": "difficulty", "weight": "w"}).outcomes
    assert found.human_minutes.tolist() == [120.0, 7.5] and found.weight.tolist() == [0.5, 0.25]


def test_a_time_that_is_none_names_its_row(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("question_id,epoch,score,human_minutes\na,1,1,30\nb,1,0,long\n")
    with pytest.raises(ValueError, match=r"row 2, column 'human_minutes': 'long' is not a time"):
        read_table(str(path))


def test_two_times_of_one_question_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("question_id,epoch,score,human_minutes\na,1,1,30\na,2,0,31\n")
    (group,) = groups(read_table(str(path))[0])
    with pytest.raises(ValueError, match="question 'a' has two values of human_minutes: 30 and 31"):
        question_arrays(group).one_each("human_minutes")


def test_metadata_of_the_first_epoch() -> None:
    reader = MetadataMinutes()
    assert reader.of("a", b'{"human_minutes": 12}') == 12.0
    assert reader.of("a", b'{"human_minutes": 99}') == 12.0
    assert reader.of("b", b'{"difficulty": "1-4 hours", "human_minutes": null}') == 120.0
    assert reader.of("c", b'{"human_time": "2 hours"}') == 120.0
    assert np.isnan(reader.of("d", b'{"difficulty": "hard"}')) and np.isnan(reader.of("e", b""))
    assert np.isnan(reader.of("f", b'{"human_time": 3}'))
    said = reader.notes()
    assert len(said) == 2 and "7.5" in said[0] and "human_time such as 3" in said[1]


def test_a_log_whose_samples_say_it(tmp_path: Path) -> None:
    output = ModelOutput.from_content("mockllm/model", "A")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    bins = {"a": "<15 min fix", "b": ">4 hours"}
    samples = [Sample(id=i, input="?", target="A", metadata={"difficulty": d}) for i, d in bins.items()]
    samples.append(Sample(id="c", input="?", target="A"))
    task = Task(name="timed", dataset=samples, scorer=match(), epochs=Epochs(2, "mean"))
    model = get_model("mockllm/model", custom_outputs=[output] * 6)
    eval(task, model=model, log_dir=str(tmp_path), display="none", log_format="eval")
    found = read_inputs([tmp_path])
    known = dict(zip(found.outcomes.question.values(), found.outcomes.human_minutes.tolist(), strict=True))
    assert known["a"] == 7.5 and known["b"] == 480.0 and np.isnan(known["c"])
    assert [p.level for p in found.problems if "difficulty is read as" in p.message] == ["note"]
    # It is printed where it matters: beside lengths that are people's time.
    for options, said in (([], False), (["--length", "human"], True)):
        printed = CliRunner().invoke(main, ["analyze", str(tmp_path), *options]).output
        assert ("difficulty is read as" in " ".join(printed.split())) is said, printed


def test_length_buckets_along_the_time_of_people_split_no_question(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["question_id,epoch,score,human_minutes"]
    for question in range(8):
        lines += [f"q{question},{e},{int(rng.random() < 0.5)},{2.0**question}" for e in range(1, 5)]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    made = ["analyze", str(path), "--length", "human", "--buckets", "4", "--json"]
    done = CliRunner().invoke(main, made)
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["groups"]
    assert found["length"] == "human_minutes"
    assert [b["length"] for b in found["length_buckets"]] == [1.5, 6.0, 24.0, 96.0]
    assert found["overthinking"]["difference"] is None
    assert "question's own" in found["overthinking"]["note"]
    assert "question's own" in CliRunner().invoke(main, made[:-1]).stdout


def test_our_swebench_samples_carry_their_difficulty() -> None:
    """In the metadata of the samples, from which the scorer rebuilds an instance with and without it."""
    row = json.loads(MINI_ROWS.read_text("utf-8").splitlines()[0])
    metadata = instance_metadata(parse_row(row, where="rows.jsonl"))
    assert MetadataMinutes().of("a", json.dumps(metadata).encode()) == 7.5
    older = {name: value for name, value in metadata.items() if name != "difficulty"}
    assert instance_from_metadata(older).difficulty == ""
    assert instance_from_metadata(metadata).difficulty == "<15 min fix"
