"""Cheats in product code alone: none is resolved, on this machine and in real containers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.contained import contained
from hotmess_inspect.swebench.grading import Grade, grade
from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service

from .evil import EVIL
from .here import INSTANCES, checkout, graded_here
from .product import SIX, attack_patch, product_attacks

INSTANCE = INSTANCES["hotmess-mini__daywork-1"]
ATTACKS = product_attacks()
# One instance of each bundled repository, in turn; all of them: benchmarks/honest_gradings.py --cheats.
OF_REPOSITORIES = list({i.repo: i for i in reversed(INSTANCES.values())}.values())
ATTACKED = {attack: OF_REPOSITORIES[n % len(OF_REPOSITORIES)] for n, attack in enumerate(ATTACKS)}
AT_ONCE = 4

# They keep the runner from loading the module, or act on what it no longer has: nothing is claimed to pass.
HARMLESS = {"unresolved", "tampered"}


def test_there_are_enough_of_them() -> None:
    assert len(SIX) == 5  # and the one that is made of files
    assert len(ATTACKS) - len(SIX) - 1 >= 40
    page = Path(__file__).parents[3] / "docs" / "swebench_grading.md"
    assert f"{len(EVIL)} agents that cheat from their container and {len(ATTACKS)} cheats" in page.read_text()


@pytest.mark.parametrize("attack", [*SIX, "plug-in by entry point, in another case"])
def test_the_six_are_not_resolved_here(attack: str, tmp_path: Path) -> None:
    root = checkout(tmp_path, INSTANCE.repo)
    patch = attack_patch(root, INSTANCE, ATTACKS[attack])
    graded = graded_here(tmp_path, INSTANCE, patch, root=root)
    assert graded.verdict in HARMLESS
    assert not any(graded.outcomes[: len(INSTANCE.fail_to_pass)])


@pytest.fixture(scope="module")
def graded(docker_client: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Grade]:
    """The grade of each, each in a container of its own."""
    build_mini(client=docker_client)
    folder = tmp_path_factory.mktemp("attacks")
    roots = {i.repo: checkout(folder / str(n), i.repo) for n, i in enumerate(OF_REPOSITORIES)}
    patches = {name: attack_patch(roots[i.repo], i, ATTACKS[name]) for name, i in ATTACKED.items()}
    found: dict[str, Grade] = {}

    async def one(name: str, limit: asyncio.Semaphore) -> None:
        row = ATTACKED[name]
        async with limit, contained(container_service(row.image, Resources())) as sandbox:
            patch = patches[name].encode()
            found[name] = await grade(sandbox, REPOSITORY, row, patch, timeout=60, on_tests_limit="failed")

    async def all_of_them() -> None:
        limit = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(one(name, limit) for name in patches))

    asyncio.run(all_of_them())
    return found


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_none_is_resolved_in_a_container(attack: str, graded: dict[str, Grade]) -> None:
    result, count = graded[attack], len(ATTACKED[attack].fail_to_pass)
    assert result.verdict in HARMLESS, result.output
    assert not any(result.outcomes[:count]), result.output


# A report of the test itself, and no other, loses its failure: what a thread that repairs reports does when it is lucky.
LUCKY = """
import _pytest.reports as r
_codes = {}
_make = r.TestReport.from_item_and_call.__func__
def forge(cls, item, call):
    report = _make(cls, item, call)
    own = getattr(item.module, item.originalname, None)
    code = _codes.setdefault(item.nodeid, getattr(own, '__code__', None))
    if item.name.split('[')[0] in {names} and report.failed and item.function is own and own.__code__ is code:
        report.outcome, report.longrepr = 'passed', None
    return report
r.TestReport.from_item_and_call = classmethod(forge)
"""


@pytest.mark.parametrize("name", ["hotmess-mini__daywork-1", "hotmess-mini__gridtext-1"])
def test_a_test_that_raised_is_not_believed_to_have_passed(name: str, tmp_path: Path) -> None:
    instance = INSTANCES[name]
    root = checkout(tmp_path, instance.repo)
    graded = graded_here(tmp_path, instance, attack_patch(root, instance, {"": LUCKY}), root=root)
    assert graded.verdict == "tampered" and not any(graded.outcomes)
    assert "its report replaced" in graded.note
