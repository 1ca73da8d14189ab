"""A gate for CI: did a new run get worse than an old one, did it not, or can these data not tell?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hotmess_inspect.analyses.comparison import NO_DIFFERENCE
from hotmess_inspect.results.compare import Comparison, Contender, compare, pair_warnings, seed_warnings
from hotmess_inspect.schema import Problem, finite_or_none, quantity_word
from hotmess_inspect.words import counted

Decision: TypeAlias = Literal["no harm shown", "harm", "cannot tell"]

LOWER_IS_BETTER = ("error", "bias_squared", "variance", "incoherence")
FALSE_ALARMS = 0.05
"""Chance that any quantity of a gate reports harm between two runs that answer alike."""
POWER = 0.8
EXIT: dict[str, int] = {"no harm shown": 0, "harm": 1, "cannot tell": 2}

_PASS = re.compile(r"pass(?:\^|_hat_)(\d+)")


@dataclass(frozen=True)
class Check:
    """One quantity of a gate.

    Attributes:
        subject: Task, scorer and measure.
        quantity: What is compared; pass^k as "pass_hat_k".
        decision: What the data say.
        harm: How much worse the new run is, in the quantity's own unit; negative where it is better.
        low: Low end of the interval of the harm.
        high: High end.
        p_value: Two-sided, of the hypothesis that both runs answer alike.
        margin: Harm that would matter.
        level: Coverage of the interval.
        power: Chance of reporting harm if it were as large as the margin; NaN where undefined.
        questions: Questions that count.
        needed: Questions with which no harm would probably be shown if nothing changed; ``None`` where unknown.
        clusters: Clusters that the questions are in, 0 where each is independent.
        note: Why nothing can be said, or an empty string.
    """

    subject: str
    quantity: str
    decision: Decision
    harm: float
    low: float
    high: float
    p_value: float
    margin: float
    level: float
    power: float
    questions: int
    needed: int | None
    note: str = ""
    clusters: int = 0

    def sentence(self) -> str:
        """The decision in one sentence."""
        where = f"{self.subject}, {quantity_word(self.quantity)}"
        if self.note and self.decision != "harm":
            return f"{where}: cannot tell ({self.note})."
        change = self._change()
        if self.decision == "harm":
            return f"{where}: harm, {change} on {counted(self.questions, 'question')}."
        if self.decision == "no harm shown":
            return f"{where}: no harm shown, {change}: a harm of {self.margin:g} is ruled out."
        return f"{where}: cannot tell, {change}, against the margin {self.margin:g}{self._suffices()}."

    def _change(self) -> str:
        """Which way it went and how far, with the interval and its level."""
        size = f"{abs(self.harm):.3f}"
        way = "worse" if self.harm > 0 else "better"
        text = "no change on average" if size == "0.000" else f"{way} by {size}"
        if math.isnan(self.low):
            return f"{text} ({self.note})"
        ends = sorted((self.low, self.high), key=abs) if self.low * self.high >= 0 else (self.low, self.high)
        low, high = (f"{abs(end):.3f}" for end in ends)
        if self.low < 0 < self.high:
            low, high = f"{low} better", f"{high} worse"
        return f"{text} ({100 * self.level:g} % interval {low} to {high})"

    def _suffices(self) -> str:
        if not self.needed:
            return ""
        about = f"; if nothing changed, about {counted(self.needed, 'question')}"
        if self.clusters:
            share = math.ceil(self.clusters * self.needed / self.questions)
            about += f" in {counted(share, 'cluster')} (now {self.clusters})"
        return f"{about} would suffice"

    def power_sentence(self) -> str:
        """With which probability a harm as large as the margin would be found, and what to do where that is little."""
        if math.isnan(self.power):
            return ""
        found = f"A harm of {self.margin:g} would be found with probability {self.power:.0%}."
        if self.decision != "cannot tell" or self.power >= POWER:
            return found
        more = " of more clusters" if self.clusters else ""
        return f"{found} To find it more surely, run more questions{more} in both runs."

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess gate --json`; undefined numbers are ``None``."""
        return {
            "subject": self.subject,
            "quantity": self.quantity,
            "decision": self.decision,
            "harm": finite_or_none(self.harm),
            "ci": None if math.isnan(self.low) else [self.low, self.high],
            "level": self.level,
            "p": finite_or_none(self.p_value),
            "margin": self.margin,
            "power": finite_or_none(self.power),
            "questions": self.questions,
            "questions_needed": self.needed,
            "note": self.note or None,
            "sentence": self.sentence(),
        }


