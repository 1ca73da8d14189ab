import re

import pytest

from hotmess_inspect.simulated import provider
from hotmess_inspect.simulated.arguments import argument_table, read_arguments
from hotmess_inspect.simulated.behaviour import AgentArguments
from hotmess_inspect.simulated.distribution import SimulatedArguments


def test_text_from_a_command_line_becomes_a_number():
    read = read_arguments(SimulatedArguments, {"seed": "12", "accuracy": "0.5", "style": "bold"}, "m")
    assert (read.seed, read.accuracy, read.style) == (12, 0.5, "bold")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"acuracy": 1}, r"m has no model argument 'acuracy'; permitted are: accuracy, "),
        ({"accuracy": 1.5}, r"'accuracy' of m is 1.5; permitted is a number from 0 to 1"),
        ({"accuracy": "high"}, r"'accuracy' of m is 'high'"),
        ({"accuracy": float("nan")}, r"'accuracy' of m is nan"),
        ({"accuracy": True}, r"'accuracy' of m is True"),
        ({"seed": -1}, r"'seed' of m is -1; permitted is a whole number of at least 0"),
        ({"seed": 0.5}, r"'seed' of m is 0.5"),
        ({"style": "loud"}, r"'style' of m is 'loud'; permitted are: auto, answer"),
    ],
)
def test_wrong_arguments_are_named_with_what_is_permitted(given, message):
    with pytest.raises(ValueError, match=message):
        read_arguments(SimulatedArguments, given, "m")


def test_large_seeds_keep_their_digits():
    assert read_arguments(SimulatedArguments, {"seed": 2**63 + 1}, "m").seed == 2**63 + 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [0.45, 0.25, 0.2, 0.1]),
        # .5 is left for partial .25, wrong .2 and nothing .1: .5 / .55 of each
        ({"right": 0.5}, [0.5, 0.25 / 1.1, 0.2 / 1.1, 0.1 / 1.1]),
        ({"right": 0.5, "partial": 0.2, "wrong": 0.2, "nothing": 0.1}, [0.5, 0.2, 0.2, 0.1]),
        ({"right": 1}, [1, 0, 0, 0]),
    ],
)
def test_shares_of_behaviours_fill_up_to_one(given, expected):
    assert read_arguments(AgentArguments, given, "m").shares() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "given", [{"right": 0.7, "wrong": 0.5}, {"right": 0, "partial": 0, "wrong": 0, "nothing": 0.5}]
)
def test_shares_that_cannot_sum_to_one_are_refused(given):
    with pytest.raises(ValueError, match="right, partial, wrong and nothing sum to"):
        read_arguments(AgentArguments, given, "m")


def test_documentation_lists_every_argument_with_its_default():
    rows = re.findall(r"^\| ``(\w+)`` \| (.*?) ?\| (.*) \|$", provider.__doc__, flags=re.MULTILINE)
    shares = AgentArguments().shares()
    expected = []
    for name, default, meaning in argument_table(SimulatedArguments) + argument_table(AgentArguments):
        if default is None:
            default = f"{shares[('right', 'partial', 'wrong', 'nothing').index(name)]:g}"
        expected.append((name, str(default), meaning))
    assert [(name, default, meaning.split(" (")[0]) for name, default, meaning in rows] == [
        (name, default, meaning.split(" (")[0]) for name, default, meaning in expected
    ]
