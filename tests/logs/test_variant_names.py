"""Headings say what differs and is set, shortly and without secrets."""

import json
from dataclasses import replace

from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.variants import VariantNames, settings_text
from hotmess_inspect.table import Labels, Outcomes, outcomes_from_arrays


def results(*variants: dict[str, object]) -> list[GroupResult]:
    parts = []
    for settings in variants:
        rows = outcomes_from_arrays(["q", "q"], score=[0, 1], task="t", model="m")
        parts.append(replace(rows, variant=Labels.constant(json.dumps(settings), 2)))
    return analyze(Outcomes.concatenate(parts), Options(resamples=10))[0]


def test_short_settings_are_the_name() -> None:
    found = results({"temperature": 0, "same": 1}, {"temperature": 1, "same": 1}, {"same": 1})
    names = VariantNames(found)
    assert [names.of(result) for result in found] == ["", "temperature=0", "temperature=1"]
    assert names.key == []


def test_long_settings_get_letters_and_a_key() -> None:
    source = "def solve():\n    pass\n" * 1000
    found = results({"code": source, "grader": "a" * 50}, {"code": source + "#", "grader": "b" * 50})
    names = VariantNames(found)
    assert [names.of(result) for result in found] == ["variant A", "variant B"]
    assert [line.split(":")[0] for line in names.key] == ["variant A of t · m", "variant B of t · m"]
    assert all(len(line) < 300 for line in names.key)


def test_one_variant_needs_no_name() -> None:
    found = results({"code": "x" * 5000})
    assert VariantNames(found).of(found[0]) == ""


def test_secrets_are_never_shown() -> None:
    text = settings_text(
        {"api_key": "hunter2", "note": "sk-abcdefghijklmnop1234", "max_tokens": 5, "none": None}
    )
    assert text == "api_key=(hidden), note=(hidden), max_tokens=5"
