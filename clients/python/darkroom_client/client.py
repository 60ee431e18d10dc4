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
from darkroom_client.media import type_named
from darkroom_client.sight import Findings, Model, Task, frames_of, model_of, models_of
from darkroom_client.steps import step
from darkroom_client.transport import Transport, media_type, object_of

DEFAULT_SERVER = "http://127.0.0.1:8080"
_ANSWERS = ("image/", "application/json", "multipart/mixed")
_DRAWN = "drawn"


@dataclass(frozen=True)
class Result:
    """What came back: the bytes, their media type without parameters, and the headers (names in lower case)."""

    data: bytes
    content_type: str
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The answer as JSON; BrokenAnswerError when it is none."""
        return object_of(self.data)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the bytes to `path`, whole or not at all; FileExistsError when it is there and `force` is not given."""
        Writer(force=force).save(Path(path), self.data)


@dataclass(frozen=True)
class Sight:
    """What was seen in a picture of `width` × `height` pixels.

    `frames` has the findings of each frame; without `draw`, those of the first one only. `drawn` is the picture with
    what was found drawn over it, where that was asked for. `findings` is the server's own JSON of all this.
    """

    width: int
    height: int
    frames: tuple[Findings, ...]
    findings: Mapping[str, Any]
    drawn: Result | None = None

    @property
    def first(self) -> Findings:
        """The findings of the first frame, which is the only one of a picture that stands still."""
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
        base_url: where the server is, with a path if it lives below one.
        timeout: seconds to wait for the server at each step (to send, to receive); connecting waits 5 at most.
        retries: how often to try again on 429, 503, and a connection lost before the answer began.

    Every method raises DarkroomError: NoServerError, SlowServerError, BrokenAnswerError or RefusedError.
    """

    def __init__(self, base_url: str = DEFAULT_SERVER, *, timeout: float = 60.0, retries: int = 3) -> None:
        self._transport = Transport(base_url, timeout, retries)
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
        answer = self._transport.ask("POST", "/v1/process", query, {"file": picture, **(pictures or {})})
        result = Result(answer.content, media_type(answer), dict(answer.headers))
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
            picture: bytes, a path, or a binary file (read from where it stands).
            task: `detect`, `faces`, `persons`, `segment` or `classify`.
            model: one of `models()` that does this task; None is the server's choice.
            classes: what to look for, such as `["person", "dog"]`; without any, all that the model knows.
            score: least score that counts, 0 to 1; None is the model's own.
            draw: make a picture too, with what was found drawn over it. The model runs once all the same.
            format: of that picture; None lets the server choose.
        """
        look = step(task, model=model, classes=classes, score=score)
        if draw:
            return self._drawn(picture, f"{look}/draw", format)
        return _sight(self.inspect(picture, look))

    def _drawn(self, picture: Picture, pipeline: str, kind: str | None) -> Sight:
        """The picture and what is in it in one answer: as one of several `outputs`, a picture brings its findings."""
        output = {"name": _DRAWN, "pipeline": pipeline, **({"format": kind} if kind else {})}
        fields = {"request": dumps({"outputs": [output], "include": ["image"]})}
        answer = self._transport.ask("POST", "/v1/process", parts={"file": picture}, fields=fields)
        return _sight(object_of(answer.content), dict(answer.headers))

    def models(self) -> list[Model]:
        """Every model the server knows, and how each is."""
        return models_of(self._list("/v1/models"))

    def model(self, name: str) -> Model:
        """One model; RefusedError (404 or 400) where there is none of this name."""
        return model_of(self._list(f"/v1/models/{quote(name, safe='')}"))

    def load_model(self, name: str) -> Model:
        """Fetch a model where it is not there, and make it ready to run, so that the first picture need not wait."""
        return self._told(name, "load")

    def unload_model(self, name: str) -> Model:
        """Give a model's memory back. Its files stay, and the next picture that needs it loads it again."""
        return self._told(name, "unload")

    def _told(self, name: str, what: str) -> Model:
        answer = self._transport.ask("POST", f"/v1/models/{quote(name, safe='')}/{what}")
        return model_of(object_of(answer.content))

    def images(self, **query: str | float | None) -> ImagePage:
        """A page of the pictures that the server keeps.

        Args:
            query: what `GET /v1/images` takes: `min_width`, `max_width`, `min_height`, `max_height`, `format`, `label`,
                `camera`, `name`, `after`, `before`, `similar_to`, `sort`, `limit`, `cursor`.
        """
        return page_of(object_of(self._transport.ask("GET", "/v1/images", query).content))

    def image(self, id: str) -> Image:  # noqa: A002 - the server's own word
        """One picture's row; RefusedError (404) where there is none."""
        return image_of(self._list(_image_path(id)))

    def put_image(self, picture: Picture, *, name: str | None = None) -> Image:
        """Keep a picture. It is sent once: an answer that is lost on its way may mean that it is kept."""
        answer = self._transport.ask("POST", "/v1/images", {"name": name}, {"file": picture}, once=True)
        return image_of(object_of(answer.content))

    def original(self, id: str) -> Result:  # noqa: A002
        """The bytes of a kept picture, as they were sent."""
        answer = self._transport.ask("GET", f"{_image_path(id)}/original")
        return Result(answer.content, media_type(answer), dict(answer.headers))

    def delete_image(self, id: str) -> None:  # noqa: A002
        """Delete a kept picture and all that was made of it; RefusedError (404) where there is none."""
        self._transport.ask("DELETE", _image_path(id))

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
        return object_of(self._transport.ask("GET", path).content)


def _image_path(id: str) -> str:  # noqa: A002
    return f"/v1/images/{quote(id, safe='')}"


def _sight(answer: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Sight:
    """What an answer says was seen; with `headers` it is one of several outputs, and holds the picture too."""
    try:
        shown = answer if headers is None else answer["outputs"][_DRAWN]
        output, findings = shown["output"], dict(shown["findings"])
        size = int(output["width"]), int(output["height"])
        drawn = None
        if headers is not None:
            drawn = Result(b64decode(shown["image"], validate=True), type_named(output["format"]), headers)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenAnswerError("The server's findings cannot be read. Is a Darkroom there?") from error
    return Sight(*size, frames_of(findings), findings, drawn)
