"""Which port is served on."""

import socket
import sys
from collections.abc import Mapping


def read_port(environ: Mapping[str, str]) -> int:
    """`PORT`, 8080 if it is unset; where it is no port, the process ends with a sentence."""
    text = environ.get("PORT", "8080")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**16):
        sys.exit(f'PORT must be a whole number from 1 to 65535; it is "{text[:80]}".')
    return int(text)


def check_free(host: str, port: int) -> None:
    """Nothing if one may listen there; else the process ends with a sentence."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"Port {port} cannot be served on ({error.strerror}). Choose another by PORT=…")
