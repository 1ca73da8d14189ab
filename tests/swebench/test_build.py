"""Building images: which base is taken, what is said when none can be had, and what is not built twice."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker.errors import APIError, ImageNotFound

from hotmess_inspect.swebench import build
from hotmess_inspect.swebench.build import (
    BASE_IMAGE,
    REGISTRY_BASE_IMAGE,
    ImageError,
    build_mini,
    connect,
    missing_mini_images,
)
from hotmess_inspect.swebench.mini.source import base_commit, mini_image, mini_packages


class FakeEngine:
    """Knows images by name, and builds and pulls them as told; stands for the daemon outside."""

    def __init__(self, *present: str, registry: bool = True, events=(), seconds: float = 0.0) -> None:
        self.present = set(present)
        self.registry, self.events, self.seconds = registry, list(events), seconds
        self.pulled: list[tuple[str, str | None]] = []
        self.built: list[dict] = []
        self.api = SimpleNamespace(inspect_image=self._inspect, build=self._build)
        self.images = SimpleNamespace(pull=self._pull)

    def _inspect(self, name):
        if name not in self.present:
            raise ImageNotFound(f"no such image: {name}")
        return {}

    def _pull(self, repository, tag=None):
        if not self.registry:
            raise APIError("no route to host")
        self.pulled.append((repository, tag))

    def _build(self, **options):
        time.sleep(self.seconds)
        self.built.append(options)
        if not self.events:
            self.present.add(options["tag"])
        return iter(self.events or [{"stream": "Successfully built"}])


@pytest.fixture(autouse=True)
def _no_base_from_outside(monkeypatch):
    monkeypatch.delenv("HOTMESS_BASE_IMAGE", raising=False)


def bases(engine: FakeEngine) -> set[str]:
    return {options["buildargs"]["BASE"] for options in engine.built}


def test_all_packages_are_built_with_their_commits():
    engine = FakeEngine(BASE_IMAGE)
    images = build_mini(client=engine)
    assert [image.package for image in images] == list(mini_packages())
    assert all(image.built for image in images)
    assert [options["tag"] for options in engine.built] == [image.name for image in images]
    assert [options["buildargs"]["COMMIT"] for options in engine.built] == [image.commit for image in images]
    assert images[0].commit == base_commit(images[0].package)


def test_present_images_are_left_alone():
    engine = FakeEngine(*map(mini_image, mini_packages()), registry=False)
    assert not any(image.built for image in build_mini(client=engine))
    assert engine.built == []


def test_only_what_is_missing_is_built():
    first, second = mini_packages()[:2]
    engine = FakeEngine(BASE_IMAGE, mini_image(first))
    images = build_mini([first, second], client=engine)
    assert [image.built for image in images] == [False, True]
    assert missing_mini_images(client=engine) == list(mini_packages()[2:])


def test_base_argument_comes_first(monkeypatch):
    monkeypatch.setenv("HOTMESS_BASE_IMAGE", "from/environment:1")
    engine = FakeEngine(BASE_IMAGE, "from/argument:1", "from/environment:1")
    build_mini(client=engine, base="from/argument:1")
    assert bases(engine) == {"from/argument:1"}


def test_environment_comes_before_the_local_base(monkeypatch):
    monkeypatch.setenv("HOTMESS_BASE_IMAGE", "from/environment:1")
    engine = FakeEngine(BASE_IMAGE, "from/environment:1")
    build_mini(client=engine)
    assert bases(engine) == {"from/environment:1"}


def test_local_base_comes_before_the_registry():
    engine = FakeEngine(BASE_IMAGE, REGISTRY_BASE_IMAGE)
    build_mini(client=engine)
    assert bases(engine) == {BASE_IMAGE}
    assert engine.pulled == []


def test_registry_is_the_last_resort():
    engine, lines = FakeEngine(), []
    build_mini(client=engine, progress=lines.append)
    assert engine.pulled == [("python", "3.11-slim-bookworm")]
    assert bases(engine) == {REGISTRY_BASE_IMAGE}
    assert lines[0] == "pulling base image python:3.11-slim-bookworm"


@pytest.mark.parametrize(
    ("name", "pulled"),
    [
        ("host:5000/python", ("host:5000/python", "latest")),
        ("host:5000/python:3", ("host:5000/python", "3")),
        ("python@sha256:00", ("python@sha256:00", None)),
    ],
    ids=["port", "port-and-tag", "digest"],
)
def test_names_of_pulled_bases(name, pulled):
    engine = FakeEngine()
    build_mini(client=engine, base=name)
    assert engine.pulled == [pulled]


def test_no_base_says_what_mends_it():
    with pytest.raises(ImageError, match=r"sandbox/base-image\.sh, or set HOTMESS_BASE_IMAGE"):
        build_mini(client=FakeEngine(registry=False))


def test_failed_build_shows_the_end_of_its_output():
    engine = FakeEngine(
        BASE_IMAGE, events=[{"stream": "the commit in the image is a, not b\n"}, {"error": "code 1"}]
    )
    with pytest.raises(ImageError, match=r"building hotmess/mini\.daywork(.|\n)*is a, not b\ncode 1"):
        build_mini(["daywork"], client=engine)


def test_engine_that_lost_the_image():
    with pytest.raises(ImageError, match=r"reported no error, but .* does not exist"):
        build_mini(["daywork"], client=FakeEngine(BASE_IMAGE, events=[{"stream": "done"}]))


def test_unknown_package():
    with pytest.raises(ValueError, match=r"packages must be among daywork, .*, not 'nothing'"):
        build_mini(["nothing"], client=FakeEngine())


def test_two_at_once_build_once():
    engine = FakeEngine(BASE_IMAGE, seconds=0.05)
    threads = [threading.Thread(target=build_mini, kwargs={"client": engine}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engine.built) == len(mini_packages())


def test_no_engine_says_what_mends_it(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(ImageError, match=r"no Docker engine answers .* sandbox/engine\.sh"):
        connect()


def test_script_makes_the_base_that_is_looked_for():
    script = Path(__file__).resolve().parents[2] / "sandbox" / "base-image.sh"
    assert f"\nimage={BASE_IMAGE}\n" in script.read_text(encoding="utf-8")


@pytest.mark.docker
def test_real_engine_finds_its_images(docker_client):
    build_mini(client=docker_client)
    assert missing_mini_images(client=docker_client) == []
    assert not any(image.built for image in build_mini(client=docker_client))


@pytest.mark.docker
def test_another_commit_fails_the_build(docker_client, monkeypatch):
    build_mini(["daywork"], client=docker_client)
    monkeypatch.setattr(build, "base_commit", lambda package: "0" * 40)
    monkeypatch.setattr(build, "mini_image", lambda package: "hotmess/never-made:1")
    dangling = {"dangling": True}
    before = {image.id for image in docker_client.images.list(filters=dangling)}
    with pytest.raises(ImageError, match=r"the commit in the image is [0-9a-f]{40}, not 0{40}"):
        build_mini(["daywork"], client=docker_client)
    for image in docker_client.images.list(filters=dangling):
        # A build that runs at the same time for somebody else has images without a name too.
        if image.id not in before and any("0" * 40 in step["CreatedBy"] for step in image.history()):
            docker_client.images.remove(image.id)
