"""Web addresses as `Address` holds them: a lower-case host without a port, and the rest as it is written.

What servers and clients read in different ways is refused: not the address that was allowed might be meant.
"""

import ipaddress
import re
from urllib.parse import unquote

from storage.errors import BadAddressError

SCHEMES = {"http": 80, "https": 443}
"""With their ports; there are no others."""
LONGEST = 2048
"""Bytes of a path and its query."""
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})+\Z")
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
_ROUNDS = 4
"""How often a path may be percent-encoded over and over before it is refused."""


def authority(scheme: str, text: str) -> str:
    """Host of a URL in lower case, its scheme's own port left out; whatever else is there stays, to be refused."""
    host, colon, port = text.lower().rpartition(":")
    return host if colon and port == str(SCHEMES[scheme]) else text.lower()


def check_host(host: str) -> None:
    """Refuse what is no host's name or IPv4 address in its usual form: users, ports, `[::1]`, `127.1`, `0x7f.0.0.1`.

    Names that are not ASCII are written in Punycode: two libraries may read the same letters in two ways.
    """
    if not _HOST.match(host):
        raise BadAddressError("This is no host: a name with a dot, without user or port, in ASCII.", got=host)
    # What ends in a number is read as an IPv4 address: https://url.spec.whatwg.org/#ends-in-a-number-checker
    if _NUMBER.match(host.rpartition(".")[2]) and not _usual(host):
        raise BadAddressError("An IPv4 address is written as four decimal numbers.", got=host)


def _usual(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def check_key(key: str) -> None:
    """Refuse a path that a server could read as one outside of where it begins, and what is not sent at all."""
    if "#" in key or "\\" in key:
        raise BadAddressError("A web address has no «#» and no «\\».", got=key)
    path = _decoded(key.partition("?")[0])
    # Some servers cut off what comes after a `;` before they look for dots.
    if any(part.partition(";")[0] in {".", ".."} for part in re.split(r"[/\\]", path)):
        raise BadAddressError("A path has no segment «.» or «..», however it is written.", got=key)


def _decoded(path: str) -> str:
    for _ in range(_ROUNDS):
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return path
        path = decoded
    raise BadAddressError("A path is percent-encoded too many times.", got=path)
