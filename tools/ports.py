"""Ports of loopback for servers that tests, benches and tools start."""

import socket
import sys


def free_port() -> int:
    """A port that nobody listens on, and that nobody is given by chance while this process lives.

    A socket of ours stays bound to it, without listening: who asks for that port by its number, with `SO_REUSEADDR` as
    servers do, gets it, and who connects before that is refused; who asks for any port gets another one. So between
    this call and a server's start, which takes seconds on a busy machine, no other process gets the port.
    """
    with socket.socket() as probe:
        if sys.platform == "linux":  # elsewhere a bound port can be bound by nobody else
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        if sys.platform == "linux":
            probe.detach()  # stays open until this process ends
        return port
