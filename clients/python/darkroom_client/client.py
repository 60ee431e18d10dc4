"""The typed client: one class, one method a route."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, cast

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
from darkroom_client.files import Picture, Writer, opened
from darkroom_client.retry import Backoff, retry_after

DEFAULT_SERVER = "http://127.0.0.1:8080"
_ANSWERS = ("image/", "application/json", "multipart/mixed")
_CONNECT_SECONDS = 5.0
_LAST_PORT = 65535


@dataclass(frozen=True)
class Result:
    """What came back: the bytes, their media type without parameters, and the headers (names in lower case)."""

    data: bytes
    content_type: str
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The answer as JSON; BrokenAnswerError when it is none."""
        return _object(self.data)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the bytes to `path`, whole or not at all; FileExistsError when it is there and `force` is not given."""
        Writer(force=force).save(Path(path), self.data)


class Filter(TypedDict):
    """One entry of `/v1/filters`. `parameters` is a JSON Schema of an object, `example` a pipeline."""

    name: str
    kind: Literal["filter", "measure", "vision"]
    needs: list[str]
    summary: str
    parameters: dict[str, Any]
    example: str


class Darkroom:
    """A Darkroom server at `base_url`. Safe to share between threads; close it, or use it in a `with`.

    Args:
        base_url: where the server is, with a path if it lives below one.
        timeout: seconds to wait for the server at each step (to send, to receive); connecting waits 5 at most.
        retries: how often to try again on 429, 503, and a connection lost before the answer began.

    Every method raises DarkroomError: NoServerError, SlowServerError, BrokenAnswerError or RefusedError.
    """

    def __init__(self, base_url: str = DEFAULT_SERVER, *, timeout: float = 60.0, retries: int = 3) -> None:
        url = _address(base_url)
        self.base_url = str(url.copy_with(userinfo=b"")).rstrip("/")  # what messages show: no password
        self._url = str(url).rstrip("/")
        self._backoff = Backoff(retries)
        self._met = False
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS), pool=None),
            headers={"User-Agent": f"darkroom-client/{__version__}"},
            trust_env=not _is_loopback(url.host),  # a company's proxy cannot reach this machine's own server
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def process(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        format: str | None = None,  # noqa: A002 - the server's own word
        quality: int | None = None,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> Result:
        """Send a picture through a pipeline; an empty pipeline only encodes it anew.

        Args:
            picture: bytes, a path, or a binary file (read from where it stands).
            pipeline: steps as text, such as `resize:1280/blur:15/sepia`.
            format: what to answer (`jpeg`, `png`, `webp`, `avif`, `json`, …); None lets the server choose.
            quality: of the encoder, 1 to 100.
            pictures: second pictures by the name the pipeline gives them, such as `{"logo": "logo.png"}`.
            options: any other option of the route, such as `keep="exif+icc"` or `max_bytes=100_000`.
        """
        if "file" in (pictures or {}):
            raise ValueError("«file» is the name of the picture itself: give the second picture another.")
        query = {"pipeline": pipeline, "format": format, "quality": quality, **options}
        answer = self._ask("POST", "/v1/process", query, {"file": picture, **(pictures or {})})
        result = Result(answer.content, _media_type(answer), dict(answer.headers))
        if not result.content_type.startswith(_ANSWERS):
            raise BrokenAnswerError(
                f"The server answered with {result.content_type or 'no type'}. Is a Darkroom there?"
            )
        return result

    def inspect(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> dict[str, Any]:
        """What is in a picture: source, output, findings and the canonical pipeline, and no pixels."""
        return self.process(picture, pipeline, format="json", quality=None, pictures=pictures, **options).json()

    def filters(self) -> list[Filter]:
        """Every filter, measure and vision step the server knows."""
        found = self._list("/v1/filters").get("filters")
        if not isinstance(found, list):
            raise BrokenAnswerError("The server's list of filters cannot be read. Is a Darkroom there?")
        return cast("list[Filter]", found)

    def formats(self) -> dict[str, Any]:
        """The formats the server reads and writes."""
        return self._list("/v1/formats")

    def version(self) -> dict[str, Any]:
        """The server's version and what it is made of."""
        return self._list("/v1/version")

    def _list(self, path: str) -> dict[str, Any]:
        return _object(self._ask("GET", path).content)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        parts: Mapping[str, Picture] | None = None,
    ) -> httpx.Response:
        params = {key: value for key, value in (query or {}).items() if value is not None}
        attempt = 0
        with ExitStack() as stack:
            files = {name: stack.enter_context(opened(part)) for name, part in (parts or {}).items()}
            while True:
                try:
                    return self._try(self._http.build_request(method, self._url + path, params=params, files=files))
                except DarkroomError as error:
                    pause = self._backoff.pause(attempt, error.retry_after) if error.transient else None
                    if pause is None:
                        raise
                attempt += 1
                time.sleep(pause)

    def _try(self, request: httpx.Request) -> httpx.Response:
        answer = self._send(request)
        self._met = True
        try:
            answer.read()
        except httpx.TimeoutException as error:
            raise SlowServerError("The answer stopped half-way and the timeout passed.") from error
        except httpx.HTTPError as error:
            raise BrokenAnswerError(f"The answer broke off half-way ({error}).") from error
        finally:
            answer.close()
        if not answer.is_success:
            raise _refusal(answer)
        return answer

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            # One that has answered before is starting anew and is waited for; one that never has is not there.
            raise NoServerError(self.base_url, _reason(error), transient=self._met) from error
        except httpx.TimeoutException as error:
            raise SlowServerError("The server did not answer in time: a higher timeout may help.") from error
        except httpx.LocalProtocolError as error:
            raise BrokenAnswerError(f"The request could not be sent whole: did the file change? ({error})") from error
        except httpx.TransportError as error:
            raise BrokenAnswerError(
                f"The connection was lost before an answer came ({_reason(error)}).", transient=True
            ) from error


def _address(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
        url.host.encode("idna")  # as the resolver will: an empty label fails there with no error of httpx
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    odd = "%" in url.host or (url.port or 1) > _LAST_PORT or url.query or url.fragment
    if url.scheme not in {"http", "https"} or not url.host or odd:
        raise ValueError(f"A server's address looks like http://host:8080, not «{base_url}».")
    return url


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.endswith(".localhost") or host.startswith("127.")


def _reason(error: httpx.TransportError) -> str:
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).strip(".") or type(error).__name__


def _media_type(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BrokenAnswerError("The answer is no JSON. Is a Darkroom there?") from error
    if not isinstance(found, dict):
        raise BrokenAnswerError("The answer is no JSON object. Is a Darkroom there?")
    return found


def _refusal(answer: httpx.Response) -> RefusedError:
    head = answer.headers
    problem = problem_of(answer.status_code, _media_type(answer), answer.content, head.get("location"))
    return RefusedError(answer.status_code, problem, retry_after(head.get("retry-after")), head.get("x-request-id"))
