"""Which port is served on: anything wrong with it is one sentence."""

import socket

import pytest

from functions.server import ports
from tools.ports import free_port


@pytest.mark.parametrize(("environ", "port"), [({}, 8080), ({"PORT": "1"}, 1), ({"PORT": "65535"}, 65535)])
def test_read(environ: dict[str, str], port: int) -> None:
    assert ports.read_port(environ) == port


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "x", "80.5", "\N{ARABIC-INDIC DIGIT EIGHT}"])
def test_no_port(text: str) -> None:
    with pytest.raises(SystemExit, match="PORT must be a whole number from 1 to 65535"):
        ports.read_port({"PORT": text})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_in_use(host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} .*in use.* PORT="):
            ports.check_free(host, port)


def test_a_free_port() -> None:
    ports.check_free("127.0.0.1", free_port())
