"""SymPy: its own ``bin/test``."""

import re
import secrets

from hotmess_inspect.swebench.parsers.formats import SHARED, Canaries, Format, random_names, tests_folder
from hotmess_inspect.swebench.parsers.report import Report
from hotmess_inspect.swebench.patch import patched_files
from hotmess_inspect.swebench.rows import Instance

_COMMAND = re.compile(r"^((?:\w+=\S+ +)*)(\S*bin/test)\b(.*)$")


def default_command(instance: Instance) -> str:
    """What the official harness runs: the Python files of the test patch, without SymPy's cache."""
    files = [f for f in patched_files(instance.test_patch) if f.endswith(".py")]
    warnings = "PYTHONWARNINGS='ignore::UserWarning,ignore::SyntaxWarning'"
    return " ".join([f"{warnings} bin/test -C --verbose", *files])


def command(official: str, inside: str, planted: Canaries) -> str | None:
    """The row's command with our script in front of it, and the canaries' file.

    ``bin/test`` starts itself again for a random hash seed unless there is one, and would leave our part
    behind; so it gets a random one.
    """
    match = _COMMAND.match(official.strip())
    if match is None:
        return None
    assignments, script, arguments = match.groups()
    seed = f"PYTHONHASHSEED={secrets.randbelow(2**32)}"
    return f"{seed} {assignments}python {inside}/hotmess_sympy.py {script}{arguments} {planted.argument}"


_FAILING = (
    "    assert 0 == 1",
    "    assert not [0]",
    "    raise ValueError('this line must fail')",
    "    assert isinstance(0, str)",
    "    raises(ValueError, lambda: None)",
)
_HEADER = """\
try:
    from sympy.testing.pytest import raises
except ImportError:
    from sympy.utilities.pytest import raises
"""


def canaries(instance: Instance) -> Canaries:
    """Functions in a file of their own, beside the tests."""
    module, passing, *names = random_names(instance, len(_FAILING) + 2)
    path = str(tests_folder(instance) / f"{module}.py")
    bodies = sorted([(passing, "    assert 1 == 1"), *zip(names, _FAILING, strict=True)])
    source = "\n\n".join([_HEADER, *(f"def {name}():\n{body}\n" for name, body in bodies)])
    return Canaries(path, source, (f"{path}:{passing}",), tuple(f"{path}:{name}" for name in names), path)


def status_of(test: str, report: Report) -> str:
    """Status of a test under its official id: the function's name, or its file and name where it failed.

    Functions of one name in several files count by the worst of them.
    """
    return report.statuses.get(test) or report.other_names.get(test, "absent")


SYMPY = Format(
    name="sympy",
    inside=(*SHARED, "hotmess_sympy.py"),
    default=default_command,
    command=command,
    canaries=canaries,
    status=status_of,
)
