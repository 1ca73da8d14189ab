"""Rows of SWE-bench, in both schemas, from files of every kind."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.swebench.rows import (
    HUB_SETS,
    exclusion,
    load_instances,
    official_image,
    official_run,
    parse_row,
)

ROW: dict[str, Any] = {
    "repo": "own/thing",
    "instance_id": "own__thing-1",
    "base_commit": "0" * 40,
    "version": "1.0",
    "problem_statement": "It breaks.",
    "patch": "diff --git a/thing.py b/thing.py\n",
    "test_patch": "diff --git a/tests/test_thing.py b/tests/test_thing.py\n",
    "FAIL_TO_PASS": '["tests/test_thing.py::test_a"]',
    "PASS_TO_PASS": '["tests/test_thing.py::test_b", "tests/test_thing.py::test_c"]',
}


def second(**changes: Any) -> dict[str, Any]:
    return ROW | {"instance_id": "own__thing-2"} | changes


def test_a_row_of_2024() -> None:
    instance = parse_row(ROW, where="here")
    assert instance.tests == (
        "tests/test_thing.py::test_a",
        "tests/test_thing.py::test_b",
        "tests/test_thing.py::test_c",
    )
    assert instance.image == "swebench/sweb.eval.x86_64.own_1776_thing-1:latest"
    prepare, command = official_run(instance)
    assert command == ""
    assert "conda activate testbed" in " ".join(prepare)


def test_a_row_of_2026_names_its_image_and_command() -> None:
    script = (
        "#!/bin/bash\nsource /opt/miniconda3/bin/activate\nconda activate testbed\ncd /testbed\n"
        "export LANG=C\nsource /opt/miniconda3/bin/activate\npython -m pip install -e .\n"
        ": '>>>>> Start Test Output'\npytest --no-header -rA tests/a.py\n: '>>>>> End Test Output'\n"
    )
    instance = parse_row(ROW | {"image": "an/image:1", "eval_script": script}, where="here")
    assert instance.image == "an/image:1"
    prepare, command = official_run(instance)
    assert prepare == ["source /opt/miniconda3/bin/activate", "conda activate testbed", "export LANG=C"]
    assert command == "pytest --no-header -rA tests/a.py"


@pytest.mark.parametrize(
    ("install", "copied"),
    [
        ("python -m pip install -e .", False),
        ("python -m pip install -v --no-use-pep517 --no-build-isolation -e .", False),
        ("python -m pip install -e '.[dev]'", False),
        ("python -m pip install -q 'pytest<7.2'", False),
        ("python -m pip install .", True),
        ("python -m pip install '.[test]' --verbose", True),
        ("python setup.py install", True),
    ],
)
def test_a_tree_of_which_the_image_holds_a_copy_comes_first_on_the_path(install: str, copied: bool) -> None:
    script = f"cd /testbed\n{install}\n: '>>>>> Start Test Output'\npytest -rA tests/a.py\n"
    prepare, _ = official_run(parse_row(ROW | {"eval_script": script}, where="here"))
    assert prepare == (['export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'] if copied else [])


def test_official_image_names() -> None:
    assert official_image("pallets__flask-5014") == "swebench/sweb.eval.x86_64.pallets_1776_flask-5014:latest"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch": None}, "f.jsonl, line 1: instance 'own__thing-1' lacks patch"),
        ({"FAIL_TO_PASS": "[]"}, "FAIL_TO_PASS of 'own__thing-1' is empty"),
        ({"FAIL_TO_PASS": "nonsense"}, "FAIL_TO_PASS of 'own__thing-1' is not JSON"),
        ({"PASS_TO_PASS": '{"a": 1}'}, "PASS_TO_PASS of 'own__thing-1' is not a list of test ids"),
        ({"PASS_TO_PASS": '["tests/test_thing.py::test_a"]'}, "in FAIL_TO_PASS and in PASS_TO_PASS"),
    ],
)
def test_broken_rows_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_row(ROW | change, where="f.jsonl, line 1")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    if path.name.endswith(".parquet"):
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(json.dumps(rows) if path.suffix == ".json" else lines)
    return path


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.jsonl.gz", "rows.parquet"])
def test_every_file_kind_gives_the_same_instances(tmp_path: Path, name: str) -> None:
    instances, excluded = load_instances(str(write(tmp_path / name, [ROW, second()])))
    assert instances == [parse_row(ROW, where=""), parse_row(second(), where="")]
    assert excluded == []


def test_choice_of_instances_keeps_the_order_of_the_set(tmp_path: Path) -> None:
    path = str(write(tmp_path / "rows.jsonl", [ROW, second(), second(instance_id="own__thing-3")]))
    chosen, _ = load_instances(path, instances=["own__thing-3", "own__thing-1"])
    assert [i.instance_id for i in chosen] == ["own__thing-1", "own__thing-3"]


def test_an_unknown_instance_is_named_with_examples(tmp_path: Path) -> None:
    path = str(write(tmp_path / "rows.jsonl", [ROW]))
    with pytest.raises(ValueError, match=r"'own__thing-9' is not in dataset .* for example own__thing-1"):
        load_instances(path, instances=["own__thing-9"])


def test_doubled_instances_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 'own__thing-1' more than once"):
        load_instances(str(write(tmp_path / "rows.jsonl", [ROW, ROW])))


@pytest.mark.parametrize("dataset", ["verifed", "missing.jsonl"])
def test_an_unknown_data_set_lists_the_known_ones(dataset: str) -> None:
    with pytest.raises(ValueError, match="mini, verified, lite, full nor an existing"):
        load_instances(dataset)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("x")
    with pytest.raises(ValueError, match=r"must end in \.json"):
        load_instances(str(path))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n{oops\n")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2 is not JSON"):
        load_instances(str(path))


def test_what_cannot_be_graded_offline_is_left_out_with_the_reason(tmp_path: Path) -> None:
    rows = [ROW, second(repo="psf/requests")]
    instances, excluded = load_instances(str(write(tmp_path / "rows.jsonl", rows)))
    assert [i.instance_id for i in instances] == ["own__thing-1"]
    assert {e.instance_id: e.reason for e in excluded} == {
        "own__thing-2": "its tests call a network service, and sandboxes have no network",
    }


def test_without_the_hub_the_error_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked: list[tuple[str, str]] = []

    def unreachable(path: str, *, split: str, revision: str) -> None:
        asked.append((path, revision))
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(ValueError, match="pass the path of a local file as the dataset"):
        load_instances("verified")
    assert asked == [(HUB_SETS["verified"].path, HUB_SETS["verified"].revision)]


@pytest.mark.shared
def test_official_rows(shared_data: Path) -> None:
    instances, excluded = load_instances(str(shared_data / "swebench_rows.jsonl.gz"))
    # Counted from the file itself: 13 rows of requests among 926.
    assert (len(instances), len(excluded)) == (926 - 13, 13)
    assert all(i.image == official_image(i.instance_id) for i in instances)


def live(*commands: str) -> dict[str, Any]:
    """A row as SWE-bench Live has them: commands and counts instead of a script and a time."""
    return ROW | {"test_cmds": list(commands), "log_parser": "pytest", "difficulty": {"files": 1, "lines": 2}}


def script(command: str) -> dict[str, Any]:
    return ROW | {
        "eval_script": f"cd /testbed\n: '>>>>> Start Test Output'\n{command}\n: '>>>>> End Test Output'\n"
    }


GO = "diff --git a/pkg/thing_test.go b/pkg/thing_test.go\n"
RUBY_AND_PYTHON = "diff --git a/a_spec.rb b/a_spec.rb\ndiff --git a/tests/test_a.py b/tests/test_a.py\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (live("pytest -rA tests"), None),
        (live("cd /testbed", "pytest -rA"), "its tests take 2 commands"),
        (live("make check"), "its test command 'make check' is none of pytest's runner"),
        (script("pytest -rA tests/test_thing.py"), None),
        (
            script("python -m unittest -v"),
            "its test command 'python -m unittest -v' is none of pytest's runner",
        ),
        (script("pytest a.py\npytest b.py"), "its tests take 2 commands"),
        (script("pytest a.py && rm -r /testbed"), None),
        (
            ROW | {"test_patch": GO, "FAIL_TO_PASS": ["TestThing"], "PASS_TO_PASS": []},
            "its tests are in Go: the row holds no evaluation script",
        ),
        (
            script("go test ./...") | {"test_patch": GO, "FAIL_TO_PASS": ["TestThing"], "PASS_TO_PASS": []},
            "its tests are in Go, and the code under test can forge their runner's report: -T other_languages=true runs",
        ),
        (ROW | {"test_patch": RUBY_AND_PYTHON}, None),
        # Fixtures in another format, tests in Python: as sqlfluff has them.
        (ROW | {"test_patch": "diff --git a/tests/rules.yml b/tests/rules.yml\n"}, None),
    ],
)
def test_rows_of_other_sets_run_or_are_left_out_with_the_reason(
    row: dict[str, Any], reason: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n")
    found, excluded = load_instances(str(path))
    if reason is None:
        assert [i.instance_id for i in found] == [ROW["instance_id"]] and not excluded
    else:
        (left_out,) = excluded
        assert not found and left_out.reason.startswith(reason)


def test_a_row_of_live_has_its_own_image_and_command() -> None:
    instance = parse_row(live("pytest -rA tests"), where="here")
    assert instance.image == "starryzhang/sweb.eval.x86_64.own_1776_thing-1:latest"
    prepare, command = official_run(instance)
    assert command == "pytest -rA tests"
    assert len(prepare) == 1 and prepare[0].startswith("if [ -e /opt/miniconda3/bin/activate ]")
    assert instance.difficulty == ""


def test_a_row_of_live_as_its_maintainers_push_them() -> None:
    row = live("export LANG=C", "source venv/bin/activate", "pytest -rA tests") | {
        "docker_image": "starryzhang/sweb.eval.x86_64.own_1776_thing-1",
        "rebuild_cmds": ["pip install -v ."],
        "print_cmds": [],
        "FAIL_TO_PASS": ["tests/test_thing.py::test_a"],
        "PASS_TO_PASS": [],
        "pull_number": "1",
    }
    instance = parse_row(row, where="")
    assert instance.image == "starryzhang/sweb.eval.x86_64.own_1776_thing-1"
    prepare, command = official_run(instance)
    assert command == "pytest -rA tests"
    assert prepare[1:] == [
        "export LANG=C",
        "source venv/bin/activate",
        'export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"',
    ]
    assert exclusion(instance) is None


def test_a_command_that_activates_and_tests_is_the_tests() -> None:
    row = live("export LANG=C", "source venv/bin/activate && pytest -rA tests")
    prepare, command = official_run(parse_row(row, where=""))
    assert command == "source venv/bin/activate && pytest -rA tests" and prepare[1:] == ["export LANG=C"]


def test_difficulties(tmp_path: Path, shared_data: Path) -> None:
    rows = str(shared_data / "swebench_rows.jsonl.gz")
    with gzip.open(rows, "rt", encoding="utf-8") as lines:
        stated = {row["instance_id"]: row.get("difficulty") for row in map(json.loads, lines)}
    for wanted, names in (
        (["1-4 hours"], {"1-4 hours"}),
        (["<15min", ">4 hours"], {"<15 min fix", ">4 hours"}),
    ):
        chosen, excluded = load_instances(rows, difficulty=wanted)
        found = {i.instance_id for i in [*chosen, *excluded]}
        assert found == {name for name, difficulty in stated.items() if difficulty in names}
    assert len(stated) - len([d for d in stated.values() if d is None]) == 500
    with pytest.raises(
        ValueError, match=r"no instance of dataset .* has '2 days'; there are '15 min - 1 hour' \(261\)"
    ):
        load_instances(rows, difficulty=["2 days"])
    plain = str(write(tmp_path / "rows.jsonl", [ROW]))
    with pytest.raises(ValueError, match=r"has '1-4 hours'; there are none"):
        load_instances(plain, difficulty=["1-4 hours"])


def test_a_row_of_pro_is_refused_with_another_way() -> None:
    row = {"instance_id": "x", "dockerhub_tag": "a", "fail_to_pass": "[]", "repo": "a/b"}
    with pytest.raises(ValueError, match=r"SWE-bench Pro.* run that set as a Harbor set with hotmess/suite"):
        parse_row(row, where="rows.jsonl, line 1")


@pytest.mark.parametrize(
    ("repo", "parser", "runner"),
    [
        ("own/thing", "", "pytest"),
        ("own/thing", "parse_log_anything", "pytest"),
        ("own/mirror-of-django", "parse_log_django", "Django"),
        ("own/mirror-of-sympy", "parse_log_sympy", "SymPy"),
        # The repository decides where it is known.
        ("django/django", "parse_log_sympy", "Django"),
    ],
)
def test_the_rows_own_parser_chooses_the_runner_of_a_repository_that_is_not_known(
    repo: str, parser: str, runner: str
) -> None:
    from hotmess_inspect.swebench.parsers import format_of

    assert format_of(repo, parser).name.lower() == runner.lower()
