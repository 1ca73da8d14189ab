"""Test runners and their formats: how tests are started, and how their outcomes find the official ids."""

from hotmess_inspect.swebench.parsers.django_runs import DJANGO
from hotmess_inspect.swebench.parsers.formats import Canaries, Format
from hotmess_inspect.swebench.parsers.pytest_runs import CONTROL, MATPLOTLIB, PATH_OPTIONS, PYTEST
from hotmess_inspect.swebench.parsers.report import Report, passed, read_report
from hotmess_inspect.swebench.parsers.sympy_runs import SYMPY

__all__ = ["FORMATS", "Canaries", "Format", "Report", "format_of", "passed", "read_report"]

# Projects whose ids are not spelled as pytest spells them; every other project is plain pytest.
FORMATS = {
    "django/django": DJANGO,
    "sympy/sympy": SYMPY,
    "matplotlib/matplotlib": MATPLOTLIB,
    "pydicom/pydicom": PATH_OPTIONS,
    "psf/requests": PATH_OPTIONS,
    "pylint-dev/pylint": PATH_OPTIONS,
    "astropy/astropy": CONTROL,
    "scikit-learn/scikit-learn": CONTROL,
    "sphinx-doc/sphinx": CONTROL,
}


# The same by the names of the official parsers, for rows of other repositories that name one.
PARSERS = {"pytest_options": PATH_OPTIONS, "pytest_v2": CONTROL} | {
    repo.rpartition("/")[2].partition("-")[0]: form for repo, form in FORMATS.items()
}


def format_of(repo: str, log_parser: str = "") -> Format:
    """The format of a row's tests: by its ``repo``, else by its ``log_parser`` if that is known, else pytest's."""
    return FORMATS.get(repo) or PARSERS.get(log_parser.removeprefix("parse_log_"), PYTEST)
