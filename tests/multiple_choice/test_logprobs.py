"""Letters from log-probabilities, against arithmetic by hand and a model whose continuations are all known."""

import itertools
import math

import numpy as np
import pytest
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    Logprob,
    Logprobs,
    ModelOutput,
    TopLogprob,
)

from hotmess_inspect.multiple_choice.logprobs import MAX_OUTSIDE, Letters, letter_probabilities


def output(*places: tuple[str, dict[str, float]]) -> ModelOutput:
    """The tokens that were written, each with what is listed at its place."""
    content = [
        Logprob(
            token=token,
            logprob=math.log(listed[token]) if listed else 0.0,
            top_logprobs=[TopLogprob(token=other, logprob=math.log(p)) for other, p in listed.items()],
        )
        for token, listed in places
    ]
    message = ChatMessageAssistant(content="".join(token for token, _ in places))
    return ModelOutput(choices=[ChatCompletionChoice(message=message, logprobs=Logprobs(content=content))])


def test_a_bracket_is_looked_through() -> None:
    found = letter_probabilities(output(("(", {"(": 0.95, "A": 0.03}), ("B", {"B": 0.99, "A": 0.01})), 2)
    # A: .03 + .95 * .01 = .0395; B: .95 * .99 = .9405; outside .02, of which B can have .02 at the first place.
    assert found.outside == pytest.approx(0.02)
    assert found.unlisted == pytest.approx(0.02)
    assert found.probabilities == pytest.approx([0.0395 / 0.99, (0.9405 + 0.01) / 0.99])


@pytest.mark.parametrize(
    "lead",
    [["The", " answer", " is"], ["**"], ["\n", "\n"], ["Answer", ":"], ["▁"], [" $", "\\", "boxed", "{"]],
)
def test_words_that_lead_to_the_letter_are_looked_through(lead: list[str]) -> None:
    places = [(token, {token: 0.9, "<think>": 0.1}) for token in lead]
    found = letter_probabilities(output(*places, (" B", {" B": 0.6, " A": 0.4})), 2)
    reached = 0.9 ** len(lead)
    if reached >= 1 - MAX_OUTSIDE:
        assert found.outside == pytest.approx(1 - reached)
    assert found.probabilities is not None and found.probabilities[1] > 0.55


def test_the_spellings_of_a_letter_are_added_up() -> None:
    listed = {" A": 0.2, "A)": 0.1, "(A": 0.1, "a": 0.05, "**A**": 0.05, "B.": 0.5}
    found = letter_probabilities(output((" A", listed)), 2)
    assert found == Letters(
        pytest.approx([0.5, 0.5]), pytest.approx(0.0, abs=1e-12), pytest.approx(0.0, abs=1e-12)
    )


@pytest.mark.parametrize("token", ["<think>", "Okay", "Let", "To", "Question"])
def test_what_leads_to_no_letter_is_unread_above_the_limit(token: str) -> None:
    found = letter_probabilities(output((token, {token: 0.58, "A": 0.3, "B": 0.12}), ("A", {"A": 1.0})), 2)
    assert found.probabilities is None and found.outside == pytest.approx(0.58)
    permitted = letter_probabilities(output((token, {token: 0.58, "A": 0.3, "B": 0.12})), 2, max_outside=0.6)
    assert permitted.probabilities == pytest.approx([0.3 / 0.42, 0.12 / 0.42])


def test_an_unlisted_letter_is_bounded_and_not_nought() -> None:
    found = letter_probabilities(output(("A", {"A": 0.7, "B": 0.2, "x": 0.02})), 4)
    # C and D: at most .02 each (the least that is listed), together at most the .08 that the list leaves.
    assert found.unlisted == pytest.approx(0.04) and found.outside == pytest.approx(0.1)
    assert found.probabilities == pytest.approx(np.array([0.7, 0.2, 0.01, 0.01]) / 0.92)
    tight = letter_probabilities(output(("A", {"A": 0.7, "B": 0.27, "x": 0.02})), 4)
    assert tight.unlisted == pytest.approx(0.01)


def test_nothing_listed_is_nothing() -> None:
    assert letter_probabilities(ModelOutput(), 4) == Letters(None, 1.0, 0.0)
    assert letter_probabilities(output(("x", {"x": 1.0})), 4).probabilities is None


def test_a_tree_of_continuations_is_summed_within_its_bounds() -> None:
    """Every continuation of a small model enumerated: the true share of a letter lies within what is stated."""
    rng = np.random.default_rng(5)
    tokens = ["(", "The", " answer", " A", "B", "C", "so what"]
    for _ in range(200):
        tables = {
            path: rng.dirichlet(np.full(len(tokens), 0.4))
            for k in range(3)
            for path in itertools.product(tokens[:3], repeat=k)
        }
        truth = np.zeros(3)
        for path, p in tables.items():
            weight = math.prod(tables[path[:i]][tokens.index(path[i])] for i in range(len(path)))
            truth += weight * p[3:6]
        path: tuple[str, ...] = ()
        places = []
        while path in tables:
            drawn = str(rng.choice(tokens, p=tables[path]))
            kept = np.argsort(-tables[path])[:5]
            listed = {tokens[i]: float(tables[path][i]) for i in kept if tables[path][i] > 1e-12}
            listed.setdefault(drawn, float(tables[path][tokens.index(drawn)]))
            places.append((drawn, listed))
            path += (drawn,)
        found = letter_probabilities(output(*places), 3, max_outside=1.0)
        if found.probabilities is None:
            continue
        # What was seen is a lower bound of each letter, what is outside the room above it.
        seen = np.array(found.probabilities) * (1 - found.outside + found.unlisted / 2)
        assert np.all(seen - found.unlisted / 2 <= truth + 1e-9)
        assert np.all(truth <= seen + found.outside + 1e-9)
