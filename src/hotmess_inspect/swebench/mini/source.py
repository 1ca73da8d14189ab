"""What an image of the bundled instances is made of, and the names that follow from it.

The repositories lie in ``repos.tar``, which `sandbox/refresh_mini.py` makes of the folder `sandbox/mini`.

The image's tag is a hash of all that goes into it besides the base, so a changed source never meets a
stale image; the commit's hash follows from the files and constants alone, so a row can name it.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

TAG_DIGITS = 12

_IDENTITY = "Hotmess Mini <mini@hotmess.invalid> 1767225600 +0000"
_MESSAGE = "Start of the repository"


def mini_packages() -> tuple[str, ...]:
    """Names of the bundled repositories, sorted."""
    return tuple(sorted(_repositories()))


@cache
def mini_image(package: str) -> str:
    """Name of the image that holds a bundled repository: ``hotmess/mini.<package>:<content hash>``.

    Raises:
        ValueError: If there is no such repository.
    """
    digest = hashlib.sha256()
    for path, content in sorted(_context_files(package).items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return f"hotmess/mini.{package}:{digest.hexdigest()[:TAG_DIGITS]}"


@cache
def base_commit(package: str) -> str:
    """Hash of the one commit in the image: what git makes of the files with fixed author and dates.

    Returns:
        40 hexadecimal digits (SHA-1).

    Raises:
        ValueError: If there is no such repository.

    References:
        Object formats: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    """
    tree = _tree_hash(package_files(package)).hex()
    text = f"tree {tree}\nauthor {_IDENTITY}\ncommitter {_IDENTITY}\n\n{_MESSAGE}\n"
    return _object_hash("commit", text.encode()).hex()


def commit_settings() -> tuple[dict[str, str], str]:
    """Environment and message with which git makes the commit that :func:`base_commit` names."""
    person, _, date = _IDENTITY.partition("> ")
    name, _, email = person.partition(" <")
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email, f"GIT_{role}_DATE": date}
    return settings, _MESSAGE


def package_files(package: str) -> dict[str, bytes]:
    """The files of a bundled repository by their path in it.

    Raises:
        ValueError: If there is no such repository.
    """
    if package not in mini_packages():
        raise ValueError(f"package must be one of {', '.join(mini_packages())}, not {package!r}")
    return dict(_repositories()[package])


def build_context(package: str) -> io.BytesIO:
    """The build context as a tar archive, equal bytes for equal sources.

    Raises:
        ValueError: If there is no such repository.
    """
    return io.BytesIO(tar_of(_context_files(package)))


def tar_of(contents: Mapping[str, bytes]) -> bytes:
    """A tar archive of files by their path, equal bytes for equal files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in sorted(contents.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _context_files(package: str) -> dict[str, bytes]:
    here = files(__package__)
    recipe = {name: here.joinpath(name).read_bytes() for name in ("Dockerfile", "prepare.sh")}
    return recipe | {f"testbed/{path}": content for path, content in package_files(package).items()}


@cache
def _repositories() -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    packed = files(__package__).joinpath("repos.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                package, _, path = member.name.partition("/")
                found.setdefault(package, {})[path] = content.read()
    return found


def _tree_hash(contents: dict[str, bytes]) -> bytes:
    folders: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[str, str, bytes]] = []
    for path, content in contents.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = content
        else:
            entries.append((name, "100644", _object_hash("blob", content)))
    entries += [(f"{name}/", "40000", _tree_hash(inside)) for name, inside in folders.items()]
    # git sorts a folder as if its name ended in a slash, and stores it without.
    body = b"".join(
        f"{mode} {name.rstrip('/')}\0".encode() + digest
        for name, mode, digest in sorted(entries, key=lambda entry: entry[0].encode())
    )
    return _object_hash("tree", body)


def _object_hash(kind: str, body: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).digest()
