"""Commands in a container through the engine's own socket: no program is started on this machine for each."""

import json
import os
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from inspect_ai.util import ExecResult

OUTPUT_LIMIT = 10 * 2**20
"""Bytes that are kept of each stream, its last ones; Inspect's own limit."""

_KILL_AFTER = 5
_SLACK = 10
_MOST_HEAD = 65_536
_ANSWER_SECONDS = 60
_GONE = (404, 409)
_ENDS = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)
_clients: dict[str, Any] = {}


class NotRunning(Exception):
    """The container does not run, or does not exist; the message is the engine's."""


def shared_client() -> Any:
    """A ``docker.DockerClient`` that is kept: connecting takes longer than asking.

    Raises:
        ImageError: If no engine answers.
    """
    from hotmess_inspect.swebench.build import connect

    # The address is part of the key since tests change it.
    key = os.environ.get("DOCKER_HOST", "")
    if key not in _clients:
        _clients[key] = connect()
    return _clients[key]


def engine_socket() -> str:
    """Path of the engine's socket on this machine; empty where the engine is reached in another way."""
    from docker.context import ContextAPI

    host = os.environ.get("DOCKER_HOST") or str(ContextAPI.get_current_context().Host or "")
    return host.removeprefix("unix://") if host.startswith("unix://") else ""


def limited(command: list[str], timeout: int | None) -> list[str]:
    """A command that is ended in the container: a limit on this side alone would leave it running there."""
    return ["/usr/bin/timeout", "-k", f"{_KILL_AFTER}s", f"{timeout}s", *command] if timeout else command


def patience(timeout: int | None) -> float | None:
    """Seconds to wait on this side for a command that is :func:`limited`."""
    return timeout + _KILL_AFTER + _SLACK if timeout else None


async def engine_exec(
    socket: str,
    container: str,
    command: list[str],
    *,
    stdin: bytes | None = None,
    cwd: str | None = None,
    env: dict[str, str] | None = None,
    user: str | None = None,
    timeout: int | None = None,
) -> ExecResult[str]:
    """Run a command in a running container.

    Args:
        socket: From :func:`engine_socket`.
        container: Name or id.
        command: Program and arguments.
        stdin: What it reads; nothing is attached if None.
        cwd: Folder in the container.
        env: Further variables.
        user: Who runs it; the container's own user if None.
        timeout: Seconds after which it is killed.

    Returns:
        Exit status as the engine has it, and the last 10 MiB of both streams.

    Raises:
        TimeoutError: If it was killed for its time, or the engine does not answer in time; what had been printed
            is its ``truncated_output``.
        NotRunning: If the container does not run.
    """
    from docker.errors import APIError

    api = (await to_thread.run_sync(shared_client)).api
    options = {"workdir": cwd, "user": user or "", "environment": env, "stdin": stdin is not None}

    def create() -> str:
        return str(api.exec_create(container, limited(command, timeout), **options)["Id"])

    out, err = bytearray(), bytearray()
    began = anyio.current_time()
    try:
        with anyio.fail_after(patience(timeout)):
            identity = await to_thread.run_sync(create, abandon_on_cancel=True)
            await _attach(socket, identity, stdin, out, err)
            code = await _ended(api, identity)
    except APIError as error:
        if error.response is not None and error.response.status_code in _GONE:
            raise NotRunning(str(error.explanation or error)) from error
        raise
    except TimeoutError:
        raise _out_of_time(timeout, out, err) from None
    if timeout and (code == 124 or (code in (137, 143) and anyio.current_time() - began >= timeout)):
        raise _out_of_time(timeout, out, err)
    return ExecResult(code == 0, code, out.decode(errors="replace"), err.decode(errors="replace"))


def _out_of_time(timeout: int | None, out: bytearray, err: bytearray) -> TimeoutError:
    error = TimeoutError(f"Command timed out after {timeout} seconds")
    if said := (out + err).decode(errors="replace"):
        error.truncated_output = said  # type: ignore[attr-defined]
    return error


async def _attach(socket: str, identity: str, stdin: bytes | None, out: bytearray, err: bytearray) -> None:
    body = json.dumps({"Detach": False, "Tty": False})
    head = (
        f"POST /exec/{identity}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with await anyio.connect_unix(socket) as stream:
        await stream.send((head + body).encode())
        received = BufferedByteReceiveStream(stream)
        status = int((await received.receive_until(b"\r\n\r\n", _MOST_HEAD)).split()[1])
        if status not in (101, 200):
            said = b""
            try:
                said = await received.receive(_MOST_HEAD)
            except _ENDS:
                pass
            text = f"the engine answers {status}: {said.decode(errors='replace').strip()[-300:]}"
            if status in _GONE:
                raise NotRunning(text)
            raise OSError(text)
        async with anyio.create_task_group() as group:
            group.start_soon(_feed, stream, stdin or b"")
            await _read(received, {1: out, 2: err})
            group.cancel_scope.cancel()  # a program that ended without reading all


async def _feed(stream: SocketStream, stdin: bytes) -> None:
    try:
        if stdin:
            await stream.send(stdin)
        await stream.send_eof()
    except (*_ENDS, OSError):
        return


async def _read(received: BufferedByteReceiveStream, into: dict[int, bytearray]) -> None:
    """Take the frames apart: one byte for the stream, three zeros, four for the length, the content."""
    while True:
        try:
            head = await received.receive_exactly(8)
            kept = into[2 if head[0] == 2 else 1]
            kept += await received.receive_exactly(int.from_bytes(head[4:], "big"))
        except _ENDS:
            break
        if len(kept) > 2 * OUTPUT_LIMIT:
            del kept[:-OUTPUT_LIMIT]
    for kept in into.values():
        del kept[:-OUTPUT_LIMIT]


async def _ended(api: Any, identity: str) -> int:
    """The exit status, which may come a moment after the end of the output."""
    deadline = anyio.current_time() + _ANSWER_SECONDS
    while True:
        state = await to_thread.run_sync(api.exec_inspect, identity, abandon_on_cancel=True)
        if not state["Running"] and state["ExitCode"] is not None:
            return int(state["ExitCode"])
        if anyio.current_time() > deadline:
            raise TimeoutError
        await anyio.sleep(0.01)
