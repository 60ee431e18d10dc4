"""Requests and responses: one connection pool, retries, and this client's errors."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from darkroom_client import __version__
from darkroom_client.errors import (
    BrokenAnswerError,
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


class Transport:
    """The connections to one server. Safe to share between threads. Raises DarkroomError."""

    def __init__(self, base_url: str, timeout: float, retries: int, key: str | None = None) -> None:
        url = _address(base_url)
        self.base_url = str(url.copy_with(userinfo=b"")).rstrip("/")  # what messages show: no password
        self._url = str(url).rstrip("/")
        self._backoff = Backoff(retries)
        self._answered_before = False
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS), pool=None),
            headers={"User-Agent": f"darkroom-client/{__version__}", **headers_of(key)},
            follow_redirects=False,  # another host must not get the key
            trust_env=not _is_loopback(url.host),  # a company's proxy cannot reach this machine's own server
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        parts: Mapping[str, Picture] | None = None,
        fields: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> httpx.Response:
        """The response to a request; `parts` are the files and `fields` the texts of its form, None values left out.

        With `once` it is retried only if the server said that it did nothing (429, 503).
        """
        params = {key: value for key, value in (query or {}).items() if value is not None}
        attempt = 0
        with ExitStack() as stack:
            files = {name: stack.enter_context(opened(part)) for name, part in (parts or {}).items()}
            while True:
                request = self._http.build_request(
                    method, self._url + path, params=params, data=dict(fields or {}), files=files
                )
                try:
                    return self._try(request)
                except DarkroomError as error:
                    again = error.transient and not (once and isinstance(error, BrokenAnswerError))
                    pause = self._backoff.pause(attempt, error.retry_after) if again else None
                    if pause is None:
                        raise
                attempt += 1
                time.sleep(pause)

    def _try(self, request: httpx.Request) -> httpx.Response:
        answer = self._read(self._http, request)
        if answer.status_code == httpx.codes.SEE_OTHER and "location" in answer.headers:
            answer = self._stored(answer)
        if not answer.is_success:
            raise _refusal(answer)
        return answer

    def _stored(self, answer: httpx.Response) -> httpx.Response:
        """An answer that is larger than the server's platform passes on, from where it is stored.

        It is asked for by a client of its own: whatever else our requests carry is for the server alone.
        """
        url = answer.request.url.join(answer.headers["location"])
        if url.scheme not in {answer.request.url.scheme, "https"}:
            return answer
        with httpx.Client(timeout=self._http.timeout, trust_env=not _is_loopback(url.host)) as other:
            return self._read(other, other.build_request("GET", url))

    def _read(self, http: httpx.Client, request: httpx.Request) -> httpx.Response:
        answer = self._send(http, request)
        self._answered_before = True
        try:
            answer.read()
        except httpx.TimeoutException as error:
            raise SlowServerError("The response stopped before it was complete, and the timeout passed.") from error
        except httpx.HTTPError as error:
            raise BrokenAnswerError(f"The response was cut short ({error}).") from error
        finally:
            answer.close()
        return answer

    def _send(self, http: httpx.Client, request: httpx.Request) -> httpx.Response:
        try:
            return http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            # A server that has answered before is probably restarting, so it is retried; others are not there.
            raise NoServerError(self.base_url, _reason(error), transient=self._answered_before) from error
        except httpx.TimeoutException as error:
            raise SlowServerError("The server did not answer in time; a higher timeout may help.") from error
        except httpx.LocalProtocolError as error:
            raise BrokenAnswerError(f"The request was not sent completely: did the file change? ({error})") from error
        except httpx.TransportError as error:
            raise BrokenAnswerError(
                f"The connection was lost before the response ({_reason(error)}).", transient=True
            ) from error


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
        url.host.encode("idna")  # as the resolver will: an empty label fails there with no error of httpx
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    unusual = "%" in url.host or (url.port or 1) > _LAST_PORT or url.query or url.fragment
    if url.scheme not in {"http", "https"} or not url.host or unusual:
        raise ValueError(f'A server\'s URL must look like http://host:8080, not "{base_url}".')
    return url


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.endswith(".localhost") or host.startswith("127.")


def _reason(error: httpx.TransportError) -> str:
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).strip(".") or type(error).__name__


def media_type(answer: httpx.Response) -> str:
    """The media type of a response, without parameters."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; BrokenAnswerError if it is not one."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BrokenAnswerError("The response is not JSON. Is it a Darkroom server?") from error
    if not isinstance(found, dict):
        raise BrokenAnswerError("The response is not a JSON object. Is it a Darkroom server?")
    return found


def _refusal(answer: httpx.Response) -> RefusedError:
    head = answer.headers
    problem = problem_of(answer.status_code, media_type(answer), answer.content, head.get("location"))
    return RefusedError(answer.status_code, problem, retry_after(head.get("retry-after")), head.get("x-request-id"))
