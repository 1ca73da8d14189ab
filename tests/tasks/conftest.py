"""Runs that several tests share, each made when the first test asks for it."""

from collections.abc import Callable

from inspect_ai.log import EvalLog


class OnDemand(dict[str, EvalLog]):
    """Logs by name; a test that asks for one does not wait for the others."""

    def __init__(self, made: dict[str, Callable[[], EvalLog]]) -> None:
        super().__init__()
        self.made = made

    def __missing__(self, name: str) -> EvalLog:
        self[name] = self.made[name]()
        return self[name]
