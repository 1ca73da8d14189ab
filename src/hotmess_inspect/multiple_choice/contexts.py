"""Few-shot contexts: which examples stand before a question in which epoch, and how choices are ordered.

Everything is drawn from streams that are named by the seed, the context and the question, so that no order
of rows, of running or of retrying changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.words import counted

__all__ = ["Contexts"]

# Purposes of random streams, apart from those of the simulated models.
_EXAMPLES, _ORDER = 101, 102


class Contexts:
    """The few-shot design of a task.

    Epoch e has the context k = (e - 1) mod contexts + 1, so that the first epochs of all contexts come
    first and a run that stops early, or goes on later, stays balanced. In context k the pool of examples
    has one random order; a question is shown the first `shots` of it that are not the question itself. All
    questions (of a subject) therefore share the examples of a context, but for those that are examples
    themselves.

    Attributes:
        contexts: Number of contexts; 0 is zero-shot, where every epoch is a context of its own.
        shots: Examples per context.
        seed: Seed of the examples and of the order of the choices.
        shuffle: Whether each context orders the choices anew.
        by_subject: Whether examples come from the question's own subject.
        name: The design in words, as logs have it.
    """

    def __init__(
        self,
        pool: Iterable[Question] = (),
        *,
        contexts: int = 0,
        shots: int = 0,
        seed: int = 0,
        shuffle: bool = False,
        by_subject: bool = False,
    ) -> None:
        self._pool = sorted(pool, key=lambda question: (question.key, question.id))
        self.contexts, self.shots, self.seed = contexts, shots if contexts else 0, seed
        self.shuffle, self.by_subject = shuffle, by_subject
        self._orders: dict[tuple[str, int], list[Question]] = {}
        shown = f"{contexts} contexts of {self.shots} examples" if contexts else "zero-shot"
        self.name = f"{shown}, {'shuffled' if shuffle else 'ordered'} choices, seed {seed}"

    def number(self, epoch: int) -> int | None:
        """Number of an epoch's context, from 1; ``None`` for zero-shot."""
        return (epoch - 1) % self.contexts + 1 if self.contexts else None

    def label(self, epoch: int) -> str | None:
        """Name of an epoch's context, with the seed: contexts of different seeds are different ones."""
        number = self.number(epoch)
        return None if number is None else f"{self.seed}-{number}"

    def examples(self, question: Question, epoch: int) -> list[Question]:
        """The examples that an epoch shows before a question.

        Raises:
            ValueError: If the pool has too few questions with another text.
        """
        number = self.number(epoch)
        if number is None or not self.shots:
            return []
        seen = {question.key}
        chosen: list[Question] = []
        for candidate in self._in_order(question.subject if self.by_subject else "", number):
            if candidate.key not in seen:
                seen.add(candidate.key)
                chosen.append(candidate)
            if len(chosen) == self.shots:
                return chosen
        of = f" of subject {question.subject!r}" if self.by_subject else ""
        raise ValueError(
            f"question {question.id!r} needs shots={self.shots} examples{of}, and {counted(len(chosen), 'other question')} "
            f"{'is' if len(chosen) == 1 else 'are'} there to be shown"
        )

    def order(self, question: Question, epoch: int) -> list[int]:
        """Indices of the choices in the order in which an epoch shows them."""
        if not self.shuffle:
            return list(range(len(question.choices)))
        # Without contexts every epoch has an order of its own.
        return shuffled(question, self.seed, self.number(epoch) or epoch)

    def check(self, questions: Sequence[Question]) -> None:
        """Raise the ValueError that `examples` would raise later, for the first question concerned."""
        if not self.contexts or not self.shots:
            return
        for question in questions:
            if self._others(question) < self.shots:
                self.examples(question, 1)

    def available(self, questions: Sequence[Question]) -> int:
        """The number of examples that the pool has for every one of some questions."""
        return min(map(self._others, questions), default=0)

    def _others(self, question: Question) -> int:
        own = self._keys_by_subject.get(question.subject if self.by_subject else "", frozenset())
        return len(own) - (question.key in own)

    @cached_property
    def _keys_by_subject(self) -> dict[str, frozenset[str]]:
        keys: dict[str, set[str]] = {}
        for question in self._pool:
            keys.setdefault(question.subject if self.by_subject else "", set()).add(question.key)
        return {subject: frozenset(own) for subject, own in keys.items()}

    def _in_order(self, subject: str, number: int) -> list[Question]:
        from hotmess_inspect.simulated.hashing import stable_hash, stream

        if (subject, number) not in self._orders:
            pool = [question for question in self._pool if not self.by_subject or question.subject == subject]
            drawn = stream(self.seed, _EXAMPLES, stable_hash(subject), number).permutation(len(pool))
            self._orders[subject, number] = [pool[place] for place in drawn.tolist()]
        return self._orders[subject, number]


def shuffled(question: Question, seed: int, number: int) -> list[int]:
    """A random order of a question's choices, named by the seed and a number.

    The order is drawn over the choices' texts, so that it does not depend on the order they came in.
    """
    from hotmess_inspect.simulated.hashing import stable_hash, stream

    by_text = sorted(range(len(question.choices)), key=lambda index: (question.choices[index], index))
    rng = stream(seed, _ORDER, stable_hash(question.text, *sorted(question.choices)), number)
    return [by_text[place] for place in rng.permutation(len(by_text)).tolist()]
