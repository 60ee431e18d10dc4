"""The keys by which an issuer signs tokens: found by discovery, cached, and fetched again at a bounded rate.

https://openid.net/specs/openid-connect-discovery-1_0.html, RFC 7517.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from core.limits import Deadline
from service.errors import IssuerUnreachableError, WrongTokenError
from storage.address import Address
from storage.allow import Allowed
from storage.errors import StorageError
from storage.options import Options
from storage.web.loopback import is_loopback

if TYPE_CHECKING:  # imported only where tokens are verified
    from joserfc.jwk import Key as PublicKey
    from joserfc.jwk import KeySet

REFETCH_SECONDS = 60.0
"""Least time between two fetches, whatever tokens ask for."""
FRESH_SECONDS = 600.0
"""Age at which the keys are fetched again: one that the issuer withdrew is trusted no longer than that."""
STALE_SECONDS = 86_400.0
"""Longest use of the last keys while the issuer does not answer."""
_FETCH_SECONDS = 5.0
_MAX_BYTES = 256 * 1024
_DISCOVERY = "/.well-known/openid-configuration"
Fetch = Callable[[str], bytes]


class IssuerKeys:
    """The public keys of one issuer. Thread-safe; while one thread fetches, the others use what is there."""

    def __init__(self, issuer: str, fetch: Fetch | None = None) -> None:
        self._issuer = issuer
        self._fetch = fetch or (_fetch_local if is_local_issuer(issuer) else _fetch_public)
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None

    def find(self, kid: object) -> "PublicKey":
        """The key of this `kid`; without one, the only key. WrongTokenError (401), IssuerUnreachableError (503)."""
        self._refresh(lambda: self._age() > FRESH_SECONDS)
        found = self._known(kid)
        if found is None:
            self._refresh(lambda: self._known(kid) is None)
            found = self._known(kid)
        if self._keys is None or self._age() > STALE_SECONDS:
            raise IssuerUnreachableError("The keys of the token's issuer cannot be fetched; try again in a minute.")
        if found is None:
            raise WrongTokenError("The token is signed with a key that its issuer does not publish.")
        return found

    def _age(self) -> float:
        return time.monotonic() - self._fetched_at if self._keys is not None else float("inf")

    def _known(self, kid: object) -> "PublicKey | None":
        signing = [key for key in self._keys or () if key.get("use", "sig") == "sig"]
        if kid is None:
            return signing[0] if len(signing) == 1 else None
        return next((key for key in signing if key.get("kid") == kid), None)

    def _refresh(self, is_needed: Callable[[], bool]) -> None:
        """Fetch the keys if needed, unless they were fetched a moment ago; what is there stays if that fails."""
        if not is_needed() or not self._lock.acquire(blocking=self._keys is None):
            return
        try:
            now = time.monotonic()
            if is_needed() and (self._tried_at is None or now - self._tried_at >= REFETCH_SECONDS):
                self._tried_at = now
                if keys := self._fetched():
                    self._keys, self._fetched_at = keys, time.monotonic()
        finally:
            self._lock.release()

    def _fetched(self) -> "KeySet | None":
        from http.client import HTTPException

        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            about = msgspec.json.decode(self._fetch(self._issuer.rstrip("/") + _DISCOVERY), type=dict[str, Any])
            url = about.get("jwks_uri")
            if about.get("issuer") != self._issuer or not isinstance(url, str) or not self._may_fetch(url):
                return None
            published: Mapping[str, Any] = msgspec.json.decode(self._fetch(url), type=dict[str, Any])
            return KeySet.import_key_set({"keys": [key for key in published["keys"] if key.get("kty") != "oct"]})
        except (OSError, HTTPException, StorageError, msgspec.MsgspecError, JoseError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # any JSON may be at that URL
            return None

    def _may_fetch(self, url: str) -> bool:
        """HTTPS; on this machine, plain HTTP too, if the issuer is there as well."""
        return is_local_issuer(url) if is_local_issuer(self._issuer) else url.startswith("https://")


def is_local_issuer(url: str) -> bool:
    """Whether this is plain HTTP on this machine, where an issuer may be for trials."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError:
        return False
    return parts.scheme == "http" and "@" not in parts.netloc and is_loopback(parts.hostname or "")


def _fetch_local(url: str) -> bytes:
    """The body at a URL on this machine: no redirect is followed, and no proxy is asked."""
    from http.client import HTTPConnection

    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_FETCH_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_MAX_BYTES + 1)
    finally:
        connection.close()
    if response.status != 200 or len(body) > _MAX_BYTES:
        raise ConnectionError
    return body


def _fetch_public(url: str) -> bytes:
    """The body at a URL on the public web; every address and redirect is checked."""
    from storage.web.fetch import Fetcher

    fetcher = Fetcher(Options(web=Allowed.parse(("https://",)), web_bytes=_MAX_BYTES, stall_seconds=_FETCH_SECONDS))
    response = fetcher.get(Address.parse(url), Deadline(_FETCH_SECONDS))
    try:
        body = bytearray()
        for piece in response.pieces():
            body += piece
            if len(body) > _MAX_BYTES:
                raise ConnectionError
    finally:
        response.close()
    return bytes(body)
