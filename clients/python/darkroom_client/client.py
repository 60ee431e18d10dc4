"""The typed client: one class, one method a route."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json import dumps
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, cast
from urllib.parse import quote

from darkroom_client.errors import BrokenAnswerError
from darkroom_client.files import Picture, Writer
from darkroom_client.images import Image, ImagePage, image_of, page_of
from darkroom_client.keys import checked_key
from darkroom_client.links import sign_url
from darkroom_client.media import type_named
from darkroom_client.sight import Findings, Model, Task, frames_of, model_of, models_of
from darkroom_client.steps import step
from darkroom_client.transport import Transport, media_type, object_of

DEFAULT_SERVER = "http://127.0.0.1:8080"
_ANSWERS = ("image/", "application/json", "multipart/mixed")
_DRAWN = "drawn"


@dataclass(frozen=True)
class Result:
    """A response: the bytes, their media type without parameters, and the headers (names in lower case)."""

    data: bytes
    content_type: str
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The response as JSON; BrokenAnswerError if it is not JSON."""
        return object_of(self.data)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the bytes to `path`, whole or not at all; FileExistsError if it exists, unless `force` is given."""
        Writer(force=force).save(Path(path), self.data)


@dataclass(frozen=True)
class Sight:
    """What was found in a picture of `width` × `height` pixels.

    `frames` has the findings of each frame; without `draw`, those of the first one only. `drawn` is the picture with
    the findings drawn over it, if requested. `findings` is the server's own JSON of all this.
    """

    width: int
    height: int
    frames: tuple[Findings, ...]
    findings: Mapping[str, Any]
    drawn: Result | None = None

    @property
    def first(self) -> Findings:
        """The findings of the first frame, which is the only one of a still picture."""
        return self.frames[0]


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
        base_url: URL of the server, with its path if it has one.
        timeout: seconds to wait for the server to send or receive; at most 5 to connect.
        retries: how often to try again on 429, 503, and a connection lost before the response began.
        key: the server's key, or a token of its issuer; `find_key()` reads DARKROOM_KEY or a file. Only this server
            gets it: redirects are not followed.

    Every method raises DarkroomError: NoServerError, SlowServerError, BrokenAnswerError or RefusedError.
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
            picture: bytes, a path, or a binary file (read from its position).
            pipeline: steps as text, such as `resize:1280/blur:15/sepia`.
            format: of the response (`jpeg`, `png`, `webp`, `avif`, `json`, …); None lets the server choose.
            quality: of the encoder, 1 to 100.
            pictures: second pictures by the name the pipeline gives them, such as `{"logo": "logo.png"}`.
            options: any other option of the route, such as `keep="exif+icc"` or `max_bytes=100_000`.
        """
        if "file" in (pictures or {}):
            raise ValueError('"file" is the name of the picture itself; give the second picture another name.')
        query = {"pipeline": pipeline, "format": format, "quality": quality, **options}
        answer = self._transport.ask("POST", "/v1/process", query, {"file": picture, **(pictures or {})})
        result = Result(answer.content, media_type(answer), dict(answer.headers))
        if not result.content_type.startswith(_ANSWERS):
            raise BrokenAnswerError(
                f"The server answered with {result.content_type or 'no content type'}. Is it a Darkroom server?"
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
    ) -> Sight:
        """Ask a model what is in a picture.

        Args:
            picture: bytes, a path, or a binary file (read from its position).
            task: `detect`, `faces`, `persons`, `segment` or `classify`.
            model: one of `models()` that does this task; None is the server's choice.
            classes: what to detect, such as `["person", "dog"]`; by default all that the model knows.
            score: minimum score, 0 to 1; None is the model's own.
            draw: also make a picture with the findings drawn over it. The model still runs only once.
            format: of that picture; None lets the server choose.
        """
        pipeline = step(task, model=model, classes=classes, score=score)
        if draw:
            return self._drawn(picture, f"{pipeline}/draw", format)
        return _sight(self.inspect(picture, pipeline))

    def _drawn(self, picture: Picture, pipeline: str, kind: str | None) -> Sight:
        """The drawn picture and its findings in one response, as one of several `outputs`."""
        output = {"name": _DRAWN, "pipeline": pipeline, **({"format": kind} if kind else {})}
        fields = {"request": dumps({"outputs": [output], "include": ["image"]})}
        answer = self._transport.ask("POST", "/v1/process", parts={"file": picture}, fields=fields)
        return _sight(object_of(answer.content), dict(answer.headers))

    def models(self) -> list[Model]:
        """Every model the server knows, with its state."""
        return models_of(self._list("/v1/models"))

    def model(self, name: str) -> Model:
        """One model; RefusedError (404 or 400) if there is none of this name."""
        return model_of(self._list(f"/v1/models/{quote(name, safe='')}"))

    def load_model(self, name: str) -> Model:
        """Load a model, fetching it if it is absent, so that the first picture need not wait."""
        return self._model_action(name, "load")

    def unload_model(self, name: str) -> Model:
        """Unload a model from memory. Its files stay, and the next picture that needs it loads it again."""
        return self._model_action(name, "unload")

    def _model_action(self, name: str, what: str) -> Model:
        answer = self._transport.ask("POST", f"/v1/models/{quote(name, safe='')}/{what}")
        return model_of(object_of(answer.content))

    def images(self, **query: str | float | None) -> ImagePage:
        """A page of the pictures that the server stores.

        Args:
            query: what `GET /v1/images` takes: `min_width`, `max_width`, `min_height`, `max_height`, `format`, `label`,
                `camera`, `name`, `after`, `before`, `similar_to`, `sort`, `limit`, `cursor`.
        """
        return page_of(object_of(self._transport.ask("GET", "/v1/images", query).content))

    def image(self, id: str) -> Image:  # noqa: A002 - the server's own word
        """One picture's row; RefusedError (404) if there is none."""
        return image_of(self._list(_image_path(id)))

    def put_image(self, picture: Picture, *, name: str | None = None) -> Image:
        """Store a picture. It is sent once: if the response is lost, the picture may have been stored."""
        answer = self._transport.ask("POST", "/v1/images", {"name": name}, {"file": picture}, once=True)
        return image_of(object_of(answer.content))

    def original(self, id: str) -> Result:  # noqa: A002
        """The bytes of a stored picture, as they were sent."""
        answer = self._transport.ask("GET", f"{_image_path(id)}/original")
        return Result(answer.content, media_type(answer), dict(answer.headers))

    def delete_image(self, id: str) -> None:  # noqa: A002
        """Delete a stored picture and everything made from it; RefusedError (404) if there is none."""
        self._transport.ask("DELETE", _image_path(id))

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
        found = self._list("/v1/filters").get("filters")
        if not isinstance(found, list):
            raise BrokenAnswerError("The server's list of filters cannot be read. Is it a Darkroom server?")
        return cast("list[Filter]", found)

    def formats(self) -> dict[str, Any]:
        """The formats the server reads and writes."""
        return self._list("/v1/formats")

    def version(self) -> dict[str, Any]:
        """The versions of the server and of its libraries."""
        return self._list("/v1/version")

    def _list(self, path: str) -> dict[str, Any]:
        return object_of(self._transport.ask("GET", path).content)


def _image_path(id: str) -> str:  # noqa: A002
    return f"/v1/images/{quote(id, safe='')}"


def _sight(answer: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Sight:
    """The findings in a response; with `headers` they are one of several outputs, with the picture."""
    try:
        shown = answer if headers is None else answer["outputs"][_DRAWN]
        output, findings = shown["output"], dict(shown["findings"])
        size = int(output["width"]), int(output["height"])
        drawn = None
        if headers is not None:
            drawn = Result(b64decode(shown["image"], validate=True), type_named(output["format"]), headers)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenAnswerError("The server's findings cannot be read. Is it a Darkroom server?") from error
    return Sight(*size, frames_of(findings), findings, drawn)
