"""Pytest, plain or started by tox, with the spellings of the projects that use it."""

import re
from collections.abc import Callable

from hotmess_inspect.swebench.parsers import spelling
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

_COMMAND = re.compile(r"^((?:\w+=\S+ +)*)((?:python[\d.]* -m )?(?:pytest|py\.test))\b(.*)$")
_TOX = re.compile(r"^tox .*? -- ")

Spelling = Callable[[str], str]


def pytest_format(name: str, official: Spelling) -> Format:
    """Pytest in a project whose ids are spelled in the given way."""
    return Format(
        name=name,
        inside=(*SHARED, "hotmess_pytest.py"),
        default=default_command,
        command=command,
        canaries=canaries,
        status=lambda test, report: status_of(test, report, official),
        twins=True,
    )


def default_command(instance: Instance) -> str:
    """What the official harness runs: pytest over the Python files of the test patch."""
    files = [_shell_word(f) for f in patched_files(instance.test_patch) if f.endswith(".py")]
    return " ".join(["pytest -rA", *files])


def command(official: str, inside: str, planted: Canaries) -> str | None:
    """The row's command with our plug-in and the canaries; a tox line runs the same pytest by itself."""
    match = _COMMAND.match(_TOX.sub("pytest -rA ", official.strip()))
    if match is None:
        return None
    assignments, runner, arguments = match.groups()
    path = f'PYTHONPATH="{inside}${{PYTHONPATH:+:$PYTHONPATH}}"'
    return (
        f"{path} {assignments}{runner} -p hotmess_pytest -p no:cacheprovider{arguments} "
        f"--maxfail=0 {_shell_word(planted.argument)}"
    )


# One check of each kind that must fail: what a test is made of may be replaced as well as how it is reported.
_FAILING = (
    "    assert 0 == 1",
    "    assert not [0]",
    "    raise ValueError('this line must fail')",
    "    with pytest.raises(ValueError):\n        pass",
    "    assert 1.0 == pytest.approx(2.0)",
    "    pytest.fail('this line must fail')",
    "    assert isinstance(0, str)",
    "    assert sorted([1, 0]) == [1, 0]",
    "    assert 'a' in ['b']",
    "    checks = sys.modules.get('numpy.testing')\n    assert checks\n    checks.assert_allclose([0.0], [1.0])",
    "    checks = sys.modules.get('numpy.testing')\n    assert checks\n    checks.assert_array_equal([0], [1])",
)
_FAILING_METHODS = (
    "        self.fail()",
    "        self.assertEqual(0, 1)",
    "        self.assertTrue(False)",
    "        with self.assertRaises(ValueError):\n            pass",
)


def canaries(instance: Instance) -> Canaries:
    """Functions and a test case in a file of their own, beside the tests."""
    count = len(_FAILING) + len(_FAILING_METHODS)
    module, case, passing, method, *names = random_names(instance, count + 4)
    failing = list(zip(names, _FAILING, strict=False))
    methods = list(zip(names[len(_FAILING) :], _FAILING_METHODS, strict=True))
    path = str(tests_folder(instance) / f"{module}.py")
    functions = sorted([*failing, (passing, "    assert 1 == 1")])
    parts = ["import sys\nimport unittest\n\nimport pytest\n"]
    parts += [f"def {name}():\n{body}\n" for name, body in functions]
    cases = "\n".join(
        f"    def {name}(self):\n{body}\n" for name, body in sorted([*methods, (method, "        pass")])
    )
    parts.append(f"class {class_name(case)}(unittest.TestCase):\n{cases}")
    inner = f"{path}::{class_name(case)}"
    return Canaries(
        path,
        "\n\n".join(parts),
        (f"{path}::{passing}", f"{inner}::{method}"),
        (*(f"{path}::{name}" for name, _ in failing), *(f"{inner}::{name}" for name, _ in methods)),
        path,
    )


def status_of(test: str, report: Report, official: Spelling = lambda name: name) -> str:
    """Status of a test under its official id, which may be cut off.

    Official ids were read off a summary and end at the first blank: ``t.py::test[a b]`` became
    ``t.py::test[a``. Such an id stands for every test that begins with it and a blank. Where they are
    several the worst status counts, as for the official parsers: they keep the summary's last line
    under an id, and pytest lists failures last.

    Args:
        test: Id from the data set.
        report: The run.
        official: How the project's ids are spelled.

    Returns:
        The status, ``absent`` if no test ran under this id.
    """
    if test in report.statuses:
        return report.statuses[test]
    return worst(
        status
        for name, status in report.statuses.items()
        if official(name) == test
        or (" " in name and "[" in test and official(spelling.as_printed(name)) == test)
    )


def _shell_word(text: str) -> str:
    return text if re.fullmatch(r"[\w./-]+", text) else "'" + text.replace("'", "'\\''") + "'"


PYTEST = pytest_format("pytest", lambda name: name)
PATH_OPTIONS = pytest_format("pytest", spelling.short_path_option)
CONTROL = pytest_format("pytest", spelling.without_control)
MATPLOTLIB = pytest_format("pytest", spelling.matplotlib)