@dataclass(frozen=True)
class Gate:
    """All quantities of a gate.

    Attributes:
        checks: One per subject and quantity.
        problems: What could not be compared.
    """

    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]

    @property
    def decision(self) -> Decision:
        """Harm if any quantity shows it; no harm if none does and all could tell; else that nothing can be told."""
        found = {check.decision for check in self.checks}
        if "harm" in found:
            return "harm"
        return "no harm shown" if found == {"no harm shown"} else "cannot tell"

    @property
    def exit_status(self) -> int:
        """0 no harm shown, 1 harm, 2 cannot tell."""
        return EXIT[self.decision]

    def sentence(self) -> str:
        """The decision in one sentence."""
        if not self.checks:
            return "Cannot tell: the runs share no task, scorer and loss to compare."
        of = [check for check in self.checks if check.decision == self.decision]
        several = len({check.subject for check in self.checks}) > 1
        named = (
            f"{c.subject} {quantity_word(c.quantity)}" if several else quantity_word(c.quantity) for c in of
        )
        names = ", ".join(dict.fromkeys(named))
        start = {"harm": "Harm", "no harm shown": "No harm shown", "cannot tell": "Cannot tell"}[
            self.decision
        ]
        return f"{start} in {names}: false alarms at most {FALSE_ALARMS:.0%} over all {counted(len(self.checks), 'check')}."


def checked_quantities(names: Sequence[str]) -> tuple[str, ...]:
    """The quantities of a gate, with pass^k under its own name.

    Args:
        names: Any of accuracy, error, bias_squared, variance, incoherence, pass^k.

    Raises:
        ValueError: If a name is unknown.
    """
    found = []
    for name in names:
        matched = _PASS.fullmatch(name.strip())
        if matched and int(matched[1]) >= 1:
            found.append(f"pass_hat_{int(matched[1])}")
        elif name.strip() in ("accuracy", *LOWER_IS_BETTER):
            found.append(name.strip())
        else:
            raise ValueError(
                f"{name.strip()!r} is not one of accuracy, {', '.join(LOWER_IS_BETTER)}, pass^K with a number for K"
            )
    return tuple(dict.fromkeys(found))


def gate(new: Sequence[Contender], old: Sequence[Contender], on: Sequence[str], margin: float) -> Gate:
    """Compare a new run with an old one in some quantities, keeping the rate of false alarms over all of them.

    For each quantity the harm is the change for the worse, paired by question. With m checks in all, harm is
    reported where the within-question permutation test (mid-p) rejects at 2 α / m (two-sided) in the harmful direction,
    so that two runs which answer alike are called harmful in at most α = 5 % of all cases. No harm is shown
    where the upper end of the interval of coverage 1 - 2 α lies below the margin, for every quantity: a
    harm as large as the margin would be missed in at most 5 %. Else the data cannot tell. Where two runs differ on none of n
    questions (clusters), at most 1 - α^(1/n) of others differ, and a mean by at most so much of the largest difference
    that a question can have: that bound stands in for the interval.

    Args:
        new: Groups of the new run.
        old: Groups of the old run.
        on: Quantities, as `checked_quantities` gives them.
        margin: Harm that would matter, in the unit of each quantity, above 0.

    Returns:
        The checks in the order of the groups, and what could not be compared.
    """
    pairs, problems = _pairs(new, old)
    total = len(pairs) * len(on)
    checks = []
    for first, second in pairs:
        checks += _checks(first, second, on, margin, total, problems)
    return Gate(tuple(checks), tuple(problems))


def _pairs(
    new: Sequence[Contender], old: Sequence[Contender]
) -> tuple[list[tuple[Contender, Contender]], list[Problem]]:
    def key(contender: Contender) -> tuple[Any, ...]:
        group, d = contender.result.group, contender.result.decomposition
        return group.task, group.scorer, group.measure, group.kind, d.loss, d.estimator

    known: dict[tuple[Any, ...], list[Contender]] = {}
    for contender in old:
        known.setdefault(key(contender), []).append(contender)
    pairs, problems = [], []
    for contender in new:
        own = known.get(key(contender), [])
        if len(own) == 1:
            pairs.append((contender, own[0]))
        elif own:
            problems.append(
                Problem(
                    "error",
                    contender.name,
                    f"the old run has {len(own)} models or settings of it; name one log",
                )
            )
        else:
            problems.append(
                Problem("error", contender.name, "the old run has nothing of this task, scorer and kind")
            )
    return pairs, problems


