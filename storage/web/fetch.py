"""GET a URL: it must be allowed, its host is resolved once, every address is checked, and so is every redirect.

Nothing is taken from the environment: no proxy, no netrc, no cookies. Bodies are not compressed (`identity`).
"""

import ssl
from collections.abc import Iterator
from functools import cache
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import cast
from urllib.parse import quote, urldefrag, urljoin

from core.errors import ErrorTranslation
from core.limits import Deadline
from storage import urls
from storage.address import Address
from storage.errors import BadAddressError, BadRedirectError, SlowError, StorageError, UnreachableError
from storage.options import Options
from storage.reading import CHUNK
from storage.statuses import error_of
from storage.web.channel import Channel, connect
from storage.web.lookup import Resolver, public_addresses, system_resolver

_REDIRECTS = 5
_MOVED = {301, 302, 303, 307, 308}
_KEPT = "%/?:@!$&'()*+,;=-._~[]"
_HEADERS = "Accept: image/*, */*;q=0.5\r\nAccept-Encoding: identity\r\nUser-Agent: darkroom\r\nConnection: close"


class WebResponse:
    """A 200 whose body has not been read."""

    def __init__(self, response: HTTPResponse, channel: Channel, address: Address) -> None:
        self.headers: HTTPMessage = response.headers
        self.status = response.status
        self._response = response
        self._channel = channel
        self._address = address

    @property
    def length(self) -> int | None:
        """Bytes of the body; None if it is not announced."""
        return self._response.length

    def pieces(self) -> Iterator[bytes]:
        """The body. UnreachableError if it is cut short."""
        left = self.length
        with _connection_errors(self._address):
            while piece := self._response.read(CHUNK):
                left = left - len(piece) if left is not None else None
                yield piece
        if left:
            raise UnreachableError(f'The body of "{self._address}" was cut short.')

    def close(self) -> None:
        """End the connection, whatever was read of it."""
        self._response.close()
        self._channel.close()


class Fetcher:
    """Fetches what `options.web` allows. To be shared between threads."""

    def __init__(self, options: Options, resolver: Resolver = system_resolver) -> None:
        self._options = options
        self._resolver = resolver

    def get(self, address: Address, deadline: Deadline) -> WebResponse:
        """The response at a URL, redirects followed. Errors: storage.errors."""
        for _ in range(_REDIRECTS + 1):
            answer = self._ask(self._options.web.check(address), deadline)
            if answer.status == 200 and _is_uncompressed(answer):
                return answer
            answer.close()
            if answer.status == 200:
                raise StorageError("The server compressed its response, although it was asked not to.")
            if answer.status not in _MOVED:
                raise error_of(answer.status, address, dict(answer.headers))
            address = _redirect_target(address, answer.headers.get("Location", ""))
        raise BadRedirectError(f"There are more than {_REDIRECTS} redirects.")

    def _ask(self, address: Address, deadline: Deadline) -> WebResponse:
        host, port = address.bucket, urls.SCHEMES[address.scheme]
        ips = public_addresses(host, self._resolver, deadline)
        context = _context() if address.scheme == "https" else None
        with _connection_errors(address, deadline):
            channel = connect(ips, port, host, context, self._options, deadline)
        try:
            with _connection_errors(address, deadline):
                channel.sendall(_request(address))
                return _read_head(channel, address)
        except BaseException:
            channel.close()
            raise


@cache
def _context() -> ssl.SSLContext:
    """Certificates and host names are verified; one context per process, since it reads a file of certificates."""
    return ssl.create_default_context()


def _request(address: Address) -> bytes:
    target = "/" + quote(address.key, safe=_KEPT)
    return f"GET {target} HTTP/1.1\r\nHost: {address.bucket}\r\n{_HEADERS}\r\n\r\n".encode("ascii")


def _read_head(channel: Channel, address: Address) -> WebResponse:
    response = HTTPResponse(cast("ssl.SSLSocket", channel), method="GET")
    response.begin()
    return WebResponse(response, channel, address)


def _is_uncompressed(answer: WebResponse) -> bool:
    """Whether the body is not compressed: its decompressed length could not be bounded."""
    return answer.headers.get("Content-Encoding", "").strip().lower() in {"", "identity"}


def _redirect_target(address: Address, location: str) -> Address:
    """Where a redirect leads. BadRedirectError."""
    try:
        # Headers are decoded as Latin-1; URLs in them are UTF-8, if they are not ASCII.
        meant = location.encode("latin-1").decode("utf-8", "replace")
        target = Address.parse(urldefrag(urljoin(f"{address.scheme}://{address.bucket}/{address.key}", meant)).url)
    except (ValueError, BadAddressError):
        raise BadRedirectError(f'"{address}" redirects to a URL that is not fetched.') from None
    if target.scheme not in urls.SCHEMES or not location:
        raise BadRedirectError(f'"{address}" redirects to a URL that is not fetched.')
    return target


def _connection_errors(address: Address, deadline: Deadline | None = None) -> ErrorTranslation:
    """Errors of a connection as ours."""
    return ErrorTranslation(lambda error: _translated(error, address, deadline))


def _translated(error: BaseException, address: Address, deadline: Deadline | None) -> StorageError | None:
    match error:
        case ssl.SSLCertVerificationError():
            return UnreachableError(f'The certificate of "{address.bucket}" is not valid.')
        case TimeoutError():
            if deadline and deadline.remaining() <= 0:
                return SlowError(f'The deadline passed before "{address.bucket}" answered.')
            return UnreachableError(f'"{address.bucket}" does not answer.')
        case OSError() | HTTPException():
            return UnreachableError(f'The connection to "{address.bucket}" failed.')
    return None
