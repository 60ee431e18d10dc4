"""Ports that are handed out: a server may have one by its number, and nobody else by chance."""

import errno
import socket
import sys

import pytest

from tools.ports import free_port


def test_nobody_listens_there_until_a_server_does() -> None:
    port = free_port()
    with socket.socket() as early:
        assert early.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    for _ in range(2):  # a server, and the one after it
        with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="a port is reserved on Linux only")
def test_nobody_else_is_given_it_by_chance() -> None:
    """What the kernel gives to who asks for any port is what one without SO_REUSEADDR might ask for by its number."""
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", free_port()))
