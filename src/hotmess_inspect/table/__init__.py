"""Outcomes: what a model answered in every epoch, as a table."""

from hotmess_inspect.schema import KINDS, LENGTHS, STATUSES, TEST_MEASURES, UNSCORED, Unparsed
from hotmess_inspect.table.build import outcomes_from_arrays
from hotmess_inspect.table.columns import LabelBuilder, Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes
from hotmess_inspect.table.questions import (
    Group,
    Questions,
    groups,
    masked_tests,
    question_arrays,
)

__all__ = [
    "KINDS",
    "LENGTHS",
    "STATUSES",
    "TEST_MEASURES",
    "UNSCORED",
    "Group",
    "LabelBuilder",
    "Labels",
    "Outcomes",
    "Questions",
    "Ragged",
    "Unparsed",
    "groups",
    "masked_tests",
    "outcomes_from_arrays",
    "question_arrays",
]
