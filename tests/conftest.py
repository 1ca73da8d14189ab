"""Fixtures that stand for something outside: the real data, and a Docker engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no defect of the code: speed is measured in benchmarks/.
settings.register_profile("hotmess", deadline=None)
settings.load_profile("hotmess")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def _absent(what: str) -> None:
    """CI has everything; elsewhere the test is left out and says why."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data beside the project's root."""
    if not SHARED_DATA.is_dir():
        _absent("the real data is not beside the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def docker_client() -> Iterator[Any]:
    """A client of a running Docker engine."""
    from hotmess_inspect.swebench.build import ImageError, connect

    try:
        client = connect(timeout=900.0)
    except ImageError as error:
        _absent(str(error))
        raise  # not reached: one of the two above raised
    yield client
    client.close()
