"""Data sets from the Hugging Face hub."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

__all__ = ["load_from_hub"]


def load_from_hub(path: str, *names: str, **options: Any) -> Any:
    """`datasets.load_dataset`, which without a network looks into its cache at once.

    The hub's client tries again for half a minute before it does. A proxy is left to the client.

    Args:
        path: Name of the data set.
        *names: Its configuration.
        **options: What `load_dataset` takes.

    Returns:
        What `load_dataset` returns.

    Raises:
        ConnectionError: If the hub cannot be reached and the cache does not hold the data set.
        Exception: Whatever else the hub's client raises.
    """
    from datasets import config, load_dataset

    address = urlsplit(config.HF_ENDPOINT)
    problem = None if config.HF_HUB_OFFLINE or getproxies() else _unreachable(address.hostname, address.port)
    if problem is None:
        return load_dataset(path, *names, **options)
    config.HF_HUB_OFFLINE = True
    try:
        return load_dataset(path, *names, **options)
    except ConnectionError as error:
        raise ConnectionError(f"{address.hostname} cannot be reached: {problem}") from error
    finally:
        config.HF_HUB_OFFLINE = False


def _unreachable(host: str | None, port: int | None) -> str | None:
    """Why no connection can be had; ``None`` where it can."""
    try:
        socket.create_connection((host or "", port or 443), timeout=5).close()
    except OSError as error:
        return error.strerror or str(error)
    return None
