import socket

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """A tokenizer that is fetched, or any other call home, fails the test."""

    connect = socket.socket.connect

    def refuse(self, address):
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"network access to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
