"""The asynchronous client: the methods of `Darkroom`, awaited."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx

from darkroom_client import calls
from darkroom_client.calls import Filter, PictureFindings
from darkroom_client.client import DEFAULT_SERVER
from darkroom_client.errors import DarkroomError
from darkroom_client.files import Picture, opened
from darkroom_client.findings import Model, Task
from darkroom_client.images import Image, ImagePage
from darkroom_client.keys import checked_key
from darkroom_client.links import sign_url
from darkroom_client.result import Result
from darkroom_client.transport import Call, Server, Value, accepted, stored_at, unread


class AsyncTransport:
    """The connections of one event loop to one server. Raises DarkroomError."""

    def __init__(self, base_url: str, timeout: float, retries: int, key: str | None = None) -> None:
        self._server = Server(base_url, timeout, retries, key)
        self.base_url = self._server.base_url
        self._http = self._server.client(httpx.AsyncClient)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, call: Call[Value]) -> Value:
        """What the response to a call says."""
        attempt = 0
        with ExitStack() as stack:
            files = {name: stack.enter_context(opened(part)) for name, part in call.parts.items()}
            while True:
                request = self._server.request(self._http, call, files)
                try:
                    answer = await self._try(request)
                except DarkroomError as error:
                    pause = self._server.pause(error, call, attempt)
                    if pause is None:
                        raise
                else:
                    return call.read(answer)
                attempt += 1
                await asyncio.sleep(pause)

    async def _try(self, request: httpx.Request) -> httpx.Response:
        answer = await self._read(self._http, request)
        if url := stored_at(answer):
            async with self._server.stranger(httpx.AsyncClient, url) as other:
                answer = await self._read(other, other.build_request("GET", url))
        return accepted(answer)

    async def _read(self, http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        try:
            answer = await http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise self._server.unsent(error) from error
        self._server.answered_before = True
        try:
            await answer.aread()
        except httpx.HTTPError as error:
            raise unread(error) from error
        finally:
            await answer.aclose()
        return answer


class AsyncDarkroom:
    """A Darkroom server at `base_url`, for asyncio; use it in an `async with`, or close it.

    Arguments, methods and errors are those of `Darkroom`. Files are read from disk as they are sent.
    """

    def __init__(
        self, base_url: str = DEFAULT_SERVER, *, timeout: float = 60.0, retries: int = 3, key: str | None = None
    ) -> None:
        checked = None if key is None else checked_key(key, "`key`")
        self._transport = AsyncTransport(base_url, timeout, retries, checked)
        self.base_url = self._transport.base_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def process(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        format: str | None = None,  # noqa: A002 - the server's own word
        quality: int | None = None,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> Result:
        """Send a picture through a pipeline; an empty pipeline only re-encodes it."""
        given = {"format": format, "quality": quality, **options}
        return await self._transport.ask(calls.process(picture, pipeline, pictures or {}, given))

    async def inspect(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> dict[str, Any]:
        """What is in a picture: source, output, findings and the canonical pipeline, and no pixels."""
        return await self._transport.ask(calls.inspect(picture, pipeline, pictures or {}, options))

    async def explain(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> dict[str, Any]:
        """How a picture would be made, and at what estimated cost; nothing is made."""
        return await self._transport.ask(calls.explain(picture, pipeline, pictures or {}, options))

    async def detect(
        self,
        picture: Picture,
        *,
        task: Task = "detect",
        model: str | None = None,
        classes: Iterable[str] = (),
        score: float | None = None,
        draw: bool = False,
        format: str | None = None,  # noqa: A002 - the server's own word
    ) -> PictureFindings:
        """Ask a model what is in a picture."""
        wanted = calls.detect(picture, task, model=model, classes=classes, score=score, draw=draw, format=format)
        return await self._transport.ask(wanted)

    async def models(self) -> list[Model]:
        """Every model the server knows, with its state."""
        return await self._transport.ask(calls.models())

    async def model(self, name: str) -> Model:
        """One model; RefusedError (404 or 400) if there is none of this name."""
        return await self._transport.ask(calls.model(name))

    async def load_model(self, name: str) -> Model:
        """Load a model, fetching it if it is absent, so that the first picture need not wait."""
        return await self._transport.ask(calls.model_action(name, "load"))

    async def unload_model(self, name: str) -> Model:
        """Unload a model from memory. Its files stay, and the next picture that needs it loads it again."""
        return await self._transport.ask(calls.model_action(name, "unload"))

    async def images(self, **query: str | float | None) -> ImagePage:
        """A page of the pictures that the server stores."""
        return await self._transport.ask(calls.images(query))

    async def image(self, id: str) -> Image:  # noqa: A002 - the server's own word
        """One picture's row; RefusedError (404) if there is none."""
        return await self._transport.ask(calls.image(id))

    async def put_image(self, picture: Picture, *, name: str | None = None) -> Image:
        """Store a picture. It is sent once: if the response is lost, the picture may have been stored."""
        return await self._transport.ask(calls.put_image(picture, name))

    async def original(self, id: str) -> Result:  # noqa: A002
        """The bytes of a stored picture, as they were sent."""
        return await self._transport.ask(calls.original(id))

    async def delete_image(self, id: str) -> None:  # noqa: A002
        """Delete a stored picture and everything made from it; RefusedError (404) if there is none."""
        await self._transport.ask(calls.delete_image(id))

    def render_url(self, source: str, pipeline: str, **options: str | float | None) -> str:
        """The URL of a picture through a pipeline, for `<img>`; nothing is sent."""
        return calls.render_url(self.base_url, source, pipeline, options)

    def sign_url(self, url: str, key: str, *, expires: int | None = None) -> str:
        """A signed link to a render, a stored picture's render or its original: whoever holds it may read that."""
        return sign_url(key, f"{self.base_url}{url}" if url.startswith("/") else url, expires)

    async def filters(self) -> list[Filter]:
        """Every filter, measure and vision step the server knows."""
        return await self._transport.ask(calls.filters())

    async def presets(self) -> dict[str, str]:
        """The server's presets: the pipeline of each name."""
        return await self._transport.ask(calls.presets())

    async def formats(self) -> dict[str, Any]:
        """The formats the server reads and writes."""
        return await self._transport.ask(calls.get("/v1/formats", dict))

    async def version(self) -> dict[str, Any]:
        """The versions of the server and of its libraries."""
        return await self._transport.ask(calls.get("/v1/version", dict))
