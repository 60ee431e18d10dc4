"""The typed client: one class, one method a route."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from darkroom_client import calls
from darkroom_client.calls import Filter, PictureFindings
from darkroom_client.files import Picture
from darkroom_client.findings import Model, Task
from darkroom_client.images import Image, ImagePage
from darkroom_client.keys import checked_key
from darkroom_client.links import sign_url
from darkroom_client.result import Result
from darkroom_client.transport import Transport

__all__ = ["DEFAULT_SERVER", "Darkroom", "Filter", "PictureFindings", "Result"]
DEFAULT_SERVER = "http://127.0.0.1:8080"


class Darkroom:
    """A Darkroom server at `base_url`. Safe to share between threads; close it, or use it in a `with`.

    Args:
        base_url: URL of the server, with its path if it has one.
        timeout: seconds to wait for the server to send or receive; at most 5 to connect.
        retries: how often to try again on 429, 503, and a connection lost before the response began.
        key: the server's key, or a token of its issuer; `find_key()` reads DARKROOM_KEY or a file. Only this server
            gets it: redirects are not followed.

    Every method raises DarkroomError: NoServerError, SlowServerError, BrokenResponseError or RefusedError.
    """

    def __init__(
        self, base_url: str = DEFAULT_SERVER, *, timeout: float = 60.0, retries: int = 3, key: str | None = None
    ) -> None:
        self._transport = Transport(base_url, timeout, retries, None if key is None else checked_key(key, "`key`"))
        self.base_url = self._transport.base_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

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
        """Send a picture through a pipeline; an empty pipeline only re-encodes it.

        Args:
            picture: bytes, a path, a binary file (read from its position), or an address that the server reads itself
                (`gs://bucket/key`, `s3://…`, `https://…`).
            pipeline: steps as text, such as `resize:1280/blur:15/sepia`.
            format: of the response (`jpeg`, `png`, `webp`, `avif`, `json`, …); None lets the server choose.
            quality: of the encoder, 1 to 100.
            pictures: second pictures by the name the pipeline gives them, such as `{"logo": "logo.png"}`.
            options: any other option of the route, such as `keep="exif+icc"`, `max_bytes=100_000` or, to have the
                result stored, `to="gs://bucket/key"`.
        """
        given = {"format": format, "quality": quality, **options}
        return self._transport.ask(calls.process(picture, pipeline, pictures or {}, given))

    def inspect(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> dict[str, Any]:
        """What is in a picture: source, output, findings and the canonical pipeline, and no pixels."""
        return self._transport.ask(calls.inspect(picture, pipeline, pictures or {}, options))

    def explain(
        self,
        picture: Picture,
        pipeline: str = "",
        *,
        pictures: Mapping[str, Picture] | None = None,
        **options: str | float,
    ) -> dict[str, Any]:
        """How a picture would be made: decoding, steps as they are run, what the planner changed, estimated costs.

        Nothing is made; the options are those of `process`.
        """
        return self._transport.ask(calls.explain(picture, pipeline, pictures or {}, options))

    def detect(
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
        """Ask a model what is in a picture.

        Args:
            picture: as of `process`.
            task: `detect`, `faces`, `persons`, `segment` or `classify`.
            model: one of `models()` that does this task; None is the server's choice.
            classes: what to detect, such as `["person", "dog"]`; by default all that the model knows.
            score: minimum score, 0 to 1; None is the model's own.
            draw: also make a picture with the findings drawn over it. The model still runs only once.
            format: of that picture; None lets the server choose.
        """
        wanted = calls.detect(picture, task, model=model, classes=classes, score=score, draw=draw, format=format)
        return self._transport.ask(wanted)

    def models(self) -> list[Model]:
        """Every model the server knows, with its state."""
        return self._transport.ask(calls.models())

    def model(self, name: str) -> Model:
        """One model; RefusedError (404 or 400) if there is none of this name."""
        return self._transport.ask(calls.model(name))

    def load_model(self, name: str) -> Model:
        """Load a model, fetching it if it is absent, so that the first picture need not wait."""
        return self._transport.ask(calls.model_action(name, "load"))

    def unload_model(self, name: str) -> Model:
        """Unload a model from memory. Its files stay, and the next picture that needs it loads it again."""
        return self._transport.ask(calls.model_action(name, "unload"))

    def images(self, **query: str | float | None) -> ImagePage:
        """A page of the pictures that the server stores.

        Args:
            query: what `GET /v1/images` takes: `min_width`, `max_width`, `min_height`, `max_height`, `format`, `label`,
                `camera`, `name`, `after`, `before`, `similar_to`, `sort`, `limit`, `cursor`.
        """
        return self._transport.ask(calls.images(query))

    def image(self, id: str) -> Image:  # noqa: A002 - the server's own word
        """One picture's row; RefusedError (404) if there is none."""
        return self._transport.ask(calls.image(id))

    def put_image(self, picture: Picture, *, name: str | None = None) -> Image:
        """Store a picture. It is sent once: if the response is lost, the picture may have been stored."""
        return self._transport.ask(calls.put_image(picture, name))

    def original(self, id: str) -> Result:  # noqa: A002
        """The bytes of a stored picture, as they were sent."""
        return self._transport.ask(calls.original(id))

    def delete_image(self, id: str) -> None:  # noqa: A002
        """Delete a stored picture and everything made from it; RefusedError (404) if there is none."""
        self._transport.ask(calls.delete_image(id))

    def render_url(self, source: str, pipeline: str, **options: str | float | None) -> str:
        """The URL of a picture through a pipeline, for `<img>`; nothing is sent.

        Args:
            source: the id of a stored picture, or an address such as `gs://bucket/key`.
            pipeline: steps as text; at least one.
            options: options of the route, such as `format="webp"` or `quality=70`.

        Raises ValueError for anything else.
        """
        return calls.render_url(self.base_url, source, pipeline, options)

    def sign_url(self, url: str, key: str, *, expires: int | None = None) -> str:
        """A signed link to a render, a stored picture's render or its original: whoever holds it may read that.

        Args:
            url: absolute, or a path of this server such as `/v1/images/ID/original`.
            key: the server's DARKROOM_SIGNING_KEY, a secret. It is not sent.
            expires: Unix time in seconds until which the link is valid; None: always.

        Raises ValueError for a URL that cannot be signed.
        """
        return sign_url(key, f"{self.base_url}{url}" if url.startswith("/") else url, expires)

    def filters(self) -> list[Filter]:
        """Every filter, measure and vision step the server knows."""
        return self._transport.ask(calls.filters())

    def presets(self) -> dict[str, str]:
        """The server's presets: the pipeline of each name."""
        return self._transport.ask(calls.presets())

    def formats(self) -> dict[str, Any]:
        """The formats the server reads and writes."""
        return self._transport.ask(calls.get("/v1/formats", dict))

    def version(self) -> dict[str, Any]:
        """The versions of the server and of its libraries."""
        return self._transport.ask(calls.get("/v1/version", dict))
