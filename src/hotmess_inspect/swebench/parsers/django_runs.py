"""Django: its own ``runtests.py``, which ends in a unittest text runner."""

import re
from pathlib import PurePosixPath

from hotmess_inspect.swebench.parsers.formats import (
    SHARED,
    Canaries,
    Format,
    class_name,
    random_names,
    tests_folder,
)
from hotmess_inspect.swebench.parsers.report import Report, worst
from hotmess_inspect.swebench.patch import patched_files
from hotmess_inspect.swebench.rows import Instance

_COMMAND = re.compile(r"^((?:\w+=\S+ +)*)(\S*runtests\.py)\b(.*)$")
_ID = re.compile(r"(\w+) \(([\w.]+)\)")
_TESTS = "tests"


def default_command(instance: Instance) -> str:
    """What the official harness runs: the test patch's files as labels of modules."""
    files = [f for f in patched_files(instance.test_patch) if f.endswith(".py")]
    labels = [_label(PurePosixPath(f)) for f in files]
    return " ".join(["./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1", *labels])


def command(official: str, inside: str, planted: Canaries) -> str | None:
    """The row's command with our script in front of it, and the canaries' label."""
    match = _COMMAND.match(official.strip())
    if match is None:
        return None
    assignments, script, arguments = match.groups()
    return f"{assignments}python {inside}/hotmess_unittest.py {script}{arguments} {planted.argument}"


_FAILING = (
    "        self.fail()",
    "        raise ValueError('this line must fail')",
    "        self.assertEqual(0, 1)",
    "        self.assertTrue(False)",
    "        self.assertIs(0, None)",
    "        self.assertIn(0, ())",
    "        with self.assertRaises(ValueError):\n            pass",
    "        assert 0 == 1",
    "        with self.subTest(n=0):\n            self.assertEqual(0, 1)",
)


def canaries(instance: Instance) -> Canaries:
    """Methods of a test case in a module of their own, in the app of the first test that changes."""
    module, case, passing, *names = random_names(instance, len(_FAILING) + 3)
    folder = tests_folder(instance)
    if folder.parts[:1] != (_TESTS,) or len(folder.parts) < 2:
        folder = PurePosixPath(_TESTS, "basic")
    path = folder / f"{module}.py"
    bodies = sorted([(passing, "        self.assertEqual(1, 1)"), *zip(names, _FAILING, strict=True)])
    methods = "\n".join(f"    def {name}(self):\n{body}\n" for name, body in bodies)
    label = _label(path)
    inner = f"{label}.{class_name(case)}"
    source = f"import unittest\n\n\nclass {class_name(case)}(unittest.TestCase):\n{methods}"
    failing = tuple(f"{inner}.{name}" for name in names)
    return Canaries(str(path), source, (f"{inner}.{passing}",), failing, label)


def status_of(test: str, report: Report) -> str:
    """Status of a test under its official id.

    Official ids are the lines that the runner prints: ``test_x (app.module.Case)`` up to Python 3.10,
    ``test_x (app.module.Case.test_x)`` since, and the first line of the docstring where a test has one.
    Several tests may share a docstring; the worst of them counts.

    Args:
        test: Id from the data set.
        report: The run.

    Returns:
        The status, ``absent`` if no test ran under this id.
    """
    match = _ID.fullmatch(test)
    if match:
        method, place = match.groups()
        for name in (f"{place}.{method}", place):
            if name.endswith(f".{method}") and name in report.statuses:
                return report.statuses[name]
    if test in report.other_names:
        return report.other_names[test]
    # The official parser splits at " ... ", also where the docstring itself has one.
    return worst(s for name, s in report.other_names.items() if name.split(" ... ")[0] == test)


def _label(path: PurePosixPath) -> str:
    parts = path.parts[1:] if path.parts[:1] == (_TESTS,) else path.parts
    return ".".join((*parts[:-1], path.stem))


DJANGO = Format(
    name="django",
    inside=(*SHARED, "hotmess_unittest.py"),
    default=default_command,
    command=command,
    canaries=canaries,
    status=status_of,
)
