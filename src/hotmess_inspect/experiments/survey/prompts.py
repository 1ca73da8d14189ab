"""What a rater is asked: who they are, in which order the list comes, and how to answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

QUESTIONS = ("intelligence", "coherence")
FORMATS = ("ranking", "pairs")
MOST_PAIRS = 100

DEFINITIONS = {
    "intelligence": (
        "intelligent",
        "An entity is intelligent if it is good at solving hard problems of many kinds: at learning, reasoning, "
        "planning and adapting.",
    ),
    "coherence": (
        "coherent",
        "An entity is coherent if what it does fits together: it pursues the same goals at all times, and its "
        "actions do not get in each other's way or undo each other. A hot mess is the opposite of coherent. "
        "How able the entity is does not matter here.",
    ),
}

RANKING_PROMPT = """{persona}Rank these {count} entities from the most {adjective} to the least {adjective}.

{definition}

{listed}

Go by your own judgement; there is no right answer. Reply with the whole list, every entity once, one per line, the
most {adjective} first, names as they are given here, between tags:
<ranking>
...
</ranking>"""

PAIRS_PROMPT = """{persona}Which of the two is more {adjective}? Decide for each of these {count} pairs.

{definition}

{listed}

Go by your own judgement; there is no right answer. Reply with one line per pair, its number and A or B, between
tags:
<pairs>
1: A
...
</pairs>"""

_AGES = ("in your twenties", "in your thirties", "in your forties", "in your fifties", "in your sixties")
_WORK = (
    "a schoolteacher", "an electrician", "a biologist", "an accountant", "a novelist", "a civil servant",
    "a software engineer", "a shopkeeper", "a physician", "a historian", "a mechanic", "an economist",
)  # fmt: skip
_HOMES = (
    "a small coastal town", "a capital city", "a mining village", "a university town", "the suburbs", "a farm",
    "an industrial harbour", "a mountain valley",
)  # fmt: skip


def rater_number(question: str, epoch: int) -> int:
    """Number of a rater: even for intelligence, odd for coherence, so that the two groups are disjoint."""
    return 2 * (epoch - 1) + QUESTIONS.index(question)


def persona(rater: int, seed: int) -> str:
    """Who a rater is; 480 different ones before any comes again, in an order that the seed decides."""
    count = len(_AGES) * len(_WORK) * len(_HOMES)
    order = np.random.default_rng([seed, 11]).permutation(count)
    number, home = divmod(int(order[rater % count]), len(_HOMES))
    age, work = divmod(number, len(_WORK))
    return f"You are {_WORK[work]} {_AGES[age]} from {_HOMES[home]}, and answer as yourself.\n\n"


def shuffled(count: int, rater: int, seed: int) -> list[int]:
    """The order in which a rater sees the list, as indices into it."""
    return [int(i) for i in np.random.default_rng([seed, 12, rater]).permutation(count)]


def pairs_for(count: int, pairs: int, rater: int, seed: int) -> list[tuple[int, int]]:
    """The pairs that a rater compares: neighbours on random rounds through all entities.

    Every entity is compared equally often, give or take one, and a full round connects all of them. Which of the
    two comes first is random.
    """
    rng = np.random.default_rng([seed, 13, rater])
    found: list[tuple[int, int]] = []
    while len(found) < pairs:
        ring = rng.permutation(count)
        flips = rng.random(count) < 0.5
        for place, flip in enumerate(flips):
            one, other = int(ring[place]), int(ring[(place + 1) % count])
            found.append((other, one) if flip else (one, other))
    return found[:pairs]


def ranking_prompt(question: str, names: Sequence[str], order: Sequence[int], who: str) -> str:
    """Ask for a full ranking of the names in the order given."""
    adjective, definition = DEFINITIONS[question]
    listed = "\n".join(f"- {names[i]}" for i in order)
    return RANKING_PROMPT.format(
        persona=who, count=len(order), adjective=adjective, definition=definition, listed=listed
    )


def pairs_prompt(question: str, names: Sequence[str], pairs: Sequence[tuple[int, int]], who: str) -> str:
    """Ask for comparisons, numbered from 1."""
    adjective, definition = DEFINITIONS[question]
    listed = "\n".join(f"{n}. A: {names[one]} | B: {names[other]}" for n, (one, other) in enumerate(pairs, 1))
    return PAIRS_PROMPT.format(
        persona=who, count=len(pairs), adjective=adjective, definition=definition, listed=listed
    )
