"""GET by a web address: allowed, looked up once, every address looked at, redirects looked at as closely.

Nothing comes from the environment: no proxy, no netrc, no cookie. The body comes as it is stored (`identity`).
"""

import contextlib
import ssl
from collections.abc import Iterator
from functools import cache
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import cast
from urllib.parse import quote, urldefrag, urljoin

from core.limits import Deadline
from storage import urls
from storage.address import Address
from storage.answers import error_of
from storage.errors import BadAddressError, BadRedirectError, SlowError, StorageError, UnreachableError
from storage.options import Options
from storage.reading import CHUNK
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
        """Bytes of the body; None where its end is not announced."""
        return self._response.length

    def pieces(self) -> Iterator[bytes]:
        """The body. UnreachableError where it breaks off."""
        left = self.length
        with _told(self._address):
            while piece := self._response.read(CHUNK):
                left = left - len(piece) if left is not None else None
                yield piece
        if left:
            raise UnreachableError(f"The body of «{self._address}» broke off.")

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
        """The answer at an address, or where it redirects to. Errors: storage.errors."""
        for _ in range(_REDIRECTS + 1):
            answer = self._ask(self._options.web.check(address), deadline)
            if answer.status == 200 and _plain(answer):
                return answer
            answer.close()
            if answer.status == 200:
                raise StorageError("The server compresses its answer, though it was asked not to.")
            if answer.status not in _MOVED:
                raise error_of(answer.status, address, dict(answer.headers))
            address = _next(address, answer.headers.get("Location", ""))
        raise BadRedirectError(f"There are more than {_REDIRECTS} redirects.")

    def _ask(self, address: Address, deadline: Deadline) -> WebResponse:
        host, port = address.bucket, urls.SCHEMES[address.scheme]
        ips = public_addresses(host, self._resolver, deadline)
        context = _context() if address.scheme == "https" else None
        with _told(address, deadline):
            channel = connect(ips, port, host, context, self._options, deadline)
        try:
            with _told(address, deadline):
                channel.sendall(_request(address))
                return _answered(channel, address)
        except BaseException:
            channel.close()
            raise


@cache
def _context() -> ssl.SSLContext:
    """Certificates are verified, for the name; one context a process, since it reads a file of certificates."""
    return ssl.create_default_context()


def _request(address: Address) -> bytes:
    target = "/" + quote(address.key, safe=_KEPT)
    return f"GET {target} HTTP/1.1\r\nHost: {address.bucket}\r\n{_HEADERS}\r\n\r\n".encode("ascii")


def _answered(channel: Channel, address: Address) -> WebResponse:
    response = HTTPResponse(cast("ssl.SSLSocket", channel), method="GET")
    response.begin()
    return WebResponse(response, channel, address)


def _plain(answer: WebResponse) -> bool:
    """Whether nobody compressed the body: what it unfolds to is nothing that we could bound."""
    return answer.headers.get("Content-Encoding", "").strip().lower() in {"", "identity"}


def _next(address: Address, location: str) -> Address:
    """Where a redirect leads. BadRedirectError."""
    try:
        # Headers are read as Latin-1; addresses in them are UTF-8, if they are not ASCII.
        meant = location.encode("latin-1").decode("utf-8", "replace")
        target = Address.parse(urldefrag(urljoin(f"{address.scheme}://{address.bucket}/{address.key}", meant)).url)
    except (ValueError, BadAddressError):
        raise BadRedirectError(f"«{address}» redirects to no address that is fetched.") from None
    if target.scheme not in urls.SCHEMES or not location:
        raise BadRedirectError(f"«{address}» redirects to no address that is fetched.")
    return target


@contextlib.contextmanager
def _told(address: Address, deadline: Deadline | None = None) -> Iterator[None]:
    """What goes wrong on a connection, as our errors."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(f"The certificate of «{address.bucket}» is not valid for it.") from error
    except TimeoutError as error:
        if deadline and deadline.remaining() <= 0:
            raise SlowError(f"The time was over before «{address.bucket}» answered.") from error
        raise UnreachableError(f"«{address.bucket}» does not answer.") from error
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"The connection to «{address.bucket}» failed.") from error
