"""Requests and responses: one connection pool, retries, and this client's errors."""

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from darkroom_client import __version__
from darkroom_client.errors import (
    BrokenResponseError,
    DarkroomError,
    NoServerError,
    RefusedError,
    SlowServerError,
    problem_of,
)
from darkroom_client.files import Picture, opened
from darkroom_client.keys import headers_of
from darkroom_client.retry import Backoff, retry_after

_CONNECT_SECONDS = 5.0
_LAST_PORT = 65535
Value = TypeVar("Value")
Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)


@dataclass(frozen=True)
class Call(Generic[Value]):
    """One request and how its response is read. `parts` are files and `fields` texts of a form; None is left out.

    With `once` it is retried only if the server said that it did nothing (429, 503).
    """

    method: str
    path: str
    read: Callable[[httpx.Response], Value]
    query: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Picture] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


class Server:
    """One server: its URL, and what holds for every request to it, whichever client of httpx sends it."""

    def __init__(self, base_url: str, timeout: float, retries: int, key: str | None = None) -> None:
        url = _address(base_url)
        self.base_url = str(url.copy_with(userinfo=b"")).rstrip("/")  # what messages show: no password
        self.answered_before = False
        self.timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS), pool=None)
        self._url = str(url).rstrip("/")
        self._host = url.host
        self._headers = {"User-Agent": f"darkroom-client/{__version__}", **headers_of(key)}
        self._backoff = Backoff(retries)

    def client(self, kind: type[Client]) -> Client:
        """The client of httpx for this server. It follows no redirect: another host must not get the key."""
        # A company's proxy cannot reach this machine's own server.
        return kind(
            timeout=self.timeout, headers=self._headers, follow_redirects=False, trust_env=not _is_loopback(self._host)
        )

    def stranger(self, kind: type[Client], url: httpx.URL) -> Client:
        """A client for where an answer is stored: whatever else our requests carry is for the server alone."""
        return kind(timeout=self.timeout, trust_env=not _is_loopback(url.host))

    def request(
        self, http: httpx.Client | httpx.AsyncClient, call: Call[Value], files: Mapping[str, Any]
    ) -> httpx.Request:
        """The request of a call, with its files opened."""
        params = {key: value for key, value in call.query.items() if value is not None}
        return http.build_request(
            call.method, self._url + call.path, params=params, data=dict(call.fields), files=dict(files)
        )

    def pause(self, error: DarkroomError, call: Call[Value], attempt: int) -> float | None:
        """Seconds to wait before the next try; None to give up."""
        again = error.transient and not (call.once and isinstance(error, BrokenResponseError))
        return self._backoff.pause(attempt, error.retry_after) if again else None

    def unsent(self, error: httpx.HTTPError) -> DarkroomError:
        """Why there is no response."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            # A server that has answered before is probably restarting, so it is retried; others are not there.
            return NoServerError(self.base_url, _reason(error), transient=self.answered_before)
        if isinstance(error, httpx.TimeoutException):
            return SlowServerError("The server did not answer in time; a higher timeout may help.")
        if isinstance(error, httpx.LocalProtocolError):
            return BrokenResponseError(f"The request was not sent completely: did the file change? ({error})")
        return BrokenResponseError(f"The connection was lost before the response ({_reason(error)}).", transient=True)


class Transport:
    """The connections to one server. Safe to share between threads. Raises DarkroomError."""

    def __init__(self, base_url: str, timeout: float, retries: int, key: str | None = None) -> None:
        self._server = Server(base_url, timeout, retries, key)
        self.base_url = self._server.base_url
        self._http = self._server.client(httpx.Client)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, call: Call[Value]) -> Value:
        """What the response to a call says."""
        attempt = 0
        with ExitStack() as stack:
            files = {name: stack.enter_context(opened(part)) for name, part in call.parts.items()}
            while True:
                request = self._server.request(self._http, call, files)
                try:
                    answer = self._try(request)
                except DarkroomError as error:
                    pause = self._server.pause(error, call, attempt)
                    if pause is None:
                        raise
                else:
                    return call.read(answer)
                attempt += 1
                time.sleep(pause)

    def _try(self, request: httpx.Request) -> httpx.Response:
        answer = self._read(self._http, request)
        if url := stored_at(answer):
            with self._server.stranger(httpx.Client, url) as other:
                answer = self._read(other, other.build_request("GET", url))
        return accepted(answer)

    def _read(self, http: httpx.Client, request: httpx.Request) -> httpx.Response:
        try:
            answer = http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise self._server.unsent(error) from error
        self._server.answered_before = True
        try:
            answer.read()
        except httpx.HTTPError as error:
            raise unread(error) from error
        finally:
            answer.close()
        return answer


def stored_at(answer: httpx.Response) -> httpx.URL | None:
    """Where an answer is stored that is larger than the server's platform passes on; None for any other."""
    if answer.status_code != httpx.codes.SEE_OTHER or "location" not in answer.headers:
        return None
    url = answer.request.url.join(answer.headers["location"])
    return url if url.scheme in {answer.request.url.scheme, "https"} else None


def accepted(answer: httpx.Response) -> httpx.Response:
    """The response, if it is a success. RefusedError."""
    if not answer.is_success:
        raise _refusal(answer)
    return answer


def unread(error: httpx.HTTPError) -> DarkroomError:
    """Why a response that began did not end."""
    if isinstance(error, httpx.TimeoutException):
        return SlowServerError("The response stopped before it was complete, and the timeout passed.")
    return BrokenResponseError(f"The response was cut short ({error}).")


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
        url.host.encode("idna")  # as the resolver will: an empty label fails there with no error of httpx
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    unusual = "%" in url.host or (url.port or 1) > _LAST_PORT or url.query or url.fragment
    if url.scheme not in {"http", "https"} or not url.host or unusual:
        raise ValueError(f'A server\'s URL must look like http://host:8080, not "{without_secrets(base_url)}".')
    return url


def without_secrets(url: str) -> str:
    """A URL as messages show it: without what is in its query, its fragment or before an @, which may be a key."""
    return re.sub(
        r"(\A[a-z]*:?//)?[^/?#]*@", r"\1", re.split(r"[?#]", url, maxsplit=1)[0], count=1, flags=re.IGNORECASE
    )


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.endswith(".localhost") or host.startswith("127.")


def _reason(error: httpx.HTTPError) -> str:
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).strip(".") or type(error).__name__


def media_type(answer: httpx.Response) -> str:
    """The media type of a response, without parameters."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; BrokenResponseError if it is not one."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BrokenResponseError("The response is not JSON. Is it a Darkroom server?") from error
    if not isinstance(found, dict):
        raise BrokenResponseError("The response is not a JSON object. Is it a Darkroom server?")
    return found


def _refusal(answer: httpx.Response) -> RefusedError:
    head = answer.headers
    problem = problem_of(answer.status_code, media_type(answer), answer.content, head.get("location"))
    return RefusedError(answer.status_code, problem, retry_after(head.get("retry-after")), head.get("x-request-id"))