def _checks(
    new: Contender, old: Contender, on: Sequence[str], margin: float, total: int, problems: list[Problem]
) -> list[Check]:
    group = new.result.group
    subject = " · ".join(part for part in (group.task, group.measure or group.scorer) if part) or "table"
    found = []
    compared: dict[int | None, Comparison | str] = {}

    def comparison(k: int | None) -> Comparison | str:
        if k not in compared:
            try:
                compared[k] = compare(new.result, old.result, level=loose, pass_hat=k)
            except ValueError as error:
                compared[k] = str(error)
        return compared[k]

    strict, loose = 1 - 2 * FALSE_ALARMS / total, 1 - 2 * FALSE_ALARMS
    texts = []
    for quantity in on:
        k = int(quantity.removeprefix("pass_hat_")) if quantity.startswith("pass_hat_") else None
        one = comparison(k)
        if isinstance(one, str):
            problems.append(Problem("error", subject, one))
            found.append(_unknown(subject, quantity, margin, loose, 0, one))
        else:
            found.append(_check(subject, quantity, margin, strict, loose, one))
            texts += seed_warnings(one, 1 - strict, [quantity])
    known = next((one for one in compared.values() if isinstance(one, Comparison)), None)
    if known is not None:
        texts += pair_warnings(known, new.name, old.name, accuracies="incoherence" in on)
        problems += [Problem("warning", subject, text) for text in texts]
    return found


def _reach(both: Comparison, quantity: str) -> tuple[float, int]:
    """Largest difference that a question can have in a quantity, infinite where there is none; and how many independent ones."""
    result = both.first
    most = result.decomposition.range_of("error")[1]
    if math.isinf(most) and result.decomposition.loss == "squared" and not math.isnan(result.accuracy):
        most = 1.0  # right and wrong epochs, tests and scores lie between 0 and 1
    reach = {"error": most, "variance": most / 2, "bias_squared": 1.5 * most, "incoherence": math.inf}
    clusters, ids = result.questions.clusters, result.questions.ids
    if clusters is None:
        return reach.get(quantity, 1.0), both.questions
    shared = set(both.second.questions.ids)
    return reach.get(quantity, 1.0), len({clusters[i] for i, name in enumerate(ids) if name in shared})


def _check(
    subject: str, quantity: str, margin: float, strict: float, loose: float, both: Comparison
) -> Check:
    one = both.differences.get(quantity)
    if one is None or math.isnan(one.estimate) or math.isnan(one.p_value):
        unknown = "not defined for these runs" if both.questions else "they share no question with two epochs"
        note = (one.note if one else "") or unknown
        return _unknown(subject, quantity, margin, loose, both.questions, note)
    sign = 1.0 if quantity in LOWER_IS_BETTER else -1.0
    harm = sign * one.estimate + 0.0
    low, high = sorted((sign * one.low, sign * one.high)) if not math.isnan(one.low) else (math.nan, math.nan)
    # The test is about these questions and needs no interval, which speaks of others.
    harmful = one.p_value < 1 - strict and harm > 0
    safe = not math.isnan(high) and high < margin
    decision: Decision = "harm" if harmful else "no harm shown" if safe else "cannot tell"
    power, needed = math.nan, None
    if one.standard_error > 0:
        power = one.power_of(margin, strict, loose)
        # No harm is shown by the end that is farther from good.
        more = max(high - harm - one.reach(loose, loose), 0.0)
        apart = (one.found_with(POWER, loose, loose) + more) / margin
        needed = max(2, math.ceil(one.questions * apart**2)) if decision == "cannot tell" else None
    note = "" if not math.isnan(high) else one.note or "no interval is defined"
    reach, independent = _reach(both, quantity)
    if both.alike and both.first.decomposition.mean("variance") > 0:
        note = "both are one run: epochs that vary are alike in all of them"
    elif note == NO_DIFFERENCE and math.isfinite(reach):
        high = reach * (1 - FALSE_ALARMS ** (1 / independent))
        low, note = -high, ""
        decision = "no harm shown" if high < margin else "cannot tell"
        if decision == "cannot tell" and margin < reach:
            needed = math.ceil(
                math.log(FALSE_ALARMS) / math.log1p(-margin / reach) * both.questions / independent
            )
    return Check(
        subject,
        quantity,
        decision,
        harm,
        low,
        high,
        one.p_value,
        margin,
        loose,
        power,
        one.questions,
        needed,
        note,
        0 if both.first.questions.clusters is None else independent,
    )


def _unknown(subject: str, quantity: str, margin: float, level: float, questions: int, note: str) -> Check:
    nan = math.nan
    return Check(
        subject, quantity, "cannot tell", nan, nan, nan, nan, margin, level, nan, questions, None, note
    )
