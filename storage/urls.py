"""Web URLs as `Address` holds them: a lower-case host without a port, and the rest as it is written.

What servers and clients parse differently is refused: the URL that is fetched might not be the one that was allowed.
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
"""How many times over a path may be percent-encoded before it is refused."""


def authority(scheme: str, text: str) -> str:
    """Host of a URL in lower case, its scheme's own port left out; anything else stays, and is refused later."""
    host, colon, port = text.lower().rpartition(":")
    return host if colon and port == str(SCHEMES[scheme]) else text.lower()


def check_host(host: str) -> None:
    """Refuse what is not a host name or IPv4 address in the usual form: users, ports, `[::1]`, `127.1`, `0x7f.0.0.1`.

    Names that are not ASCII are written in Punycode: libraries may encode the same letters differently.
    """
    if not _HOST.match(host):
        raise BadAddressError("This is not a valid host: use an ASCII name with a dot, without user or port.", got=host)
    # What ends in a number is read as an IPv4 address: https://url.spec.whatwg.org/#ends-in-a-number-checker
    if _NUMBER.match(host.rpartition(".")[2]) and not _usual(host):
        raise BadAddressError("An IPv4 address must be four decimal numbers.", got=host)


def _usual(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def check_key(key: str) -> None:
    """Refuse a path that a server could resolve to one outside its prefix, and what is never sent."""
    if "#" in key or "\\" in key:
        raise BadAddressError('A URL cannot have "#" or "\\".', got=key)
    path = _decoded(key.partition("?")[0])
    # Some servers cut off what comes after a `;` before they look for dots.
    if any(part.partition(";")[0] in {".", ".."} for part in re.split(r"[/\\]", path)):
        raise BadAddressError('A path cannot have a segment "." or "..", however it is encoded.', got=key)


def _decoded(path: str) -> str:
    for _ in range(_ROUNDS):
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return path
        path = decoded
    raise BadAddressError("A path is percent-encoded too many times.", got=path)
